"""The web app. Nothing outside this folder and `app.py` knows gradio."""

import os

# Before gradio is imported anywhere: no call home at start-up.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
