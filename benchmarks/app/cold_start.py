"""From starting the app to its page, and to the first answer.

    python -m benchmarks.app.cold_start [--rounds 3]      writes results/cold_start.json

Every round starts `python app.py` anew, in a process of its own, offline; files are in the system's cache after the
first one. Medians, in seconds since the start: when the page answers, and when a picture that was brought then is read.
"""

import argparse
import json
import statistics
import time

import httpx

from benchmarks.app.running_app import running_app
from benchmarks.common.results import write_result
from cfer.system.resources import EXAMPLES


def start_once() -> tuple[float, float]:
    """Seconds to the page and to the first answer."""
    with running_app() as app, httpx.Client(base_url=app.url, timeout=60) as client:
        page = time.perf_counter() - app.begun
        picture = sorted(EXAMPLES.glob("*.jpg"))[0].read_bytes()
        sent = client.post("/gradio_api/upload", files={"files": ("me.jpg", picture)}).json()[0]
        data = [{"path": sent, "meta": {"_type": "gradio.FileData"}}, False, None]
        asked = client.post("/gradio_api/call/read", json={"data": data}).json()["event_id"]
        assert "event: complete" in client.get(f"/gradio_api/call/read/{asked}").text
        return page, time.perf_counter() - app.begun


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
    write_result("cold_start", found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
