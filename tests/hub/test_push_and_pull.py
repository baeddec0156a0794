import errno
import shutil

import pytest
import torch
from huggingface_hub import ModelCard

from cfer.checkpoint import DEFAULT, CheckpointError, load_checkpoint
from cfer.hub import CARD, HubError, cached, find_checkpoint, parse_name, pull, push

NAME = "me/faces"


def test_what_is_pushed_is_pulled_the_same_and_pinned(hub, folder, tmp_path):
    pushed = push(folder, NAME, tag="step-00", endpoint=hub.url)
    assert hub.private[NAME]
    found = pull(f"{NAME}@step-00", endpoint=hub.url, cache=tmp_path)
    assert found.revision == pushed.revision == hub.tags[NAME]["step-00"]
    assert str(found) == f"{NAME}@step-00 (commit {pushed.revision})"
    mine, theirs = load_checkpoint(folder), load_checkpoint(found.folder)
    assert torch.equal(mine.head.weight, theirs.head.weight)
    assert {path for path, _ in pushed.files} == set(hub.commits[NAME][-1][1]) - {".gitattributes"}
    requests = len(hub.asked)
    again = find_checkpoint(f"{NAME}@{pushed.revision}", endpoint=hub.url, cache=tmp_path)
    assert again.folder == found.folder
    assert len(hub.asked) == requests  # a pinned revision that is there is not asked for


def test_a_dry_run_lists_every_file_and_sends_nothing(hub, folder):
    found = push(folder, NAME, dry_run=True, endpoint=hub.url)
    assert found.revision is None
    assert ("config.json", (folder / "config.json").stat().st_size) in found.files
    assert hub.asked == []


def test_the_hubs_card_has_the_test_results_as_metadata(hub):
    from cfer.hub import hub_card

    checkpoint = load_checkpoint(DEFAULT)
    card = ModelCard(hub_card(checkpoint, NAME))
    values = {(r.dataset_name, r.metric_name): r.metric_value for r in card.data.eval_results}
    for found in checkpoint.facts.continual.data_sets:
        name = f"{found.name}, test part, 22 classes"
        assert values[name, "accuracy"] == pytest.approx(found.accuracy, abs=1e-4)
    assert "# A reader of facial expressions" in card.text


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "log in"), (403, "log in"), (429, "slow down"), (500, "fault of its own"), (503, "fault")],
)
def test_every_refusal_is_a_sentence_without_a_token(hub, folder, tmp_path, monkeypatch, status, words):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    hub.failing = status
    for ask in (lambda: push(folder, NAME, endpoint=hub.url), lambda: pull(NAME, endpoint=hub.url, cache=tmp_path)):
        with pytest.raises(HubError, match=words) as raised:
            ask()
        assert "hf_secret" not in str(raised.value)
        assert hub.url not in str(raised.value)


@pytest.mark.parametrize("answer", [b"<html>Log in</html>", b"null", b"[]", b"{}"])
def test_what_answers_in_the_hubs_place_is_told_from_it(hub, folder, tmp_path, answer):
    hub.portal = answer
    for ask in (lambda: push(folder, NAME, endpoint=hub.url), lambda: pull(NAME, endpoint=hub.url, cache=tmp_path)):
        with pytest.raises(HubError, match="is not the Hub"):
            ask()
    found = find_checkpoint(NAME, endpoint=hub.url, cache=tmp_path)
    assert found.folder == DEFAULT
    assert "is not the Hub" in found.note


def test_what_is_not_there_is_said(hub, folder, tmp_path):
    with pytest.raises(HubError, match="is not on the Hub"):
        pull("me/nothing", endpoint=hub.url, cache=tmp_path)
    push(folder, NAME, endpoint=hub.url)
    with pytest.raises(HubError, match="no revision 'step-99'"):
        pull(f"{NAME}@step-99", endpoint=hub.url, cache=tmp_path)


def test_a_file_that_was_changed_on_the_way_is_found(hub, folder, tmp_path):
    push(folder, NAME, endpoint=hub.url)
    hub.spoil = {"model.safetensors"}
    with pytest.raises(CheckpointError, match=r"model.safetensors is not the file that was saved"):
        pull(NAME, endpoint=hub.url, cache=tmp_path)
    assert cached(NAME, cache=tmp_path) is None


def test_a_pull_that_broke_off_goes_on_where_it_was(hub, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None, raising=False)
    push(folder, NAME, endpoint=hub.url)
    hub.cut = {"learner.safetensors"}
    with pytest.raises(HubError, match="cannot be reached"):
        pull(NAME, endpoint=hub.url, cache=tmp_path)
    assert cached(NAME, cache=tmp_path) is None
    hub.cut = set()
    before = len(hub.asked)
    found = pull(NAME, endpoint=hub.url, cache=tmp_path)
    assert load_checkpoint(found.folder).names == load_checkpoint(folder).names
    fetched = [path for verb, path in hub.asked[before:] if verb == "GET" and "/resolve/" in path]
    assert len(fetched) < len(list(folder.rglob("*.*")))  # what had come whole is not fetched again


def test_a_full_disk_and_a_locked_cache_are_said_and_the_app_starts_all_the_same(hub, folder, tmp_path, monkeypatch):
    push(folder, NAME, endpoint=hub.url)
    for number, words in ((errno.ENOSPC, "disk is full"), (errno.EACCES, "may not be written")):

        def fails(*_, number=number, **__):
            raise OSError(number, "no")

        monkeypatch.setattr("cfer.hub.pulling.shutil.copytree", fails)
        with pytest.raises(HubError, match=words):
            pull(NAME, endpoint=hub.url, cache=tmp_path)
        found = find_checkpoint(NAME, endpoint=hub.url, cache=tmp_path)
        assert found.folder == DEFAULT
        assert words in found.note


def test_without_a_network_the_last_copy_or_the_own_checkpoint_is_used_and_that_is_said(hub, folder, tmp_path):
    push(folder, NAME, endpoint=hub.url)
    found = pull(NAME, endpoint=hub.url, cache=tmp_path)
    hub.failing = 500
    offline = find_checkpoint(NAME, endpoint=hub.url, cache=tmp_path)
    assert offline.folder == found.folder
    assert "copy fetched before is used" in offline.note
    nowhere = find_checkpoint("me/other", endpoint="http://127.0.0.1:9", cache=tmp_path)
    assert nowhere.folder == DEFAULT
    assert "cannot be reached" in nowhere.note


def test_a_tag_that_is_there_is_moved(hub, folder):
    first = push(folder, NAME, tag="best", endpoint=hub.url)
    second = push(folder, NAME, tag="best", endpoint=hub.url)
    assert first.revision != second.revision
    assert hub.tags[NAME]["best"] == second.revision


def test_what_an_earlier_push_left_is_removed_so_that_the_new_one_can_be_pulled(hub, folder, tmp_path):
    push(folder, NAME, endpoint=hub.url)
    hub.commits[NAME][-1][1]["steps/09.safetensors"] = b"of a longer run"
    push(folder, NAME, endpoint=hub.url)
    assert "steps/09.safetensors" not in hub.commits[NAME][-1][1]
    assert pull(NAME, endpoint=hub.url, cache=tmp_path).folder.is_dir()


def test_a_name_that_the_hub_would_not_take_is_refused_in_words(hub, tmp_path):
    with pytest.raises(HubError, match="is not a name on the Hub"):
        pull("me/x--y", endpoint=hub.url, cache=tmp_path)
    assert find_checkpoint("me/x--y", endpoint=hub.url, cache=tmp_path).folder == DEFAULT


def test_a_damaged_folder_is_never_sent(hub, folder, tmp_path):
    bad = tmp_path / "bad"
    shutil.copytree(folder, bad)
    (bad / "model.safetensors").write_bytes(b"no")
    with pytest.raises(CheckpointError):
        push(bad, NAME, endpoint=hub.url)
    assert hub.asked == []
    assert CARD not in {path.name for path in folder.iterdir()}  # nothing is added to the local folder


def test_a_folder_that_cannot_be_used_is_replaced_by_the_own_checkpoint_with_a_note(tmp_path, folder):
    assert find_checkpoint(None).folder == DEFAULT
    assert find_checkpoint(str(folder)).folder == folder
    found = find_checkpoint(str(tmp_path))
    assert found.folder == DEFAULT
    assert "used instead" in found.note
    assert str(tmp_path) not in found.note  # visitors see it


@pytest.mark.parametrize("name", ["faces", "me/", "me/a b", "../me/x", "me/x@", "a/b/c", "me/x@../y@z"])
def test_names_that_are_none(name):
    if name == "me/x@":
        assert parse_name(name) == ("me/x", None)
        return
    with pytest.raises(HubError, match="is not a name on the Hub"):
        parse_name(name)
