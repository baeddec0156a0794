"""Entry of the web app: `python app.py`, or a Hugging Face Space."""

from cfer.app.build import build_app, launch

demo = build_app()

if __name__ == "__main__":
    launch(demo)
