import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from chainrule import create_network, softmax, softmax_crossentropy_with_logits
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset
from chainrule.lessons.forward_and_loss import figures, solution
from chainrule.lessons.judge import RIGHT, WRONG, judge, part_seed
from chainrule.lessons.lesson import find_lesson
from chainrule.plots import alt_text

LESSON = find_lesson(1)
PARTS = {part.name: part for part in LESSON.parts}
DOCS = Path(__file__).parents[2] / "docs"

# ---- right answers, each written in another way ----


def dense_by_einsum(x, weights, biases):
    return np.einsum("bi,io->bo", x, weights) + biases


def dense_by_loops(x, weights, biases):
    y = np.zeros((len(x), len(biases)), dtype=x.dtype)
    for row in range(len(x)):
        for unit in range(len(biases)):
            y[row, unit] = sum(x[row] * weights[:, unit]) + biases[unit]
    return y


def dense_in_place_on_its_own(x, weights, biases):
    y = np.dot(x, weights)
    y += biases
    return y


def dense_with_a_column_of_ones(x, weights, biases):
    ones = np.ones((len(x), 1), x.dtype)
    return np.hstack([x, ones]) @ np.vstack([weights, biases])


def relu_by_where(x):
    return np.where(x > 0, x, 0)


def relu_in_place_on_a_copy(x):
    y = x.copy()
    y[y < 0] = 0
    return y


def relu_by_a_loop(x):
    return np.array([max(entry, 0) for entry in x.flat], dtype=x.dtype).reshape(x.shape)


def relu_by_mask(x):
    return x * (x > 0)


def he_by_normal(rng, n_in, n_out):
    return rng.normal(0, math.sqrt(2 / n_in), size=(n_in, n_out))


def he_in_place(rng, n_in, n_out):
    weights = rng.standard_normal(size=n_in * n_out).reshape(n_in, n_out)
    weights *= (2 / n_in) ** 0.5
    return weights


def he_in_float32(rng, n_in, n_out):
    return (rng.standard_normal((n_in, n_out)) / np.sqrt(n_in / 2)).astype(np.float32)


def network_by_zip(x, weights, biases):
    outputs = []
    for w, b in zip(weights, biases, strict=True):
        if outputs:
            outputs.append(np.maximum(outputs[-1], 0))
        outputs.append((outputs[-1] if outputs else x) @ w + b)
    return outputs


def network_without_its_last_relu(x, weights, biases):
    outputs = []
    for w, b in zip(weights, biases, strict=True):
        y = np.einsum("bi,io->bo", x, w) + b
        x = np.where(y > 0, y, 0)
        outputs += [y, x]
    return tuple(outputs[:-1])


def network_by_recursion(x, weights, biases):
    y = x @ weights[0] + biases[0]
    if len(weights) == 1:
        return [y]
    a = y.clip(min=0)
    return [y, a, *network_by_recursion(a, weights[1:], biases[1:])]


def network_in_float32(x, weights, biases):
    return [y.astype(np.float32) for y in solution.network_forward(x, weights, biases)]


def softmax_by_rows(logits):
    rows = []
    for row in logits:
        exponentials = [math.exp(z - max(row)) for z in row]
        rows.append([e / sum(exponentials) for e in exponentials])
    return np.array(rows)


def softmax_by_log_sum_exp(logits):
    return np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))


def softmax_in_place_on_a_copy(logits):
    p = logits.astype(np.float32)
    p -= p.max(axis=1)[:, None]
    np.exp(p, out=p)
    p /= np.einsum("bc->b", p)[:, None]
    return p


def softmax_by_columns(logits):
    columns = logits.T
    exponentials = np.exp(columns - columns.max(axis=0))
    return (exponentials / exponentials.sum(axis=0)).T


def crossentropy_by_a_loop(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        largest = max(row)
        total += math.log(sum(math.exp(z - largest) for z in row)) + largest - row[label]
    return total / len(labels)


def crossentropy_by_logaddexp(logits, labels):
    right = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return np.mean(np.logaddexp.reduce(logits, axis=1) - right)


def crossentropy_by_one_hot(logits, labels):
    one_hot = np.eye(logits.shape[1])[labels]
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.einsum("bc,bc->", one_hot, log_p) / len(logits)


def crossentropy_in_float32(logits, labels):
    z = logits.astype(np.float32)
    z -= z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[range(len(z)), labels]).mean()


RIGHT_ANSWERS = {
    "dense_forward": (
        dense_by_einsum,
        dense_by_loops,
        dense_in_place_on_its_own,
        dense_with_a_column_of_ones,
    ),
    "relu_forward": (relu_by_where, relu_in_place_on_a_copy, relu_by_a_loop, relu_by_mask),
    "he_normal": (he_by_normal, he_in_place, he_in_float32),
    "network_forward": (
        network_by_zip,
        network_without_its_last_relu,
        network_by_recursion,
        network_in_float32,
    ),
    "softmax": (
        softmax_by_rows,
        softmax_by_log_sum_exp,
        softmax_in_place_on_a_copy,
        softmax_by_columns,
    ),
    "crossentropy": (
        crossentropy_by_a_loop,
        crossentropy_by_logaddexp,
        crossentropy_by_one_hot,
        crossentropy_in_float32,
    ),
}


@pytest.mark.parametrize(
    ("name", "answer"),
    [(name, answer) for name, answers in RIGHT_ANSWERS.items() for answer in answers],
)
def test_a_right_answer_passes_however_it_is_written(name, answer):
    result = judge(PARTS[name], answer, getattr(solution, name))
    assert result.status == RIGHT, result


def test_every_part_has_three_right_answers_at_least():
    assert list(RIGHT_ANSWERS) == list(PARTS)
    assert all(len(answers) >= 3 for answers in RIGHT_ANSWERS.values())


# ---- wrong answers, written in another way than in the bank ----


def relu_with_its_input_as_target(x):
    return np.maximum(x, 0, out=x)


def relu_by_an_if(x):
    if x > 0:
        return x
    return 0


def he_with_the_variance_as_scale(rng, n_in, n_out):
    return rng.normal(scale=2 / n_in, size=(n_in, n_out))


def log_sum_exp_without_shift(logits, labels):
    return np.mean(np.log(np.exp(logits).sum(1)) - logits[np.arange(len(labels)), labels])


def crossentropy_of_probabilities(logits, labels):
    p = solution.softmax(logits)
    return np.mean([-np.log(row[label]) for row, label in zip(p, labels, strict=True)])


def crossentropy_as_in_the_course(logits, labels):
    p = solution.softmax(logits)
    one_hot = np.eye(p.shape[1])[labels]
    return -np.sum(one_hot * np.log(p + 1e-9)) / len(p)


def crossentropy_averaged_over_everything(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(np.eye(z.shape[1])[labels] * log_p).mean()


def crossentropy_of_all_labels(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z[:, labels]).mean()


def network_with_a_relu_behind_every_dense(x, weights, biases):
    outputs = []
    for w, b in zip(weights, biases, strict=True):
        outputs.append(x @ w + b)
        x = np.maximum(outputs[-1], 0)
        outputs.append(x)
    return outputs


@pytest.mark.parametrize(
    ("name", "answer", "mistake"),
    [
        ("relu_forward", relu_with_its_input_as_target, "relu-in-place"),
        ("relu_forward", relu_by_an_if, "builtin-max"),
        ("he_normal", he_with_the_variance_as_scale, "variance-for-deviation"),
        ("network_forward", network_with_a_relu_behind_every_dense, "relu-after-the-last"),
        ("crossentropy", log_sum_exp_without_shift, "softmax-without-shift"),
        ("crossentropy", crossentropy_of_probabilities, "log-of-a-softmax"),
        ("crossentropy", crossentropy_as_in_the_course, "log-plus-epsilon"),
        ("crossentropy", crossentropy_averaged_over_everything, "averaged-over-classes"),
        ("crossentropy", crossentropy_of_all_labels, "every-row-with-every-label"),
    ],
)
def test_a_mistake_is_known_however_it_is_written(name, answer, mistake):
    result = judge(PARTS[name], answer, getattr(solution, name))
    assert (result.status, result.mistake) == (WRONG, mistake)


def test_float64_creep_is_a_matter_of_dtype_alone():
    for name in ("dense_forward", "relu_forward"):
        right = getattr(solution, name)
        result = judge(PARTS[name], lambda right=right, **case: right(**case) * np.ones(1), right)
        assert (result.status, result.kind) == (WRONG, "dtype")


@pytest.mark.parametrize("part", LESSON.parts, ids=PARTS)
def test_the_third_hint_is_the_line_itself(part):
    source = LESSON.solution_of(part.name)
    for line in part.hints[2].split("; "):
        assert line in source


# ---- what must not pass ----


def test_a_relu_that_is_capped_or_dead_near_zero_is_wrong():
    def capped(x):
        return np.clip(x, 0, 6)

    def dead_near_zero(x):
        return np.where(x > 0.05, x, 0).astype(x.dtype)

    for answer in (capped, dead_near_zero):
        assert judge(PARTS["relu_forward"], answer, solution.relu_forward).kind == "value"


def test_no_relu_is_dead_in_any_case():
    part = PARTS["network_forward"]
    for case in part.cases(np.random.default_rng(part_seed(part))):
        for output in solution.network_forward(**case)[1::2]:
            assert (output > 0).any()
            assert (output == 0).any() or len(output) == 1


# ---- what the page and the teacher's page claim ----


def test_the_page_shows_the_solution_of_every_part():
    page = (DOCS / "lessons" / f"{LESSON.page}.md").read_text(encoding="utf-8")
    shown = re.findall(r'solution_of\("(\w+)"\)', page)
    assert shown == list(PARTS)


def test_the_teachers_page_quotes_what_the_check_says():
    page = (DOCS / "teaching" / f"{LESSON.page}.md").read_text(encoding="utf-8")
    sections = re.split(r"^### `(\w+)`\n", page, flags=re.MULTILINE)[1:]
    assert sections[::2] == list(PARTS)
    for name, section in zip(sections[::2], sections[1::2], strict=True):
        hints = {wrong.name: wrong.hint for wrong in PARTS[name].wrong_answers}
        rows = re.findall(r"^\| .* \| `([\w-]+)` \| (.*) \|$", section, flags=re.MULTILINE)
        assert rows
        assert dict(rows) == {mistake: hints[mistake] for mistake, _ in rows}


def test_a_uniform_prediction_over_ten_classes_costs_ln_10():
    for labels in ([0, 0], [3, 9]):
        loss = solution.crossentropy(np.full((2, 10), 7.0), np.array(labels))
        assert loss == pytest.approx(math.log(10), rel=1e-15)


def test_an_untrained_network_costs_more_than_ln_10(mnist_folder):
    split = split_dataset(load_dataset(str(mnist_folder), notice=None), 100)
    logits = [create_network(rng=seed).forward(split.X_val) for seed in range(20)]
    losses = [softmax_crossentropy_with_logits(z, split.y_val)[0] for z in logits]
    assert math.log(10) < 2.65 < min(losses)
    assert max(losses) < 3.65
    assert np.mean(np.square(logits)) == pytest.approx(2, abs=0.2)


def test_exp_overflows_at_89_in_float32_and_at_710_in_float64():
    with np.errstate(over="ignore"):
        assert np.isfinite(np.exp(np.float32(88)))
        assert np.isinf(np.exp(np.float32(89)))
        assert np.isfinite(np.exp(np.float64(709)))
        assert np.isinf(np.exp(np.float64(710)))


def test_he_keeps_the_deviation_and_half_of_it_loses_a_factor_of_two_a_layer():
    def deviations(factor):
        rng = np.random.default_rng(0)
        sizes = [784] + [256] * 10
        weights = [solution.he_normal(rng, *shape) * factor for shape in pairwise(sizes)]
        x = np.random.default_rng(1).standard_normal((200, 784))
        outputs = solution.network_forward(x, weights, [np.zeros(256)] * 10)
        return np.array([y.std() for y in outputs[::2]])

    he = deviations(1)
    assert he[0] == pytest.approx(math.sqrt(2), rel=0.02)
    assert (he / math.sqrt(2) < 2).all()
    assert (he / math.sqrt(2) > 0.5).all()
    np.testing.assert_allclose(deviations(0.5), he * 0.5 ** np.arange(1, 11))


def test_the_lessons_functions_are_those_of_the_core():
    network = create_network(rng=3, sizes=(5, 7, 6, 4))
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((8, 5)).astype(np.float32), rng.integers(0, 4, 8)
    weights = [layer.weights for layer in network[::2]]
    biases = [layer.biases for layer in network[::2]]
    outputs = solution.network_forward(x, weights, biases)
    for mine, core in zip(outputs, network.activations(x), strict=True):
        np.testing.assert_array_equal(mine, core)
    np.testing.assert_array_equal(solution.softmax(outputs[-1]), softmax(outputs[-1]))
    loss, _ = softmax_crossentropy_with_logits(outputs[-1], labels)
    assert solution.crossentropy(outputs[-1], labels) == pytest.approx(loss, rel=1e-6)


# ---- pictures ----


def test_every_picture_says_its_numbers():
    rng = np.random.default_rng(0)
    p = softmax(rng.standard_normal((1, 10)))[0]
    scales = np.linspace(0, 1, 5)
    losses = math.log(10) + rng.random((3, 1)) * scales
    sizes = np.linspace(0, 100, 11, dtype=np.float32)
    drawn = {
        "784 pixels": figures.pixels(rng.random((28, 28)), 4),
        "50%": figures.activations(np.array([[1.0, 0.0], [0.0, 2.0]]), "ReLU()", 2),
        f"the true class 4 has {p[4]:.2f}": figures.classes(p, "Probabilities", 4, guess=0.1),
        "He: 1 to 0.25": figures.deviations_by_layer({"He": np.array([1, 0.5, 0.25])}),
        "2.30, ln 10": figures.loss_by_spread(scales, losses),
        "no number beyond 80.0": figures.losses_by_logit(
            sizes, {"right": sizes, "wrong": np.where(sizes > 80, np.inf, sizes)}
        ),
    }
    for words, figure in drawn.items():
        assert words in alt_text(figure)
