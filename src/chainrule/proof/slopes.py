"""The slope of a network's loss along a line, by central differences, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from chainrule.checks import Array, Integers
from chainrule.layers import Dense, Dropout, Layer, LeakyReLU, ReLU, Sigmoid, Tanh
from chainrule.network import Network

ENTRIES, PROJECTIONS = "entries", "projections"  # how the gradient of an array is compared
DIRECTIONS = 3  # one finds any wrong array; three, that no unlucky one hides a small error
TOLERANCE = 1e-6  # relative; a central difference of fourth order is good for 1e-9
FLOOR = 0.01  # of an array's largest gradient: what is smaller is judged as if it were so large
STEPS = (1e-3, 1e-4, 1e-5)  # from the least rounding to the least chance to step over a kink
SMOOTH = (Layer, Dense, Sigmoid, Tanh, Dropout)
NEAREST = 1e-7  # where the slopes to either side of a kink are taken
# How far from a kink each example must lie. Exactly on it lie all units behind a layer that is dead
# for an example, as long as the biases are 0. A direction moves all units at once: few examples
# close to a kink would make every line take its smallest step.
MARGINS = {ENTRIES: 5e-9, PROJECTIONS: 2e-4}

Key = tuple[int, str]  # an array: the layer, and the name that it has there


@dataclass(frozen=True)
class Stencil:
    """What five points on a line say of the slope in their middle."""

    slope: float  # of fourth order
    is_clean: bool  # no known ReLU switches between the points
    bend: float  # next to 0 where the function is smooth
    sides: tuple[float, float]  # the slopes to the left and to the right
    rounding: float  # of the slope


class Line:
    """A line through where an array is, in a direction that moves a part of its entries."""

    def __init__(self, flat: Array, part: slice, direction: Any, first: int) -> None:
        self.flat, self.part, self.direction = flat, part, direction
        self.first = first  # the first layer that sees the array
        self.here = flat[part].copy()

    def move(self, distance: float) -> None:
        """Go to a point of the line; 0 is where it began."""
        self.flat[self.part] = self.here + distance * self.direction


@dataclass(frozen=True)
class Comparison:
    """Entries of one array, or projections of it: analytic against numeric."""

    is_flat: bool  # both gradients are zero wherever one looked
    index: Integers  # of the entries; of projections, their number
    analytic: Array
    numeric: Array
    is_decided: NDArray[np.bool_]
    errors: Array

    @property
    def wrong(self) -> Integers:
        """The entries that are wrong."""
        return self.index[self.is_decided & ~(self.errors <= TOLERANCE)]


@dataclass(eq=False)
class Slopes:
    """A network in float64 and its batch: runs the layers, and compares gradients with slopes.

    Attributes
    ----------
    method : str
        `ENTRIES` or `PROJECTIONS`.
    place : int, optional
        Of a layer that is judged alone, as a network of its own: its number in the whole network.
    arrays, analytic : dict of (int, str) to array
        What can be moved, and its analytic gradient, by layer and name; the input is
        (-1, "input").
    moved : set of int
        The layers whose backward moves their own parameters.
    replaced : int
        Examples beside a kink that gave their place to others.
    draws : dict of int to (Generator, state)
        Of layers such as Dropout, which while training draw the same at each call.
    kinked : list of int
        The layers whose kink is known.
    """

    network: Network
    X: Array
    y: Any
    method: str
    rng: Generator
    training: bool = False
    place: int | None = None

    def __post_init__(self) -> None:
        self.X, self.replaced, layers = self.X.copy(), 0, list(enumerate(self.network))
        self.arrays: dict[Key, Array] = {
            (i, name): view for i, layer in layers for name, view in layer.parameters.items()
        }
        self.arrays[-1, "input"] = self.X
        self.analytic: dict[Key, Array] = {}
        self.moved: set[int] = set()
        self.kinked = [i for i, layer in layers if isinstance(layer, ReLU | LeakyReLU)]
        generators = [(i, getattr(layer, "rng", None)) for i, layer in layers]
        drawing = [(i, rng) for i, rng in generators if isinstance(rng, Generator)]
        self.draws = {i: (rng, rng.bit_generator.state) for i, rng in drawing}

    # ---- the loss, and its slope along a line ----

    def name(self, i: int) -> str:
        """Return what a layer is called; -1 is what the input belongs to."""
        if self.place is not None:
            return f"layer {self.place}, {self.network[0]}"
        return "the network" if i < 0 else f"layer {i}, {self.network[i]}"

    def layer(self, i: int, x: Array) -> Array:
        """Return the output of a layer; while training it draws the same at each call."""
        if self.training and i in self.draws:
            generator, state = self.draws[i]
            generator.bit_generator.state = state
        return self.network[i].forward(x, self.training)

    def run(self, first: int = 0) -> list[Array]:
        """Return the input of each layer from the first one that changed, and the outputs."""
        inputs = [(self.inputs[first] if first else self.X).copy()]
        for i in range(first, len(self.network)):
            inputs.append(self.layer(i, inputs[-1].copy()))
        return inputs

    def remember(self) -> None:
        """Keep the input of every layer, the loss, and how well it is known."""
        self.inputs = self.run()
        outputs = self.inputs[-1]
        self.value, gradient = self.network.loss(outputs.copy(), self.y)
        # How far rounding may move the loss, whose scale zero outputs show as well.
        elsewhere = float(self.network.loss(np.zeros_like(outputs), self.y)[0])
        sizes = (abs(self.value), abs(elsewhere), float(np.abs(outputs * gradient).sum()))
        self.noise = 16 * float(np.finfo(np.float64).eps) * max(filter(math.isfinite, sizes))

    def loss(self, first: int) -> tuple[float, bool]:
        """Return the loss, and whether each ReLU from the first changed layer is as it was."""
        inputs = self.run(first)
        pairs = [(inputs[i - first], self.inputs[i]) for i in self.kinked if i >= first]
        same = all(np.array_equal(x > 0, before > 0) for x, before in pairs)
        return float(self.network.loss(inputs[-1], self.y)[0]), same

    def stencil(self, line: Line, step: float) -> Stencil:
        """Look at the loss two steps to either side of where it is."""
        points = []
        for factor in (-2, -1, 1, 2):
            line.move(factor * step)
            points.append(self.loss(line.first))
        line.move(0.0)
        (f_2, f_1, f1, f2), clean = (*zip(*points, strict=True),)
        f0 = self.value
        return Stencil(
            slope=(8 * (f1 - f_1) - (f2 - f_2)) / (12 * step),
            is_clean=all(clean),
            bend=abs((f2 - 2 * f0 + f_2) / (2 * step) - 2 * (f1 - 2 * f0 + f_1) / step),
            sides=((3 * f0 - 4 * f_1 + f_2) / (2 * step), (4 * f1 - 3 * f0 - f2) / (2 * step)),
            rounding=self.noise / step,
        )

    def _compare(self, lines: Sequence[Line], analytic: Array, floor: float | None) -> Comparison:
        """Compare the slopes along several lines with the analytic ones.

        Without a `floor` it is a hundredth of the largest slope found.
        """
        first = [self._first_clean(line) for line in lines]
        slopes = np.array([stencil.slope for stencil in first])
        decided = np.array([stencil.is_clean for stencil in first], dtype=bool)
        rounding = np.array([stencil.rounding for stencil in first])
        if floor is None:
            floor = FLOOR * float(np.abs(slopes[decided]).max(initial=0))
        flat = bool(np.all(np.maximum(np.abs(analytic), np.abs(slopes)) <= rounding))
        right = decided & (_errors(analytic, slopes, floor) <= TOLERANCE)
        for i in np.flatnonzero(~right).tolist():
            slopes[i], decided[i] = self._settle(lines[i], float(analytic[i]), floor)
        errors = _errors(analytic, slopes, floor)
        return Comparison(flat, np.arange(len(lines)), analytic, slopes, decided, errors)

    def _first_clean(self, line: Line) -> Stencil:
        for step in STEPS:
            stencil = self.stencil(line, step)
            if stencil.is_clean:
                break
        return stencil

    def _settle(self, line: Line, analytic: float, floor: float) -> tuple[float, bool]:
        """Return the slope that decides on `analytic`, or one that does not: kink or rounding."""
        stencils = [self.stencil(line, step) for step in reversed(STEPS)]
        clean = [stencil for stencil in stencils if stencil.is_clean]
        if not clean:
            return stencils[0].slope, False
        # The longest step rounds least. One that contradicts a shorter has met an unknown kink.
        trusted = clean[:1]
        for stencil in clean[1:]:
            slack = stencil.rounding + trusted[-1].rounding
            if abs(stencil.slope - trusted[-1].slope) > slack:
                break
            trusted.append(stencil)
        best = trusted[-1]
        error = abs(best.slope - analytic)
        if _errors(analytic, best.slope, floor) <= TOLERANCE:
            return best.slope, True
        if error <= best.rounding + best.bend / 10:  # of the formula: a few h times the bend
            nearest = min(trusted, key=lambda stencil: abs(stencil.slope - analytic))
            return nearest.slope, bool(_errors(analytic, nearest.slope, floor) <= TOLERANCE)
        # On a kink of a layer that is not known here the bend is as large for every step.
        is_entry = line.here.size == 1
        is_bent = all(
            one.bend + one.rounding > (error / 2 if is_entry else 3 * one.rounding)
            for one in trusted
        )
        is_smooth = not is_bent and (len(trusted) > 1 or len(clean) == 1)
        if is_smooth or not is_entry:  # of several units at once the sides tell nothing
            return best.slope, is_smooth
        # Any slope between the two sides is right.
        near = self.stencil(line, NEAREST)
        low, high = sorted(near.sides)
        slack = TOLERANCE * max(abs(low), abs(high), floor) + near.rounding
        return best.slope, not low - slack <= analytic <= high + slack

    # ---- lines through one array ----

    def compare(self, key: Key) -> Comparison:
        """Compare the gradient of an array, as the method has it."""
        if self.method == ENTRIES:
            return self.entries(key, np.arange(self.arrays[key].size))
        return self.directions(key)

    def is_enough(self, seen: Comparison) -> bool:
        """Return whether an array was compared in enough places."""
        needed = (len(seen.errors) + 1) // 2 if self.method == ENTRIES else DIRECTIONS
        return int(seen.is_decided.sum()) >= needed

    def entries(self, key: Key, index: Integers) -> Comparison:
        """Compare entries of an array, each by itself."""
        flat = self.arrays[key].reshape(-1)
        scales = np.maximum(1, np.abs(flat[index]))
        analytic = self.analytic[key].reshape(-1)[index]
        places = zip(index.tolist(), scales, strict=True)
        lines = [Line(flat, slice(i, i + 1), scale, max(key[0], 0)) for i, scale in places]
        found = self._compare(lines, analytic * scales, None)
        return replace(found, index=index, analytic=analytic, numeric=found.numeric / scales)

    def directions(self, key: Key, part: slice = slice(None)) -> Comparison:
        """Compare the derivatives along random directions in (a part of) an array."""
        flat, gradient = self.arrays[key].reshape(-1), self.analytic[key].reshape(-1)[part]
        expected = float(np.linalg.norm(gradient) / np.sqrt(max(1, gradient.size)))
        found: list[Comparison] = []
        for _ in range(4 * DIRECTIONS):  # a direction that meets a kink is drawn anew
            v = self.rng.standard_normal(gradient.size)
            v /= np.linalg.norm(v)
            line = Line(flat, part, v, max(key[0], 0))
            found.append(self._compare([line], np.array([gradient @ v]), expected))
            if sum(one.is_decided[0] for one in found) == DIRECTIONS:
                break
        flats, index, *arrays = zip(*map(astuple, found), strict=True)
        return Comparison(all(flats), np.arange(len(index)), *map(np.concatenate, arrays))

    # ---- examples beside a kink ----

    def leave_kinks(self) -> None:
        """Replace examples beside a kink by others of the batch; every line would meet it."""
        labels, close = by_row(self.y, len(self.X)), self._beside_kinks(MARGINS[self.method])
        count = int(close.sum())
        if labels is not None and 2 * count <= len(close):  # fewer would hide too much
            rows = np.arange(len(close))
            rows[close] = rows[~close][:count]
            self.X[...], self.y, self.replaced = self.X[rows], labels[rows], count

    def _beside_kinks(self, margin: float) -> NDArray[np.bool_]:
        """Return for each example whether a unit of it lies beside a kink."""
        close, x = np.zeros(len(self.X), dtype=bool), self.X
        for i, layer in enumerate(self.network):
            y = self.layer(i, x.copy())
            if i in self.kinked:
                close |= (np.abs(x) < margin).any(axis=1)
            elif type(layer) not in SMOOTH:  # a learner's: does it bend here?
                h = margin * max(1.0, float(np.abs(x).max(initial=0)))
                above, below = self.layer(i, x + h), self.layer(i, x - h)
                bend = np.abs(above - 2 * y + below).reshape(len(x), -1).max(axis=1, initial=0)
                rounding = 1e-15 * float(np.abs(y).max(initial=0))
                close |= bend > 0.01 * np.abs(above - below).max(initial=0) + rounding
            x = y
        return close


def by_row(y: Any, count: int) -> NDArray[Any] | None:
    """Return y as an array if it holds one entry for each example; a loss may take anything."""
    try:
        array = np.asarray(y)
    except ValueError:  # arrays of several shapes
        return None
    return array if array.ndim and len(array) == count else None


def _errors(analytic: Any, numeric: Any, floor: float) -> Any:
    """Return |analytic - numeric| over the largest of both and `floor`; 0 where all are 0."""
    size = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), floor)
    return np.abs(analytic - numeric) / np.where(size == 0, 1, size)


def is_close(one: Array, other: Array) -> bool:
    """Return whether two gradients are one but for rounding; zeros are never that."""
    largest = float(np.abs(other).max(initial=0))
    return largest > 0 and bool(np.all(np.abs(one - other) <= 1e-5 * largest))
