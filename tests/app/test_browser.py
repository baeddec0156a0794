"""A stranger with a browser: one upload, one lesson, wrong files, a phone, two people at once."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PageTimeout

from cfer.app.build import build_app, launch

CHROMIUM = next((p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None)
pytestmark = [pytest.mark.slow, pytest.mark.browser]
if CHROMIUM is None and not os.environ.get("CFER_REQUIRE_BROWSER"):
    pytestmark.append(pytest.mark.skip(reason="Chromium is not installed"))
WAIT = 60_000


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    demo = build_app()
    _, address, _ = launch(demo, prevent_thread_lock=True, quiet=True)
    yield address
    demo.close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield found
        found.close()


def visit(browser: Browser, url: str, width: int = 1280, height: int = 1000) -> tuple[Page, list[str]]:
    """A new visitor; the list collects requests to any other host."""
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    foreign: list[str] = []
    page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else foreign.append(r.url))
    page.goto(url)
    page.get_by_role("tab", name="Explore").wait_for(timeout=WAIT)
    return page, foreign


def bring(page: Page, path: Path) -> None:
    page.locator("#explore-picture input[type=file]").first.set_input_files(path)


def shoot(page: Page, name: str) -> None:
    """Keep a screenshot where somebody asked for them."""
    if folder := os.environ.get("CFER_SCREENSHOTS"):
        page.wait_for_timeout(1500)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def teach(page: Page, path: Path, name: str) -> None:
    page.get_by_role("tab", name="Teach").click()
    page.locator("#teach-name textarea, #teach-name input").first.fill(name)
    for last in (False, False, True):  # a file that comes before the page's code has woken up is not noticed
        page.locator("#teach-files input[type=file]").first.set_input_files(path)
        try:
            page.get_by_text(path.name).first.wait_for(timeout=WAIT if last else 10_000)
            break
        except PageTimeout:
            if last:
                raise
    page.locator("#teach-consent input").check()
    page.locator("#teach-go").click()


@pytest.mark.parametrize(("width", "name"), [(1280, "desktop"), (390, "phone")])
def test_a_picture_is_read_and_a_lesson_given_without_another_host(browser, url, files, width, name):
    page, foreign = visit(browser, url, width)
    bring(page, files / "astronaut.png")
    expect(page.locator("#explore-verdict")).to_contain_text("happy", timeout=WAIT)
    expect(page.locator("#explore-maps figure")).to_have_count(3)
    heat = page.locator("#explore-maps .cfer-heat").first
    before = heat.evaluate("e => getComputedStyle(e).opacity")
    page.locator("#explore-opacity input[type=range]").fill("0.2")
    page.wait_for_timeout(300)
    assert heat.evaluate("e => getComputedStyle(e).opacity") == "0.2" != before
    page.locator("#explore-tie summary").click()
    expect(page.locator("#explore-tie table")).to_contain_text("constituents less others")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, f"explore-{name}")
    teach(page, files / "astronaut.png", "beaming")
    expect(page.locator("#teach-verdict")).to_contain_text("Learned: beaming", timeout=WAIT)
    expect(page.locator("#teach-maps figure")).to_have_count(3)
    expect(page.locator("#teach-table")).to_contain_text("all old, mean")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, f"teach-{name}")
    page.get_by_role("tab", name="About").click()
    expect(page.locator("#about-card")).to_contain_text("Limits")
    shoot(page, f"about-{name}")
    assert foreign == []


def test_two_people_at_once_do_not_see_each_others_lessons(browser, url, files):
    (anna, _), (bert, _) = visit(browser, url), visit(browser, url)
    teach(anna, files / "astronaut.png", "beaming")
    expect(anna.locator("#teach-standing")).to_contain_text("beaming", timeout=WAIT)
    for page in (anna, bert):
        page.get_by_role("tab", name="Explore").click()
        bring(page, files / "astronaut.png")
        expect(page.locator("#explore-maps figure")).to_have_count(3, timeout=WAIT)
    anna.get_by_label("Left map").click()
    expect(anna.get_by_role("option", name="beaming")).to_have_count(1)
    bert.get_by_label("Left map").click()
    expect(bert.get_by_role("option", name="happy", exact=True)).to_have_count(1)
    expect(bert.get_by_role("option", name="beaming")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "words"),
    [("empty.png", "No face was found"), ("broken.png", "not a picture that can be read")],
)
def test_a_wrong_file_is_answered_in_words(browser, url, files, name, words):
    page, _ = visit(browser, url)
    bring(page, files / name)
    expect(page.locator("[data-testid=toast-body]")).to_contain_text(words, timeout=WAIT)
    assert "Traceback" not in page.content()


def test_of_three_faces_one_can_be_picked(browser, url, files):
    page, _ = visit(browser, url)
    bring(page, files / "three.png")
    expect(page.locator("#explore-picker")).to_contain_text("3 faces", timeout=WAIT)
    page.locator("#explore-picker label").nth(2).click()
    expect(page.locator("#explore-maps figure")).to_have_count(3)
    shoot(page, "explore-three")


@pytest.mark.parametrize(("width", "name"), [(1280, "example"), (390, "example-phone")])
def test_an_example_is_one_click(browser, url, width, name):
    page, foreign = visit(browser, url, width)
    broken = "imgs => imgs.filter(i => i.complete && !i.naturalWidth).length"
    page.get_by_text("Rendered faces of nobody").wait_for(timeout=WAIT)
    page.locator("button.gallery-item").first.click()
    expect(page.locator("#explore-verdict")).to_contain_text("%", timeout=WAIT)
    expect(page.locator("#explore-maps figure")).to_have_count(3)
    assert page.locator("button.gallery-item").count() >= 6
    assert page.locator("button.gallery-item img").evaluate_all(broken) == 0
    assert not foreign
    shoot(page, name)


def test_a_relation_is_looked_up_and_held_against_a_null(browser, url):
    page, foreign = visit(browser, url)
    page.get_by_role("tab", name="Relations").click()
    table = page.locator("#relations-table")
    expect(table).to_contain_text("happily disgusted", timeout=WAIT)
    expect(page.locator("#relations-words")).to_contain_text("a head of random rows")
    shoot(page, "relations")
    before = table.inner_text()
    numbers = table.get_by_text(re.compile(r"^0\.\d\d$")).locator(
        "visible=true"
    )  # the table measures with a hidden copy
    numbers.first.click()
    expect(page.locator("#relations-cell figure")).to_have_count(2, timeout=WAIT)
    page.get_by_role("combobox", name="Maps of").click()
    page.get_by_role("option", name="a head of random rows", exact=True).click()
    page.wait_for_function(
        "was => document.querySelector('#relations-table').innerText !== was", arg=before, timeout=WAIT
    )
    shoot(page, "relations-null")
    page.get_by_role("combobox", name="Maps of").click()
    page.get_by_role("option", name="change from neutral: the model").click()
    page.wait_for_timeout(1000)  # the table of these maps replaces the null's
    numbers.first.click()
    expect(page.locator("#relations-cell")).to_contain_text("change from neutral", timeout=WAIT)
    shoot(page, "relations-change")
    assert foreign == []
