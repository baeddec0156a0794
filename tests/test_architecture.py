"""The house's rules, read from the syntax trees."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cfer"
FILES = sorted(PACKAGE.rglob("*.py"))

# What each part may import, itself aside: imports run one way.
GROUND = {"provenance", "draws", "forks"}
"""What every part may import."""
LEARNING = {
    "camera",
    "emotions",
    "files",
    "places",
    "pictures",
    "outputs",
    "cores",
    "faces",
    "data",
    "synth",
    "model",
    "learners",
    "checkpoint",
    "features",
}
ALLOWED = {
    "provenance": set(),
    "draws": set(),
    "forks": set(),
    "camera": set(),
    "emotions": set(),
    "pictures": set(),
    "files": set(),
    "places": set(),
    "outputs": set(),
    "cores": set(),
    "start": {"model"},
    "faces": {"pictures"},
    "data": {"emotions", "pictures"},
    "synth": {"cores", "emotions", "pictures", "data", "files", "outputs"},
    "model": {"camera", "emotions"},
    "learners": {"emotions"},
    "checkpoint": {"camera", "emotions", "files", "outputs", "places", "model", "learners"},
    "features": LEARNING - {"features", "learners"},
    "evaluation": LEARNING - {"faces", "synth"},
    "training": LEARNING | {"evaluation", "start"},
    "lessons": {"emotions", "learners", "checkpoint", "evaluation"},
    "explain": {"emotions", "faces", "synth", "model"},
    "measure": LEARNING | {"explain"},
    "adapt": {"camera", "emotions", "files", "learners", "checkpoint"},
    "teaching": {"adapt", "checkpoint", "face_reading", "lessons", "passes", "pictures"},
    "reader_state": {"checkpoint", "lessons"},
    "yardsticks": {"emotions", "checkpoint", "explain", "model"},
    "passes": {"explain", "model"},
    "face_reading": {"emotions", "explain", "faces", "model", "passes", "yardsticks"},
    "reader": {"adapt", "face_reading", "passes", "yardsticks", "pictures", "faces", "model", "checkpoint", "lessons"}
    | {"teaching", "reader_state"},
    "batch": {"cores", "pictures", "faces", "data", "files", "model", "checkpoint", "explain", "outputs", "reader"}
    | {"features", "teaching"},
    "hub": {"checkpoint", "evaluation", "files", "reader"},
    "draw": {"explain"},
    "evidence": {"emotions", "outputs", "checkpoint", "explain", "reader", "draw"},
    "cli": LEARNING
    | {"adapt", "face_reading", "evaluation", "training", "lessons", "measure", "reader", "evidence"}
    | {"hub", "batch"},
    "app": {
        "adapt",
        "emotions",
        "model",
        "places",
        "pictures",
        "faces",
        "checkpoint",
        "explain",
        "evaluation",
        "lessons",
    }
    | {"reader", "face_reading", "evidence", "draw", "hub", "model", "teaching"},
    "__main__": {"cli"},
    "__init__": {"pictures", "reader"},
}


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    mine = part_of(path)
    ours = {m.split(".")[1] for m in imports(path) if m.startswith("cfer.")}
    assert ours - {mine} <= ALLOWED[mine] | GROUND


def test_gradio_stays_in_the_app_and_argument_parsing_in_the_command_line():
    for path in FILES:
        roots = {m.split(".")[0] for m in imports(path)}
        assert ("gradio" not in roots) or part_of(path) == "app"
        assert not roots & {"typer", "argparse", "click"} or part_of(path) == "cli"
        assert not roots & {"pickle", "joblib", "dill"}


def test_no_file_is_too_long_and_most_are_short():
    lengths = sorted(len(p.read_text(encoding="utf-8").splitlines()) for p in FILES if p.name != "__init__.py")
    assert lengths[-1] <= 350
    assert lengths[len(lengths) // 2] <= 150


def test_explanations_touch_no_shared_model():
    for path in [*(PACKAGE / "explain").glob("*.py"), PACKAGE / "reader.py", PACKAGE / "face_reading.py"]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"register_forward_hook|setattr\(|\.train\(\)", text), path


def test_learners_know_no_pictures_and_explanations_no_learner():
    for path in (PACKAGE / "learners").glob("*.py"):
        assert not any(m.startswith(("cfer.pictures", "cfer.data", "cfer.faces", "PIL")) for m in imports(path))
    for path in (PACKAGE / "explain").glob("*.py"):
        assert not any(m.startswith("cfer.learners") for m in imports(path))


def test_nothing_is_loaded_by_pickle():
    for path in FILES:
        assert not re.search(r"torch\.(load|save)\(", path.read_text(encoding="utf-8"))
