"""Proofs of derivatives: backpropagation against the definition of the derivative."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
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
    SupportsUpdate,
    TrainingDiverged,
)
from chainrule.layers import (
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
    glorot_normal,
    he_normal,
)
from chainrule.losses import softmax, softmax_crossentropy_with_logits
from chainrule.network import Network
from chainrule.optimizers import Adam, create_optimizer
from chainrule.training import train_batch

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
BATCH_LAW = "batch law"
LOSS = "softmax loss"
OPTIMIZER = "optimizer fingerprint and state"
TRAINING = "order and pairing"
SCALING = "scaling check"
DTYPE = "dtype check"
HEALTH = "health check"


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
    judged = _proof_copy(network)
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


def _proof_copy(network: Network) -> Network:
    """Return a copy in float64 that computes the gradient of its input as well."""
    judged = network.astype(np.float64)
    judged.optimizer = None
    judged[0].needs_input_gradient = True
    return judged


@dataclass(frozen=True)
class _Finding:
    """A cause and its words, which follow the name of an array or a layer."""

    cause: str
    words: str


RIGHT = _Finding("", "right")
UNPROVED = ("nothing-proved", "nobody-checked")  # not passed, but no fault was seen either
ZERO = _Finding("zero-gradient", "is zero, the numerical gradient is not: is it written at all?")


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

    def _unchecked(self, finding: _Finding) -> Audit:
        if finding.cause == "backward-stops" and not self.is_part:
            finding = self._blame({})
        rows = tuple(
            AuditRow(self._layer(key[0]), key[1], array.size, 0, 0, math.nan, finding.cause, "?")
            for key, array in self.arrays.items()
        )
        verdict = Verdict(AUDIT, False, finding.cause, finding.words)
        return Audit(self.method, len(self.X), rows, verdict)

    def _row(self, key: tuple[int, str], found: _Comparison, finding: _Finding) -> AuditRow:
        decided = found.is_decided
        error = float(np.max(found.errors[decided], initial=0)) if decided.any() else math.nan
        size, checked = self.arrays[key].size, int(decided.sum())
        skipped = len(decided) - checked
        layer, name = self._layer(key[0]), key[1]
        return AuditRow(layer, name, size, checked, skipped, error, finding.cause, finding.words)

    def _layer(self, i: int) -> str:
        return "the network" if i < 0 else f"layer {i}, {self.network[i]}"

    def _differentiate(self) -> _Finding | None:
        """Run forward and backward; return what makes all comparison idle, if anything does."""
        outputs = self.network.activations(self.X.copy())
        for i, output in enumerate(outputs):
            if np.asarray(output).dtype != np.float64:
                return _Finding(
                    "casts-inside",
                    f"{self._layer(i)} gives {np.asarray(output).dtype} for float64: it casts "
                    "inside its forward, and so cannot be proved.",
                )
        self.remember()
        if self.loss()[0] != self.value:
            return _Finding(
                "random-forward",
                "The loss of one batch differs from call to call: a layer draws at random although "
                "training is False, or changes its input.",
            )
        if not math.isfinite(self.value):
            return _Finding("not-finite", f"The loss is {self.value}: nothing can be compared.")
        return self._backward()

    def _backward(self) -> _Finding | None:
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
            return _Finding(
                "gradients-add-up",
                "A second backward gives other gradients than the first: a layer adds to those of "
                "the step before; write them, self.gradients[name][...] = .",
            )
        return None

    def _input(self, outputs: list[Array], i: int) -> Array:
        return outputs[i - 1] if i else self.X

    def _stopped(self, i: int, error: Exception) -> _Finding:
        words = f"backward of {self._layer(i)}, stops: {type(error).__name__}: {error}."
        return _Finding("backward-stops", words)

    def _no_input_gradient(self, i: int, gradient: Any) -> _Finding:
        came = "None" if gradient is None else f"shape {np.shape(gradient)}"
        return _Finding(
            "no-input-gradient",
            f"backward of {self._layer(i)}, must return the gradient of its input, got {came}: "
            "does it end with return?",
        )

    def _compare_array(self, key: tuple[int, str]) -> _Comparison:
        if self.method == ENTRIES:
            return self.entries(key, np.arange(self.arrays[key].size))
        return self.directions(key)

    def _judge(self, key: tuple[int, str], found: _Comparison) -> _Finding:
        """Return what is wrong with the gradient of one array, or that it is right."""
        analytic = self.analytic[key]
        if not np.isfinite(analytic).all():
            return _Finding("not-finite", "holds NaN or infinity")
        if found.is_flat:
            return _Finding(
                "nothing-proved",
                "is zero, analytically and numerically: this batch proves nothing; are all units "
                "dead, or is the loss 0?",
            )
        if len(found.wrong):
            return self._explain(key, found)
        needed = DIRECTIONS if self.method == PROJECTIONS else (analytic.size + 1) // 2
        if analytic.size and found.is_decided.sum() < needed:
            return _Finding(
                "nobody-checked",
                f"could be compared in {found.is_decided.sum()} of {len(found.errors)} places: the "
                "others lie beside a kink or below rounding; give another batch",
            )
        return RIGHT

    def _explain(self, key: tuple[int, str], found: _Comparison) -> _Finding:
        """Return what is wrong with an array that is wrong, as far as it shows at once."""
        if self.method == ENTRIES:
            return self._pattern(key, found) or self._worst(key, found)
        seen = found.is_decided
        factor = _constant_factor(found.analytic[seen], found.numeric[seen], len(self.X))
        if not self.analytic[key].any():
            factor = ZERO
        return factor or _Finding("differs", "differs along random directions")

    def _explain_closely(self, key: tuple[int, str]) -> _Finding:
        """Look at entries of a large array that is wrong; that takes longer."""
        sample = self.entries(key, self._sample(self.analytic[key]))
        if len(sample.wrong):
            return self._pattern(key, sample) or self._worst(key, sample)
        return self._worst(key, self.entries(key, np.array([self._locate(key)])))

    def _pattern(self, key: tuple[int, str], found: _Comparison) -> _Finding | None:
        seen = found.is_decided
        index, numeric = found.index[seen], found.numeric[seen]
        return _pattern(self.analytic[key], index, numeric, len(self.X), self.cotangent)

    def _worst(self, key: tuple[int, str], found: _Comparison) -> _Finding:
        worst = int(np.argmax(np.where(found.is_decided, found.errors, -1)))
        place = np.unravel_index(found.index[worst], self.analytic[key].shape)
        where = ", ".join(str(int(i)) for i in place)
        return _Finding(
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

    def _blame_self(self, findings: dict[tuple[int, str], _Finding]) -> _Finding:
        for key in [key for key, finding in findings.items() if finding.cause == "differs"]:
            if self.method == PROJECTIONS:
                findings[key] = self._explain_closely(key)
        return self._own_blame(findings)

    def _own_blame(self, findings: dict[tuple[int, str], _Finding]) -> _Finding:
        wrong = [(key, finding) for key, finding in reversed(findings.items()) if finding.cause]
        wrong.sort(key=lambda pair: pair[1].cause in UNPROVED)
        for (i, name), finding in wrong:
            return _Finding(finding.cause, _sentence(self._layer(i), name, finding.words))
        return RIGHT

    def _blame(self, findings: dict[tuple[int, str], _Finding]) -> _Finding:
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
                findings[key] = _Finding(own.cause, own.verdict)
            elif blame.cause:
                words = f"{findings[key].words}; the fault lies above"
                findings[key] = _Finding("fault-above", words)
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

    def _blame_part(self, i: int, part: Audit) -> _Finding:
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
            return _Finding(
                wrong[-1].cause, f"The gradient of the logits, which the loss returns, {words}{end}"
            )
        if wrong[0].verdict == "?":
            sentence = part.verdict.sentence.replace("layer 0", f"layer {i}", 1)
            return _Finding(wrong[0].cause, sentence)
        return _Finding(wrong[0].cause, _sentence(name, wrong[0].name, wrong[0].verdict))


def _updates_first(name: str) -> _Finding:
    return _Finding(
        "update-before-passing",
        f"backward of {name}, moves its own parameters before the gradient has passed on: the "
        "gradient of its input is taken with weights that are new already.",
    )


def _updates(name: str) -> _Finding:
    return _Finding(
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


def _is_close(one: Array, other: Array) -> bool:
    """Return whether two gradients are one but for rounding; zeros are never that."""
    largest = float(np.abs(other).max(initial=0))
    return largest > 0 and bool(np.all(np.abs(one - other) <= 1e-5 * largest))


def _pattern(
    analytic: Array, index: Integers, numeric: Array, batch: int, cotangent: Array | None
) -> _Finding | None:
    """Return the known fault whose mark the analytic gradient bears at the entries `index`."""
    chosen = analytic.reshape(-1)[index]
    if not chosen.any():
        return ZERO
    if not np.abs(numeric).max(initial=0) > 1e-7 * np.abs(chosen).max():
        return _Finding(
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


def _constant_factor(chosen: Array, numeric: Array, batch: int) -> _Finding | None:
    factor = float(chosen @ numeric / (numeric @ numeric))
    if not _is_close(chosen, factor * numeric):
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
            return _Finding(cause, words)
    words = f"is {factor:.6g} times the numerical gradient: is a constant factor lost?"
    return _Finding("constant-factor", words)


def _turned(analytic: Array, index: Integers, numeric: Array) -> _Finding | None:
    if analytic.ndim != 2:
        return None
    turned = analytic.reshape(analytic.shape[::-1]).T.reshape(-1)[index]
    if not _is_close(turned, numeric):
        return None
    return _Finding(
        "transposed-gradient",
        "is the transpose of the numerical gradient: xᵀ dy, not dyᵀ x",
    )


def _of_the_output(
    analytic: Array, index: Integers, numeric: Array, grad_y: Array | None
) -> _Finding | None:
    """Return the fault of a layer alone whose gradient follows from that of its output."""
    if grad_y is None or grad_y.ndim != 2:
        return None
    if analytic.shape == grad_y.shape and _is_close(analytic, np.maximum(grad_y, 0)):
        return _Finding(
            "mask-from-gradient",
            "is masked where the gradient of the output is negative, not where the input is: "
            "use the mask that forward saw",
        )
    if analytic.shape != grad_y.shape[1:]:
        return None
    if any(_is_close(analytic, row) for row in grad_y):
        return _Finding(
            "missing-bias-sum", "is that of one example alone: is the sum over the batch missing?"
        )
    wrong = [np.full(analytic.shape, grad_y.sum())]
    if grad_y.shape[0] == grad_y.shape[1]:
        wrong.append(grad_y.sum(axis=1))
    if any(_is_close(analytic, candidate) for candidate in wrong):
        return _Finding(
            "bias-wrong-axis",
            "is a sum over the wrong axis: sum over the batch, axis 0, for each output",
        )
    return None


def _unmasked(chosen: Array, numeric: Array) -> _Finding | None:
    closed = np.abs(numeric) <= 1e-9 * np.abs(numeric).max()
    if not (closed.any() and chosen[closed].any() and _is_close(chosen[~closed], numeric[~closed])):
        return None
    return _Finding(
        "missing-mask",
        "passes where the unit was switched off, and the numerical gradient is 0: is the mask "
        "missing?",
    )


# ---- the batch law, and the dtype ----

BATCH_SIZES = (1, 2, 7, 64)


def diagnose_batch_law(network: Network, X: ArrayLike, y: ArrayLike) -> Verdict:
    """Check that a batch of B copies of one example has its gradient and its loss, for every B.

    Parameters
    ----------
    network : Network
        Stays as it is.
    X : array, shape (batch, features)
        The first example is used.
    y : what the network's loss takes
    """
    judged = _proof_copy(network)
    x = checks.examples("X", X, np.float64)[:1]
    label = np.asarray(y)[:1]
    start = judged.parameters.copy()
    single_loss = math.nan
    single: Array = np.empty(0)
    for count in BATCH_SIZES:
        judged.parameters[...] = start  # should a layer move them
        loss, gradients = judged.loss_and_gradients(
            np.repeat(x, count, axis=0), np.repeat(label, count, axis=0)
        )
        if count == 1:
            single_loss, single = loss, gradients.copy()
            if not single.any() or not np.isfinite(single).all():
                words = "The gradient of one example is zero or not finite: nothing is proved."
                return Verdict(BATCH_LAW, False, "nothing-proved", words)
            continue
        finding = _batch_finding(gradients, single, loss, single_loss, count)
        if finding:
            return Verdict(BATCH_LAW, False, finding.cause, finding.words)
    sizes = ", ".join(str(count) for count in BATCH_SIZES)
    words = f"A batch of B copies of one example has its gradient, for B = {sizes}."
    return Verdict(BATCH_LAW, True, "", words)


def _batch_finding(
    gradients: Array, single: Array, loss: float, single_loss: float, count: int
) -> _Finding | None:
    if _is_close(gradients, single):
        if math.isclose(loss, single_loss, rel_tol=1e-9):
            return None
        return _Finding(
            "loss-not-averaged",
            f"A batch of {count} copies of one example costs {loss:.4g}, one {single_loss:.4g}.",
        )
    copies = f"A batch of {count} copies of one example has"
    if _is_close(gradients, count * single):
        return _Finding(
            "never-averaged",
            f"{copies} {count} times its gradient: the batch is never averaged, and the step grows "
            "with the batch.",
        )
    if _is_close(gradients, single / count):
        return _Finding(
            "averaged-twice",
            f"{copies} 1/{count} of its gradient: the batch is averaged twice, and the step "
            "shrinks with the batch.",
        )
    return _Finding("mixed-examples", f"{copies} another gradient: examples affect each other.")


def diagnose_dtype(network: Network, X: ArrayLike, y: ArrayLike) -> Verdict:
    """Check that everything has the dtype of the parameters: each output, and each gradient."""
    judged = network.copy()
    judged[0].needs_input_gradient = True
    wanted = judged.dtype
    x: Any = checks.examples("X", X, wanted)
    for i, layer in enumerate(judged):
        x = layer.forward(x)
        if x.dtype != wanted:
            return _dtype_verdict(f"The output of layer {i}, {layer},", x.dtype, wanted)
    gradient: Any = judged.loss(x, y)[1]
    if gradient.dtype != wanted:
        return _dtype_verdict("The gradient that the loss returns", gradient.dtype, wanted)
    for i in reversed(range(len(judged))):
        gradient = judged[i].backward(gradient)
        if gradient is not None and gradient.dtype != wanted:
            name = f"The gradient of the input of layer {i}, {judged[i]},"
            return _dtype_verdict(name, gradient.dtype, wanted)
    return Verdict(DTYPE, True, "", f"Everything is {wanted}, as the parameters are.")


def _dtype_verdict(name: str, came: Any, wanted: Any) -> Verdict:
    return Verdict(
        DTYPE,
        False,
        "float64-creep" if came == np.float64 else "dtype-changes",
        f"{name} is {came}, the parameters are {wanted}: from there on everything is, at another "
        "speed and size in memory.",
    )


# ---- the softmax loss ----


def diagnose_loss(loss: Loss) -> Verdict:
    """Check a softmax cross-entropy on logits: exact values, ±1e4 included, gradient and mean.

    Parameters
    ----------
    loss : callable
        ``loss(logits, labels) -> (loss, grad_logits)``.
    """
    with np.errstate(all="ignore"):
        finding = _loss_values(loss) or _loss_mean(loss) or _loss_gradient(loss)
    if finding:
        return Verdict(LOSS, False, finding.cause, finding.words)
    words = "Exact from logits of -1e4 to 1e4, ln 10 at zero logits, and the gradient is its own."
    return Verdict(LOSS, True, "", words)


def _loss_values(loss: Loss) -> _Finding | None:
    logits = np.random.default_rng(0).standard_normal((1, 10))
    uniform, plain = _one_loss(loss, np.zeros((1, 10)), 3), _one_loss(loss, logits, 3)
    if not _is_exact(plain, _exact_loss(logits, 3)):
        return _wrong_value(loss, logits, plain)
    if not _is_exact(uniform, math.log(10)):
        words = f"Zero logits cost {uniform:.6g}, not ln 10 = {math.log(10):.6g}."
        return _Finding("not-ln-10", words)
    for gap in (50.0, 1e3, 1e4):
        sure = np.zeros((1, 10))
        sure[0, 3] = gap
        for name, scaled in (("large", sure), ("far below zero", sure - gap)):
            came = _one_loss(loss, scaled, 7)
            if not math.isfinite(came):
                return _Finding(
                    "softmax-without-shift",
                    f"The loss is {came} where logits are {name} ({gap:g} apart): exp overflows "
                    "beyond 709; subtract each row's maximum first.",
                )
            if not _is_exact(came, gap):
                return _Finding(
                    "log-plus-epsilon",
                    f"A sure and wrong prediction, {gap:g} apart, costs {came:.4g}, not {gap:g}: "
                    f"the loss is capped at -ln({math.exp(-came):.0e}); a small number is added "
                    "to the probability, and the gradient is not that of this loss.",
                )
    return None


def _wrong_value(loss: Loss, logits: Array, came: float) -> _Finding:
    sure = np.zeros((1, 10))
    sure[0, 3] = 50
    twice = softmax(logits)
    if math.isclose(came, _exact_loss(twice, 3), rel_tol=1e-6):
        return _Finding(
            "softmax-twice",
            f"A sure and right prediction still costs {_one_loss(loss, sure, 3):.4g}, not 0: the "
            "softmax is applied twice, first to the logits and then to its own result.",
        )
    if 0 < abs(came - _exact_loss(logits, 3)) < 1e-6:
        return _Finding(
            "log-plus-epsilon",
            f"The loss differs from the exact one by {came - _exact_loss(logits, 3):.1e}: a small "
            f"number is added to the probability. A sure and wrong prediction costs at most "
            f"{_one_loss(loss, 20 * sure, 7):.4g}, and the gradient is not that of this loss.",
        )
    return _Finding(
        "wrong-loss", f"The loss is {came:.6g}, exactly it is {_exact_loss(logits, 3):.6g}."
    )


def _loss_mean(loss: Loss) -> _Finding | None:
    logits = np.random.default_rng(1).standard_normal((1, 10))
    (one, gradient), count = loss(logits, np.array([3])), 7
    many, gradients = loss(np.repeat(logits, count, axis=0), np.full(count, 3))
    return _batch_finding(gradients.sum(axis=0), gradient[0], many, one, count)


def _loss_gradient(loss: Loss) -> _Finding | None:
    draw = np.random.default_rng(2)
    network = Network([Layer()], loss=loss)
    found = audit(network, draw.standard_normal((6, 10)), draw.integers(0, 10, 6))
    verdict = found.rows[-1].verdict
    words = f"The gradient that the loss returns {verdict}."
    return None if found.passed else _Finding(found.verdict.cause, words)


def _one_loss(loss: Loss, logits: Array, label: int) -> float:
    return float(loss(logits, np.array([label]))[0])


def _exact_loss(logits: Array, label: int) -> float:
    largest = float(logits.max())
    total = math.fsum(math.exp(z - largest) for z in logits[0].tolist())
    return math.log(total) + largest - float(logits[0, label])


def _is_exact(came: float, exact: float) -> bool:
    return abs(came - exact) <= 8 * float(np.finfo(np.float64).eps) * max(1.0, exact)


# ---- optimizers ----

FINGERPRINT_STEPS = 60
SCALES = (1e-6, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e6)


def diagnose_optimizer(optimizer: SupportsUpdate) -> Verdict:
    """Check an optimizer by its fingerprint under constant gradients, and by its state.

    The state must not grow, `t` must count steps, and each step must have the length that the
    rule gives: for Adam rate · |g| / (|g| + epsilon) at every step, for gradients from 1e-6 to
    1e6 of both signs. The rule is known by its hyperparameters (beta1 and beta2: Adam; beta:
    RMSProp; momentum: SGD); of any other optimizer the state alone is judged.

    Parameters
    ----------
    optimizer : object with ``update(parameters, gradients) -> parameters``
        Fresh, with a constant rate. Copies are used; weight decay is left out.
    """
    run = _run_constant_gradients(copy.deepcopy(optimizer))
    finding = _state_finding(run) or _fingerprint_finding(run)
    if finding:
        return Verdict(OPTIMIZER, False, finding.cause, finding.words)
    law = "the rule of this optimizer is not known, its steps are not judged"
    if _expected_steps(run) is not None:
        law = f"each of {FINGERPRINT_STEPS} steps has the length that the rule gives"
    words = f"The state keeps its size, t counts steps, and {law}."
    return Verdict(OPTIMIZER, True, "", words)


@dataclass(frozen=True)
class _Run:
    """What an optimizer did under constant gradients."""

    optimizer: Any
    gradients: Array  # (n,)
    steps: Array  # (steps, n): how far each parameter was moved down
    positions: list[Array]
    held: list[int]  # numbers that the optimizer holds after each step

    @property
    def t(self) -> Array:
        """The count of each step, from 1, as a column."""
        return np.arange(1.0, len(self.steps) + 1)[:, np.newaxis]


def _run_constant_gradients(optimizer: Any) -> _Run:
    if getattr(optimizer, "weight_decay", 0):
        optimizer.weight_decay = 0.0
    gradients = np.array([sign * scale for scale in SCALES for sign in (1, -1)])
    parameters = np.arange(len(gradients), dtype=np.float64)
    # Every vector is kept, so that none can take the place, and the id, of an earlier one.
    vectors = []
    held: list[int] = []
    positions: list[Array] = [parameters.copy()]
    with np.errstate(all="ignore"):
        for _ in range(FINGERPRINT_STEPS):
            parameters = optimizer.update(parameters, gradients.copy())
            vectors.append(parameters)
            positions.append(np.array(parameters, np.float64))
            held.append(_numbers_held(optimizer))
    return _Run(optimizer, gradients, -np.diff(positions, axis=0), positions, held)


def _numbers_held(optimizer: Any) -> int:
    """Return the size of all arrays that an optimizer holds, each counted once."""
    arrays: dict[int, int] = {}
    waiting: list[Any] = [vars(optimizer)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, np.ndarray):
            arrays[id(value)] = value.size
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return sum(arrays.values())


def _state_finding(run: _Run) -> _Finding | None:
    size, steps = len(run.gradients), len(run.steps)
    if run.held[-1] > run.held[4]:
        return _Finding(
            "id-keyed-state",
            f"After {steps} steps the optimizer holds {run.held[-1] // size} vectors, after one "
            f"{run.held[0] // size}: its state grows; is it found by the id() of arrays that are "
            "replaced at every step?",
        )
    whole = all(np.array_equal(position, np.trunc(position)) for position in run.positions)
    if whole:
        return _Finding(
            "integer-parameters",
            f"After {steps} steps every parameter is still a whole number: are they kept in an "
            "array of integers, which cuts off each step?",
        )
    t = getattr(run.optimizer, "t", steps)
    if t != steps:
        return _Finding(
            "t-per-layer",
            f"After {steps} steps t is {t}, {t / steps:g} for each step: does it count layers?",
        )
    return None


def _expected_steps(run: _Run) -> Array | None:
    """Return (steps, n): the lengths that the rule of a known optimizer gives."""
    rule, g, t = run.optimizer, run.gradients, run.t
    rate = float(getattr(rule, "rate", getattr(rule, "learning_rate", math.nan)))
    if hasattr(rule, "beta1"):
        return np.broadcast_to(rate * g / (np.abs(g) + rule.epsilon), run.steps.shape)
    if hasattr(rule, "beta"):
        return rate * g / (np.sqrt(1 - rule.beta**t) * np.abs(g) + rule.epsilon)
    if hasattr(rule, "momentum"):
        mu = rule.momentum
        velocity = (1 - mu**t) / (1 - mu) * g
        return rate * (g + mu * velocity if getattr(rule, "nesterov", False) else velocity)
    return None


def _fingerprint_finding(run: _Run) -> _Finding | None:
    expected = _expected_steps(run)
    if expected is None or _same_steps(run, expected):
        return None
    if hasattr(run.optimizer, "beta1"):
        one = np.abs(run.steps[:, 2 * SCALES.index(1.0)])
        peak = float(one.max()) / float(run.optimizer.learning_rate)
        for cause, words, steps in _adam_mistakes(run):
            if _same_steps(run, steps):
                seen = f"Steps up and down differ by {2 * run.optimizer.epsilon:.0e}."
                if abs(peak - 1) > 0.005:
                    seen = (
                        f"Under a constant gradient the longest step is {peak:.2f} times the rate."
                    )
                return _Finding(cause, f"{words} {seen}")
    errors = np.abs(run.steps - expected) / np.abs(expected)
    step, place = np.unravel_index(int(errors.argmax()), expected.shape)
    return _Finding(
        "wrong-step",
        f"Step {step + 1} under the gradient {run.gradients[place]:g} is "
        f"{run.steps[step, place]:.6g}, the rule gives {expected[step, place]:.6g}.",
    )


def _same_steps(run: _Run, steps: Array) -> bool:
    # Positions are rounded: a step is known to a few eps of where it leads to.
    slack = 8 * np.finfo(np.float64).eps * np.maximum(1, np.abs(run.positions[1:]))
    return bool(np.all(np.abs(run.steps - steps) <= 1e-9 * np.abs(steps) + slack))


def _adam_mistakes(run: _Run) -> list[tuple[str, str, Array]]:
    """Return known mistakes in Adam: the cause, its words, and the steps (steps, n) it takes."""
    rule, g, t = run.optimizer, run.gradients, run.t
    rate, epsilon, size = float(rule.learning_rate), rule.epsilon, np.abs(g)
    mean, root = 1 - rule.beta1**t, np.sqrt(1 - rule.beta2**t)
    drift = (
        "epsilon is added to the parameter, not to the root: a bracket is missing, and every "
        "parameter drifts by epsilon."
    )
    return [
        (
            "no-bias-correction",
            "The moments are not corrected for their start at 0.",
            rate * mean * g / (root * size + epsilon),
        ),
        (
            "bias-correction-multiplied",
            "The moments are multiplied by 1 - βᵗ instead of divided.",
            rate * mean**2 * g / (root**2 * size + epsilon),
        ),
        (
            "no-power-of-t",
            "The moments are divided by 1 - β instead of 1 - βᵗ: the power of t is missing.",
            rate * mean / (1 - rule.beta1) * g / (root / np.sqrt(1 - rule.beta2) * size + epsilon),
        ),
        ("epsilon-on-parameter", drift, rate * np.sign(g) + epsilon + 0 * t),
        ("epsilon-on-parameter", drift, rate * np.sign(g) - epsilon + 0 * t),
        (
            "epsilon-in-root",
            "epsilon is added within the root, not to it.",
            rate * g / np.sqrt(g * g + epsilon) + 0 * t,
        ),
    ]


# ---- training loops and data ----


def diagnose_training(train: Callable[..., Any]) -> Verdict:
    """Check a training loop: each epoch each example once, with its label, in a new order.

    The loop is run on images that are known apart, and what the loss gets to see is written
    down. The optimizer's `t` must count on from epoch to epoch.

    Parameters
    ----------
    train : callable
        Called as `train_network`: ``train(network, X_train, y_train, X_val, y_val, num_epochs,
        batch_size, seed=..., on_epoch=None)``.
    """
    count, batch_size, epochs = 23, 5, 3
    images = np.eye(count)
    labels = np.arange(count) * 5 % count
    witness = _Witness(count)
    network = Network([Layer()], loss=witness.loss, optimizer=witness)
    train(network, images, labels, 2 * images, labels, epochs, batch_size, seed=0, on_epoch=None)
    finding = witness.finding(labels, epochs)
    if finding:
        return Verdict(TRAINING, False, finding.cause, finding.words)
    words = "Each epoch trains on each image once, with its own label, in a new order."
    return Verdict(TRAINING, True, "", words)


class _Witness:
    """A loss that writes down which images and labels it sees, and an optimizer that counts."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.batches: list[tuple[Integers, Integers]] = []
        self.t = 0
        self.times: list[int] = []

    def loss(self, outputs: Array, labels: Any) -> tuple[float, Array]:
        if outputs.max() == 1:  # the validation images are twice as bright
            self.batches.append((outputs.argmax(axis=1), np.array(labels)))
        return softmax_crossentropy_with_logits(outputs, labels)

    def update(self, parameters: Array, gradients: Array) -> Array:
        self.t += 1
        self.times.append(self.t)
        return parameters

    def finding(self, labels: Integers, epochs: int) -> _Finding | None:
        for images, given in self.batches:
            for image, label in zip(images, given, strict=True):
                if label != labels[image]:
                    owner = int(np.flatnonzero(labels == label)[0])
                    return _Finding(
                        "labels-shuffled-apart",
                        f"Image {image} was trained with the label of image {owner}: images and "
                        "labels are shuffled apart; draw one order and use it for both.",
                    )
        return self._order_finding(epochs) or self._time_finding()

    def _order_finding(self, epochs: int) -> _Finding | None:
        size = len(self.batches) // epochs
        parts = [self.batches[size * epoch : size * (epoch + 1)] for epoch in range(epochs)]
        orders = [[image for images, _ in part for image in images.tolist()] for part in parts]
        for epoch, order in enumerate(orders, start=1):
            seen = np.bincount(order, minlength=self.count)
            if (seen != 1).any():
                image = int(np.argmax(seen != 1))
                return _Finding(
                    "examples-missed",
                    f"In epoch {epoch} image {image} was trained on {seen[image]} times, not once: "
                    "is the last, smaller batch left out, or are batches drawn with replacement?",
                )
        if all(order == orders[0] for order in orders):
            return _Finding("never-shuffled", "Every epoch has the same order.")
        groups = [{frozenset(images.tolist()) for images, _ in part} for part in parts]
        if all(group == groups[0] for group in groups):
            return _Finding(
                "batches-only-shuffled",
                "Every epoch has the same batches in another order: only the order of batches is "
                "shuffled; shuffle the images before they are cut into batches.",
            )
        return None

    def _time_finding(self) -> _Finding | None:
        for step, (before, after) in enumerate(pairwise(self.times), start=2):
            if after != before + 1:
                return _Finding(
                    "t-restarted",
                    f"At step {step} the optimizer's t goes from {before} to {after}: it is "
                    "restarted with each epoch while the moments are kept, and Adam's corrections "
                    "make the first steps of each epoch too long.",
                )
        if len(self.times) < len(self.batches):
            words = f"{len(self.batches)} batches, but {len(self.times)} steps of the optimizer."
            return _Finding("optimizer-replaced", words)
        return None


def diagnose_scaling(preprocess: Callable[[Array, Array], tuple[Array, Array]]) -> Verdict:
    """Check what standardises images: statistics of the training images alone, nothing explodes.

    Parameters
    ----------
    preprocess : callable
        ``preprocess(X_train, X_test) -> (X_train, X_test)``, pixels from 0 to 1, shape (n, pixels).
    """
    draw = np.random.default_rng(0)
    train, test, other = draw.random((60, 12)), draw.random((20, 12)), 0.1 * draw.random((20, 12))
    train[:, 0] = 0.0  # the edge of MNIST: constant in training, not in the test set
    with np.errstate(all="ignore"):
        finding = _scaling_finding(preprocess, train, test, other)
    if finding:
        return Verdict(SCALING, False, finding.cause, finding.words)
    words = (
        "Mean and deviation come from the training images alone, serve both sets, and a pixel that "
        "never varied in training stays small."
    )
    return Verdict(SCALING, True, "", words)


def _scaling_finding(
    preprocess: Callable[[Array, Array], tuple[Array, Array]],
    train: Array,
    test: Array,
    other: Array,
) -> _Finding | None:
    scaled, scaled_test = (np.asarray(part) for part in preprocess(train.copy(), test.copy()))
    if not (np.isfinite(scaled).all() and np.isfinite(scaled_test).all()):
        words = "NaN or infinity comes out: is something divided by a deviation of 0?"
        return _Finding("not-finite", words)
    largest = float(np.abs(scaled_test).max())
    if largest > 1e3:
        pixel = int(np.unravel_index(np.abs(scaled_test).argmax(), scaled_test.shape)[1])
        return _Finding(
            "tiny-deviation",
            f"Pixel {pixel} never varied in training, and becomes {largest:.1e} deviations in the "
            "test set: a tiny number is added to a deviation of 0; leave such pixels at 0.",
        )
    again, _ = preprocess(train.copy(), other.copy())
    _, itself = preprocess(train.copy(), train.copy())
    if not (_is_close(np.asarray(again), scaled) and _is_close(np.asarray(itself), scaled)):
        return _Finding(
            "statistics-from-test",
            "What comes out depends on which images are in the test set: mean and deviation are "
            "taken from it; take them from the training images.",
        )
    _, part = preprocess(train.copy(), test[:5].copy())
    if not _is_close(np.asarray(part), scaled_test[:5]):
        return _Finding(
            "statistics-from-test",
            "A test image comes out otherwise when others are tested with it: mean and deviation "
            "are taken from the test set; take them from the training images.",
        )
    return None


# ---- health checks ----

TINY_BATCH, TINY_STEPS = 8, 300
FRESH_NETWORKS = 5  # the loss before training varies from draw to draw; their mean is judged


def check_health(network: Network, X: ArrayLike, y: ArrayLike, *, rng: Seed = 0) -> list[Verdict]:
    """Look for what is legal and yet wrong; one verdict for each question.

    The loss at zero logits; the loss of a fresh network; whether a tiny batch can be overfitted;
    dead units of each ReLU; how far one step moves each layer, relative to its weights.

    Parameters
    ----------
    network : Network
        Stays as it is.
    X : array, shape (batch, features)
        A few hundred examples, prepared as for training.
    y : integers, shape (batch,), or what the network's loss takes
    rng : int or numpy.random.Generator
        Draws the weights of the fresh network.
    """
    X = checks.examples("X", X, network.dtype)
    y = np.asarray(y)
    draw = checks.generator(rng)
    fresh = [_fresh_copy(network, draw) for _ in range(FRESH_NETWORKS)]
    verdicts = [_tiny_batch(fresh[0], X, y), *_dead_units(network, X), *_step_sizes(network, X, y)]
    if network.is_classifier:
        verdicts = [_zero_logits(network, X, y), _first_loss(fresh, X, y), *verdicts]
    return verdicts


def _health(passed: bool, cause: str, words: str) -> Verdict:
    return Verdict(HEALTH, passed, "" if passed else cause, words)


def _fresh_copy(network: Network, rng: np.random.Generator) -> Network:
    """Return a copy whose Dense layers are drawn anew; other layers stay as they are."""
    fresh = network.copy()
    follower = [*list(fresh)[1:], None]
    for layer, after in zip(fresh, follower, strict=True):
        if isinstance(layer, Dense):
            is_curved = isinstance(after, Sigmoid | Tanh)
            draw = glorot_normal if is_curved else he_normal
            layer.weights = draw(rng, layer.n_in, layer.n_out)
            layer.biases = np.zeros(layer.n_out)
    return fresh


def _zero_logits(network: Network, X: Array, y: Array) -> Verdict:
    classes = network.forward(X[:1]).shape[1]
    loss = float(network.loss(np.zeros((len(X), classes)), y)[0])
    exact = math.log(classes)
    words = f"Loss at zero logits: {loss:.6f}, ln {classes} = {exact:.6f}."
    return _health(math.isclose(loss, exact, rel_tol=1e-14), "not-ln-classes", words)


def _first_loss(fresh: Sequence[Network], X: Array, y: Array) -> Verdict:
    outputs = [network.forward(X) for network in fresh]
    pairs = zip(fresh, outputs, strict=True)
    loss = float(np.mean([network.loss(output, y)[0] for network, output in pairs]))
    spread, classes = float(np.std(outputs)), outputs[0].shape[1]
    chance = math.log(classes)
    passed = loss <= 2 * chance
    words = f"Loss before training: {loss:.3f}, allowed is twice ln {classes}, {2 * chance:.3f}."
    if passed and loss > 1.05 * chance:
        words += (
            f" It lies above ln {classes} because He-initialised logits spread (here with a "
            f"deviation of {spread:.2f}): a fresh network is wrong with some confidence."
        )
    if not passed:
        words += " The logits spread too far: are the inputs standardised, the weights too large?"
    return _health(passed, "high-first-loss", words)


def _tiny_batch(fresh: Network, X: Array, y: Array) -> Verdict:
    X, y = X[:TINY_BATCH], y[:TINY_BATCH]
    fresh.optimizer = Adam(0.005)
    first = loss = float(fresh.loss(fresh.forward(X), y)[0])
    steps = 0
    while steps < TINY_STEPS and loss > 0.01 * first and math.isfinite(loss):
        try:
            train_batch(fresh, X, y)
        except TrainingDiverged:
            loss = math.nan
            break
        loss = float(fresh.loss(fresh.forward(X), y)[0])
        steps += 1
    words = f"A batch of {len(X)} is overfitted: loss {first:.3f} to {loss:.3f} in {steps} steps."
    if loss <= 0.01 * first:
        return _health(True, "", words)
    words = (
        f"A batch of {len(X)} cannot be overfitted: loss {first:.3f} to {loss:.3f} in {steps} "
        "steps; do the labels belong to the images, and do the gradients arrive?"
    )
    return _health(False, "cannot-overfit", words)


def _dead_units(network: Network, X: Array) -> Iterator[Verdict]:
    for i, (layer, output) in enumerate(zip(network, network.activations(X), strict=True)):
        if isinstance(layer, ReLU):
            units = output.reshape(len(output), -1)
            dead = int((units <= 0).all(axis=0).sum())
            count = units.shape[1]
            words = f"Dead units of layer {i}, {layer}: {dead} of {count} on {len(X)} examples."
            if dead > count / 2:
                words += " More than half learn nothing: is the rate too high?"
            yield _health(dead <= count / 2, "dead-units", words)


def _step_sizes(network: Network, X: Array, y: Array) -> Iterator[Verdict]:
    stepped = network.copy()
    if stepped.optimizer is None:
        stepped.optimizer = create_optimizer("adam")
    train_batch(stepped, X[:64], y[:64])
    for i, (before, after) in enumerate(zip(network, stepped, strict=True)):
        for name, start in before.parameters.items():
            if np.ndim(start) < 2:
                continue
            size = float(np.linalg.norm(start)) or 1.0
            ratio = float(np.linalg.norm(after.parameters[name] - start)) / size
            words = (
                f"One step moves the {name} of layer {i}, {before}, by {ratio:.1e} of the whole."
            )
            if not ratio > 0:
                words += " They stand still."
            elif ratio > 0.1:
                words += " More than a tenth: is the rate too high?"
            yield _health(0 < ratio <= 0.1, "step-size", words)
