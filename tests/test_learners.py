import pytest
import torch
import torch.nn.functional as F
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from cfer.checkpoint import Head
from cfer.learning.calibrate import calibrate, fold, log_shares
from cfer.learning.continual import ContinualConfig, run_stream
from cfer.learning.learners import REGISTRY
from cfer.learning.learners.closed_form import ClosedForm, discriminants, shrink
from cfer.learning.stream import Features, Step, Stream

WIDTH, BASE, CLASSES = 12, 3, 6


def cloud(per_class: int, seed: int) -> Features:
    """Gaussian classes with one covariance; the class means are the same for every seed."""
    means = 4 * torch.randn(CLASSES, WIDTH, generator=torch.Generator().manual_seed(99))
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(CLASSES).repeat_interleave(per_class)
    mix = torch.eye(WIDTH) + 0.3
    x = means[y] + torch.randn(len(y), WIDTH, generator=generator) @ mix
    return Features(x, y, torch.arange(len(y)))


@pytest.fixture
def stream() -> Stream:
    names = tuple(f"class {k}" for k in range(CLASSES))
    return Stream(names, BASE, cloud(40, 0), cloud(20, 1), cloud(20, 2))


@pytest.fixture
def start(stream) -> Head:
    first = ClosedForm()
    first.observe(stream.step(0), torch.Generator())
    return Head(*first.head())


def test_a_step_shows_its_own_classes_only(stream):
    assert len(stream) == 4
    assert stream.step(0).y.unique().tolist() == [0, 1, 2]
    assert stream.step(2).y.unique().tolist() == [4]
    assert stream.step(2).seen == 5


@pytest.mark.parametrize("name", REGISTRY)
class TestContract:
    def run(self, name, stream, start, steps=None):
        learner = REGISTRY[name](start.weight, start.bias)
        heads = []
        for number in range(steps or len(stream)):
            learner.observe(stream.step(number), torch.Generator().manual_seed(number))
            heads.append([t.clone() for t in learner.head()])
        return learner, heads

    def test_the_head_grows_by_one_class_a_step(self, name, stream, start):
        _, heads = self.run(name, stream, start)
        assert [tuple(w.shape) for w, _ in heads] == [(3, 12), (4, 12), (5, 12), (6, 12)]
        assert [len(b) for _, b in heads] == [3, 4, 5, 6]

    def test_it_learns_separable_classes_and_keeps_the_old_ones(self, name, stream, start):
        _, heads = self.run(name, stream, start)
        weight, bias = heads[-1]
        predicted = F.linear(stream.test.x, weight, bias).argmax(1)
        for k in range(CLASSES):
            assert float((predicted[stream.test.y == k] == k).float().mean()) > 0.7

    def test_the_same_seed_gives_the_same_head(self, name, stream, start):
        (_, first), (_, second) = (self.run(name, stream, start) for _ in range(2))
        for a, b in zip(first, second, strict=True):
            assert torch.equal(a[0], b[0])
            assert torch.equal(a[1], b[1])

    def test_asking_for_the_head_changes_nothing(self, name, stream, start):
        learner, _ = self.run(name, stream, start, steps=2)
        before = {k: v.clone() for k, v in learner.state.items()}
        learner.head()
        assert all(torch.equal(before[k], learner.state[k]) for k in before)

    def test_it_leaves_the_global_random_state_alone(self, name, stream, start):
        before = torch.random.get_rng_state()
        self.run(name, stream, start)
        assert torch.equal(before, torch.random.get_rng_state())

    def test_a_killed_stream_goes_on_with_the_same_numbers(self, name, stream, start, tmp_path):
        config = ContinualConfig(name)
        whole = run_stream(stream, start, config)
        for _ in range(2):
            run_stream(stream, start, config, tmp_path, stop_after=1)
        resumed = run_stream(stream, start, config, tmp_path)
        assert len(resumed) == len(whole) == 4
        for a, b in zip(whole, resumed, strict=True):
            assert torch.equal(a.head.weight, b.head.weight)
            assert a.calibration == b.calibration
            assert (a.test == b.test).all()


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


def test_closed_form_does_not_depend_on_the_order_of_classes(stream, start):
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


def test_replay_keeps_the_same_number_of_exemplars_a_class(stream, start):
    learner = REGISTRY["predictive-replay"](start.weight, start.bias)
    learner.per_class = 10
    for number in range(3):
        learner.observe(stream.step(number), torch.Generator().manual_seed(0))
    assert torch.bincount(learner.state["memory_y"]).tolist() == [10] * 5


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
    from cfer.learning.calibrate import Calibration

    x = torch.randn(4, 5)
    w, b = fold(weight, bias, counts, Calibration(0.5, 2.0))
    expected = (F.linear(x, weight, bias) + 0.5 * log_shares(counts)) / 2
    torch.testing.assert_close(F.linear(x, w, b).softmax(1), expected.softmax(1))
    torch.testing.assert_close(w.mean(0), torch.zeros(5), atol=1e-6, rtol=0)
    torch.testing.assert_close(b.mean(), torch.tensor(0.0), atol=1e-6, rtol=0)
    torch.testing.assert_close(log_shares(counts).exp(), torch.tensor([9 / 12, 2 / 12, 1 / 12]))
