"""What documents name exists, and what the README says in short is what was measured."""

import importlib
import importlib.util
import json
import re
from pathlib import Path

import pytest

from benchmarks.app import app_assets
from benchmarks.common.earlier import earlier_files, stale_files
from benchmarks.common.results import RESULTS, read_result
from benchmarks.pages import benchmark, explanations, lessons, quoted
from cfer.checkpoint import load_checkpoint, model_digest
from cfer.system.old_names import MOVED

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_test_script_and_link_that_a_document_names_exists(path):
    text = path.read_text(encoding="utf-8")
    tests = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in re.findall(r"`(test_\w+)`", text) if f"def {name}(" not in tests] == []
    scripts = re.findall(r"python -m (benchmarks[\w.]+)", text)
    assert [name for name in scripts if not (ROOT / f"{name.replace('.', '/')}.py").is_file()] == []
    links = [link for link in re.findall(r"\]\(([^)\s#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def named(dotted):
    """Whether a module of the package, or what is in one, bears this name."""
    module, rest = importlib.import_module("cfer"), dotted.split(".")[1:]
    while rest and hasattr(module, "__path__") and importlib.util.find_spec(f"{module.__name__}.{rest[0]}"):
        module = importlib.import_module(f"{module.__name__}.{rest.pop(0)}")
    for name in rest:
        module = getattr(module, name, None)
    return module is not None


@pytest.mark.parametrize("folder", ["cfer", "benchmarks", "tools", "findings", "documents"])
def test_every_module_and_file_in_backticks_exists(folder):
    if folder == "documents":
        paths = DOCUMENTS
    else:
        paths = [p for p in (ROOT / folder).rglob("*") if p.suffix in {".py", ".md", ".sh"}]
    text = "\n".join(p.read_text(encoding="utf-8") for p in paths)
    assert [
        name for name in set(re.findall(r"`(cfer(?:\.\w+)+)[`(]", text)) - {"cfer.json", *MOVED} if not named(name)
    ] == []
    files = set(re.findall(r"`((?:cfer|tests|benchmarks|tools|findings|docs|checkpoints)/[\w./-]+)`", text))
    assert [name for name in files - {"benchmarks/results/NAME.json"} if not (ROOT / name).exists()] == []


def test_the_list_of_threats_has_a_proof_in_every_line():
    rows = [r for r in (ROOT / "docs" / "security.md").read_text().splitlines() if r.startswith("|")]
    lines = [r.split("|") for r in rows if not r.startswith(("| threat", "| ---"))]
    assert len(lines) > 15
    assert [line[1] for line in lines if "`" not in line[3]] == []


def said(values, times=100, digits=1):
    value, low, high = (f"{times * v:.{digits}f}" for v in values)
    return f"{value} ({low} to {high})"


def test_the_results_in_short_are_those_that_were_measured():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| asked |") : text.index("What the default checkpoint can do")].splitlines()
    photographs, ferplus, units, renders, one, every, lesson, maps = (line.split("|")[2:4] for line in table[2:10])

    readers = [r["mean recall without fearful"] for r in read_result("photographs")["readers"].values()]
    assert said(readers[0], 1, 2) in photographs[0]
    assert [f"{r[0]:.2f}" in photographs[1] for r in readers[1:]] == [True, True]

    card = (ROOT / "checkpoints" / "default" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert [n in card for n in re.findall(r"[\d.]+ %", ferplus[0])] == [True, True]

    readouts = read_result("photograph_units")["test"]
    for cell, name in ((units[0], "shipped"), (units[1], "rendered faces alone")):
        found = readouts[name]["photographs"]
        assert re.findall(r"\d\.\d\d", cell) == [f"{found['mean']:.2f}", f"{found['least']:.2f}"]

    unseen = read_result("unseen_faces")
    low, high = (f"{100 * v:.1f}" for v in unseen["accuracy_interval"])
    assert f"{100 * unseen['accuracy']:.1f} % ({low} to {high})" in renders[0]

    rows = {
        (r["method"], r["shots"], r["memory"]): r["scores"] for r in read_result("continual")["muscles"]["settings"]
    }
    assert said(rows["compositional", 1, 0]["harmonic"]) in one[0]
    beside = [("teen", 1, 0), ("predictive-replay", 1, 20)]
    assert re.findall(r"\d\d\.\d", one[1]) == [f"{100 * rows[key]['harmonic'][0]:.1f}" for key in beside]
    assert f"{100 * rows['compositional', None, 0]['average_incremental'][0]:.1f}" in every[0]
    beside = [("logistic", None, 0), ("ridge", None, 0), ("paper-herding", None, 20), ("predictive-replay", None, 62)]
    assert re.findall(r"\d\d\.\d", every[1]) == [f"{100 * rows[key]['average_incremental'][0]:.1f}" for key in beside]

    taught = read_result("lessons")["renders"]
    for row, cell in ((taught["balanced, 1"], lesson[0]), (taught["head trained anew, 1"], lesson[1])):
        assert [float(n) for n in re.findall(r"[\d.]+", cell)] == [
            round(100 * row[key][0], 1) for key in ("harmonic", "lost")
        ]

    saliency = read_result("saliency")
    last = "Grad-CAM, last layer, all classes at once"
    assert said(saliency["methods"][last]["ratio"], 1, 2) in maps[0]
    assert re.findall(r"\d\.\d\d", maps[1]) == [
        f"{saliency['truth_by_cells']['8'][0]:.2f}",
        f"{saliency['randomised'][last]['head'][0]:.2f}",
    ]


@pytest.mark.parametrize("module", [benchmark, explanations, lessons], ids=lambda m: m.__name__)
def test_a_page_is_what_its_script_makes_of_the_committed_results(module):
    assert module.PAGE.read_text(encoding="utf-8") == module.page()


def test_the_readme_has_what_the_page_says_held_against_labels():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == quoted.readme(text)
    assert text[text.index("<!-- says -->") :].count("answers |") >= 4


@pytest.mark.parametrize("name", quoted.PAGES)
def test_a_page_quotes_committed_results(name):
    assert (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") == quoted.page(name)


def test_the_app_shows_the_committed_results():
    for name, content in app_assets.assets().items():
        assert json.loads((app_assets.ASSETS / f"{name}.json").read_text(encoding="utf-8")) == content


def test_what_is_stale_is_there_and_is_said_where_it_is_quoted():
    listed = stale_files()
    assert set(listed) <= {p.name for p in RESULTS.glob("*.json")}
    for page, result in (("benchmark.md", "continual.json"), ("lessons.md", "lessons.json")):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert (listed[result]["why"] in text) is (result in listed)


def test_a_result_says_which_checkpoint_it_is_of_or_is_listed_with_the_reason():
    default = model_digest(load_checkpoint().model)
    unnamed = {
        p.name for p in RESULTS.glob("*.json") if read_result(p.stem).get("made_by", {}).get("checkpoint") != default
    }
    listed = earlier_files()
    assert unnamed == set(listed)
    assert all(listed.values())
    assert "benchmarks/common/earlier.json" in (ROOT / "README.md").read_text(encoding="utf-8")
