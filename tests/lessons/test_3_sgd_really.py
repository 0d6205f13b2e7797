"""Lesson 3: right answers pass however they are written, and the lesson's laws hold."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import chainrule
from chainrule.lessons.judge import NOT_STARTED, RIGHT, WRONG, judge
from chainrule.lessons.lesson import find_lesson
from chainrule.lessons.sgd_really import figures, solution
from chainrule.lessons.sgd_really.parts import EPOCH_BATCHES, TRAIN
from chainrule.lessons.sgd_really.parts import SGD as SGD_PART
from chainrule.lessons.sgd_really.solution import SGD, epoch_batches, train
from chainrule.plots import alt_text


def judged(part, answer):
    return judge(part, answer, getattr(solution, part.name))


# ---- right answers, differently written ----


def shuffled_in_place(count, batch_size, rng):
    order = np.arange(count)
    rng.shuffle(order)
    batches = []
    first = 0
    while first < count:
        batches.append(order[first : first + batch_size])
        first += batch_size
    return batches


def sorted_by_random_keys(count, batch_size, rng):
    order = np.argsort(rng.random(count))
    return np.split(order, range(batch_size, count, batch_size))


def drawn_one_by_one(count, batch_size, rng):
    left, batches = list(range(count)), []
    while left:
        size = min(batch_size, len(left))
        batches.append(np.array([left.pop(rng.integers(len(left))) for _ in range(size)]))
    return batches


def with_the_shorter_batch_first(count, batch_size, rng):
    order = rng.choice(count, size=count, replace=False)
    rest = count % batch_size
    batches = [order[:rest]] if rest else []
    return batches + [order[i : i + batch_size] for i in range(rest, count, batch_size)]


def as_a_generator(count, batch_size, rng):
    order = rng.permutation(count)
    for first in range(0, count, batch_size):
        yield order[first : first + batch_size]


def as_lists(count, batch_size, rng):
    order = rng.permutation(count).tolist()
    return [order[first : first + batch_size] for first in range(0, count, batch_size)]


@pytest.mark.parametrize(
    "answer",
    [
        shuffled_in_place,
        sorted_by_random_keys,
        drawn_one_by_one,
        with_the_shorter_batch_first,
        as_a_generator,
        as_lists,
    ],
)
def test_any_fair_way_to_draw_batches_is_right(answer):
    assert judged(EPOCH_BATCHES, answer).status == RIGHT


class Rated:
    def __init__(self, learning_rate):
        self.learning_rate = learning_rate


class NewArray(Rated):
    def update(self, parameters, gradients):
        return parameters - self.learning_rate * gradients


class Loop(Rated):
    def update(self, parameters, gradients):
        moved = parameters.copy()
        for i in range(len(moved)):
            moved[i] -= self.learning_rate * gradients[i]
        return moved


class Einsum(Rated):
    def update(self, parameters, gradients):
        rate = np.asarray(self.learning_rate, parameters.dtype)
        return parameters - np.einsum("i,->i", gradients, rate)


class WritesInto(Rated):
    def update(self, parameters, gradients):
        parameters[:] = parameters + (-self.learning_rate) * gradients
        return parameters


class OtherAttribute:
    def __init__(self, rate):
        self.alpha = rate

    def update(self, parameters, gradients):
        step = np.multiply(gradients, -self.alpha)
        step += parameters
        return step


@pytest.mark.parametrize("answer", [NewArray, Loop, Einsum, WritesInto, OtherAttribute])
def test_sgd_may_work_in_place_or_return_a_new_array(answer):
    assert judged(SGD_PART, answer).status == RIGHT


def test_the_sgd_of_the_library_is_right():
    assert judged(SGD_PART, chainrule.SGD).status == RIGHT


def with_the_networks_own_gradients(network, X, y, num_epochs, batch_size, rng):
    losses = []
    for _ in range(num_epochs):
        order = rng.permutation(len(X))
        per_image = np.empty(len(X))
        for first in range(0, len(X), batch_size):
            rows = order[first : first + batch_size]
            per_image[rows] = network.loss_and_gradients(X[rows], y[rows])[0]
            moved = network.optimizer.update(network.parameters, network.gradients)
            network.parameters[:] = moved
        losses.append(per_image.mean())
    return losses


def with_shuffled_copies(network, X, y, num_epochs, batch_size, rng):
    losses = np.zeros(num_epochs)
    for epoch in range(num_epochs):
        order = np.arange(len(X))
        rng.shuffle(order)
        X, y = X[order], y[order]
        for first in range(0, len(X), batch_size):
            part = slice(first, first + batch_size)
            loss, gradients = network.loss_and_gradients(X[part], y[part])
            network.parameters = network.optimizer.update(network.parameters.copy(), gradients)
            losses[epoch] += loss * len(X[part]) / len(X)
    return losses


def with_a_weighted_average(network, X, y, num_epochs, batch_size, rng):
    def step(batch):
        loss, gradients = network.loss_and_gradients(X[batch], y[batch])
        network.parameters = network.optimizer.update(network.parameters, gradients)
        return loss

    losses = []
    while len(losses) < num_epochs:
        batches = sorted_by_random_keys(len(X), batch_size, rng)
        means = [step(batch) for batch in batches]
        losses.append(float(np.average(means, weights=[len(batch) for batch in batches])))
    return losses


def by_the_librarys_step(network, X, y, num_epochs, batch_size, rng):
    losses = []
    for _ in range(num_epochs):
        batches = with_the_shorter_batch_first(len(X), batch_size, rng)
        sums = [chainrule.train_batch(network, X[b], y[b]) * len(b) for b in batches]
        losses.append(sum(sums) / len(X))
    return losses


@pytest.mark.parametrize(
    "answer",
    [
        with_the_networks_own_gradients,
        with_shuffled_copies,
        with_a_weighted_average,
        by_the_librarys_step,
    ],
)
def test_any_loop_that_does_the_right_steps_is_right(answer):
    assert judged(TRAIN, answer).status == RIGHT


# ---- what goes wrong is said in words that help ----


def test_a_forgotten_return_is_named():
    class Forgets(Rated):
        def update(self, parameters, gradients):
            parameters -= self.learning_rate * gradients

    for part, answer in (
        (EPOCH_BATCHES, lambda count, batch_size, rng: None),
        (SGD_PART, Forgets),
        (TRAIN, lambda network, X, y, num_epochs, batch_size, rng: None),
    ):
        result = judged(part, answer)
        assert result.status == WRONG
        assert "is a return missing?" in result.lines[-1]


def test_float_indices_are_refused():
    def floats(count, batch_size, rng):
        return [batch.astype(float) for batch in epoch_batches(count, batch_size, rng)]

    assert "must be whole numbers" in judged(EPOCH_BATCHES, floats).lines[-1]


def test_a_mistake_is_recognised_whatever_drew_the_order():
    """The bank draws with rng.integers and rng.permutation; a learner may use anything."""

    def with_replacement(count, batch_size, rng):
        starts = range(0, count, batch_size)
        return [rng.choice(count, min(batch_size, count - first)) for first in starts]

    def inside_batches(count, batch_size, rng):
        indices = np.arange(count)
        return [rng.permutation(indices[i : i + batch_size]) for i in range(0, count, batch_size)]

    def two_orders(network, X, y, num_epochs, batch_size, rng):
        y = rng.permutation(y)
        return with_a_weighted_average(network, X, y, num_epochs, batch_size, rng)

    def mean_of_means(network, X, y, num_epochs, batch_size, rng):
        losses = []
        for _ in range(num_epochs):
            batches = sorted_by_random_keys(len(X), batch_size, rng)
            losses.append(np.mean([chainrule.train_batch(network, X[b], y[b]) for b in batches]))
        return losses

    assert judged(EPOCH_BATCHES, with_replacement).mistake == "with-replacement"
    assert judged(EPOCH_BATCHES, inside_batches).mistake == "shuffled-inside-batches"
    assert judged(TRAIN, two_orders).mistake == "labels-shuffled-apart"
    assert judged(TRAIN, mean_of_means).mistake == "mean-of-batch-means"


def test_steps_of_equal_length_through_the_indices_are_no_shuffle():
    def strided(count, batch_size, rng):
        strides = [k for k in range(1, count) if np.gcd(k, count) == 1]
        order = np.arange(count) * rng.choice(strides) + rng.integers(count)
        return np.split(order % count, range(batch_size, count, batch_size))

    found = judged(EPOCH_BATCHES, strided)
    assert (found.status, found.mistake) == (WRONG, "")
    assert "300 epochs" in " ".join(found.lines)


def test_a_list_of_numbers_is_said_to_be_no_array():
    class Lists(Rated):
        def update(self, parameters, gradients):
            moved = zip(parameters, gradients, strict=True)
            return [float(p - self.learning_rate * g) for p, g in moved]

    found = judged(SGD_PART, Lists)
    assert (found.kind, found.mistake) == ("error", "")
    assert "must return an array, not a list" in found.lines[-1]


def test_parameters_that_are_reset_each_epoch_are_not_said_to_stand_still():
    def resetting(network, X, y, num_epochs, batch_size, rng):
        losses = []
        for _ in range(num_epochs):
            start = np.zeros_like(network.parameters)
            losses += with_a_weighted_average(network, X, y, 1, batch_size, rng)
            network.parameters = start
        return losses

    found = judged(TRAIN, resetting)
    assert (found.kind, found.mistake) == ("value", "")
    assert "parameters" in " ".join(found.lines)


def test_a_wrong_sampler_is_recognised_in_the_loop_that_calls_it():
    def train_with(sampler):
        def answer(network, X, y, num_epochs, batch_size, rng):
            losses = []
            for _ in range(num_epochs):
                batches = sampler(len(X), batch_size, rng)
                sums = [chainrule.train_batch(network, X[b], y[b]) * len(b) for b in batches]
                losses.append(sum(sums) / len(X))
            return losses

        return answer

    samplers = {wrong.name: wrong.answer for wrong in EPOCH_BATCHES.wrong_answers}
    for name in ("examples-missed", "own-generator", "batches-only-shuffled"):
        assert judged(TRAIN, train_with(samplers[name])).mistake == name


def test_a_loop_whose_sampler_is_not_written_has_not_started():
    namespace = {}
    exec(find_lesson(3).template, namespace)
    for part in (EPOCH_BATCHES, SGD_PART, TRAIN):
        assert judged(part, namespace[part.name]).status == NOT_STARTED


# ---- what the page claims ----


def small_problem(count=60):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((count, 5)), rng.integers(0, 3, count)
    layers = [chainrule.Dense(5, 8), chainrule.ReLU(), chainrule.Dense(8, 3)]
    return chainrule.Network(layers, rng=1, dtype=np.float64), X, y


def test_the_loop_trains_a_network_of_the_library_as_the_library_does():
    network, X, y = small_problem()
    same = network.copy()
    network.optimizer, same.optimizer = SGD(0.1), chainrule.SGD(0.1)
    losses = train(network, X, y, 3, 16, np.random.default_rng(4))
    rng = np.random.default_rng(4)
    for loss in losses:
        batches = epoch_batches(len(X), 16, rng)
        sums = [chainrule.train_batch(same, X[b], y[b]) * len(b) for b in batches]
        assert loss == pytest.approx(sum(sums) / len(X), rel=1e-12)
    np.testing.assert_allclose(network.parameters, same.parameters, rtol=1e-12)


def test_the_batches_of_an_epoch_average_to_the_full_gradient():
    network, X, y = small_problem()
    _, full = network.loss_and_gradients(X, y)
    full = full.copy()
    batches = epoch_batches(len(X), 7, np.random.default_rng(0))
    parts = [network.loss_and_gradients(X[b], y[b])[1] * len(b) for b in batches]
    np.testing.assert_allclose(sum(parts) / len(X), full, atol=1e-14)


def test_the_noise_of_a_batch_is_that_of_an_image_over_the_root_of_its_size():
    """E |g_B - g|² = s² / B · (N - B) / (N - 1), when B of N are drawn without replacement."""
    network, X, y = small_problem()
    count = len(X)
    single = np.array([network.loss_and_gradients(X[[i]], y[[i]])[1].copy() for i in range(count)])
    full = single.mean(axis=0)
    variance = np.mean(np.sum((single - full) ** 2, axis=1))
    rng = np.random.default_rng(0)
    for batch_size in (1, 5, 20):
        drawn = [
            np.sum((single[rng.choice(count, batch_size, replace=False)].mean(axis=0) - full) ** 2)
            for _ in range(4000)
        ]
        expected = variance / batch_size * (count - batch_size) / (count - 1)
        assert np.mean(drawn) == pytest.approx(expected, rel=0.05)


def test_the_teachers_page_quotes_every_mistake_with_the_sentence_of_the_check():
    page = Path(__file__).parents[2] / "docs" / "teaching" / f"{find_lesson(3).page}.md"
    words = page.read_text(encoding="utf-8")
    for part in find_lesson(3).parts:
        for wrong in part.wrong_answers:
            assert f"| `{wrong.name}` | {wrong.hint} |" in words


def test_the_losses_of_the_stand_in_are_those_on_the_teachers_board():
    case = TRAIN.cases(np.random.default_rng(0))[1]
    case = {**case, "rng": np.random.default_rng(0)}
    assert (len(case["X"]), case["batch_size"]) == (10, 4)
    losses, *_ = TRAIN.run(train, case)
    assert 7000 * losses[0] == pytest.approx(3.6)


# ---- the pictures ----


def drawn_text(figure):
    """Return the words and the box of every text that is drawn."""
    FigureCanvasAgg(figure).draw()
    outside = set()  # ticks beyond the ends of their axis are not drawn
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    outside |= {tick.label1, tick.label2}
    found = {}
    for text in set(figure.findobj(Text)) - outside:
        box = text.get_window_extent()
        if text.get_visible() and text.get_text().strip():
            found[text.get_text(), *box.extents.round(1)] = (text.get_text(), box)
    return list(found.values())


def pictures():
    sizes = np.array([1, 4, 16, 64, 256, 1024])
    noise = {"before training": 7 / np.sqrt(sizes), "after five epochs": 18 / np.sqrt(sizes)}
    yield figures.gradient_noise(sizes.tolist(), noise, noise)
    seen = np.arange(16, 3001, 80)
    orders = {"shuffled": np.full(len(seen), 0.8), "sorted by class": np.full(len(seen), 0.1)}
    yield figures.order_matters(seen, orders, np.full(10, 300))
    curves = {rate: np.linspace(2.9, end, 31) for rate, end in ((0.001, 1.4), (0.05, 0.2))}
    yield figures.three_rates({**curves, 1.0: np.full(31, np.inf)}, 10)
    rates = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 1.0)
    losses = {rate: abs(np.log(rate / 0.1)) for rate in rates}
    yield figures.rate_and_batch({1: {**losses, 1.0: np.nan}, 16: losses, 256: losses}, 200)
    looks = np.geomspace(1, 6000, 16)
    run = np.column_stack([looks, 16 * looks, looks / 1e4, 3 / np.sqrt(looks)])
    names = [f"B = {size}, {figures.ALPHA} = 0.003" for size in (1, 16, 256, "all")]
    yield figures.three_axes(dict.fromkeys(names, run))
    across, up = np.linspace(-1, 6, 22), np.linspace(-0.8, 1.6, 17)
    surface = 0.1 + (across - 4) ** 2 / 8 + up[:, None] ** 2
    path = np.column_stack(
        [np.linspace(-0.5, 4, 9), np.linspace(1.4, 0, 9), np.linspace(3, 0.1, 9)]
    )
    paths = {"all 1,000 images": path, "batches of 4": path}
    for step in (0, 1, 8):
        yield figures.descent((across, up), surface, paths, step)


def test_the_pictures_have_alt_texts_with_numbers_and_no_text_overlaps():
    for figure in pictures():
        assert re.search(r"\d", alt_text(figure))
        for (words, box), (others, other) in combinations(drawn_text(figure), 2):
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            down = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert across <= 1 or down <= 2, f"{words!r} overlaps {others!r}"
