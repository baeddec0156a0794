"""A checkpoint's card as the Hub shows it."""

import re

from cfer.checkpoint import Checkpoint
from cfer.checkpoint.card import model_card

CARD = "README.md"
"""What the Hub shows of a repository; the checkpoint's own card with the Hub's metadata."""


def hub_card(checkpoint: Checkpoint, name: str) -> str:
    """A checkpoint's card with the Hub's metadata: its test results as a model index, from the typed facts."""
    from huggingface_hub import EvalResult, ModelCardData

    results = []
    steps = checkpoint.facts.after_steps
    for found in steps.data_sets if steps else ():
        for metric, value in (("accuracy", found.accuracy), ("macro_recall", found.macro_recall)):
            if value is None:
                continue
            results.append(
                EvalResult(
                    task_type="image-classification",
                    dataset_type=re.sub(r"[^a-z0-9]+", "-", found.name.lower()).strip("-"),
                    dataset_name=f"{found.name}, test part, {len(checkpoint.classes)} classes",
                    metric_type="accuracy" if metric == "accuracy" else "recall",
                    metric_name=metric.replace("_", " "),
                    metric_value=round(value, 4),
                )
            )
    data = ModelCardData(
        license="mit",
        library_name="cfer",
        pipeline_tag="image-classification",
        tags=["facial-expression-recognition", "continual-learning", "explainability"],
        model_name=name.partition("/")[2],
        eval_results=results or None,
    )
    body = re.sub(r"\A---\n.*?\n---\n", "", model_card(checkpoint), flags=re.DOTALL)
    return f"---\n{data.to_yaml()}\n---\n{body}"
