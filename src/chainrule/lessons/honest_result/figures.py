"""The pictures of lesson 5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.lessons.drawing import Drawn, chart, note, picture
from chainrule.plots.lines import line_styles
from chainrule.plots.paper import INK, QUIET, Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BARS = "#B6BCC4"


@picture
def accuracies_by_seed(accuracies: Mapping[str, Sequence[float]], images: int) -> Drawn:
    """Draw the test accuracy of each seed as a point, a row an optimizer, with the means.

    Parameters
    ----------
    accuracies : mapping
        ``{label: [accuracy, ...]}``, one accuracy from 0 to 1 for each seed.
    images : int
        In the test set: a thin bar shows how far its choice alone moves an accuracy.
    """
    title = "One setting, many seeds: a point a run, a stroke for the mean"
    figure, (axes,) = chart(title, size=(9, 1.7 + 0.75 * len(accuracies)))
    words = []
    for row, (label, style) in enumerate(
        zip(accuracies, line_styles(accuracies), strict=True), start=1
    ):
        shares = np.asarray(accuracies[label], np.float64)
        mean = shares.mean()
        error = 196 * np.sqrt(mean * (1 - mean) / images)
        axes.plot(100 * mean + np.array([-error, error]), [row - 0.26] * 2, color=BARS, lw=4)
        axes.plot(100 * shares, np.full(len(shares), row), **style.line(linestyle="none", ms=7))
        axes.plot([100 * mean] * 2, [row - 0.16, row + 0.16], color=INK, lw=2.2)
        words.append(
            f"{label}: {len(shares)} seeds from {shares.min():.2%} to {shares.max():.2%}, "
            f"mean {mean:.2%}, the {images:,} test images alone ± {error:.2f} points"
        )
    axes.set_yticks(range(1, len(accuracies) + 1), list(accuracies))
    axes.set(ylim=(len(accuracies) + 0.5, 0.45), xlabel="Test accuracy in %")
    return figure, f"Test accuracies by seed. {'; '.join(words)}."


@picture
def best_of(bests: Array, accuracy: float, count: int, images: int) -> Drawn:
    """Draw how often the best of `count` equal networks shows which accuracy.

    Parameters
    ----------
    bests : array, shape (repetitions,)
        The best measured accuracy of each repetition.
    accuracy : float
        The true one, the same for all networks.
    count : int
    images : int
        In the test set. The axes depend on it and on `accuracy` alone: frames can be compared.
    """
    networks = "1 network" if count == 1 else f"the best of {count} equal networks"
    figure, (axes,) = chart(f"What is reported: {networks}", size=(9, 3.6))
    error = float(np.sqrt(accuracy * (1 - accuracy) / images))
    low, high = (accuracy + error * reach for reach in (-4, 6))
    edges = (np.arange(np.floor(low * images), np.ceil(high * images) + 2) - 0.5) / images
    shares = np.full(len(bests), 100 / len(bests))
    axes.hist(100 * bests, (100 * edges).tolist(), weights=shares, color=BARS)
    top, mean = 110 / (images * error), float(bests.mean())
    axes.plot([100 * accuracy] * 2, [0, top], color=INK, ls=(0, (4, 2)))
    axes.plot([100 * mean] * 2, [0, 0.88 * top], color=INK)
    note(axes, "true", (100 * accuracy, top), (-6, 0), ha="right", va="top")
    reported = f"reported on average {mean:.2%}"
    note(axes, reported, (100 * mean, 0.88 * top), (6, 0), ha="left", va="top")
    axes.set(xlim=(100 * low, 100 * high), xlabel="Reported test accuracy in %")
    axes.set(ylim=(0, top), ylabel="Share of repetitions in %")
    return figure, (
        f"Histogram over {len(bests):,} repetitions of the test accuracy reported for {networks}: "
        f"on average {mean:.2%}, where the true accuracy is {accuracy:.2%}, so "
        f"{100 * (mean - accuracy):+.2f} points."
    )


@picture
def pairs(
    accuracies: Mapping[str, Sequence[float]],
    intervals: Mapping[str, tuple[float, float, float]],
) -> Drawn:
    """Draw two settings seed by seed, and beside them intervals of their difference.

    Parameters
    ----------
    accuracies : mapping
        Two entries ``{label: [accuracy, ...]}``, the seeds in the same order.
    intervals : mapping
        ``{words: (mean, low, high)}`` of the first less the second, from 0 to 1.
    """
    first, second = accuracies
    a, b = (100 * np.asarray(shares) for shares in accuracies.values())
    title = f"{first} and {second}, seed by seed"
    figure, (left, right) = chart(title, size=(10, 4.3), panels=2)
    left.plot([0, 1], [a, b], color=BARS, lw=1.2)
    for place, (shares, style) in enumerate(zip((a, b), line_styles([first, second]), strict=True)):
        left.plot(np.full(len(shares), place), shares, **style.line(linestyle="none", ms=7))
    left.set_xticks([0, 1], [first, second])
    left.set(xlim=(-0.35, 1.35), ylabel="Test accuracy in %")
    left.set_title("A line joins the two runs of a seed", fontsize=11, loc="left")
    _draw_intervals(right, a - b, intervals)
    right.set_xlabel(f"{first} less {second}, in points")
    right.set_title("Their difference", fontsize=11, loc="left")
    words = "; ".join(
        f"{name}: mean {100 * mean:+.2f}, from {100 * low:+.2f} to {100 * high:+.2f} points"
        for name, (mean, low, high) in intervals.items()
    )
    return figure, (
        f"Left, test accuracies of {first} and {second} for {len(a)} seeds, joined by seed: "
        f"{first} is ahead in {(a > b).sum()}. Right, {first} less {second}. {words}."
    )


def _draw_intervals(axes: Axes, differences: Any, intervals: Mapping[str, Any]) -> None:
    axes.plot(differences, np.zeros(len(differences)), "o", color=QUIET, ms=6, alpha=0.7)
    for row, (mean, low, high) in enumerate(intervals.values(), start=1):
        axes.plot([100 * low, 100 * high], [row, row], color=INK, lw=2, marker="|", ms=12)
        axes.plot(100 * mean, row, "D", color=INK, ms=7)
    axes.axvline(0, color=QUIET, ls=(0, (4, 2)), lw=1.4)
    axes.set_yticks(range(len(intervals) + 1), ["each seed", *intervals])
    axes.set_ylim(len(intervals) + 0.6, -0.6)
