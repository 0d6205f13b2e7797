"""Lesson 2: its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.plots.lines import LineStyle
from chainrule.plots.paper import (
    BLUE,
    INK,
    QUIET,
    VERMILLION,
    Array,
    add_title,
    clean_figure,
    drawn_in_our_style,
    quiet_ticks,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 28  # of a digit, in pixels
GUIDE: dict[str, Any] = {"color": QUIET, "linewidth": 1.1, "linestyle": (0, (1, 2))}


@drawn_in_our_style
def u_curves(steps: Array, one_sided: Array, central: Array) -> Figure:
    """Draw the error of two difference quotients against the step, both axes logarithmic.

    Parameters
    ----------
    steps : array, shape (n,)
    one_sided, central : arrays, shape (n,)
        Relative errors; zeros are left out.
    """
    figure = clean_figure(None, 8, 4.8)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    add_title(figure, "The error of a numerical derivative, against its step")
    curves = (
        ("one-sided", one_sided, LineStyle(VERMILLION, "s", (0, (5, 1.6)))),
        ("central", central, LineStyle(BLUE, "o", (0, None))),
    )
    words = []
    for name, errors, style in curves:
        seen = errors > 0
        axes.loglog(steps[seen], errors[seen], **style.line(label=name, markersize=3.5))
        best = np.flatnonzero(seen)[np.argmin(errors[seen])]
        words.append(f"{name}: {errors[best]:.0e} at a step of {steps[best]:.0e}")
    for power, errors, first in ((1, one_sided, 1e-5), (2, central, 1e-4), (-1, central, 1e-9)):
        ends = np.array([steps[0], first] if power > 0 else [steps[-1], first])
        level = 3 * errors[0] / steps[0] ** power if power > 0 else 10 * np.finfo(float).eps
        axes.loglog(ends, level * ends**power, **GUIDE)
        axes.annotate(
            {1: "falls with h", 2: "falls with h²", -1: "grows with 1/h"}[power],
            (first, level * first**power),
            xytext=(-5, 0) if power > 0 else (5, 2),
            textcoords="offset points",
            ha="right" if power > 0 else "left",
            va="center",
            color=QUIET,
        )
    axes.set_xlabel("Step h")
    axes.set_ylabel("Relative error of the derivative")
    axes.legend(loc="lower left")
    axes.grid(color="#E5E7EB", linewidth=0.8)
    quiet_ticks(axes)
    figure.set_label(
        "Error of two numerical derivatives against the step, from "
        f"{steps.min():.0e} to {steps.max():.0e}, both axes logarithmic: two curves shaped like a "
        f"slanted U. The least error of {words[0]}; of {words[1]}."
    )
    return figure


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


@drawn_in_our_style
def backward_frame(stations: Sequence[Station], shown: int) -> Figure:
    """Draw one frame of the gradient's way back.

    Parameters
    ----------
    stations : sequence of Station
        All of them, from the loss to the images.
    shown : int
        The one of this frame.
    """
    figure = clean_figure(None, 9, 5.8)
    station = stations[shown]
    gradient = station.gradient
    largest, zeros = float(np.abs(gradient).max()), float((gradient == 0).mean())
    add_title(figure, f"{shown + 1}. {station.law}", y=0.975)
    _draw_way(figure, stations, shown)

    axes: Any = figure.add_axes((0.08, 0.1, 0.68, 0.5))
    of_pixels = SIDE * SIDE in gradient.shape
    board = axes.imshow(
        _as_digits(gradient) if of_pixels else gradient,
        cmap="RdBu_r",
        vmin=-largest,
        vmax=largest,
        aspect="equal" if of_pixels else "auto",
        interpolation="nearest",
    )
    if of_pixels:
        axes.set_axis_off()
    else:
        rows, columns = gradient.shape
        axes.set_ylabel(station.rows)
        axes.set_xlabel(station.columns)
        axes.set_yticks(range(0, rows, max(1, rows // 8)))
        axes.set_xticks(range(0, columns, max(1, columns // 16)))
        quiet_ticks(axes, 9)
    bar = figure.colorbar(board, cax=figure.add_axes((0.79, 0.1, 0.018, 0.5)))
    bar.outline.set_visible(False)
    bar.ax.set_title("gradient", fontsize=9, loc="left")
    quiet_ticks(bar.ax, 9)
    facts = f"shape\n{gradient.shape}\n\nnorm\n{station.norm:.3g}\n\nexactly 0\n{zeros:.0%}"
    figure.text(0.885, 0.59, facts, va="top", linespacing=1.4)
    figure.set_label(
        f"{station.law}. Shape {gradient.shape}, {station.rows} by {station.columns}; norm "
        f"{station.norm:.3g}, entries up to {largest:.2g} in size, {zeros:.0%} of them exactly 0."
    )
    return figure


def _draw_way(figure: Figure, stations: Sequence[Station], shown: int) -> None:
    """Draw the way from right to left, the parameters below it; what is reached has its norm."""
    axes: Any = figure.add_axes((0.02, 0.67, 0.96, 0.25))
    axes.set_axis_off()
    count = sum(not station.name.startswith("dW") for station in stations)
    axes.set_xlim(0, count)
    axes.set_ylim(0, 2)
    place = count + 0.5
    for i, station in enumerate(stations):
        is_here, is_below = i == shown, station.name.startswith("dW")
        colour = VERMILLION if is_here else BLUE if i < shown else QUIET
        place -= 0 if is_below else 1
        ends = (
            ((place, 1.15), (place, 0.78))
            if is_below
            else ((place + 0.62, 1.45), (place + 0.38, 1.45))
        )
        if i:
            arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.4}
            axes.annotate("", ends[1], ends[0], arrowprops=arrow)
        words = f"{station.name}   {station.norm:.2g}" if i <= shown else station.name
        axes.text(
            place,
            0.5 if is_below else 1.45,
            words,
            ha="center",
            va="center",
            color="white" if is_here else INK if i < shown else QUIET,
            bbox={
                "boxstyle": "round,pad=0.4",
                "linewidth": 1.6,
                "facecolor": colour if is_here else "white",
                "edgecolor": colour,
            },
        )


def _as_digits(gradient: Array) -> Array:
    """Return a board of the pictures that lie along the axis of the pixels."""
    pictures = gradient if gradient.shape[1] == SIDE * SIDE else gradient.T
    pictures = pictures.reshape(-1, SIDE, SIDE)
    columns = 4 if len(pictures) <= 8 else 8
    rows = -(-len(pictures) // columns)
    board = np.zeros((rows * (SIDE + 2), columns * (SIDE + 2)))
    for i, picture in enumerate(pictures):
        top, left = i // columns * (SIDE + 2) + 1, i % columns * (SIDE + 2) + 1
        board[top : top + SIDE, left : left + SIDE] = picture
    return board
