import pytest
from hub_server import Hub
from huggingface_hub import constants


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in speaks plain LFS
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    found = Hub()
    yield found
    found.close()


@pytest.fixture
def folder(basic_run):
    return basic_run[0] / "checkpoint"
