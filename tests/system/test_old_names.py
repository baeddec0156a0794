"""Import paths of the version before."""

import importlib
import sys

import pytest

from cfer.system.old_names import MOVED


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_an_old_path_gives_the_module_itself_and_says_where_it_is_now(old, new, monkeypatch):
    module = importlib.import_module(new)
    spec = module.__spec__
    monkeypatch.delitem(sys.modules, old, raising=False)
    with pytest.warns(DeprecationWarning, match=rf"{old} is {new} now"):
        found = importlib.import_module(old)
    assert found is module
    assert (module.__name__, module.__spec__) == (new, spec)


def test_other_names_that_do_not_exist_are_refused_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"cfer\.nothing_of_that_name"):
        importlib.import_module("cfer.nothing_of_that_name")
