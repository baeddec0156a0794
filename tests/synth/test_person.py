import numpy as np
import pytest

from cfer.synth.head import ANCESTRIES, load_head, macro_weights
from cfer.synth.person import HAIR_STYLES, Person

CROWD = [Person.sample(seed) for seed in range(300)]


def test_a_seed_is_a_person():
    assert Person.sample(7) == Person.sample(7)
    assert Person.sample(7) != Person.sample(8)


def test_people_are_mixed():
    assert 0.4 < np.mean([p.male for p in CROWD]) < 0.6
    assert min(p.age for p in CROWD) < 22
    assert max(p.age for p in CROWD) > 66
    for corner in range(len(ANCESTRIES)):
        assert 0.25 < np.mean([p.ancestry[corner] for p in CROWD]) < 0.42
    assert {p.hair_style for p in CROWD} == set(HAIR_STYLES)


def test_hair_goes_with_the_face():
    assert all(p.stubble == 0 for p in CROWD if not p.male)
    assert all(p.hair_style in ("long", "medium", "tied") for p in CROWD if not p.male)
    assert all(p.age >= 35 for p in CROWD if p.hair_style == "bald")
    young, old = ([np.ptp(p.hair) / np.mean(p.hair) for p in CROWD if p.age < 40], [p for p in CROWD if p.age > 62])
    assert np.median(young) > np.median([np.ptp(p.hair) / np.mean(p.hair) for p in old])  # grey


def test_colours_are_skins():
    for person in CROWD:
        red, green, blue = person.skin
        assert 0.02 <= blue < green < red <= 0.9
        assert 1.2 < red / green < 2.2  # neither grey nor pink
    dark = [sum(p.skin) for p in CROWD if p.ancestry[ANCESTRIES.index("african")] > 0.8]
    light = [sum(p.skin) for p in CROWD if p.ancestry[ANCESTRIES.index("caucasian")] > 0.8]
    assert np.mean(dark) < 0.5 * np.mean(light)


@pytest.mark.parametrize("seed", range(0, 300, 15))
def test_nobody_is_a_caricature(seed):
    person = CROWD[seed]
    average = load_head().build(
        macro_weights(person.ancestry, male=float(person.male), old=max(0.0, (person.age - 25) / 50 * 0.8), weight=0)
    )
    own = load_head().build(dict(person.identity))
    face = np.linalg.norm(load_head().template - [0, -3, 2], axis=1) < 7
    moved = np.linalg.norm(own - average, axis=1)[face]
    assert moved.mean() < 1.0  # cm
    assert moved.max() < 2.5
    assert moved.mean() > 0.05  # but everybody is somebody
