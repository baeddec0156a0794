import pytest
import torch

from cfer.checkpoint import CheckpointError
from cfer.hub import CferModel, HubError

NAME = "me/faces"


def test_a_taught_model_goes_to_the_hub_and_comes_back_the_same(hub, folder, photograph, tmp_path):
    face = photograph[0:260, 100:360]
    model = CferModel.from_pretrained(folder)
    taught, _ = model.teach("smirking", [face], already_cropped=True)
    assert isinstance(taught, CferModel)
    commit = taught.push_to_hub(NAME, tag="smirking", endpoint=hub.url)
    assert hub.private[NAME]
    assert hub.tags[NAME]["smirking"] == commit
    back = CferModel.from_pretrained(NAME, revision="smirking", endpoint=hub.url, cache_dir=tmp_path)
    assert back.names == taught.names
    assert torch.equal(back.checkpoint.head.weight, taught.checkpoint.head.weight)
    one, other = (r.face(face, already_cropped=True).probabilities for r in (taught, back))
    assert one == other


def test_what_is_not_there_is_said(hub, tmp_path):
    with pytest.raises(HubError, match="is not on the Hub"):
        CferModel.from_pretrained("me/nothing", endpoint=hub.url, cache_dir=tmp_path)
    with pytest.raises(CheckpointError):
        CferModel.from_pretrained(tmp_path)
