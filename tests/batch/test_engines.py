"""The recipe of docs/batches.md, run as it stands there, on `datasets` with two workers."""

import re
from pathlib import Path

import pytest
from PIL import Image

from cfer.batch import read_rows
from cfer.reading.reader import Reader

RECIPE = Path(__file__).parents[2] / "docs" / "batches.md"


@pytest.fixture
def album(photograph, tmp_path):
    root = tmp_path / "album"
    root.mkdir()
    for number in range(4):
        Image.fromarray(photograph).rotate(3 * number).save(root / f"{number}.png")
    Image.new("RGB", (60, 60)).save(root / "empty.png")
    return root


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:.*multi-threaded, use of fork.*:DeprecationWarning"
)  # how the engine starts workers
def test_the_recipe_on_datasets_gives_the_rows_of_one_process(album, tmp_path, monkeypatch):
    import datasets.config

    script = re.search(r"<!-- datasets -->\n```python\n(.*?)```", RECIPE.read_text(encoding="utf-8"), re.DOTALL)[1]
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.chdir(album.parent)
    names: dict = {}
    exec(compile(script, str(RECIPE), "exec"), names)
    table = names["table"].to_pandas().sort_values(["path", "face"]).reset_index(drop=True)
    files = sorted(f"album/{path.name}" for path in album.iterdir())
    alone = read_rows([Path(f) for f in files], files, reader=Reader())
    assert len(table) == len(alone)
    assert table["path"].tolist() == [row["path"] for row in alone]
    assert table["p_happy"].fillna(-1).tolist() == pytest.approx([row["p_happy"] or -1 for row in alone], abs=1e-4)
