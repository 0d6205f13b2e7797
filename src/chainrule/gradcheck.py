"""Proofs of derivatives: backpropagation against the definition of the derivative."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule import checks
from chainrule.checks import (
    Array,
    ChainruleError,
    Integers,
    Loss,
    Seed,
)
from chainrule.layers import (
    Dropout,
    Layer,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
)
from chainrule.network import Network

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


# ---- verdicts ----


@dataclass(frozen=True)
class Verdict:
    """What a tool found.

    Attributes
    ----------
    tool : str
        Who judged, such as "gradient audit".
    passed : bool
    cause : str
        The short name of what is wrong, such as "averaged-twice"; empty where nothing is.
    sentence : str
        The verdict in words.
    """

    tool: str
    passed: bool
    cause: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


AUDIT = "gradient audit"


@dataclass(frozen=True)
class AuditRow:
    """One array of the audit.

    Attributes
    ----------
    layer : str
        Such as "layer 2, Dense(128, 64)", or "the network" for its input.
    name : str
        Of the array: "weights", "biases", "input", or what a layer calls it.
    size : int
        Entries of the array.
    checked, skipped : int
        Entries (or, by projections, directions) that were compared, and that were not because
        they lie beside a kink or below the rounding of the loss.
    largest_error : float
        The largest |analytic - numeric| over max(|analytic|, |numeric|, floor); right is up to
        `TOLERANCE`. The floor is a hundredth of the largest gradient of the array; by projections
        the size that the projection is expected to have.
    cause, verdict : str
        "" and "right", or what is wrong.
    """

    layer: str
    name: str
    size: int
    checked: int
    skipped: int
    largest_error: float
    cause: str
    verdict: str

    @property
    def passed(self) -> bool:
        """Whether the gradient of this array is proved."""
        return not self.cause


@dataclass(frozen=True)
class Audit:
    """The gradient of every parameter and of the input, against the numerical gradient.

    Attributes
    ----------
    method : str
        "entries" (each entry of each array) or "projections" (random directions in each array).
    examples : int
        Of the batch that was used.
    rows : tuple of AuditRow
    verdict : Verdict
        Of all rows; where some are wrong, what the first fault is, counted from the loss.
    replaced : int
        Examples beside a kink (entry by entry: on a kink) that gave their place to others.
    """

    method: str
    examples: int
    rows: tuple[AuditRow, ...]
    verdict: Verdict
    replaced: int = 0

    @property
    def passed(self) -> bool:
        """Whether every array was checked and is right."""
        return self.verdict.passed

    def __str__(self) -> str:
        how = {
            ENTRIES: "every entry by itself",
            PROJECTIONS: f"too large entry by entry: {DIRECTIONS} random directions in each array",
        }[self.method]
        head = ("layer", "array", "entries", "checked", "skipped", "largest error", "verdict")
        cells = [
            (row.layer, row.name, f"{row.size:,}", f"{row.checked:,}", f"{row.skipped:,}",
             f"{row.largest_error:.1e}", row.cause or "right")
            for row in self.rows
        ]  # fmt: skip
        wrong = [
            f"{row.name} of {row.layer}: the gradient {row.verdict}"
            for row in self.rows
            if row.verdict not in ("right", "?")
        ]
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if place in (0, 1, 6) else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in (head, *cells)
        ]
        title = f"Gradient audit in float64 on {self.examples} examples, {how}"
        if self.replaced:
            title += f"; {self.replaced} examples beside a kink replaced by others"
        return "\n".join(
            [title, "", *lines, "", *wrong, *([""] if wrong else []), self.verdict.sentence]
        )


# ---- the gradient audit ----

TOLERANCE = 1e-6  # relative; a central difference of fourth order is good for 1e-9
FLOOR = 0.01  # of an array's largest gradient: what is smaller is judged as if it were so large
ENTRIES, PROJECTIONS = "entries", "projections"
MOST_ENTRIES = 4_000  # of parameters and input together; more are judged by projections
DIRECTIONS = 3  # one finds any wrong array; three, that no unlucky one hides a small error
SAMPLED = 30  # entries of a wrong array that explain what is wrong with it
STEPS = (1e-3, 1e-4, 1e-5)  # from the least rounding to the least chance to step over a kink
SMOOTH = (Layer, Sigmoid, Tanh, Dropout)
NEAREST = 1e-7  # where the slopes to either side of a kink are taken
# How far each input of a ReLU must lie from its kink: a direction moves all at once. Exactly on
# it lie all units behind a layer that is dead for an example, as long as the biases are 0.
MARGINS = {ENTRIES: 1e-9, PROJECTIONS: 2e-4}
FIRM = 5  # entries found wrong at every step; after these the first step condemns the others


def audit(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    method: str = "auto",
    rng: Seed = 0,
) -> Audit:
    """Compare every gradient of a network, and that of its input, with the numerical gradient.

    Done in float64 on a copy, with Dropout off. An entry is right where

        |analytic - numeric| <= 1e-6 max(|analytic|, |numeric|, 0.01 largest |gradient|)

    with the largest gradient of its array. Beside a kink (a ReLU that switches within the step)
    there is no derivative to compare with: such an entry is skipped and counted, and an example
    that lies on a kink as a whole gives its place to another one of the batch. Networks of more
    than a few thousand parameters are judged by their derivatives along random directions in
    each array. An array whose gradient is zero, analytically and numerically, or of which less
    than half could be compared, is not passed.

    Parameters
    ----------
    network : Network
        Of any layers, a learner's own as well; it stays as it is.
    X : array, shape (batch, features)
        A few examples are enough, and quicker. One alone is taken three times: a wrong mean over
        the batch cannot be seen in a batch of one.
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
    X = checks.examples("X", X, np.float64)
    if len(X) == 1:
        X, y = np.repeat(X, 3, axis=0), np.repeat(np.asarray(y), 3, axis=0)
    judged = proof_copy(network)
    if method == "auto":
        size = judged.parameters.size + X.size
        method = ENTRIES if size <= MOST_ENTRIES else PROJECTIONS
    X, y, replaced = _away_from_kinks(judged, X, y, MARGINS[method])
    judgement = _Auditor(judged, X, y, method, checks.generator(rng)).audit()
    return replace(judgement, replaced=replaced)


def _away_from_kinks(network: Network, X: Array, y: Any, margin: float) -> tuple[Array, Any, int]:
    """Replace examples beside a kink by others of the batch; every line would meet it."""
    inputs = [X, *network.activations(X.copy())]
    margins = np.full(len(X), np.inf)
    for x, layer in zip(inputs, network, strict=False):
        if not (layer.parameters or type(layer) in SMOOTH):  # a learner's layer may have kinks
            margins = np.minimum(margins, np.abs(x).reshape(len(x), -1).min(axis=1))
    rows = np.arange(len(X))
    close = np.flatnonzero(margins < margin)
    far = np.argsort(-margins, kind="stable")[: len(X) - len(close)]
    if not (len(close) and len(far)):
        return X, y, 0
    rows[close] = np.resize(far, len(close))
    return X[rows], np.asarray(y)[rows], len(close)


def proof_copy(network: Network) -> Network:
    """Return a copy in float64 that computes the gradient of its input as well."""
    judged = network.astype(np.float64)
    judged.optimizer = None
    judged[0].needs_input_gradient = True
    return judged


@dataclass(frozen=True)
class Finding:
    """A cause and its words, which follow the name of an array or a layer."""

    cause: str
    words: str


RIGHT = Finding("", "right")
UNPROVED = ("nothing-proved", "nobody-checked")  # not passed, but no fault was seen either
ZERO = Finding("zero-gradient", "is zero, the numerical gradient is not: is it written at all?")


@dataclass(frozen=True)
class _Stencil:
    """What five points on a line say of the slope in their middle."""

    slope: float  # of fourth order
    is_clean: bool  # no known ReLU switches between the points
    bend: float  # 0 but for rounding where the function is smooth
    sides: tuple[float, float]  # the slopes to the left and to the right
    rounding: float  # of the slope


class _Line:
    """A line through where an array is, in a direction that moves a part of its entries."""

    def __init__(self, flat: Array, part: slice, direction: Any, first: int) -> None:
        self.flat, self.part, self.direction = flat, part, direction
        self.first = first  # the first layer that sees the array
        self.here = flat[part].copy()

    def move(self, distance: float) -> None:
        """Go to a point of the line; 0 is where it began."""
        self.flat[self.part] = self.here + distance * self.direction


@dataclass(frozen=True)
class _Comparison:
    """Entries of one array, or projections of it: analytic against numeric."""

    index: Integers  # of the entries; of projections, their number
    analytic: Array
    numeric: Array
    is_decided: NDArray[np.bool_]
    is_right: NDArray[np.bool_]
    errors: Array
    is_flat: bool = False  # both gradients are zero wherever one looked

    @property
    def wrong(self) -> Integers:
        """The entries that are wrong."""
        return self.index[self.is_decided & ~self.is_right]


class _Auditor:
    """One audit: the network in float64, its batch, and its analytic gradients."""

    def __init__(
        self,
        network: Network,
        X: Array,
        y: Any,
        method: str,
        rng: np.random.Generator,
        is_part: bool = False,
        cotangent: Array | None = None,
    ) -> None:
        self.network, self.X, self.y, self.method, self.rng = network, X.copy(), y, method, rng
        self.is_part = is_part  # a layer or the loss alone, of a network that was judged
        self.cotangent = cotangent  # the gradient of the outputs, where a layer is judged alone
        self.arrays: dict[tuple[int, str], Array] = {
            (i, name): view
            for i, layer in enumerate(network)
            for name, view in layer.parameters.items()
        }
        self.arrays[-1, "input"] = self.X
        self.analytic: dict[tuple[int, str], Array] = {}
        self.moved: list[int] = []  # layers whose backward moves their own parameters
        self.kinks = [i for i, layer in enumerate(network) if isinstance(layer, ReLU | LeakyReLU)]

    # ---- the loss, and its slope along a line ----

    def remember(self) -> None:
        """Keep the input of every layer, where the ReLUs are switched, and the loss."""
        outputs = self.network.activations(self.X.copy())
        self.inputs = [self.X, *outputs]
        self.masks = [self.inputs[i] > 0 for i in self.kinks]
        self.value = float(self.network.loss(outputs[-1], self.y)[0])
        self.scale = max(1.0, abs(self.value), float(np.abs(outputs[-1]).max(initial=0)))

    def loss(self, first: int = 0) -> tuple[float, bool]:
        """Return the loss, and whether every ReLU is switched as it was.

        Nothing has changed below the layer `first`.
        """
        x, same = self.inputs[first].copy(), True
        for i in range(first, len(self.network)):
            if i in self.kinks:
                same = same and np.array_equal(x > 0, self.masks[self.kinks.index(i)])
            x = self.network[i].forward(x, False)
        return float(self.network.loss(x, self.y)[0]), same

    def stencil(self, line: _Line, step: float) -> _Stencil:
        """Look at the loss two steps to either side of where it is."""
        points = []
        for factor in (-2, -1, 1, 2):
            line.move(factor * step)
            points.append(self.loss(line.first))
        line.move(0.0)
        (f_2, f_1, f1, f2), clean = (*zip(*points, strict=True),)
        f0 = self.value
        return _Stencil(
            slope=(8 * (f1 - f_1) - (f2 - f_2)) / (12 * step),
            is_clean=all(clean),
            bend=abs((f2 - 2 * f0 + f_2) / (2 * step) - 2 * (f1 - 2 * f0 + f_1) / step),
            sides=((3 * f0 - 4 * f_1 + f_2) / (2 * step), (4 * f1 - 3 * f0 - f2) / (2 * step)),
            rounding=16 * float(np.finfo(np.float64).eps) * self.scale / step,
        )

    def compare(self, lines: Sequence[_Line], analytic: Array, floor: float | None) -> _Comparison:
        """Compare the slopes along several lines with the analytic ones.

        Without a `floor` it is a hundredth of the largest slope found.
        """
        first = [self._first_clean(line) for line in lines]
        slopes = np.array([stencil.slope for stencil in first])
        clean = np.array([stencil.is_clean for stencil in first], dtype=bool)
        noise = max((stencil.rounding for stencil in first), default=0.0)
        if floor is None:
            floor = FLOOR * float(np.abs(slopes[clean]).max(initial=0))
        with np.errstate(invalid="ignore"):
            errors = _errors(analytic, slopes, floor)
            right = clean & (errors <= TOLERANCE)
            flat = bool(np.all(np.abs(analytic) <= noise) and np.all(np.abs(slopes) <= noise))
        decided = np.ones(len(lines), dtype=bool)
        firm = 0
        for i in np.flatnonzero(~right).tolist():
            if firm < FIRM:
                slope, decided[i] = self._settle(lines[i], float(analytic[i]), floor)
                slopes[i] = slope
                errors[i] = _errors(analytic[i], slope, floor)
                right[i] = decided[i] and errors[i] <= TOLERANCE
                firm += decided[i] and not right[i]
            else:
                decided[i] = clean[i]
        return _Comparison(np.arange(len(lines)), analytic, slopes, decided, right, errors, flat)

    def _first_clean(self, line: _Line) -> _Stencil:
        for step in STEPS:
            stencil = self.stencil(line, step)
            if stencil.is_clean:
                break
        return stencil

    def _settle(self, line: _Line, analytic: float, floor: float) -> tuple[float, bool]:
        """Return the slope nearest to `analytic`, and whether it decides: no kink, no rounding."""
        stencils = [self.stencil(line, step) for step in STEPS]
        clean = [stencil for stencil in stencils if stencil.is_clean]
        if not clean:
            return stencils[-1].slope, False
        nearest = min(clean, key=lambda stencil: abs(stencil.slope - analytic))
        if _errors(analytic, nearest.slope, floor) <= TOLERANCE:
            return nearest.slope, True
        if any(abs(stencil.slope - analytic) <= stencil.rounding for stencil in clean):
            return nearest.slope, False
        if not any(stencil.bend > abs(stencil.slope - analytic) / 2 for stencil in clean):
            return nearest.slope, True
        # At a kink of a layer that is not known here, any slope between the two sides is right.
        near = self.stencil(line, NEAREST)
        low, high = sorted(near.sides)
        slack = TOLERANCE * max(abs(low), abs(high), floor) + near.rounding
        return nearest.slope, not low - slack <= analytic <= high + slack

    # ---- lines through one array ----

    def entries(self, key: tuple[int, str], index: Integers) -> _Comparison:
        """Compare entries of an array, each by itself."""
        flat = self.arrays[key].reshape(-1)
        scales = np.maximum(1, np.abs(flat[index]))
        analytic = self.analytic[key].reshape(-1)[index]
        lines = [
            _Line(flat, slice(i, i + 1), scales[k], max(key[0], 0))
            for k, i in enumerate(index.tolist())
        ]
        found = self.compare(lines, analytic * scales, None)
        return replace(found, index=index, analytic=analytic, numeric=found.numeric / scales)

    def directions(self, key: tuple[int, str], part: slice = slice(None)) -> _Comparison:
        """Compare the derivatives along random directions in (a part of) an array."""
        flat, analytic = self.arrays[key].reshape(-1), self.analytic[key].reshape(-1)
        gradient = analytic[part]
        expected = float(np.linalg.norm(gradient) / np.sqrt(max(1, gradient.size)))
        found = []
        decided = 0
        for _ in range(4 * DIRECTIONS):  # a direction that meets a kink is drawn anew
            v = self.rng.standard_normal(gradient.size)
            v /= np.linalg.norm(v)
            line = _Line(flat, part, v, max(key[0], 0))
            found.append(self.compare([line], np.array([gradient @ v]), expected))
            decided += int(found[-1].is_decided[0])
            if decided == DIRECTIONS:
                break
        return _Comparison(
            np.arange(len(found)),
            np.concatenate([one.analytic for one in found]),
            np.concatenate([one.numeric for one in found]),
            np.concatenate([one.is_decided for one in found]),
            np.concatenate([one.is_right for one in found]),
            np.concatenate([one.errors for one in found]),
            is_flat=all(one.is_flat for one in found),
        )

    # ---- the verdict ----

    def audit(self) -> Audit:
        """Judge every array, and explain what is wrong."""
        spoilt = self._differentiate()
        if spoilt:
            return self._unchecked(spoilt)
        compared = {key: self._compare_array(key) for key in self.arrays}
        findings = {key: self._judge(key, found) for key, found in compared.items()}
        if any(finding.cause for finding in findings.values()) or self.moved:
            blame = self._blame_self(findings) if self.is_part else self._blame(findings)
        else:
            blame = RIGHT
        rows = tuple(self._row(key, compared[key], findings[key]) for key in self.arrays)
        words = blame.words if blame.cause else _praise(rows)
        verdict = Verdict(AUDIT, not blame.cause, blame.cause, words)
        return Audit(self.method, len(self.X), rows, verdict)

    def _unchecked(self, finding: Finding) -> Audit:
        if finding.cause == "backward-stops" and not self.is_part:
            finding = self._blame({})
        rows = tuple(
            AuditRow(self._layer(key[0]), key[1], array.size, 0, 0, math.nan, finding.cause, "?")
            for key, array in self.arrays.items()
        )
        verdict = Verdict(AUDIT, False, finding.cause, finding.words)
        return Audit(self.method, len(self.X), rows, verdict)

    def _row(self, key: tuple[int, str], found: _Comparison, finding: Finding) -> AuditRow:
        decided = found.is_decided
        error = float(np.max(found.errors[decided], initial=0)) if decided.any() else math.nan
        size, checked = self.arrays[key].size, int(decided.sum())
        skipped = len(decided) - checked
        layer, name = self._layer(key[0]), key[1]
        return AuditRow(layer, name, size, checked, skipped, error, finding.cause, finding.words)

    def _layer(self, i: int) -> str:
        return "the network" if i < 0 else f"layer {i}, {self.network[i]}"

    def _differentiate(self) -> Finding | None:
        """Run forward and backward; return what makes all comparison idle, if anything does."""
        outputs = self.network.activations(self.X.copy())
        for i, output in enumerate(outputs):
            if np.asarray(output).dtype != np.float64:
                return Finding(
                    "casts-inside",
                    f"{self._layer(i)} gives {np.asarray(output).dtype} for float64: it casts "
                    "inside its forward, and so cannot be proved.",
                )
        self.remember()
        if self.loss()[0] != self.value:
            return Finding(
                "random-forward",
                "The loss of one batch differs from call to call: a layer draws at random although "
                "training is False, or changes its input.",
            )
        if not math.isfinite(self.value):
            return Finding("not-finite", f"The loss is {self.value}: nothing can be compared.")
        return self._backward()

    def _backward(self) -> Finding | None:
        """Run backward twice: the first time from gradients of 0, the second after a first."""
        start = {key: array.copy() for key, array in self.arrays.items() if key[0] >= 0}
        passes = []
        for _ in range(2):
            outputs = self.network.activations(self.X.copy())
            gradient: Any = np.asarray(self.network.loss(outputs[-1], self.y)[1], np.float64)
            for i in reversed(range(len(self.network))):
                try:
                    gradient = self.network[i].backward(gradient)
                except Exception as error:  # whatever a learner's layer may raise
                    return self._stopped(i, error)
                if gradient is None or np.shape(gradient) != np.shape(self._input(outputs, i)):
                    return self._no_input_gradient(i, gradient)
            passes.append(self.network.gradients.copy())
            self.moved = sorted({k[0] for k, a in start.items() if (a != self.arrays[k]).any()})
            for key, array in start.items():
                self.arrays[key][...] = array
        checks.views(self.network)
        for (i, name), array in self.arrays.items():
            layer_gradients = {"input": gradient} if i < 0 else self.network[i].gradients
            self.analytic[i, name] = np.array(layer_gradients[name], np.float64).reshape(
                array.shape
            )
        if not self.moved and not np.array_equal(passes[0], passes[1], equal_nan=True):
            return Finding(
                "gradients-add-up",
                "A second backward gives other gradients than the first: a layer adds to those of "
                "the step before; write them, self.gradients[name][...] = .",
            )
        return None

    def _input(self, outputs: list[Array], i: int) -> Array:
        return outputs[i - 1] if i else self.X

    def _stopped(self, i: int, error: Exception) -> Finding:
        words = f"backward of {self._layer(i)}, stops: {type(error).__name__}: {error}."
        return Finding("backward-stops", words)

    def _no_input_gradient(self, i: int, gradient: Any) -> Finding:
        came = "None" if gradient is None else f"shape {np.shape(gradient)}"
        return Finding(
            "no-input-gradient",
            f"backward of {self._layer(i)}, must return the gradient of its input, got {came}: "
            "does it end with return?",
        )

    def _compare_array(self, key: tuple[int, str]) -> _Comparison:
        if self.method == ENTRIES:
            return self.entries(key, np.arange(self.arrays[key].size))
        return self.directions(key)

    def _judge(self, key: tuple[int, str], found: _Comparison) -> Finding:
        """Return what is wrong with the gradient of one array, or that it is right."""
        analytic = self.analytic[key]
        if not np.isfinite(analytic).all():
            return Finding("not-finite", "holds NaN or infinity")
        if found.is_flat:
            return Finding(
                "nothing-proved",
                "is zero, analytically and numerically: this batch proves nothing; are all units "
                "dead, or is the loss 0?",
            )
        if len(found.wrong):
            return self._explain(key, found)
        needed = DIRECTIONS if self.method == PROJECTIONS else (analytic.size + 1) // 2
        if analytic.size and found.is_decided.sum() < needed:
            return Finding(
                "nobody-checked",
                f"could be compared in {found.is_decided.sum()} of {len(found.errors)} places: the "
                "others lie beside a kink or below rounding; give another batch",
            )
        return RIGHT

    def _explain(self, key: tuple[int, str], found: _Comparison) -> Finding:
        """Return what is wrong with an array that is wrong, as far as it shows at once."""
        if self.method == ENTRIES:
            return self._pattern(key, found) or self._worst(key, found)
        seen = found.is_decided
        factor = _constant_factor(found.analytic[seen], found.numeric[seen], len(self.X))
        if not self.analytic[key].any():
            factor = ZERO
        return factor or Finding("differs", "differs along random directions")

    def _explain_closely(self, key: tuple[int, str]) -> Finding:
        """Look at entries of a large array that is wrong; that takes longer."""
        sample = self.entries(key, self._sample(self.analytic[key]))
        if len(sample.wrong):
            return self._pattern(key, sample) or self._worst(key, sample)
        return self._worst(key, self.entries(key, np.array([self._locate(key)])))

    def _pattern(self, key: tuple[int, str], found: _Comparison) -> Finding | None:
        seen = found.is_decided
        index, numeric = found.index[seen], found.numeric[seen]
        return _pattern(self.analytic[key], index, numeric, len(self.X), self.cotangent)

    def _worst(self, key: tuple[int, str], found: _Comparison) -> Finding:
        worst = int(np.argmax(np.where(found.is_decided, found.errors, -1)))
        place = np.unravel_index(found.index[worst], self.analytic[key].shape)
        where = ", ".join(str(int(i)) for i in place)
        return Finding(
            "differs",
            f"differs at entry ({where}): analytic {found.analytic[worst]:.6g}, "
            f"numeric {found.numeric[worst]:.6g}",
        )

    def _sample(self, analytic: Array) -> Integers:
        """Return some entries: the largest gradients, and others at random."""
        size = analytic.size
        largest = np.argsort(-np.abs(analytic), axis=None)[: SAMPLED // 2]
        drawn = self.rng.choice(size, min(size, SAMPLED // 2), replace=False)
        return np.unique(np.concatenate([largest, drawn]))

    def _locate(self, key: tuple[int, str]) -> int:
        """Return a wrong entry of a large array, by halving what holds it."""
        first, last = 0, self.arrays[key].size
        while last - first > 1:
            middle = (first + last) // 2
            is_left = len(self.directions(key, slice(first, middle)).wrong) > 0
            first, last = (first, middle) if is_left else (middle, last)
        return first

    # ---- who is to blame ----

    def _blame_self(self, findings: dict[tuple[int, str], Finding]) -> Finding:
        for key in [key for key, finding in findings.items() if finding.cause == "differs"]:
            if self.method == PROJECTIONS:
                findings[key] = self._explain_closely(key)
        return self._own_blame(findings)

    def _own_blame(self, findings: dict[tuple[int, str], Finding]) -> Finding:
        wrong = [(key, finding) for key, finding in reversed(findings.items()) if finding.cause]
        wrong.sort(key=lambda pair: pair[1].cause in UNPROVED)
        for (i, name), finding in wrong:
            return Finding(finding.cause, _sentence(self._layer(i), name, finding.words))
        return RIGHT

    def _blame(self, findings: dict[tuple[int, str], Finding]) -> Finding:
        """Judge the loss and every layer alone; return the first fault, counted from the loss.

        The gradients below a fault are wrong as well, without a fault of their layers: their
        findings are changed to say so.
        """
        blame = RIGHT
        wrong: dict[tuple[int, str], AuditRow] = {}
        for i, part in self._parts():
            wrong |= {(i, row.name): row for row in part.rows if row.cause not in ("", *UNPROVED)}
            if not blame.cause:
                blame = self._blame_part(i, part)
        for key in [key for key, finding in findings.items() if finding.cause == "differs"]:
            own = wrong.get((max(key[0], 0), key[1]))  # the network's input is that of layer 0
            if own:
                findings[key] = Finding(own.cause, own.verdict)
            elif blame.cause:
                words = f"{findings[key].words}; the fault lies above"
                findings[key] = Finding("fault-above", words)
            elif self.method == PROJECTIONS:
                findings[key] = self._explain_closely(key)
        return blame if blame.cause else self._own_blame(findings)

    def _parts(self) -> Iterator[tuple[int, Audit]]:
        """Yield an audit of the loss alone, and of each layer alone, from the last to the first."""
        outputs = self.network.activations(self.X.copy())
        yield len(self.network), self._alone(Layer(), outputs[-1], self.network.loss, self.y)
        for i in reversed(range(len(self.network))):
            x, output = self._input(outputs, i), outputs[i]
            part = self._layer_alone(i, x, output.shape)
            if part.verdict.cause == "backward-stops" and output.ndim == 2:
                # With as many examples as outputs a sum over the wrong axis fits, and is known.
                count = output.shape[1]
                square = self._layer_alone(i, np.resize(x, (count, *x.shape[1:])), (count, count))
                part = part if square.passed else square
            yield i, part

    def _layer_alone(self, i: int, x: Array, shape: tuple[int, ...]) -> Audit:
        cotangent = self.rng.standard_normal(shape)
        layer = copy.deepcopy(self.network[i])
        return self._alone(layer, x, _linear_loss(cotangent), None, cotangent)

    def _alone(
        self, layer: Layer, x: Array, loss: Loss, y: Any, cotangent: Array | None = None
    ) -> Audit:
        network = Network([layer], loss=loss, dtype=np.float64)
        network[0].needs_input_gradient = True
        method = ENTRIES if network.parameters.size + x.size <= MOST_ENTRIES // 4 else PROJECTIONS
        return _Auditor(network, x, y, method, self.rng, True, cotangent).audit()

    def _blame_part(self, i: int, part: Audit) -> Finding:
        name = self._layer(i) if i < len(self.network) else "the loss"
        wrong = [row for row in part.rows if row.cause not in ("", *UNPROVED)]
        if i in self.moved:
            is_late = any(row.name == "input" for row in wrong)
            return _updates_first(name) if is_late else _updates(name)
        if not wrong:
            return RIGHT
        if i == len(self.network):
            words = wrong[-1].verdict.rstrip(".")
            end = "" if words.endswith("?") else "."
            return Finding(
                wrong[-1].cause, f"The gradient of the logits, which the loss returns, {words}{end}"
            )
        if wrong[0].verdict == "?":
            sentence = part.verdict.sentence.replace("layer 0", f"layer {i}", 1)
            return Finding(wrong[0].cause, sentence)
        return Finding(wrong[0].cause, _sentence(name, wrong[0].name, wrong[0].verdict))


def _updates_first(name: str) -> Finding:
    return Finding(
        "update-before-passing",
        f"backward of {name}, moves its own parameters before the gradient has passed on: the "
        "gradient of its input is taken with weights that are new already.",
    )


def _updates(name: str) -> Finding:
    return Finding(
        "update-in-backward",
        f"backward of {name}, moves its own parameters: layers compute, optimizers move.",
    )


def _praise(rows: Sequence[AuditRow]) -> str:
    error = max(row.largest_error for row in rows)
    return (
        f"Every gradient is right: {len(rows)} arrays, {sum(row.size for row in rows):,} entries, "
        f"largest error {error:.1e}, allowed {TOLERANCE:g}."
    )


def _errors(analytic: Any, numeric: Any, floor: float) -> Any:
    """Return |analytic - numeric| over the largest of both and `floor`; 0 where all are 0."""
    size = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), floor)
    return np.abs(analytic - numeric) / np.where(size == 0, 1, size)


def _linear_loss(cotangent: Array) -> Loss:
    """Return the loss whose gradient is `cotangent`, whatever the outputs are."""
    return lambda outputs, y: (float(np.sum(cotangent * outputs)), cotangent)


def _sentence(layer: str, name: str, words: str) -> str:
    comma = "," if "," in layer else ""  # layer 2, Dense(128, 64), is
    return f"The gradient of the {name} of {layer}{comma} {words}{'' if words[-1] in '?.' else '.'}"


def is_close(one: Array, other: Array) -> bool:
    """Return whether two gradients are one but for rounding; zeros are never that."""
    largest = float(np.abs(other).max(initial=0))
    return largest > 0 and bool(np.all(np.abs(one - other) <= 1e-5 * largest))


def _pattern(
    analytic: Array, index: Integers, numeric: Array, batch: int, cotangent: Array | None
) -> Finding | None:
    """Return the known fault whose mark the analytic gradient bears at the entries `index`."""
    chosen = analytic.reshape(-1)[index]
    if not chosen.any():
        return ZERO
    if not np.abs(numeric).max(initial=0) > 1e-7 * np.abs(chosen).max():
        return Finding(
            "no-influence",
            "is not zero, but the loss does not change with it: is it cut off to whole numbers, "
            "or not used at all?",
        )
    return (
        _constant_factor(chosen, numeric, batch)
        or _turned(analytic, index, numeric)
        or _of_the_output(analytic, index, numeric, cotangent)
        or _unmasked(chosen, numeric)
    )


def _constant_factor(chosen: Array, numeric: Array, batch: int) -> Finding | None:
    factor = float(chosen @ numeric / (numeric @ numeric))
    if not is_close(chosen, factor * numeric):
        return None
    known = {
        -1.0: ("sign-flipped", "has the opposite sign of the numerical gradient: is a minus lost?"),
        1 / batch: (
            "averaged-twice",
            f"is 1/{batch} of the numerical gradient: is the batch averaged twice?",
        ),
        float(batch): (
            "never-averaged",
            f"is {batch} times the numerical gradient: is the batch never averaged?",
        ),
    }
    for value, (cause, words) in known.items():
        if math.isclose(factor, value, rel_tol=1e-5):
            return Finding(cause, words)
    words = f"is {factor:.6g} times the numerical gradient: is a constant factor lost?"
    return Finding("constant-factor", words)


def _turned(analytic: Array, index: Integers, numeric: Array) -> Finding | None:
    if analytic.ndim != 2:
        return None
    turned = analytic.reshape(analytic.shape[::-1]).T.reshape(-1)[index]
    if not is_close(turned, numeric):
        return None
    return Finding(
        "transposed-gradient",
        "is the transpose of the numerical gradient: xᵀ dy, not dyᵀ x",
    )


def _of_the_output(
    analytic: Array, index: Integers, numeric: Array, grad_y: Array | None
) -> Finding | None:
    """Return the fault of a layer alone whose gradient follows from that of its output."""
    if grad_y is None or grad_y.ndim != 2:
        return None
    if analytic.shape == grad_y.shape and is_close(analytic, np.maximum(grad_y, 0)):
        return Finding(
            "mask-from-gradient",
            "is masked where the gradient of the output is negative, not where the input is: "
            "use the mask that forward saw",
        )
    if analytic.shape != grad_y.shape[1:]:
        return None
    if any(is_close(analytic, row) for row in grad_y):
        return Finding(
            "missing-bias-sum", "is that of one example alone: is the sum over the batch missing?"
        )
    wrong = [np.full(analytic.shape, grad_y.sum())]
    if grad_y.shape[0] == grad_y.shape[1]:
        wrong.append(grad_y.sum(axis=1))
    if any(is_close(analytic, candidate) for candidate in wrong):
        return Finding(
            "bias-wrong-axis",
            "is a sum over the wrong axis: sum over the batch, axis 0, for each output",
        )
    return None


def _unmasked(chosen: Array, numeric: Array) -> Finding | None:
    closed = np.abs(numeric) <= 1e-9 * np.abs(numeric).max()
    if not (closed.any() and chosen[closed].any() and is_close(chosen[~closed], numeric[~closed])):
        return None
    return Finding(
        "missing-mask",
        "passes where the unit was switched off, and the numerical gradient is 0: is the mask "
        "missing?",
    )
