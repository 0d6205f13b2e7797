"""Losses of scikit-learn that compare each output with a number, and the network for them.

Each takes outputs and targets, (batch, n_out), and perhaps sample weights (batch,); it returns the
loss and the gradient of the outputs, (batch, n_out). As in `chainrule.losses`, the mean over the
batch is taken in one place; over the outputs they sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, xlogy

from chainrule import checks
from chainrule.checks import Array
from chainrule.losses import _mean_over_batch
from chainrule.network import Network


class TargetNetwork(Network):
    """A network whose targets are numbers, one for each output, whatever its loss."""

    @property
    def is_classifier(self) -> bool:
        """False: it has no labels, even where its targets are 0 and 1."""
        return False


def half_squared_error(
    outputs: Array, targets: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, Array]:
    """Return half the squared error, the mean over batch and outputs, and scikit-learn's gradient.

    The gradient is outputs - targets, the mean over the batch alone: each output learns as fast
    as it would on its own.
    """
    outputs, targets = _numbers(outputs, targets)
    difference = outputs - targets
    losses = np.mean(difference * difference, axis=1) / 2  # (batch,)
    return _mean_over_batch(losses, difference, sample_weight)


def sigmoid_crossentropy_with_logits(
    logits: Array, targets: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, Array]:
    """Return the cross-entropy of the sigmoid of each logit, and its gradient.

    For a logit z and a target t of 0 or 1 the loss is log(1 + eᶻ) - t z, and its gradient is
    sigmoid(z) - t (Goodfellow, Bengio and Courville 2016, §6.2.2.2).
    """
    logits, targets = _numbers(logits, targets)
    losses = np.sum(np.logaddexp(0, logits) - targets * logits, axis=1)  # no overflow for any z
    return _mean_over_batch(losses, expit(logits) - targets, sample_weight)


def half_poisson_deviance(
    outputs: Array, targets: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, Array]:
    """Return half the Poisson deviance of the means exp(outputs), and its gradient.

    For an output z and a count y it is y log y - y - y z + eᶻ, and its gradient is eᶻ - y
    (McCullagh and Nelder 1989, §2.3).
    """
    outputs, targets = _numbers(outputs, targets)
    means = np.exp(outputs)
    losses = np.sum(xlogy(targets, targets) - targets - targets * outputs + means, axis=1)
    return _mean_over_batch(losses, means - targets, sample_weight)


def _numbers(outputs: Array, targets: ArrayLike) -> tuple[Array, Array]:
    outputs = checks.outputs("outputs", outputs)
    return outputs, checks.targets("targets", targets, outputs.shape, outputs.dtype)
