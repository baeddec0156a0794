import hashlib
import json

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner

from cfer.checkpoint import model_digest
from cfer.cli import app
from cfer.explain.attribution import mirrored_gradients
from cfer.explain.faithfulness import GRID, ranked_cells, scores, without
from cfer.explain.maps import scores_of
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.relation import SIX, relate
from cfer.explain.similarity import cosine
from cfer.reading.evidence import write_evidence

runner = CliRunner()


@pytest.fixture(scope="module")
def face(reader, photograph):
    return reader.read(photograph).faces[0]


def test_a_bundle_holds_what_was_measured_and_its_hashes(reader, face, tmp_path):
    names = ["happy", "happily surprised", "surprised"]
    evidence = write_evidence(reader, face, names, tmp_path, picture=b"picture", command="cfer explain x")
    assert json.loads((tmp_path / "evidence.json").read_text()) == json.loads(json.dumps(evidence))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["picture_sha256"] == hashlib.sha256(b"picture").hexdigest()
    assert manifest["model_sha256"] == model_digest(reader.checkpoint.model)
    assert set(manifest["files"]) == {p.name for p in tmp_path.iterdir()} - {"manifest.json"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    arrays = load_file(str(tmp_path / "maps.safetensors"))
    torch.testing.assert_close(arrays["grad_cam"], face.maps.maps[0])
    assert manifest["drawn"] == names
    torch.testing.assert_close(arrays["integrated_gradients"], face.maps_by(INTEGRATED_GRADIENTS, names).maps[0])
    chances = dict(
        zip(manifest["classes"], (arrays["logits"] * evidence["answer"]["sharpness"]).softmax(0).tolist(), strict=True)
    )
    assert chances == pytest.approx(evidence["probabilities"], abs=1e-5)
    assert Image.open(tmp_path / "overlay-happily-surprised.png").size == (336, 336)


def test_a_logit_is_the_sum_of_its_evidence_and_its_bias(reader, face, tmp_path):
    evidence, _ = write_evidence(reader, face, ["happy"], tmp_path)["classes"]["happy"]
    place = reader.names.index("happy")
    logit, bias = float(face.maps.logits[0, place]), float(reader.checkpoint.model.head.bias[place])
    assert evidence["method"] == "grad_cam"
    assert evidence["evidence_for"] - evidence["evidence_against"] == pytest.approx(logit - bias, abs=1e-4)


def test_a_change_of_score_is_the_sum_of_the_evidence_for_it(reader, face):
    change = face.maps_by(INTEGRATED_GRADIENTS, reader.names)
    model, preprocessing = reader.checkpoint.model, reader.checkpoint.preprocessing
    x = preprocessing([face.crop])
    with torch.no_grad():  # the mean over the picture and its mirror image, less the neutral faces' mean output
        seen = scores(model, torch.cat([x, x.flip(-1)])).mean(0)
        neutral = scores_of(model, model.onwards(reader.neutral[None], face.passes.layer))[0]
    largest = float((seen - neutral).abs().max())
    assert largest > 5
    torch.testing.assert_close(change.maps[0].sum((-2, -1)), seen - neutral, atol=0.1 * largest, rtol=0)
    many = mirrored_gradients(model, face.passes.pair, reader.names, reader.neutral, face.passes.layer, steps=16)[0]
    torch.testing.assert_close(many.sum((-2, -1)), seen - neutral, atol=0.05 * largest, rtol=0)


def test_relations_are_those_of_the_maps(reader, face, tmp_path):
    found = write_evidence(reader, face, ["happily surprised", "happy"], tmp_path)["relations"]
    assert list(found) == ["happily surprised"]
    relation = relate(face.maps, "happily surprised", ("happy", "surprised"))
    numbers = found["happily surprised"]
    assert numbers["basics"] == list(SIX)
    assert numbers["maps"]["grad_cam"]["gap"]["cosine"] == pytest.approx(float(relation.gap("cosine")[0]), abs=1e-5)
    assert 1 <= numbers["mixture"]["rank_of_15"] <= 15
    assert reader.relatable("awed")
    assert not reader.relatable("happy")


def test_relations_of_change_maps_stand_beside_them(reader, face):
    report = face.relation("happily surprised")
    changed, whole = report.by(INTEGRATED_GRADIENTS), report.by(GRAD_CAM)
    mine, *basics = face.maps_by(INTEGRATED_GRADIENTS, ["happily surprised", *SIX]).maps[0]
    wanted = [float(cosine(mine, other)) for other in basics]
    assert [float("nan") if v is None else v for v in changed.likeness["cosine"]] == pytest.approx(
        wanted, abs=1e-4, nan_ok=True
    )
    assert changed.likeness != whole.likeness
    assert changed.verdict != whole.verdict
    assert report.gap_of(whole.likeness["cosine"]) == pytest.approx(whole.gap["cosine"], abs=1e-4)
    assert face.relation("happily surprised") is report


def test_what_is_lost_without_a_basics_evidence_is_measured_on_the_picture(reader, face):
    report = face.relation("happily surprised")
    model, x = reader.checkpoint.model, reader.checkpoint.preprocessing([face.crop])
    cells = torch.zeros(GRID * GRID)
    cells[ranked_cells(face.maps.of("happy")[0])[: round(0.2 * GRID * GRID)]] = 1
    k = reader.names.index("happily surprised")
    wanted = float(scores(model, x)[0, k] - scores(model, without(x, cells))[0, k])
    assert report.lost_without[SIX.index("happy")] == pytest.approx(wanted, abs=1e-3)
    assert report.lost_without[SIX.index("happy")] > report.lost_without_random


def test_evidence_is_shared_out_to_parts_and_units(reader, face, tmp_path):
    found = write_evidence(reader, face, ["happy"], tmp_path)
    _, changed = found["classes"]["happy"]
    parts, units = changed["regions"], changed["action_unit_places"]
    assert sum(part["area"] * part["for_over_area"] for part in parts.values()) == pytest.approx(1, abs=1e-2)
    smile, brow = units["12"], units["1"]
    assert smile["for_over_area"] > brow["for_over_area"]  # a smile is at the corners of the mouth
    assert smile["for_over_area"] > smile["against_over_area"]


def test_the_command_writes_the_likeliest_compound_and_its_parts(files, tmp_path):
    result = runner.invoke(app, ["explain", str(files / "astronaut.png"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "gap" in result.stdout
    assert len(list((tmp_path / "out").glob("overlay-*.png"))) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["astronaut.png", "--classes", "happy,bored"], "does not know 'bored'"),
        (["astronaut.png", "--number", "2"], "no face number 2; one face was found"),
        (["empty.png"], "no face was found"),
        (["broken.png"], "broken.png"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_words(files, tmp_path, arguments, words):
    name, *rest = arguments
    result = runner.invoke(app, ["explain", str(files / name), "--out", str(tmp_path / "out"), *rest])
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "out").exists()
