"""Axes for accuracies, losses and epochs, and what their values must be."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checks import ChainruleError, whole_number
from chainrule.plots.lines import GUESS_LINE
from chainrule.plots.paper import FAINT, QUIET, Array, clean_figure, quiet_ticks

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


def finite(curves: Iterable[Array]) -> Array:
    """Return the finite values of all curves in one array."""
    joined: Array = np.concatenate([np.ravel(curve) for curve in curves])
    return joined[np.isfinite(joined)]


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


def chance_of(classes: int | None) -> float | None:
    """Return the accuracy of a uniform guess among this many classes."""
    return None if classes is None else 1 / whole_number("classes", classes, at_least=2)


def accuracy_guess(shares: Array, chance: float | None) -> float | None:
    """Return the accuracy of a uniform guess where the values come near it."""
    near = chance is not None and shares.size and shares.min() < chance + 0.2
    return chance if near else None


def loss_guess(losses: Array, chance: float | None) -> float | None:
    """Return the loss of a uniform guess, ln(classes), where the values come near it."""
    guess = -math.log(chance or 1)
    return guess if losses.size and 0 < guess / 3 < losses.max() else None


def guess_words(loss: float | None, accuracy: float | None) -> list[str]:
    """Return what the legend says of the lines of a uniform guess."""
    words = [] if loss is None else [f"loss ln {math.exp(loss):.0f} = {loss:.2f}"]
    return words if accuracy is None else [*words, f"accuracy {100 * accuracy:.3g}%"]


def scale_accuracy(axes: Axes, shares: Array, name: str, guess: float | None) -> None:
    """Scale the vertical axis so that differences show and nothing is cut off."""
    axes.set_ylabel(f"{name} (%)")
    if not shares.size:
        _say_that_nothing_is_drawn(axes)
        return
    if guess is not None:
        axes.axhline(100 * guess, **GUESS_LINE)
        shares = np.append(shares, guess)
    low, high = 100 * float(shares.min()), 100 * float(shares.max())
    if high - low > 20:
        _stretch(axes, low, high)
        axes.set_ylabel(f"{name} (%, stretched scale)")
    else:
        margin = max(0.07 * (high - low), 0.4)
        axes.set_ylim(max(low - margin, -1), min(high + margin, 100.4))


def _say_that_nothing_is_drawn(axes: Axes) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.grid(False)
    axes.text(
        0.5, 0.5, "No finite value to draw", color=QUIET, ha="center", transform=axes.transAxes
    )


def _stretch(axes: Axes, low: float, high: float) -> None:
    """Put the error on a log axis: 97 and 98 % are apart although 10 % is on it too."""
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


def scale_loss(axes: Axes, losses: Array, name: str, guess: float | None) -> None:
    """Scale the vertical axis for a loss, as a log axis where the values span much."""
    axes.set_ylabel(f"{name} (nats per image)")
    if not losses.size:
        _say_that_nothing_is_drawn(axes)
        return
    if guess is not None:
        axes.axhline(guess, **GUESS_LINE)
        losses = np.append(losses, guess)
    low, high = float(losses.min()), float(losses.max())
    if low > 0 and high / low > 8:
        _scale_logarithmically(axes, low, high)
    else:
        margin = max(0.07 * (high - low), 0.05 * abs(high), 1e-9)
        axes.set_ylim(low - margin, high + margin)


def _scale_logarithmically(axes: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    decades = math.log10(high / low)
    axes.yaxis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0) if decades < 2.5 else (1.0,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    margin = 10 ** (0.06 * decades)
    axes.set_ylim(low / margin, high * margin)


def scale_epochs(axes: Axes, epochs: int) -> None:
    """Scale the horizontal axis for whole epochs from 1."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 10**9) if epochs / step <= 8)
    axes.set_xticks(sorted({1, *range(step, epochs + 1, step)}))
    margin = max(0.4, 0.03 * epochs)
    axes.set_xlim(1 - margin, max(epochs, 1) + margin)
    axes.set_xlabel("Epoch")
