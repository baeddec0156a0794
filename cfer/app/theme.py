"""Colours with enough contrast in both modes, and system fonts, so that nothing is fetched."""

from importlib.resources import files

import gradio as gr

STYLE = str(files("cfer.app").joinpath("assets/style.css"))
HEAD = f"<script>{files('cfer.app').joinpath('assets/maps.js').read_text(encoding='utf-8')}</script>"
FAVICON = str(files("cfer.app").joinpath("assets/favicon.svg"))


def theme() -> gr.themes.Base:
    """Gradio's default with darker buttons and labels."""
    return gr.themes.Default(
        primary_hue="indigo",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_600",
        button_primary_text_color="white",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_label_text_color="*neutral_700",
        block_info_text_color="*neutral_600",
        block_title_text_color="*neutral_800",
    )
