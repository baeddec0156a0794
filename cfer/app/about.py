"""The About tab: the model card, how to read a map, and what happens to a visitor's pictures."""

import re

import gradio as gr

from cfer.evaluation.card import model_card
from cfer.reader import Reader

_PRIVACY = """## Your pictures

A picture is read in memory and in a temporary file that is deleted within about an hour. Nothing is logged about its
content, nothing is used for training, and what you teach is yours alone: it lives until you leave, an hour at most.

## How to read a map

All maps are of the same face by the same model: bright where something speaks for that expression rather than for the
average one, untouched where nothing does. *What differs from a neutral face* shares out how much the score differs
from that of a neutral (rendered) face; on a photograph it may also light up hair or shadows that rendered faces lack.
*Against the other two maps* shows what speaks for one of three expressions rather than for the other two. *The whole
face* is Grad-CAM at the last layer; *against its rivals here* weighs all other expressions by how likely they are in
this face. With *one scale* the maps may be compared; with *own scales* each is stretched to its own maximum, so a
bright spot may mean very little. Maps are coarse (a few cells across the face, enlarged), and two maps of one face
always look somewhat alike, because faces have their eyes and mouth in the same place.
"""


def build_about(reader: Reader) -> None:
    """Lay the tab out."""
    gr.Markdown(_PRIVACY)
    card = re.sub(r"\A---\n.*?\n---\n", "", model_card(reader.checkpoint), flags=re.DOTALL)
    gr.Markdown(card, elem_id="about-card")
