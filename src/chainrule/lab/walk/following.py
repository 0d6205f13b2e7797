"""One weight followed through the walk: its terms, the sums behind them, its strongest way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainrule.checks import Array
from chainrule.lab.answers import dense_asked
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab
from chainrule.lab.pictures import DIGITS, rounded
from chainrule.lab.walk.batch import batch_asked
from chainrule.lab.walk.passage import Walk, walked
from chainrule.lab.words import Refused
from chainrule.network import Network

LARGEST = 8  # terms that stand alone; the rest of a sum is one
NAMES = ("weights", "biases")
Place: TypeAlias = tuple[int, ...]


def place_asked(network: Network, asked: Asked) -> tuple[int, str, Place]:
    """Return the layer, the array and the place in it of the parameter that a request names."""
    index, layer = dense_asked(network, asked)
    name = asked.one_of("name", NAMES)
    shape = layer.parameters[name].shape
    at = asked.listed("at", (len(shape),))
    for place, length in zip(at, shape, strict=True):
        if type(place) is not int or not 0 <= place < length:
            raise Refused("refused.place", array=name, shape=str(shape), came=f"{at!r:.60}")
    return index, name, tuple(at)


def follow(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return one parameter's slope, taken apart; of one image, `row`, what is no sum over all."""
    batch = batch_asked(lab, asked)
    place = place_asked(batch.network, asked)
    row = asked.whole("row", 0, len(batch) - 1) if "row" in asked else None
    return followed(walked(batch), *place, row)


def open_sum(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return what came back to one unit of one image: the terms of its sum, and its gate."""
    batch = batch_asked(lab, asked)
    index, layer = dense_asked(batch.network, asked)
    walk = walked(batch)
    if index == walk.dense[0]:
        raise Refused("refused.first", index=str(index))
    row, unit = asked.whole("row", 0, len(batch) - 1), asked.whole("unit", 0, layer.n_in - 1)
    return sum_of(walk, index, row, unit) | {"gates": _gates(walk, index - 1, row, unit)}


def steepest(walk: Walk) -> tuple[int, str, Place]:
    """Return the weight with the largest slope of a layer in the middle."""
    index = walk.dense[len(walk.dense) // 2]
    return index, "weights", steepest_of(walk, index)


def steepest_of(walk: Walk, index: int) -> Place:
    """Return where the largest slope of a layer's weights is."""
    dW = walk.network[index].gradients["weights"]
    return tuple(map(int, np.unravel_index(np.abs(dW).argmax(), dW.shape)))


def followed(
    walk: Walk, index: int, name: str, at: Place, row: int | None = None
) -> dict[str, Any]:
    """Return what each card says about one parameter, and about the units on its way.

    Parameters
    ----------
    walk : Walk
    index : int
        Of its Dense layer.
    name : str
        "weights" or "biases".
    at : tuple of int
    row : int, optional
        The image whose numbers are shown where there is one for each; that of the largest term
        where none is given.
    """
    entry = entry_of(walk, index, name, at)
    row = entry["terms"][0]["image"] if row is None else row
    units = _units(walk, index, name, at, row)
    first = walk.dense[0]
    entries = {i: entry_of(walk, i, *_own(walk, i, units, row)) for i in walk.dense if i != index}
    slopes = walk.network[first].gradients["weights"]
    return {
        "layer": index,
        "name": name,
        "at": list(at),
        "row": row,
        "units": units,
        "entries": entries | {index: entry},
        "sums": {i: sum_of(walk, i, row, units[i - 1], units[i]) for i in walk.dense if i > first},
        "gates": {i: _gate(walk, i, row, unit) for i, unit in units.items() if i not in walk.dense},
        "column": rounded(slopes[:, units[first]], DIGITS).tolist(),
        "output": _output(walk, row, units[len(walk.network) - 1]),
        "way": _way(walk, index, name, at, row, units),
    }


# ---- the terms of a slope ----


def entry_of(walk: Walk, index: int, name: str, at: Place) -> dict[str, Any]:
    """Return the slope of one parameter as a sum of a · dz over the images, largest first."""
    layer = walk.network[index]
    dz = walk.gradients[index][:, at[-1]]
    a = walk.input(index)[:, at[0]] if name == "weights" else np.ones_like(dz)
    terms, rest = largest(a * dz, lambda i: {"image": i, "a": float(a[i]), "dz": float(dz[i])})
    return {
        "name": name,
        "at": list(at),
        "value": float(layer.parameters[name][at]),
        "slope": float(layer.gradients[name][at]),
        "terms": terms,
        "rest": rest,
    }


def sum_of(walk: Walk, index: int, row: int, unit: int, to: int | None = None) -> dict[str, Any]:
    """Return da[unit] of one image as the sum of W[unit, k] · dz[k], largest first.

    The term of unit `to` comes apart from them too, wherever it stands among them.
    """
    weights, dz = walk.network[index].weights[unit], walk.gradients[index][row]
    products = weights * dz

    def term(k: int) -> dict[str, Any]:
        return {"unit": k, "w": float(weights[k]), "dz": float(dz[k])}

    terms, rest = largest(products, term)
    chosen = int(np.abs(products).argmax()) if to is None else to
    return {
        "layer": index,
        "row": row,
        "unit": unit,
        "total": float(walk.gradients[index - 1][row, unit]),
        "terms": terms,
        "rest": rest,
        "chosen": term(chosen) | {"product": float(products[chosen])},
    }


def largest(
    products: Array, term: Callable[[int], dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the largest products, each with its factors, and what the others add up to."""
    order = np.argsort(-np.abs(products), kind="stable")
    terms = [term(int(i)) | {"product": float(products[i])} for i in order[:LARGEST]]
    rest = order[LARGEST:]
    return terms, {"n": len(rest), "sum": float(products[rest].sum())}


# ---- the units on the way ----


def _units(walk: Walk, index: int, name: str, at: Place, row: int) -> dict[int, int]:
    """Return a unit of each layer: where the weight comes from, and its strongest way on."""
    network, dense = walk.network, walk.dense
    onward = _strongest(walk, index, row)
    unit = at[-1]
    units = {index: unit}
    for i in range(index + 1, len(network)):
        unit = onward[i][unit] if i in dense else unit
        units[i] = unit
    unit = at[0]
    for i in reversed(range(dense[0], index)):
        if i + 1 in dense and (i + 1 < index or name == "biases"):
            unit = int(np.abs(walk.gradients[i][row]).argmax())
        units[i] = unit
    return dict(sorted(units.items()))


def _strongest(walk: Walk, index: int, row: int) -> dict[int, list[int]]:
    """Return, of each later Dense layer, to which unit the strongest way of each input leads.

    A way is as strong as the product of all its factors; the strongest from any unit on is found
    from the loss back, as that of the units after it is known by then.
    """
    strength = np.abs(walk.gradients[-1][row])
    leads = {}
    for i in reversed(range(index + 1, len(walk.network))):
        slopes = walk.slopes[i]
        if slopes is None:
            through = np.abs(walk.network[i].weights) * strength
            leads[i] = through.argmax(axis=1).tolist()
            strength = through.max(axis=1)
        else:
            strength = np.abs(slopes[row]) * strength
    return leads


def _own(walk: Walk, index: int, units: dict[int, int], row: int) -> tuple[str, Place]:
    """Return the weight of another layer that lies on the way."""
    is_first = index == walk.dense[0]
    start = int(np.abs(walk.input(index)[row]).argmax()) if is_first else units[index - 1]
    return "weights", (start, units[index])


def _gate(walk: Walk, index: int, row: int, unit: int) -> dict[str, Any]:
    slopes = walk.slopes[index]
    assert slopes is not None
    return {
        "unit": unit,
        "z": float(walk.input(index)[row, unit]),
        "slope": float(slopes[row, unit]),
        "da": float(walk.gradients[index][row, unit]),
        "dz": float(walk.gradients[index - 1][row, unit]),
    }


def _gates(walk: Walk, index: int, row: int, unit: int) -> list[dict[str, Any]]:
    """Return what happens to da on its way through the layers that work number by number."""
    gates = []
    while index not in walk.dense and index >= 0:
        gates.append(_gate(walk, index, row, unit))
        index -= 1
    return gates


def _output(walk: Walk, row: int, unit: int) -> dict[str, Any]:
    """Return three ways to move one output: its bias, its weights, what comes in."""
    index = walk.dense[-1]
    dz = walk.gradients[index][row, unit]
    return {
        "unit": unit,
        "dz": float(dz),
        "weights": (walk.input(index)[row] * dz).tolist(),
        "inputs": (walk.network[index].weights[:, unit] * dz).tolist(),
    }


def _way(
    walk: Walk, index: int, name: str, at: Place, row: int, units: dict[int, int]
) -> dict[str, Any]:
    """Return the strongest of all ways from a parameter to the loss, factor by factor."""
    last = len(walk.network) - 1
    factors = []
    if name == "weights":
        value = walk.input(index)[row, at[0]]
        factors.append(_factor("input", walk.input_name(index), at[:1], value))
    for i in range(index + 1, last + 1):
        slopes = walk.slopes[i]
        if slopes is None:
            place = (units[i - 1], units[i])
            weight = walk.network[i].weights[place]
            factors.append(_factor("weight", f"W{walk.level(i)}", place, weight))
        else:
            slope = slopes[row, units[i]]
            factors.append(_factor("gate", walk.input_name(i), (units[i],), slope))
    end = walk.gradients[last][row, units[last]]
    factors.append(_factor("end", f"d{walk.names[last]}", (units[last],), end))
    return {
        "factors": factors,
        "product": math.prod(factor["value"] for factor in factors),
        "n": math.prod(walk.network[i].n_out for i in walk.dense if i > index),
    }


def _factor(kind: str, name: str, at: Sequence[int], value: float) -> dict[str, Any]:
    return {"kind": kind, "name": name, "at": list(at), "value": float(value)}
