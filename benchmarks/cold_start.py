"""From starting the app to its page, and to the first answer.

    python -m benchmarks.cold_start [--rounds 3]      writes benchmarks/cold_start.json

Every round starts `python app.py` anew, in a process of its own, offline; files are in the system's cache after the
first one. Medians, in seconds since the start: when the page answers, and when a picture that was brought then is read.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx

from cfer.files import write_json
from cfer.places import EXAMPLES

ROOT = Path(__file__).parents[1]


def start_once() -> tuple[float, float]:
    """Seconds to the page and to the first answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
    quiet = subprocess.DEVNULL
    begin = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env={**os.environ, **settings}, stdout=quiet, stderr=quiet
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while True:
                try:
                    client.get("/").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.05)
            page = time.perf_counter() - begin
            picture = sorted(EXAMPLES.glob("*.jpg"))[0].read_bytes()
            sent = client.post("/gradio_api/upload", files={"files": ("me.jpg", picture)}).json()[0]
            data = [{"path": sent, "meta": {"_type": "gradio.FileData"}}, False, None]
            asked = client.post("/gradio_api/call/read", json={"data": data}).json()["event_id"]
            assert "event: complete" in client.get(f"/gradio_api/call/read/{asked}").text
            return page, time.perf_counter() - begin
    finally:
        app.terminate()
        app.wait(30)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    pages, answers = zip(*(start_once() for _ in range(rounds)), strict=True)
    found = {
        "rounds": rounds,
        "page_seconds": round(statistics.median(pages), 2),
        "first_answer_seconds": round(statistics.median(answers), 2),
    }
    write_json(Path(__file__).with_suffix(".json"), found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
