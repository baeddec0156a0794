#!/usr/bin/env bash
# pytorch-grad-cam (PyPI: grad-cam) 1.5.7: a `with` block around it swallows any IndexError of the program.
#
# Guess: `with GradCAM(...) as cam:`, as its own documentation writes it, only releases hooks at the end; an error in the block
# is the program's and goes on.
# Seen: `__exit__` prints "An exception occurred in CAM with block ..." and answers True for an IndexError. The rest of the block is
# passed over and the program goes on after it, with results that lack whatever came after; a KeyError in the same place is raised.
#
# In this project: it is not used as a context manager; hooks are released in a `finally`.
source "$(dirname "$0")/common.sh"
install grad-cam==1.5.7 torch==2.14.1 torchvision==0.29.1 numpy==2.4.0
"$PY" - <<'PYTHON'
import torch
from pytorch_grad_cam import GradCAM

model = torch.nn.Sequential(
    torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 2)
).eval()
pictures, maps = [torch.rand(1, 3, 32, 32) for _ in range(3)], []
with GradCAM(model=model, target_layers=[model[0]]) as cam:
    for number in range(4):  # one too many: a mistake of ours
        maps.append(cam(pictures[number], targets=None))
print(f"{len(maps)} maps of 4 wanted, and no error")
assert len(maps) == 3
try:
    with GradCAM(model=model, target_layers=[model[0]]):
        {}["missing"]
except KeyError:
    print("a KeyError is raised")
else:
    raise AssertionError("a KeyError was swallowed, too")
PYTHON
