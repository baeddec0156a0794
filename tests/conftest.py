"""Small real inputs: drawn faces in FER+'s own layout, a tiny network trained on them, a checkpoint of it."""

from pathlib import Path

import numpy as np
import pytest
from drawn_faces import TINY, write_ferplus
from PIL import Image
from skimage.data import astronaut

from cfer.checkpoint import Checkpoint
from cfer.data.readers import read_data
from cfer.data.samples import SampleTable
from cfer.data.splits import split
from cfer.reading.reader import Reader
from cfer.training.basic import BasicRun, learn_basic
from cfer.training.finish_basic import finish_basic


@pytest.fixture(scope="session")
def ferplus_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ferplus")
    pair = {"Training": 12, "PublicTest": 5, "PrivateTest": 5}
    compounds = {("surprised", "happy"): pair, ("angry", "sad"): pair}
    write_ferplus(root, {"Training": 24, "PublicTest": 6, "PrivateTest": 6}, compounds)
    return root


@pytest.fixture(scope="session")
def drawn_faces(ferplus_folder: Path) -> SampleTable:
    return split(read_data(ferplus_folder))


@pytest.fixture(scope="session")
def basic_run(drawn_faces: SampleTable, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Checkpoint]:
    out = tmp_path_factory.mktemp("runs") / "basic"
    model = learn_basic(BasicRun(drawn_faces, TINY, "random", out), progress=False)
    return out, finish_basic(model, BasicRun(drawn_faces, TINY, "random", out), progress=False)


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The project's own checkpoint; a reader is never changed, so that all tests may share it."""
    return Reader()


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """A real photograph of a smiling woman, 512 x 512, public domain (NASA)."""
    return astronaut()


@pytest.fixture(scope="session")
def files(photograph: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What strangers bring: a photograph, three faces, none, a strip, and a script called a picture."""
    root = tmp_path_factory.mktemp("files")
    Image.fromarray(photograph).save(root / "astronaut.png")
    side = np.asarray(Image.fromarray(photograph[0:260, 100:360]).resize((200, 200)))
    Image.fromarray(np.hstack([side, side, side])).save(root / "three.png")
    Image.new("RGB", (200, 200), "grey").save(root / "empty.png")
    Image.new("RGB", (300, 40), "grey").save(root / "wide.png")
    (root / "broken.png").write_bytes(b"<script>alert(1)</script>")
    return root
