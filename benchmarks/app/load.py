"""Fifty visitors at once: does anybody get another's answer, what do they wait, does memory stay where it is?

    python -m benchmarks.app.load [--visitors 50] [--requests 2000]      writes results/load.json

The app runs as a program of its own on loopback, as it is. Every visitor has a picture of their own, whose reading is
known beforehand, and asks for it again and again, one question at a time, every tenth time teaching a class of their
own name. An answer that is not of one's own picture, or a file of lessons that holds another name, is a mix-up. "busy"
counts the answers that the queue was full (503), after which a visitor waits and asks again; "asked_again" the
questions that met a kept connection which the server had just closed. "memory_mb": what the server holds at the start
and after each tenth of the questions.
"""

import argparse
import asyncio
import io
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from benchmarks.app.running_app import running_app
from benchmarks.common.results import write_result
from cfer.lessons.lesson_file import unpack_lessons
from cfer.reading.reader import Reader
from cfer.system.resources import EXAMPLES

PAUSE = 0.2


def pictures(count: int) -> list[bytes]:
    """Pictures that nobody else has: the examples, each turned and lit in its own way."""
    files, found = sorted(EXAMPLES.glob("*.jpg")), []
    for number in range(count):
        turned = Image.open(files[number % len(files)]).rotate(number // len(files) - 3)
        lit = Image.fromarray((np.asarray(turned) * (0.8 + number / count / 5)).clip(0, 255).astype(np.uint8))
        data = io.BytesIO()
        lit.save(data, "PNG")
        found.append(data.getvalue())
    return found


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class Visitor:
    """Somebody with a picture."""

    def __init__(self, client: httpx.AsyncClient, number: int, picture: bytes, expected: dict[str, float]) -> None:
        """Keep what they bring and what they should be told."""
        self.client, self.name, self.picture, self.expected = client, f"mine {number}", picture, expected
        self.counts: Counter[str] = Counter()
        self.waits: list[float] = []

    async def ask(self, endpoint: str, data: list[Any]) -> list[Any]:
        """Upload, ask and wait for the answer; again after a while where the app is busy."""
        while True:
            try:
                found = await self._once(endpoint, data)
            except httpx.TransportError:  # a kept connection that the server had just closed: a browser asks again, too
                self.counts["asked again"] += 1
                continue
            if found is not None:
                return found
            await asyncio.sleep(PAUSE)

    async def _once(self, endpoint: str, data: list[Any]) -> list[Any] | None:
        """Ask once; None where the app is busy or fails, which is counted."""
        start = time.perf_counter()
        sent = await self.client.post("upload", files={"files": (f"{self.name}.png", self.picture)})
        file = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
        asked = await self.client.post(f"call/{endpoint}", json={"data": [file, *data]})
        if asked.status_code == 503:
            self.counts["busy"] += 1
            return None
        asked.raise_for_status()
        answer = await self.client.get(f"call/{endpoint}/{asked.json()['event_id']}")
        if "event: complete" not in answer.text:
            self.counts["busy" if "busy" in answer.text or "full" in answer.text else "failed"] += 1
            return None
        self.waits.append(time.perf_counter() - start)
        return json.loads(answer.text.rsplit("data: ", 1)[1])

    async def read(self) -> None:
        """Ask what one's own face shows."""
        (found,) = await self.ask("read", [False, None])
        told = found["faces"][0]["probabilities"]
        same = set(told) == set(self.expected) and all(abs(told[k] - p) < 1e-4 for k, p in self.expected.items())
        self.counts["read" if same else "mixed up"] += 1

    async def teach(self, reader: Reader) -> None:
        """Teach a class of one's own."""
        _, file = await self.ask("teach", [self.name, [], "balanced", False, None])
        data = (await self.client.get(f"file={file['path']}")).content
        names = [lesson.name for lesson in unpack_lessons(reader.base, data)]
        self.counts["taught" if names == [self.name] else "mixed up"] += 1


async def visit(url: str, pid: int, visitors: int, requests: int) -> dict[str, Any]:
    """Let all of them ask at once."""
    reader = Reader()
    limits = httpx.Limits(max_connections=2 * visitors)
    async with httpx.AsyncClient(base_url=f"{url}/gradio_api/", timeout=300, limits=limits) as client:
        expected = [(data, reader.face(data).probabilities) for data in pictures(visitors)]
        people = [Visitor(client, number, *each) for number, each in enumerate(expected)]
        memory, rounds = [resident(pid)], requests // visitors
        start = time.perf_counter()
        for turn in range(rounds):
            await asyncio.gather(*(p.teach(reader) if turn % 10 == 9 else p.read() for p in people))
            memory.append(resident(pid))
        seconds = time.perf_counter() - start
    counts = sum((p.counts for p in people), Counter())
    waits = np.array([w for p in people for w in p.waits])
    return {
        "visitors": visitors,
        "answered": len(waits),
        "mixed_up": counts["mixed up"],
        "failed": counts["failed"],
        "busy": counts["busy"],
        "asked_again": counts["asked again"],
        "lessons": counts["taught"],
        "answers_a_second": round(len(waits) / seconds, 2),
        "wait_seconds": {"median": float(np.median(waits)), "ninth_decile": float(np.quantile(waits, 0.9))},
        "memory_mb": [round(memory[len(memory) * tenth // 10 - (tenth == 10)]) for tenth in range(11)],
    }


def main() -> None:
    """Start the app, let visitors come, write what happened."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--requests", type=int, default=2000)
    given = parser.parse_args()
    with running_app() as app:
        found = asyncio.run(visit(app.url, app.pid, given.visitors, given.requests))
    write_result("load", found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
