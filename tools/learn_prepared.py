"""Run the loop of a prepared phase 1, where its pictures are not: on another machine with a GPU, say.

    cfer train basic ... --out RUN --prepare     # where the pictures are
    python -m tools.learn_prepared RUN START     # where the GPU is, with RUN and the file of the start
    cfer train basic ... --out RUN               # where the pictures are, with RUN's metrics.jsonl and best.safetensors

START is what the first command's --start names.
"""

import json
import sys
from pathlib import Path

from cfer.emotions import BASICS
from cfer.features.table import weights_fingerprint
from cfer.network.face_model import FaceModel
from cfer.training.config import BasicConfig
from cfer.training.initial_weights import load_start, start_heads
from cfer.training.loop import learn
from cfer.training.training_set import FILE, load_saved_material


def main() -> None:
    """Learn; what is learned lies in RUN."""
    out, start = Path(sys.argv[1]), sys.argv[2]
    said = json.loads((out / "config.json").read_text(encoding="utf-8"))
    config = BasicConfig.from_plain(said)
    model = FaceModel(config.backbone, BASICS, config.seed)
    load_start(model, start)
    if said["start weights"] != weights_fingerprint(model):
        sys.exit(f"{start} is not the start that {out} was prepared with.")
    material = load_saved_material(
        out / FILE, {key: said[key] for key in ("data", "rendered", "photographs") if key in said}
    )
    if material is None:
        sys.exit(f"{out / FILE} was not prepared from the pictures that {out / 'config.json'} names.")
    learn(model, material, config, out, heads=start_heads(start), save_seconds=600)


if __name__ == "__main__":
    main()
