"""What SciPy's L-BFGS asks of a network: the loss of all examples and its gradient, in float64.

Its loop is SciPy's: the one exception to Chainrule's rule that there is one loop.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from chainrule.checks import Array, slices
from chainrule.interop.sklearn.targets import half_squared_error
from chainrule.network import Network


class Objective:
    """The mean loss of all examples with the penalty, as a function of the flat vector.

    Parameters
    ----------
    network : Network
        Left as it is: a copy in float64 computes.
    X : array or SparseRows, shape (n, features)
        Gone through in slices of rows.
    y : array, shape (n,) or (n, outputs)
        As the network takes it.
    weights : array, shape (n,), or None
        Of the examples.
    alpha : float
        Half of it, divided by the number of examples or the sum of their weights, times the
        squares of the weights is the penalty.

    Attributes
    ----------
    network : Network
        The copy, at the parameters that were asked for last.
    loss : float
        The mean loss there, without the penalty.
    seconds : float
        Spent so far.
    """

    def __init__(
        self, network: Network, X: Any, y: Any, weights: Array | None, alpha: float
    ) -> None:
        self.network = network.astype(np.float64)
        self.X, self.y, self.weights = X, y, weights
        self.total = float(len(X) if weights is None else weights.sum())
        self.decay = alpha / self.total
        self.loss, self.seconds = np.nan, 0.0
        # Its gradient is that of the sum over the outputs, its value their mean.
        self.scale = network[-1].n_out if network.loss is half_squared_error else 1

    @np.errstate(all="ignore")
    def __call__(self, parameters: Array) -> tuple[float, Array]:
        """Return what is to be minimised, and its gradient (n,)."""
        started = time.perf_counter()
        network, gradients = self.network, np.zeros_like(parameters)
        network.parameters = parameters
        self.loss = 0.0
        for part in slices(self.X):
            y, weights = self.y[part], () if self.weights is None else (self.weights[part],)
            loss, grad_outputs = network.loss(network.forward(self.X[part]), y, *weights)
            network.backward(grad_outputs)
            share = (weights[0].sum() if weights else len(y)) / self.total
            self.loss += float(share * loss)
            gradients += share * network.gradients
        theta = parameters[network.weights_slice]
        gradients[network.weights_slice] += self.decay * theta
        self.seconds += time.perf_counter() - started
        return self.scale * self.loss + self.decay / 2 * float(theta @ theta), gradients
