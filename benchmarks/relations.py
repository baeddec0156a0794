"""How compounds relate to basics over rendered faces of people whom training never saw, and what would look like it.

    python -m benchmarks.relations --run runs/evaluate     writes cfer/explain/assets/relations.json

Every compound's map is compared with the six basics' maps on the same face by the same model. Nulls: random heads, a
backbone whose last quarter, last half or all layers are shuffled (once each), the basics' maps of another person who
shows the same compound, the mean maps over all faces. The same for the change maps of `CHANGED` people. Intervals over
people, and over the heads where there are several. What is measured of a compound is kept in the run's folder, so that
an interrupted run goes on. The file is what the app's Relations tab shows.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.relation_maps import Faces, Sources, basic_rows, read_faces
from benchmarks.relation_summary import summarise, write
from cfer.checkpoint import Checkpoint, load_checkpoint, model_digest
from cfer.emotions import COMPOUNDS, EXPRESSIONS
from cfer.explain.faithfulness import removal_effects
from cfer.explain.relation import SIX, mixture_weights, mixtures

OUT = Path(__file__).parent.parent / "cfer" / "explain" / "assets" / "relations.json"
TAKEN_APART = 60
"""People whose faces are blurred in places."""


def deletion(sources: Sources, rows: Tensor, k: int) -> Tensor:
    """What class k loses (N, 7) on some faces by each basic's evidence, and by random cells."""
    generator = torch.Generator().manual_seed(k)
    lost = []
    for row in rows.tolist():
        x = sources.preprocessing.enlarge(sources.faces.crops.batch(torch.tensor([row])))
        raws = torch.stack([sources.own.of(name)[row] for name in SIX])
        lost.append(removal_effects(sources.model, x, raws, k, generator))
    return torch.stack(lost)


def measure(sources: Sources, compound: str) -> dict[str, Tensor]:
    """Everything that is measured of a compound, face by face; likeness by source, draw and measure."""
    rows, parts = sources.faces.showing(compound), EXPRESSIONS[compound].constituents
    mine, relations = sources.of(compound), sources.relations(compound)
    changed, by_change = sources.changes(compound)
    found = {
        f"{source}/{draw}/{m}": values
        for source, each in (relations | by_change).items()
        for draw, relation in enumerate(each)
        for m, values in relation.likeness.items()
    }
    mixture = mixtures(mine, compound)
    pair = [set(p) for p in mixture.pairs].index(set(parts))
    found |= {
        "mixture": mixture_weights(mine, compound),
        "mixture_rank": mixture.rank(parts),
        "mixture_explained": mixture.explained[:, pair],
        "lost": deletion(sources, rows[:TAKEN_APART], mine.classes.index(compound)),
        "mean_map": mine.of(compound).clamp(min=0).mean(0),
        "mean_basic_maps": mine.maps[:, basic_rows(mine)].clamp(min=0).mean(0),
        "mean_change_maps": changed.maps.clamp(min=0).mean(0),
    }
    return {name: values.float().contiguous() for name, values in found.items()}


def kept(checkpoint: Checkpoint, faces: Faces, folder: Path) -> dict[str, dict[str, Tensor]]:
    """What is measured of every compound, read where it was measured before."""
    sources, found = None, {}
    folder.mkdir(parents=True, exist_ok=True)
    for compound in COMPOUNDS:
        path = folder / f"{compound}.safetensors"
        if not path.exists():
            sources = sources or Sources(checkpoint, faces)
            save_file(measure(sources, compound), f"{path}.part")
            Path(f"{path}.part").rename(path)
            print("measured", compound, flush=True)
        found[compound] = load_file(str(path))
    return found


def main() -> None:
    """Measure, summarise and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/evaluate"))
    parser.add_argument("--people", type=int, help="Only so many, for a quick look")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    checkpoint = load_checkpoint()
    faces = read_faces(chosen.run, checkpoint.preprocessing, chosen.people)
    folder = chosen.run / f"relations-{model_digest(checkpoint.model)[:8]}-{chosen.people or 'all'}"
    found: dict[str, Any] = summarise(checkpoint, faces, kept(checkpoint, faces, folder))
    write(found, chosen.out)
    for name, gap in found["overall"].items():
        print(name, gap["cosine"])
    print({name: np.round(row["spearman"], 2).tolist() for name, row in found["agreement_with_facs"].items()})


if __name__ == "__main__":
    main()
