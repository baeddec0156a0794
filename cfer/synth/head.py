"""The head: MakeHuman's base mesh above the collar bones, with its identity targets and face shapes (CC0).

Lengths are centimetres. x points to the subject's left (right in the picture), y up, z out of the face; the origin is
the point midway between the centres of the eyeballs.
"""

import json
import lzma
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
from safetensors.numpy import load

from cfer.synth.subdivide import Subdivision, catmull_clark


class Part(IntEnum):
    """Part of the head that a triangle of the mesh belongs to."""

    SKIN = 0
    MOUTH = 2
    TONGUE = 3
    UPPER_TEETH = 4
    LOWER_TEETH = 5
    EYE = 6
    LASHES = 7


@dataclass(frozen=True)
class Shift:
    """A sparse displacement of vertices.

    Attributes:
        index: (M,) vertex numbers.
        move: (M, 3) centimetres.
    """

    index: np.ndarray
    move: np.ndarray

    def add_to(self, vertices: np.ndarray, weight: float) -> None:
        """Add `weight` times the displacement to (V, 3) vertices, in place."""
        vertices[self.index] += np.float32(weight) * self.move


@dataclass(frozen=True)
class Head:
    """The mesh and what can be done to it.

    Attributes:
        base: (C, 3) float32 vertices of the control mesh, before any identity.
        subdivision: Control mesh to rendered mesh.
        identity: Displacements of the control mesh by name ("macro/asian-male-old", "nose/nose-hump-incr").
        shapes: Displacements of the rendered mesh, of the ARKit set ("browDownLeft").
        masks: (V,) float32 in 0..1 by name: "lips", "inside-mouth", "eyelids", "ears".
        quad_parts: (Q,) uint8 `Part` of each rendered quad.
        lash_uv: (V, 2) float32 texture coordinates, used on the lashes alone.
    """

    base: np.ndarray
    subdivision: Subdivision
    identity: dict[str, Shift]
    shapes: dict[str, Shift]
    masks: dict[str, np.ndarray]
    quad_parts: np.ndarray
    lash_uv: np.ndarray

    @cached_property
    def triangles(self) -> np.ndarray:
        """(F, 3) int32 triangles of everything but the lashes."""
        return _split(self.subdivision.quads[self.quad_parts != Part.LASHES])

    @cached_property
    def parts(self) -> np.ndarray:
        """(F,) uint8 `Part` of each of `triangles`."""
        return np.tile(self.quad_parts[self.quad_parts != Part.LASHES], 2)

    @cached_property
    def lashes(self) -> np.ndarray:
        """(L, 3) int32 triangles of the lashes."""
        return _split(self.subdivision.quads[self.quad_parts == Part.LASHES])

    def vertices_of(self, *parts: Part) -> np.ndarray:
        """Numbers of the rendered vertices that belong to some parts."""
        return np.unique(self.subdivision.quads[np.isin(self.quad_parts, parts)])

    @cached_property
    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """Rendered vertices of the left and of the right eyeball."""
        found = self.vertices_of(Part.EYE)
        left = self.subdivision(self.base)[found, 0] > 0
        return found[left], found[~left]

    def build(self, weights: dict[str, float]) -> np.ndarray:
        """Build the rendered vertices, (V, 3) float32, of the identity that `weights` mixes; eyes at the origin."""
        control = self.base.copy()
        for name, weight in weights.items():
            self.identity[name].add_to(control, weight)
        vertices = self.subdivision(control)
        left, right = (vertices[eye].mean(0) for eye in self.eyes)
        return vertices - (left + right) / np.float32(2)

    @cached_property
    def template(self) -> np.ndarray:
        """(V, 3) float32 rendered vertices of the average young adult, in whose coordinates paint is defined."""
        return self.build(macro_weights((1 / 3, 1 / 3, 1 / 3), male=0.5, old=0.15, weight=0.0))


ANCESTRIES = ("caucasian", "asian", "african")


def macro_weights(ancestry: tuple[float, float, float], male: float, old: float, weight: float) -> dict[str, float]:
    """Mix the corners of MakeHuman's identity space.

    Args:
        ancestry: Shares of `ANCESTRIES`, summing to 1.
        male: 0 female to 1 male.
        old: 0 young adult to 1 old.
        weight: -1 slight to 1 heavy.
    """
    mixed: dict[str, float] = {}
    build = {"min": max(-weight, 0.0), "max": max(weight, 0.0)}
    build["average"] = 1 - build["min"] - build["max"]
    for sex, s in (("female", 1 - male), ("male", male)):
        for age, a in (("young", 1 - old), ("old", old)):
            for name, share in zip(ANCESTRIES, ancestry, strict=True):
                mixed[f"macro/{name}-{sex}-{age}"] = s * a * share
            for name, share in build.items():
                mixed[f"macro/universal-{sex}-{age}-averagemuscle-{name}weight"] = s * a * share
    return mixed


@cache
def load_head() -> Head:
    """Unpack the embedded head (once a process, about a second)."""
    packed = files("cfer.synth").joinpath("assets/head.safetensors.xz").read_bytes()
    data = lzma.decompress(packed)
    tensors = load(data)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    facts = json.loads(header["head"])
    names, step = facts["names"], np.float32(facts["step_cm"])
    base = tensors["base"].astype(np.float32) * step
    subdivision = catmull_clark(tensors["quads"], len(base))
    lengths = tensors["target.lengths"].astype(np.int64)
    moves = tensors["target.moves"].T.astype(np.float32) * step
    pieces = zip(
        np.split(tensors["target.gaps"].astype(np.int64), lengths.cumsum()[:-1]),
        np.split(moves, lengths.cumsum()[:-1]),
        strict=True,
    )
    shifts = [Shift(gaps.cumsum(), move) for gaps, move in pieces]
    masks = {k.removeprefix("mask."): v.astype(np.float32) / 255 for k, v in tensors.items() if k.startswith("mask.")}
    quad_parts = np.repeat(tensors["parts"], 4)
    inside = masks["inside-mouth"][subdivision.quads].min(1) > 0.5
    quad_parts[inside & (quad_parts == Part.SKIN)] = Part.MOUTH
    fine = dict(zip(names["unit"], shifts[len(names["identity"]) :], strict=True))
    return Head(
        base=base,
        subdivision=subdivision,
        identity=dict(zip(names["identity"], shifts[: len(names["identity"])], strict=True)),
        shapes={name: _refine(shift, subdivision, len(base)) for name, shift in fine.items()},
        masks=masks,
        quad_parts=quad_parts,
        lash_uv=subdivision(tensors["uv"].astype(np.float32) / 65535),
    )


def _refine(shift: Shift, subdivision: Subdivision, count: int) -> Shift:
    control = np.zeros((count, 3), np.float32)
    control[shift.index] = shift.move
    fine = subdivision(control)
    touched = np.flatnonzero(np.abs(fine).max(1) > 1e-3)
    return Shift(touched, fine[touched])


def _split(quads: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]), np.int32)
