import numpy as np
import pytest

from cfer.synth.dataset import Shot, take
from cfer.synth.hair import grow_brows, grow_hair
from cfer.synth.head import load_head
from cfer.synth.person import HAIR_STYLES, Person
from cfer.synth.truth import Region

PEOPLE = {}
for seed in range(80):
    person = Person.sample(seed)
    PEOPLE.setdefault(person.hair_style, person)


def test_all_styles_occur():
    assert set(PEOPLE) == set(HAIR_STYLES)
    assert grow_hair(PEOPLE["bald"]) is None


@pytest.mark.parametrize("style", [s for s in HAIR_STYLES if s != "bald"])
def test_hair_grows_as_long_as_it_should_and_the_same_each_time(style):
    person = PEOPLE[style]
    hair = grow_hair(person)
    np.testing.assert_array_equal(hair.offsets, grow_hair(person).offsets)
    assert (hair.offsets[:, 0] == 0).all()
    np.testing.assert_allclose(hair.weights.sum(1), 1, atol=1e-5)
    length = np.linalg.norm(np.diff(hair.offsets, axis=1), axis=-1).sum(1)
    assert 0.4 * person.hair_length < np.median(length) < 1.8 * person.hair_length


@pytest.mark.parametrize("style", [s for s in HAIR_STYLES if s != "bald"])
def test_hair_keeps_out_of_the_face(style):
    _, truth = take(Shot(PEOPLE[style].seed, "neutral", 0), 128)
    inner = truth.landmarks[27:68].astype(int)  # nose, eyes, mouth
    assert (truth.regions[inner[:, 1].clip(0, 127), inner[:, 0].clip(0, 127)] != Region.HAIR).all()


def test_strands_follow_the_head():
    brows = grow_brows(PEOPLE["short"])
    vertices = load_head().template
    straight = brows.place(vertices, np.eye(3, dtype=np.float32))
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.float32)
    turned = brows.place(vertices @ quarter.T, quarter)
    np.testing.assert_allclose(turned, straight @ quarter.T, atol=1e-4)


def test_thicker_brows_have_more_hairs():
    dense, thin = (grow_brows(p) for p in sorted(PEOPLE.values(), key=lambda p: -p.brow_density)[:: len(PEOPLE) - 1])
    assert len(dense.offsets) > len(thin.offsets)
