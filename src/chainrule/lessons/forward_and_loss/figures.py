"""Lesson 1: its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.lessons import drawing
from chainrule.lessons.drawing import CHAINED, DASHED, DOTTED, SOLID, Drawn, chart, looks, picture
from chainrule.plots.lines import GUESS_LINE
from chainrule.plots.paper import BLUE, INK, QUIET, VERMILLION, Array

FRAME = (7.5, 4.2)  # inches: all frames of the flipbook have one size
GROUND = {"facecolor": "white", "linewidth": 0, "pad": 0.8}  # so that no line crosses a number
BAR: dict[str, Any] = {"fraction": 0.05, "pad": 0.04}


@picture
def pixels(image: Array, label: int) -> Drawn:
    """Draw the image that comes in, shape (height, width), dark to light."""
    low, high = float(image.min()), float(image.max())
    title = f"Input: {image.shape[0]} by {image.shape[1]} pixels, a {label}"
    figure, (axes,) = chart(title, size=FRAME)
    axes.set(xticks=[], yticks=[])
    drawing.squares(axes, image, low, high, "gray", ax=axes, label="Pixel", **BAR)
    return figure, (
        f"An image of the digit {label}, {image.size} pixels, standardised: "
        f"from {low:.2f} to {high:.2f}."
    )


@picture
def activations(values: Array, layer: str, limit: float) -> Drawn:
    """Draw the outputs of a layer for one image, shape (rows, columns), one square a unit.

    Parameters
    ----------
    values : array, shape (rows, columns)
    layer : str
        Its name, for the title.
    limit : float
        The colours go from -limit to limit: the same for all layers, so that they compare.
    """
    zeros = float((values == 0).mean())
    title = f"{layer}: {values.size} outputs"
    figure, (axes,) = chart(title, size=FRAME)
    axes.set(xticks=[], yticks=[])
    drawing.squares(axes, values, -limit, limit, ax=axes, label="Output of the unit", **BAR)
    said = f"{zeros:.0%} of them are 0" if zeros else f"{(values < 0).mean():.0%} are negative"
    return figure, (
        f"{title} for one image, as {values.shape[0]} by {values.shape[1]} squares, green above 0, "
        f"purple below; from {values.min():.2f} to {values.max():.2f}, {said}."
    )


@picture
def classes(values: Array, name: str, label: int, guess: float | None = None) -> Drawn:
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
    figure, (axes,) = chart(name, size=FRAME)
    bars = axes.bar(np.arange(len(values)), values, color=BLUE, width=0.7)
    bars[label].set(hatch="///", edgecolor="white", facecolor=VERMILLION)
    axes.axhline(0, color=INK, linewidth=0.8)
    number = {"ha": "center", "fontsize": 9, "bbox": GROUND}
    for place, value in enumerate(values):
        offset = (0, 4 if value >= 0 else -13)
        drawing.note(axes, f"{value:.2f}", (place, value), offset, **number)
    words = [f"{i}\ntrue" if i == label else str(i) for i in range(len(values))]
    axes.set_xticks(range(len(values)), words)
    axes.set(xlabel="Class", ylabel=name.split(",")[0])
    axes.grid(visible=False, axis="x")
    if guess is None:
        axes.margins(y=0.18)
    else:
        axes.axhline(guess, label=f"uniform guess: {guess:g}", **GUESS_LINE)
        axes.set_ylim(0, 1.12)
        axes.legend(loc="upper right")
    largest = int(values.argmax())
    return figure, (
        f"{name}, one bar for each of {len(values)} classes: the largest is {values[largest]:.2f}, "
        f"of class {largest}; the true class {label} has {values[label]:.2f}."
    )


@picture
def deviations_by_layer(deviations: Mapping[str, Array]) -> Drawn:
    """Draw the standard deviation of the Dense outputs, layer by layer, a line a start.

    Parameters
    ----------
    deviations : mapping of str to array, shape (layers,)
        From too small to too large; at most four.
    """
    colours = (BLUE, "#E69F00", "#000000", VERMILLION)
    styles = looks(deviations, colours, "vso^", (DOTTED, CHAINED, SOLID, DASHED))
    title = "How large the outputs are, layer by layer, before any training"
    figure, (axes,) = chart(title, styles, size=(10, 4.4))
    count = len(next(iter(deviations.values())))
    for name, line in deviations.items():
        axes.plot(range(1, count + 1), line, **styles[name].line())
    axes.set(xlabel="Dense layer", ylabel="Standard deviation of its outputs", yscale="log")
    axes.set_xticks(range(1, count + 1))
    axes.yaxis.set_major_formatter("{x:g}")
    ends = (f"{name}: {line[0]:.3g} to {line[-1]:.3g}" for name, line in deviations.items())
    return figure, (
        f"Standard deviation of the outputs of {count} Dense layers with ReLU between them, from "
        f"the first to the last. {'; '.join(ends)}."
    )


@picture
def loss_by_spread(scales: Array, losses: Array) -> Drawn:
    """Draw the loss of untrained networks whose logits are scaled down, a line a network.

    Parameters
    ----------
    scales : array, shape (n,)
        What the logits are multiplied by, from 0 to 1.
    losses : array, shape (networks, n)
    """
    mean, guess = losses.mean(axis=0), losses[0, 0]
    name = f"ln {np.exp(guess):.0f}"
    styles = looks(("one network", "mean"), ("#8A8F98", BLUE), ("", ""), (SOLID, SOLID))
    title = f"The loss of {len(losses)} untrained networks, as their logits spread"
    figure, (axes,) = chart(title, styles, [f"loss {name} = {guess:.2f}"], size=(10, 4.2))
    axes.plot(scales, losses.T, **styles["one network"].line(linewidth=0.8))
    axes.plot(scales, mean, **styles["mean"].line(linewidth=3))
    axes.axhline(guess, **GUESS_LINE)
    axes.set(xlabel="Logits multiplied by", ylabel="Loss (nats per image)")
    return figure, (
        f"Loss of {len(losses)} untrained networks against the scale of their logits: all cost "
        f"{guess:.2f}, {name}, where the logits are 0, and {losses[:, -1].min():.2f} to "
        f"{losses[:, -1].max():.2f} with the logits as they are, {mean[-1]:.2f} on average."
    )


@picture
def losses_by_logit(logits: Array, losses: Mapping[str, Array]) -> Drawn:
    """Draw one loss computed in several ways against the size of a wrong logit.

    Parameters
    ----------
    logits : array, shape (n,)
    losses : mapping of str to array, shape (n,)
        The right one first. A way that no longer gives a number ends with a cross.
    """
    colours = ("#B6BCC4", BLUE, "#009E73", VERMILLION)
    styles = looks(losses, colours, [""] * 4, (SOLID, DOTTED, DASHED, CHAINED))
    dtype = next(iter(losses.values())).dtype
    title = f"One loss, computed in {len(losses)} ways in {dtype}"
    figure, (axes,) = chart(title, styles, size=(10, 4.4))
    said = []
    for number, (name, line) in enumerate(losses.items()):
        style, is_number = styles[name], np.isfinite(line)
        width = 6 if number == 0 else 2.2
        axes.plot(logits[is_number], line[is_number], **style.line(linewidth=width))
        if is_number.all():
            said.append(f"{name}: {line[-1]:.3g} at {logits[-1]:g}")
            continue
        last = int(np.flatnonzero(is_number)[-1])
        words = f"no number beyond {logits[last]:.1f}"
        axes.plot(logits[last], line[last], **style.cross())
        drawing.note(axes, words, (logits[last], line[last]), (-14, 2), color=QUIET, ha="right")
        said.append(f"{name}: {words}")
    axes.set(xlim=(logits[0], logits[-1] * 1.04), ylabel="Loss (nats)")
    axes.set_xlabel("Logit of the wrong class; that of the true class is 0")
    return figure, (
        f"Cross-entropy of one example against the logit of the wrong class, in {dtype}. "
        f"{'; '.join(said)}."
    )
