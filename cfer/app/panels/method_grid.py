"""Grid of saliency methods and classes on one face, with how alike the maps are. HTML, everything escaped."""

import html
from collections.abc import Sequence

from torch import Tensor

from cfer.app.panels.map_kinds import SAME, choices, likeness, raw_maps
from cfer.app.panels.maps import Panel, panels
from cfer.app.texts import Speech
from cfer.reading.reader import FaceReading, Reader


def method_grid(reader: Reader, face: FaceReading, names: Sequence[str], say: Speech) -> str:
    """A row a method: maps of some classes, and how alike they are to each other and to other methods' maps."""
    shown: list[str] = []
    before: dict[str, Tensor] = {}
    for title, method in choices(reader, say):
        raws = raw_maps(reader, face, names, method)
        middle = raws[len(raws) // 2]
        apart = [likeness(middle, raw) for raw in raws if raw is not middle]
        notes = [say("grid_classes", likeness=f"{max(apart):.2f}")]
        if min(apart) >= SAME:
            notes.append(say("grid_classless"))
        twins = [(likeness(middle, other), name) for name, other in before.items()]
        if twins and max(twins)[0] >= SAME:
            value, name = max(twins)
            notes.append(say("grid_twin", other=name, likeness=f"{value:.2f}"))
        before[title] = middle
        maps = [Panel(say.name(name), raw) for name, raw in zip(names, raws, strict=True)]
        words = html.escape(" ".join(notes))
        drawn = panels(face.crop, maps, say, small=True, legend=False)
        shown.append(f'<h4>{html.escape(title)}</h4><p class="cfer-note">{words}</p>{drawn}')
    return "".join(shown)
