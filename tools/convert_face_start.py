"""Convert a MobileNet that was trained to tell people apart, from the npm package that carries it, to a start.

    npm pack @vladmandic/human@3.3.6
    python -m tools.convert_face_start vladmandic-human-3.3.6.tgz PICTURES vggface2.safetensors

`faceres` in that package is HSE_FaceRec_tf (Savchenko 2021, https://github.com/HSE-asavchenko/HSE_FaceRec_tf): a
MobileNetV1 trained on the identities of VGGFace2, whose terms allow research. The package is under the MIT licence.

What comes out are the weights of timm's `mobilenetv1_100` with `pad_type="same"`, for RGB input from -1 to 1. In the
package the batch norms have mean 0 and variance 1, with which a network forgets as soon as it trains. So they get the
statistics of faces, and scales and offsets with which the network answers as before. PICTURES is any data set that cfer
reads, such as the rendered faces of `cfer synth`.
"""

import argparse
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from cfer.data.readers import read_data
from cfer.features.crops import load_crops
from cfer.network.preprocessing import Preprocessing
from tools.tfjs import read_tfjs

BLOCKS = (1, 2, 2, 6, 2)
"""Depthwise separable blocks of each of timm's stages."""
MEANS = (123.68, 116.779, 103.939)
"""What the authors take off red, green and blue, which are 0 to 255 and in the order blue, green, red for them."""
EPSILON = 1e-5
FACES = 256


def renamed(weights: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """The graph's weights by timm's names, for input (x - 0.5) / 0.5 in RGB."""
    state = {}

    def tensor(values: np.ndarray, *order: int) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values.transpose(order) if order else values))

    def norm(name: str, scale: Tensor, offset: Tensor) -> None:
        state[f"{name}.weight"], state[f"{name}.bias"] = scale * math.sqrt(1 + EPSILON), offset
        state[f"{name}.running_mean"], state[f"{name}.running_var"] = torch.zeros_like(offset), torch.ones_like(offset)
        state[f"{name}.num_batches_tracked"] = torch.tensor(0)

    stem = tensor(weights["conv1/convolution/merged_input"], 3, 2, 0, 1).flip(1)  # (32, 3, 3, 3), now RGB
    offset = tensor(weights["conv1_bn/batchnorm_1/sub"])
    shift = 127.5 - torch.tensor(MEANS)
    state["conv_stem.weight"] = stem * 127.5
    norm("bn1", torch.ones_like(offset), offset + (stem * shift[None, :, None, None]).sum((1, 2, 3)))
    places = [f"blocks.{stage}.{block}" for stage, count in enumerate(BLOCKS) for block in range(count)]
    for number, place in enumerate(places, 1):
        depth, point = f"conv_dw_{number}", f"conv_pw_{number}"
        state[f"{place}.conv_dw.weight"] = tensor(weights[f"{depth}/depthwise_kernel"], 2, 3, 0, 1)
        scale, offset = (tensor(weights[f"{depth}_bn/batchnorm_1/{part}"]) for part in ("mul", "sub"))
        norm(f"{place}.bn1", scale, offset)
        state[f"{place}.conv_pw.weight"] = tensor(weights[f"{point}/convolution/merged_input"], 3, 2, 0, 1)
        offset = tensor(weights[f"{point}_bn/batchnorm_1/sub"])
        norm(f"{place}.bn2", torch.ones_like(offset), offset)
    return state


@torch.no_grad()
def with_statistics(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The weights of a network, its batch norms with the statistics of what they see, and answers as they were.

    Args:
        model: In evaluation mode.
        x: Input (N, 3, S, S) like what it will be trained on.
    """
    seen: dict[str, Tensor] = {}
    hooks = []
    for name, layer in model.named_modules():
        if isinstance(layer, nn.BatchNorm2d):

            def watch(_: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
                values = inputs[0].double()
                seen[name] = torch.stack([values.mean((0, 2, 3)), values.var((0, 2, 3), correction=0)])

            hooks.append(layer.register_forward_pre_hook(watch))
    model(x)
    for hook in hooks:
        hook.remove()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    for name, (mean, variance) in seen.items():
        scale = state[f"{name}.weight"].double() / (state[f"{name}.running_var"].double() + EPSILON).sqrt()
        offset = state[f"{name}.bias"].double() - scale * state[f"{name}.running_mean"].double()
        state[f"{name}.running_mean"], state[f"{name}.running_var"] = mean.float(), variance.float()
        state[f"{name}.weight"] = (scale * (variance + EPSILON).sqrt()).float()
        state[f"{name}.bias"] = (offset + scale * mean).float()
    return state


def main() -> None:
    """Convert; nothing is fetched."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    model = timm.create_model("mobilenetv1_100", pad_type="same", num_classes=0).eval()
    model.load_state_dict(renamed(read_tfjs(given.package, "models/faceres.json")), strict=True)
    preprocessing = Preprocessing(128, 128)
    table = read_data(given.pictures)
    step = max(1, len(table) // FACES)
    crops = load_crops(table.only(table.samples[::step][:FACES]), preprocessing, progress=True)
    x = preprocessing.enlarge(crops.pixels.float() / 255)
    before = model(x).detach()
    state = with_statistics(model, x)
    model.load_state_dict(state, strict=True)
    print(f"answers to {len(x)} faces differ by at most {float((model(x) - before).abs().max()):.1e}")
    save_file(state, given.out)


if __name__ == "__main__":
    main()
