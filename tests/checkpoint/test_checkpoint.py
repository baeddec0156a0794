import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import cfer
from cfer.checkpoint import DEFAULT, Checkpoint, CheckpointError, ClassInfo, load_checkpoint, save_checkpoint
from cfer.checkpoint.packing import packed, unpacked
from cfer.emotions import BASICS, Kind
from cfer.learners.base import Head, symmetric
from cfer.learners.domain import Domains


@pytest.fixture
def saved(basic_run, tmp_path) -> tuple[Checkpoint, Path]:
    _, checkpoint = basic_run
    save_checkpoint(checkpoint, tmp_path / "saved", "a card")
    return checkpoint, tmp_path / "saved"


def test_what_is_saved_is_loaded(saved):
    checkpoint, folder = saved
    loaded = load_checkpoint(folder)
    assert loaded.classes == checkpoint.classes
    assert loaded.preprocessing == checkpoint.preprocessing
    assert json.dumps(loaded.facts.to_dict()) == json.dumps(checkpoint.facts.to_dict())
    assert loaded.facts.basic == checkpoint.facts.after_basic is not None
    assert loaded.calibration == checkpoint.calibration
    assert loaded.spec == checkpoint.spec
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(loaded.model(x), checkpoint.model.eval()(x))
    assert torch.equal(loaded.checks.x, checkpoint.checks.x)
    assert torch.equal(loaded.checks.y, checkpoint.checks.y)
    mine, theirs = checkpoint.learner.state(), loaded.learner.state()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[k], theirs[k]) for k in mine)
    assert (folder / "MODEL_CARD.md").read_text() == "a card"
    assert not loaded.model.training
    assert len(loaded.heads) == 1


def test_units_and_domains_are_saved_too(saved, tmp_path):
    checkpoint, _ = saved
    width, generator = checkpoint.model.num_features, torch.Generator().manual_seed(0)
    model = checkpoint.model.with_units((4, 12), torch.randn(2, width, generator=generator), torch.ones(2))
    domains = Domains(torch.randn(2, width, generator=generator), torch.ones(2), torch.arange(14.0).reshape(2, 7))
    save_checkpoint(replace(checkpoint, model=model, domains=domains), tmp_path / "whole", "a card")
    loaded = load_checkpoint(tmp_path / "whole")
    assert loaded.model.action_units == (4, 12)
    assert torch.equal(loaded.model.units.weight, model.units.weight)
    assert loaded.domains is not None
    for name, value in domains.tensors().items():
        assert torch.equal(getattr(loaded.domains, name), value)
    plain = checkpoint.folded(checkpoint.learner.head())
    moved = loaded.folded(checkpoint.learner.head())
    assert not torch.allclose(plain.weight, moved.weight)
    assert loaded.with_room().domains.offsets.shape == (2, 8)
    short = replace(domains, offsets=torch.ones(2, 6))
    save_checkpoint(replace(checkpoint, domains=short), tmp_path / "short", "a card")
    with pytest.raises(CheckpointError, match="its domains does not fit"):
        load_checkpoint(tmp_path / "short")


def test_saving_again_replaces_the_folder_and_leaves_nothing_behind(saved):
    checkpoint, folder = saved
    save_checkpoint(checkpoint, folder, "another card")
    assert (folder / "MODEL_CARD.md").read_text() == "another card"
    assert [p.name for p in folder.parent.iterdir()] == ["saved"]


def test_a_failed_save_leaves_the_old_folder(saved, monkeypatch):
    checkpoint, folder = saved
    monkeypatch.setattr("cfer.checkpoint.folder.versions", lambda: {"bad": object()})
    with pytest.raises(TypeError):
        save_checkpoint(checkpoint, folder, "another card")
    assert (folder / "MODEL_CARD.md").read_text() == "a card"
    assert [p.name for p in folder.parent.iterdir()] == ["saved"]


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def _edit(folder: Path, **changes) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "learner.safetensors").unlink(), "lacks learner.safetensors"),
        (lambda f: _flip(f / "model.safetensors"), "not the file that was saved"),
        (lambda f: _edit(f, schema_version=99), "schema version 99"),
        (lambda f: (f / "config.json").write_text("[]"), "not a checkpoint of cfer"),
        (lambda f: (f / "notes.txt").write_text("mine"), "holds notes.txt, which its config.json does not list"),
        (lambda f: _edit(f, classes=[]), "does not hold a whole checkpoint"),
        (lambda f: _edit(f, backbone={"name": "resnet18", "output_stride": 32}), "does not hold a whole checkpoint"),
        (lambda f: _edit(f, preprocessing={"input_px": "x"}), "does not hold a whole checkpoint"),
    ],
)
def test_a_harmed_folder_is_refused_in_words(saved, harm, words):
    _, folder = saved
    harm(folder)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(folder)


def test_symmetric_matrices_come_back_to_the_last_bit():
    matrix = torch.randn(2, 5, 5, generator=torch.Generator().manual_seed(0))
    state = {"a": symmetric(matrix), "b": matrix, "c": torch.ones(3), "d": torch.ones(1, 1)}
    kept = packed(state)
    assert kept["a@triangle"].shape == (2, 15)
    assert {k: v.shape for k, v in unpacked(kept).items()} == {k: v.shape for k, v in state.items()}
    assert all(torch.equal(v, state[k]) for k, v in unpacked(kept).items())


def test_class_infos_come_from_the_vocabulary():
    assert ClassInfo.of("awed") == ClassInfo("awed", Kind.COMPOUND, ("fearful", "surprised"))
    assert ClassInfo.of("smirking") == ClassInfo("smirking", Kind.TAUGHT)


def test_the_default_checkpoint_is_whole_small_and_without_pickles():
    checkpoint = load_checkpoint(DEFAULT)
    assert checkpoint.names[:7] == BASICS
    assert len(checkpoint.names) > 7
    assert len(checkpoint.heads) == len(checkpoint.names) - 6
    files = [p for p in DEFAULT.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 30_000_000  # a third of it is the scatter of three data sets
    assert {p.suffix for p in files} == {".safetensors", ".json", ".md", ".jpg"}
    assert {"landmarks.safetensors", "relations.json"} <= set(checkpoint.measured)


def test_the_default_card_says_what_the_folder_holds():
    from cfer.checkpoint.card import model_card

    checkpoint = load_checkpoint(DEFAULT)
    assert (DEFAULT / "MODEL_CARD.md").read_text(encoding="utf-8") == model_card(checkpoint)


def test_a_network_too_large_for_its_weights_is_refused_before_memory_is_taken(basic_run, tmp_path):
    folder = tmp_path / "large"
    shutil.copytree(basic_run[0] / "checkpoint", folder)
    config = json.loads((folder / "config.json").read_text())
    config["backbone"]["name"] = "resnetv2_152x4_bit"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="too few weights for resnetv2"):
        load_checkpoint(folder)


def test_what_was_loaded_stays_when_its_files_are_written_over(tmp_path):
    """In place, as `cp` does it: the file is the same, its content is not."""
    folder = tmp_path / "checkpoint"
    shutil.copytree(DEFAULT, folder)
    loaded = load_checkpoint(folder)
    before = {k: v.clone() for k, v in loaded.learner.state().items()}
    kept = loaded.checks.x.clone(), [(h.weight.clone(), h.bias.clone()) for h in loaded.heads], loaded.offsets.clone()
    for path in folder.rglob("*.safetensors"):
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(size // 2)
            file.write(b"\x3f" * (size - size // 2))
    assert all(torch.equal(v, before[k]) for k, v in loaded.learner.state().items())
    assert torch.equal(loaded.checks.x, kept[0])
    assert all(
        torch.equal(h.weight, w) and torch.equal(h.bias, b) for h, (w, b) in zip(loaded.heads, kept[1], strict=True)
    )
    assert torch.equal(loaded.offsets, kept[2])


def test_more_than_ninety_nine_steps_come_back_in_their_order(tmp_path):
    default = load_checkpoint()
    first = default.heads[0]
    heads = tuple(Head(first.weight, first.bias + step / 2**10) for step in range(120))
    save_checkpoint(replace(default, heads=(*heads, default.heads[-1])), tmp_path / "saved", "a card")
    found = load_checkpoint(tmp_path / "saved").heads
    assert [round(float((h.bias - first.bias)[0]) * 2**10) for h in found[:120]] == list(range(120))


@pytest.mark.parametrize("name", ["me/faces", "me/faces@step-07"])
def test_a_name_on_the_hub_for_a_folder_says_what_to_do(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=rf"cfer pull {name}.*from_pretrained"):
        cfer.load(name)
    with pytest.raises(CheckpointError, match=r"does not exist\.$"):
        cfer.load(tmp_path / "gone" / "away" / "folder")
