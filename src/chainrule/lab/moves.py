"""What a learner does to one weight: nudge it and measure the slope, or take one step with all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError
from chainrule.lab.answers import dense_asked
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab
from chainrule.lab.pictures import written
from chainrule.lab.walk import Batch, batch_asked
from chainrule.network import Network
from chainrule.optimizers import SGD, Adam

NAMES = ("weights", "biases")
LARGEST_H = 1.0
LARGEST_RATE = 100.0
AGREES = 1e-6  # relative error below which a nudge proves the gradient


def entry_asked(network: Network, asked: Asked) -> tuple[Array, Array, tuple[int, ...]]:
    """Return the array that a request names, its gradient, and the place of one number in both."""
    _, layer = dense_asked(network, asked)
    name = asked.one_of("name", NAMES)
    shape = layer.parameters[name].shape
    at = asked.listed("at", (len(shape),))
    for place, length in zip(at, shape, strict=True):
        if type(place) is not int or not 0 <= place < length:
            raise ChainruleError(
                f"at must lie within the shape of the {name}, {shape}, counted from 0, "
                f"got {at!r:.60}."
            )
    return layer.parameters[name], layer.gradients[name], tuple(at)


def loss_of(batch: Batch) -> float:
    """Return the loss of the batch."""
    return batch.network.loss(batch.network.forward(batch.X), batch.labels)[0]


def nudge(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Push one weight by h both ways, and compare the slope with backpropagation's, in float64."""
    batch = batch_asked(lab, asked)
    array, gradients, at = entry_asked(batch.network, asked)
    h = asked.real("h", 0, LARGEST_H)
    batch.network.loss_and_gradients(batch.X, batch.labels)
    gradient, value = float(gradients[at]), float(array[at])
    above, below = value + h, value - h
    if above == below:
        raise ChainruleError(
            f"h must be large enough to move {value:.6g} in float64, got {h:g}: take a larger one."
        )
    array[at] = above
    plus = loss_of(batch)
    array[at] = below
    minus = loss_of(batch)
    slope = (plus - minus) / (above - below)
    error = relative_error(slope, gradient)
    return {
        "value": value,
        "h": h,
        "loss_plus": plus,
        "loss_minus": minus,
        "slope": slope,
        "gradient": gradient,
        "relative_error": error,
        "dtype": str(batch.network.dtype),
        "words": _nudge_words(slope, gradient, error, h),
    }


def relative_error(slope: float, gradient: float) -> float:
    """Return the difference over the larger of both; 0 where both are 0."""
    size = max(abs(slope), abs(gradient))
    return abs(slope - gradient) / size if size else 0.0


def _nudge_words(slope: float, gradient: float, error: float, h: float) -> str:
    if slope == gradient == 0:
        return (
            "Both are 0: with these images the weight does not reach the loss, for its unit, or "
            "all that follow it, are silent."
        )
    if error <= AGREES:
        digits = min(15, math.floor(-math.log10(error))) if error else 15
        return f"Slope and backpropagation agree to {digits} digits."
    if h > 1e-4:
        return "They differ: with a step so long the loss bends on the way. Take a smaller h."
    if h < 1e-7:
        return "They differ: with a step so short the two losses are rounded. Take a larger h."
    return (
        "They differ: the gradient is so small that rounding shows, or a ReLU switches between "
        "the two pushes. Take another h."
    )


def step(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Take one step of an optimizer on a copy, and follow one weight through it, in float64."""
    batch = batch_asked(lab, asked)
    network = batch.network
    array, gradients, at = entry_asked(network, asked)
    kind = asked.one_of("optimizer", ("sgd", "adam"))
    rate = asked.real("rate", 0, LARGEST_RATE)
    optimizer = SGD(rate) if kind == "sgd" else Adam(rate)
    before, g = network.loss_and_gradients(batch.X, batch.labels)
    promised = -rate * float(g @ g) if kind == "sgd" else None
    value, place = float(array[at]), place_of(network, array, at)
    network.parameters = optimizer.update(network.parameters, g)
    after = loss_of(batch)
    if not math.isfinite(after):
        raise ChainruleError(
            f"A step at rate {rate:g} leads to no finite loss: take a smaller one."
        )
    return {
        "loss_before": before,
        "loss_after": after,
        "promised": promised,
        "weight": {
            "value_before": value,
            "value_after": float(array[at]),
            "g": float(gradients[at]),
            **_moments(optimizer, place),
            "step": float(array[at]) - value,
        },
        "t": optimizer.t,
        "dtype": str(network.dtype),
        "words": _step_words(before, after, promised),
    }


def place_of(network: Network, array: Array, at: tuple[int, ...]) -> int:
    """Return where a number of an array of the network stands in the flat vector."""
    before = network.parameters.copy()
    network.parameters = np.arange(len(before), dtype=np.float64)  # each number says its place
    place = int(array[at])
    network.parameters = before
    return place


def _moments(optimizer: SGD | Adam, place: int) -> dict[str, float | None]:
    """Return Adam's moments of one number, and both corrected as in Algorithm 1; SGD has none."""
    if isinstance(optimizer, SGD):
        return dict.fromkeys(("m", "v", "m_hat", "v_hat"))
    adam, (m, v) = optimizer, (float(optimizer.state[name][place]) for name in ("m", "v"))
    return {
        "m": m,
        "v": v,
        "m_hat": m / (1 - adam.beta1**adam.t),
        "v_hat": v / (1 - adam.beta2**adam.t),
    }


def _step_words(before: float, after: float, promised: float | None) -> str:
    change = (
        f"The loss goes from {written(before, '.6g')} to {written(after, '.6g')}, by "
        f"{written(after - before, '+.3g')}"
    )
    if promised is None:
        return (
            f"{change}. It is Adam's first step: the moments begin at 0, and corrected for that, "
            "m̂ is g and v̂ is g², so that every weight moves by about the rate."
        )
    if promised == 0:
        return f"{change}: every gradient is 0, so nothing moves."
    share = (after - before) / promised
    return (
        f"{change}; the slope promised {written(promised, '+.3g')}. It keeps {100 * share:.0f} % "
        "of it: the shorter the step, the nearer to 100 %."
    )
