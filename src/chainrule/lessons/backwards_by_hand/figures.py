"""Lesson 2: its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.lessons.drawing import DASHED, SOLID, Drawn, chart, looks, note, picture, squares
from chainrule.plots import paper
from chainrule.plots.lines import GUESS_LINE
from chainrule.plots.paper import BLUE, INK, QUIET, VERMILLION, Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 28  # of a digit, in pixels
# A station on the way: its words, its ground, and its edge with the arrow that leads to it.
HERE = ("white", VERMILLION, VERMILLION)
PASSED = (INK, "white", BLUE)
AHEAD = (QUIET, "white", QUIET)


@picture
def u_curves(steps: Array, one_sided: Array, central: Array) -> Drawn:
    """Draw the error of two difference quotients against the step, both axes logarithmic.

    Parameters
    ----------
    steps : array, shape (n,)
    one_sided, central : arrays, shape (n,)
        Relative errors; zeros are left out.
    """
    styles = looks(("one-sided", "central"), (VERMILLION, BLUE), "so", (DASHED, SOLID))
    title = "The error of a numerical derivative, against its step"
    figure, (axes,) = chart(title, size=(8, 4.8))
    least = []
    for (name, style), errors in zip(styles.items(), (one_sided, central), strict=True):
        seen = errors > 0
        axes.loglog(steps[seen], errors[seen], **style.line(label=name, markersize=3.5))
        best = np.flatnonzero(seen)[np.argmin(errors[seen])]
        least.append(f"{name}: {errors[best]:.0e} at a step of {steps[best]:.0e}")
    for power, errors, first in ((1, one_sided, 1e-5), (2, central, 1e-4), (-1, central, 1e-9)):
        falls = power > 0
        ends = np.array([steps[0] if falls else steps[-1], first])
        level = 3 * errors[0] / steps[0] ** power if falls else 10 * np.finfo(float).eps
        axes.loglog(ends, level * ends**power, **GUESS_LINE)
        law = {1: "falls with h", 2: "falls with h²", -1: "grows with 1/h"}[power]
        side, offset = ("right", (-5, 0)) if falls else ("left", (5, 2))
        note(axes, law, (first, level * first**power), offset, ha=side, va="center", color=QUIET)
    axes.set(xlabel="Step h", ylabel="Relative error of the derivative")
    axes.legend(loc="lower left")
    return figure, (
        "Error of two numerical derivatives against the step, from "
        f"{steps.min():.0e} to {steps.max():.0e}, both axes logarithmic: two curves shaped like a "
        f"slanted U. The least error of {least[0]}; of {least[1]}."
    )


class Station(NamedTuple):
    """One gradient on the way back.

    Attributes
    ----------
    name : str
        Such as "dW₂"; those of parameters begin with dW.
    law : str
        How it comes about.
    gradient : array, two axes
    rows, columns : str
        What the two axes count.
    """

    name: str
    law: str
    gradient: Array
    rows: str
    columns: str

    @property
    def norm(self) -> float:
        """The square root of the sum of squares."""
        return float(np.linalg.norm(self.gradient))


@picture
def backward_frame(stations: Sequence[Station], shown: int) -> Drawn:
    """Draw one frame of the gradient's way back.

    Parameters
    ----------
    stations : sequence of Station
        All of them, from the loss to the images.
    shown : int
        The one of this frame.
    """
    figure = paper.clean_figure(None, 9, 5.8)
    station = stations[shown]
    gradient = station.gradient
    largest, zeros = float(np.abs(gradient).max()), float((gradient == 0).mean())
    paper.add_title(figure, f"{shown + 1}. {station.law}", y=0.975)
    _draw_way(figure, stations, shown)

    axes = figure.add_axes((0.08, 0.1, 0.68, 0.5))
    beside = figure.add_axes((0.79, 0.1, 0.018, 0.5))
    if SIDE * SIDE in gradient.shape:
        squares(axes, _as_digits(gradient), -largest, largest, cax=beside)
        axes.set_axis_off()
    else:
        squares(axes, gradient, -largest, largest, aspect="auto", cax=beside)
        rows, columns = gradient.shape
        axes.set(xlabel=station.columns, xticks=range(0, columns, max(1, columns // 16)))
        axes.set(ylabel=station.rows, yticks=range(0, rows, max(1, rows // 8)))
        paper.quiet_ticks(axes, 9)
    beside.set_title("gradient", fontsize=9, loc="left")
    paper.quiet_ticks(beside, 9)
    facts = f"shape\n{gradient.shape}\n\nnorm\n{station.norm:.3g}\n\nexactly 0\n{zeros:.0%}"
    figure.text(0.885, 0.59, facts, va="top", linespacing=1.4)
    return figure, (
        f"{station.law}. Shape {gradient.shape}, {station.rows} by {station.columns}; norm "
        f"{station.norm:.3g}, entries up to {largest:.2g} in size, {zeros:.0%} of them exactly 0."
    )


def _draw_way(figure: Figure, stations: Sequence[Station], shown: int) -> None:
    """Draw the way from right to left, the parameters below it; what is reached has its norm."""
    axes: Any = figure.add_axes((0.02, 0.67, 0.96, 0.25))
    axes.set_axis_off()
    place = sum(not station.name.startswith("dW") for station in stations)
    axes.set(xlim=(0, place), ylim=(0, 2))
    for i, station in enumerate(stations):
        ink, ground, edge = HERE if i == shown else PASSED if i < shown else AHEAD
        is_below = station.name.startswith("dW")
        place -= not is_below
        x, y = place + 0.5, 0.5 if is_below else 1.45
        if i:
            head, tail = ((x, 0.78), (x, 1.15)) if is_below else ((x + 0.38, y), (x + 0.62, y))
            arrow = {"arrowstyle": "-|>", "color": edge, "linewidth": 1.4}
            axes.annotate("", head, tail, arrowprops=arrow)
        words = f"{station.name}   {station.norm:.2g}" if i <= shown else station.name
        box = {"boxstyle": "round,pad=0.4", "lw": 1.6, "fc": ground, "ec": edge}
        axes.text(x, y, words, ha="center", va="center", color=ink, bbox=box)


def _as_digits(gradient: Array) -> Array:
    """Return a board of the pictures that lie along the axis of the pixels."""
    pictures = gradient if gradient.shape[1] == SIDE * SIDE else gradient.T
    columns = 4 if len(pictures) <= 8 else 8
    empty = -len(pictures) % columns
    room = ((0, empty), (1, 1), (1, 1))  # around each picture, and for the last row
    tiles = np.pad(pictures.reshape(-1, SIDE, SIDE), room).reshape(-1, columns, SIDE + 2, SIDE + 2)
    return tiles.swapaxes(1, 2).reshape(-1, columns * (SIDE + 2))
