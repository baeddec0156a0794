"""`python -m cfer.app`: the web app from wherever the package is installed."""

from cfer.app.build import build_app, launch

if __name__ == "__main__":
    launch(build_app())
