"""Lesson 3: its pictures. All curves are of SGD: one blue, told apart by shade, marker and dash."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.plots.charts import charts
from chainrule.plots.lines import GUESS_LINE, Legend, LineStyle
from chainrule.plots.paper import (
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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = (
    LineStyle("#3FA0DC", "o", (0, (1.4, 1.2))),
    LineStyle("#0072B2", "s", (0, (5, 1.6))),
    LineStyle("#00446B", "^", (0, (7, 1.4, 1.4, 1.4))),
    LineStyle("#101418", "D", (0, None)),
)
ALPHA = "\N{GREEK SMALL LETTER ALPHA}"
HIGHEST_LOSS = 3.0  # a diverging loss would press all others flat


def _plain(axis: Any) -> None:
    """Write 0.01 and 10,000 on a logarithmic axis, not powers of ten."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axis.set_minor_formatter(NullFormatter())


@drawn_in_our_style
def gradient_noise(
    sizes: Sequence[int], measured: Mapping[str, Array], expected: Mapping[str, Array]
) -> Figure:
    """Draw how far batch gradients are from the full one, measured and by the law, against B.

    Parameters
    ----------
    sizes : sequence of int
        Batch sizes.
    measured, expected : mapping of str to array
        For each network, by name: the distance over the length of the full gradient.
    """
    styles = dict(zip(measured, STYLES[1::2], strict=False))
    legend = Legend(styles)
    figure, (axes,) = charts(None, 9, 4.8 + legend.height(9))
    for name, style in styles.items():
        axes.plot(sizes, expected[name], color=style.colour, linestyle=style.dash)
        axes.plot(sizes, measured[name], **style.line(linestyle="none", ms=8))
    axes.axhline(1, **GUESS_LINE)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(list(sizes))
    for axis in (axes.xaxis, axes.yaxis):
        _plain(axis)
    axes.text(
        sizes[0], 1, "noise as long as the gradient itself", va="bottom", fontsize=10, color=QUIET
    )
    axes.set_xlabel("Batch size B")
    axes.set_ylabel("Distance from the full gradient / its length")
    legend.add_to(figure)
    add_title(figure, "The noise of a batch gradient: measured (marks), by the law (lines)")
    words = "; ".join(
        f"{name}: {measured[name][0]:.2g} at B = {sizes[0]}, {measured[name][-1]:.2g} at "
        f"B = {sizes[-1]:,}"
        for name in measured
    )
    figure.set_label(
        "Distance of the batch gradient from the full gradient, over the length of the full "
        f"gradient, against batch size, on logarithmic axes. {words}. The marks lie on the lines "
        "of the law one over root B."
    )
    return figure


@drawn_in_our_style
def order_matters(images: Array, accuracies: Mapping[str, Array], counts: Array) -> Figure:
    """Draw validation accuracy along one epoch, by the order of the images.

    Parameters
    ----------
    images : array, shape (looks,)
        How many images had been trained on.
    accuracies : mapping of str to array, shape (looks,)
        From 0 to 1, by the name of the order.
    counts : array, shape (classes,)
        Images of each class: where the sorted data changes from class to class.
    """
    styles = dict(zip(accuracies, STYLES[1::2], strict=False))
    legend = Legend(styles, ["10%"])
    figure, (axes,) = charts(None, 9, 4.4 + legend.height(9))
    every = max(1, len(images) // 20)
    for name, style in styles.items():
        axes.plot(images, 100 * accuracies[name], **style.line(markevery=every))
    axes.axhline(10, **GUESS_LINE)
    axes.grid(visible=False, axis="x")
    edges = np.concatenate([[0], np.cumsum(counts)])
    for label, (left, right) in enumerate(pairwise(edges)):
        if label % 2 == 0:
            axes.axvspan(left, right, facecolor="#F3F4F6", linewidth=0)
        axes.text((left + right) / 2, 103, str(label), ha="center", va="center", color=QUIET)
    axes.set_xlim(0, edges[-1])
    axes.set_ylim(0, 107)
    axes.set_yticks(range(0, 101, 20), [f"{mark}%" for mark in range(0, 101, 20)])
    axes.set_xlabel("Images trained on (above: the class that the sorted order is at)")
    axes.set_ylabel("Validation accuracy")
    legend.add_to(figure)
    add_title(figure, "The same images in two orders: one epoch")
    ends = "; ".join(f"{name}: {curve[-1]:.1%}" for name, curve in accuracies.items())
    figure.set_label(
        f"Validation accuracy along one epoch, by the order of the images. At the end: {ends}. "
        "In the sorted order it hovers about one in ten, since the network predicts the class that "
        "it has just seen."
    )
    return figure


@drawn_in_our_style
def three_rates(losses: Mapping[float, Array], every: int) -> Figure:
    """Draw the loss step by step for three learning rates: too small, right, too large.

    Parameters
    ----------
    losses : mapping of float to array
        By rate, the smallest first: the loss over all training images after 0, every, ... steps.
    every : int
        Steps between two values.
    """
    words = ("too small", "right", "too large")
    labels = {
        f"{ALPHA} = {rate:g}, {word}": curve
        for (rate, curve), word in zip(losses.items(), words, strict=True)
    }
    styles = dict(zip(labels, (STYLES[0], STYLES[1], STYLES[3]), strict=True))
    legend = Legend(styles, [f"ln 10 = {math.log(10):.3f}"])
    figure, (axes,) = charts(None, 9, 4.4 + legend.height(9))
    for label, style in styles.items():
        steps = every * np.arange(len(labels[label]))
        axes.plot(steps, np.clip(labels[label], None, 99), **style.line(markevery=2))
    axes.axhline(math.log(10), **GUESS_LINE)
    axes.set_ylim(0, 4)
    axes.set_xlim(left=0)
    axes.set_xlabel("Steps")
    axes.set_ylabel("Loss over all training images")
    legend.add_to(figure)
    add_title(figure, "Three learning rates, the same batches")
    ends = "; ".join(f"{label}: ends at {curve[-1]:.2f}" for label, curve in labels.items())
    figure.set_label(f"Training loss against steps for three learning rates. {ends}.")
    return figure


@drawn_in_our_style
def rate_and_batch(losses: Mapping[int, Mapping[float, float]], steps: int) -> Figure:
    """Draw the loss after a fixed number of steps against the learning rate, by batch size.

    Parameters
    ----------
    losses : mapping of int to mapping of float to float
        By batch size and rate.
    steps : int
        How many each run has done.
    """
    best = {size: min(by_rate, key=lambda rate: by_rate[rate]) for size, by_rate in losses.items()}
    labels = {f"B = {size:,}, best {ALPHA} = {best[size]:g}": size for size in losses}
    styles = dict(zip(labels, STYLES, strict=False))
    legend = Legend(styles)
    figure, (axes,) = charts(None, 9, 4.4 + legend.height(9))
    for label, size in labels.items():
        rates, values = np.array(sorted(losses[size].items())).T
        values = np.where(np.isfinite(values), np.minimum(values, HIGHEST_LOSS), HIGHEST_LOSS)
        axes.plot(rates, values, **styles[label].line())
        axes.plot(best[size], losses[size][best[size]], "o", ms=15, mfc="none", mec=INK)
    axes.set_xscale("log")
    _plain(axes.xaxis)
    top = HIGHEST_LOSS
    axes.set_ylim(-0.15, top + 0.15)
    marks = np.arange(0, top + 0.1, 0.5)
    axes.set_yticks(marks, [*(f"{mark:.1f}" for mark in marks[:-1]), f"{top:.0f} or more"])
    axes.set_xlabel(f"Learning rate {ALPHA}")
    axes.set_ylabel("Loss over all training images")
    legend.add_to(figure)
    add_title(figure, f"After {steps} steps: a larger batch bears a larger rate (ring: the best)")
    words = "; ".join(f"B = {size:,}: best rate {best[size]:g}" for size in losses)
    figure.set_label(f"Training loss after {steps} steps against the learning rate. {words}.")
    return figure


@drawn_in_our_style
def three_axes(runs: Mapping[str, Array]) -> Figure:
    """Draw the same runs against steps, against images, and against seconds.

    Parameters
    ----------
    runs : mapping of str to array, shape (looks, 4)
        By name: steps, images, seconds, loss.
    """
    styles = dict(zip(runs, STYLES, strict=True))
    legend = Legend(styles)
    figure, row = charts(None, 10, 4.2 + legend.height(), panels=3)
    names = ("Steps", "Images gone through", "Seconds of the processor")
    for column, (axes, name) in enumerate(zip(row, names, strict=True)):
        for run, style in styles.items():
            axes.plot(runs[run][:, column], runs[run][:, 3], **style.line(ms=4.5, markevery=2))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(name)
        _log_ticks(axes)
        if column:
            axes.tick_params(labelleft=False)
    row[0].set_ylabel("Loss over all training images")
    low = min(curve[:, 3].min() for curve in runs.values())
    high = max(curve[:, 3].max() for curve in runs.values())
    for axes in row:
        axes.set_ylim(0.9 * low, 1.1 * high)
    legend.add_to(figure)
    add_title(figure, "The same four runs on three axes")
    words = "; ".join(
        f"{run}: loss {curve[-1, 3]:.2f} after {curve[-1, 0]:,.0f} steps, {curve[-1, 1]:,.0f} "
        f"images, {curve[-1, 2]:.1f} seconds"
        for run, curve in runs.items()
    )
    figure.set_label(f"Training loss of four batch sizes against steps, images, seconds. {words}.")
    return figure


def _log_ticks(axes: Axes) -> None:
    from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

    axes.xaxis.set_major_locator(LogLocator(10, numticks=5))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(FixedLocator([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4]))
    axes.yaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        _plain(axis)


@drawn_in_our_style
def descent(
    along: tuple[Array, Array], surface: Array, paths: Mapping[str, Array], step: int
) -> Figure:
    """Draw the way down the loss's contours until one step, for two batch sizes.

    Parameters
    ----------
    along : two arrays, shapes (columns,) and (rows,)
        Coordinates of the surface.
    surface : array, shape (rows, columns)
        The loss over all images.
    paths : mapping of str to array, shape (steps + 1, 3)
        By name: two coordinates, and the loss over all images there.
    step : int
        Up to which step the paths are drawn.
    """
    styles = dict(zip(paths, (STYLES[3], LineStyle("#0072B2", "o", (0, None))), strict=True))
    figure = clean_figure(None, 6.8, 5)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    quiet_ticks(axes)
    levels = np.geomspace(surface.min() * 1.01, surface.max(), 14)
    axes.contour(*along, surface, levels=levels, colors="#C3C8CF", linewidths=1)
    low = np.unravel_index(surface.argmin(), surface.shape)
    axes.plot(along[0][low[1]], along[1][low[0]], "P", color=VERMILLION, ms=11, mec="white")
    for name, path in paths.items():
        until = path[: step + 1]
        axes.plot(*until[:, :2].T, **styles[name].line(ms=4, lw=1.3))
        axes.plot(*until[-1, :2], **styles[name].line(ms=9, mec="white", zorder=5))
    axes.set_xlim(along[0][0], along[0][-1])
    axes.set_ylim(along[1][0], along[1][-1])
    axes.set_xlabel("first direction")
    axes.set_ylabel("second direction")
    now = {f"{name}: loss {path[step, 2]:.3f}": styles[name] for name, path in paths.items()}
    low_look = LineStyle(VERMILLION, "P", (0, (0, 1)))
    legend = Legend({**now, f"lowest point, {surface.min():.3f}": low_look})
    legend.add_to(figure)
    add_title(figure, f"After {step} {'step' if step == 1 else 'steps'}")
    figure.set_label(
        f"Contours of the loss over two directions, and two ways down after {step} steps. "
        f"{'; '.join(now)}; lowest point of the map: {surface.min():.3f}."
    )
    return figure
