"""Lesson 1: the cases and hints of its parts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.lessons.forward_and_loss import mistakes
from chainrule.lessons.lesson import Case, Part, Rng, small, wide, wrong_answers

# ---- dense_forward ----


def _dense_cases(rng: np.random.Generator) -> list[Case]:
    def case(batch: int, n_in: int, n_out: int, dtype: Any = np.float64) -> Case:
        return {
            "x": rng.standard_normal((batch, n_in)).astype(dtype),
            "weights": rng.standard_normal((n_in, n_out)).astype(dtype),
            "biases": rng.standard_normal(n_out).astype(dtype),
        }

    cases = [case(2, 3, 2), case(1, 4, 3), case(3, 3, 3), case(4, 2, 3, np.float32)]
    shapes = {"x": (12, 5), "weights": (5, 11), "biases": (11,)}
    of_all_sizes = [
        {name: draw(rng, *shape) for name, shape in shapes.items()} for draw in (wide, small)
    ]
    return [*cases, *of_all_sizes]


DENSE_FORWARD = Part(
    name="dense_forward",
    cases=_dense_cases,
    outputs=("y",),
    hints=(
        "Which of the two shapes (batch, n_in) and (n_in, n_out) must come first, so that their "
        "inner sizes meet?",
        "Multiply the matrices with @; NumPy adds (n_out,) to each row of (batch, n_out).",
        "return x @ weights + biases",
    ),
    wrong_answers=wrong_answers(mistakes.DenseForward),
    keeps_dtype=True,
)

# ---- relu_forward ----


def _relu_cases(rng: np.random.Generator) -> list[Case]:
    arrays = (
        np.array([[1.5, -2.0, 0.0], [-0.5, 8.0, 0.01]]),
        rng.standard_normal((1, 5)),
        2 * rng.standard_normal(4),
        rng.standard_normal((3, 2, 2)),
        rng.standard_normal((3, 4)).astype(np.float32),
        wide(rng, 12, 11),
    )
    return [{"x": array} for array in arrays]


RELU_FORWARD = Part(
    name="relu_forward",
    cases=_relu_cases,
    outputs=("y",),
    hints=(
        "What becomes of a negative entry, and what of a positive one?",
        "np.maximum compares two things entry by entry; np.where chooses entry by entry.",
        "return np.maximum(x, 0)",
    ),
    wrong_answers=wrong_answers(mistakes.ReluForward),
    keeps_dtype=True,
)

# ---- he_normal ----


def _he_cases(rng: np.random.Generator) -> list[Case]:
    shapes = ((3, 2), (8, 3), (1, 4), (50, 40))
    return [{"rng": Rng(seed), "n_in": a, "n_out": b} for seed, (a, b) in enumerate(shapes, 1)]


HE_NORMAL = Part(
    name="he_normal",
    cases=_he_cases,
    outputs=("weights",),
    hints=(
        "standard_normal has variance 1. By what must you multiply it, so that the variance is "
        "2 / n_in?",
        "Multiplying by c multiplies the variance by c²: c is the standard deviation, the root of "
        "the variance.",
        "return rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)",
    ),
    wrong_answers=wrong_answers(mistakes.HeNormal),
)

# ---- network_forward ----


def _network_cases(rng: np.random.Generator) -> list[Case]:
    def case(batch: int, *sizes: int) -> Case:
        return {
            "x": rng.standard_normal((batch, sizes[0])),
            "weights": [rng.standard_normal(shape) for shape in pairwise(sizes)],
            "biases": [rng.standard_normal(n_out) for n_out in sizes[1:]],
        }

    usual = [case(2, 3, 4, 2), case(3, 2, 2), case(1, 4, 5, 3, 2), case(4, 3, 3, 3, 3)]
    deep = case(12, 11, 8, 7, 8, 7, 8, 2)
    deep["x"] *= 10_000
    deep["weights"][0] /= 1_000
    faint = case(2, 3, 2)
    faint["x"], faint["biases"] = small(rng, 2, 3), [small(rng, 2)]
    return [*usual, deep, faint]


def _as_one_output(forward: Callable[..., Any], case: Case) -> tuple[Any, ...]:
    """Call the network's forward: a tuple of arrays is as good as a list of them."""
    return (forward(**case),)


NETWORK_FORWARD = Part(
    name="network_forward",
    cases=_network_cases,
    outputs=("outputs",),
    run=_as_one_output,
    hints=(
        "How many outputs are there for two Dense layers, and between which of them does a ReLU "
        "stand?",
        "Start the list with the first Dense; each further layer adds the ReLU of the last entry, "
        "and then the Dense of that.",
        "outputs.append(relu_forward(outputs[-1])); "
        "outputs.append(dense_forward(outputs[-1], weights[i], biases[i]))",
    ),
    wrong_answers=wrong_answers(mistakes.NetworkForward),
)

# ---- softmax ----


def _softmax_cases(rng: np.random.Generator) -> list[Case]:
    arrays = (
        rng.standard_normal((2, 3)),
        2 * rng.standard_normal((1, 4)),
        rng.standard_normal((3, 3)),
        np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1002.0, -1001.0]]),
        np.array([[0.0, -2000.0], [3000.0, 3001.0], [-5.0, 5.0]]),
        np.array([[90.0, 89.0, -90.0, 0.0]], dtype=np.float32),
        4 * rng.standard_normal((12, 11)),
        rng.normal(0, 5e-4, (2, 3)),
    )
    return [{"logits": array} for array in arrays]


SOFTMAX = Part(
    name="softmax",
    cases=_softmax_cases,
    outputs=("probabilities",),
    hints=(
        "Does a row of probabilities change if you subtract the same number from all of its "
        "logits? Which number makes the largest exponent 0?",
        "Subtract logits.max(axis=1, keepdims=True), take exp, divide by the sum of the row; "
        "keepdims keeps (batch, 1).",
        "exponentials = np.exp(logits - logits.max(axis=1, keepdims=True)); "
        "return exponentials / exponentials.sum(axis=1, keepdims=True)",
    ),
    wrong_answers=wrong_answers(mistakes.Softmax),
)

# ---- crossentropy ----


def _crossentropy_cases(rng: np.random.Generator) -> list[Case]:
    pairs = (
        (rng.standard_normal((2, 3)), [2, 0]),
        (2 * rng.standard_normal((1, 4)), [1]),
        (np.zeros((3, 10)), [0, 3, 9]),
        (rng.standard_normal((3, 3)), [1, 1, 2]),
        (np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1002.0, -1001.0]]), [0, 2]),
        (np.array([[-200.0, 0.0, 2.0], [0.0, 40.0, 1.0]]), [0, 0]),
        (np.array([[0.0, 2000.0], [3000.0, 0.0], [5.0, -5.0]]), [0, 1, 0]),
        (np.array([[120.0, 0.0, -120.0]], dtype=np.float32), [2]),
        (4 * rng.standard_normal((12, 11)), rng.integers(0, 11, 12)),
        (rng.normal(0, 5e-4, (2, 3)), [1, 2]),
        (np.array([[7.5, 0.0, -1.0]]), [0]),  # a loss below 0.001
    )
    return [{"logits": logits, "labels": np.array(labels)} for logits, labels in pairs]


CROSSENTROPY = Part(
    name="crossentropy",
    cases=_crossentropy_cases,
    outputs=("loss",),
    hints=(
        "For one row: which part of log(sum of exp(row)) - row[label] can overflow, and what may "
        "you subtract from all logits of the row?",
        "With shifted = logits - the row's maximum, the loss of a row is "
        "log(sum of exp(shifted)) - shifted[label]; shifted[np.arange(batch), labels] picks one "
        "entry from each row.",
        "losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]; "
        "return losses.mean()",
    ),
    wrong_answers=wrong_answers(mistakes.Crossentropy),
)

PARTS = (DENSE_FORWARD, RELU_FORWARD, HE_NORMAL, NETWORK_FORWARD, SOFTMAX, CROSSENTROPY)
