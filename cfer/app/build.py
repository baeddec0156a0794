"""Put the tabs together and launch."""

import atexit
import html
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
import gradio.mcp
from starlette.middleware import Middleware

from cfer.app.server.api import build_api
from cfer.app.server.middleware import BodyLimit, Headers, OwnFilesOnly
from cfer.app.server.safety import MAX_FILE, sweep_files
from cfer.app.server.visitors import KEEP_SECONDS, Sessions, Visitor
from cfer.app.tabs.about import build_about
from cfer.app.tabs.camera import build_camera
from cfer.app.tabs.compare import build_compare
from cfer.app.tabs.explore_tab import arrive, build_explore, first_example
from cfer.app.tabs.journey import build_journey
from cfer.app.tabs.own_set import build_own_set
from cfer.app.tabs.relations import build_relations
from cfer.app.tabs.teach_tab import build_teach
from cfer.app.texts import labels
from cfer.app.theme import FAVICON, HEAD, STYLE, theme
from cfer.hub import find_checkpoint
from cfer.reading.reader import Reader

log = logging.getLogger("cfer.app")

TITLE = "cfer: compound facial expressions, explained"


def own_uploads() -> None:
    """Give this program an upload folder of its own, inside the one that is set: swept by age, removed at the end.

    It must happen before the page is built, because components remember the folder. Nothing but this new folder is
    ever swept.
    """
    wanted = os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()
    Path(wanted).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="cfer-", dir=wanted))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    gradio.mcp.DEFAULT_TEMP_DIR = str(folder)  # it remembers the folder that was set when it was imported
    sweep_files(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def build_app(reader: Reader | None = None) -> gr.Blocks:
    """Build the page around a reader; the project's own checkpoint by default."""
    own_uploads()
    found = find_checkpoint(os.environ.get("CFER_CHECKPOINT") if reader is None else None)
    if found.note:
        log.warning("%s", found.note)
    reader = reader or Reader(found.folder)
    sessions = Sessions(reader)
    first = first_example(sessions)
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(600, KEEP_SECONDS)) as demo:
        visitor = gr.State(Visitor(), time_to_live=KEEP_SECONDS, delete_callback=sessions.forget)
        build_api(sessions, found)  # first, so that its names are not taken by the page's own events
        with gr.Row(elem_id="cfer-title"):
            gr.Markdown("# cfer")
            gr.Markdown(labels("about_line"))
        if found.note:
            gr.Markdown(f"**{html.escape(found.note)}**", elem_id="cfer-note")
        with gr.Tabs():
            with gr.Tab(labels("tab_explore"), id="explore") as explore_tab:
                parts = build_explore(sessions, visitor, first)
            with gr.Tab(labels("tab_teach"), id="teach") as tab:
                build_camera(sessions, visitor, build_teach(sessions, visitor, tab))
            if reader.measured:
                with gr.Tab(labels("tab_relations"), id="relations") as tab:
                    build_relations(reader.measured, reader.reference is not None, visitor, tab)
                    build_own_set(sessions, visitor)
            if reader.steps > 1:
                with gr.Tab(labels("tab_journey"), id="journey") as tab:
                    build_journey(parts["explore"], parts["shown"], visitor, tab)
            with gr.Tab(labels("tab_compare"), id="compare") as tab:
                build_compare(parts["explore"], parts["shown"], visitor, tab)
            with gr.Tab(labels("tab_about"), id="about"):
                build_about(reader, found)
        arrive(demo, parts, visitor, explore_tab)
    demo.queue(max_size=32, default_concurrency_limit=1, api_open=False)
    return demo


def launch(demo: gr.Blocks, **settings: Any) -> Any:
    """Serve the page; `settings` override Gradio's launch arguments."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    defaults: dict[str, Any] = {
        "max_file_size": MAX_FILE,
        "show_error": False,
        "share": False,
        "ssr_mode": False,
        "pwa": False,
        "enable_monitoring": False,
        "run_history": False,
        "footer_links": ["api", "settings"],
        "state_session_capacity": 200,
        "favicon_path": FAVICON,
        "theme": theme(),
        "css_paths": [STYLE],
        "head": HEAD,
        "i18n": labels,
        "mcp_server": os.environ.get("CFER_MCP") == "1",  # wants `pip install 'cfer[mcp]'`
        "app_kwargs": {"middleware": [Middleware(BodyLimit), Middleware(OwnFilesOnly), Middleware(Headers)]},
    }
    return demo.launch(**(defaults | settings))
