"""`cfer read --neutral`."""

import csv
import json

import pytest
from typer.testing import CliRunner

from cfer.cli import app
from cfer.system.resources import EXAMPLES

HAPPY, NEUTRAL = str(EXAMPLES / "2-happy.jpg"), str(EXAMPLES / "8-disgusted.jpg")
RUN = CliRunner()


def test_lines_and_tables_are_of_the_same_person(reader, tmp_path):
    line = RUN.invoke(app, ["read", "--json", HAPPY, "--neutral", NEUTRAL])
    (face,) = json.loads(line.stdout)["faces"]
    out = tmp_path / "table.csv"
    assert RUN.invoke(app, ["read", HAPPY, "--neutral", NEUTRAL, "--out", str(out), "--processes", "1"]).exit_code == 0
    with out.open() as file:
        (row,) = csv.DictReader(file)
    wanted = reader.with_neutral(NEUTRAL).face(HAPPY).probabilities
    for name, chance in wanted.items():
        assert face["probabilities"][name] == pytest.approx(chance, abs=1e-5)
        assert float(row[f"p_{name.replace(' ', '_')}"]) == pytest.approx(chance, abs=1e-5)
    assert face["own_neutral"] == 1
    assert reader.face(HAPPY).probabilities != pytest.approx(wanted, abs=1e-3)


def test_a_neutral_face_that_cannot_be_read_ends_in_a_sentence(tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a picture")
    found = RUN.invoke(app, ["read", HAPPY, "--neutral", str(broken)])
    assert found.exit_code == 2
    assert "--neutral: This is not a picture that can be read" in found.stderr
