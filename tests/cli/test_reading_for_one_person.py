"""`cfer read --neutral`."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cfer.batch.parts import key_of
from cfer.batch.pictures import Listed
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


def test_a_table_may_name_everybodys_own_neutral_picture(reader, tmp_path):
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(b"not a picture")
    people = tmp_path / "people.csv"
    people.write_text(f"path,neutral\n{HAPPY},{NEUTRAL}\n{HAPPY},\n{NEUTRAL},{torn}\n")
    out = tmp_path / "table.csv"
    done = RUN.invoke(app, ["read", str(people), "--out", str(out), "--processes", "1"])
    assert done.exit_code == 2
    with out.open() as file:
        own, plain, refused = csv.DictReader(file)
    wanted = reader.with_neutral(NEUTRAL).face(HAPPY).probabilities["happy"]
    assert float(own["p_happy"]) == pytest.approx(wanted, abs=1e-5)
    assert float(plain["p_happy"]) == pytest.approx(reader.face(HAPPY).probabilities["happy"], abs=1e-5)
    assert refused["error"].startswith("Its neutral picture torn.jpg: This is not a picture")
    lines = [json.loads(line) for line in RUN.invoke(app, ["read", "--json", str(people)]).stdout.splitlines()]
    assert [line["faces"][0].get("own_neutral") for line in lines[:2]] == [1, None]
    assert lines[0]["faces"][0]["probabilities"]["happy"] == pytest.approx(wanted, abs=1e-5)
    assert lines[2]["error"] == refused["error"]


def test_another_neutral_picture_makes_it_another_reading():
    one, other, none = (Listed("a.jpg", Path("a.jpg"), neutral=n) for n in (Path(HAPPY), Path(NEUTRAL), None))
    assert len({key_of(one), key_of(other), key_of(none)}) == 3
