"""Predict first: a question to each card, whose answer is read off the real arrays."""

# ruff: noqa: RUF001  (the page shows × and − as a blackboard does)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.checks import Array, Integers
from chainrule.lab.pictures import written
from chainrule.layers import Dense

CHOICES = 4


def of_loss(grad_logits: Array, labels: Integers, classes: Sequence[Any]) -> dict[str, Any]:
    """Ask for the sign of the gradient of the right class's logit, in the first image."""
    label = int(labels[0])
    value, name = float(grad_logits[0, label]), classes[label]
    return _question(
        f"The first image is of class {name}. Which sign has the gradient of that class's logit?",
        ["It is above 0", "It is below 0", "It is exactly 0"],
        [value > 0, value < 0, value == 0].index(True),
        f"It is (probability − 1) / B = {written(value)}: a larger logit of the right class "
        "lowers the loss.",
    )


def of_dense(layer: Dense, batch: int, which: int) -> dict[str, Any]:
    """Ask for the shape of dW, dx or db, by turns."""
    n_in, n_out = layer.n_in, layer.n_out
    weights, back = f"{n_in} × {n_out}", f"{n_out} × {n_in}"
    rows_in, rows_out = f"{batch} × {n_in}", f"{batch} × {n_out}"
    others = [f"{n_out}", f"{n_in}", f"{n_in} × {batch}", f"{n_in + 1} × {n_out}"]
    belongs = "A gradient has the shape of what it belongs to"
    name, right, wrong, why = (
        ("dW", weights, [back, rows_out, *others], f"{belongs}: W is {weights}."),
        (
            "dx",
            rows_in,
            [rows_out, weights, back, *others],
            f"{belongs}: x is {rows_in}, a row an image.",
        ),
        (
            "db",
            f"{n_out}",
            [rows_out, weights, f"{n_in}", "1"],
            f"There is one bias for each of the {n_out} outputs, shared by all images: the batch "
            "is summed away.",
        ),
    )[which % 3]
    choices = [right, *[other for other in dict.fromkeys(wrong) if other != right][: CHOICES - 1]]
    turn = (n_in + which) % CHOICES
    return _question(
        f"x is {rows_in} and dy is {rows_out}. Which shape has {name}?",
        choices[-turn:] + choices[:-turn] if turn else choices,
        turn,
        why,
    )


def of_elementwise(
    kind: str, kept: Mapping[str, Array], grad_y: Array, grad_x: Array
) -> dict[str, Any]:
    """Ask what becomes of a large gradient in the first image; of a ReLU, where it was silent.

    Parameters
    ----------
    kind : str
        Of the layer.
    kept : mapping of str to array, shape (batch, n)
        What its forward kept: input x or output y.
    grad_y, grad_x : arrays, shape (batch, n)
        The gradients of output and input.
    """
    j = _telling(grad_y[0], grad_x[0])
    came, went = float(grad_y[0, j]), float(grad_x[0, j])
    known = "".join(f"{name} = {written(array[0, j])}, " for name, array in kept.items())
    unchanged, turned = f"{written(came)}, unchanged", f"{written(-came)}, turned around"
    answers = {"0": 0.0, unchanged: came, turned: -came}
    if went not in answers.values():
        answers[f"{written(went)}, scaled by the slope"] = went
    return _question(
        f"In the first image, unit {j} of this {kind} has {known}dy = {written(came)}. What is its "
        "dx?",
        list(answers),
        list(answers.values()).index(went),
        _why(kind, went),
    )


def _telling(grad_y: Array, grad_x: Array) -> int:
    """Return the unit with the largest gradient that is stopped, or, where none is, of all."""
    stopped = np.abs(grad_y) * (grad_x == 0)
    return int((stopped if stopped.any() else np.abs(grad_y)).argmax())


def _why(kind: str, went: float) -> str:
    if kind != "ReLU":
        return "The gradient is multiplied by the slope of the layer where the unit stands."
    if went:
        return "x is above 0, so the output moves with it, one to one."
    return "x is not above 0: the output stays at 0 when x moves a little, and so does the loss."


def _question(question: str, choices: list[str], right: int, why: str) -> dict[str, Any]:
    return {"question": question, "choices": choices, "right": right, "why": why}
