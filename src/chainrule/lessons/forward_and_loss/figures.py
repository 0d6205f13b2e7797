"""Lesson 1: its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.plots.charts import charts
from chainrule.plots.lines import GUESS_LINE, Legend, LineStyle
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

FRAME = (7.5, 4.2)  # inches: all frames of the flipbook have one size
GROUND = {"facecolor": "white", "linewidth": 0, "pad": 0.8}  # so that no line crosses a number


@drawn_in_our_style
def pixels(image: Array, label: int) -> Figure:
    """Draw the image that comes in, shape (height, width), dark to light."""
    figure = clean_figure(None, *FRAME)
    title = f"Input: {image.shape[0]} by {image.shape[1]} pixels, a {label}"
    _draw_board(figure, image, title, "gray", float(image.min()), float(image.max()), "Pixel")
    figure.set_label(
        f"An image of the digit {label}, {image.size} pixels, standardised: "
        f"from {image.min():.2f} to {image.max():.2f}."
    )
    return figure


@drawn_in_our_style
def activations(values: Array, layer: str, limit: float) -> Figure:
    """Draw the outputs of a layer for one image, shape (rows, columns), one square a unit.

    Parameters
    ----------
    values : array, shape (rows, columns)
    layer : str
        Its name, for the title.
    limit : float
        The colours go from -limit to limit: the same for all layers, so that they compare.
    """
    figure = clean_figure(None, *FRAME)
    zeros = float((values == 0).mean())
    title = f"{layer}: {values.size} outputs"
    _draw_board(figure, values, title, "RdBu_r", -limit, limit, "Output of the unit")
    said = f"{zeros:.0%} of them are 0" if zeros else f"{(values < 0).mean():.0%} are negative"
    figure.set_label(
        f"{title} for one image, as {values.shape[0]} by {values.shape[1]} squares, red above 0, "
        f"blue below; from {values.min():.2f} to {values.max():.2f}, {said}."
    )
    return figure


def _draw_board(
    figure: Figure, values: Array, title: str, colours: str, low: float, high: float, unit: str
) -> None:
    figure.set_layout_engine("constrained")
    axes: Any = figure.subplots()
    board = axes.imshow(values, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    bar = figure.colorbar(board, ax=axes, label=unit, fraction=0.05, pad=0.04)
    bar.outline.set_visible(False)
    quiet_ticks(bar.ax)
    add_title(figure, title)


@drawn_in_our_style
def classes(values: Array, name: str, label: int, guess: float | None = None) -> Figure:
    """Draw one number for each class, shape (classes,): logits or probabilities.

    Parameters
    ----------
    values : array, shape (classes,)
    name : str
        What the numbers are, for title and axis.
    label : int
        The true class: its bar is hatched.
    guess : float, optional
        What a uniform guess would give: a dotted line.
    """
    figure, (axes,) = charts(None, *FRAME)
    bars = axes.bar(np.arange(len(values)), values, color=BLUE, width=0.7)
    bars[label].set(hatch="///", edgecolor="white", facecolor=VERMILLION)
    axes.axhline(0, color=INK, linewidth=0.8)
    if guess is not None:
        axes.axhline(guess, label=f"uniform guess: {guess:g}", **GUESS_LINE)
        axes.set_ylim(0, 1.12)
    else:
        axes.margins(y=0.18)
    for place, value in enumerate(values):
        axes.annotate(f"{value:.2f}", (place, value), xytext=(0, 4 if value >= 0 else -13),
                      textcoords="offset points", ha="center", fontsize=9, bbox=GROUND)  # fmt: skip
    words = [f"{i}\ntrue" if i == label else str(i) for i in range(len(values))]
    axes.set_xticks(range(len(values)), words)
    axes.set_xlabel("Class")
    axes.set_ylabel(name.split(",")[0])
    axes.grid(visible=False, axis="x")
    if guess is not None:
        axes.legend(loc="upper right")
    add_title(figure, name)
    largest = int(values.argmax())
    figure.set_label(
        f"{name}, one bar for each of {len(values)} classes: the largest is {values[largest]:.2f}, "
        f"of class {largest}; the true class {label} has {values[label]:.2f}."
    )
    return figure


@drawn_in_our_style
def deviations_by_layer(deviations: Mapping[str, Array]) -> Figure:
    """Draw the standard deviation of the Dense outputs, layer by layer, a line a start.

    Parameters
    ----------
    deviations : mapping of str to array, shape (layers,)
        From too small to too large; at most four.
    """
    from matplotlib.ticker import FuncFormatter

    looks = (
        LineStyle(BLUE, "v", (0, (1.4, 1.2))),
        LineStyle("#E69F00", "s", (0, (7, 1.4, 1.4, 1.4))),
        LineStyle("#000000", "o", (0, None)),
        LineStyle(VERMILLION, "^", (0, (5, 1.6))),
    )
    styles = dict(zip(deviations, looks, strict=False))
    legend = Legend(styles)
    figure, (axes,) = charts(None, 10, 4.4 + legend.height())
    for name, line in deviations.items():
        axes.plot(np.arange(1, len(line) + 1), line, **styles[name].line())
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xticks(range(1, len(next(iter(deviations.values()))) + 1))
    axes.set_xlabel("Dense layer")
    axes.set_ylabel("Standard deviation of its outputs")
    legend.add_to(figure)
    add_title(figure, "How large the outputs are, layer by layer, before any training")
    ends = "; ".join(f"{name}: {line[0]:.3g} to {line[-1]:.3g}" for name, line in
                     deviations.items())  # fmt: skip
    count = len(next(iter(deviations.values())))
    figure.set_label(
        f"Standard deviation of the outputs of {count} Dense layers with ReLU between them, from "
        f"the first to the last. {ends}."
    )
    return figure


@drawn_in_our_style
def loss_by_spread(scales: Array, losses: Array) -> Figure:
    """Draw the loss of untrained networks whose logits are scaled down, a line a network.

    Parameters
    ----------
    scales : array, shape (n,)
        What the logits are multiplied by, from 0 to 1.
    losses : array, shape (networks, n)
    """
    mean = losses.mean(axis=0)
    one, average = LineStyle("#8A8F98", "", (0, None)), LineStyle(BLUE, "", (0, None))
    classes = np.exp(losses[0, 0])
    legend = Legend(
        {"one network": one, "mean": average}, [f"loss ln {classes:.0f} = {losses[0, 0]:.2f}"]
    )
    figure, (axes,) = charts(None, 10, 4.2 + legend.height())
    for line in losses:
        axes.plot(scales, line, **one.line(linewidth=0.8))
    axes.plot(scales, mean, **average.line(linewidth=3))
    axes.axhline(losses[0, 0], **GUESS_LINE)
    axes.set_xlabel("Logits multiplied by")
    axes.set_ylabel("Loss (nats per image)")
    legend.add_to(figure)
    add_title(figure, f"The loss of {len(losses)} untrained networks, as their logits spread")
    low, high = losses[:, -1].min(), losses[:, -1].max()
    figure.set_label(
        f"Loss of {len(losses)} untrained networks against the scale of their logits: all cost "
        f"{losses[0, 0]:.2f}, ln {classes:.0f}, where the logits are 0, and {low:.2f} to "
        f"{high:.2f} with the logits as they are, {mean[-1]:.2f} on average."
    )
    return figure


@drawn_in_our_style
def losses_by_logit(logits: Array, losses: Mapping[str, Array]) -> Figure:
    """Draw one loss computed in several ways against the size of a wrong logit.

    Parameters
    ----------
    logits : array, shape (n,)
    losses : mapping of str to array, shape (n,)
        The right one first. A way that no longer gives a number ends with a cross.
    """
    looks = (
        LineStyle("#B6BCC4", "", (0, None)),
        LineStyle(BLUE, "", (0, (1.4, 1.2))),
        LineStyle("#009E73", "", (0, (5, 1.6))),
        LineStyle(VERMILLION, "", (0, (7, 1.4, 1.4, 1.4))),
    )
    styles = dict(zip(losses, looks, strict=False))
    legend = Legend(styles)
    figure, (axes,) = charts(None, 10, 4.4 + legend.height())
    said = []
    for number, (name, line) in enumerate(losses.items()):
        style, is_number = styles[name], np.isfinite(line)
        width = 6 if number == 0 else 2.2
        axes.plot(logits[is_number], line[is_number], **style.line(linewidth=width))
        last = int(np.flatnonzero(is_number)[-1])
        if is_number.all():
            said.append(f"{name}: {line[-1]:.3g} at {logits[-1]:g}")
            continue
        axes.plot(logits[last], line[last], **style.cross())
        axes.annotate(
            f"no number beyond {logits[last]:.1f}", (logits[last], line[last]), xytext=(-14, 2),
            textcoords="offset points", color=QUIET, ha="right",
        )  # fmt: skip
        said.append(f"{name}: no number beyond {logits[last]:.1f}")
    axes.set_xlim(logits[0], logits[-1] * 1.04)
    axes.set_xlabel("Logit of the wrong class; that of the true class is 0")
    axes.set_ylabel("Loss (nats)")
    legend.add_to(figure)
    add_title(figure, f"One loss, computed in {len(losses)} ways in {_dtype_name(losses)}")
    figure.set_label(
        f"Cross-entropy of one example against the logit of the wrong class, in "
        f"{_dtype_name(losses)}. {'; '.join(said)}."
    )
    return figure


def _dtype_name(losses: Mapping[str, Array]) -> str:
    """Return the name of the type in which the losses were computed."""
    return str(next(iter(losses.values())).dtype)
