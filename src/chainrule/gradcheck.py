"""Proofs of derivatives: backpropagation against the definition of the derivative."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.checks import Array, ChainruleError

# The error of a central difference is about h² from the formula and eps / h from rounding:
# the sum is smallest near the cube root of eps (Nocedal and Wright 2006, §8.1).
STEP = float(np.cbrt(np.finfo(np.float64).eps))


def numerical_gradient(function: Callable[[Array], float], x: Array, step: float = STEP) -> Array:
    """Return the gradient of a scalar function at x by central differences, in float64.

    Each entry is (f(x + h) - f(x - h)) / 2h, where h is `step` times max(1, |entry|).

    Parameters
    ----------
    function : callable
        ``function(x) -> float``; gets a float64 copy of x, which it must not keep.
    x : array, any shape
        Not changed.
    step : float
        Relative width of the difference.

    Returns
    -------
    array, float64, the shape of x

    Examples
    --------
    >>> numerical_gradient(lambda x: float((x**2).sum()), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    if not step > 0:
        raise ChainruleError(f"step must be a number above 0, got {step!r}.")
    point = np.array(x, dtype=np.float64)
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        here = float(point[index])
        h = step * max(1.0, abs(here))
        point[index] = here + h
        above = function(point)
        point[index] = here - h
        below = function(point)
        point[index] = here
        gradient[index] = (above - below) / ((here + h) - (here - h))
    return gradient
