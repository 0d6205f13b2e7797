"""The loss along one parameter: its curve, the tangent that backpropagation promises, the nudge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab
from chainrule.lab.walk.batch import batch_asked
from chainrule.lab.walk.following import place_asked
from chainrule.lab.words import Refused, said

POINTS = 41  # on the curve, w in the middle
LARGEST_H = 10.0
AGREES = 1e-6  # relative error below which a nudge proves the gradient
TOO_LONG, TOO_SHORT = 1e-4, 1e-7


def curve(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return the loss for values of one parameter from w - h to w + h, in float64.

    The two at the ends are the nudge: their slope is compared with backpropagation's.
    """
    batch = batch_asked(lab, asked)
    index, name, at = place_asked(batch.network, asked)
    h = asked.real("h", 0, LARGEST_H)
    batch.network.loss_and_gradients(batch.X, batch.labels)
    layer = batch.network[index]
    array, gradient = layer.parameters[name], float(layer.gradients[name][at])
    value = float(array[at])
    middle = POINTS // 2
    values = value + np.arange(-middle, middle + 1) / middle * h
    if values[0] == values[-1]:
        raise Refused("refused.too_short", value=f"{value:.6g}", h=f"{h:g}")
    losses = []
    for one in values:
        array[at] = one
        losses.append(batch.loss)
    array[at] = value
    slope = (losses[-1] - losses[0]) / float(values[-1] - values[0])
    error = relative_error(slope, gradient)
    return {
        "value": value,
        "h": h,
        "values": values.tolist(),
        "losses": losses,
        "slope": slope,
        "gradient": gradient,
        "relative_error": error,
        "dtype": str(batch.network.dtype),
        "verdict": _verdict(slope, gradient, error, h),
    }


def relative_error(slope: float, gradient: float) -> float:
    """Return the difference over the larger of both; 0 where both are 0."""
    size = max(abs(slope), abs(gradient))
    return abs(slope - gradient) / size if size else 0.0


def _verdict(slope: float, gradient: float, error: float, h: float) -> dict[str, Any]:
    if slope == gradient == 0:
        return said("backwards.curve.silent")
    if error <= AGREES:
        return said(
            "backwards.curve.agree",
            n=min(15, math.floor(-math.log10(error))) if error else 15,
        )
    if h > TOO_LONG:
        return said("backwards.curve.bends")
    return said("backwards.curve.rounds" if h < TOO_SHORT else "backwards.curve.differs")
