"""Predict first: a question to each card that needs the rule, answered by the real arrays.

What is asked, and in which order the choices stand, is fixed by network, images and step.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from chainrule.lab.walk.passage import Walk
from chainrule.lab.words import said
from chainrule.layers import ReLU
from chainrule.losses import softmax

Said: TypeAlias = dict[str, Any]
Question: TypeAlias = dict[str, Any]
SIGNS = ("below", "above", "zero")


def of_stations(walk: Walk, stations: Sequence[tuple[str, int]]) -> list[Question]:
    """Return a question for each step of a walk; all are about the first image."""
    key = [zlib.crc32(walk.batch.id.encode()), zlib.crc32(walk.batch.X.tobytes())]
    opens = bool(np.random.default_rng(key).integers(2))  # ReLUs pass and stop by turns
    asked = []
    for step, (kind, index) in enumerate(stations):
        rng = np.random.default_rng([*key, step])
        if kind == "gate":
            asked.append(_of_gate(walk, index, rng, opens))
            opens = not opens
        else:
            makes = {"loss": _of_loss, "dW": _of_weights, "da": _of_input}
            asked.append(makes[kind](walk, index, rng))
    return asked


def _question(
    rng: np.random.Generator, what: Said, choices: list[Said], why: Said, right: int = 0
) -> Question:
    """Return a question with its choices in an order that the generator draws."""
    order = rng.permutation(len(choices)).tolist()
    mixed = [choices[i] for i in order]
    return {"question": what, "choices": mixed, "right": order.index(right), "why": why}


def _of_loss(walk: Walk, index: int, rng: np.random.Generator) -> Question:
    """Ask for the sign of one output's gradient: the label's, or the surest wrong one's."""
    label = int(walk.batch.labels[0])
    probabilities = softmax(walk.outputs[-1])[0]
    wrong = np.where(np.arange(len(probabilities)) == label, -1, probabilities)
    unit = label if rng.integers(2) else int(wrong.argmax())
    slope, classes = float(walk.gradients[-1][0, unit]), walk.batch.classes
    about = {
        "array": f"d{walk.names[-1]}",
        "label": str(classes[label]),
        "unit": str(classes[unit]),
        "p": float(probabilities[unit]),
    }
    choices = [said(f"backwards.ask.{sign}") for sign in SIGNS]
    why = said(f"backwards.ask.loss_{'right' if unit == label else 'wrong'}", **about)
    return _question(rng, said("backwards.ask.loss", **about), choices, why, _sign(slope))


def _of_weights(walk: Walk, index: int, rng: np.random.Generator) -> Question:
    """Ask which two numbers are multiplied, what twice the input would do, or for the sign."""
    a, dz = walk.input(index)[0], walk.gradients[index][0]
    i, j = (int(np.abs(array).argmax()) for array in (a, dz))
    x, y = float(a[i]), float(dz[j])
    level = walk.level(index)
    about = {
        "a": walk.input_name(index), "dz": f"d{walk.names[index]}", "z": walk.names[index],
        "dW": f"dW{level}", "W": f"W{level}", "i": str(i), "j": str(j),
        "x": x, "y": y, "product": x * y,
    }  # fmt: skip
    turn = (walk.dense.index(index) + int(rng.integers(3))) % 3
    if turn == 0:
        pairs = [said(f"backwards.ask.pair_{pair}", **about) for pair in ("az", "wz", "aw", "ao")]
        what = said("backwards.ask.pair", **about)
        return _question(rng, what, pairs, said("backwards.ask.pair_why", **about))
    if turn == 1 and x * y:
        products = [said("backwards.ask.number", value=n * x * y) for n in (2, 1, 4, -2)]
        why = said("backwards.ask.twice_why", **about, twice=2 * x * y)
        return _question(rng, said("backwards.ask.twice", **about), products, why)
    choices = [said(f"backwards.ask.{move}") for move in ("falls", "rises", "stays")]
    why = said("backwards.ask.sign_why", **about)
    return _question(rng, said("backwards.ask.sign", **about), choices, why, _sign(x * y))


def _of_input(walk: Walk, index: int, rng: np.random.Generator) -> Question:
    """Ask what is added up for one unit."""
    unit = int(np.abs(walk.gradients[index - 1][0]).argmax())
    products = walk.network[index].weights[unit] * walk.gradients[index][0]
    k = int(np.abs(products).argmax())
    about = {
        "da": f"d{walk.input_name(index)}", "a": walk.input_name(index), "j": str(unit),
        "W": f"W{walk.level(index)}", "dz": f"d{walk.names[index]}", "k": str(k),
        "w": float(walk.network[index].weights[unit, k]),
        "y": float(walk.gradients[index][0, k]), "product": float(products[k]),
    }  # fmt: skip
    choices = [said(f"backwards.ask.sum_{one}", **about) for one in ("wz", "turned", "az", "aw")]
    what = said("backwards.ask.sum", **about, n=len(products))
    return _question(rng, what, choices, said("backwards.ask.sum_why", **about))


def _of_gate(walk: Walk, index: int, rng: np.random.Generator, opens: bool) -> Question:
    """Ask what becomes of the gradient of a unit that passes, or of one that does not."""
    da, slopes = walk.gradients[index][0], walk.slopes[index]
    assert slopes is not None
    wanted = np.abs(da) * ((slopes[0] != 0) == opens)
    unit = int((wanted if wanted.any() else np.abs(da)).argmax())
    came, slope = float(da[unit]), float(slopes[0, unit])
    about = {
        "z": walk.input_name(index), "da": f"d{walk.names[index]}",
        "dz": f"d{walk.input_name(index)}", "j": str(unit),
        "value": float(walk.input(index)[0, unit]), "came": came, "slope": slope,
        "went": slope * came, "layer": str(walk.network[index]),
    }  # fmt: skip
    results = list(dict.fromkeys([slope * came, came, 0.0, -came, 2 * came]))[:4]
    if isinstance(walk.network[index], ReLU):
        why = said(f"backwards.ask.gate_{'open' if slope else 'shut'}", **about)
    else:
        why = said("backwards.ask.gate_slope", **about)
    choices = [said("backwards.ask.number", value=result) for result in results]
    return _question(rng, said("backwards.ask.gate", **about), choices, why)


def _sign(value: float) -> int:
    """Return which of below, above and exactly 0 a value is."""
    return 2 if value == 0 else int(value > 0)
