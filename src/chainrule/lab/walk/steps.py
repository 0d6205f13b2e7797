"""The end of the walk: some steps of SGD or of Adam on this batch, and one parameter's part."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.checks import Array
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab
from chainrule.lab.walk.batch import batch_asked
from chainrule.lab.walk.following import Place, place_asked
from chainrule.network import Network
from chainrule.optimizers import SGD, Adam

LARGEST_RATE = 100.0
MOST_STEPS = 10
HISTORY = 5  # steps of which every number of the parameter is told


def steps(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Take steps on a copy, always on the same batch, in float64."""
    batch = batch_asked(lab, asked)
    network = batch.network
    index, name, at = place_asked(network, asked)
    kind = asked.one_of("optimizer", ("sgd", "adam"))
    rate = asked.real("rate", 0, LARGEST_RATE)
    count = asked.whole("count", 1, MOST_STEPS)
    optimizer = SGD(rate) if kind == "sgd" else Adam(rate)
    array = network[index].parameters[name]
    place = place_of(network, array, at)
    losses, promised, history = [], [], []
    start = float(array[at])
    for _ in range(count):
        loss, gradients = network.loss_and_gradients(batch.X, batch.labels)
        losses.append(loss)
        promised.append(-rate * float(gradients @ gradients))
        before, g = float(array[at]), float(gradients[place])
        network.parameters = optimizer.update(network.parameters, gradients)
        step = float(array[at]) - before
        history.append({"t": len(losses), "g": g, **_moments(optimizer, place), "step": step})
    losses.append(batch.loss)
    return {
        "optimizer": kind,
        "rate": rate,
        "losses": losses,
        "promised": promised if kind == "sgd" else None,
        "before": start,
        "after": float(array[at]),
        "history": history[-HISTORY:],
        "dtype": str(network.dtype),
    }


def place_of(network: Network, array: Array, at: Place) -> int:
    """Return where a number of an array of the network stands in the flat vector."""
    before = network.parameters.copy()
    network.parameters = np.arange(len(before), dtype=np.float64)  # each number says its place
    place = int(array[at])
    network.parameters = before
    return place


def _moments(optimizer: SGD | Adam, place: int) -> dict[str, float]:
    """Return Adam's moments of one number, and both corrected as in Algorithm 1; SGD has none."""
    if isinstance(optimizer, SGD):
        return {}
    adam, (m, v) = optimizer, (float(optimizer.state[name][place]) for name in ("m", "v"))
    return {
        "m": m,
        "v": v,
        "m_hat": m / (1 - adam.beta1**adam.t),
        "v_hat": v / (1 - adam.beta2**adam.t),
    }
