#!/usr/bin/env bash
# torchmetrics 1.9.0: a confidence of exactly 1 lies in a calibration bin of its own.
#
# Guess: the bins divide [0, 1], the last one closed at 1: sixteen answers of confidence 0.99 to 1.0 share a bin of fifteen.
# Seen: `multiclass_calibration_error(..., n_bins=15)` counts answers of confidence exactly 1.0 apart, as if there were sixteen
# bins. Ten answers at 1.0 (eight right) and nine at 0.99 (all right) give 0.110 where one bin gives |0.9953 - 0.8947| = 0.1005:
# an error of the sure ones cannot be made up for by their neighbours. Softmax in single precision reaches 1.0 from a lead of 17
# in the logits.
#
# In this project: chances are kept just below 1 (`cfer.evaluation.metrics.expected_calibration_error`).
source "$(dirname "$0")/common.sh"
install torchmetrics==1.9.0 torch==2.14.1 numpy==2.4.0
"$PY" - <<'PYTHON'
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

chances = torch.tensor([[1.0, 0.0]] * 10 + [[0.99, 0.01]] * 9)
labels = torch.tensor([0] * 8 + [1] * 2 + [0] * 9)
one_bin = abs((10 * 1.0 + 9 * 0.99) / 19 - 17 / 19)
seen = float(multiclass_calibration_error(chances, labels, 2, n_bins=15, norm="l1"))
below = float(multiclass_calibration_error(chances.clamp(max=1 - 2**-24), labels, 2, n_bins=15, norm="l1"))
print(f"as they are {seen:.4f}, just below one {below:.4f}, one bin by hand {one_bin:.4f}")
assert abs(below - one_bin) < 1e-5
assert abs(seen - 0.11) < 1e-5, seen
assert float(torch.tensor([18.0, 0.0]).softmax(0)[0]) == 1.0
PYTHON
