import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import FolderSource
from cfer.emotions import EXPRESSIONS
from cfer.evaluation.metrics import count_table, stream_scores
from cfer.evaluation.person_scores import SCORES, lead, recency_bias, resample, scores, summarise, tally
from cfer.evaluation.report import as_markdown, settings_for, write_report
from cfer.evaluation.run import UNSEEN, Job, evaluate, kept_outcomes, run_job
from cfer.features.table import FeatureTable
from cfer.protocol.protocol import Protocol, Setting

NAMES = ("neutral", "happy", "surprised", "angry", "happily surprised", "sadly angry", "angrily surprised")
PROTOCOL = Protocol(folds=3, orders=2, least=10)


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> FeatureTable:
    """Fifteen people, seven classes, a compound halfway between its constituents, everybody a little different."""
    generator = torch.Generator().manual_seed(0)
    basics = {name: 3 * torch.randn(6, generator=generator) for name in (*NAMES[:4], "sad")}
    people = torch.randn(15, 6, generator=generator)
    rows, x = [], []
    for p in range(15):
        for name in NAMES:
            parts = EXPRESSIONS[name].constituents or (name,)
            mean = torch.stack([basics[q] for q in parts]).mean(0)
            rows.append(Sample(f"{p}/{name}.jpg", name, person=f"p{p}", group=f"p{p}"))
            x.append(mean + 0.5 * people[p] + 0.6 * torch.randn(6, generator=generator))
    table = SampleTable("people", tuple(rows), FolderSource(tmp_path_factory.mktemp("none")))
    return FeatureTable(table, torch.stack(x))


@pytest.fixture(scope="module")
def outcomes(features, tmp_path_factory):
    settings = (Setting("compositional"), Setting("nearest-mean", 1), Setting("fine-tuning"))
    return list(evaluate(features, PROTOCOL, settings, tmp_path_factory.mktemp("run")))


def test_a_picture_is_asked_about_from_its_class_arrival_on(outcomes):
    for outcome in outcomes:
        orders, steps, _ = outcome.predicted.shape
        assert (orders, steps) == (2, 4)
        for order in range(orders):
            arrival = np.maximum(0, np.argsort(outcome.classes[order]) - outcome.base + 1)
            for step in range(steps):
                asked = outcome.predicted[order, step] != UNSEEN
                assert (asked == (arrival[outcome.true] <= step)).all()
                seen = set(np.flatnonzero(arrival <= step).tolist())
                assert set(outcome.predicted[order, step][asked].tolist()) <= seen


def test_scores_are_those_of_the_count_tables(outcomes):
    """The vectorised scores against the plain ones, fold by fold and order by order."""
    for outcome in outcomes:
        plain = []
        for order, arrived in enumerate(outcome.classes):
            tables = []
            for step in range(outcome.predicted.shape[1]):
                row = outcome.predicted[order, step]
                asked = row != UNSEEN
                seen = arrived[: outcome.base + step]
                place = np.argsort(arrived)
                tables.append(count_table(place[outcome.true[asked]], place[row[asked]], len(seen)))
            plain.append(stream_scores(tables))
        tallied = tally([outcome])
        got = scores(tallied, np.ones((1, len(tallied.people))))
        for name, field in (
            ("average_incremental", "average_incremental"),
            ("last", "last"),
            ("base", "base_recall"),
            ("new", "new_recall"),
            ("harmonic", "harmonic"),
            ("forgetting", "forgetting"),
            ("backward_transfer", "backward_transfer"),
        ):
            assert got[name][0] == pytest.approx(np.mean([getattr(p, field) for p in plain])), name


def test_first_step_scores_by_hand(outcomes):
    outcome = outcomes[0]
    tallied = tally([outcome])
    got = scores(tallied, np.ones((1, len(tallied.people))))
    new, loss = [], []
    for order, arrived in enumerate(outcome.classes):
        before, after = outcome.predicted[order, :2]
        newcomer = outcome.true == arrived[outcome.base]
        new.append((after[newcomer] == arrived[outcome.base]).mean())
        per_class = [
            (before[outcome.true == k] == k).mean() - (after[outcome.true == k] == k).mean()
            for k in range(outcome.base)
        ]
        loss.append(np.mean(per_class))
    assert got["first_new"][0] == pytest.approx(np.mean(new))
    assert got["first_loss"][0] == pytest.approx(np.mean(loss))


def test_drawing_a_person_twice_is_as_if_there_were_two(outcomes):
    tallied = tally(outcomes[:3])
    weights = np.ones((1, 15))
    weights[0, 4] = 2
    doubled = tallied.right[[*range(15), 4]], tallied.total[[*range(15), 4]]
    twice = type(tallied)(*doubled, tallied.arrival, np.arange(16), tallied.base, tallied.names)
    for name, value in scores(tallied, weights).items():
        assert value[0] == pytest.approx(scores(twice, np.ones((1, 16)))[name][0])


def test_intervals_hold_the_score_and_a_method_does_not_lead_itself(outcomes):
    mine, other = resample(tally(outcomes[:3]), draws=200), resample(tally(outcomes[6:9]), draws=200)
    found = summarise(mine)
    assert set(found) == set(SCORES)
    assert all(s.low <= s.value <= s.high for s in found.values())
    assert all(s.value == s.low == s.high == 0 for s in lead(mine, mine).values())
    ahead = lead(mine, other)["harmonic"]
    assert ahead.low > 0  # fine-tuning answers with the newest class


def test_rare_classes_count_as_much_in_the_average_recall(outcomes):
    whole = tally(outcomes[:3])
    people = np.ones((1, 15))
    equal = scores(whole, people)
    assert equal["average_recall"][0] == pytest.approx(equal["average_incremental"][0])
    keep = (np.arange(15) < 3)[:, None]  # the first class is left with three people's pictures
    fewer = np.where(np.arange(len(NAMES)) == 0, keep, True)
    rare = replace(whole, right=whole.right * fewer[:, None, None], total=whole.total * fewer)
    by_hand = []
    for order in range(2):
        for step in range(4):
            seen = whole.arrival[order] <= step
            right = rare.right[:, order, step].sum(0)
            by_hand.append((right / rare.total.sum(0))[seen].mean())
    assert scores(rare, people)["average_recall"][0] == pytest.approx(np.mean(by_hand))


def test_fine_tuning_answers_with_the_newest_class(outcomes):
    assert recency_bias(outcomes[6:9]) > 0.25 > 0.15 > abs(recency_bias(outcomes[:3]))


def test_killed_and_run_again_it_only_does_what_is_missing(features, tmp_path):
    settings = (Setting("nearest-mean"), Setting("er", 1, 5))
    whole = list(evaluate(features, PROTOCOL, settings, tmp_path / "whole", processes=2))
    ticks = []
    first = evaluate(features, PROTOCOL, settings[:1], tmp_path / "parts", tick=ticks.append)
    list(first)
    again = list(evaluate(features, PROTOCOL, settings, tmp_path / "parts", tick=ticks.append))
    assert ticks == [0, 1, 1, 1, 3, 1, 1, 1]
    for a, b in zip(whole, again, strict=True):
        assert a.setting == b.setting
        np.testing.assert_array_equal(a.predicted, b.predicted)
    with pytest.raises(ValueError, match="made from something else"):
        list(evaluate(features, Protocol(folds=4, orders=2, least=10), settings, tmp_path / "parts"))


def test_the_same_job_gives_the_same_predictions(features):
    job = Job(Setting("er", 1, 5), 1)
    first, second = (run_job(job, features, PROTOCOL) for _ in range(2))
    np.testing.assert_array_equal(first.predicted, second.predicted)


def test_the_report_says_what_was_found(outcomes, tmp_path):
    report = write_report(outcomes, "compositional", tmp_path)
    assert report["people"] == 15
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(report))
    rows = list(csv.DictReader((tmp_path / "table.csv").open()))
    assert len(rows) == 3 * 3 * 2
    tuned = next(r for r in report["settings"] if r["method"] == "fine-tuning")
    assert tuned["lead"]["harmonic"][0] > 0
    assert np.array(tuned["confusion"]).sum() == 15 * 7 * 2
    page = as_markdown(report)
    assert "### 1 a new class" in page
    assert "| compositional | - |" in page


def test_methods_without_exemplars_are_run_once():
    found = settings_for(["er", "teen"], [1, None], [20, 5])
    assert [s.name for s in found] == [
        *("er_1-shot_20", "er_1-shot_5", "teen_1-shot_0"),
        *("er_all_20", "er_all_5", "teen_all_0"),
    ]


def test_only_who_guesses_is_asked_to_learn_from_no_picture():
    assert [s.name for s in settings_for(["compositional", "teen"], [0], [20])] == ["compositional_0-shot_0"]
    with pytest.raises(ValueError, match="only compositional"):
        settings_for(["teen", "er"], [0], [20])
    with pytest.raises(ValueError, match="icarl, gdumb need exemplars"):
        settings_for(["icarl"], [1], [0])


def test_a_compound_is_recognised_from_its_constituents_alone(features):
    outcomes = [run_job(Job(Setting("compositional", 0), fold), features, PROTOCOL) for fold in range(3)]
    found = summarise(resample(tally(outcomes), draws=200))["new"]
    assert found.low > 1 / len(NAMES)  # better than drawing a class


def test_a_folder_gives_back_all_that_is_complete(features, tmp_path):
    one, other = Setting("nearest-mean"), Setting("teen")
    run = list(evaluate(features, PROTOCOL, (one, other), tmp_path))
    (tmp_path / "predictions" / "teen_all_0-1.safetensors").unlink()
    list(evaluate(features, PROTOCOL, (Setting("closed-form", 1),), tmp_path))
    kept, stale = kept_outcomes(tmp_path, features, PROTOCOL, (one,))
    assert stale == ["teen_all_0"]  # a fold of it is gone, and that is said
    assert [(o.setting.method, o.fold) for o in kept] == [
        *(("nearest-mean", fold) for fold in range(3)),
        *(("closed-form", fold) for fold in range(3)),
    ]
    np.testing.assert_array_equal(kept[0].predicted, run[0].predicted)
