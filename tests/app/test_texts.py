import ast
import copy
import re
from pathlib import Path
from string import Formatter

import numpy as np
import pytest

import cfer
from cfer.app.texts import LANGUAGES, NAMES, REFUSALS, Speech, spoken
from cfer.emotions import EXPRESSIONS, UNIT_NAMES
from cfer.explain.regions import REGIONS
from cfer.lessons.names import LessonError, clean_name
from cfer.pictures import PictureError, read_picture
from cfer.reading.reader import Reader

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


ROOMS = ("faces", "lessons", "pictures", "reading")
PROGRAMS = {
    "A list of pictures is wanted, not one picture: [picture].",
    "A picture on the web is not fetched. Save it first,",
}
"""Beginnings of what only programs are told; a page has a list of files, and takes no address."""
PROGRAMS |= {"This image cannot be read.", "This file is open as text.", "This open file cannot be read."}


def refusals_for_visitors():
    """Templates of what the rooms behind the page refuse."""
    for path in (p for room in ROOMS for p in (Path(cfer.__file__).parent / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
                "PictureError",
                "LessonError",
                "AdaptError",
            }:
                said = node.args[0]
                if isinstance(said, ast.Constant) and not said.value.startswith(tuple(PROGRAMS)):
                    yield said.value


@pytest.mark.parametrize("language", OTHERS)
def test_every_refusal_is_translated_by_its_template(language):
    said = set(refusals_for_visitors())
    assert len(said) > 30
    assert said - set(REFUSALS[language]) == set()
    for english, here in REFUSALS[language].items():
        assert set(places(here)) <= set(places(english)), english


def test_a_refusal_is_said_in_the_visitors_language_as_far_as_it_is_known():
    german = Speech("de")
    with pytest.raises(PictureError, match="No face") as found:
        Reader().face(np.zeros((64, 64, 3), np.uint8))
    assert german.refusal(found.value) == "Es wurde kein Gesicht gefunden."
    with pytest.raises(PictureError, match="too small") as found:
        read_picture(np.zeros((7, 5, 3), np.uint8))
    assert german.refusal(found.value) == "Das Bild ist zu klein (5 x 7): mindestens 8 Pixel an jeder Seite."
    assert german.refusal(copy.copy(found.value)) == german.refusal(found.value)
    with pytest.raises(LessonError, match="'happy' already") as known:
        clean_name("Happy", ["happy"])
    assert german.refusal(known.value) == "Das Modell kennt „fröhlich“ schon. Wählen Sie einen anderen Namen."
    assert german.refusal(PictureError("Something {new}.")) == "Something {new}."
    assert Speech().refusal(found.value) == str(found.value)


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
