import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import cfer
from cfer.app.texts import LANGUAGES, NAMES, REFUSALS, Speech, spoken
from cfer.emotions import EXPRESSIONS, UNIT_NAMES
from cfer.explain.regions import REGIONS

ENGLISH = LANGUAGES["en"]
OTHERS = [language for language in LANGUAGES if language != "en"]
JARGON = re.compile(r"\b(gap|head|backbone|mantel|null|nulls|rows of the|softmax|logits?)\b", re.I)


def places(template):
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name)


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_there_in_every_language_with_the_same_places(language):
    texts = LANGUAGES[language]
    assert set(texts) == set(ENGLISH)
    for key, template in texts.items():
        assert places(template) == places(ENGLISH[key]), key
        assert template.count("**") == ENGLISH[key].count("**"), key


@pytest.mark.parametrize("language", OTHERS)
def test_every_expression_muscle_and_part_of_the_face_has_a_name(language):
    assert set(NAMES[language]) == {*EXPRESSIONS, *UNIT_NAMES.values(), *REGIONS}
    assert Speech(language).name("smirking") == "smirking"  # taught by a visitor, in the visitor's words


def sentences_of_the_package():
    """Patterns of all strings that the package's source holds, with anything where something is filled in."""
    for path in Path(cfer.__file__).parent.rglob("*.py"):
        if "texts" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.escape(node.value)
            elif isinstance(node, ast.JoinedStr):
                yield "".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in node.values)


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_translated_is_what_the_package_says(language):
    known = [pattern for pattern in sentences_of_the_package() if len(pattern.replace(".+", "")) > 10]
    for english, here in REFUSALS[language].items():
        assert english.count("{}") == here.count("{}"), english
        assert any(re.fullmatch(pattern, english) for pattern in known), english


def test_a_refusal_is_said_in_the_visitors_language_as_far_as_it_is_known():
    german = Speech("de")
    assert german.refusal("No face was found.") == "Es wurde kein Gesicht gefunden."
    small = "The picture is too small (5 x 7): at least 8 pixels a side."
    assert german.refusal(small) == "Das Bild ist zu klein (5 x 7): mindestens 8 Pixel an jeder Seite."
    assert german.refusal("Something new.") == "Something new."
    assert Speech().refusal(small) == small


def test_sentences_about_a_face_need_no_glossary():
    for key, text in ENGLISH.items():
        if not key.startswith(("about_", "relations_", "of_", "summary_", "journey_", "doubt_tilted", "doubt_turned")):
            assert not JARGON.search(text), key


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr,de;q=0.5", "de"), ("fr", "en"), (None, "en"), ("en-GB", "en")],
)
def test_the_browsers_first_language_that_is_spoken_is_chosen(accepted, language):
    assert spoken(accepted) == language


def test_what_is_filled_in_is_escaped_and_stars_are_bold():
    assert Speech().html("answer", name="<script>") == "This face looks <b>&lt;script&gt;</b>"


def test_names_are_listed_as_people_list_them():
    assert Speech().both(("happy", "sad", "angry")) == "happy, sad and angry"
    assert Speech().both(("happy",)) == "happy"
