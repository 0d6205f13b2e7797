"""Proofs of derivatives: backpropagation against the definition of the derivative.

An audit goes from rule to blame: the layers and the loss keep the rules without which nothing can
be compared; each array's gradient is compared with the slopes of the loss; a wrong one is explained
by the mark that a known fault leaves in it; and each layer is audited alone, to blame the first.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import Array, ChainruleError, Integers, Seed
from chainrule.layers import Layer
from chainrule.network import Network
from chainrule.proof.slopes import ENTRIES, PROJECTIONS, Comparison, Key, Slopes, by_row, is_close
from chainrule.proof.verdicts import (
    RIGHT,
    UNPROVED,
    Audit,
    AuditRow,
    Finding,
    found,
    require,
    wrong,
)

__all__ = ["Audit", "AuditRow", "audit", "numerical_gradient", "proof_copy"]

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


# ---- the gradient audit ----

MOST_ENTRIES = 4_000  # of parameters and input together; more are judged by projections
SAMPLED = 30  # entries of a wrong array that explain what is wrong with it
FEW, ENOUGH = 3, 7  # examples: in so few, a share 1/B may be anything; they are repeated to 7

Judged = tuple[list[AuditRow], Finding]  # the arrays, and what is to blame


def audit(
    network: Network, X: ArrayLike, y: ArrayLike, *, method: str = "auto", rng: Seed = 0
) -> Audit:
    """Compare every gradient of a network, and that of its input, with the numerical gradient.

    Done in float64 on a copy, with Dropout off. An entry is right where

        |analytic - numeric| <= 1e-6 max(|analytic|, |numeric|, 0.01 largest |gradient|)

    with the largest gradient of its array. Beside a kink (a ReLU that switches within the step)
    there is no derivative to compare with: such an entry is skipped and counted, and an example
    that lies on a kink as a whole gives its place to another one of the batch, unless most do.
    Networks of more than a few thousand parameters are judged by their derivatives along random
    directions in each array. An array whose gradient is zero, analytically and numerically, or of
    which less than half could be compared, is not passed. A layer with a generator `rng`, such as
    Dropout, is judged alone as well, as it is while training, with the same draw at every point.

    Parameters
    ----------
    network : Network
        Of any layers, a learner's own as well; it stays as it is.
    X : array, shape (batch, features)
        A few examples are enough, and quicker. Three or fewer are repeated until they are seven:
        a wrong mean over the batch cannot be seen in a batch of one, nor told from another factor
        in a batch of two.
    y : integers, shape (batch,), or what the network's loss takes
    method : {"auto", "entries", "projections"}
        By default the size of the network decides.
    rng : int or numpy.random.Generator
        Draws the directions.

    Returns
    -------
    Audit
        ``passed``, ``rows``, ``verdict``; ``print`` shows a table.

    Examples
    --------
    >>> from chainrule import Dense, Network, Tanh
    >>> network = Network([Dense(3, 4), Tanh(), Dense(4, 2)])
    >>> audit(network, np.eye(3), [0, 1, 1]).passed
    True
    """
    if method not in ("auto", ENTRIES, PROJECTIONS):
        raise ChainruleError(
            f"method must be 'auto', '{ENTRIES}' or '{PROJECTIONS}', got {method!r}."
        )
    judged = proof_copy(network)
    X = checks.examples("X", X, np.float64)
    labels = by_row(y, len(X))
    if labels is not None and len(X) <= FEW:
        repeated = np.resize(np.arange(len(X)), ENOUGH)
        X, y = X[repeated], labels[repeated]
    if method == "auto":
        method = _method(judged.parameters.size + X.size)
    slopes = Slopes(judged, X, y, method, checks.generator(rng))
    with np.errstate(all="ignore"):  # a verdict tells of what is not finite
        rows, blame = _judge_whole(slopes)
    return Audit.of(slopes, rows, blame)


def _method(size: int, most: int = MOST_ENTRIES) -> str:
    return ENTRIES if size <= most else PROJECTIONS


def proof_copy(network: Network) -> Network:
    """Return a copy in float64 that computes the gradient of its input as well."""
    if not isinstance(network, Network):
        raise ChainruleError(
            f"A proof takes a Network, got {network!r}: put the layers into one, "
            "Network([Dense(3, 2)])."
        )
    judged = network.astype(np.float64)
    judged[0].needs_input_gradient = True
    return judged


def _judge_whole(slopes: Slopes) -> Judged:
    """Judge every array of a network, and find out which layer is to blame for what is wrong."""
    rows, broken = _judge_arrays(slopes)
    if broken:
        slopes.replaced = 0  # nothing was compared
        if broken.cause == "backward-stops":
            broken = _blame(slopes, {}) or broken
        return [replace(row, cause=broken.cause) for row in rows.values()], broken
    is_right = all(row.passed for row in rows.values()) and not slopes.moved
    blame = RIGHT if is_right else _blame(slopes, rows)
    drawn, late = _judge_while_training(slopes)
    return [*rows.values(), *drawn], blame or late


def _judge_arrays(slopes: Slopes) -> tuple[dict[Key, AuditRow], Finding]:
    """Judge every array, unless a rule is broken; return that as well."""
    broken = found(_hold_rules, slopes)
    if broken:
        return {key: _row(slopes, key, Finding(broken.cause, "?")) for key in slopes.arrays}, broken
    compared = {key: slopes.compare(key) for key in slopes.arrays}
    said = {key: found(_hold_array, slopes, key, seen) for key, seen in compared.items()}
    return {key: _row(slopes, key, said[key], seen) for key, seen in compared.items()}, RIGHT


def _row(slopes: Slopes, key: Key, said: Finding, seen: Comparison | None = None) -> AuditRow:
    errors = seen.errors[seen.is_decided] if seen else np.empty(0)
    skipped = len(seen.errors) - len(errors) if seen else 0
    largest = float(errors.max()) if len(errors) else math.nan
    counts = (slopes.arrays[key].size, len(errors), skipped)
    return AuditRow(slopes.name(key[0]), key[1], *counts, largest, said.cause, said.words)


# ---- the rules without which nothing can be compared ----


def _hold_rules(slopes: Slopes) -> None:
    _hold_forward(slopes)
    if slopes.place is None:
        slopes.leave_kinks()
    slopes.remember()
    _hold_backward(slopes)


def _hold_forward(slopes: Slopes) -> None:
    """Run each layer and the loss twice; raise what is wrong with them."""
    x, first = slopes.X, ""
    for i in range(len(slopes.network)):
        given, layer = x.copy(), slopes.name(i)
        who = f"forward of {layer},"
        with _told("forward-stops", who):
            y, again = slopes.layer(i, given), slopes.layer(i, x.copy())
        came = "None" if y is None else f"a {type(y).__name__}"
        require(isinstance(y, np.ndarray), "returns-no-array", who=who, came=came)
        require(y.dtype == np.float64, "casts-inside", layer=layer, dtype=y.dtype)
        require(_same(given, x), "writes-into-argument", who=who, what="its input")
        require(_same(y, again), "random-forward", who=who)
        if not (first or np.isfinite(y).all()):
            first = f" The first output that is not finite is that of {layer}."
        x = y
    given = x.copy()
    with _told("loss-stops", "The loss"):
        value, gradient = slopes.network.loss(given, slopes.y)
        repeated, _ = slopes.network.loss(x.copy(), slopes.y)
    require(math.isfinite(value), "not-finite/loss", value=value, first=first)
    require(_same(given, x), "writes-into-argument", who="The loss", what="the outputs")
    require(value == repeated, "random-forward/loss")
    is_whole = np.shape(gradient) == x.shape
    require(is_whole, "no-logits-gradient", shape=x.shape, came=_shape(gradient))


def _hold_backward(slopes: Slopes) -> None:
    """Run backward twice: the first time from gradients of 0, the second after a first."""
    first, second = _backward(slopes), _backward(slopes)
    checks.views(slopes.network)
    for (i, name), array in slopes.arrays.items():
        slopes.analytic[i, name] = second[max(i, 0), name].reshape(array.shape)
    for (i, name), array in first.items():
        if not (slopes.moved or _same(array, second[i, name])):
            adds_up = _same(2 * array, second[i, name])
            key = "gradients-add-up" if adds_up else "random-backward"
            raise wrong(key, layer=slopes.name(i), name=name)


def _backward(slopes: Slopes) -> dict[Key, Array]:
    """Return the gradients that each layer writes and returns; what it moves is put back."""
    start = {key: array.copy() for key, array in slopes.arrays.items() if key[0] >= 0}
    came: dict[Key, Array] = {}
    inputs = slopes.run()
    gradient: Any = np.array(slopes.network.loss(inputs[-1], slopes.y)[1], np.float64)
    for i in reversed(range(len(slopes.network))):
        given, who = gradient.copy(), f"backward of {slopes.name(i)},"
        with _told("backward-stops", who):
            grad_x = slopes.network[i].backward(given)
        fits = np.shape(grad_x) == inputs[i].shape
        require(fits, "no-input-gradient", who=who, came=_shape(grad_x))
        what = "the gradient it is given"
        require(_same(given, gradient), "writes-into-argument", who=who, what=what)
        gradient = np.array(grad_x, np.float64)
        for name, array in {**slopes.network[i].gradients, "input": gradient}.items():
            came[i, name] = np.array(array, np.float64)
    slopes.moved = {key[0] for key, a in start.items() if (a != slopes.arrays[key]).any()}
    for key, array in start.items():
        slopes.arrays[key][...] = array
    return came


@contextmanager
def _told(key: str, who: str) -> Iterator[None]:
    """Make a finding of whatever a learner's layer or loss may raise."""
    try:
        yield
    except Exception as error:
        if isinstance(error, ChainruleError) and key != "backward-stops":
            raise  # wrong input stays an error
        raise wrong(key, who=who, error=f"{type(error).__name__}: {error}") from error


def _same(one: Array, other: Array) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _shape(array: Any) -> str:
    return "None" if array is None else f"shape {np.shape(array)}"


# ---- one array: whether its gradient is right, and what is wrong with it ----


def _hold_array(slopes: Slopes, key: Key, seen: Comparison) -> None:
    """Raise what is wrong with the gradient of one array."""
    require(np.isfinite(slopes.analytic[key]).all(), "not-finite")
    require(not seen.is_flat, "nothing-proved")
    if len(seen.wrong):
        _explain(slopes, key, seen)
    checked = int(seen.is_decided.sum())
    require(slopes.is_enough(seen), "nobody-checked", checked=checked, places=len(seen.errors))


def _explain(slopes: Slopes, key: Key, seen: Comparison) -> None:
    """Raise what is wrong with an array that is wrong, as far as it shows at once."""
    if slopes.method == ENTRIES:
        _explain_entries(slopes, key, seen)
    if slopes.analytic[key].any():
        chosen, numeric = seen.analytic[seen.is_decided], seen.numeric[seen.is_decided]
        _hold_factor(chosen, numeric, len(slopes.X))
        # In a whole network the fault may be another layer's: look closely where none is found.
        require(slopes.place is not None, "differs/directions")
    _explain_closely(slopes, key)


def _explain_closely(slopes: Slopes, key: Key) -> None:
    """Look at entries of a large array that is wrong, the largest and others; it takes longer."""
    size, half = slopes.arrays[key].size, SAMPLED // 2
    largest = np.argsort(-np.abs(slopes.analytic[key]), axis=None)[:half]
    drawn = slopes.rng.choice(size, min(size, half), replace=False)
    sample = slopes.entries(key, np.unique(np.concatenate([largest, drawn])))
    if len(sample.wrong):
        _explain_entries(slopes, key, sample)
    raise _worst(slopes, key, slopes.entries(key, _locate(slopes, key)))


def _locate(slopes: Slopes, key: Key) -> Integers:
    """Return a wrong entry of a large array, by halving what holds it."""
    first, last = 0, slopes.arrays[key].size
    while last - first > 1:
        middle = (first + last) // 2
        is_left = len(slopes.directions(key, slice(first, middle)).wrong) > 0
        first, last = (first, middle) if is_left else (middle, last)
    return np.array([first])


def _worst(slopes: Slopes, key: Key, seen: Comparison) -> Finding:
    worst = int(np.argmax(np.where(seen.is_decided, seen.errors, -1)))
    place = ", ".join(map(str, np.unravel_index(seen.index[worst], slopes.arrays[key].shape)))
    analytic, numeric = seen.analytic[worst], seen.numeric[worst]
    off = analytic - numeric
    return wrong("differs", place=place, analytic=analytic, numeric=numeric, difference=off)


# ---- the marks of known faults ----


def _explain_entries(slopes: Slopes, key: Key, seen: Comparison) -> NoReturn:
    """Raise the known fault whose mark the analytic gradient bears, or the worst entry."""
    analytic, index = slopes.analytic[key], seen.index[seen.is_decided]
    chosen, numeric = seen.analytic[seen.is_decided], seen.numeric[seen.is_decided]
    require(analytic.any(), "zero-gradient")
    has_influence = np.abs(numeric).max(initial=0) > 1e-7 * np.abs(chosen).max(initial=0)
    require(has_influence, "no-influence")
    kept = 1 - getattr(slopes.network[0], "rate", math.nan) if slopes.training else math.nan
    _hold_factor(chosen, numeric, len(slopes.X), kept)
    if is_close(chosen, numeric):
        errors = np.abs(chosen - numeric) / np.abs(numeric).max()
        is_rounded = errors.max() <= 1e-6 and np.median(errors) > 1e-9
        require(not is_rounded, "rounded-to-float32", error=errors.max())
        raise _worst(slopes, key, seen)
    if analytic.ndim == 2:
        turned = analytic.reshape(analytic.shape[::-1]).T.reshape(-1)[index]
        require(not is_close(turned, numeric), "transposed-gradient")
    if slopes.network.loss is _linear_loss and slopes.y.ndim == 2:
        _hold_output(analytic, slopes.y)
    closed = np.abs(numeric) <= 1e-9 * np.abs(numeric).max()
    passes = closed.any() and chosen[closed].any()
    is_unmasked = passes and is_close(chosen[~closed], numeric[~closed])
    require(not is_unmasked, "missing-mask")
    raise _worst(slopes, key, seen)


def _hold_factor(chosen: Array, numeric: Array, batch: int, kept: float = math.nan) -> None:
    """Raise the fault of a gradient that is a multiple of the right one.

    `kept` is the share of its inputs that a Dropout keeps.
    """
    factor = float(chosen @ numeric / (numeric @ numeric))
    rest = np.abs(chosen - factor * numeric).max()
    # Of an error in single entries, a factor near 1 explains nothing.
    if is_close(chosen, factor * numeric) and rest <= 0.1 * np.abs(chosen - numeric).max():
        causes = {kept: "dropout-unscaled", -1.0: "sign-flipped", 1 / batch: "averaged-twice"}
        causes[float(batch)] = "never-averaged"
        for value, cause in causes.items():
            is_near = math.isclose(factor, value, rel_tol=1e-5)
            require(not is_near, cause, batch=batch, kept=kept)
        raise wrong("constant-factor", factor=factor)


def _hold_output(analytic: Array, grad_y: Array) -> None:
    """Raise the fault of a gradient that follows wrongly from that of the output."""
    if analytic.shape == grad_y.shape:
        require(not is_close(analytic, np.maximum(grad_y, 0)), "mask-from-gradient")
    if analytic.shape == grad_y.shape[1:]:
        require(not any(is_close(analytic, row) for row in grad_y), "missing-bias-sum")
        sums = [np.full(analytic.shape, grad_y.sum()), grad_y.sum(axis=1)]
        is_turned = any(one.shape == analytic.shape and is_close(analytic, one) for one in sums)
        require(not is_turned, "bias-wrong-axis")


# ---- who is to blame ----


def _blame(slopes: Slopes, rows: dict[Key, AuditRow]) -> Finding:
    """Judge the loss and every layer alone; return the first fault, counted from the loss.

    The gradients below a fault are wrong as well, without a fault of their layers: their
    rows are changed to say so.
    """
    blame = RIGHT
    own: dict[Key, AuditRow] = {}
    for i in reversed(range(len(slopes.inputs))):
        part, finding = _judge_alone(slopes, i)
        own |= {(i, row.name): row for row in part if row.is_wrong}
        blame = blame or (RIGHT if finding.cause in UNPROVED else finding)
    for key, row in rows.items():
        mine = own.get((max(key[0], 0), key[1]))  # the network's input is that of layer 0
        if mine and row.is_wrong:
            finding = Finding(mine.cause, mine.verdict)
        elif row.cause in ("differs", "rounded-to-float32") and blame:
            finding = wrong("fault-above", words=row.verdict)
        elif row.cause == "differs" and slopes.method == PROJECTIONS:
            finding = found(_explain_closely, slopes, key)
        else:
            continue
        rows[key] = replace(row, cause=finding.cause, verdict=finding.words)
    return blame or _first_of(reversed(rows.values()))


def _first_of(rows: Iterable[AuditRow]) -> Finding:
    """Return what is said of the first row that is wrong or, without one, that is not proved."""
    failed = sorted((row for row in rows if not row.passed), key=lambda row: not row.is_wrong)
    return next((Finding(row.cause, row.sentence) for row in failed), RIGHT)


def _judge_alone(slopes: Slopes, i: int, training: bool = False) -> Judged:
    """Judge a layer alone or, behind the last layer, the loss."""
    part, broken = _judge_arrays(_alone(slopes, i, len(slopes.X), training))
    if broken.cause == "backward-stops" and not training and slopes.inputs[i + 1].ndim == 2:
        # With as many examples as outputs a sum over the wrong axis fits, and is known.
        square, other = _judge_arrays(_alone(slopes, i, slopes.inputs[i + 1].shape[1]))
        if other or _first_of(square.values()):
            part, broken = square, other
    rows, blame = list(part.values()), broken or _first_of(part.values())
    if i in slopes.moved:
        is_late = any(row.name == "input" and row.is_wrong for row in rows)
        key = "update-before-passing" if is_late else "update-in-backward"
        blame = wrong(key, layer=slopes.name(i))
    elif i == len(slopes.network) and blame:
        blame = Finding(blame.cause, rows[-1].said_of("logits, which the loss returns,"))
    return rows, blame


def _alone(slopes: Slopes, i: int, count: int, training: bool = False) -> Slopes:
    """Return a layer with `count` examples, under a loss whose gradient is drawn; or the loss."""
    x, layer, loss, y = slopes.inputs[i], Layer(), slopes.network.loss, slopes.y
    if i < len(slopes.network):
        x = np.resize(x, (count, *x.shape[1:]))
        y = slopes.rng.standard_normal((count, *slopes.inputs[i + 1].shape[1:]))
        layer, loss = copy.deepcopy(slopes.network[i]), _linear_loss
    network = Network([layer], loss=loss, dtype=np.float64)
    network[0].needs_input_gradient = True
    method = _method(network.parameters.size + x.size, MOST_ENTRIES // 4)
    return Slopes(network, x, y, method, slopes.rng, training, place=i)


def _linear_loss(outputs: Array, cotangent: Array) -> tuple[float, Array]:
    """Return a loss whose gradient is `cotangent`, whatever the outputs are."""
    return float(np.sum(cotangent * outputs)), cotangent


def _judge_while_training(slopes: Slopes) -> Judged:
    """Judge each layer that draws at random alone, as it is while training."""
    rows: list[AuditRow] = []
    blame = RIGHT
    for i in reversed(slopes.draws):
        part, finding = _judge_alone(slopes, i, training=True)
        if finding.cause not in UNPROVED:  # all may be dropped
            rows += [replace(row, name=f"{row.name}, training") for row in part]
            if finding and not blame:
                blame = Finding(finding.cause, f"While training: {finding.words}")
    return rows, blame
