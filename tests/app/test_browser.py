"""A stranger with a browser: arrival, one upload, one lesson, wrong files, a phone, two people at once."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, DESK, MARKS, PHONE, QUIET, WAIT, bring, narrow, open_tab, shoot, teach, visit
from playwright.sync_api import expect, sync_playwright

from cfer.app.tabs.explore import example_paths

pytestmark = MARKS
INK = """canvas => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let ink = 0; for (let i = 3; i < d.length; i += 4) ink += d[i] > 40; return ink / (d.length / 4); }"""
BOTTOM = "e => e.getBoundingClientRect().bottom"
GRADIOS = {
    "image-redundant-alt": "the icon of the footer's Settings",
    "aria-prohibited-attr": "a plot that is still empty",
}
"""Faults of Gradio 6.31 that cannot be mended from here, and where; no thread about them was found. Its dropdowns pass
axe, but screen readers had trouble with them: https://github.com/gradio-app/gradio/issues/10532."""


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=list(QUIET),
        )
        yield found
        found.close()


@pytest.fixture
def browser(chromium):
    """Nobody stays: pages left open would go on asking, and slow down whoever comes next."""
    yield chromium
    for context in chromium.contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_arrival_the_first_screen_says_what_why_and_where(browser, page_url, scheme):
    page, foreign = visit(browser, page_url, color_scheme=scheme)
    expect(page.locator("#explore-verdict h2")).to_contain_text("happily surprised")
    for part in ("#explore-verdict h2", "#explore-readings", "#explore-made"):
        assert page.locator(part).evaluate(BOTTOM) <= DESK[1]
    for number in range(3):
        figure = page.locator("#explore-maps figure").nth(number)
        assert figure.evaluate(BOTTOM) <= DESK[1]
        assert figure.locator("canvas").evaluate(INK) > 0.01
    assert narrow(page)
    assert foreign == []
    shoot(page, f"arrival-{scheme}")


def test_on_a_phone_the_first_screen_has_the_sentence_and_the_composition(browser, page_url, files):
    page, _ = visit(browser, page_url, PHONE)
    for part in ("#explore-verdict h2", "#explore-made .bar"):
        assert page.locator(part).evaluate(BOTTOM) <= PHONE[1]
    assert narrow(page)
    shoot(page, "arrival-phone")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    bring(page, files / "astronaut.png")
    expect(page.locator("#explore-verdict h2")).to_contain_text("happy", timeout=WAIT)
    page.wait_for_timeout(1500)  # the page goes there smoothly
    box = page.locator("#explore-verdict h2").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < PHONE[1]


def test_every_example_is_one_click_and_shows_three_maps_with_ink(browser, page_url):
    page, _ = visit(browser, page_url)
    for number, path in enumerate(example_paths()):
        button = page.locator("#explore-examples button").nth(number)
        expect(button).to_contain_text(path.stem.partition("-")[2].replace("-", " "))
        source = button.locator("img").get_attribute("src")
        assert source is not None
        assert source.startswith("data:")  # no file that is swept after a while
        before = page.locator("#explore-maps canvas").nth(1).get_attribute("data-map")
        button.click()
        if number:
            page.wait_for_function(
                "was => document.querySelectorAll('#explore-maps canvas')[1]?.dataset.map !== was",
                arg=before,
                timeout=WAIT,
            )
        page.wait_for_function("[...document.querySelectorAll('#explore-maps .cfer-maps')].every(g => g.dataset.drawn)")
        top = page.locator("#explore-verdict h2 b").inner_text()
        assert page.locator("#explore-maps figcaption b").nth(1).inner_text() == top
        for place in range(3):
            canvas = page.locator("#explore-maps canvas").nth(place)
            caption = page.locator("#explore-maps figcaption").nth(place).inner_text()
            assert canvas.evaluate(INK) > 0.01 or "no evidence" in caption
    assert "example=8" in page.url


def test_what_is_read_stays_while_one_looks_at_other_tabs(browser, page_url):
    page, _ = visit(browser, page_url)
    names = ("verdict", "readings", "made", "maps", "depth", "tie")
    parts = [page.locator(f"#explore-{name} .html-container") for name in names]
    expect(parts[-1]).to_contain_text("happily surprised", timeout=WAIT)
    before = [part.inner_text() for part in parts]
    for tab in ("Teach", "Relations"):
        open_tab(page, tab)
        page.wait_for_timeout(500)
        open_tab(page, "Explore")
        page.wait_for_timeout(1500)
    assert [part.inner_text() for part in parts] == before
    assert all(before)


def test_drawing_answers_without_asking_the_model(browser, page_url):
    page, _ = visit(browser, page_url)
    page.wait_for_timeout(3000)  # what is still coming has come
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "gradio_api" in r.url else None)
    canvas = page.locator("#explore-maps canvas").first
    against = page.locator("#explore-maps .cfer-scale .against")
    seen = [canvas.evaluate("c => c.toDataURL()")]
    expect(against).to_be_hidden()
    for control in ("show][value=both", "show][value=difference", "scale][value=common"):
        page.locator(f"#explore-tools [data-cfer={control}]").check()
        seen.append(canvas.evaluate("c => c.toDataURL()"))
        expect(against).to_be_visible()
    page.locator("#explore-tools [data-cfer=colours]").select_option("inferno")
    seen.append(canvas.evaluate("c => c.toDataURL()"))
    page.locator("#explore-tools [data-cfer=contrast]").fill("1")
    seen.append(canvas.evaluate("c => c.toDataURL()"))
    assert len(set(seen)) == len(seen)
    page.locator("#explore-tools [data-cfer=opacity]").fill("0.2")
    assert canvas.evaluate("c => getComputedStyle(c).opacity") == "0.2"
    assert asked == []


def test_nothing_jumps_while_a_reading_arrives(browser, page_url):
    page = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}).new_page()
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput) "
        "window.shift += e.value; }).observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(page_url)
    expect(page.locator("#explore-depth")).not_to_be_empty(timeout=WAIT)
    before = page.evaluate("window.shift")
    page.locator("#explore-examples button").nth(5).click()
    expect(page.locator("#explore-verdict h2")).to_contain_text("sadly", timeout=WAIT)
    page.wait_for_timeout(4000)
    assert page.evaluate("window.shift") - before < 0.1


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_no_control_moves_away_while_pictures_for_a_lesson_are_looked_at(browser, page_url, files, size):
    page, _ = visit(browser, page_url, size)
    open_tab(page, "Teach")
    page.wait_for_timeout(1500)
    page.evaluate(
        "() => { window.places = new Set(); (function look() { window.places.add(['name', 'consent', 'go'].map(n => "
        "document.querySelector('#teach-' + n).getBoundingClientRect().y + scrollY).join()); "
        "requestAnimationFrame(look); })(); }"
    )
    page.locator("#teach-files input[type=file]").first.set_input_files([files / "astronaut.png", files / "empty.png"])
    expect(page.locator("#teach-seen")).to_contain_text("Picture 2: No face was found", timeout=WAIT)
    page.wait_for_timeout(500)
    assert len(page.evaluate("[...window.places]")) == 1


@pytest.mark.parametrize(("size", "name"), [(DESK, "desktop"), (PHONE, "phone")])
def test_a_picture_is_read_and_a_lesson_given_without_another_host(browser, page_url, files, size, name):
    page, foreign = visit(browser, page_url, size)
    bring(page, files / "astronaut.png")
    expect(page.locator("#explore-verdict h2")).to_have_text("This face looks happy", timeout=WAIT)
    expect(page.locator("#explore-depth")).to_contain_text("Muscle by muscle", timeout=WAIT)
    shoot(page, f"explore-{name}")
    teach(page, files / "astronaut.png", "beaming")
    expect(page.locator("#teach-verdict")).to_contain_text("Learned: beaming", timeout=WAIT)
    expect(page.locator("#teach-maps figure")).to_have_count(3)
    page.locator("#teach-try input[type=file]").first.set_input_files(files / "astronaut.png")
    expect(page.locator("#teach-tried")).to_contain_text("This face looks beaming", timeout=WAIT)
    assert narrow(page)
    shoot(page, f"teach-{name}")
    open_tab(page, "Explore")
    expect(page.locator("#explore-readings")).to_contain_text("beaming", timeout=WAIT)  # read again by itself
    open_tab(page, "About")
    expect(page.locator("#about-limits")).to_contain_text("Limits first")
    assert narrow(page)
    shoot(page, f"about-{name}")
    assert foreign == []


def test_two_people_at_once_do_not_see_each_others_lessons(browser, page_url, files):
    (anna, _), (bert, _) = visit(browser, page_url), visit(browser, page_url)
    teach(anna, files / "astronaut.png", "beaming")
    expect(anna.locator("#teach-standing")).to_contain_text("beaming", timeout=WAIT)
    for page in (anna, bert):
        open_tab(page, "Explore")
        bring(page, files / "astronaut.png")
        expect(page.locator("#explore-tie")).not_to_be_empty(timeout=WAIT)
    expect(anna.locator("#explore-readings")).to_contain_text("beaming", timeout=WAIT)
    expect(bert.locator("#explore-readings")).not_to_contain_text("beaming")


def test_a_lesson_goes_home_and_to_a_second_visitor_and_is_undone(browser, page_url, files, tmp_path):
    page, _ = visit(browser, page_url)
    teach(page, files / "astronaut.png", "beaming")
    expect(page.locator("#teach-verdict")).to_contain_text("Learned: beaming", timeout=WAIT)
    with page.expect_download(timeout=WAIT) as download:
        page.locator("#teach-save").click()
    path = tmp_path / "lessons.safetensors"
    download.value.save_as(path)
    other, _ = visit(browser, page_url)
    open_tab(other, "Teach")
    with other.expect_file_chooser() as chooser:
        other.locator("#teach-bring").click()
    chooser.value.set_files(path)
    expect(other.locator("#teach-standing")).to_contain_text("beaming", timeout=WAIT)
    page.locator("#teach-undo").click()
    expect(page.locator("#teach-standing")).to_contain_text("Nothing taught yet", timeout=WAIT)
    expect(other.locator("#teach-standing")).to_contain_text("beaming")


def test_a_complaint_stands_in_place_and_the_last_lesson_stays(browser, page_url, files):
    page, _ = visit(browser, page_url)
    teach(page, files / "astronaut.png", "beaming")
    expect(page.locator("#teach-standing")).to_contain_text("beaming", timeout=WAIT)
    page.locator("#teach-name textarea, #teach-name input").first.fill("happy")
    page.locator("#teach-go").click()
    expect(page.locator("#teach-verdict")).to_contain_text("knows 'happy' already", timeout=WAIT)
    expect(page.locator("#teach-standing")).to_contain_text("beaming")


def test_lessons_come_back_after_a_reload_if_the_visitor_wanted_that(browser, page_url, files):
    page, _ = visit(browser, page_url)
    teach(page, files / "astronaut.png", "beaming")
    expect(page.locator("#teach-standing")).to_contain_text("beaming", timeout=WAIT)
    page.locator("#teach-keep input").check()
    page.wait_for_timeout(1500)
    page.reload()
    expect(page.locator("#explore-maps canvas")).to_have_count(3, timeout=WAIT)
    open_tab(page, "Teach")
    page.locator("#teach-again").click(timeout=WAIT)
    expect(page.locator("#teach-standing")).to_contain_text("beaming", timeout=WAIT)


@pytest.mark.parametrize(
    ("name", "words"),
    [("empty.png", "No face was found"), ("broken.png", "not a picture that can be read")],
)
def test_a_wrong_file_is_answered_in_words_in_place(browser, page_url, files, name, words):
    page, _ = visit(browser, page_url)
    bring(page, files / name)
    expect(page.locator("#explore-verdict")).to_contain_text(words, timeout=WAIT)
    expect(page.locator("#explore-maps canvas")).to_have_count(0)
    for control in ("tools", "choices", "take-title"):  # there is nothing to draw or to take away
        expect(page.locator(f"#explore-{control}")).to_be_hidden()
    assert "Traceback" not in page.content()
    page.locator("#explore-examples button").first.click()
    expect(page.locator("#explore-choices")).to_be_visible(timeout=WAIT)


def test_of_three_faces_one_can_be_picked(browser, page_url, files):
    page, _ = visit(browser, page_url)
    bring(page, files / "three.png")
    expect(page.locator("#explore-picker")).to_contain_text("3 faces", timeout=WAIT)
    page.locator("#explore-picker label").nth(2).click()
    expect(page.locator("#explore-maps figure")).to_have_count(3)
    shoot(page, "explore-three")


def test_a_relation_is_looked_up_and_held_against_a_null(browser, page_url):
    page, foreign = visit(browser, page_url)
    open_tab(page, "Relations")
    table = page.locator("#relations-table")
    expect(table.locator("button")).to_have_count(90, timeout=WAIT)
    table.locator("button").nth(2).click()
    expect(page.locator("#relations-cell figure")).to_have_count(2, timeout=WAIT)
    expect(table.locator("button[aria-pressed=true]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    focused = page.evaluate("[document.activeElement.dataset.row, document.activeElement.dataset.column]")
    assert focused == ["1", "3"]
    page.keyboard.press("Enter")
    expect(table.locator("button[aria-pressed=true][data-row='1'][data-column='3']")).to_have_count(1, timeout=WAIT)
    before = table.inner_text()
    page.get_by_role("combobox", name="Maps of").click()
    page.get_by_role("option", name="a head of random rows", exact=True).click()
    page.wait_for_function(
        "was => document.querySelector('#relations-table').innerText !== was", arg=before, timeout=WAIT
    )
    expect(page.locator("#relations-cell figure")).to_have_count(2)
    shoot(page, "relations")
    assert foreign == []


def test_on_a_phone_the_whole_matrix_is_in_reach_and_a_tap_goes_to_the_cell(browser, page_url):
    page, _ = visit(browser, page_url, PHONE)
    open_tab(page, "Relations")
    last = page.locator("#relations-table button").nth(5)
    expect(last).to_be_visible(timeout=WAIT)
    box = last.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= PHONE[0]
    last.click()
    expect(page.locator("#relations-cell figure")).to_have_count(2, timeout=WAIT)
    page.wait_for_timeout(1500)
    seen = page.locator("#relations-cell h3").bounding_box()
    assert seen is not None
    assert 0 <= seen["y"] < PHONE[1]


def test_a_face_goes_through_the_steps_and_two_times_are_compared(browser, page_url):
    page, foreign = visit(browser, page_url)
    open_tab(page, "Journey")
    expect(page.locator("#journey-view h2")).to_contain_text("Step 15 of 15", timeout=WAIT)
    expect(page.locator("#journey-step input[type=number]")).to_be_hidden()
    page.locator("#journey-step input[type=range]").fill("3")
    expect(page.locator("#journey-view h2")).to_contain_text("Step 3 of 15", timeout=WAIT)
    expect(page.locator("#journey-view canvas")).to_have_count(3)
    shoot(page, "journey")
    open_tab(page, "Compare")
    page.locator("#compare-go").click()
    expect(page.locator("#compare-result section")).to_have_count(2, timeout=WAIT)
    expect(page.locator("#compare-result canvas")).to_have_count(5)  # of the compound on the side that knows it alone
    shoot(page, "compare")
    assert foreign == []


def test_a_result_is_taken_away(browser, page_url):
    page, _ = visit(browser, page_url)
    expect(page.locator("#explore-middle input")).to_have_value("happily surprised", timeout=WAIT)  # read for this page
    page.get_by_text("Take it away").click()
    page.locator("#explore-take").click()
    for name in ("cfer.png", "cfer.csv", "cfer.json", "evidence.zip"):
        expect(page.locator("#explore-files")).to_contain_text(name.partition(".")[0], timeout=WAIT)
    assert page.locator("#explore-files a[download]").count() >= 4
    page.locator("#explore-examples button").nth(1).click()
    expect(page.locator("#explore-files")).to_have_count(0, timeout=WAIT)  # they are of another face


def test_a_link_opens_the_same_view(browser, page_url):
    page = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}).new_page()
    page.goto(f"{page_url}?example=6&middle=angry")
    expect(page.locator("#explore-maps figcaption b").nth(1)).to_have_text("angry", timeout=WAIT)
    expect(page.locator("#explore-verdict h2")).to_contain_text("sadly")


def test_a_german_browser_reads_german(browser, page_url):
    page, _ = visit(browser, page_url, locale="de-DE")
    expect(page.locator("#explore-verdict h2")).not_to_contain_text("This face")
    expect(page.locator("#explore-tools")).not_to_contain_text("Opacity")
    expect(page.locator("#explore-picture")).not_to_contain_text("A picture with a face")
    expect(page.get_by_role("tab", name="Erkunden")).to_be_visible()
    expect(page.locator("#explore-examples button").first).to_contain_text("freudig überrascht")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_tab_has_an_accessibility_fault_of_ours(browser, page_url, size, scheme):
    page, _ = visit(browser, page_url, size, color_scheme=scheme)
    page.wait_for_timeout(3000)
    faults: dict[str, list[str]] = {}
    for tab in ("Explore", "Teach", "Relations", "Journey", "Compare", "About"):
        open_tab(page, tab)
        page.wait_for_timeout(1000)
        for violation in Axe().run(page).response["violations"]:
            for node in violation["nodes"]:
                ours = re.search(r"cfer-|explore-(verdict|made|readings|maps|tools|tie|depth)", json.dumps(node))
                if ours or violation["id"] not in GRADIOS:
                    faults.setdefault(f"{tab}: {violation['id']}", []).append(node["html"][:160])
    assert faults == {}
