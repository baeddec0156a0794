import importlib
import sys
import types

import pytest
import torch

from cfer.app.panels import map_kinds
from cfer.app.server.zero_gpu import lent_gpu
from cfer.reading.reader import Reader
from cfer.system.resources import EXAMPLES


@pytest.fixture
def lender(monkeypatch):
    """A package `spaces` that counts, as the real one does, which functions ask for a GPU, and runs them on copies."""
    asked = []

    def gpu(duration):
        def wrap(function):
            asked.append(function.__name__)

            def run(*given):
                return function(*given).clone()

            return run

        return wrap

    module = types.ModuleType("spaces")
    module.GPU = gpu
    monkeypatch.setitem(sys.modules, "spaces", module)
    return asked


def test_where_no_gpu_is_lent_a_function_stays_itself(monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", None)

    def double(x):
        return 2 * x

    assert lent_gpu(double) is double


def test_the_librarys_methods_ask_for_a_gpu_and_give_the_same_maps(lender):
    reader = Reader()
    face = reader.face(EXAMPLES / "2-happy.jpg")
    view = "layer_cam"
    plain = map_kinds.raw_maps(reader, face, ["happy"], view)[0]
    try:
        lending = importlib.reload(map_kinds)
        assert lender == ["_on_lent_gpu"]  # a Space on ZeroGPU does not start without one
        torch.testing.assert_close(lending.raw_maps(reader, face, ["happy"], view)[0], plain)
    finally:
        sys.modules.pop("spaces")
        importlib.reload(map_kinds)
