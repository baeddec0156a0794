"""Losses, as pure functions."""

import torch
import torch.nn.functional as F
from torch import Tensor


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of logits (B, K) against label distributions (B, K)."""
    return -(targets * F.log_softmax(logits, dim=1)).sum(1).mean()


def logit_adjusted(logits: Tensor, targets: Tensor, log_prior: Tensor, strength: float = 1.0) -> Tensor:
    """Cross-entropy with the class prior added to the logits (Menon et al., ICLR 2021, eq. 10).

    Learning with the prior added leaves logits that are balanced over the classes without it.

    Args:
        logits: (B, K).
        targets: Label distributions (B, K).
        log_prior: (K,), logarithm of the class shares in the training data.
        strength: The paper's tau.
    """
    return soft_cross_entropy(logits + strength * log_prior, targets)


def distillation(student: Tensor, teacher: Tensor, temperature: float = 3.0) -> Tensor:
    """KL divergence from the teacher's softened probabilities to the student's, over the classes both know.

    The student's logits for newer classes take no part: a teacher has no opinion on a class that it has never seen,
    and padding its logits with zeros (as the paper's code does) would give such classes real probability. The
    factor T^2 keeps the gradients' size independent of the temperature (Hinton et al., arXiv 1503.02531).

    Args:
        student: (B, K), the first K_old columns being the teacher's classes.
        teacher: (B, K_old).
        temperature: T.
    """
    old = student[:, : teacher.shape[1]]
    student_log = F.log_softmax(old / temperature, dim=1)
    teacher_log = F.log_softmax(teacher / temperature, dim=1)
    return F.kl_div(student_log, teacher_log, reduction="batchmean", log_target=True) * temperature**2


def log_prior(targets: Tensor) -> Tensor:
    """Logarithm of the class shares (K,) in label distributions (N, K), one pseudo-count a class."""
    counts = targets.sum(0) + 1
    return torch.log(counts / counts.sum())


def padded_distillation(student: Tensor, teacher: Tensor, temperature: float = 3.0) -> Tensor:
    """The published code's distillation: cross-entropy from the teacher padded with zeros, over all classes.

    Kept for comparison. A class that the teacher has never seen gets the probability of a logit of zero, and without
    T^2 the gradients shrink with the temperature.

    Args:
        student: (B, K).
        teacher: (B, K_old); columns are added up to K.
        temperature: T.
    """
    padded = F.pad(teacher, (0, student.shape[1] - teacher.shape[1]))
    return soft_cross_entropy(student / temperature, F.softmax(padded / temperature, dim=1))
