"""Axes for accuracies and losses, and what their values must be."""

from __future__ import annotations

import math
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checks import ChainruleError, whole_number
from chainrule.plots.lines import GUESS_LINE
from chainrule.plots.paper import FAINT, QUIET, Array, clean_figure, mark_decades, quiet_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCURACY_MARKS = (10, 30, 50, 70, 80, 90, 95, 97, 98, 99, 100)


def charts(
    figure: Figure | None, width: float, height: float, panels: int = 1
) -> tuple[Figure, list[Axes]]:
    """Return the figure and `panels` axes side by side, with a light grid."""
    figure = clean_figure(figure, width, height)
    figure.set_layout_engine("constrained")
    row = list(figure.subplots(1, panels, squeeze=False)[0])
    for axes in row:
        axes.grid(color=FAINT, linewidth=0.8)
        quiet_ticks(axes)
    return figure, row


def percent(share: float) -> str:
    """Return "96.84%" for 0.9684."""
    return f"{share:.2%}"


def checked_groups(groups: Any, wanted: str) -> Mapping[Any, Any]:
    """Return `groups` if it is a mapping without empty groups."""
    if not isinstance(groups, Mapping) or not groups or not all(map(_holds_some, groups.values())):
        raise ChainruleError(
            f"What is compared must be grouped as {wanted}, with at least one entry in each group, "
            f"got {textwrap.shorten(repr(groups), 60)}."
        )
    return groups


def _holds_some(group: object) -> bool:
    return isinstance(group, Sized) and len(group) > 0


def check_shares(values: Array, name: str) -> None:
    """Raise if a value lies outside 0 to 1; NaN may stand for a missing one."""
    wrong = values[(values < 0) | (values > 1)]
    if wrong.size:
        raise ChainruleError(
            f"{name} must be a share from 0 to 1, got {wrong[0]:g}; divide percentages by 100."
        )


class Quantity(ABC):
    """What the vertical axis of a chart measures, and what a uniform guess would reach.

    Parameters
    ----------
    name : str
        Such as "Validation accuracy".
    curves : iterable of arrays
        All that is drawn; what is not finite counts as missing.
    classes : int, optional
        Number of classes, for the line of a uniform guess where the curves come near it.

    Attributes
    ----------
    curves : list of arrays
        As they are drawn.
    values : array, shape (n,)
        What is finite in them.
    guesses : dict of str to float
        What the legend says of the line of a uniform guess, and its height; or nothing.
    """

    unit: str
    factor = 1.0  # from a value to its height on the axis

    def __init__(self, name: str, curves: Iterable[Array], classes: int | None) -> None:
        self.name = name
        self.curves = [self.factor * curve for curve in curves]
        values = np.concatenate([curve.ravel() for curve in self.curves])
        self.values = values[np.isfinite(values)]
        if classes is not None:
            whole_number("classes", classes, at_least=2)
        self.guesses = self.near_guesses(classes) if classes and self.values.size else {}

    def scale(self, axes: Axes) -> None:
        """Scale the axis so that differences show and nothing is cut off; draw the guess."""
        axes.set_ylabel(f"{self.name} ({self.unit})")
        if not self.values.size:
            axes.set(ylim=(0, 1), yticks=[])
            axes.grid(False)
            words = "No finite value to draw"
            axes.text(0.5, 0.5, words, color=QUIET, ha="center", transform=axes.transAxes)
            return
        for guess in self.guesses.values():
            axes.axhline(guess, **GUESS_LINE)
        heights = [*self.guesses.values(), float(self.values.min()), float(self.values.max())]
        self.spread(axes, min(heights), max(heights))

    @abstractmethod
    def near_guesses(self, classes: int) -> dict[str, float]:
        """Return the words for a uniform guess and its height, if values come near it."""

    @abstractmethod
    def spread(self, axes: Axes, low: float, high: float) -> None:
        """Spread the values from `low` to `high` over the axis."""


class Accuracy(Quantity):
    """Accuracies from 0 to 1, drawn in per cent."""

    unit, factor = "%", 100.0

    def near_guesses(self, classes: int) -> dict[str, float]:
        """Return the share of one class, if the least accuracy is within 20 points of it."""
        chance = 100 / classes
        return {f"accuracy {chance:.3g}%": chance} if self.values.min() <= chance + 20 else {}

    def spread(self, axes: Axes, low: float, high: float) -> None:
        """Leave the axis linear, or put the error on a log axis where the values span much."""
        if high - low <= 20:
            margin = max(0.07 * (high - low), 0.4)
            axes.set_ylim(max(low - margin, -1), min(high + margin, 100.4))
            return
        # 97 and 98 % are apart then, although 10 % is on it too.
        axes.set_ylabel(f"{self.name} (%, stretched scale)")
        axes.set_yscale("function", functions=(_stretched, _unstretched))
        bottom, top = _stretched(np.array([low, high]))
        margin = 0.06 * (top - bottom)
        lowest, highest = _unstretched(np.array([bottom - margin, top + margin]))
        axes.set_ylim(float(lowest), min(float(highest), 100.2))
        axes.set_yticks([mark for mark in ACCURACY_MARKS if lowest <= mark <= highest])


def _stretched(percentage: Array) -> Array:
    # Half a point more, so that 100 % is on the paper.
    return np.asarray(-np.log10(np.maximum(100.5 - percentage, 1e-6)))


def _unstretched(position: Array) -> Array:
    return np.asarray(100.5 - 10 ** -np.asarray(position))


class Loss(Quantity):
    """Losses, drawn as they are."""

    unit = "nats per image"

    def near_guesses(self, classes: int) -> dict[str, float]:
        """Return ln(classes), if the largest loss is above a third of it."""
        guess = math.log(classes)
        return {f"loss ln {classes} = {guess:.2f}": guess} if guess / 3 < self.values.max() else {}

    def spread(self, axes: Axes, low: float, high: float) -> None:
        """Leave the axis linear, or make it a log axis where the values span much."""
        if low <= 0 or high / low <= 8:
            margin = max(0.07 * (high - low), 0.05 * abs(high), 1e-9)
            axes.set_ylim(low - margin, high + margin)
            return
        decades = math.log10(high / low)
        margin = 10 ** (0.06 * decades)
        axes.set_yscale("log")
        mark_decades(axes.yaxis, decades < 2.5, "{:g}".format)
        axes.set_ylim(low / margin, high * margin)
