import sys

import pytest

from cfer.system.provenance import code_digest, code_files, differences, digest_of, digest_of_all


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A way to write a package and get the digest of its code."""
    monkeypatch.syspath_prepend(str(tmp_path))
    count = iter(range(100))

    def digest(source: str, asset: bytes = b"1") -> str:
        name = f"probed_{next(count)}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source)
        (tmp_path / name / "table.bin").write_bytes(asset)
        return code_digest(name)

    yield digest
    for name in [n for n in sys.modules if n.startswith("probed_")]:
        del sys.modules[name]


def test_code_that_does_the_same_has_one_digest(module):
    plain = module("def f(x):\n    return x + 1\n")
    assert (
        module('"""Words."""\n\n\ndef f(x):\n    """More words."""\n    return (x +\n            1)  # why\n') == plain
    )
    assert module("def f(x):\n    return x + 2\n") != plain
    assert module("def f(x):\n    return x + 1\n", asset=b"2") != plain


def test_digests_tell_parts_from_each_other():
    assert digest_of_all(["ab", "c"]) != digest_of_all(["a", "bc"])
    assert digest_of_all([1]) != digest_of_all(["1"])
    assert digest_of(b"") != digest_of(b"\0")


def test_differences_name_what_differs_and_no_digest():
    one, other = digest_of(b"1"), digest_of(b"2")
    before = {"data": {"labels": one, "rows": 3}, "same": [1, 2]}
    assert differences(before, {"data": {"labels": one, "rows": 3}, "same": (1, 2)}) == []
    assert differences(before, {"data": {"labels": other, "rows": 4}, "same": [1, 2], "new": one}) == [
        "data, labels: not the same",
        "data, rows: 3 there, 4 now",
        "new: not known of both",
    ]


def test_code_counts_with_all_that_it_imports_of_its_package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "chained"
    (package / "assets").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "near.py").write_text("def f():\n    from chained import far\n    return far.g()\n")
    (package / "far.py").write_text("import chained.farther\n\n\ndef g():\n    return chained.farther.VALUE\n")
    (package / "farther.py").write_text("VALUE = 1\n")
    (package / "apart.py").write_text("VALUE = 1\n")
    (package / "assets" / "table.bin").write_bytes(b"1")

    def digest() -> str:
        code_digest.cache_clear()
        return code_digest("chained.near")

    names = [name for name, _ in code_files("chained.near")]
    assert names == ["chained.far", "chained.farther", "chained.near", "table.bin"]
    before = digest()
    for path, same in (("apart.py", True), ("assets/.DS_Store", True), ("farther.py", False)):
        (package / path).write_text("VALUE = 20\n")
        assert (digest() == before) == same, path
    before = digest()
    (package / "assets" / "table.bin").write_bytes(b"2")
    assert digest() != before
