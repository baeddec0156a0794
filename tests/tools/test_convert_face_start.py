"""The start that is converted from a TensorFlow.js graph, against the graph's own definition."""

import io
import itertools
import json
import tarfile
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn.functional as F
from torch import Tensor

from tools.convert_face_start import BLOCKS, MEANS, renamed, with_statistics
from tools.tfjs import read_tfjs

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
WIDTHS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)


def drawn_graph() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)

    def values(*shape: int, scale: float = 1.0) -> np.ndarray:
        return (draw.standard_normal(shape) * scale).astype(np.float32)

    graph = {"conv1/convolution/merged_input": values(3, 3, 3, 32, scale=0.004), "conv1_bn/batchnorm_1/sub": values(32)}
    for number, (before, after) in enumerate(itertools.pairwise(WIDTHS), 1):
        graph[f"conv_dw_{number}/depthwise_kernel"] = values(3, 3, before, 1, scale=0.3)
        graph[f"conv_dw_{number}_bn/batchnorm_1/mul"] = values(before)
        graph[f"conv_dw_{number}_bn/batchnorm_1/sub"] = values(before)
        graph[f"conv_pw_{number}/convolution/merged_input"] = values(1, 1, before, after, scale=before**-0.5)
        graph[f"conv_pw_{number}_bn/batchnorm_1/sub"] = values(after)
    return graph


def same(x: Tensor, stride: int, fill: Tensor | None = None) -> Tensor:
    """TensorFlow's padding of an even side; the input's border is filled with the grey that timm's zeros stand for."""
    sides = (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1)
    return F.pad(x, sides) if fill is None else F.pad(x - fill, sides) + fill


def answer_of(graph: dict[str, np.ndarray], rgb: Tensor) -> Tensor:
    """The pooled answer to pictures (N, 3, S, S) of 0 to 255, as the graph defines it: in blue, green, red."""
    w = {name: torch.from_numpy(values) for name, values in graph.items()}
    means = torch.tensor(MEANS[::-1])[None, :, None, None]
    x = same(rgb.flip(1) - means, 2, 127.5 - means)
    x = F.conv2d(x, w["conv1/convolution/merged_input"].permute(3, 2, 0, 1), w["conv1_bn/batchnorm_1/sub"], stride=2)
    x = x.clamp(0, 6)
    for number, stride in enumerate(STRIDES, 1):
        depth, norm = w[f"conv_dw_{number}/depthwise_kernel"].permute(2, 3, 0, 1), f"conv_dw_{number}_bn/batchnorm_1/"
        x = F.conv2d(same(x, stride), depth, stride=stride, groups=len(depth))
        x = (x * w[norm + "mul"][:, None, None] + w[norm + "sub"][:, None, None]).clamp(0, 6)
        point = w[f"conv_pw_{number}/convolution/merged_input"].permute(3, 2, 0, 1)
        x = F.conv2d(x, point, w[f"conv_pw_{number}_bn/batchnorm_1/sub"]).clamp(0, 6)
    return x.mean((2, 3))


def packed(graph: dict[str, np.ndarray], path: Path) -> Path:
    """An npm archive with the graph, at half precision."""
    half = {"dtype": "float16", "original_dtype": "float32"}
    weights = [{"name": n, "shape": list(v.shape), "dtype": "float32", "quantization": half} for n, v in graph.items()]
    manifest = {"weightsManifest": [{"paths": ["faceres.bin"], "weights": weights}]}
    data = b"".join(v.astype("<f2").tobytes() for v in graph.values())
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("faceres.json", json.dumps(manifest).encode()), ("faceres.bin", data)):
            entry = tarfile.TarInfo(f"package/models/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def test_the_converted_network_answers_as_the_graph_defines(tmp_path: Path) -> None:
    graph = read_tfjs(packed(drawn_graph(), tmp_path / "human.tgz"), "models/faceres.json")
    model = timm.create_model("mobilenetv1_100", pad_type="same", num_classes=0).eval()
    model.load_state_dict(renamed(graph), strict=True)
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255

    ours, true = model(pixels / 127.5 - 1).detach(), answer_of(graph, pixels)

    assert sum(BLOCKS) == len(STRIDES)
    torch.testing.assert_close(ours, true, rtol=1e-3, atol=1e-3)


def test_statistics_are_those_of_the_pictures_and_the_answers_stay(tmp_path: Path) -> None:
    model = timm.create_model("mobilenetv1_100", pad_type="same", num_classes=0).eval()
    model.load_state_dict(renamed(drawn_graph()), strict=True)
    x = torch.rand(6, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    before = model(x).detach()

    model.load_state_dict(with_statistics(model, x), strict=True)
    stem = model.get_submodule("conv_stem")(x).detach()

    torch.testing.assert_close(model(x).detach(), before, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(model.get_buffer("bn1.running_mean"), stem.mean((0, 2, 3)), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model.train()(x).detach(), before, rtol=0.1, atol=0.1)
