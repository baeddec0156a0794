"""Put the tabs together and launch."""

import atexit
import logging
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from cfer.app.about import build_about
from cfer.app.camera import build_camera
from cfer.app.explore import build_explore
from cfer.app.relations import build_relations
from cfer.app.safety import KEEP_SECONDS, MAX_FILE, BodyLimit, Headers, Sessions, sweep_files
from cfer.app.teach import build_teach
from cfer.app.theme import FAVICON, STYLE, theme
from cfer.reader import Reader

TITLE = "cfer: compound facial expressions, explained"


def new_key() -> str:
    """A visitor's key: nobody can guess another's."""
    return secrets.token_hex(16)


def own_uploads() -> None:
    """Give this program an upload folder of its own, inside the one that is set: swept by age, removed at the end.

    It must happen before the page is built, because components remember the folder. Nothing but this new folder is
    ever swept.
    """
    wanted = os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()
    Path(wanted).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="cfer-", dir=wanted))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    sweep_files(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def build_app(reader: Reader | None = None) -> gr.Blocks:
    """Build the page around a reader; the project's own checkpoint by default."""
    own_uploads()
    reader = reader or Reader()
    sessions = Sessions(reader)
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(600, KEEP_SECONDS)) as demo:
        key = gr.State("", time_to_live=KEEP_SECONDS, delete_callback=sessions.forget)
        demo.load(new_key, None, key, api_visibility="private", queue=False)
        gr.Markdown(
            "# cfer\nWhat a face expresses, which basic expressions a compound is made of, where the evidence lies, "
            "and how to teach a new one from a picture."
        )
        with gr.Tabs():
            with gr.Tab("Explore", id="explore"):
                build_explore(sessions, key)
            with gr.Tab("Teach", id="teach"):
                build_teach(sessions, key)
                build_camera(sessions, key)
            if reader.measured:
                with gr.Tab("Relations", id="relations"):
                    build_relations(reader.measured, reader.reference is not None)
            with gr.Tab("About", id="about"):
                build_about(reader)
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
        "app_kwargs": {"middleware": [Middleware(BodyLimit), Middleware(Headers)]},
    }
    return demo.launch(**(defaults | settings))
