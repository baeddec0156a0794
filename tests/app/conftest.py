import os

import pytest

from cfer.app.build import build_app, launch


@pytest.fixture(scope="module")
def page_url(reader, tmp_path_factory):
    """A page of its own for a module of tests."""
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    demo = build_app(reader)
    _, address, _ = launch(demo, prevent_thread_lock=True, quiet=True)
    yield address
    demo.close()
