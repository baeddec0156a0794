"""Choose how much of the class prior to add to balanced logits, and at which temperature they are probabilities."""

from collections.abc import Sequence

from torch import Tensor

from cfer.evaluation.metrics import expected_calibration_error, fit_temperature
from cfer.learners.calibrated import Calibration, log_shares

STRENGTHS = tuple(i / 10 for i in range(11))
TOLERANCE = 0.01


def even_temperature(logits: Tensor, true: Tensor, sources: Tensor) -> float:
    """The temperature at which the worst-calibrated data set is calibrated best.

    One temperature cannot fit pictures of different clarity; the likelihood's would suit the larger data set alone.

    Args:
        logits: (N, K).
        true: (N,) class indices.
        sources: (N,) number of the data set of each row.
    """
    plain, labels = logits.double(), true.numpy()

    def worst(temperature: float) -> float:
        chances = (plain / temperature).softmax(1).numpy()
        parts = [(sources == s).numpy() for s in sources.unique()]
        return max(expected_calibration_error(chances[part], labels[part]) for part in parts)

    return min((2 ** (step / 8) for step in range(-24, 41)), key=worst)


def calibrate(
    logits: Tensor,
    true: Tensor,
    counts: Tensor,
    sources: Tensor | None = None,
    strengths: Sequence[float] = STRENGTHS,
) -> Calibration:
    """Choose on validation data.

    The prior is the weakest whose accuracy is within `TOLERANCE` of the best: as balanced over the classes as
    accuracy allows, so that the commonest class is not the answer to every doubt. Then the temperature minimises the
    negative log-likelihood or, with several data sets, is that of `even_temperature`.

    Args:
        logits: (N, K), balanced.
        true: (N,) class indices.
        counts: (K,) training pictures a class.
        sources: (N,) number of the data set of each row; None where there is only one.
        strengths: Shares of the prior's logarithm to choose from.
    """
    prior = log_shares(counts)
    scores = [float(((logits + s * prior).argmax(1) == true).double().mean()) for s in strengths]
    chosen = next(s for s, score in zip(strengths, scores, strict=True) if score >= max(scores) - TOLERANCE)
    adjusted = logits + chosen * prior
    if sources is None or len(sources.unique()) < 2:
        return Calibration(chosen, fit_temperature(adjusted, true), tuple(prior.tolist()))
    return Calibration(chosen, even_temperature(adjusted, true, sources), tuple(prior.tolist()))
