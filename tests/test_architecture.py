"""The house's rules, read from the syntax trees."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cfer"
FILES = sorted(PACKAGE.rglob("*.py"))

ROOT_MODULES = {"__init__", "__main__", "emotions"}
"""The only modules that lie at the package's root: the door, and the vocabulary."""

# What each room may import, itself, `system` and `emotions` aside: imports run one way.
ALLOWED = {
    "__init__": {"pictures", "reading"},
    "__main__": {"cli"},
    "emotions": set(),
    "system": set(),
    "pictures": set(),
    "network": set(),
    "faces": {"pictures"},
    "data": {"pictures"},
    "synth": {"pictures", "data"},
    "learners": set(),
    "explain": {"network"},
    "checkpoint": {"learners", "network"},
    "features": {"checkpoint", "data", "faces", "network", "pictures", "synth"},
    "protocol": {"data", "features", "learners"},
    "evaluation": {"data", "features", "learners", "protocol"},
    "training": {"checkpoint", "data", "evaluation", "explain", "features", "learners", "network", "protocol", "synth"},
    "measure": {"checkpoint", "data", "evaluation", "explain", "features", "learners", "network", "synth"},
    "lessons": {"checkpoint", "evaluation", "learners", "pictures", "protocol"},
    "reading": {"checkpoint", "evaluation", "explain", "faces", "learners", "lessons", "network", "pictures"},
    "batch": {"checkpoint", "data", "explain", "faces", "features", "network", "pictures", "reading"},
    "hub": {"checkpoint", "reading"},
    "cli": {"batch", "checkpoint", "data", "evaluation", "features", "hub", "learners", "lessons", "measure", "network"}
    | {"pictures", "protocol", "reading", "synth", "training"},
    "app/texts": {"faces", "lessons", "pictures"},
    "app/server": {"app/texts", "explain", "hub", "lessons", "pictures", "reading"},
    "app/panels": {"app/texts", "app/server", "explain", "faces", "lessons", "network", "reading"},
    "app/tabs": {
        "app/texts",
        "app/server",
        "app/panels",
        "checkpoint",
        "explain",
        "hub",
        "lessons",
        "pictures",
        "reading",
    },
    "app": {"app/texts", "app/server", "app/tabs", "hub", "reading"},
}


def room_of(module: str) -> str:
    """The room of a module of the package, by its name: its first folder; rooms of the app are those within it."""
    _, first, *rest = module.split(".")
    return f"app/{rest[0]}" if first == "app" and rest and (PACKAGE / "app" / rest[0]).is_dir() else first


def name_of(path: Path) -> str:
    return ".".join(("cfer", *path.relative_to(PACKAGE).with_suffix("").parts))


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
    mine = room_of(name_of(path))
    ours = {room_of(m) for m in imports(path) if m.startswith("cfer.")}
    assert ours - {mine, "system", "emotions"} <= ALLOWED[mine]


def test_there_is_no_circle_of_rooms_and_not_too_many_of_them():
    floors: dict[str, int] = {}
    while len(floors) < len(ALLOWED):
        free = [room for room in ALLOWED if room not in floors and ALLOWED[room] <= set(floors)]
        assert free, f"a circle among {sorted(set(ALLOWED) - set(floors))}"
        floors |= dict.fromkeys(free, max(floors.values(), default=0) + 1)
    rooms = {room_of(name_of(p)) for p in FILES} - ROOT_MODULES
    assert len(rooms) <= 24
    assert {p.stem for p in PACKAGE.glob("*.py")} == ROOT_MODULES


def test_gradio_stays_in_the_app_and_argument_parsing_in_the_command_line():
    for path in FILES:
        roots = {m.split(".")[0] for m in imports(path)}
        assert ("gradio" not in roots) or room_of(name_of(path)).startswith("app")
        assert not roots & {"typer", "argparse", "click"} or room_of(name_of(path)) == "cli"
        assert not roots & {"pickle", "joblib", "dill"}


def test_no_file_is_too_long_and_most_are_short():
    lengths = sorted(len(p.read_text(encoding="utf-8").splitlines()) for p in FILES if p.name != "__init__.py")
    assert lengths[-1] <= 300
    assert lengths[len(lengths) // 2] < 110


def test_explanations_touch_no_shared_model():
    for path in [*(PACKAGE / "explain").glob("*.py"), *(PACKAGE / "reading").glob("*.py")]:
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


QUESTIONS = {"What", "How", "Where", "Whether", "Which", "Who", "Why", "When"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_docstrings_begin_with_what_a_thing_is(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    said = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)]
    assert [text for text in said if text and text.split()[0] in QUESTIONS] == []
