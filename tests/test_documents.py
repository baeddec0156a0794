"""What documents name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_test_script_and_link_that_a_document_names_exists(path):
    text = path.read_text(encoding="utf-8")
    tests = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in re.findall(r"`(test_\w+)`", text) if f"def {name}(" not in tests] == []
    scripts = re.findall(r"python -m benchmarks\.(\w+)", text)
    assert [name for name in scripts if not (ROOT / "benchmarks" / f"{name}.py").is_file()] == []
    links = [link for link in re.findall(r"\]\(([^)\s#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_list_of_threats_has_a_proof_in_every_line():
    rows = [r for r in (ROOT / "docs" / "security.md").read_text().splitlines() if r.startswith("|")]
    lines = [r.split("|") for r in rows if not r.startswith(("| threat", "| ---"))]
    assert len(lines) > 15
    assert [line[1] for line in lines if "`" not in line[3]] == []
