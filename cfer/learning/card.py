"""The model card: everything in it is read from the checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

from cfer.checkpoint import Checkpoint

_LIMITS = """## Limits

- It reads what a face shows, as crowd workers would label it. It says nothing about what a person feels, means or is.
- It learned from pictures found by image search, grey and 48 pixels wide, most of them of adults in Western media. How
  it does by age, sex or skin tone has not been measured. Posed studio pictures, strong side views, masks and very small
  faces differ from what it saw.
- Compound labels are *derived*: two expressions shared the votes. That can be a blend or a disagreement.
- A map shows where the model's evidence lies. It is not a cause, and not a proof that the answer is right.
- Not for decisions about people: hiring, schooling, policing, medicine or surveillance. In the European Union, reading
  emotions at work and in education is forbidden (AI Act, Article 5).
"""


def model_card(checkpoint: Checkpoint) -> str:
    """Write the card of a checkpoint as Markdown, for people and for the Hub."""
    facts = checkpoint.facts
    sections = [_head(checkpoint), _data(facts), _commands(facts)]
    if "basic" in facts:
        sections.append(_basic(facts["basic"]))
    if "continual" in facts:
        sections.append(_continual(facts["continual"]))
    sections.append(_LIMITS)
    return "\n".join(sections)


def _head(checkpoint: Checkpoint) -> str:
    preprocessing = checkpoint.preprocessing
    colour = "grey" if preprocessing.grey else "colour"
    new = [c.name for c in checkpoint.classes if c.constituents]
    learned = f" Then, one at a time: {', '.join(new)}." if new else ""
    return f"""---
license: mit
library_name: cfer
tags: [facial-expression-recognition, continual-learning, explainability]
---

# A reader of facial expressions

`{checkpoint.model.config.name}` with a linear head, {len(checkpoint.classes)} classes. First the seven basic ones:
neutral, happy, sad, fearful, angry, surprised, disgusted.{learned}

Input: a face crop, {colour}, reduced to {preprocessing.detail_px} x {preprocessing.detail_px} and enlarged to
{preprocessing.input_px} x {preprocessing.input_px}; the last feature map is at stride
{checkpoint.model.config.output_stride}. `memory.safetensors` keeps features of training and validation pictures, no
pictures.
"""


def _data(facts: Mapping[str, Any]) -> str:
    data = facts.get("data", {})
    return f"""## Data

{data.get("name", "unknown")} (rows {data.get("fingerprint", "unknown")}). Pictures that are identical to one in a more
protected part (test, then validation) are left out of the others. A picture's single label is the FER+ majority:
votes of one are dropped, then the leader needs more than half. Contempt, unknown and "no face" are left out: seven
classes. The start of the backbone is ImageNet-1k.
"""


def _commands(facts: Mapping[str, Any]) -> str:
    lines = "\n".join(facts.get("commands", ())) or "(not recorded)"
    return f"## Commands\n\n```\n{lines}\n```\n"


def _basic(basic: Mapping[str, Any]) -> str:
    test, validation = basic["test"], basic["validation"]
    low, high = test["accuracy_interval"]
    table = _table(
        ("class", "training pictures", "test recall"),
        [
            (name, f"{n:,}", _percent(test["recall"][name]))
            for name, n in zip(basic["classes"], basic["train_counts"], strict=True)
        ],
    )
    return f"""## The basic phase

Test part, {test["pictures"]:,} pictures with a majority label, seven classes without contempt: accuracy
**{_percent(test["accuracy"])}** (95 % interval {_percent(low)} to {_percent(high)}, bootstrap over groups of identical
pictures), macro recall **{_percent(test["macro_recall"])}**, expected calibration error
{_percent(test["calibration_error"])}. Validation, where every choice was made: {_percent(validation["accuracy"])} and
{_percent(validation["macro_recall"])}.

{table}

Rows are true, columns are predicted:

{_confusion(basic["classes"], test["counts"])}
"""


def _continual(run: Mapping[str, Any]) -> str:
    scores, names = run["scores"]["test"], run["classes"]
    low, high = run["last_interval"]
    base = len(names) - len(scores["step_accuracy"]) + 1
    steps = _table(
        ("step", "new class", "accuracy, all seen", "macro recall, all seen"),
        [
            (i, "seven basics" if i == 0 else names[base + i - 1], _percent(a), _percent(m))
            for i, (a, m) in enumerate(zip(scores["step_accuracy"], scores["step_macro"], strict=True))
        ],
    )
    recalls = _table(
        ("class", "training pictures", "test recall"),
        [
            (name, f"{n:,}", _percent(run["test_recall"][name]))
            for name, n in zip(names, run["train_counts"], strict=True)
        ],
    )
    sets = _table(
        ("data set", "test pictures", "accuracy, all classes", "95 % interval", "macro recall", "calibration error"),
        [
            (
                *(s["name"], f"{s['pictures']:,}", _percent(s["accuracy"]), _interval(s["accuracy_interval"])),
                *(_percent(s["macro_recall"]), _percent(s["calibration_error"])),
            )
            for s in run["data_sets"]
        ],
    )
    alone = run["basics_alone"]["test"]
    alone_low, alone_high = alone["accuracy_interval"]
    return f"""## The continual phase

A picture with a derived compound label counts as that compound here, not as its majority label. Test part:

{steps}

After the last step: accuracy **{_percent(scores["last"])}** (95 % interval {_percent(low)} to {_percent(high)}),
average incremental accuracy {_percent(scores["average_incremental"])}, recall of the basics
{_percent(scores["base_recall"])} and of the compounds {_percent(scores["new_recall"])} (harmonic mean
{_percent(scores["harmonic"])}), forgetting {_percent(scores["forgetting"])}, backward transfer
{_percent(scores["backward_transfer"])}, expected calibration error {_percent(run["calibration_error"])}.

The same last head asked for the seven basics alone, on the basic phase's test ({alone["pictures"]:,} pictures, majority
labels): accuracy **{_percent(alone["accuracy"])}** ({_percent(alone_low)} to {_percent(alone_high)}), macro recall
**{_percent(alone["macro_recall"])}**.

{sets}

{recalls}

Rows are true, columns are predicted:

{_confusion(names, run["test_counts"])}
"""


def _confusion(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    return _table(("", *names), [(n, *row) for n, row in zip(names, counts, strict=True)])


def _table(header: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _interval(bounds: Sequence[float]) -> str:
    low, high = bounds
    return f"{_percent(low)} to {_percent(high)}"


def _percent(share: float) -> str:
    return "-" if share != share else f"{100 * share:.1f} %"
