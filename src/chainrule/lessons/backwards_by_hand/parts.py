"""Lesson 2: the cases, hints and wrong answers of its parts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.lessons.backwards_by_hand import mistakes, solution
from chainrule.lessons.lesson import Case, Part, WrongAnswer, wrong_answers
from chainrule.proof.faults import FAULTS

right: Any = solution  # plain Python without annotations
wrong: Any = mistakes

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
    ]


def _differences(quotient: Callable[..., Any]) -> Callable[..., Any]:
    """Return a numerical_gradient that ends in ``quotient(f(x), f(x + h), f(x - h), h)``."""

    def answer(function: Any, x: Any, step: float) -> Any:
        point = np.array(x, dtype=float)
        gradient, here = np.zeros(point.shape), function(point)
        for index in np.ndindex(point.shape):
            kept = point[index]
            point[index] = kept + step
            above = function(point)
            point[index] = kept - step
            below = function(point)
            point[index] = kept
            gradient[index] = quotient(here, above, below, step)
        return gradient

    return answer


_central = _differences(lambda here, above, below, h: (above - below) / (2 * h))


def _not_restored(function: Any, x: Any, step: float) -> Any:
    point = np.array(x, dtype=float)
    gradient = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        point[index] += step
        above = function(point)
        point[index] -= 2 * step
        gradient[index] = (above - function(point)) / (2 * step)
    return gradient


def _not_restored_in_place(function: Any, x: Any, step: float) -> Any:
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = function(x)
        x[index] = kept - step
        gradient[index] = (above - function(x)) / (2 * step)
    return gradient


def _restored_by_adding(function: Any, x: Any, step: float) -> Any:
    point = x if x.dtype.kind == "f" else x.astype(float)
    gradient = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        point[index] += step
        above = function(point)
        point[index] -= 2 * step
        gradient[index] = (above - function(point)) / (2 * step)
        point[index] += step
    return gradient


def _whole_numbers(gradient_of: Callable[[Any], Any]) -> Callable[..., Any]:
    def answer(function: Any, x: Any, step: float) -> Any:
        point, gradient = x.copy(), gradient_of(x)
        for index in np.ndindex(point.shape):
            kept = point[index]
            point[index] = kept + step
            above = function(point)
            point[index] = kept - step
            gradient[index] = (above - function(point)) / (2 * step)
            point[index] = kept
        return gradient

    return answer


def _whole_number_gradient(function: Any, x: Any, step: float) -> Any:
    return _central(function, x, step).astype(x.dtype)


def _all_at_once(function: Any, x: Any, step: float) -> Any:
    return np.full(x.shape, (function(x + step) - function(x - step)) / (2 * step))


def _whole_rows(function: Any, x: Any, step: float) -> Any:
    gradient = np.zeros(x.shape)
    for i in range(len(x)):
        moved = np.zeros(x.shape)
        moved[i] = step
        gradient[i] = (function(x + moved) - function(x - moved)) / (2 * step)
    return gradient


def _own_step(function: Any, x: Any, step: float) -> Any:
    return _central(function, x, 1e-5)


def _relative_step(function: Any, x: Any, step: float) -> Any:
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        h = step * max(1.0, abs(float(x[index])))
        gradient[index] = _central(function, x, h)[index]
    return gradient


_ONE_SIDED = (
    "That is the difference to one side, whose error is as large as h: go a step up and a step "
    "down from x, and divide by the 2h between them."
)
_NOT_RESTORED = (
    "An entry stays where it was moved to, so that the next one is measured at another point: "
    "put the old value back before you go on."
)
_WHOLE_NUMBERS = (
    "An array of whole numbers cuts off what you add to it: make a copy of floats, "
    "np.array(x, dtype=float)."
)

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
    wrong_answers=(
        WrongAnswer(
            "one-sided-difference",
            _differences(lambda here, above, below, h: (above - here) / h),
            _ONE_SIDED,
        ),
        WrongAnswer(
            "one-sided-from-below",
            _differences(lambda here, above, below, h: (here - below) / h),
            _ONE_SIDED,
        ),
        WrongAnswer(
            "divided-by-one-step",
            _differences(lambda here, above, below, h: (above - below) / h),
            "Twice what is right: between x - h and x + h lie two steps, so divide by 2h.",
        ),
        WrongAnswer(
            "bracket-missing",
            _differences(lambda here, above, below, h: (above - below) / 2 * h),
            "Python reads / 2 * step from left to right, and multiplies by the step: write "
            "/ (2 * step).",
        ),
        WrongAnswer(
            "not-divided",
            _differences(lambda here, above, below, h: above - below),
            "That is how far the function moves, not how fast: divide by the way, 2h.",
        ),
        WrongAnswer(
            "sign-flipped",
            _differences(lambda here, above, below, h: (below - above) / (2 * h)),
            "The sign is flipped: the value at x + h comes first, that at x - h is taken off.",
        ),
        WrongAnswer(
            "sign-lost",
            _differences(lambda here, above, below, h: abs(above - below) / (2 * h)),
            "The sign is lost: where the function falls the slope is negative. Take the difference "
            "as it is, without abs.",
        ),
        WrongAnswer("not-restored", _not_restored, _NOT_RESTORED),
        WrongAnswer("not-restored-in-place", _not_restored_in_place, _NOT_RESTORED),
        WrongAnswer(
            "restored-by-adding",
            _restored_by_adding,
            "x + h - 2h + h is not always x: rounding leaves the argument changed in its last "
            "digit. Keep the old value, or work on a copy.",
        ),
        WrongAnswer("integer-x", _whole_numbers(lambda x: np.zeros(x.shape)), _WHOLE_NUMBERS),
        WrongAnswer("integer-x-and-gradient", _whole_numbers(np.zeros_like), _WHOLE_NUMBERS),
        WrongAnswer(
            "integer-gradient",
            _whole_number_gradient,
            "np.zeros_like(x) has the dtype of x, so whole numbers cut the gradient off: use "
            "np.zeros(x.shape).",
        ),
        WrongAnswer(
            "all-at-once",
            _all_at_once,
            "All entries move together, which gives the sum of the gradient: move one entry, and "
            "leave the others where they are.",
        ),
        WrongAnswer(
            "whole-rows",
            _whole_rows,
            "With two axes x[i] is a whole row, and all of it moves: loop over "
            "np.ndindex(x.shape), which gives the index of one entry.",
        ),
        WrongAnswer(
            "own-step",
            _own_step,
            "The step is an argument: use it in place of a number of your own.",
        ),
        WrongAnswer(
            "relative-step",
            _relative_step,
            "Your step grows with the entry. That is a good habit, but not what is asked: the "
            "step is the same for each entry here.",
        ),
    ),
)

# ---- dense_backward ----


def _fault_of_dense(name: str) -> Callable[..., Any]:
    """Return the backward of a faulty Dense layer as a function of arrays."""
    layer_class = FAULTS[name].part

    def answer(x: Any, weights: Any, grad_y: Any) -> Any:
        layer = layer_class(*weights.shape)
        # The learner's own array: a layer that moves its weights moves the argument.
        layer.parameters = {"weights": weights, "biases": np.zeros(weights.shape[1])}
        layer.gradients = {n: np.zeros(p.shape, p.dtype) for n, p in layer.parameters.items()}
        layer.forward(x)
        grad_x = layer.backward(grad_y)
        return grad_x, layer.gradients["weights"], layer.gradients["biases"]

    return answer


def _dense_case(rng: np.random.Generator, batch: int, n_in: int, n_out: int) -> Case:
    return {
        "x": rng.standard_normal((batch, n_in)),
        "weights": rng.standard_normal((n_in, n_out)),
        "grad_y": rng.standard_normal((batch, n_out)),
    }


def _dense_cases(rng: np.random.Generator) -> list[Case]:
    return [_dense_case(rng, *sizes) for sizes in ((4, 3, 2), (1, 4, 3), (3, 3, 3))]


def _dense_but(change: Callable[..., Any]) -> Callable[..., Any]:
    """Return a dense_backward whose three right gradients are changed by `change`."""

    def answer(x: Any, weights: Any, grad_y: Any) -> Any:
        return change(*right.dense_backward(x, weights, grad_y), x, weights, grad_y)

    return answer


def _eager(rate: float) -> Callable[..., Any]:
    def answer(x: Any, weights: Any, grad_y: Any) -> Any:
        grad_weights, grad_biases = x.T @ grad_y, grad_y.sum(axis=0)
        weights -= rate * grad_weights
        return grad_y @ weights.T, grad_weights, grad_biases

    return answer


def _updating(x: Any, weights: Any, grad_y: Any) -> Any:
    gradients = right.dense_backward(x, weights, grad_y)
    weights -= 0.1 * gradients[1]
    return gradients


_AVERAGED_TWICE = (
    "Your dW is 1/B of the numerical one: the loss has already divided by the batch. A layer sums, "
    "and never divides."
)
_MISSING_SUM = (
    "Each example pulls at the same biases: sum their rows, np.sum over axis 0, which leaves "
    "(n_out,)."
)
_UPDATE_FIRST = (
    "The weights have moved before the gradient was passed on through them: grad_x needs those "
    "that forward used. And moving is the optimizer's work."
)

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
    wrong_answers=(
        WrongAnswer("averaged-twice", _fault_of_dense("averaged-twice"), _AVERAGED_TWICE),
        WrongAnswer(
            "weights-averaged",
            _dense_but(lambda dx, dW, db, x, W, dy: (dx, dW / len(x), db)),
            _AVERAGED_TWICE,
        ),
        WrongAnswer(
            "all-averaged",
            _dense_but(lambda dx, dW, db, x, W, dy: (dx / len(x), dW / len(x), db / len(x))),
            _AVERAGED_TWICE,
        ),
        WrongAnswer(
            "biases-averaged",
            _dense_but(lambda dx, dW, db, x, W, dy: (dx, dW, db / len(x))),
            "The gradient of the biases is a mean over the batch where it must be a sum: the loss "
            "has divided already.",
        ),
        WrongAnswer(
            "sign-flipped",
            _fault_of_dense("sign-flipped"),
            "The gradients have the wrong sign. They point uphill; it is the optimizer that "
            "subtracts them.",
        ),
        WrongAnswer(
            "transposed-gradient",
            _dense_but(lambda dx, dW, db, x, W, dy: (dx, dW.T, db)),
            "Your dW is the transpose, dyᵀ x: it must be (n_in, n_out) as the weights are, xᵀ dy. "
            "In a square layer nothing would stop you.",
        ),
        WrongAnswer(
            "x-not-transposed",
            _dense_but(lambda dx, dW, db, x, W, dy: (dx, x @ dy, db)),
            "x @ grad_y fits only where batch = n_in: the sum must run over the batch, so x is "
            "transposed.",
        ),
        WrongAnswer(
            "no-transpose",
            _dense_but(lambda dx, dW, db, x, W, dy: (dy @ W, dW, db)),
            "Backwards the weights lead from n_out to n_in: dx = dy Wᵀ. Without the transpose it "
            "fits only where the layer is square.",
        ),
        WrongAnswer(
            "bias-wrong-axis",
            _dense_but(lambda dx, dW, db, x, W, dy: (dx, dW, dy.sum(axis=1))),
            "The biases' gradient is summed over the outputs, axis 1: one number an example. Sum "
            "over the batch, axis 0: one number an output.",
        ),
        WrongAnswer("missing-bias-sum", _fault_of_dense("missing-bias-sum"), _MISSING_SUM),
        WrongAnswer(
            "biases-not-summed",
            _dense_but(lambda dx, dW, db, x, W, dy: (dx, dW, dy)),
            _MISSING_SUM,
        ),
        WrongAnswer(
            "wrong-order",
            _dense_but(lambda dx, dW, db, x, W, dy: (dW, db, dx)),
            "The order is grad_x, grad_weights, grad_biases.",
        ),
        WrongAnswer(
            "update-before-passing", _fault_of_dense("update-before-passing"), _UPDATE_FIRST
        ),
        WrongAnswer("update-before-passing-0.01", _eager(0.01), _UPDATE_FIRST),
        WrongAnswer("update-before-passing-1", _eager(1.0), _UPDATE_FIRST),
        WrongAnswer(
            "update-in-backward",
            _updating,
            "The gradients are right, but the weights have moved: layers compute, optimizers move.",
        ),
    ),
)

# ---- relu_backward ----


def _relu_cases(rng: np.random.Generator) -> list[Case]:
    x = np.array([[1.5, -2.0, 0.0], [-0.5, 8.0, 0.01]])
    grad_y = np.array([[0.5, 1.0, 2.0], [1.5, -1.0, 0.75]])
    cases: list[Case] = [{"x": x, "grad_y": grad_y}]
    for shape, dtype in (((1, 5), np.float64), ((4, 3), np.float32), ((6,), np.float64)):
        drawn = [rng.standard_normal(shape).astype(dtype) for _ in range(2)]
        cases.append(dict(zip(("x", "grad_y"), drawn, strict=True)))
    return cases


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
    return [first, case(1, 4), case(3, 3), case(5, 4), large]


def _fault_of_loss(name: str) -> Callable[..., Any]:
    loss = FAULTS[name].part
    return lambda logits, labels: loss(logits, labels)[1]


def _one_hot(logits: Any, labels: Any) -> Any:
    return np.eye(logits.shape[1])[labels]


def _whole_columns(logits: Any, labels: Any) -> Any:
    gradient = right.softmax(logits)
    gradient[:, labels] -= 1
    return gradient / len(labels)


def _sigmoid_habit(logits: Any, labels: Any) -> Any:
    p = right.softmax(logits)
    return (p - _one_hot(logits, labels)) * p * (1 - p) / len(labels)


def _softmax_down_the_batch(logits: Any, labels: Any) -> Any:
    exponentials = np.exp(logits - logits.max(axis=0))
    p = exponentials / exponentials.sum(axis=0)
    return (p - _one_hot(logits, labels)) / len(labels)


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
    wrong_answers=(
        WrongAnswer(
            "no-one-hot",
            lambda logits, labels: right.softmax(logits) / len(labels),
            "The labels do not occur: subtract 1 from each row's entry of its label. Each row of "
            "the gradient must sum to 0.",
        ),
        WrongAnswer(
            "never-averaged",
            _fault_of_loss("never-averaged"),
            "Your gradient is B times the numerical one: the loss is a mean over the batch, and "
            "this is the one place that divides by it.",
        ),
        WrongAnswer(
            "averaged-over-classes",
            lambda logits, labels: (right.softmax(logits) - _one_hot(logits, labels)) / logits.size,
            "You divide by batch times classes: the loss is a mean over the examples alone.",
        ),
        WrongAnswer(
            "averaged-twice",
            lambda logits, labels: right.crossentropy_backward(logits, labels) / len(labels),
            "The batch is divided twice, so that your gradient is 1/B of the numerical one.",
        ),
        WrongAnswer(
            "sign-flipped",
            lambda logits, labels: -right.crossentropy_backward(logits, labels),
            "The sign is flipped: softmax minus one-hot. A larger logit of the label lowers the "
            "loss, so its gradient is negative.",
        ),
        WrongAnswer(
            "whole-columns",
            _whole_columns,
            "p[:, labels] takes those columns in every row. Pair each row with its own label: "
            "p[np.arange(len(labels)), labels].",
        ),
        WrongAnswer(
            "label-subtracted",
            lambda logits, labels: (right.softmax(logits) - labels[:, np.newaxis]) / len(labels),
            "You subtract the number of the class. Subtract 1 at the place of the class: its "
            "one-hot row.",
        ),
        WrongAnswer(
            "logits-not-softmax",
            lambda logits, labels: (logits - _one_hot(logits, labels)) / len(labels),
            "The softmax is missing: the gradient is softmax(logits) minus one-hot.",
        ),
        WrongAnswer(
            "derivative-twice",
            _sigmoid_habit,
            "p (1 - p) is there already: softmax minus one-hot is the whole derivative, softmax "
            "and logarithm together.",
        ),
        WrongAnswer(
            "softmax-wrong-axis",
            _softmax_down_the_batch,
            "Your softmax sums over the batch: each row of the logits is one example, and its "
            "probabilities sum to 1 along axis 1. softmax is given above.",
        ),
        WrongAnswer(
            "softmax-twice",
            _fault_of_loss("softmax-twice"),
            "The softmax is taken twice: the logits come in as they are, and go through softmax "
            "once.",
        ),
        WrongAnswer(
            "softmax-without-shift",
            _fault_of_loss("softmax-without-shift"),
            "exp overflows for logits beyond 709: call softmax, given above, which subtracts the "
            "row's maximum first.",
        ),
    ),
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

    return [
        case(2, 4, 3),
        case(4, 3, 4, 2),
        case(1, 2, 5, 3),
        case(5, 4, 3, 5, 2),
        case(3, 3, 3, 3, 3, 3),
    ]


def _network(
    dense: Callable[..., Any] = right.dense_backward,
    relu: Callable[..., Any] = right.relu_backward,
    loss: Callable[..., Any] = right.crossentropy_backward,
    came_in: Callable[[int], int] = lambda i: 2 * i,
    masks_logits: bool = False,
) -> Callable[..., Any]:
    """Return a network_backward with some of its parts exchanged."""

    def answer(x: Any, weights: Any, biases: Any, labels: Any) -> Any:
        inputs = [x, *right.network_forward(x, weights, biases)]
        grad_weights, grad_biases = [None] * len(weights), [None] * len(weights)
        grad = loss(inputs[-1], labels)
        for i in reversed(range(len(weights))):
            if masks_logits or i < len(weights) - 1:
                grad = relu(inputs[2 * i + 1], grad)
            grad, grad_weights[i], grad_biases[i] = dense(inputs[came_in(i)], weights[i], grad)
        return grad_weights, grad_biases

    return answer


_right_network = _network()


def _reversed_lists(x: Any, weights: Any, biases: Any, labels: Any) -> Any:
    grad_weights, grad_biases = _right_network(x, weights, biases, labels)
    return grad_weights[::-1], grad_biases[::-1]


def _wrong_order(x: Any, weights: Any, biases: Any, labels: Any) -> Any:
    return _right_network(x, weights, biases, labels)[::-1]


def _not_passed_on(x: Any, weights: Any, biases: Any, labels: Any) -> Any:
    inputs = [x, *right.network_forward(x, weights, biases)]
    grad = right.crossentropy_backward(inputs[-1], labels)
    found = [right.dense_backward(inputs[2 * i], weights[i], grad) for i in range(len(weights))]
    return [one[1] for one in found], [one[2] for one in found]


def _updating_network(x: Any, weights: Any, biases: Any, labels: Any) -> Any:
    gradients = _right_network(x, weights, biases, labels)
    for parameters, found in zip((weights, biases), gradients, strict=True):
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter -= 0.1 * gradient
    return gradients


def _of_a_part(part: Part, network_with: Callable[..., Any], *names: str) -> list[WrongAnswer]:
    """Return what mistakes of another part do to the network: they are named here as well."""
    hint = f"The mistake of your {part.name} shows here too: mend that part first."
    answers = {wrong.name: wrong.answer for wrong in part.wrong_answers}
    return [
        WrongAnswer(f"{name}-in-{part.name}", network_with(answers[name]), hint) for name in names
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
        WrongAnswer(
            "reversed-lists",
            _reversed_lists,
            "You walk backwards, and so your lists begin with the last layer: give them back in "
            "the order of weights.",
        ),
        WrongAnswer(
            "wrong-order",
            _wrong_order,
            "First the list of the weights' gradients, then that of the biases'.",
        ),
        WrongAnswer(
            "missing-mask",
            _network(relu=wrong.fault_of_relu("missing-mask")),
            "The ReLUs are left out on the way back: between two Dense layers the gradient passes "
            "relu_backward.",
        ),
        WrongAnswer(
            "mask-from-gradient",
            _network(relu=wrong.fault_of_relu("mask-from-gradient")),
            "relu_backward needs what came into the ReLU, the output of the Dense before it; you "
            "mask by the gradient.",
        ),
        WrongAnswer(
            "relu-on-logits",
            _network(masks_logits=True),
            "No ReLU follows the last Dense layer: the gradient of the logits goes into it "
            "unmasked.",
        ),
        WrongAnswer(
            "input-before-relu",
            _network(came_in=lambda i: max(0, 2 * i - 1)),
            "Each Dense layer was given the output of the ReLU before it, not that ReLU's input.",
        ),
        WrongAnswer(
            "gradient-not-passed",
            _not_passed_on,
            "Every layer is given the gradient of the logits: hand on what dense_backward returns "
            "first, grad_x, to the layer before it.",
        ),
        WrongAnswer(
            "averaged-twice",
            _network(dense=_fault_of_dense("averaged-twice")),
            "Your gradients are 1/B of the numerical ones: crossentropy_backward has divided by "
            "the batch, and no one else does.",
        ),
        WrongAnswer(
            "never-averaged",
            _network(loss=_fault_of_loss("never-averaged")),
            "Your gradients are B times the numerical ones: start with the gradient of the mean, "
            "crossentropy_backward.",
        ),
        WrongAnswer(
            "sign-flipped",
            _network(loss=lambda logits, labels: -right.crossentropy_backward(logits, labels)),
            "All signs are flipped. The optimizer subtracts; a gradient points uphill.",
        ),
        WrongAnswer(
            "missing-bias-sum",
            _network(dense=_fault_of_dense("missing-bias-sum")),
            "The biases' gradients are those of the first example alone: sum over the batch.",
        ),
        WrongAnswer(
            "update-before-passing",
            _network(dense=_fault_of_dense("update-before-passing")),
            "A layer's weights move before the gradient has passed through them: first all "
            "gradients, then the optimizer's step.",
        ),
        WrongAnswer(
            "update-in-backward",
            _updating_network,
            "The gradients are right, but the parameters have moved: layers compute, optimizers "
            "move.",
        ),
        *_of_a_part(
            DENSE_BACKWARD,
            lambda answer: _network(dense=answer),
            "weights-averaged",
            "all-averaged",
            "biases-averaged",
            "transposed-gradient",
            "x-not-transposed",
            "no-transpose",
            "bias-wrong-axis",
            "biases-not-summed",
        ),
        *_of_a_part(
            RELU_BACKWARD,
            lambda answer: _network(relu=answer),
            "mask-alone",
            "times-output",
            "mask-inverted",
        ),
        *_of_a_part(
            CROSSENTROPY_BACKWARD,
            lambda answer: _network(loss=answer),
            "no-one-hot",
            "averaged-over-classes",
            "whole-columns",
            "label-subtracted",
            "logits-not-softmax",
            "derivative-twice",
            "softmax-wrong-axis",
            "softmax-twice",
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
