"""What a learner does to one weight: nudge it and measure the slope, or take one step with all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checks import ChainruleError
from chainrule.lab.answers import dense_asked
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab
from chainrule.lab.walk import Batch, batch_asked
from chainrule.network import Network
from chainrule.optimizers import SGD, Adam

NAMES = ("weights", "biases")
LARGEST_H = 1.0
LARGEST_RATE = 100.0
AGREES = 1e-6  # relative error below which a nudge proves the gradient


@dataclass(frozen=True)
class Entry:
    """One number of a network: the layer's index, the name of the array, the place within it."""

    layer: int
    name: str
    at: tuple[int, ...]

    def value_in(self, network: Network) -> float:
        """Return the number as it is in a network."""
        return float(network[self.layer].parameters[self.name][self.at])

    def gradient_in(self, network: Network) -> float:
        """Return what the last `backward` wrote for it."""
        return float(network[self.layer].gradients[self.name][self.at])


def entry_asked(network: Network, asked: Asked) -> Entry:
    """Return the one number that a request names."""
    index, layer = dense_asked(network, asked)
    name = asked.one_of("name", NAMES)
    shape = layer.parameters[name].shape
    at = asked.listed("at", (len(shape),))
    for place, length in zip(at, shape, strict=True):
        if type(place) is not int or not 0 <= place < length:
            raise ChainruleError(
                f"at must lie within the shape of the {name}, {shape}, counted from 0, "
                f"got {at!r:.60}."
            )
    return Entry(index, name, tuple(at))


def nudge(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Push one weight by h both ways, and compare the slope with backpropagation's, in float64."""
    batch = batch_asked(lab, asked)
    network = batch.network
    entry, h = entry_asked(network, asked), asked.real("h", 0, LARGEST_H)
    network.loss_and_gradients(batch.X, batch.labels)
    gradient, value = entry.gradient_in(network), entry.value_in(network)
    above, below = value + h, value - h
    if above == below:
        raise ChainruleError(
            f"h must be large enough to move {value:.6g} in float64, got {h:g}: take a larger one."
        )
    plus, minus = (_loss_with(batch, entry, pushed) for pushed in (above, below))
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
        "dtype": str(network.dtype),
        "words": _nudge_words(slope, gradient, error, h),
    }


def loss_of(batch: Batch) -> float:
    """Return the loss of the batch."""
    return batch.network.loss(batch.network.forward(batch.X), batch.labels)[0]


def _loss_with(batch: Batch, entry: Entry, pushed: float) -> float:
    """Return the loss with one number replaced, and put it back."""
    array = batch.network[entry.layer].parameters[entry.name]
    before, array[entry.at] = array[entry.at], pushed
    loss = loss_of(batch)
    array[entry.at] = before
    return loss


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
    entry = entry_asked(network, asked)
    kind = asked.one_of("optimizer", ("sgd", "adam"))
    rate = asked.real("rate", 0, LARGEST_RATE)
    optimizer = SGD(rate) if kind == "sgd" else Adam(rate)
    before, g = network.loss_and_gradients(batch.X, batch.labels)
    promised = -rate * float(g @ g) if kind == "sgd" else None
    value, place = entry.value_in(network), place_of(network, entry)
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
            "value_after": entry.value_in(network),
            "g": entry.gradient_in(network),
            **_moments(optimizer, place),
            "step": entry.value_in(network) - value,
        },
        "t": optimizer.t,
        "dtype": str(network.dtype),
        "words": _step_words(before, after, promised),
    }


def place_of(network: Network, entry: Entry) -> int:
    """Return where one number stands in the flat vector, by numbering the vector of a copy."""
    numbered = network.copy()
    numbered.parameters = np.arange(network.parameters.size, dtype=np.float64)
    return int(entry.value_in(numbered))


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
    change = f"The loss goes from {before:.6g} to {after:.6g}, by {after - before:+.3g}"
    if promised is None:
        return (
            f"{change}. It is Adam's first step: the moments begin at 0, and corrected for that, "
            "m̂ is g and v̂ is g², so that every weight moves by about the rate."
        )
    if promised == 0:
        return f"{change}: every gradient is 0, so nothing moves."
    share = (after - before) / promised
    return (
        f"{change}; the slope promised {promised:+.3g}. It keeps {100 * share:.0f} % of it: the "
        "shorter the step, the nearer to 100 %."
    )
