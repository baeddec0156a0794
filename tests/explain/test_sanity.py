"""Sanity checks of explanations, each of which a centre blob and the top class's map must fail.

After Adebayo et al., NeurIPS 2018 (randomise the model) and Sixt et al., ICML 2020 (ask for another logit).
"""

from dataclasses import replace

import pytest
import torch

from cfer.checkpoint import DEFAULT, load_checkpoint
from cfer.emotions import EXPRESSIONS
from cfer.explain.attribution import change_maps, layer_baseline, neutral_faces
from cfer.explain.controls import random_backbone
from cfer.explain.faithfulness import removal_effects
from cfer.explain.maps import class_maps
from cfer.explain.relation import relate
from cfer.explain.similarity import spearman
from cfer.faces.align import align
from cfer.faces.detect import detect_faces
from cfer.synth.dataset import Shot, take

pytestmark = pytest.mark.slow
SHOWN = ("happily surprised", "fearfully surprised", "angrily disgusted", "sadly angry")


def centre_blob(model, x):
    """The same blob in the middle for every class, as strong as the logit."""
    found = class_maps(model, x)
    side = found.maps.shape[-1]
    line = torch.linspace(-1, 1, side)
    blob = torch.exp(-(line[:, None] ** 2 + line**2) / 0.18)
    return replace(found, maps=(blob / blob.sum()).expand_as(found.maps).clone())


def top_for_all(model, x):
    """The likeliest class's map, whichever class was asked for."""
    found = class_maps(model, x)
    rows = torch.arange(len(x))
    top = found.maps[rows, found.logits.argmax(1)]
    return replace(found, maps=top[:, None].expand_as(found.maps).clone())


@pytest.fixture(scope="module")
def seen():
    checkpoint = load_checkpoint(DEFAULT)
    crops = []
    for person, name in enumerate(SHOWN, start=95):
        picture, _ = take(Shot(person, name, 0))
        crops.append(align(picture, detect_faces(picture)[0]))
    return checkpoint.model, checkpoint.preprocessing(crops)


def complete(explain, model, x):
    """A class's map sums to its logit less the bias."""
    found = explain(model, x)
    return torch.allclose(found.maps.sum((-2, -1)), found.logits - model.head.bias.detach(), atol=1e-3)


def another_logit_another_map(explain, model, x):
    """Maps of different classes are not the same map."""
    maps = explain(model, x).maps
    alike = spearman(maps[:, :, None], maps[:, None])
    k = maps.shape[1]
    return float(alike[:, ~torch.eye(k, dtype=torch.bool)].nanmean()) < 0.8


def a_row_of_the_head_is_its_classs_own(explain, model, x):
    """A new row for one class changes that class's map, whether it is the likeliest or not, and no other map."""
    weight, bias = model.head.weight.detach(), model.head.bias.detach()
    before = explain(model, x).maps
    for k in range(0, len(model.classes), 7):
        rows = weight.clone()
        rows[k] = torch.randn(weight.shape[1], generator=torch.Generator().manual_seed(k)) * weight.std()
        after = explain(model.with_head(model.classes, rows, bias), x).maps
        changed = (after - before).abs().amax((0, 2, 3)) > 1e-5
        if changed.tolist() != [j == k for j in range(len(model.classes))]:
            return False
    return True


def nothing_is_left_without_what_was_learned(explain, model, x):
    """What tells classes' maps apart is gone when the backbone's weights are shuffled."""
    lesser = random_backbone(model, None, torch.Generator().manual_seed(0))
    apart = [maps - maps.mean(1, keepdim=True) for maps in (explain(model, x).maps, explain(lesser, x).maps)]
    if float(apart[0].abs().max()) < 1e-6:
        return False
    return abs(float(spearman(*apart).nanmean())) < 0.4


def evidence_matters_to_its_own_class(explain, model, x):
    """Without a class's evidence it loses more than without the evidence of the basics it is not made of."""
    found, wins = explain(model, x), 0
    for row, name in enumerate(SHOWN):
        others = [b for b in ("happy", "sad", "fearful", "angry") if b not in EXPRESSIONS[name].constituents]
        raws = torch.stack([found.of(n)[row] for n in (name, *others)])
        k = model.classes.index(name)
        lost = removal_effects(model, x[[row]], raws, k, torch.Generator().manual_seed(0))
        wins += bool(lost[0] > lost[1:-1].max() + 1e-4)
    return wins >= 3


def a_compound_is_nearer_to_its_constituents(explain, model, x):
    """The gap is above 0 for most of the faces that show the compound."""
    found, wins = explain(model, x), 0
    for row, name in enumerate(SHOWN):
        parts = EXPRESSIONS[name].constituents
        wins += bool(relate(found, name, parts, measures=("cosine",)).gap("cosine")[row] > 0.02)
    return wins >= 3


CHECKS = (
    complete,
    another_logit_another_map,
    a_row_of_the_head_is_its_classs_own,
    nothing_is_left_without_what_was_learned,
    evidence_matters_to_its_own_class,
    a_compound_is_nearer_to_its_constituents,
)


def change(model, x):
    """Change maps of all classes, in place of the whole face's."""
    neutral = load_checkpoint(DEFAULT).preprocessing(list(neutral_faces()))
    maps = change_maps(model, x, model.classes, layer_baseline(model, neutral, "blocks.2"), "blocks.2")
    return replace(class_maps(model, x), maps=maps)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_the_maps_pass_what_a_blob_and_the_top_map_fail(seen, check):
    assert check(class_maps, *seen)
    assert not check(centre_blob, *seen)
    assert not check(top_for_all, *seen)


@pytest.mark.parametrize(
    "check",
    [
        another_logit_another_map,
        nothing_is_left_without_what_was_learned,
        evidence_matters_to_its_own_class,
        a_compound_is_nearer_to_its_constituents,
    ],
    ids=lambda c: c.__name__,
)
def test_change_maps_pass_the_checks_that_do_not_ask_for_sums(seen, check):
    assert check(change, *seen)
    assert not check(centre_blob, *seen)
    assert not check(top_for_all, *seen)
