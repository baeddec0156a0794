"""A visitor with a camera: teach from it, try it, improve it, undo it."""

import io
from pathlib import Path

import numpy as np
import pytest
from browsing import CHROMIUM, DESK, MARKS, QUIET, WAIT, open_tab, shoot
from PIL import Image
from playwright.sync_api import expect, sync_playwright

pytestmark = MARKS


@pytest.fixture(scope="module")
def film(photograph, tmp_path_factory) -> Path:
    """A film of Motion JPEG, which Chromium shows as if a camera saw it: a woman who smiles and moves a little."""
    path = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    frames = []
    for step in range(8):
        frame = np.zeros((480, 640, 3), np.uint8)
        frame[:, 80:560] = np.asarray(Image.fromarray(np.roll(photograph, 2 * step, 1)).resize((480, 480)))
        data = io.BytesIO()
        Image.fromarray(frame).save(data, "JPEG", quality=90)
        frames.append(data.getvalue())
    path.write_bytes(b"".join(frames))
    return path


@pytest.fixture(scope="module")
def camera(film):
    """A browser whose camera is the film, and who may use it."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *QUIET,
                *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
                f"--use-file-for-fake-video-capture={film}",
            ],
        )
        yield found
        found.close()


def take_picture(page, widget: str) -> None:
    """Let the camera look, and take a picture."""
    place = page.locator(widget)
    ask = place.get_by_text("Click to Access Webcam")
    source = place.get_by_label("Capture from camera").first
    source.wait_for(timeout=WAIT)
    if "selected" not in (source.get_attribute("class") or ""):  # another source is chosen
        source.click()
    ask.first.click(timeout=WAIT)
    page.wait_for_timeout(1500)
    place.get_by_label("capture photo").first.click(timeout=WAIT)
    expect(place.locator("img").first).to_be_visible(timeout=WAIT)


def test_a_lesson_from_a_camera_is_tried_improved_and_undone(camera, page_url, files):
    page = camera.new_context(viewport={"width": DESK[0], "height": DESK[1]}, permissions=["camera"]).new_page()
    page.goto(page_url)
    expect(page.locator("#explore-maps canvas")).to_have_count(3, timeout=WAIT)
    open_tab(page, "Teach")
    page.locator("#teach-camera button").first.click()
    take_picture(page, "#teach-photo")
    shoot(page, "camera")
    page.locator("#teach-name textarea, #teach-name input").first.fill("beaming")
    page.locator("#teach-consent input").check()
    page.locator("#teach-go").click()
    expect(page.locator("#teach-verdict")).to_contain_text("Learned: beaming", timeout=WAIT)
    take_picture(page, "#teach-try")
    expect(page.locator("#teach-tried")).to_contain_text("This face looks beaming", timeout=WAIT)
    expect(page.locator("#teach-tried canvas")).to_have_count(3)
    page.locator("#teach-files input[type=file]").first.set_input_files(files / "astronaut.png")
    page.get_by_text("astronaut.png").first.wait_for(timeout=WAIT)
    page.locator("#teach-go").click()
    expect(page.locator("#teach-standing")).to_contain_text("pictures: 2", timeout=WAIT)
    page.locator("#teach-undo").click()
    expect(page.locator("#teach-standing")).to_contain_text("pictures: 1", timeout=WAIT)
    page.locator("#teach-undo").click()
    expect(page.locator("#teach-standing")).not_to_contain_text("beaming", timeout=WAIT)
