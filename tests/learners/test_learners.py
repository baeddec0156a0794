from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge as SkRidge
from sklearn.neighbors import NearestCentroid

from cfer.checkpoint.packing import packed, unpacked
from cfer.learners import REGISTRY, LinearLearner, Step
from cfer.learners.base import Head, source_weights
from cfer.learners.calibrated import Calibration, fold, log_shares
from cfer.learners.closed_form import ClosedForm, discriminants, shrink
from cfer.learners.fecam import FeCam
from cfer.learners.heads import HeadFit
from cfer.learners.replay import ER, ERACE
from cfer.learners.standardised import scale_of
from cfer.learners.streaming_lda import StreamingLda
from cfer.learners.teen import Teen
from cfer.protocol.protocol import few_shot
from cfer.protocol.stream import Features, Stream
from cfer.training.calibration import calibrate

WIDTH, BASE, CLASSES = 12, 3, 6


def cloud(per_class: int, seed: int) -> Features:
    """Gaussian classes with one covariance; the class means are the same for every seed."""
    means = 6 * torch.randn(CLASSES, WIDTH, generator=torch.Generator().manual_seed(99))
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(CLASSES).repeat_interleave(per_class)
    mix = torch.eye(WIDTH) + 0.3
    x = means[y] + torch.randn(len(y), WIDTH, generator=generator) @ mix
    return Features(x, y, torch.arange(len(y)))


@pytest.fixture
def stream() -> Stream:
    names = tuple(f"class {k}" for k in range(CLASSES))
    return Stream(names, BASE, cloud(40, 0), cloud(20, 1), cloud(20, 2))


FORGETS = {"fine-tuning", "lwf"}  # these two are in the table to show what forgetting is


@pytest.mark.parametrize("name", REGISTRY)
class TestContract:
    def run(self, name, stream, steps=None):
        learner = REGISTRY[name].make(10)
        answers = []
        for number in range(steps or len(stream)):
            learner.observe(stream.step(number), torch.Generator().manual_seed(number))
            answers.append(learner.logits(stream.test.x).clone())
        return learner, answers

    def test_the_answers_grow_by_one_class_a_step(self, name, stream):
        _, answers = self.run(name, stream)
        assert [tuple(a.shape) for a in answers] == [(len(stream.test.y), k) for k in (3, 4, 5, 6)]
        assert all(bool(a.isfinite().all()) for a in answers)

    def test_it_learns_separable_classes_and_keeps_the_old_ones(self, name, stream):
        _, answers = self.run(name, stream)
        recall = [float((answers[-1].argmax(1) == k)[stream.test.y == k].float().mean()) for k in range(CLASSES)]
        if name in FORGETS:
            assert recall[-1] > 0.7
        else:
            assert min(recall) > 0.6

    def test_one_picture_of_a_new_class_is_enough_to_run(self, name, stream):
        _, answers = self.run(name, few_shot(stream, 1, (0,)))
        assert bool(answers[-1].isfinite().all())

    def test_the_same_seed_gives_the_same_answers(self, name, stream):
        (_, first), (_, second) = (self.run(name, stream) for _ in range(2))
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))

    def test_asking_changes_nothing(self, name, stream):
        learner, _ = self.run(name, stream, steps=2)
        before = {k: v.clone() for k, v in learner.state().items()}
        learner.logits(stream.test.x)
        for key, value in before.items():
            torch.testing.assert_close(learner.state()[key], value, rtol=0, atol=0, equal_nan=True)

    def test_it_leaves_the_global_random_state_alone(self, name, stream):
        before = torch.random.get_rng_state()
        self.run(name, stream)
        assert torch.equal(before, torch.random.get_rng_state())

    def test_saved_loaded_and_taught_one_more_step_it_is_as_if_never_saved(self, name, stream, tmp_path):
        _, whole = self.run(name, stream)
        half, _ = self.run(name, stream, steps=2)
        save_file({k: v.contiguous() for k, v in packed(half.state()).items()}, str(tmp_path / "state.safetensors"))
        other = REGISTRY[name].from_state(unpacked(load_file(str(tmp_path / "state.safetensors"))), 10)
        assert torch.equal(other.logits(stream.test.x), half.logits(stream.test.x))
        for number in (2, 3):
            other.observe(stream.step(number), torch.Generator().manual_seed(number))
        assert torch.equal(other.logits(stream.test.x), whole[-1])

    def test_what_a_copy_learns_is_its_own(self, name, stream):
        learner, answers = self.run(name, stream, steps=2)
        other = learner.copy()
        other.observe(stream.step(2), torch.Generator().manual_seed(2))
        assert torch.equal(learner.logits(stream.test.x), answers[-1])
        assert other.logits(stream.test.x).shape[1] == 5

    def test_several_data_sets_are_honoured_or_refused(self, name, stream):
        step = stream.step(0)
        few = step.y.repeat_interleave(2)  # a second data set with twice the rows, shifted
        x = torch.cat([step.x, step.x.repeat_interleave(2, 0) + 1.0])
        sources = torch.tensor([0] * len(step.y) + [1] * len(few))
        both = replace(step, x=x, y=torch.cat([step.y, few]), side=replace(step.side, sources=sources))
        learner = REGISTRY[name].make(10)
        if not REGISTRY[name].takes_sources:
            with pytest.raises(ValueError, match="one data set at a time"):
                learner.observe(both, torch.Generator().manual_seed(0))
            return
        learner.observe(both, torch.Generator().manual_seed(0))
        plain = REGISTRY[name].make(10)
        plain.observe(replace(both, side=replace(both.side, sources=None)), torch.Generator().manual_seed(0))
        assert not torch.allclose(learner.logits(x), plain.logits(x))

    def test_it_keeps_what_the_budget_allows(self, name, stream):
        learner, _ = self.run(name, stream)
        if REGISTRY[name].memory:
            assert torch.bincount(learner.inner.fitted["memory_y"]).tolist() == [10] * CLASSES

    def test_it_runs_without_exemplars_unless_it_requires_them(self, name, stream):
        method = REGISTRY[name]
        if method.memory and not method.requires_memory:
            learner = method.make(0)
            for number in range(2):
                learner.observe(stream.step(number), torch.Generator().manual_seed(number))
            assert len(learner.inner.fitted["memory_y"]) == 0
            assert float((learner.logits(stream.test.x).argmax(1) == 3)[stream.test.y == 3].float().mean()) > 0.7

    def test_a_linear_one_has_the_head_that_it_answers_by(self, name, stream):
        learner, answers = self.run(name, stream)
        assert isinstance(learner, LinearLearner) == REGISTRY[name].linear
        if REGISTRY[name].linear:
            torch.testing.assert_close(F.linear(stream.test.x, *learner.head()), answers[-1])


def last_answers(name, stream, **settings):
    learner = REGISTRY[name].make(**settings).inner  # on the features as they are
    for number in range(len(stream)):
        learner.observe(stream.step(number), torch.Generator().manual_seed(number))
    return learner, learner.logits(stream.test.x)


def test_nearest_mean_is_scikit_learns_nearest_centroid(stream):
    _, answers = last_answers("nearest-mean", stream)
    oracle = NearestCentroid().fit(stream.train.x.numpy(), stream.train.y.numpy())
    assert answers.argmax(1).tolist() == oracle.predict(stream.test.x.numpy()).tolist()


def test_streaming_discriminants_end_as_those_of_all_data_at_once(stream):
    learner = StreamingLda(shrinkage=0.0)
    for number in range(len(stream)):
        learner.observe(stream.step(number), torch.Generator())
    oracle = LinearDiscriminantAnalysis(solver="lsqr", priors=[1 / CLASSES] * CLASSES)
    oracle.fit(stream.train.x.numpy(), stream.train.y.numpy())
    assert learner.logits(stream.test.x).argmax(1).tolist() == oracle.predict(stream.test.x.numpy()).tolist()


def test_ridge_ends_as_scikit_learns_on_all_data_at_once(stream):
    learner, answers = last_answers("ridge", stream)
    targets = F.one_hot(stream.train.y, CLASSES).double().numpy()
    rows = torch.cat([stream.train.x, torch.ones(len(stream.train.y), 1)], 1).double()
    weights = (100 / torch.bincount(stream.train.y)[stream.train.y]).numpy()
    oracle = SkRidge(alpha=float(learner.fitted["penalty"]), fit_intercept=False)
    oracle.fit(rows.numpy(), targets, sample_weight=weights)
    asked = torch.cat([stream.test.x, torch.ones(len(stream.test.y), 1)], 1).double().numpy()
    torch.testing.assert_close(answers, torch.from_numpy(oracle.predict(asked)).float(), rtol=1e-3, atol=1e-4)


def test_logistic_regression_is_the_joint_upper_bound(stream):
    _, joint = last_answers("logistic", stream)
    _, alone = last_answers("fine-tuning", stream)
    accuracy = [float((a.argmax(1) == stream.test.y).float().mean()) for a in (joint, alone)]
    assert accuracy[0] > 0.9 > 0.5 > accuracy[1]


def test_a_mahalanobis_distance_by_hand():
    learner = FeCam(alpha=0.0)
    x = torch.tensor([[1.0, 2.0], [3.0, 0.0], [-1.0, -2.0], [-3.0, 0.0], [10.0, 0.0], [12.0, 1.0], [11.0, -1.0]])
    y = torch.tensor([0, 0, 0, 0, 1, 1, 1])
    learner.observe(Step(0, range(2), 2, x, y), torch.Generator())
    correlation = torch.corrcoef(x[:4].T)
    gap = torch.tensor([1.0, 1.0])
    expected = -gap @ torch.linalg.inv(correlation) @ gap
    torch.testing.assert_close(learner.logits(gap[None])[0, 0], expected)


def test_teen_draws_a_new_prototype_to_the_base_class_that_it_resembles():
    learner = Teen(scale=50.0, keep=0.5)
    x = torch.tensor([[4.0, 0.0], [0.0, 4.0]])
    learner.observe(Step(0, range(2), 2, x, torch.tensor([0, 1])), torch.Generator())
    learner.observe(Step(1, range(2, 3), 3, torch.tensor([[4.0, 2.0]]), torch.tensor([2])), torch.Generator())
    mixed = torch.tensor([4.0, 1.0])  # half of itself, half of the first
    torch.testing.assert_close(learner.fitted["prototypes"][2], mixed / mixed.norm(), rtol=1e-3, atol=1e-3)


def test_asymmetric_replay_moves_old_rows_less_than_plain_replay(stream):
    two = replace(stream, classes=stream.classes[: BASE + 1])
    moved = []
    for method in (ER, ERACE):
        learner = method(5, fit=HeadFit(weight_decay=0.0))
        learner.observe(two.step(0), torch.Generator().manual_seed(0))
        before = learner.fitted["weight"].clone()
        learner.observe(two.step(1), torch.Generator().manual_seed(1))
        moved.append(float((learner.fitted["weight"][:BASE] - before).norm()))
    assert moved[1] < moved[0]


def test_dark_replay_remembers_logits_no_wider_than_the_head_was(stream):
    learner, _ = last_answers("der++", stream, per_class=4)
    stored = learner.fitted["memory_logits"]
    assert stored.shape == (4 * CLASSES, CLASSES)
    widths = (~stored.isnan()).sum(1).tolist()
    assert widths == [3] * 12 + [4] * 4 + [5] * 4 + [6] * 4


def test_aligned_weights_have_the_old_ones_norm(stream):
    learner, _ = last_answers("wa", replace(stream, classes=stream.classes[: BASE + 1]))
    norms = learner.fitted["weight"].norm(dim=1)
    assert float(norms[BASE]) == pytest.approx(float(norms[:BASE].mean()), rel=1e-5)


def test_discriminants_are_scikit_learns_linear_discriminant_analysis(stream):
    step = stream.step(0)
    learner = ClosedForm(shrinkage=0.0)
    learner.observe(step, torch.Generator())
    weight, bias = learner.head()
    oracle = LinearDiscriminantAnalysis(solver="lsqr", priors=[1 / 3] * 3)
    oracle.fit(step.x.numpy(), step.y.numpy())
    ours = F.linear(stream.test.x, weight, bias)
    theirs = torch.from_numpy(oracle.decision_function(stream.test.x.numpy())).float()
    # scikit-learn divides the covariance by N, we by N - K; logits agree up to that scale and a shared constant
    scale = len(step.x) / (len(step.x) - 3)
    centre = ours - ours.mean(1, keepdim=True)
    torch.testing.assert_close(centre * scale, theirs - theirs.mean(1, keepdim=True), rtol=1e-3, atol=1e-2)


def test_closed_form_does_not_depend_on_the_order_of_classes(stream):
    def learn(order):
        learner = ClosedForm()
        learner.observe(stream.step(0), torch.Generator())
        for position, k in enumerate(order):
            keep = stream.train.y == k
            n = BASE + position
            y = torch.full((int(keep.sum()),), n)
            learner.observe(Step(position + 1, range(n, n + 1), n + 1, stream.train.x[keep], y), torch.Generator())
        return learner.head()

    (w1, b1), (w2, b2) = learn([3, 4, 5]), learn([5, 3, 4])
    torch.testing.assert_close(w1[[0, 1, 2, 5, 3, 4]], w2)
    torch.testing.assert_close(b1[[0, 1, 2, 5, 3, 4]], b2)


def test_shrinking_keeps_the_trace_and_ends_at_a_multiple_of_the_identity():
    matrix = torch.tensor([[4.0, 1.0], [1.0, 2.0]])
    assert torch.equal(shrink(matrix, 0), matrix)
    torch.testing.assert_close(shrink(matrix, 1), 3 * torch.eye(2))
    torch.testing.assert_close(shrink(matrix, 0.5), torch.tensor([[3.5, 0.5], [0.5, 2.5]]))


def test_discriminants_by_hand():
    weight, bias = discriminants(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.diag(torch.tensor([1.0, 2.0])))
    torch.testing.assert_close(weight, torch.tensor([[2.0, 0.0], [0.0, 2.0]]))
    torch.testing.assert_close(bias, torch.tensor([-2.0, -4.0]))


def test_calibration_adds_a_prior_only_where_it_pays():
    counts = torch.tensor([90.0, 10.0])
    sure = torch.tensor([[3.0, 0.0], [0.0, 3.0]])
    assert calibrate(sure, torch.tensor([0, 1]), counts).prior_strength == 0
    # ambiguous pictures that mostly belong to the common class
    unsure = torch.tensor([[0.0, 0.5]] * 9 + [[0.0, 3.0]])
    chosen = calibrate(unsure, torch.tensor([0] * 9 + [1]), counts)
    assert chosen.prior_strength > 0.2


def test_folding_gives_the_adjusted_and_cooled_logits():
    weight, bias, counts = torch.randn(3, 5), torch.randn(3), torch.tensor([8.0, 1.0, 0.0])
    x, shares = torch.randn(4, 5), log_shares(counts)
    w, b = fold(Head(weight, bias), Calibration(0.5, 2.0, tuple(shares.tolist())), torch.tensor([0.0, 0.0, 0.7]))
    expected = (F.linear(x, weight, bias) + 0.5 * shares) / 2 + torch.tensor([0.0, 0.0, 0.7])
    torch.testing.assert_close(F.linear(x, w, b).softmax(1), expected.softmax(1))
    torch.testing.assert_close(w.mean(0), torch.zeros(5), atol=1e-6, rtol=0)
    torch.testing.assert_close(b.mean(), torch.tensor(0.0), atol=1e-6, rtol=0)
    torch.testing.assert_close(log_shares(counts).exp(), torch.tensor([9 / 12, 2 / 12, 1 / 12]))


def test_every_data_set_counts_alike_in_every_class():
    y, sources = torch.tensor([0, 0, 0, 0, 1, 1]), torch.tensor([0, 0, 0, 1, 1, 1])
    torch.testing.assert_close(source_weights(y, sources), torch.tensor([2 / 3, 2 / 3, 2 / 3, 2.0, 1.0, 1.0]))
    assert source_weights(y[4:], sources[4:]).tolist() == [1, 1]
    assert source_weights(y, None).tolist() == [1] * 6


def test_a_feature_that_hardly_varies_over_the_base_classes_is_not_blown_up():
    x = torch.tensor([[1.0, 4, 0], [-1, 0, 0], [1, 4, 0.001], [-1, 0, 0]])  # deviations 2/3^.5, 4/3^.5, .0005
    step = Step(0, range(2), 2, x, torch.tensor([0, 0, 1, 1]))
    scale = scale_of(step, 0.1)["scale"]
    torch.testing.assert_close(scale, torch.tensor([2 / 3**0.5, 4 / 3**0.5, 0.2 / 3**0.5]))
    torch.testing.assert_close(scale_of(step, 0.0)["scale"][2], torch.tensor(0.0005))


@pytest.mark.parametrize("name", ["compositional", "nearest-mean", "ridge"])
def test_the_scale_of_the_features_does_not_matter(name, stream):
    """Standardised by the base phase's pictures, whatever they are measured in, if all of them vary."""
    scale, shift = torch.rand(WIDTH, generator=torch.Generator().manual_seed(1)) * 9 + 2.0, torch.arange(12.0)

    def answers(change):
        learner = REGISTRY[name].make(10)
        for number in range(len(stream)):
            step = stream.step(number)
            learner.observe(replace(step, x=change(step.x)), torch.Generator().manual_seed(number))
        return learner.logits(change(stream.test.x))

    plain, changed = answers(lambda x: x), answers(lambda x: x * scale + shift)
    centred = [a - a.mean(1, keepdim=True) for a in (plain, changed)]
    torch.testing.assert_close(*centred, atol=1e-2, rtol=1e-3)
