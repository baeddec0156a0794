"""Measure how compounds relate to basics over rendered people whom training never saw, and what would look like it.

Every compound's map is compared with the six basics' maps on the same face by the same model. Controls: random heads,
heads that the learner fitted to permuted labels, a backbone whose last quarter, last half or all layers are shuffled,
the basics' maps of another person who shows the same compound, the mean maps over all faces. Each control that is drawn
is drawn `DRAWS` times. What is measured of a compound is kept in the run's folder, so that an interrupted run goes on.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.emotions import EXPRESSIONS
from cfer.explain.attribution import attribution_layer
from cfer.explain.faithfulness import removal_effects
from cfer.explain.maps import ClassMaps
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.reference import ELSEWHERE, MEAN_FACE, PERMUTED, RANDOM_HEAD, SHUFFLED, source
from cfer.explain.relation import SIX, Relation, mixture_weights, mixtures, relate
from cfer.measure.landmarks import RenderedFeatures
from cfer.measure.maps import (
    Faces,
    basic_rows,
    basics_of_others,
    changed_maps,
    only,
    permuted_heads,
    random_heads,
    shuffled_backbones,
    whole_maps,
    with_basics,
)
from cfer.network.face_model import FaceModel
from cfer.system.files import kept_tensors, load_tensors, save_tensors

DRAWS = 20
"""Draws of every control that chance decides."""
CONTROL_PEOPLE = 20
"""People on whom the controls' whole-face maps are compared."""
CHANGED_PEOPLE = 40
"""People on whom integrated-gradient maps are compared; a draw of a control is compared on one of the first of them."""
TAKEN_APART = 60
"""People whose faces are blurred in places."""
DEPTHS = {"shuffled last quarter": 0.25, "shuffled last half": 0.5, SHUFFLED: 1.0}


class Measurement:
    """A checkpoint on rendered faces, beside models that know less.

    A model that knows less looks once at all faces that it is needed for.
    """

    def __init__(self, checkpoint: Checkpoint, faces: Faces, fit: RenderedFeatures, compounds: Sequence[str]) -> None:
        """Look at all faces with all models.

        Args:
            checkpoint: Whose maps.
            faces: To measure on.
            fit: Faces that heads on permuted labels are fitted to.
            compounds: What will be measured.
        """
        self.model, self.preprocessing, self.faces = checkpoint.model, checkpoint.preprocessing, faces
        self.own = self._look([self.model], torch.arange(len(faces.labels)))[0]
        self.mean = self.own.maps.clamp(min=0).mean(0)  # (K, h, w)
        self.divided = attribution_layer(self.model) is not None
        shown = torch.tensor([label in compounds for label in faces.labels])
        self.control_rows = torch.nonzero(shown & (faces.people < CONTROL_PEOPLE)).squeeze(1)
        heads = {RANDOM_HEAD: random_heads(self.model, DRAWS), PERMUTED: permuted_heads(checkpoint, fit, DRAWS)}
        self.controls = {name: self._look(models, self.control_rows) for name, models in heads.items()}
        self.changed_controls: dict[str, list[dict[str, ClassMaps]]] = {
            name: [self._changed_by(model, draw, compounds) for draw, model in enumerate(models)]
            for name, models in heads.items()
        }
        for name, share in DEPTHS.items():
            self.controls[name] = []
            for draw, model in enumerate(shuffled_backbones(self.model, share, DRAWS)):
                self.controls[name] += self._look([model], self.control_rows)
                if name == SHUFFLED:
                    found = self._changed_by(model, draw, compounds)
                    self.changed_controls.setdefault(name, []).append(found)

    def _look(self, models: Sequence[FaceModel], rows: Tensor) -> list[ClassMaps]:
        return whole_maps(models, self.faces, rows, self.preprocessing)

    def _changed_by(self, model: FaceModel, draw: int, compounds: Sequence[str]) -> dict[str, ClassMaps]:
        """Integrated-gradient maps of the compounds that one person, another one for every draw, shows."""
        if not self.divided:
            return {}
        found = {}
        for compound in compounds:
            rows = self.faces.showing(compound)
            mine = rows[self.faces.people[rows] == draw]
            if len(mine):
                found[compound] = self._changed(model, mine, compound)
        return found

    def _changed(self, model: FaceModel, rows: Tensor, compound: str) -> ClassMaps:
        return changed_maps(model, self.faces, rows, (compound, *SIX), self.preprocessing)

    def measure(self, compound: str) -> dict[str, Tensor]:
        """Everything that is measured of a compound, face by face; likeness as "SOURCE/DRAW/MEASURE"."""
        constituents, rows = EXPRESSIONS[compound].constituents, self.faces.showing(compound)
        mine = only(self.own, rows)
        mixture = mixtures(mine, compound)
        pair = [set(p) for p in mixture.pairs].index(set(constituents))
        shown = torch.cat([mine.of(compound)[:, None], mine.maps[:, basic_rows(mine)]], 1)  # (N, 7, h, w)
        found = {
            "mixture": mixture_weights(mine, compound),
            "mixture_rank": mixture.rank(constituents),
            "mixture_explained": mixture.explained[:, pair],
            "lost": self._deletion(mine, rows[:TAKEN_APART], compound),
            f"maps/{GRAD_CAM}": shown.clamp(min=0).mean(0),
        }
        relations = list(self._relations(compound, mine, rows))
        if self.divided:
            changed = self._changed(self.model, self.faces.showing(compound, CHANGED_PEOPLE), compound)
            found |= {f"maps/{INTEGRATED_GRADIENTS}": changed.maps.clamp(min=0).mean(0)}
            relations += self._changed_relations(compound, changed)
        for name, draw, relation in relations:
            found |= {f"{name}/{draw}/{m}": values for m, values in relation.likeness.items()}
        return {name: values.float().contiguous() for name, values in found.items()}

    def _relations(self, compound: str, mine: ClassMaps, rows: Tensor) -> Iterator[tuple[str, int, Relation]]:
        """A compound's relations by whole-face maps, and by what would look like them."""
        constituents, people = EXPRESSIONS[compound].constituents, self.faces.people[rows]
        yield GRAD_CAM, 0, relate(mine, compound, constituents)
        few = torch.isin(self.control_rows, rows)
        for name, looks in self.controls.items():
            for draw, maps in enumerate(looks):
                yield source(GRAD_CAM, name), draw, relate(only(maps, few), compound, constituents)
        for draw in range(DRAWS):
            yield (
                source(GRAD_CAM, ELSEWHERE),
                draw,
                relate(basics_of_others(mine, people, draw), compound, constituents),
            )
        flat = self.mean[basic_rows(mine)].expand(len(rows), -1, -1, -1)
        yield source(GRAD_CAM, MEAN_FACE), 0, relate(with_basics(mine, flat), compound, constituents)

    def _changed_relations(self, compound: str, changed: ClassMaps) -> Iterator[tuple[str, int, Relation]]:
        """The same by integrated gradients."""
        constituents = EXPRESSIONS[compound].constituents
        people = self.faces.people[self.faces.showing(compound, CHANGED_PEOPLE)]
        yield INTEGRATED_GRADIENTS, 0, relate(changed, compound, constituents)
        for name, draws in self.changed_controls.items():
            for draw, maps in enumerate(draws):
                if compound in maps:
                    yield source(INTEGRATED_GRADIENTS, name), draw, relate(maps[compound], compound, constituents)
        for draw in range(DRAWS):
            others = basics_of_others(changed, people, draw)
            yield source(INTEGRATED_GRADIENTS, ELSEWHERE), draw, relate(others, compound, constituents)

    def _deletion(self, mine: ClassMaps, rows: Tensor, compound: str) -> Tensor:
        """Loss (N, 7) of a class on some faces by each basic's evidence, and by random cells."""
        k, lost = mine.classes.index(compound), []
        generator = torch.Generator().manual_seed(k)
        for place, row in enumerate(rows.tolist()):
            x = self.preprocessing.enlarge(self.faces.crops.batch(torch.tensor([row])))
            raws = torch.stack([mine.of(name)[place] for name in SIX])
            lost.append(removal_effects(self.model, x, raws, k, generator))
        return torch.stack(lost)


def measured_compounds(names: tuple[str, ...], faces: Faces) -> list[str]:
    """Compounds of a model that can be related to the six basics and that some face shows."""
    if not set(SIX) <= set(names):
        return []
    return [n for n in names if len(EXPRESSIONS[n].constituents if n in EXPRESSIONS else ()) == 2 and n in faces.labels]


def measure_relations(
    checkpoint: Checkpoint, faces: Faces, fit: RenderedFeatures, folder: Path
) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    """Measure every compound, reading what was measured before.

    Args:
        checkpoint: Whose maps.
        faces: To measure on.
        fit: Faces that heads on permuted labels are fitted to.
        folder: The run's; `COMPOUND.safetensors` is written in it.

    Yields:
        A compound's name and what `Measurement.measure` gave.
    """
    measurement: Measurement | None = None
    compounds = measured_compounds(checkpoint.names, faces)
    for compound in compounds:
        path = folder / f"{compound}.safetensors"
        kept = kept_tensors(path)
        if kept is None:
            measurement = measurement or Measurement(checkpoint, faces, fit, compounds)
            save_tensors(path, measurement.measure(compound), {})
        yield compound, (kept or load_tensors(path))[0]
