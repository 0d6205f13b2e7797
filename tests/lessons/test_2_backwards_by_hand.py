"""Lesson 2: right answers pass however they are written, and what its page claims holds."""

import re
from pathlib import Path

import numpy as np
import pytest

from chainrule import Adam, Dense, Network, ReLU, numerical_gradient
from chainrule.lessons.backwards_by_hand import solution
from chainrule.lessons.backwards_by_hand.parts import (
    CROSSENTROPY_BACKWARD,
    DENSE_BACKWARD,
    NETWORK_BACKWARD,
    NUMERICAL_GRADIENT,
    PARTS,
    RELU_BACKWARD,
)
from chainrule.lessons.judge import RIGHT, WRONG, judge, part_seed
from chainrule.lessons.lesson import find_lesson
from chainrule.proof.faults import FAULTS


def judged(part, answer):
    return judge(part, answer, getattr(solution, part.name))


def cases(part):
    return part.cases(np.random.default_rng(part_seed(part)))


# ---- right answers, differently written ----


def along_unit_vectors(function, x, step):
    moves = step * np.eye(x.size).reshape(x.size, *x.shape)
    slopes = [(function(x + move) - function(x - move)) / (2 * step) for move in moves]
    return np.array(slopes).reshape(x.shape)


def flat_and_in_place_on_a_copy(function, x, step):
    point = x.astype(np.float64)
    gradient = np.empty_like(point)
    flat, slopes = point.reshape(-1), gradient.reshape(-1)
    for i, here in enumerate(flat.copy()):
        flat[i] = here + step
        slopes[i] = function(point)
        flat[i] = here - step
        slopes[i] -= function(point)
        flat[i] = here
    gradient /= 2 * step
    return gradient


def in_the_argument_and_back(function, x, step):
    if x.dtype.kind != "f":
        x = x + 0.0
    gradient = np.zeros(x.shape)
    iterator = np.nditer(x, flags=["multi_index"])
    for _ in iterator:
        index = iterator.multi_index
        kept = x[index]
        x[index] = kept + step
        above = function(x)
        x[index] = kept - step
        below = function(x)
        x[index] = kept
        gradient[index] = (above - below) / step / 2
    return gradient


def as_half_the_sum_of_both_sides(function, x, step):
    here, gradient = function(x * 1.0), np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        move = np.zeros(x.shape)
        move[index] = step
        right, left = (function(x + move) - here) / step, (here - function(x - move)) / step
        gradient[index] = (right + left) / 2
    return gradient


def dense_by_loops(x, weights, grad_y):
    (batch, n_in), n_out = x.shape, weights.shape[1]
    grad_x, grad_weights, grad_biases = (
        np.zeros((batch, n_in)),
        np.zeros((n_in, n_out)),
        [0] * n_out,
    )
    for i in range(batch):
        for j in range(n_out):
            grad_biases[j] += grad_y[i, j]
            for k in range(n_in):
                grad_weights[k, j] += x[i, k] * grad_y[i, j]
                grad_x[i, k] += weights[k, j] * grad_y[i, j]
    return grad_x, grad_weights, np.array(grad_biases)


def dense_by_einsum(x, weights, grad_y):
    grad_x = np.einsum("bo,io->bi", grad_y, weights)
    return grad_x, np.einsum("bi,bo->io", x, grad_y), np.einsum("bo->o", grad_y)


def dense_by_adding_outer_products(x, weights, grad_y):
    grad_weights = np.zeros_like(weights)
    for row, grad_row in zip(x, grad_y, strict=True):
        grad_weights += np.outer(row, grad_row)
    return (weights @ grad_y.T).T, grad_weights, np.ones(len(x)) @ grad_y


def dense_in_float32(x, weights, grad_y):
    x, weights, grad_y = (a.astype(np.float32) for a in (x, weights, grad_y))
    return np.dot(grad_y, weights.T), np.dot(x.T, grad_y), np.sum(grad_y, 0)


def relu_by_where(x, grad_y):
    return np.where(x > 0, grad_y, 0).astype(grad_y.dtype)


def relu_in_place_on_a_copy(x, grad_y):
    grad_x = grad_y.copy()
    grad_x[x <= 0] = 0
    return grad_x


def relu_by_the_output(x, grad_y):
    return (np.maximum(x, 0) > 0) * grad_y


def relu_by_loops(x, grad_y):
    grad_x = np.zeros_like(grad_y)
    for index, value in np.ndenumerate(x):
        if value > 0:
            grad_x[index] = grad_y[index]
    return grad_x


def crossentropy_by_eye(logits, labels):
    return (solution.softmax(logits) - np.eye(logits.shape[1])[labels]) / logits.shape[0]


def crossentropy_by_loops(logits, labels):
    gradient = []
    for row, label in zip(logits, labels, strict=True):
        weights = [np.exp(z - max(row)) for z in row]
        gradient.append([w / sum(weights) - (j == label) for j, w in enumerate(weights)])
    return np.array(gradient) / len(gradient)


def crossentropy_by_log_sum_exp(logits, labels):
    gradient = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    for i, label in enumerate(labels):
        gradient[i, label] -= 1
    gradient /= len(labels)
    return gradient


def crossentropy_in_float32(logits, labels):
    return crossentropy_by_eye(logits.astype(np.float32), labels).astype(np.float32)


def network_by_recursion(x, weights, biases, labels):
    def walk(x, i):
        """Return the gradient of x, which comes into Dense i, and those of the layers from i on."""
        z = x @ weights[i] + biases[i]
        if i == len(weights) - 1:
            grad_z, behind = solution.crossentropy_backward(z, labels), ([], [])
        else:
            grad_a, *behind = walk(np.maximum(z, 0), i + 1)
            grad_z = solution.relu_backward(z, grad_a)
        grad_x, grad_weights, grad_biases = solution.dense_backward(x, weights[i], grad_z)
        return grad_x, [grad_weights, *behind[0]], [grad_biases, *behind[1]]

    return tuple(walk(x, 0)[1:])


def network_by_a_stack_of_layers(x, weights, biases, labels):
    kept = []
    for W, b in zip(weights, biases, strict=True):
        kept.append(x)
        z = x @ W + b
        x = np.maximum(z, 0)
    grad, grad_weights, grad_biases = solution.crossentropy_backward(z, labels), [], []
    for W in weights[::-1]:
        came_in = kept.pop()
        grad_weights.insert(0, np.einsum("bi,bo->io", came_in, grad))
        grad_biases.insert(0, grad.sum(0))
        grad = grad @ W.T * (came_in > 0)  # what came in is the ReLU's output
    return grad_weights, grad_biases


def network_with_masks_from_the_outputs(x, weights, biases, labels):
    outputs = [x, *solution.network_forward(x, weights, biases)]
    grad = solution.crossentropy_backward(outputs[-1], labels)
    found = []
    for i in range(len(weights) - 1, -1, -1):
        grad, *gradients = solution.dense_backward(outputs[2 * i], weights[i], grad)
        found.append(gradients)
        grad[outputs[2 * i] <= 0] = 0
    found.reverse()
    return tuple(one[0] for one in found), tuple(one[1] for one in found)


def network_by_the_library(x, weights, biases, labels):
    layers = []
    for W in weights:
        layers += [Dense(*W.shape), ReLU()]
    network = Network(layers[:-1], dtype=np.float64)
    for layer, W, b in zip(layers[::2], weights, biases, strict=True):
        layer.weights, layer.biases = W, b
    network.loss_and_gradients(x, labels)
    gradients = [layer.gradients for layer in layers[::2]]
    return [one["weights"] for one in gradients], [one["biases"] for one in gradients]


RIGHT_ANSWERS = [
    (NUMERICAL_GRADIENT, along_unit_vectors),
    (NUMERICAL_GRADIENT, flat_and_in_place_on_a_copy),
    (NUMERICAL_GRADIENT, in_the_argument_and_back),
    (NUMERICAL_GRADIENT, as_half_the_sum_of_both_sides),
    (DENSE_BACKWARD, dense_by_loops),
    (DENSE_BACKWARD, dense_by_einsum),
    (DENSE_BACKWARD, dense_by_adding_outer_products),
    (DENSE_BACKWARD, dense_in_float32),
    (RELU_BACKWARD, relu_by_where),
    (RELU_BACKWARD, relu_in_place_on_a_copy),
    (RELU_BACKWARD, relu_by_the_output),
    (RELU_BACKWARD, relu_by_loops),
    (CROSSENTROPY_BACKWARD, crossentropy_by_eye),
    (CROSSENTROPY_BACKWARD, crossentropy_by_loops),
    (CROSSENTROPY_BACKWARD, crossentropy_by_log_sum_exp),
    (CROSSENTROPY_BACKWARD, crossentropy_in_float32),
    (NETWORK_BACKWARD, network_by_recursion),
    (NETWORK_BACKWARD, network_by_a_stack_of_layers),
    (NETWORK_BACKWARD, network_with_masks_from_the_outputs),
    (NETWORK_BACKWARD, network_by_the_library),
]


@pytest.mark.parametrize(
    ("part", "answer"), RIGHT_ANSWERS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_right_answer_passes_however_it_is_written(part, answer):
    result = judged(part, answer)
    assert result.status == RIGHT, result


# ---- the cases see what they are there for ----


@pytest.mark.parametrize(
    "case", cases(NETWORK_BACKWARD), ids=lambda case: str(len(case["weights"]))
)
def test_every_gradient_of_a_case_is_alive_and_some_units_are_off(case):
    gradients = [g for found in solution.network_backward(**case) for g in found]
    gradients[0] = gradients[0] / max(1, np.abs(case["x"]).max())  # it grows with x
    largest = max(np.abs(g).max() for g in gradients)
    assert all(np.abs(g).max() > 0.01 * largest for g in gradients)
    hidden = solution.network_forward(case["x"], case["weights"], case["biases"])[1::2]
    assert all(0 < (a == 0).mean() < 1 for a in hidden)


def test_the_cases_hold_a_batch_of_one_and_layers_that_are_square_and_not():
    for part in (DENSE_BACKWARD, NETWORK_BACKWARD):
        assert 1 in [len(case["x"]) for case in cases(part)]
    shapes = [case["weights"].shape for case in cases(DENSE_BACKWARD)]
    assert any(n_in == n_out for n_in, n_out in shapes)
    assert any(n_in != n_out for n_in, n_out in shapes)


@pytest.mark.parametrize("name", ["missing-mask", "mask-from-gradient"])
def test_the_wrong_answers_are_the_bank_s(name):
    (wrong,) = (one for one in RELU_BACKWARD.wrong_answers if one.name == name)
    x, grad_y = np.array([[1.0, -1.0, 2.0]]), np.array([[-3.0, 4.0, 5.0]])
    layer = FAULTS[name].part()
    layer.forward(x)
    assert np.array_equal(wrong.answer(x, grad_y), layer.backward(grad_y))


def test_an_argument_that_is_changed_in_its_last_digit_is_a_side_effect():
    (wrong,) = (w for w in NUMERICAL_GRADIENT.wrong_answers if w.name == "restored-by-adding")
    result = judged(NUMERICAL_GRADIENT, wrong.answer)
    assert (result.status, result.kind) == (WRONG, "side effect")


def test_a_part_that_is_wrong_is_named_again_where_the_network_uses_it():
    def dense(x, weights, grad_y):
        grad_x, grad_weights, grad_biases = solution.dense_backward(x, weights, grad_y)
        return grad_x, grad_weights / len(x), grad_biases

    namespace = {}
    exec(find_lesson(2).source, namespace)  # as a learner's file
    namespace["dense_backward"] = dense
    result = judged(NETWORK_BACKWARD, namespace["network_backward"])
    assert result.mistake == "weights-averaged-in-dense_backward"
    assert result.hint.startswith("The mistake of your dense_backward")


# ---- what the page claims ----


def test_each_backward_is_the_numerical_gradient():
    numeric = numerical_gradient
    for case in cases(DENSE_BACKWARD):
        x, weights, grad_y = case.values()
        biases = np.zeros(weights.shape[1])
        losses = (
            lambda x, W=weights, dy=grad_y: float((x @ W * dy).sum()),
            lambda W, x=x, dy=grad_y: float((x @ W * dy).sum()),
            lambda b, x=x, W=weights, dy=grad_y: float(((x @ W + b) * dy).sum()),
        )
        found = solution.dense_backward(x, weights, grad_y)
        for loss, at, gradient in zip(losses, (x, weights, biases), found, strict=True):
            size = max(1, np.abs(gradient).max(), abs(loss(at)))  # a difference rounds by the loss
            assert np.allclose(gradient, numeric(loss, at), rtol=0, atol=1e-8 * size)
    for case in cases(CROSSENTROPY_BACKWARD)[:-1]:
        logits, labels = case.values()
        right = numeric(lambda z, y=labels: float(solution.crossentropy(z, y)), logits)
        assert np.allclose(solution.crossentropy_backward(logits, labels), right, atol=1e-8)


@pytest.mark.parametrize(
    "case", cases(NETWORK_BACKWARD), ids=lambda case: str(len(case["weights"]))
)
def test_network_backward_is_the_library_s(case):
    found, right = solution.network_backward(**case), network_by_the_library(**case)
    for mine, theirs in zip(found, right, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert np.allclose(one, other, rtol=0, atol=1e-12)


def test_the_slopes_of_the_u_curve_are_1_2_and_minus_1():
    steps = 10 ** -np.linspace(0, 12, 97)
    f, e = np.exp, np.exp(1.0)
    one_sided = np.abs((f(1 + steps) - e) / steps / e - 1)
    central = np.abs((f(1 + steps) - f(1 - steps)) / (2 * steps) / e - 1)

    def slope(errors, smallest, largest):
        seen = (steps >= smallest) & (steps <= largest) & (errors > 0)
        return np.polyfit(np.log(steps[seen]), np.log(errors[seen]), 1)[0]

    assert slope(one_sided, 1e-6, 1e-2) == pytest.approx(1, abs=0.01)
    assert slope(central, 1e-4, 1e-1) == pytest.approx(2, abs=0.01)
    assert slope(central, 1e-12, 1e-7) == pytest.approx(-1, abs=0.2)
    # The errors are those that Taylor's formula gives: h / 2 and h² / 6, relative to f.
    assert one_sided[24] == pytest.approx(steps[24] / 2, rel=0.01)
    assert central[16] == pytest.approx(steps[16] ** 2 / 6, rel=0.01)


@pytest.mark.parametrize("batch", [1, 2, 7, 64])
def test_a_gradient_that_is_divided_twice_is_the_true_one_over_b_exactly(batch):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((batch, 5)), rng.integers(0, 3, batch)
    twice, once = (
        Network([dense(5, 3)], rng=0, dtype=np.float64).loss_and_gradients(X, y)[1]
        for dense in (FAULTS["averaged-twice"].part, Dense)
    )
    assert np.array_equal(twice, once / batch)


def test_adam_hardly_notices_a_constant_factor_in_the_gradient():
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((20, 50))
    ends = []
    for factor in (1, 1 / 64):
        optimizer, parameters = Adam(learning_rate=0.01), np.zeros(50)
        for gradient in gradients:
            parameters = optimizer.update(parameters, factor * gradient)
        ends.append(parameters)
    assert np.abs(ends[0] - ends[1]).max() < 1e-4 * np.abs(ends[0]).max()


def test_a_relu_mask_that_ends_at_3_or_begins_at_0_05_is_wrong():
    for inside in (lambda x: (x > 0) & (x <= 3), lambda x: x > 0.05):
        found = judged(RELU_BACKWARD, lambda x, grad_y, inside=inside: grad_y * inside(x))
        assert found.kind == "value"


def test_the_functions_to_differentiate_rise_and_fall():
    first = [
        solution.numerical_gradient(**case)
        for case in cases(NUMERICAL_GRADIENT)
        if case["x"].shape == (3,)
    ]
    assert any((slopes > 0).any() and (slopes < 0).any() for slopes in first)


def test_no_relu_is_dead_in_any_case():
    for case in cases(NETWORK_BACKWARD):
        x, weights, biases = case["x"], case["weights"], case["biases"]
        for output in solution.network_forward(x, weights, biases)[1::2]:
            assert (output > 0).mean() > 0.2
            assert (output == 0).any()


def test_the_kink_gives_neither_0_nor_1():
    def relu(x):
        return np.maximum(x, 0).sum()

    found = solution.numerical_gradient(relu, np.array([1e-4]), 1e-3)
    assert found[0] == pytest.approx(0.55)


def test_every_picture_says_its_numbers():
    pytest.importorskip("matplotlib")
    from chainrule.lessons.backwards_by_hand import figures

    steps = 10 ** -np.linspace(0, 12, 97)
    words = figures.u_curves(steps, steps + 1e-16 / steps, steps**2 + 1e-16 / steps).get_label()
    assert "1e-08" in words
    rng = np.random.default_rng(0)
    stations = [
        figures.Station(
            "dz₁", "dz₁ = p - one-hot", rng.standard_normal((8, 10)), "example", "class"
        ),
        figures.Station("dW₁", "dW₁ = xᵀ dz₁", rng.standard_normal((784, 10)), "pixel", "class"),
        figures.Station("dx", "dx = dz₁ W₁ᵀ", np.zeros((8, 784)), "example", "pixel"),
    ]
    for shown, station in enumerate(stations):
        words = figures.backward_frame(stations, shown).get_label()
        assert words.startswith(station.law)
        assert str(station.gradient.shape) in words


def test_the_hints_end_in_the_line():
    assert [part.name for part in PARTS] == [
        "numerical_gradient",
        "dense_backward",
        "relu_backward",
        "crossentropy_backward",
        "network_backward",
    ]
    for part in PARTS:
        assert part.hints[0].endswith("?")


def test_the_teacher_s_page_quotes_the_check_to_the_letter():
    page = Path(__file__).parents[2] / "docs" / "teaching" / "2-backwards-by-hand.md"
    words = page.read_text(encoding="utf-8")
    for part in PARTS:
        section = words.partition(f"### `{part.name}`")[2].partition("#")[0]
        hints = {wrong.name: wrong.hint for wrong in part.wrong_answers}
        rows = re.findall(r"^\| .* \| `([\w.-]+)` \| (.*) \|$", section, re.MULTILINE)
        assert len(rows) >= 5
        assert all(hints[name] == said for name, said in rows)
