import re
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from cfer.app.panels.verdict import doubt_words, made_of, readings, sentences, verdict_panel
from cfer.app.tabs.explore import example_paths
from cfer.app.texts import Speech
from cfer.explain.composition import UnitShare
from cfer.faces.quality import Quality
from cfer.reading.answer import FAMILY, LABEL, Answer
from cfer.reading.doubts import doubts_about

SAY = Speech()
GOOD = Quality(width=200, tilted=1.0, turned=2.0, brightness=120, contrast=50)


@pytest.fixture(scope="module")
def blend(reader):
    return reader.read(example_paths()[0]).faces[0]


def percents(html):
    return [float(p) for p in re.findall("(\\d+)\N{NO-BREAK SPACE}%", html)]


def answered(label="happy", probability=0.8, sureness="fairly", *, kind="rendered", family=("happy",), basis=LABEL):
    """An answer as the reader would give it."""
    return Answer(label, probability, 0.8, sureness, kind, family, 0.9, basis)


def with_quality(face, picture=None, **changes):
    """A face that was photographed so, in a picture of some width: by default as wide as the face."""
    quality = replace(GOOD, **changes)
    return SimpleNamespace(
        quality=quality,
        probabilities={"happy": 0.8, "neutral": 0.2},
        tiny=False,
        strangeness=0.2,
        top="happy",
        answer=answered(),
        units=face.units,
        reader=face.reader,
        box=(0, 0, picture or quality.width, 300),
    )


def doubts(face):
    """Sentences of the doubts."""
    return [doubt_words(doubt, SAY) for doubt in doubts_about(face)]


def test_the_answer_is_one_sentence_with_its_certainty_and_its_muscles(reader, blend):
    html = verdict_panel(reader, blend, SAY)
    assert re.search(r"<h2>This face looks <b>happily surprised</b></h2>", html)
    sure, muscles = sentences(reader, blend, SAY)
    assert "almost certain" in sure
    assert "a blend of happy and surprised" in sure
    assert muscles.startswith("Muscles at work: ")
    assert '<abbr title="AU26, jaw drop">jaw dropped</abbr>' in muscles


@pytest.mark.parametrize(
    ("sureness", "words"),
    [("certain", "almost certain"), ("fairly", "fairly"), ("rather", "leans"), ("unsure", "not sure")],
)
def test_sureness_has_words(reader, sureness, words):
    face = SimpleNamespace(
        probabilities={"happy": 0.5, "sad": 0.3, "neutral": 0.2}, units=(), answer=answered(sureness=sureness)
    )
    assert words in sentences(reader, face, SAY)[0]


def test_a_word_says_how_often_such_answers_were_right(reader):
    hits = reader.checkpoint.sureness.hits["rendered"]["certain"]
    face = SimpleNamespace(
        probabilities={"happy": 0.9, "sad": 0.1}, units=(), answer=answered(sureness="certain", kind="rendered")
    )
    assert f"({int(10 * hits[1])} of 10 rendered faces that it says this of are)" in sentences(reader, face, SAY)[0]


def test_a_family_is_the_answer_where_only_that_is_sure(reader, blend):
    answer = answered("angrily disgusted", 0.3, "unsure", family=("angry", "disgusted"), basis=FAMILY)
    face = SimpleNamespace(
        crop=blend.crop,
        quality=None,
        tiny=False,
        strangeness=0.0,
        top=answer.label,
        units=(),
        reader=blend.reader,
        answer=answer,
        probabilities={"angrily disgusted": 0.3, "angry": 0.29, "happy": 0.1},
    )
    html = verdict_panel(reader, face, SAY)
    assert "<h2>This face looks <b>angry or disgusted</b></h2>" in html
    assert "most like angrily disgusted (30" in html
    assert "is in it: 90" in html


def test_hatred_is_said_gently(reader, blend):
    face = with_quality(blend)
    face.crop, face.answer, face.probabilities = blend.crop, answered("hatred"), {"hatred": 0.8, "angry": 0.2}
    assert "looks <b>angry and disgusted, in a blend" in verdict_panel(reader, face, SAY)
    assert "looks <b>wütend und angeekelt" in verdict_panel(reader, face, Speech("de")).replace("wirkt", "looks")


def test_the_two_readings_are_each_among_their_own_kind(blend):
    """Constituents of a certain blend are not "< 1 %": that would deny the answer."""
    basics, compounds = re.findall(r'<div class="cfer-bars">(.*?)</ul>(?:<details|</div>)', readings(blend, SAY), re.S)
    assert percents(basics)[0] > 20
    assert percents(compounds)[0] > 90
    assert sum(blend.basics.values()) == pytest.approx(1)


def test_a_blend_says_whose_muscles_speak_for_it(blend):
    html = made_of(blend.composition("happily surprised"), blend, SAY)
    assert "muscles of happy" in html
    assert "muscles of surprised" in html
    assert "what no muscle explains" in html
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", html)]
    assert sum(widths) == pytest.approx(100, abs=0.3)
    basics = blend.basics
    pairs = [basics[a] + basics[b] for a, b in combinations([name for name in basics if name != "neutral"], 2)]
    place = 1 + sum(each > basics["happy"] + basics["surprised"] for each in pairs)
    assert place <= 2  # on this face surprised takes all of it, and with whom hardly matters
    assert f"place {place} of the 15 pairs" in html


def test_a_muscle_that_speaks_for_it_says_how_much_of_it_is_seen(blend):
    found = blend.composition("happily surprised")
    shares = (
        UnitShare(12, 8.0, ("happy",)),
        UnitShare(26, 2.0, ()),
        UnitShare(6, 1.0, (), False),
        UnitShare(4, 0.7, ()),
    )
    seen = {12: 0.1, 26: 0.9, 6: 0.0, 4: 0.9}
    units = tuple(replace(unit, intensity=seen.get(unit.number, 0.0)) for unit in blend.units)
    html = made_of(replace(found, units=shares), SimpleNamespace(units=units), SAY)
    said = re.sub("</?abbr[^>]*>", "", html)
    assert "faintly corners of the mouth up +8.0, jaw dropped +2.0</p><p>That these are at rest" in said
    assert "speaks for it, too: cheeks up +1.0.<" in said
    assert "brows down" not in html  # less than a tenth of the first


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 40}, "only 40 pixels wide"),
        ({"tilted": -40.0}, "tilted by 40 degrees or more"),
        ({"turned": 45.0}, "turned to the side by roughly 40 degrees"),
        ({"brightness": 20.0}, "very dark"),
        ({"brightness": 240.0}, "overexposed"),
        ({"contrast": 5.0}, "very little contrast"),
        ({"seen": False}, "No face is seen in this crop"),
        ({"width": 100, "picture": 300}, "The face fills 33"),
    ],
)
def test_what_makes_a_face_hard_to_read_is_named(reader, blend, changes, words):
    assert doubts(with_quality(blend)) == []
    (said,) = doubts(with_quality(blend, **changes))
    assert words in said


def test_what_is_no_face_is_unlike_everything_known(reader):
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    assert any("unlike every face" in line for line in doubts(reader.read_crop(noise)))


def test_neutral_with_a_muscle_at_work_says_so(reader, blend):
    face = with_quality(blend)
    face.top = "neutral"
    strongest = max(blend.units, key=lambda unit: unit.intensity)
    seen = SAY.sight(strongest.number, strongest.name)
    assert any(f"called neutral, but this can be seen: {seen}" in line for line in doubts(face))


def test_an_answer_without_a_strong_muscle_says_what_it_rests_on(reader, blend):
    weak = tuple(replace(unit, intensity=0.1) for unit in blend.units)
    smiling = SimpleNamespace(probabilities={"happy": 0.9, "neutral": 0.1}, units=weak, answer=answered())
    resting = SimpleNamespace(probabilities={"neutral": 0.9, "happy": 0.1}, units=weak, answer=answered("neutral"))
    assert "that this model can judge is clearly at work: the answer rests on" in sentences(reader, smiling, SAY)[1]
    assert sentences(reader, resting, SAY)[1].endswith("that this model can judge is clearly at work.")


def test_an_answer_is_doubted_where_it_is_unsure_and_such_answers_are_seldom_right(reader, blend):
    count, share = reader.checkpoint.sureness.hits["photographs"]["unsure"]
    for sureness, doubted in (("unsure", share < 0.5), ("fairly", False)):
        face = with_quality(blend)
        face.answer = answered(sureness=sureness, kind="photographs")
        said = [line for line in doubts(face) if line.startswith("Do not rely")]
        assert bool(said) is doubted
        assert all(f"({count} in its test)" in line and SAY.percent(share) in line for line in said)


def test_nothing_about_the_example_that_is_read_on_arrival_is_in_doubt(blend):
    assert doubts(blend) == []
