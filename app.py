"""Entry of the web app: `python app.py`, or a Hugging Face Space."""

import argparse

from cfer.app.build import build_app, launch


def asked() -> dict[str, str | int]:
    """Where the command line wants the page served, as arguments of Gradio's launch, without what it leaves open."""
    parser = argparse.ArgumentParser(description="The web app of cfer. CFER_CHECKPOINT names the model it shows.")
    parser.add_argument("--host", dest="server_name", metavar="HOST", help="address; 0.0.0.0 for all of this machine")
    parser.add_argument("--port", dest="server_port", metavar="PORT", type=int, help="7860 or the next that is free")
    return {name: value for name, value in vars(parser.parse_args()).items() if value is not None}


settings = asked() if __name__ == "__main__" else {}  # before the model is loaded
demo = build_app()

if __name__ == "__main__":
    launch(demo, **settings)
