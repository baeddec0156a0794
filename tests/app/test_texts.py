import re
from string import Formatter

import pytest

from cfer.app.texts import LANGUAGES, NAMES, Speech, spoken
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
