from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from cfer.checkpoint import load_checkpoint
from cfer.features.rendered import UNITS, load_rendered
from cfer.features.still_places import look_at
from cfer.features.table import FeatureTable
from cfer.learners.base import Head
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.synth.dataset import Plan, render_table
from cfer.training.fit_units import fit_units, levelled, regressed, rescaled
from cfer.training.readouts import fit_readouts, kept_elsewhere


def test_units_are_read_as_they_were_generated():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3000, 6, generator=generator) * torch.tensor([1.0, 9, 1, 1, 0.1, 1]) + 3
    weight, bias = torch.randn(2, 6, generator=generator) / 3, torch.tensor([0.5, -1.0])
    intensities = F.linear(x - 3, weight, bias).sigmoid()
    found = fit_units(x, intensities, penalties=(1e-6, 1e-1))
    assert float((F.linear(x, *found).sigmoid() - intensities).abs().mean()) < 0.01


def test_a_penalty_draws_rows_to_nothing_and_leaves_the_usual_intensity():
    generator = torch.Generator().manual_seed(0)
    x, intensities = torch.randn(200, 4, generator=generator), torch.rand(200, 3, generator=generator)
    found = regressed(x, intensities, 1e4)
    assert float(found.weight.abs().max()) < 1e-4
    torch.testing.assert_close(found.bias.sigmoid(), intensities.mean(0), atol=1e-3, rtol=0)


def test_a_faint_readout_is_scaled_to_what_was_performed_and_keeps_its_direction():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2000, 5, generator=generator)
    true = Head(torch.randn(3, 5, generator=generator), torch.tensor([0.0, -1.0, 1.0]))
    faint = Head(0.3 * true.weight, 0.3 * true.bias + 0.7)
    found = rescaled(faint, x, F.linear(x, *true).sigmoid())
    torch.testing.assert_close(found.weight, true.weight, atol=0.02, rtol=0)
    torch.testing.assert_close(found.bias, true.bias, atol=0.02, rtol=0)
    wrong = rescaled(Head(-faint.weight, faint.bias), x, F.linear(x, *true).sigmoid())
    assert bool(((wrong.weight * -faint.weight).sum(1) > 0).all())  # a unit is never turned round


def test_neutral_photographs_read_as_neutral_rendered_faces_do():
    generator = torch.Generator().manual_seed(0)
    units = Head(torch.randn(2, 3, generator=generator), torch.zeros(2))
    direction, origin = torch.tensor([0.0, 0.0, 0.2]), torch.tensor(0.0)  # photographs lie 5 along the third
    rendered = torch.randn(50, 3, generator=generator) * torch.tensor([1.0, 1, 0])
    shown = rendered + torch.tensor([2.0, -1.0, 5.0])
    found = levelled(units, direction, origin, shown, F.linear(rendered, *units).mean(0))
    torch.testing.assert_close(F.linear(shown, *found).mean(0), F.linear(rendered, *units).mean(0))
    torch.testing.assert_close(F.linear(rendered, *found), F.linear(rendered, *units))


@pytest.fixture(scope="module")
def rendered():
    return render_table(Plan(people=2, first=70, classes=("neutral", "happy", "surprised"), free=2, size=160))


@pytest.fixture(scope="module")
def model():
    return FaceModel(BackboneConfig("test_efficientnet", 16), ("a",)).eval()


def test_rows_of_what_lies_elsewhere_give_a_maps_mean_square_there(rendered, model):
    faces = load_rendered(rendered, Preprocessing(64, 64))
    x, rows = look_at(model, Preprocessing(64, 64), faces)
    weight = torch.randn(model.num_features, generator=torch.Generator().manual_seed(0))
    shown = faces.moved.flatten(1).any(1)
    with torch.no_grad():
        maps = model.features(Preprocessing(64, 64).enlarge(faces.pixels[shown].float() / 255))
    torch.testing.assert_close(x[shown], maps.mean((2, 3)))
    evidence = torch.einsum("c,bchw->bhw", weight, maps)
    still = 1 - F.adaptive_avg_pool2d(faces.moved[shown].any(1, keepdim=True).float(), maps.shape[-1])[:, 0]
    torch.testing.assert_close((rows @ weight).square().sum(), (evidence.square() * still).mean(), rtol=1e-3, atol=1e-6)
    assert 0 < float(still.mean()) < 1


def test_readouts_are_fitted_once_and_kept(rendered, model, tmp_path):
    preprocessing = Preprocessing(64, 64)
    found = fit_readouts(model, preprocessing, [rendered], [], tmp_path)
    assert found.units.weight.shape == (len(UNITS), model.num_features)
    again = fit_readouts(model, preprocessing, [rendered], [], tmp_path)
    assert torch.equal(found.units.weight, again.units.weight)
    assert torch.equal(kept_elsewhere(tmp_path), found.elsewhere)
    assert kept_elsewhere(tmp_path / "nowhere") is None
    # photographs are other data: the readout is fitted anew, and reads their neutral faces as it reads rendered ones
    faces = load_rendered(rendered, preprocessing)
    with torch.no_grad():
        x = model.pool(model.features(preprocessing.enlarge(faces.pixels.float() / 255)))
    labelled = [i for i, s in enumerate(rendered.samples) if s.label]
    table = rendered.only(replace(rendered.samples[i], split="train", truth=None) for i in labelled)
    shown = x[labelled] + 0.3 * torch.randn(x.shape[1], generator=torch.Generator().manual_seed(1))
    other = fit_readouts(model, preprocessing, [rendered], [FeatureTable(table, shown)], tmp_path)
    at_rest = torch.tensor([rendered.samples[i].label == "neutral" for i in labelled])
    wanted = F.linear(x[labelled][at_rest], *other.units).mean(0)
    torch.testing.assert_close(F.linear(shown[at_rest], *other.units).mean(0), wanted, atol=0.05, rtol=0)


def test_no_epochs_keep_the_network_and_fit_what_is_read_off_it(basic_run, drawn_faces, rendered, tmp_path):
    from drawn_faces import TINY

    from cfer.training.basic import BasicRun, learn_basic
    from cfer.training.finish_basic import finish_basic

    start = str(basic_run[0] / "checkpoint")
    config = replace(TINY, epochs=0)
    kept = learn_basic(BasicRun(drawn_faces, config, start, tmp_path, rendered=[rendered]), progress=False)
    done = finish_basic(kept, BasicRun(drawn_faces, config, start, tmp_path, [rendered]), progress=False)
    loaded = load_checkpoint(tmp_path / "checkpoint")
    assert loaded.facts.backbone == basic_run[1].facts.backbone == done.facts.backbone
    assert loaded.model.action_units == UNITS
    assert [p.name for p in loaded.facts.phases] == ["basic", "basic"]
