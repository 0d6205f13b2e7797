"""Lesson 3: the cases, hints and wrong answers of its parts.

An order can be drawn in many right ways, so that no draw is compared with the solution's: what is
compared is what every right order has in common.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checks import Array
from chainrule.layers import Layer
from chainrule.lessons.lesson import Case, Part, Rng, WrongAnswer
from chainrule.lessons.sgd_really import solution
from chainrule.network import Network
from chainrule.proof import faults

epoch_batches: Callable[..., Any] = solution.epoch_batches
EPOCHS = 3  # drawn one after the other from one generator
MANY = 300  # epochs, in which any two indices share a batch at times, all but surely
DEVIATIONS = 6  # so far from the expected number of times chance hardly ever goes

# ---- epoch_batches ----


def _batches_cases(rng: np.random.Generator) -> list[Case]:
    sizes = ((12, 4), (10, 4), (11, 1), (9, 20))
    return [
        {"count": count, "batch_size": batch_size, "rng": Rng(seed)}
        for seed, (count, batch_size) in enumerate(sizes, start=1)
    ]


def _run_batches(answer: Any, case: Case) -> tuple[Any, ...]:
    """Return the sizes of one epoch's batches, and what is true of three and of 300 epochs."""
    twin = copy.deepcopy(case["rng"])
    drawn = [answer(**case) for _ in range(EPOCHS)]
    again = answer(**{**case, "rng": twin})
    if drawn[0] is None:
        return None, *(False,) * (len(EPOCH_BATCHES.outputs) - 1)
    epochs = [[np.asarray(batch) for batch in batches] for batches in drawn]
    first = [np.asarray(batch) for batch in again]
    indices = _order(epochs[0])
    by_size = sorted(epochs[0], key=np.size, reverse=True)  # the shorter one may come anywhere
    return (
        [np.ones_like(batch) for batch in by_size] or [np.ones(0, np.int64)],
        all(set(range(case["count"])) <= set(_order(epoch)) for epoch in epochs),
        all(len(set(_order(epoch))) == len(_order(epoch)) for epoch in epochs),
        indices != sorted(indices),
        *_novelty(epochs),
        _order(first) == indices,
        *_meetings(answer, case),
    )


def _meetings(answer: Any, case: Case) -> tuple[int, bool]:
    """Return how many pairs of indices ever share a batch, and whether all do so equally often."""
    count, batch_size = case["count"], case["batch_size"]
    places = np.empty((MANY, count), np.int64)  # of each index: the number of its batch
    for epoch in range(MANY):
        batches = [np.ravel(batch) for batch in answer(**case)]
        indices = _order(batches)
        if sorted(indices) != list(range(count)):  # another output says so
            return 0, False
        numbers = np.repeat(np.arange(len(batches)), [len(batch) for batch in batches])
        places[epoch, np.array(indices, np.int64)] = numbers
    one, other = np.triu_indices(count, 1)
    times = (places[:, one] == places[:, other]).sum(axis=0)  # (pairs,)
    whole, rest = divmod(count, batch_size)
    share = (whole * math.comb(batch_size, 2) + math.comb(rest, 2)) / math.comb(count, 2)
    allowed = DEVIATIONS * math.sqrt(MANY * share * (1 - share))
    return int((times > 0).sum()), bool((abs(times - MANY * share) <= allowed).all())


def _order(epoch: list[Array]) -> list[Any]:
    """Return the indices of an epoch in the order in which they come."""
    return [index for batch in epoch for index in np.ravel(batch).tolist()]


def _novelty(epochs: list[list[Array]]) -> tuple[bool, bool]:
    """Return whether every epoch has an order of its own, and whether batches are mixed anew."""
    orders = {tuple(_order(epoch)) for epoch in epochs}
    groups = {frozenset(frozenset(np.ravel(b).tolist()) for b in epoch) for epoch in epochs}
    return len(orders) == len(epochs), len(groups) > 1


def _starts(count: int, batch_size: int) -> range:
    return range(0, count, batch_size)


def _rest_missed(count: int, batch_size: int, rng: Any) -> Any:
    return epoch_batches(count, batch_size, rng)[: count // batch_size]


def _empty_batch(count: int, batch_size: int, rng: Any) -> Any:
    order = rng.permutation(count)
    return [order[i * batch_size :][:batch_size] for i in range(count // batch_size + 1)]


def _even_batches(count: int, batch_size: int, rng: Any) -> Any:
    return np.array_split(rng.permutation(count), math.ceil(count / batch_size))


def _one_too_short(count: int, batch_size: int, rng: Any) -> Any:
    order = rng.permutation(count)
    return [order[i : i + batch_size - 1] for i in _starts(count, batch_size)]


def _batch_count_for_size(count: int, batch_size: int, rng: Any) -> Any:
    return np.array_split(rng.permutation(count), batch_size)


def _whole_order(count: int, batch_size: int, rng: Any) -> Any:
    return rng.permutation(count)


def _with_replacement(count: int, batch_size: int, rng: Any) -> Any:
    drawn = rng.integers(0, count, count)
    return [drawn[i : i + batch_size] for i in _starts(count, batch_size)]


def _never_shuffled(count: int, batch_size: int, rng: Any) -> Any:
    order = np.arange(count)
    return [order[i : i + batch_size] for i in _starts(count, batch_size)]


def _same_order(count: int, batch_size: int, rng: Any) -> Any:
    return epoch_batches(count, batch_size, np.random.default_rng(0))


def _own_generator(count: int, batch_size: int, rng: Any) -> Any:
    return epoch_batches(count, batch_size, np.random.default_rng())


def _shuffled_batches(count: int, batch_size: int, rng: Any) -> Any:
    batches = _never_shuffled(count, batch_size, rng)
    return [batches[i] for i in rng.permutation(len(batches))]


def _shuffled_inside(count: int, batch_size: int, rng: Any) -> Any:
    return [rng.permutation(batch) for batch in _never_shuffled(count, batch_size, rng)]


def _rotated(count: int, batch_size: int, rng: Any) -> Any:
    order = np.roll(np.arange(count), rng.integers(count))
    return [order[i : i + batch_size] for i in _starts(count, batch_size)]


def _last_stays(count: int, batch_size: int, rng: Any) -> Any:
    order = np.append(rng.permutation(count - 1), count - 1)
    return [order[i : i + batch_size] for i in _starts(count, batch_size)]


def _half_shuffled(count: int, batch_size: int, rng: Any) -> Any:
    order = np.arange(count)
    order[: count // 2] = rng.permutation(count // 2)
    return [order[i : i + batch_size] for i in _starts(count, batch_size)]


def _two_swapped(count: int, batch_size: int, rng: Any) -> Any:
    order = np.arange(count)
    one, other = rng.choice(count, 2, replace=False)
    order[[one, other]] = order[[other, one]]
    return [order[i : i + batch_size] for i in _starts(count, batch_size)]


def _from_one(count: int, batch_size: int, rng: Any) -> Any:
    return [batch + 1 for batch in epoch_batches(count, batch_size, rng)]


EPOCH_BATCHES = Part(
    name="epoch_batches",
    cases=_batches_cases,
    run=_run_batches,
    outputs=(
        "batches",
        "every_index_there",
        "no_index_twice",
        "shuffled",
        "new_order_each_epoch",
        "new_batches_each_epoch",
        "same_seed_same_batches",
        f"'in {MANY} epochs so many pairs of indices share a batch'",
        "'all pairs do so about equally often'",
    ),
    hints=(
        "What do you get if you shuffle a pack of cards, and then deal it out in heaps of four?",
        "rng.permutation(count) is the shuffled pack; a slice that begins at 0, batch_size, "
        "2 * batch_size and so on is a heap. A slice that goes beyond the end stops there.",
        "order = rng.permutation(count), then the list of order[first : first + batch_size] for "
        "first in range(0, count, batch_size)",
    ),
    wrong_answers=(
        WrongAnswer(
            "examples-missed",
            _rest_missed,
            "The last, smaller batch is missing: count // batch_size rounds down. Let the starts "
            "of the batches run up to count.",
        ),
        WrongAnswer(
            "empty-batch",
            _empty_batch,
            "There is an empty batch where batch_size divides count: count // batch_size + 1 is "
            "one too many there, and the mean of no losses is not a number.",
        ),
        WrongAnswer(
            "even-batches",
            _even_batches,
            "The batches are made equally long, as np.array_split does. Fill each of them up to "
            "batch_size; only the last one is shorter.",
        ),
        WrongAnswer(
            "one-too-short",
            _one_too_short,
            "Each batch lacks its last index: a slice ends before its second number, so take "
            "first : first + batch_size, without - 1.",
        ),
        WrongAnswer(
            "count-for-size",
            _batch_count_for_size,
            "batch_size is taken for the number of batches. It is how many indices each of them "
            "holds.",
        ),
        WrongAnswer(
            "not-cut",
            _whole_order,
            "The order is there, but it is not cut: return a list of arrays of batch_size indices.",
        ),
        WrongAnswer(
            "with-replacement",
            _with_replacement,
            "Indices are drawn with replacement: about a third of them is missed in each epoch, "
            "others come twice. Shuffle them all, and then cut.",
        ),
        WrongAnswer(
            "indices-from-one",
            _from_one,
            "The indices run from 1 to count: image 0 is never seen, and index count is none. "
            "They are 0 to count - 1.",
        ),
        WrongAnswer(
            "never-shuffled",
            _never_shuffled,
            "Nothing is shuffled: data that is sorted by class gives batches of one class.",
        ),
        WrongAnswer(
            "same-order-every-epoch",
            _same_order,
            "Each call gives the same order: a generator that is made inside with a fixed seed "
            "begins anew each time. Draw from the rng that comes in.",
        ),
        WrongAnswer(
            "own-generator",
            _own_generator,
            "The order does not come from rng alone, so that a run cannot be repeated. Draw from "
            "the rng that comes in, not from np.random.",
        ),
        WrongAnswer(
            "batches-only-shuffled",
            _shuffled_batches,
            "The same indices share a batch in every epoch: only the order of the batches is "
            "shuffled. Shuffle the indices first, then cut.",
        ),
        WrongAnswer(
            "shuffled-inside-batches",
            _shuffled_inside,
            "The same indices share a batch in every epoch: each batch is shuffled in itself. "
            "Shuffle all indices first, then cut.",
        ),
        WrongAnswer(
            "only-rotated",
            _rotated,
            "The indices are turned round, not shuffled: neighbours stay neighbours, and sorted "
            "data still gives batches of one class. Use rng.permutation.",
        ),
        WrongAnswer(
            "last-never-moves",
            _last_stays,
            "The last index always comes last: permutation(count - 1) leaves it out of the "
            "shuffle. Shuffle all count indices.",
        ),
        WrongAnswer(
            "half-shuffled",
            _half_shuffled,
            "Only the first half of the indices is shuffled, the second stays as it is. Shuffle "
            "all of them.",
        ),
        WrongAnswer(
            "two-swapped",
            _two_swapped,
            "Two indices change places, and all others stay where they are: that is no shuffle. "
            "Use rng.permutation.",
        ),
    ),
)

# ---- SGD ----


def _sgd_cases(rng: np.random.Generator) -> list[Case]:
    def case(steps: int, n: int, learning_rate: float, dtype: Any = np.float64) -> Case:
        return {
            "learning_rate": learning_rate,
            "parameters": rng.standard_normal(n).astype(dtype),
            "gradients": rng.standard_normal((steps, n)).astype(dtype),
        }

    return [case(1, 3, 0.5), case(3, 4, 0.1), case(2, 1, 2.0), case(2, 5, 0.25, np.float32)]


def _run_sgd(answer: Any, case: Case) -> tuple[Any, ...]:
    """Do a step along each row of the gradients; return the parameters after each step."""
    optimizer = answer(case["learning_rate"])
    answer(3 * case["learning_rate"])  # another optimizer, which is none of this one's business
    parameters, after = case["parameters"], []
    for gradients in case["gradients"]:
        parameters = optimizer.update(parameters, gradients)
        if parameters is None:
            return None, False
        if not isinstance(parameters, np.ndarray):
            raise TypeError(f"update must return an array, not a {type(parameters).__name__}")
        after.append(parameters.copy())
    return after, all(array.dtype == case["gradients"].dtype for array in after)


class _RatedSGD:
    """What the wrong answers share."""

    def __init__(self, learning_rate: Any) -> None:
        self.learning_rate = learning_rate


class _UphillSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        return parameters + self.learning_rate * gradients


class _TwiceAveragingSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        return parameters - self.learning_rate * gradients / len(gradients)


class _RatelessSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        return parameters - gradients


class _FixedRateSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        return parameters - 0.01 * gradients


class _SharedRateSGD:
    learning_rate: Any = None

    def __init__(self, learning_rate: Any) -> None:
        type(self).learning_rate = learning_rate

    def update(self, parameters: Any, gradients: Any) -> Any:
        return parameters - self.learning_rate * gradients


class _StepReturningSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        return self.learning_rate * gradients


class _DividingSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        return parameters - gradients / self.learning_rate


class _NormalisingSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        return parameters - self.learning_rate * gradients / np.linalg.norm(gradients)


class _UpcastingSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        return parameters - np.float64(self.learning_rate) * gradients


class _GradientScalingSGD(_RatedSGD):
    def update(self, parameters: Any, gradients: Any) -> Any:
        gradients *= self.learning_rate
        return parameters - gradients


SGD = Part(
    name="SGD",
    cases=_sgd_cases,
    run=_run_sgd,
    outputs=("parameters", "dtype_kept"),
    changes=("parameters",),
    keeps_dtype=True,
    hints=(
        "The gradient points to where the loss rises fastest. Which way do you go, and how far?",
        "Each parameter loses the learning rate times its gradient.",
        "parameters -= self.learning_rate * gradients, then return parameters",
    ),
    wrong_answers=(
        WrongAnswer(
            "step-uphill",
            _UphillSGD,
            "The step goes uphill: the gradient points to where the loss grows. Subtract it.",
        ),
        WrongAnswer(
            "averaged-twice",
            _TwiceAveragingSGD,
            "The gradients are divided by their length here. The loss has taken the mean over the "
            "batch, and nothing else divides.",
        ),
        WrongAnswer(
            "no-rate",
            _RatelessSGD,
            "The learning rate is missing: the step is the rate times the gradient.",
        ),
        WrongAnswer(
            "fixed-rate",
            _FixedRateSGD,
            "The rate is 0.01 whatever was asked for: use self.learning_rate.",
        ),
        WrongAnswer(
            "shared-rate",
            _SharedRateSGD,
            "Two optimizers share one rate, the last one given: it is kept on the class. Keep it "
            "on the object, self.learning_rate.",
        ),
        WrongAnswer(
            "step-returned",
            _StepReturningSGD,
            "The step is returned, not the place that it leads to: return the moved parameters.",
        ),
        WrongAnswer(
            "rate-divides",
            _DividingSGD,
            "The gradient is divided by the rate, so that a small rate makes long steps. Multiply.",
        ),
        WrongAnswer(
            "unit-step",
            _NormalisingSGD,
            "The gradient is divided by its norm, so that all steps are equally long. SGD's step "
            "becomes short where the slope does.",
        ),
        WrongAnswer(
            "integer-parameters",
            faults.WholeNumberSGD,
            "The parameters are cut to whole numbers, so that steps below 1 are lost. Leave them "
            "floats: neither astype(int) nor an array of integers.",
        ),
        WrongAnswer(
            "float64-creep",
            _UpcastingSGD,
            "float32 comes in and float64 goes out: a float64 array or np.float64 is in the "
            "formula. A Python number keeps float32.",
        ),
        WrongAnswer(
            "gradients-scaled",
            _GradientScalingSGD,
            "The gradients are scaled in place, and they are not yours. Write rate * gradients, "
            "which makes a new array.",
        ),
    ),
)

# ---- train ----


@dataclass(frozen=True)
class _StandIn:
    """Stands in a case for a fresh network that writes down what it is given."""

    def __repr__(self) -> str:
        return "a stand-in that writes its calls down; its losses and gradients are made up"


class _KnownGradient(Layer):
    """Passes its input on; its gradient is what the witness wants."""

    def __init__(self) -> None:
        self.parameters["weights"] = np.zeros(3)

    def backward(self, grad_y: Array) -> None:
        self.gradients["weights"][...] = grad_y[0, 0] * np.array([1.0, -2.0, 0.5])


class _Witness:
    """Loss and optimizer of the stand-in: it writes images, labels and losses down.

    Image i has i + 1 in its first column. The loss depends on the size of the batch and on the
    epoch, the gradient on the number of the call, and neither on which images they are: whatever
    the order, the right loop gives the same numbers.
    """

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.network: Network | None = None
        self.calls: list[tuple[Array, Array]] = []
        self.met: list[Array] = []  # the parameters at each call
        self.losses: list[float] = []

    def loss(self, outputs: Array, labels: Any) -> tuple[float, Array]:
        images = np.rint(outputs[:, 0]).astype(int) - 1
        if images[0] < 0:  # validation, as the loops of `faults` do it
            return 0.0, np.zeros_like(outputs)
        epoch = len(self.calls) // self.steps_per_epoch
        self.calls.append((images, np.array(labels)))
        if self.network is not None:
            self.met.append(self.network.parameters.copy())
        self.losses.append(float(len(images) + 10 * epoch))
        return self.losses[-1], np.full_like(outputs, len(self.calls))

    def update(self, parameters: Array, gradients: Array) -> Array:
        return parameters - 0.5 * gradients  # a new array, as an own optimizer may return

    def epochs(self, num_epochs: int) -> list[list[Array]]:
        """Return the images of each batch, by epoch."""
        size = max(1, len(self.calls) // num_epochs)
        images = [images for images, _ in self.calls]
        return [images[first : first + size] for first in range(0, len(images), size)]


def _train_cases(rng: np.random.Generator) -> list[Case]:
    sizes = ((12, 4, 2), (10, 4, 3), (9, 2, 2), (10, 20, 2))
    return [
        {
            "network": _StandIn(),
            "X": np.column_stack([np.arange(1.0, count + 1), rng.standard_normal(count)]),
            "y": (7 * np.arange(count) + 3) % count,
            "num_epochs": num_epochs,
            "batch_size": batch_size,
            "rng": Rng(seed),
        }
        for seed, (count, batch_size, num_epochs) in enumerate(sizes, start=1)
    ]


def _run_train(answer: Any, case: Case) -> tuple[Any, ...]:
    """Train the stand-in; return losses, its parameters, and what is true of what it was given."""
    count, num_epochs = len(case["X"]), case["num_epochs"]
    labels = case["y"].copy()

    def run(rng: Any) -> tuple[Any, _Witness, Network]:
        witness = _Witness(math.ceil(count / case["batch_size"]))
        layers = [_KnownGradient()]
        network = Network(layers, loss=witness.loss, optimizer=witness, dtype=np.float64)
        witness.network = network
        return answer(**{**case, "network": network, "rng": rng}), witness, network

    twin = copy.deepcopy(case["rng"])
    losses, witness, network = run(case["rng"])
    _, again, _ = run(twin)
    epochs = witness.epochs(num_epochs)
    new_order, new_batches = _novelty(epochs)
    return (
        losses if losses is None else np.asarray(losses),
        len(witness.calls),
        [*witness.met, network.parameters.copy()][min(1, len(witness.met))],
        network.parameters.copy(),
        all(sorted(_order(epoch)) == list(range(count)) for epoch in epochs),
        all(np.array_equal(given, labels[images]) for images, given in witness.calls),
        new_order,
        new_batches,
        [_order(epoch) for epoch in epochs]
        == [_order(epoch) for epoch in again.epochs(num_epochs)],
    )


def _by_fault(train: Callable[..., Any]) -> Callable[..., Any]:
    """Return a faulty loop of the bank as the learner would have written it."""

    def answer(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
        seed = int(rng.integers(2**31))
        train(network, X, y, -X, y, num_epochs, batch_size, seed=seed)
        witness = network.optimizer
        sizes = [len(images) for images, _ in witness.calls]
        sums = np.array(witness.losses) * sizes
        return [part.sum() / len(X) for part in np.split(sums, num_epochs)]

    return answer


def _step(network: Any, X: Any, y: Any) -> float:
    loss, gradients = network.loss_and_gradients(X, y)
    network.parameters = network.optimizer.update(network.parameters, gradients)
    return float(loss)


def _batches(count: int, batch_size: int, num_epochs: int, rng: Any) -> Iterator[list[Array]]:
    for _ in range(num_epochs):
        yield epoch_batches(count, batch_size, rng)


def _mean_of_means(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
    return [
        np.mean([_step(network, X[batch], y[batch]) for batch in batches])
        for batches in _batches(len(X), batch_size, num_epochs, rng)
    ]


def _sum_of_means(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
    return [
        sum(_step(network, X[batch], y[batch]) for batch in batches)
        for batches in _batches(len(X), batch_size, num_epochs, rng)
    ]


def _means_over_images(
    network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any
) -> Any:
    return [
        sum(_step(network, X[batch], y[batch]) for batch in batches) / len(X)
        for batches in _batches(len(X), batch_size, num_epochs, rng)
    ]


def _last_loss(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
    return [
        [_step(network, X[batch], y[batch]) for batch in batches][-1]
        for batches in _batches(len(X), batch_size, num_epochs, rng)
    ]


def _loss_of_steps(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
    return [
        _step(network, X[batch], y[batch])
        for batches in _batches(len(X), batch_size, num_epochs, rng)
        for batch in batches
    ]


def _never_reset(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
    losses, loss_sum = [], 0.0
    for batches in _batches(len(X), batch_size, num_epochs, rng):
        loss_sum += sum(_step(network, X[batch], y[batch]) * len(batch) for batch in batches)
        losses.append(loss_sum / len(X))
    return losses


def _by_step(step: Callable[[Any, Any, Any, dict[str, Any]], float]) -> Callable[..., Any]:
    """Return the loop with another step; the dict is what it keeps from batch to batch."""

    def answer(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
        kept: dict[str, Any] = {}
        return [
            sum(step(network, X[batch], y[batch], kept) * len(batch) for batch in batches) / len(X)
            for batches in _batches(len(X), batch_size, num_epochs, rng)
        ]

    return answer


def _update_first(network: Any, X: Any, y: Any, kept: dict[str, Any]) -> float:
    network.parameters = network.optimizer.update(network.parameters, network.gradients)
    loss, _ = network.loss_and_gradients(X, y)
    return float(loss)


def _accumulating(network: Any, X: Any, y: Any, kept: dict[str, Any]) -> float:
    loss, gradients = network.loss_and_gradients(X, y)
    kept["sum"] = kept.get("sum", 0) + gradients
    network.parameters = network.optimizer.update(network.parameters, kept["sum"])
    return float(loss)


def _first_gradients(network: Any, X: Any, y: Any, kept: dict[str, Any]) -> float:
    loss, gradients = network.loss_and_gradients(X, y)
    kept.setdefault("first", gradients.copy())
    network.parameters = network.optimizer.update(network.parameters, kept["first"])
    return float(loss)


def _parameters_dropped(network: Any, X: Any, y: Any, kept: dict[str, Any]) -> float:
    loss, gradients = network.loss_and_gradients(X, y)
    network.optimizer.update(network.parameters, gradients)
    return float(loss)


def _averaging(network: Any, X: Any, y: Any, kept: dict[str, Any]) -> float:
    loss, gradients = network.loss_and_gradients(X, y)
    network.parameters = network.optimizer.update(network.parameters, gradients / len(X))
    return float(loss)


def _loss_after(network: Any, X: Any, y: Any, kept: dict[str, Any]) -> float:
    _step(network, X, y)
    return float(network.loss_and_gradients(X, y)[0])


def _one_update_an_epoch(
    network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any
) -> Any:
    losses = []
    for batches in _batches(len(X), batch_size, num_epochs, rng):
        losses_here = [network.loss_and_gradients(X[batch], y[batch])[0] for batch in batches]
        loss_sum = np.dot(losses_here, [len(batch) for batch in batches])
        network.parameters = network.optimizer.update(network.parameters, network.gradients)
        losses.append(loss_sum / len(X))
    return losses


def _all_images(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
    return [
        sum(_step(network, X, y) * len(batch) for batch in batches) / len(X)
        for batches in _batches(len(X), batch_size, num_epochs, rng)
    ]


def _one_order(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
    batches = epoch_batches(len(X), batch_size, rng)
    return [
        sum(_step(network, X[batch], y[batch]) * len(batch) for batch in batches) / len(X)
        for _ in range(num_epochs)
    ]


def _new_generator(network: Any, X: Any, y: Any, num_epochs: int, batch_size: int, rng: Any) -> Any:
    whatever = np.random.default_rng()
    return _by_step(lambda *step: _step(*step[:3]))(network, X, y, num_epochs, batch_size, whatever)


TRAIN = Part(
    name="train",
    cases=_train_cases,
    run=_run_train,
    outputs=(
        "losses",
        "batches_seen",
        "parameters_after_the_first_step",
        "parameters",
        "each_image_once_an_epoch",
        "labels_of_these_images",
        "new_order_each_epoch",
        "new_batches_each_epoch",
        "same_seed_same_batches",
    ),
    hints=(
        "What has to happen once for each epoch, and what once for each batch?",
        "For each batch: loss and gradients of X[batch], y[batch]; the update, given back to "
        "network.parameters; loss * len(batch) onto a sum. For each epoch: the sum over len(X).",
        "loss, gradients = network.loss_and_gradients(X[batch], y[batch]), then network.parameters "
        "= network.optimizer.update(network.parameters, gradients)",
    ),
    wrong_answers=(
        WrongAnswer(
            "labels-shuffled-apart",
            _by_fault(faults.train_with_labels_apart),
            "Images come with the labels of other images: X and y are shuffled apart. Use the same "
            "indices for both, X[batch] and y[batch].",
        ),
        WrongAnswer(
            "examples-missed",
            _by_fault(faults.train_without_the_rest),
            "The last, smaller batch of an epoch is not trained on. Take all batches that "
            "epoch_batches gives; is that part right?",
        ),
        WrongAnswer(
            "batches-only-shuffled",
            _by_fault(faults.train_with_shuffled_batches),
            "The same images share a batch in every epoch: only the order of the batches changes. "
            "Call epoch_batches anew in each epoch, and see that it mixes them.",
        ),
        WrongAnswer(
            "same-order-every-epoch",
            _one_order,
            "Every epoch has the same batches in the same order: call epoch_batches inside the "
            "loop over epochs, not before it, and see that it shuffles anew.",
        ),
        WrongAnswer(
            "own-generator",
            _new_generator,
            "The order does not come from rng alone, so that a run cannot be repeated. Hand the "
            "rng that comes in on to epoch_batches.",
        ),
        WrongAnswer(
            "mean-of-batch-means",
            _mean_of_means,
            "The images of the smaller last batch count for more than others: this is the mean of "
            "the batches' means. Weigh each loss with len(batch), and divide by len(X).",
        ),
        WrongAnswer(
            "losses-summed",
            _sum_of_means,
            "The losses of the batches are added up and never averaged, so that they grow with the "
            "number of batches.",
        ),
        WrongAnswer(
            "averaged-twice",
            _means_over_images,
            "Each batch's loss is a mean already, and you divide by len(X) once more: multiply it "
            "by len(batch) before you add it.",
        ),
        WrongAnswer(
            "last-loss",
            _last_loss,
            "That is the loss of the last batch alone. The loss of an epoch is the mean over all "
            "its images.",
        ),
        WrongAnswer(
            "one-loss-a-step",
            _loss_of_steps,
            "There is one loss for each step. Add them up within an epoch, and append one mean "
            "when it ends.",
        ),
        WrongAnswer(
            "sum-not-reset",
            _never_reset,
            "The sum goes on from epoch to epoch: set it to 0 where an epoch begins.",
        ),
        WrongAnswer(
            "update-before-gradients",
            _by_step(_update_first),
            "The update comes before this batch's gradients, and moves along those of the batch "
            "before. First loss_and_gradients, then update.",
        ),
        WrongAnswer(
            "gradients-accumulated",
            _by_step(_accumulating),
            "The gradients of the batches before are still in the sum. Each step takes the "
            "gradients of its own batch alone.",
        ),
        WrongAnswer(
            "gradients-kept",
            _by_step(_first_gradients),
            "All steps use the gradients of the first batch. Ask for new ones in each step.",
        ),
        WrongAnswer(
            "gradients-averaged-twice",
            _by_step(_averaging),
            "The gradients are divided by the batch size. The loss has taken the mean over the "
            "batch, and nothing else divides.",
        ),
        WrongAnswer(
            "parameters-dropped",
            _by_step(_parameters_dropped),
            "The parameters stand still: update is not called, or what it returns is thrown away. "
            "Give it back: network.parameters = network.optimizer.update(...).",
        ),
        WrongAnswer(
            "one-update-an-epoch",
            _one_update_an_epoch,
            "There is one step in each epoch, along the gradients of its last batch. The update "
            "belongs inside the loop over batches.",
        ),
        WrongAnswer(
            "loss-after-step",
            _by_step(_loss_after),
            "The network is asked twice for each batch. One call of loss_and_gradients gives the "
            "loss before the step, and that one is wanted.",
        ),
        WrongAnswer(
            "all-images-each-step",
            _all_images,
            "Every step sees all images: hand over X[batch] and y[batch], not X and y.",
        ),
    ),
)

PARTS = (EPOCH_BATCHES, SGD, TRAIN)
