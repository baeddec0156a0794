#!/usr/bin/env bash
# safetensors 0.8.0 with torch 2.14.1: tensors that were loaded are the file.
#
# Guess: `load_file` gives tensors with memory of their own; what happens to the file afterwards does not matter.
# Seen: `safetensors.torch.load_file` and `safe_open(...).get_tensor` give the file mapped into memory. A file that is written
# over in place, as `cp new.safetensors old.safetensors` does, changes tensors that a running program loaded before, without a
# word. `safetensors.numpy.load_file` of the same file gives arrays of their own.
#
# In this project: loaded tensors are copied (`cfer.system.files.own_tensors`), so that replacing a checkpoint's files does not change
# a model that is in use.
source "$(dirname "$0")/common.sh"
install safetensors==0.8.0 torch==2.14.1 numpy==2.4.0
"$PY" - <<'PYTHON'
import shutil

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file, save_file

save_file({"weight": torch.ones(100_000)}, "old.safetensors")
save_file({"weight": torch.full((100_000,), 7.0)}, "new.safetensors")
loaded = load_file("old.safetensors")["weight"]
with safe_open("old.safetensors", "pt") as file:
    opened = file.get_tensor("weight")
array = load_arrays("old.safetensors")["weight"]
before = [float(loaded[0]), float(opened[0]), float(array[0])]
shutil.copyfile("new.safetensors", "old.safetensors")
after = [float(loaded[0]), float(opened[0]), float(array[0])]
print("before:", before, "after:", after)
assert before == [1.0, 1.0, 1.0]
assert after == [7.0, 7.0, 1.0], after
assert np.all(array == 1)
PYTHON
