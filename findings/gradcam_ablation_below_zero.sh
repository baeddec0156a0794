#!/usr/bin/env bash
# pytorch-grad-cam (PyPI: grad-cam) 1.5.7: Ablation-CAM of a class with a negative score is upside down.
#
# Guess: Ablation-CAM weighs a channel by how far the class's score falls without it, so the map lies on what the class is read
# from, whatever the score's level; the library's own target, `ClassifierOutputTarget`, is the plain logit.
# Seen: the fall is divided by the score itself. Where the logit is negative every weight changes its sign, and the map is
# brightest where the evidence against the class lies. A constant added to the logit, which changes no answer, turns it over.
#
# In this project: the score is raised to 1 first (`cfer.explain.methods.library_cam`), and a test holds every method to its sign.
source "$(dirname "$0")/common.sh"
install grad-cam==1.5.7 torch==2.14.1 torchvision==0.29.1 numpy==2.4.0
"$PY" - <<'PYTHON'
import torch
from pytorch_grad_cam import AblationCAM


class HalvesNet(torch.nn.Module):
    """Channel 0 is the picture's red, channel 1 its green; the class is read from red, against green."""

    def __init__(self, bias):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 2, 1, bias=False)
        self.head = torch.nn.Linear(2, 1)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1.0, 0]])[..., None, None])
            self.head.weight.copy_(torch.tensor([[4.0, -4.0]]))
            self.head.bias.fill_(bias)

    def forward(self, x):
        return self.head(self.conv(x).relu().mean((2, 3)))


x = torch.zeros(1, 3, 32, 32)
x[0, 0, 4:12, 4:28] = 1  # red, above: speaks for the class
x[0, 1, 20:28, 4:28] = 1  # green, below: speaks against it
for bias in (2.0, -2.0):
    model = HalvesNet(bias).eval()
    cam = AblationCAM(model=model, target_layers=[model.conv])
    found = cam(x, targets=[lambda output: output[0]])[0]
    red, green = found[6:10, 8:24].mean(), found[22:26, 8:24].mean()
    print(f"logit {float(model(x).detach()):+.1f}: map {red:.2f} on the evidence for, {green:.2f} on the evidence against")
    assert (red > green) == (bias > 0)
PYTHON
