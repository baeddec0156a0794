"""The model card: everything in it is read from the checkpoint's facts."""

from collections.abc import Mapping, Sequence

from cfer.checkpoint import Checkpoint, DataFacts, Facts, PhaseFacts
from cfer.checkpoint.scores import BasicScores, ContinualScores, HeadScores
from cfer.checkpoint.sureness import PHOTOGRAPHS, RENDERED, Sureness
from cfer.emotions import Kind

_LIMITS = """## Limits

- It reads what a face shows, as its data's labels have it. It says nothing about what a person feels, means or is.
- How it does by age, sex or skin tone has not been measured. What it learned from stands under "Data": faces, cameras
  and labels unlike these may be read wrongly, and how wrongly has not been measured either.
- A map shows where the model's evidence lies. It is not a cause, and not a proof that the answer is right.
- Not for decisions about people: hiring, schooling, policing, medicine or surveillance. In the European Union, reading
  emotions at work and in education is forbidden (AI Act, Article 5).
"""


def model_card(checkpoint: Checkpoint) -> str:
    """Write the card of a checkpoint as Markdown, for people and for the Hub."""
    facts = checkpoint.facts
    sections = [_head(checkpoint), _data(facts), _commands(facts)]
    if facts.basic:
        sections.append(_basic(facts.after_basic) if facts.after_basic else _OTHER_FORM)
    if facts.continual:
        sections.append(_continual(facts.after_steps) if facts.after_steps else _OTHER_FORM)
    if checkpoint.sureness.hits:
        sections.append(_sureness(checkpoint.sureness))
    if facts.lessons:
        sections.append(_lessons(facts.lessons))
    if facts.adapted:
        sections.append(
            "## Adapted\n\nThe scores above were measured before: afterwards it was adapted to where "
            f"{facts.adapted:,} unlabelled faces are from. None of them is kept.\n"
        )
    sections.append(_LIMITS)
    return "\n".join(sections)


_OTHER_FORM = "Scores are kept in a form that this version of cfer does not show; they stand in `config.json`.\n"


def _head(checkpoint: Checkpoint) -> str:
    preprocessing = checkpoint.preprocessing
    colour = "grey" if preprocessing.grey else "colour"
    first = [c.name for c in checkpoint.classes if c.kind in {Kind.NEUTRAL, Kind.BASIC}]
    new = [c.name for c in checkpoint.classes if c.name not in first]
    learned = f" Then, one at a time: {', '.join(new)}." if new else ""
    sides = {preprocessing.detail_px, preprocessing.input_px}
    reduced = f"reduced to {preprocessing.detail_px} x {preprocessing.detail_px} pixels"
    enlarged = f" and enlarged to {preprocessing.input_px} x {preprocessing.input_px}" if len(sides) > 1 else ""
    return f"""---
license: mit
library_name: cfer
tags: [facial-expression-recognition, continual-learning, explainability]
---

# A reader of facial expressions

`{checkpoint.model.config.name}` with a linear head, {len(checkpoint.classes)} classes. First at once:
{", ".join(first)}.{learned}

Input: a face crop, {colour}, {reduced}{enlarged}; the last feature map is at stride
{checkpoint.model.config.output_stride}. The head is that of the `{checkpoint.spec.name}` learner, whose fitted state is
in `learner.safetensors`: it can be taught further classes. `checks.safetensors` holds features of
{len(checkpoint.checks.y):,} validation pictures that nothing was fitted to. There is no picture of anybody in this
folder.
"""


def _data(facts: Facts) -> str:
    lines = ["## Data", ""]
    for number, phase in enumerate(facts.phases, 1):
        begun = f", from `{phase.start}`" if phase.start else ""
        lines += [f"Phase {number}, {phase.name}{begun}:", ""]
        lines += [f"- {_data_set(data)}" for data in phase.data] or ["- nothing is recorded"]
        lines += [_training(phase), ""]
    about = {data.name: data.about for phase in facts.phases for data in phase.data}
    for name, sentences in about.items():
        if sentences:
            lines += [f"*{name}.* {' '.join(sentences)}", ""]
    lines.append(
        "Pictures that are identical to one in a more protected part (test, then validation) are left out of others."
    )
    return "\n".join(lines) + "\n"


def _data_set(data: DataFacts) -> str:
    parts = ", ".join(f"{part} {count:,}" for part, count in data.pictures.items())
    people = f"; {data.people:,} people" if data.people else "; no person is known by name"
    refused = f"; {data.refused:,} pictures could not be used" if data.refused else ""
    kind = "rendered faces" if data.rendered else "pictures"
    return f"**{data.name}**, {kind} (rows {data.fingerprint}): {parts}{people}{refused}"


def _training(phase: PhaseFacts) -> str:
    given = phase.settings.get("preprocessing")
    if not given:
        return ""
    colour = "grey" if given["grey"] else "colour"
    return f"- trained on {colour} crops of {given['detail_px']} x {given['detail_px']} pixels"


def _commands(facts: Facts) -> str:
    lines = "\n".join(facts.commands) or "(not recorded)"
    return f"## Commands\n\n```\n{lines}\n```\n"


def _basic(basic: BasicScores) -> str:
    test, validation = basic.test, basic.validation
    low, high = test.accuracy_interval
    table = _table(
        ("class", "training pictures", "test recall"),
        [
            (name, f"{n:,}", _percent(test.recall.get(name)))
            for name, n in zip(basic.classes, basic.train_counts, strict=True)
        ],
    )
    return f"""## After the basic phase

The head after step 0. Test part, {test.pictures:,} pictures with a single label, {len(basic.classes)} classes:
accuracy **{_percent(test.accuracy)}** (95 % interval {_percent(low)} to {_percent(high)}, bootstrap over groups of
identical pictures), macro recall **{_percent(test.macro_recall)}**, expected calibration error
{_percent(test.calibration_error)}. Validation, where every choice was made: {_percent(validation.accuracy)} and
{_percent(validation.macro_recall)}.

{table}

Rows are true, columns are predicted:

{_confusion(basic.classes, test.counts)}
"""


def _continual(run: ContinualScores) -> str:
    scores, names = run.scores["test"], run.classes
    low, high = run.last_interval
    base = len(names) - len(scores.step_accuracy) + 1
    steps = _table(
        ("step", "new class", "accuracy, all seen", "macro recall, all seen"),
        [
            (i, f"{base} at once" if i == 0 else names[base + i - 1], _percent(a), _percent(m))
            for i, (a, m) in enumerate(zip(scores.step_accuracy, scores.step_macro, strict=True))
        ],
    )
    recalls = _table(
        ("class", "training pictures", "test recall"),
        [(name, f"{n:,}", _percent(run.test_recall[name])) for name, n in zip(names, run.train_counts, strict=True)],
    )
    sets = _table(
        ("data set", "test pictures", "accuracy, all classes", "95 % interval", "macro recall", "calibration error"),
        [
            (
                *(s.name, f"{s.pictures:,}", _percent(s.accuracy), _interval(s.accuracy_interval)),
                *(_percent(s.macro_recall), _percent(s.calibration_error)),
            )
            for s in run.data_sets
        ],
    )
    alone = _alone(run.basics_alone.test) if run.basics_alone else ""
    return f"""## The continual phase

Where a data set derives compound labels, a picture counts as its compound here, not as its single label. Test part:

{steps}

After the last step: accuracy **{_percent(scores.last)}** (95 % interval {_percent(low)} to {_percent(high)}),
average incremental accuracy {_percent(scores.average_incremental)}, recall of the base classes
{_percent(scores.base_recall)} and of the later ones {_percent(scores.new_recall)} (harmonic mean
{_percent(scores.harmonic)}), forgetting {_percent(scores.forgetting)}, backward transfer
{_percent(scores.backward_transfer)}, expected calibration error {_percent(run.calibration_error)}.

{alone}
{sets}

{recalls}

Rows are true, columns are predicted:

{_confusion(names, run.test_counts)}
"""


def _alone(scores: HeadScores) -> str:
    low, high = (_percent(end) for end in scores.accuracy_interval)
    asked = f"on the basic phase's test ({scores.pictures:,} pictures, single\nlabels)"
    found = f"accuracy **{_percent(scores.accuracy)}** ({low} to {high})"
    return f"""The same last head asked for the base classes alone, {asked}: {found}, macro recall
**{_percent(scores.macro_recall)}**.
"""


def _sureness(found: Sureness) -> str:
    words = {"unsure": "not sure", "rather": "leans", "fairly": "fairly sure", "certain": "almost certain"}
    rows = [
        (kind, said, f"{found.hits[kind][word][0]:,}", _percent(found.hits[kind][word][1]))
        for kind in (PHOTOGRAPHS, RENDERED)
        for word, said in words.items()
        if word in found.hits.get(kind, {})
    ]
    table = _table(("pictures", "the app's word", "test answers", "right, classes evenly frequent"), rows)
    return f"""## How sure it sounds

Probabilities are for classes that are equally frequent. In photographs logits count {found.photographs:g} of what they
count in rendered faces. Words of too few answers are left out.

{table}
"""


def _lessons(lessons: Mapping[str, int]) -> str:
    rows = [(name, count) for name, count in lessons.items()]
    table = _table(("class", "pictures"), rows)
    return f"## Taught afterwards\n\nThe scores above were measured before these lessons.\n\n{table}\n"


def _confusion(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    return _table(("", *names), [(n, *row) for n, row in zip(names, counts, strict=True)])


def _table(header: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _interval(bounds: Sequence[float | None]) -> str:
    low, high = bounds
    return f"{_percent(low)} to {_percent(high)}"


def _percent(share: float | None) -> str:
    return "-" if share is None or share != share else f"{100 * share:.1f} %"
