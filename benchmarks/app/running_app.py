"""The app as a program of its own on loopback, for measurements."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from benchmarks.common.results import ROOT


@dataclass(frozen=True)
class Running:
    """An app that answers.

    Attributes:
        url: Where.
        pid: Its process.
        begun: When it was started, by `time.perf_counter`.
    """

    url: str
    pid: int
    begun: float


@contextmanager
def running_app() -> Generator[Running]:
    """Start `python app.py` offline, wait for its page, and end it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {**os.environ, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
    quiet, begun = subprocess.DEVNULL, time.perf_counter()
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=settings, stdout=quiet, stderr=quiet)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx.get(url, timeout=60).raise_for_status()
                break
            except httpx.HTTPError:
                if app.poll() is not None:
                    raise SystemExit("The app ended before its page answered.") from None
                time.sleep(0.05)
        yield Running(url, app.pid, begun)
    finally:
        app.terminate()
        app.wait(30)
