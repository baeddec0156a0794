"""Plots of docs/benchmark.md, from committed results."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

Rows = dict[tuple[str, int | None, int], dict[str, Any]]
COLOURS = {
    "compositional": "#0b6e4f",
    "predictive-replay": "#c1440e",
    "paper-as-coded": "#e39b7b",
    "nearest-mean": "#5b7db1",
    "teen": "#8e6bb0",
    "er": "#b08b2c",
    "fine-tuning": "#999999",
    "joint": "#222222",
}


def accuracy_over_steps(rows: Rows, shown: dict[int | None, list[tuple[str, int]]], path: Path) -> None:
    """One panel for each number of shots: accuracy over all seen classes after each step."""
    figure, panels = plt.subplots(1, len(shown), figsize=(10, 4), sharey=True, layout="constrained")
    for panel, (shots, methods) in zip(panels, shown.items(), strict=True):
        for method, memory in methods:
            values = rows[method, shots, memory]["step_accuracy"]
            label = f"{method}, {memory} a class" if memory else method
            panel.plot(range(len(values)), np.array(values) * 100, label=label, color=COLOURS.get(method), marker=".")
        panel.set_title("all pictures of a new class" if shots is None else f"{shots} picture of a new class")
        panel.set_xlabel("step (one compound each)")
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8, loc="lower left")
    panels[0].set_ylabel("accuracy over all classes seen, %")
    panels[0].set_ylim(0, 100)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def old_and_new(rows: Rows, path: Path) -> None:
    """Recall of the base classes against that of the later ones, after the last of 15 one-shot steps."""
    figure, panel = plt.subplots(figsize=(8, 5.5), layout="constrained")
    grid = np.linspace(70, 100, 100)
    for level in range(30, 81, 10):
        panel.plot(grid, level * grid / (2 * grid - level), color="#dddddd", zorder=0)
        panel.annotate(str(level), (70.2, level * 70 / (140 - level)), fontsize=7, color="#999999")
    found = [(m, memory, r["scores"]) for (m, shots, memory), r in rows.items() if shots == 1]
    points = sorted((100 * s["new"][0], 100 * s["base"][0], f"{m} {n or ''}") for m, n, s in found)
    above = 0.0
    for y, x, label in points:
        if x < 70:  # what forgets nearly everything is in the table
            continue
        above = max(y, above + 1.8)  # labels keep a distance
        panel.scatter(x, y, color=COLOURS.get(label.split()[0], "#777777"), s=30)
        line = {"arrowstyle": "-", "color": "#bbbbbb", "lw": 0.5}
        panel.annotate(label, (x, y), xytext=(101.5, above), fontsize=7.5, va="center", arrowprops=line)
    panel.set(
        xlabel="recall of the base classes, %", ylabel="recall of the compounds, %", xlim=(70, 112), ylim=(15, 65)
    )
    panel.set_xticks(range(70, 101, 5))
    panel.set_title("After 15 compounds from one picture each; grey: equal harmonic mean", fontsize=10)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def confusions(rows: Rows, names: list[str], shots: tuple[int | None, ...], path: Path) -> None:
    """Shares of a true class's pictures, by answer."""
    figure, panels = plt.subplots(1, len(shots), figsize=(7.5 * len(shots), 8.2), layout="constrained")
    for panel, number in zip(np.atleast_1d(panels), shots, strict=True):
        counts = np.array(rows["compositional", number, 0]["confusion"], float)
        share = 100 * counts / counts.sum(1, keepdims=True)
        panel.imshow(share, cmap="Greens", vmin=0, vmax=100)
        for i, j in np.argwhere(share >= 5):
            ink = "white" if share[i, j] > 60 else "black"
            panel.text(j, i, f"{share[i, j]:.0f}", ha="center", va="center", fontsize=6, color=ink)
        panel.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        panel.set_yticks(range(len(names)), names, fontsize=7)
        panel.set(xlabel="answer", ylabel="true")
        panel.set_title("all pictures" if number is None else f"{number} picture a compound")
    figure.savefig(path, dpi=100)
    plt.close(figure)
