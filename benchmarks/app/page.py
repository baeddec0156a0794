"""How fast the page answers, in a browser, and what it looks like.

    python -m benchmarks.app.page            writes results/app.json and docs/app-*.jpg

Medians over `ROUNDS` on the machine as it is: keep it idle. Another method or class counts from the moment that the
mouse goes down on it, because the program that moves the mouse waits for lists to stop moving before it does. Needs
Chromium, and the extra `dev`.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.common.results import ROOT, write_result
from cfer.app.build import build_app, launch
from cfer.app.tabs.explore import example_paths
from cfer.explain.methods import INTEGRATED_GRADIENTS
from cfer.reading.reader import Reader

DOCS = ROOT / "docs"
ROUNDS = 7
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
WAIT = 60_000
CLASSES = ("angrily disgusted", "sadly fearful")
DRAWN = """was => { const c = document.querySelectorAll('#explore-maps canvas');
  return c.length === 3 && c[1].dataset.map !== was; }"""


DOWN = "() => { addEventListener('mousedown', () => { window.cferDown = performance.now(); }, true); }"


def since_down(page: Page, action: Callable[[], Any], done: str, arg: Any) -> float:
    """Milliseconds from the last press of the mouse in an action until the page says that something is there."""
    action()
    there = page.wait_for_function(f"was => ({done})(was) && performance.now()", arg=arg, timeout=WAIT)
    return there.json_value() - page.evaluate("window.cferDown")


def timed(action: Callable[[], Any], done: Callable[[], Any]) -> float:
    """Milliseconds from an action until something is there."""
    start = time.perf_counter()
    action()
    done()
    return 1000 * (time.perf_counter() - start)


def open_page(browser: Browser, url: str, size: str, scheme: Any = "light") -> Page:
    """A new visitor."""
    width, height = SIZES[size]
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
    page.goto(url)
    page.locator("#explore-maps canvas").nth(2).wait_for(timeout=WAIT)
    return page


def measure(browser: Browser, url: str, pictures: list[Path]) -> dict[str, float]:
    """Medians in milliseconds."""
    found: dict[str, list[float]] = {}
    for _ in range(3):
        width, height = SIZES["desk"]
        page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        start = time.perf_counter()
        page.goto(url)
        page.locator("#explore-verdict h2").wait_for(timeout=WAIT)
        found.setdefault("page to sentence", []).append(1000 * (time.perf_counter() - start))
    page = open_page(browser, url, "desk")
    page.wait_for_timeout(5000)
    page.evaluate(DOWN)
    middle = page.locator("#explore-maps canvas").nth(1)
    upload = page.locator("#explore-picture input[type=file]").first
    for round_ in range(ROUNDS):
        picture = pictures[(round_ + 1) % len(pictures)]  # the first one is there on arrival
        face = page.locator("#explore-verdict .cfer-face")
        old, was = face.get_attribute("src"), middle.get_attribute("data-map")
        start = time.perf_counter()
        upload.set_input_files(picture)
        page.wait_for_function(
            "was => document.querySelector('#explore-verdict .cfer-face')?.src !== was", arg=old, timeout=WAIT
        )
        found.setdefault("upload to sentence", []).append(1000 * (time.perf_counter() - start))
        page.wait_for_function(DRAWN, arg=was, timeout=WAIT)
        found.setdefault("upload to maps", []).append(1000 * (time.perf_counter() - start))
        page.wait_for_function("() => document.querySelector('#explore-tie')?.innerText.length > 20", timeout=WAIT)
        page.wait_for_timeout(2500)
        for kind, control, choice in (
            ("method", "#explore-method", "The whole face (Grad-CAM)"),
            ("method back", "#explore-method", "Change from a neutral face (integrated gradients)"),
            ("class", "#explore-middle", CLASSES[round_ % 2]),
        ):
            was = middle.get_attribute("data-map")
            page.locator(f"{control} input").click()
            option = page.get_by_role("option", name=choice, exact=True)
            option.wait_for()
            found.setdefault(kind, []).append(since_down(page, option.click, DRAWN, was))
            page.wait_for_timeout(1000)
    drawn = page.evaluate(
        """() => { const times = []; for (const name of ['both', 'difference', 'for']) {
          const radio = document.querySelector(`[data-cfer=show][value=${name}]`), start = performance.now();
          radio.checked = true; radio.dispatchEvent(new Event('input', { bubbles: true }));
          times.push(performance.now() - start); } return times; }"""
    )
    found["drawing anew"] = drawn
    return {name: round(statistics.median(values), 1) for name, values in found.items()}


def measure_lessons(browser: Browser, url: str, pictures: list[Path]) -> dict[str, float]:
    """Medians in milliseconds from the click on Teach to the verdict, one picture a lesson."""
    page = open_page(browser, url, "desk")
    page.get_by_role("tab", name="Teach").click()
    found = []
    for round_ in range(ROUNDS):
        name = f"lesson {'abcdefghijkl'[round_]}"
        picture = pictures[round_ % len(pictures)]
        page.locator("#teach-name textarea, #teach-name input").first.fill(name)
        page.locator("#teach-files input[type=file]").first.set_input_files(picture)
        page.locator("#teach-seen img").first.wait_for(timeout=WAIT)
        page.locator("#teach-consent input").check()
        verdict = page.locator("#teach-verdict").get_by_text(f"Learned: {name}")
        found.append(timed(page.locator("#teach-go").click, lambda verdict=verdict: verdict.wait_for(timeout=WAIT)))
        page.wait_for_timeout(1500)
        page.reload()
        page.locator("#explore-maps canvas").nth(2).wait_for(timeout=WAIT)
        page.get_by_role("tab", name="Teach").click()
        page.wait_for_timeout(1500)
    return {"teach to verdict": round(statistics.median(found), 1)}


def lesson_parts(pictures: list[Path]) -> dict[str, float]:
    """What a lesson of one picture is made of, medians in milliseconds, without a browser."""
    reader, found = Reader(), dict[str, list[float]]()
    reader.teach("warm", [pictures[0]])
    for picture in pictures[:ROUNDS]:
        steps = [time.perf_counter()]
        face = reader.face(picture)
        steps.append(time.perf_counter())
        lesson = reader.lesson("taught", [face])
        steps.append(time.perf_counter())
        taught = reader.with_lessons([lesson])
        steps.append(time.perf_counter())
        reader.effect(lesson)
        steps.append(time.perf_counter())
        taught.reread(face).maps_by(INTEGRATED_GRADIENTS, ["taught", "happy", "sad"])
        steps.append(time.perf_counter())
        for name, start, stop in zip(
            ("picture", "mirror image", "head", "effect", "three maps"), steps[:-1], steps[1:], strict=True
        ):
            found.setdefault(f"lesson: {name}", []).append(1000 * (stop - start))
    return {name: round(statistics.median(values), 1) for name, values in found.items()}


def shoot(browser: Browser, url: str) -> None:
    """Screenshots for the documents."""
    for name, (size, scheme, tab) in {
        "explore": ("desk", "light", ""),
        "explore-dark": ("desk", "dark", ""),
        "explore-phone": ("phone", "light", ""),
        "relations": ("desk", "light", "Relations"),
        "journey": ("desk", "light", "Journey"),
    }.items():
        page = open_page(browser, url, size, scheme)
        if tab:
            page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(4000)
        data = page.screenshot()
        with tempfile.NamedTemporaryFile(suffix=".png") as raw:
            raw.write(data)
            raw.flush()
            Image.open(raw.name).convert("RGB").save(DOCS / f"app-{name}.jpg", quality=82)


def main() -> None:
    """Measure and shoot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--shots", action="store_true", help="Only take the screenshots.")
    given = parser.parse_args()
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp()
    demo = build_app()
    _, url, _ = launch(demo, prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=given.chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        if not given.shots:
            times = measure(browser, url, example_paths())
            times |= measure_lessons(browser, url, example_paths()) | lesson_parts(example_paths())
            print(times)
            content = {"cores": os.cpu_count(), "rounds": ROUNDS, "milliseconds": times}
            write_result("app", content)
        shoot(browser, url)
        browser.close()
    demo.close()


if __name__ == "__main__":
    main()
    os._exit(0)  # the web server's threads would keep the program
