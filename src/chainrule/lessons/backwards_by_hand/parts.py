"""Lesson 2: the cases and hints of its parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.lessons.backwards_by_hand import mistakes
from chainrule.lessons.lesson import Case, Part, WrongAnswer, small, wide, wrong_answers

wrong: Any = mistakes  # plain Python without annotations

# ---- numerical_gradient ----


def sum_of_cubes(x: Any) -> Any:
    """Its central difference is 3 x² + h²: the step shows in it."""
    return (x**3).sum()


def rising_and_falling(x: Any) -> Any:
    """Its slope 3 x² - 2 has either sign."""
    return (x**3 - 2 * x).sum()


def exp_of_sum(x: Any) -> Any:
    """Each entry has influence on the derivatives of all others."""
    return np.exp(x.sum())


def _numerical_cases(rng: np.random.Generator) -> list[Case]:
    simple = np.array([1.0, -2.0, 0.5])
    return [
        {"function": sum_of_cubes, "x": simple, "step": 0.1},
        {"function": rising_and_falling, "x": simple, "step": 0.1},
        {"function": exp_of_sum, "x": rng.normal(0, 0.4, (2, 3)), "step": 0.01},
        {"function": sum_of_cubes, "x": np.array([1, 2, -3]), "step": 0.1},
        {"function": exp_of_sum, "x": rng.normal(0, 0.4, (2, 1, 2)), "step": 0.25},
        {"function": sum_of_cubes, "x": np.array([-300.0, 40.0, 0.5, 7.0]), "step": 0.1},
        {"function": exp_of_sum, "x": rng.normal(0, 5e-4, 12), "step": 0.01},
        {"function": sum_of_cubes, "x": np.array([0.01, -0.012, 0.004]), "step": 0.01},
    ]


NUMERICAL_GRADIENT = Part(
    name="numerical_gradient",
    cases=_numerical_cases,
    outputs=("gradient",),
    hints=(
        "What is the slope of a curve, if all you can do is to ask for its height at two points?",
        "For each index of np.ndindex(x.shape): move that entry of a float copy up by step, then "
        "down by step, ask the function both times, and put the entry back.",
        "gradient[index] = (above - below) / (2 * step)",
    ),
    wrong_answers=wrong_answers(mistakes.NumericalGradient),
)

# ---- dense_backward ----


def _dense_cases(rng: np.random.Generator) -> list[Case]:
    def case(draw: Callable[..., Any], batch: int, n_in: int, n_out: int) -> Case:
        return {
            "x": draw(batch, n_in),
            "weights": draw(n_in, n_out),
            "grad_y": draw(batch, n_out),
        }

    usual = [
        case(lambda *shape: rng.standard_normal(shape), *sizes)
        for sizes in ((4, 3, 2), (1, 4, 3), (3, 3, 3))
    ]
    return [*usual, *(case(partial(draw, rng), 12, 5, 11) for draw in (wide, small))]


DENSE_BACKWARD = Part(
    name="dense_backward",
    cases=_dense_cases,
    outputs=("grad_x", "grad_weights", "grad_biases"),
    hints=(
        "Each gradient has the shape of what it belongs to. Which two of x, weights and grad_y, "
        "one of them transposed, multiply to that shape?",
        "dx = dy Wᵀ, dW = xᵀ dy. The biases are added to each row, so their gradient is the sum "
        "of the rows of dy.",
        "return grad_y @ weights.T, x.T @ grad_y, grad_y.sum(axis=0)",
    ),
    wrong_answers=wrong_answers(mistakes.DenseBackward),
)

# ---- relu_backward ----


def _relu_cases(rng: np.random.Generator) -> list[Case]:
    x = np.array([[1.5, -2.0, 0.0], [-0.5, 8.0, 0.01]])
    grad_y = np.array([[0.5, 1.0, 2.0], [1.5, -1.0, 0.75]])
    cases: list[Case] = [{"x": x, "grad_y": grad_y}]
    for shape, dtype in (((1, 5), np.float64), ((4, 3), np.float32), ((6,), np.float64)):
        drawn = [rng.standard_normal(shape).astype(dtype) for _ in range(2)]
        cases.append(dict(zip(("x", "grad_y"), drawn, strict=True)))
    return [*cases, {"x": wide(rng, 12, 11), "grad_y": wide(rng, 12, 11)}]


RELU_BACKWARD = Part(
    name="relu_backward",
    cases=_relu_cases,
    outputs=("grad_x",),
    hints=(
        "If a unit was switched off, how much does its output change when its input moves a bit?",
        "The derivative is 1 where x > 0, and 0 elsewhere. Multiply grad_y by it, entry by entry.",
        "return grad_y * (x > 0)",
    ),
    wrong_answers=wrong_answers(mistakes.ReluBackward),
    keeps_dtype=True,
)

# ---- crossentropy_backward ----


def _crossentropy_cases(rng: np.random.Generator) -> list[Case]:
    def case(batch: int, classes: int) -> Case:
        return {
            "logits": rng.standard_normal((batch, classes)),
            "labels": rng.integers(0, classes, batch),
        }

    first = {"logits": rng.standard_normal((2, 3)), "labels": np.array([2, 0])}
    large = {"logits": np.array([[1000.0, -1000.0], [2000.0, 1999.0]]), "labels": np.array([1, 0])}
    usual = [first, case(1, 4), case(3, 3), case(5, 4)]
    spread, faint = case(12, 11), case(2, 3)
    spread["logits"] *= 4
    faint["logits"] *= 5e-4
    return [*usual, spread, faint, large]


CROSSENTROPY_BACKWARD = Part(
    name="crossentropy_backward",
    cases=_crossentropy_cases,
    outputs=("grad_logits",),
    hints=(
        "By how much does log Σ exp(z) grow with one z? And by how much does the label's own z "
        "lower the loss?",
        "softmax(logits), minus 1 at the entry of each row's label, all divided by the number of "
        "rows. The entries are [np.arange(len(labels)), labels].",
        "(softmax(logits) - np.eye(logits.shape[1])[labels]) / len(labels)",
    ),
    wrong_answers=wrong_answers(mistakes.CrossentropyBackward),
)

# ---- network_backward ----


def _network_cases(rng: np.random.Generator) -> list[Case]:
    def case(batch: int, *sizes: int) -> Case:
        pairs = list(pairwise(sizes))
        return {
            "x": rng.standard_normal((batch, sizes[0])),
            "weights": [rng.standard_normal(pair) for pair in pairs],
            "biases": [rng.normal(1, 0.5, n_out) for _, n_out in pairs],  # no layer is dead
            "labels": rng.integers(0, sizes[-1], batch),
        }

    usual = [
        case(2, 4, 3),
        case(4, 3, 4, 2),
        case(1, 2, 5, 3),
        case(5, 4, 3, 5, 2),
        case(3, 3, 3, 3, 3, 3),
    ]
    deep = case(12, 11, 8, 7, 8, 7, 8, 2)
    deep["weights"] = [weights / 2 for weights in deep["weights"]]
    deep["x"] *= 10_000
    deep["weights"][0] /= 10_000
    return [*usual, deep]


def _in_the_network(part: Part, argument: str, names: str) -> list[WrongAnswer]:
    """Return what mistakes of another part do to the network: they are named here as well."""
    hint = f"The mistake of your {part.name} shows here too: mend that part first."
    answers = {one.name: one.answer for one in part.wrong_answers}
    return [
        WrongAnswer(f"{name}-in-{part.name}", wrong.network(**{argument: answers[name]}), hint)
        for name in names.split()
    ]


NETWORK_BACKWARD = Part(
    name="network_backward",
    cases=_network_cases,
    outputs=("grad_weights", "grad_biases"),
    hints=(
        "In which order does the gradient meet the layers, and which array came into each of them?",
        "inputs = [x, *network_forward(x, weights, biases)]. Dense i was given inputs[2 * i]; the "
        "ReLU behind it, if there is one, inputs[2 * i + 1]. Start with crossentropy_backward of "
        "inputs[-1].",
        "For i from last to first: unless i is the last, grad = relu_backward(inputs[2 * i + 1], "
        "grad); then grad, grad_weights[i], grad_biases[i] = dense_backward(inputs[2 * i], "
        "weights[i], grad).",
    ),
    wrong_answers=(
        *wrong_answers(mistakes.NetworkBackward),
        *_in_the_network(
            DENSE_BACKWARD,
            "dense",
            "weights-averaged all-averaged biases-averaged transposed-gradient x-not-transposed "
            "no-transpose bias-wrong-axis biases-not-summed",
        ),
        *_in_the_network(RELU_BACKWARD, "relu", "mask-alone times-output mask-inverted"),
        *_in_the_network(
            CROSSENTROPY_BACKWARD,
            "loss",
            "no-one-hot averaged-over-classes whole-columns label-subtracted logits-not-softmax "
            "derivative-twice softmax-wrong-axis softmax-twice",
        ),
    ),
)

PARTS = (
    NUMERICAL_GRADIENT,
    DENSE_BACKWARD,
    RELU_BACKWARD,
    CROSSENTROPY_BACKWARD,
    NETWORK_BACKWARD,
)
