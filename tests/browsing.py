"""What tests with a browser share: a stranger who visits the page, brings pictures and changes tabs."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PageTimeout

CHROMIUM = next((p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None)
MARKS = [pytest.mark.slow, pytest.mark.browser]
if CHROMIUM is None and not os.environ.get("CFER_REQUIRE_BROWSER"):
    MARKS.append(pytest.mark.skip(reason="Chromium is not installed"))
WAIT = 60_000
DESK, PHONE = (1280, 900), (390, 844)
QUIET = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking")


def visit(browser: Browser, url: str, size: tuple[int, int] = DESK, **context: str) -> tuple[Page, list[str]]:
    """A new visitor who sees the example that is read on arrival; the list collects requests to any other host."""
    page = browser.new_context(viewport={"width": size[0], "height": size[1]}, **context).new_page()
    foreign: list[str] = []
    page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else foreign.append(r.url))
    page.goto(url)
    expect(page.locator("#explore-maps canvas")).to_have_count(3, timeout=WAIT)
    expect(page.locator("#explore-depth")).not_to_be_empty(timeout=WAIT)  # now the server knows the visitor, too
    return page, foreign


def bring(page: Page, path: Path) -> None:
    page.locator("#explore-picture input[type=file]").first.set_input_files(path)


def open_tab(page: Page, name: str) -> None:
    """A tab by its name, behind the menu where there is no room for all."""
    tab = page.get_by_role("tab", name=name)
    if tab.count() and tab.first.is_visible():
        tab.first.click()
        return
    page.locator(".overflow-menu button").first.click()
    page.locator(".overflow-dropdown button", has_text=name).click()


def shoot(page: Page, name: str) -> None:
    """Keep a screenshot where somebody asked for them."""
    if folder := os.environ.get("CFER_SCREENSHOTS"):
        page.wait_for_timeout(1500)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def narrow(page: Page) -> bool:
    """Whether nothing reaches past the window's right edge."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def teach(page: Page, path: Path, name: str) -> None:
    open_tab(page, "Teach")
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
