import pytest
import torch
from scipy.optimize import nnls

from cfer.explain.maps import ClassMaps
from cfer.explain.relation import SIX, Relation, head_likeness, mixture_weights, mixtures, relate

CLASSES = (*SIX, "happily surprised")


def maps_of(raw):
    """Class maps (N, 7, h, w) without logits or features."""
    return ClassMaps(torch.zeros(len(raw), 7), raw, torch.zeros(len(raw), 4), CLASSES)


@pytest.fixture
def made_of_two():
    """A compound whose map is 2 happy + 1 surprised, plus a little noise; basics have maps of their own."""
    generator = torch.Generator().manual_seed(0)
    basics = torch.rand(20, 6, 6, 6, generator=generator, dtype=torch.double) ** 4
    compound = 2 * basics[:, SIX.index("happy")] + basics[:, SIX.index("surprised")]
    noise = 0.05 * torch.rand(20, 6, 6, generator=generator, dtype=torch.double)
    return maps_of(torch.cat([basics, (compound + noise)[:, None]], 1))


def test_a_sum_of_two_maps_is_tied_to_these_two(made_of_two):
    relation = relate(made_of_two, "happily surprised", ("happy", "surprised"))
    for measure in relation.likeness:
        assert float(relation.gap(measure).mean()) > 0.02, measure
        assert float(relation.auc(measure).mean()) > 0.8, measure
    assert float(relation.both_first("cosine").mean()) > 0.9


def test_named_after_two_others_it_is_not(made_of_two):
    relation = relate(made_of_two, "happily surprised", ("sad", "angry"))
    assert float(relation.gap("cosine").mean()) < 0
    assert float(relation.auc("cosine").mean()) < 0.5


def test_gap_auc_and_first_places_by_hand():
    likeness = torch.tensor([[0.9, 0.1, 0.2, 0.3, 0.8, 0.4], [0.5, 0.5, 0.9, 0.5, 0.5, 0.5]])
    relation = Relation("happily surprised", ("happy", "surprised"), SIX, {"cosine": likeness})
    assert relation.own.tolist() == [True, False, False, False, True, False]
    torch.testing.assert_close(relation.gap("cosine"), torch.tensor([0.85 - 0.25, 0.5 - 0.6]))
    torch.testing.assert_close(relation.auc("cosine"), torch.tensor([1.0, 0.5 * 6 / 8]))
    assert relation.both_first("cosine").tolist() == [1, 0]  # in the second face another basic is ahead


def test_the_same_map_everywhere_is_no_relation():
    """What a blob in the middle of the face would give, or the top class's map for every class."""
    blob = torch.zeros(4, 7, 5, 5, dtype=torch.double)
    blob[:, :, 1:4, 1:4] = 1
    relation = relate(maps_of(blob), "happily surprised", ("happy", "surprised"))
    for measure, values in relation.likeness.items():
        assert float(values.min()) == pytest.approx(1), measure
        assert float(relation.gap(measure).abs().max()) < 1e-9
        assert relation.auc(measure).tolist() == [0.5] * 4
        assert relation.both_first(measure).tolist() == pytest.approx([1 / 15] * 4)  # two of six drawn at random


def test_without_evidence_nothing_is_said():
    raw = torch.rand(2, 7, 4, 4, generator=torch.Generator().manual_seed(1))
    raw[0, 6] = -1  # the compound has no evidence in the first face
    raw[1, 0] = -1  # happy has none in the second
    relation = relate(maps_of(raw), "happily surprised", ("happy", "surprised"))
    assert relation.gap("cosine")[0].isnan()
    assert relation.auc("cosine")[0].isnan()
    assert relation.both_first("cosine").tolist()[1] == 0
    assert not relation.gap("cosine")[1].isnan()  # surprised still counts
    assert mixtures(maps_of(raw), "happily surprised").rank(("happy", "surprised"))[0].isnan()


def test_mixtures_are_scipys_non_negative_least_squares(made_of_two):
    found = mixtures(made_of_two, "happily surprised")
    assert len(found.pairs) == 15
    for n in range(3):
        target = made_of_two.of("happily surprised")[n].flatten().numpy()
        for p, (a, b) in enumerate(found.pairs):
            columns = torch.stack([made_of_two.of(a)[n].flatten(), made_of_two.of(b)[n].flatten()], 1).numpy()
            weights, rest = nnls(columns, target)
            assert found.weights[n, p].tolist() == pytest.approx(weights.tolist(), abs=1e-6)
            assert float(found.explained[n, p]) == pytest.approx(1 - rest**2 / (target**2).sum(), abs=1e-6)
    assert found.rank(("surprised", "happy")).tolist() == [1] * 20


def test_equal_mixtures_share_a_place():
    blob = torch.ones(1, 7, 3, 3)
    assert mixtures(maps_of(blob), "happily surprised").rank(("happy", "surprised")).tolist() == [8]


def test_head_rows_are_compared_without_what_all_share():
    weight = torch.eye(7, 9) + 5
    weight[6] = (weight[0] + weight[4]) / 2
    found = head_likeness(weight, CLASSES, "happily surprised")
    assert found[0] == pytest.approx(found[4])
    assert float(found[0]) > 0.5
    assert (found[[1, 2, 3, 5]] < 0).all()


@pytest.mark.parametrize("constituents", [("happy",), ("happy", "happy"), ("happy", "bored")])
def test_a_relation_needs_two_constituents(made_of_two, constituents):
    with pytest.raises(ValueError, match="needs two constituents"):
        relate(made_of_two, "happily surprised", constituents)


def test_the_place_among_all_pairs_by_hand():
    likeness = torch.tensor(
        [[0.9, 0.1, 0.2, 0.3, 0.8, 0.4], [0.5, 0.9, 0.9, 0.1, 0.5, 0.1], [torch.nan, 0.1, 0.1, 0.1, 0.1, 0.1]]
    )
    relation = Relation("happily surprised", ("happy", "surprised"), SIX, {"cosine": likeness})
    rank = relation.pair_rank("cosine")
    # second face: 0.9 + 0.9 is ahead; of the four pairs of a 0.9 with a 0.5 each is ahead too; no other has 0.5 + 0.5
    # or as much: 0.9 + 0.1 of four pairs is as much as 0.5 + 0.5
    assert rank[:2].tolist() == [1, 1 + 5 + 4 / 2]
    assert rank[2].isnan()


def test_the_same_map_everywhere_is_in_the_middle_of_all_pairs():
    blob = torch.ones(1, 7, 3, 3, dtype=torch.double)
    assert relate(maps_of(blob), "happily surprised", ("happy", "surprised")).pair_rank("cosine").tolist() == [8]


def test_shares_of_a_mixture_are_found(made_of_two):
    basics = made_of_two.maps[:, :6]
    parts = basics / basics.sum((-2, -1), keepdim=True)
    exact = 0.7 * parts[:, 1] + 0.3 * parts[:, 3]
    found = mixture_weights(maps_of(torch.cat([basics, exact[:, None]], 1)), "happily surprised")
    wanted = torch.tensor([0, 0.7, 0, 0.3, 0, 0], dtype=found.dtype).expand_as(found)
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=0)
    assert mixture_weights(maps_of(-torch.ones(1, 7, 3, 3)), "happily surprised").isnan().all()


def test_ties_for_the_second_place_are_shared_by_hand():
    likeness = torch.tensor(
        [[0.9, 0.5, 0.5, 0.1, 0.5, 0.1], [0.5, 0.5, 0.1, 0.1, 0.5, 0.1], [0.9, 0.9, 0.1, 0.1, 0.5, 0]]
    )
    relation = Relation("happily surprised", ("happy", "surprised"), SIX, {"cosine": likeness})
    # surprised beside two others at 0.5: one of three; three at the top, two of them the constituents: 1 in 3; none
    assert relation.both_first("cosine").tolist() == pytest.approx([1 / 3, 1 / 3, 0])
