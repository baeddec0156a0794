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
    figure, panel = plt.subplots(figsize=(7, 5.5), layout="constrained")
    grid = np.linspace(1, 100, 200)
    for level in (30, 40, 50, 60, 70, 80):
        with np.errstate(divide="ignore", invalid="ignore"):
            other = level * grid / (2 * grid - level)
        keep = (other > 0) & (other <= 100)
        panel.plot(grid[keep], other[keep], color="#dddddd", zorder=0)
    points = [(m, memory, r["scores"]) for (m, shots, memory), r in rows.items() if shots == 1]
    for method, memory, scores in points:
        x, y = 100 * scores["base"][0], 100 * scores["new"][0]
        panel.scatter(x, y, color=COLOURS.get(method, "#777777"), s=30)
        panel.annotate(f"{method} {memory or ''}", (x, y), fontsize=7, xytext=(4, 3), textcoords="offset points")
    panel.set(xlabel="recall of the base classes, %", ylabel="recall of the compounds, %", xlim=(0, 100), ylim=(0, 80))
    panel.set_title(
        "After 15 compounds from one picture each; on a grey line the harmonic mean is the same", fontsize=9
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def confusions(rows: Rows, names: list[str], shots: tuple[int | None, ...], path: Path) -> None:
    """Shares of a true class's pictures, by answer."""
    figure, panels = plt.subplots(1, len(shots), figsize=(7.5 * len(shots), 7.5), layout="constrained")
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
