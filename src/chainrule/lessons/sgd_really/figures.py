"""Lesson 3: its pictures. All curves are of SGD: one blue, told apart by shade, marker and dash."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from chainrule.lessons import drawing
from chainrule.lessons.drawing import CHAINED, DASHED, DOTTED, SOLID, Drawn, chart, picture
from chainrule.plots.lines import GUESS_LINE, Legend, LineStyle
from chainrule.plots.paper import INK, QUIET, VERMILLION, Array, count_of

STYLES = (
    LineStyle("#3FA0DC", "o", DOTTED),
    LineStyle("#0072B2", "s", DASHED),
    LineStyle("#00446B", "^", CHAINED),
    LineStyle("#101418", "D", SOLID),
)
ALPHA = "\N{GREEK SMALL LETTER ALPHA}"
LOSS = "Loss over all training images"
HIGHEST_LOSS = 3.0  # a diverging loss would press all others flat


@picture
def gradient_noise(
    sizes: Sequence[int], measured: Mapping[str, Array], expected: Mapping[str, Array]
) -> Drawn:
    """Draw how far batch gradients are from the full one, measured and by the law, against B.

    Parameters
    ----------
    sizes : sequence of int
        Batch sizes.
    measured, expected : mapping of str to array
        For each network, by name: the distance over the length of the full gradient.
    """
    styles = dict(zip(measured, STYLES[1::2], strict=False))
    title = "The noise of a batch gradient: measured (marks), by the law (lines)"
    figure, (axes,) = chart(title, styles, size=(9, 4.8))
    for name, style in styles.items():
        axes.plot(sizes, expected[name], color=style.colour, linestyle=style.dash)
        axes.plot(sizes, measured[name], **style.line(linestyle="none", ms=8))
    axes.axhline(1, **GUESS_LINE)
    axes.set_xscale("log", base=2)
    axes.set(xticks=sizes, xlabel="Batch size B")
    axes.set(yscale="log", ylabel="Distance from the full gradient / its length")
    drawing.plain_logs(axes)
    words = "noise as long as the gradient itself"
    axes.text(sizes[0], 1, words, va="bottom", fontsize=10, color=QUIET)
    ends = (
        f"{name}: {noise[0]:.2g} at B = {sizes[0]}, {noise[-1]:.2g} at B = {sizes[-1]:,}"
        for name, noise in measured.items()
    )
    return figure, (
        "Distance of the batch gradient from the full gradient, over the length of the full "
        f"gradient, against batch size, on logarithmic axes. {'; '.join(ends)}. The marks lie on "
        "the lines of the law one over root B."
    )


@picture
def order_matters(images: Array, accuracies: Mapping[str, Array], counts: Array) -> Drawn:
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
    figure, (axes,) = chart(
        "The same images in two orders: one epoch", styles, ["10%"], size=(9, 4.4)
    )
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
    axes.set(xlim=(0, edges[-1]), ylim=(0, 107), ylabel="Validation accuracy")
    axes.set_yticks(range(0, 101, 20), [f"{mark}%" for mark in range(0, 101, 20)])
    axes.set_xlabel("Images trained on (above: the class that the sorted order is at)")
    ends = "; ".join(f"{name}: {curve[-1]:.1%}" for name, curve in accuracies.items())
    return figure, (
        f"Validation accuracy along one epoch, by the order of the images. At the end: {ends}. "
        "In the sorted order it hovers about one in ten, since the network predicts the class that "
        "it has just seen."
    )


@picture
def three_rates(losses: Mapping[float, Array], every: int) -> Drawn:
    """Draw the loss step by step for three learning rates: too small, right, too large.

    Parameters
    ----------
    losses : mapping of float to array
        By rate, the smallest first: the loss over all training images after 0, every, ... steps.
    every : int
        Steps between two values.
    """
    words = zip(losses, ("too small", "right", "too large"), strict=True)
    labels = [f"{ALPHA} = {rate:g}, {word}" for rate, word in words]
    styles = dict(zip(labels, (STYLES[0], STYLES[1], STYLES[3]), strict=True))
    guess = math.log(10)
    title = "Three learning rates, the same batches"
    figure, (axes,) = chart(title, styles, [f"ln 10 = {guess:.3f}"], size=(9, 4.4))
    for curve, style in zip(losses.values(), styles.values(), strict=True):
        steps = every * np.arange(len(curve))
        axes.plot(steps, np.clip(curve, None, 99), **style.line(markevery=2))
    axes.axhline(guess, **GUESS_LINE)
    axes.set(xlim=(0, None), ylim=(0, 4), xlabel="Steps", ylabel=LOSS)
    ends = zip(labels, losses.values(), strict=True)
    said = "; ".join(f"{label}: ends at {curve[-1]:.2f}" for label, curve in ends)
    return figure, f"Training loss against steps for three learning rates. {said}."


@picture
def rate_and_batch(losses: Mapping[int, Mapping[float, float]], steps: int) -> Drawn:
    """Draw the loss after a fixed number of steps against the learning rate, by batch size.

    Parameters
    ----------
    losses : mapping of int to mapping of float to float
        By batch size and rate.
    steps : int
        How many each run has done.
    """
    best = {size: min(by_rate, key=lambda rate: by_rate[rate]) for size, by_rate in losses.items()}
    labels = [f"B = {size:,}, best {ALPHA} = {rate:g}" for size, rate in best.items()]
    styles = dict(zip(labels, STYLES, strict=False))
    title = f"After {steps} steps: a larger batch bears a larger rate (ring: the best)"
    figure, (axes,) = chart(title, styles, size=(9, 4.4))
    top = HIGHEST_LOSS
    for (size, rate), style in zip(best.items(), styles.values(), strict=True):
        rates, values = np.array(sorted(losses[size].items())).T
        axes.plot(rates, np.where(values < top, values, top), **style.line())
        axes.plot(rate, losses[size][rate], "o", ms=15, mfc="none", mec=INK)
    axes.set(xscale="log", xlabel=f"Learning rate {ALPHA}")
    axes.set(ylim=(-0.15, top + 0.15), ylabel=LOSS)
    drawing.plain_logs(axes)
    marks = np.arange(0, top + 0.1, 0.5)
    axes.set_yticks(marks, [*(f"{mark:.1f}" for mark in marks[:-1]), f"{top:.0f} or more"])
    said = "; ".join(f"B = {size:,}: best rate {rate:g}" for size, rate in best.items())
    return figure, f"Training loss after {steps} steps against the learning rate. {said}."


@picture
def three_axes(runs: Mapping[str, Array]) -> Drawn:
    """Draw the same runs against steps, against images, and against seconds.

    Parameters
    ----------
    runs : mapping of str to array, shape (looks, 4)
        By name: steps, images, seconds, loss.
    """
    styles = dict(zip(runs, STYLES, strict=True))
    figure, row = chart("The same four runs on three axes", styles, size=(10, 4.2), panels=3)
    names = ("Steps", "Images gone through", "Seconds of the processor")
    losses = np.concatenate([curve[:, 3] for curve in runs.values()])
    for column, (axes, name) in enumerate(zip(row, names, strict=True)):
        for run, style in styles.items():
            axes.plot(runs[run][:, column], runs[run][:, 3], **style.line(ms=4.5, markevery=2))
        axes.set(xscale="log", yscale="log", xlabel=name)
        axes.locator_params(axis="x", numticks=5)
        axes.set_yticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4])
        axes.set_ylim(0.9 * losses.min(), 1.1 * losses.max())
        drawing.plain_logs(axes)
        axes.tick_params(labelleft=column == 0)
    row[0].set_ylabel(LOSS)
    ends = (
        f"{run}: loss {curve[-1, 3]:.2f} after {curve[-1, 0]:,.0f} steps, {curve[-1, 1]:,.0f} "
        f"images, {curve[-1, 2]:.1f} seconds"
        for run, curve in runs.items()
    )
    words = "Training loss of four batch sizes against steps, images, seconds."
    return figure, f"{words} {'; '.join(ends)}."


@picture
def descent(
    along: tuple[Array, Array], surface: Array, paths: Mapping[str, Array], step: int
) -> Drawn:
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
    now = [f"{name}: loss {path[step, 2]:.3f}" for name, path in paths.items()]
    styles = (STYLES[3], LineStyle("#0072B2", "o", SOLID))
    lowest = {f"lowest point, {surface.min():.3f}": LineStyle(VERMILLION, "P", (0, (0, 1)))}
    figure, (axes,) = chart(f"After {count_of(step, 'step')}", size=(6.8, 5))
    Legend({**dict(zip(now, styles, strict=True)), **lowest}).add_to(figure)
    axes.grid(visible=False)
    levels = np.geomspace(surface.min() * 1.01, surface.max(), 14)
    axes.contour(*along, surface, levels=levels, colors="#C3C8CF", linewidths=1)
    low = np.unravel_index(surface.argmin(), surface.shape)
    axes.plot(along[0][low[1]], along[1][low[0]], "P", color=VERMILLION, ms=11, mec="white")
    for path, style in zip(paths.values(), styles, strict=True):
        walked = path[: step + 1, :2]
        axes.plot(*walked.T, **style.line(ms=4, lw=1.3))
        axes.plot(*walked[-1], **style.line(ms=9, mec="white", zorder=5))
    axes.set(xlim=along[0][[0, -1]], xlabel="first direction")
    axes.set(ylim=along[1][[0, -1]], ylabel="second direction")
    return figure, (
        f"Contours of the loss over two directions, and two ways down after {step} steps. "
        f"{'; '.join(now)}; lowest point of the map: {surface.min():.3f}."
    )
