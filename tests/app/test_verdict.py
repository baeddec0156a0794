import re
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from cfer.app.panels.verdict import doubts_about, made_of, readings, sentences, verdict_panel, weak_point
from cfer.app.tabs.explore import example_paths
from cfer.app.texts import Speech
from cfer.explain.composition import UnitShare
from cfer.faces.quality import Quality

SAY = Speech()
GOOD = Quality(width=200, tilted=1.0, turned=2.0, brightness=120, contrast=50)


@pytest.fixture(scope="module")
def blend(reader):
    return reader.read(example_paths()[0]).faces[0]


def percents(html):
    return [float(p) for p in re.findall("(\\d+)\N{NO-BREAK SPACE}%", html)]


def with_quality(face, picture=None, **changes):
    """A face that was photographed so, in a picture of some width: by default as wide as the face."""
    quality = replace(GOOD, **changes)
    return SimpleNamespace(
        quality=quality,
        probabilities={"happy": 0.8, "neutral": 0.2},
        tiny=False,
        strangeness=0.2,
        top="happy",
        units=face.units,
        reader=face.reader,
        box=(0, 0, picture or quality.width, 300),
    )


def doubts(reader, face):
    """Sentences of the doubts."""
    return [SAY(doubt.key, **doubt.values) for doubt in doubts_about(reader, face, SAY)]


def test_the_answer_is_one_sentence_with_its_certainty_and_its_muscles(reader, blend):
    html = verdict_panel(reader, blend, SAY)
    assert re.search(r"<h2>This face looks <b>happily surprised</b></h2>", html)
    sure, muscles = sentences(reader, blend, SAY)
    assert "almost certain" in sure
    assert "a blend of happy and surprised" in sure
    assert muscles.startswith("Muscles at work: ")
    assert "jaw drop (AU26)" in muscles


@pytest.mark.parametrize(
    ("p", "words"), [(0.95, "almost certain"), (0.75, "fairly"), (0.55, "leans"), (0.4, "not sure")]
)
def test_certainty_has_words(reader, p, words):
    face = SimpleNamespace(
        probabilities={"happy": p, "sad": (1 - p) * 0.6, "neutral": (1 - p) * 0.4}, units=(), reader=reader, top="happy"
    )
    assert words in sentences(reader, face, SAY)[0]


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
    assert "faint lip corner puller (AU12) +8.0, jaw drop (AU26) +2.0, no cheek raiser (AU6) +1.0<" in html
    assert "AU4)" not in html  # less than a tenth of the first


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
    assert doubts(reader, with_quality(blend)) == []
    (said,) = doubts(reader, with_quality(blend, **changes))
    assert words in said


def test_what_is_no_face_is_unlike_everything_known(reader):
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    assert any("unlike every face" in line for line in doubts(reader, reader.read_crop(noise)))


def test_neutral_with_a_muscle_at_work_says_so(reader, blend):
    face = with_quality(blend)
    face.top = "neutral"
    strongest = max(blend.units, key=lambda unit: unit.intensity).name
    assert any(f"called neutral, but {strongest}" in line for line in doubts(reader, face))


def test_an_answer_without_a_strong_muscle_says_what_it_rests_on(reader, blend):
    weak = tuple(replace(unit, intensity=0.1) for unit in blend.units)
    smiling = SimpleNamespace(probabilities={"happy": 0.9, "neutral": 0.1}, units=weak)
    resting = SimpleNamespace(probabilities={"neutral": 0.9, "happy": 0.1}, units=weak)
    assert "No muscle is strongly at work: the answer rests on weak signs." in sentences(reader, smiling, SAY)[1]
    assert "No muscle is clearly at work" in sentences(reader, resting, SAY)[1]


def test_weak_points_are_answers_that_are_seldom_right_were_all_classes_equally_frequent(reader):
    facts = reader.checkpoint.facts.continual
    counts = np.array(facts.test_counts, float)
    even = counts / counts.sum(1, keepdims=True)
    right = np.diag(even) / even.sum(0)
    weak = [name for name in facts.classes if weak_point(reader, name)]
    assert weak == [name for name, share in zip(facts.classes, right, strict=True) if share < 0.5]
    found = weak_point(reader, weak[0])
    assert found is not None
    count, share, other = found
    place = facts.classes.index(weak[0])
    assert count == counts[:, place].sum()
    assert share == pytest.approx(right[place])
    others = np.delete(even[:, place], place)
    assert other != weak[0]
    assert even[facts.classes.index(other), place] == others.max()


def test_a_weak_point_is_no_doubt_where_the_answer_is_almost_certain(reader, blend):
    facts = reader.checkpoint.facts.continual
    weak = next(name for name in facts.classes if weak_point(reader, name))
    for chance, doubted in ((0.95, False), (0.6, True)):
        face = SimpleNamespace(
            top=weak, probabilities={weak: chance}, quality=None, strangeness=0.0, units=blend.units, tiny=False
        )
        said = doubts(reader, face)
        assert any(line.startswith("A weak point") for line in said) is doubted


def test_nothing_about_the_example_that_is_read_on_arrival_is_in_doubt(reader, blend):
    known = weak_point(reader, blend.top)  # what is known of the class, not of this face
    said = doubts(reader, blend)
    assert len(said) == (known is not None)
    assert all(line.startswith("A weak point of this model") for line in said)
