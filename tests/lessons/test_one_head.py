"""A lesson gives one and the same head, whoever gives it."""

import torch
from typer.testing import CliRunner

from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.tabs.teach import Teach
from cfer.checkpoint import load_checkpoint
from cfer.cli import app
from cfer.reading.reader import Reader


def test_the_command_the_app_and_python_teach_the_same(files, tmp_path):
    picture = str(files / "astronaut.png")
    reader = Reader()
    taught, _ = reader.teach("beaming", [picture], constituents=("happy",))
    sessions = Sessions(reader)
    Teach(sessions).teach("beaming", [picture], None, ["happy"], [], [], "balanced", False, True, Visitor("anna"))
    command = ["teach", "beaming", picture, "--part", "happy", "--out", str(tmp_path / "taught")]
    assert CliRunner().invoke(app, command).exit_code == 0
    for other in (sessions.reader("anna").checkpoint, load_checkpoint(tmp_path / "taught")):
        assert torch.equal(taught.checkpoint.head.weight, other.head.weight)
        assert torch.equal(taught.checkpoint.head.bias, other.head.bias)
