"""Run the seven programmes of examples/steps; draw a picture of each, and keep what it prints.

Run: CHAINRULE_DATA=FOLDER python docs/images/draw_steps.py

It writes docs/images/steps/*.png and examples/steps/printed/*.txt. The book shows both, and the
tests compare the texts with what the programmes print.
"""

from __future__ import annotations

import io
import os
import re
import runpy
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.plots.lines import OPTIMIZER_STYLES
from chainrule.plots.paper import BLUE, FAINT, INK, QUIET, STYLE, VERMILLION

ROOT = Path(__file__).parents[2]
STEPS = ROOT / "examples" / "steps"
PICTURES = ROOT / "docs" / "images" / "steps"
Variables = dict[str, Any]


def two_panels(**other: Any) -> tuple[Figure, Any]:
    """Return a figure of two panels."""
    return plt.subplots(1, 2, figsize=(8.2, 3), layout="constrained", **other)


def neuron(step: Variables) -> Figure:
    """Draw the loss over w, its slope at the start, and the five steps in the plane of w and b."""
    figure, (left, right) = two_panels()
    w, b, rate = 0.8, 0.1, step["RATE"]

    def loss_at(w: float, b: float) -> float:
        return float(step["squared_error"](step["forward"](w, b, step["x"]))[0])

    line = np.linspace(-0.4, 1.1, 200)
    left.plot(line, [loss_at(one, b) for one in line], color=INK)
    near = np.array([0.56, 1.0])
    left.plot(near, loss_at(w, b) + 2.4 * (near - w), color=VERMILLION)
    left.plot(w, loss_at(w, b), "o", color=VERMILLION)
    left.annotate("slope 2.4", (w, loss_at(w, b)), (0.42, 0.72), color=VERMILLION)
    left.set(xlabel="w, with b = 0.1", ylabel="loss", ylim=(-0.05, 1.3))

    losses = []
    for _ in range(6):
        losses.append(loss_at(w, b))
        a = step["forward"](w, b, step["x"])
        dw, db = step["backward"](step["x"], a, step["squared_error"](a)[1])
        w, b = w - rate * dw, b - rate * db
    right.plot(range(6), losses, "o-", color=BLUE)
    right.set(xlabel="steps done", ylabel="loss", yscale="log")
    return figure


def answers(axes: Axes, step: Variables, answered: Any, title: str) -> None:
    """Draw the targets of the first number, and what was answered."""
    x = step["X"][:, 0]
    axes.plot(*np.array(sorted(zip(x, abs(x), strict=True))).T, color=FAINT, linewidth=5)
    axes.plot(x, step["target"][:, 0], "o", color=QUIET, label="should come out")
    axes.plot(x, answered[:, 0], "D", color=VERMILLION, label="comes out")
    axes.set(xlabel="the first number of an example", title=title)


def layer(step: Variables) -> Figure:
    """Draw what one layer answers before and after it has learned."""
    figure, (left, right) = two_panels(sharey=True)
    first = np.random.default_rng(1)
    X, W = first.standard_normal((20, 3)), first.standard_normal((3, 2))
    answers(left, step, step["forward"](W, np.zeros(2), X), "before the first step")
    answers(right, step, step["forward"](step["W"], step["b"], X), "after 100 steps")
    left.legend()
    return figure


def backpropagation(step: Variables) -> Figure:
    """Draw what three layers answer before and after they have learned."""
    figure, (left, right) = two_panels(sharey=True)
    rng = np.random.default_rng(1)
    rng.standard_normal((20, 3))
    before = step["forward"](*step["draw"](rng), step["X"])[-1]
    answers(left, step, before, "before the first step")
    after = step["forward"](step["weights"], step["biases"], step["X"])[-1]
    answers(right, step, after, "after 1,000 steps")
    left.legend()
    return figure


def digits(step: Variables) -> Figure:
    """Draw an image, and the probabilities before and after 30 steps."""
    figure, (image, left, right) = plt.subplots(
        1, 3, figsize=(8.2, 2.9), layout="constrained", width_ratios=(2, 3, 3)
    )
    before = step["draw"](np.random.default_rng(0))
    image.imshow(step["X"][0].reshape(28, 28), cmap="gray")
    image.set(xticks=[], yticks=[], title=f"a {step['y'][0]}")
    named = ((left, before, "before"), (right, (step["weights"], step["biases"]), "after 30 steps"))
    for axes, parameters, title in named:
        logits = step["forward"](*parameters, step["X"][:1])[-1][0]
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        colours = [VERMILLION if k == step["y"][0] else QUIET for k in range(10)]
        axes.bar(range(10), shares, color=colours)
        axes.set(title=title, xticks=range(10), ylim=(0, 1.05), xlabel="class")
    left.set_ylabel("probability")
    return figure


def quietly(call: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call returns, without what it prints."""
    with redirect_stdout(io.StringIO()):
        return call(*arguments)


def smooth(values: Any, width: int = 30) -> Any:
    """Return the mean of so many neighbours."""
    return np.convolve(values, np.full(width, 1 / width), "valid")


def sgd(step: Variables) -> Figure:
    """Draw the loss of each batch over the images seen so far."""
    figure, axes = plt.subplots(figsize=(8.2, 3), layout="constrained")
    images = len(step["X"])
    small = quietly(step["train"], 64)
    large = quietly(step["train"], images)
    axes.plot(np.arange(len(small)) * 64, small, color=FAINT)
    axes.plot((np.arange(len(small) - 29) + 15) * 64, smooth(small), color=BLUE)
    axes.plot(np.arange(len(large)) * images, large, "X--", color=VERMILLION, markersize=9)
    axes.annotate("one batch of all: 2 steps", (images, large[1]), (21_200, 2.45), color=VERMILLION)
    axes.annotate("batches of 64: 626 steps", (15_000, 0.3), (12_000, 0.75), color=BLUE)
    axes.set(xlabel="images seen", ylabel="loss of the batch", ylim=(0, 3.6))
    return figure


def adam(step: Variables) -> Figure:
    """Draw the loss of the four rules, and how long their first steps are in the first layer."""
    figure, (left, right) = two_panels()
    weights, biases = step["draw"](np.random.default_rng(0))
    batch = np.random.default_rng([0, 0]).permutation(len(step["X"]))[: step["BATCH"]]
    a = step["forward"](weights, biases, step["X"][batch])
    _, dz = step["softmax_crossentropy"](a[-1], step["y"][batch])
    g = step["backward"](weights, a, dz)[0][0]
    for rule, rate in step["RULES"].items():
        losses = quietly(step["train"], rule, rate)
        style = OPTIMIZER_STYLES[rule.__name__]
        left.plot(smooth(losses), **style.line(label=rule.__name__, markevery=40))
        if rule.__name__ != "momentum":  # whose first step is that of sgd
            lengths = np.abs(rule(g, np.zeros_like(g), np.zeros_like(g), 1, rate)).ravel() / rate
            bins = np.logspace(-5, 1.5, 66)
            right.hist(lengths, bins, histtype="step", color=style.colour, linestyle=style.dash)
            height = np.histogram(lengths, bins)[0].max()
            side = {"adam": "right", "rmsprop": "left"}.get(rule.__name__, "center")
            place = np.median(lengths), 1.03 * height + 2_000
            right.annotate(rule.__name__, place, color=style.colour, ha=side)
    left.set(xlabel="step", ylabel="loss, mean of 30 batches", ylim=(0, 1.7))
    left.legend()
    right.set(xlabel="first step of each weight / rate", ylabel="weights", xscale="log")
    right.set_ylim(0, 230_000)
    return figure


DRAWN: dict[str, Callable[[Variables], Figure] | None] = {
    "1_neuron": neuron,
    "2_layer": layer,
    "3_backpropagation": backpropagation,
    "4_digits": digits,
    "5_sgd": sgd,
    "6_adam": adam,
    "7_comparison": None,  # which draws its own
}


def main() -> None:
    """Run each programme in a folder of its own, and write what came out."""
    PICTURES.mkdir(exist_ok=True)
    (STEPS / "printed").mkdir(exist_ok=True)
    for name, draw in DRAWN.items():
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            with redirect_stdout(said):
                variables = runpy.run_path(str(STEPS / f"{name}.py"), run_name="__main__")
            os.chdir(ROOT)
            printed = re.sub(r"^(MNIST from ).*", r"\1...", said.getvalue())
            (STEPS / "printed" / f"{name}.txt").write_text(printed, encoding="utf-8")
            picture = PICTURES / f"{name}.png"
            if draw is None:
                picture.write_bytes((Path(folder) / "comparison.png").read_bytes())
                continue
            with plt.rc_context({**STYLE, "font.size": 10, "text.parse_math": True}):
                draw(variables).savefig(picture, dpi=130)
        print(picture.relative_to(ROOT), picture.stat().st_size)


if __name__ == "__main__":
    main()
