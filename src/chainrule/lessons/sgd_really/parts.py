"""Lesson 3: the cases and hints of its parts.

An order can be drawn in many right ways, so that no draw is compared with the solution's: what is
compared is what every right order has in common.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checks import Array
from chainrule.layers import Layer
from chainrule.lessons.lesson import Case, Part, Rng, small, wide, wrong_answers
from chainrule.lessons.sgd_really import mistakes
from chainrule.network import Network

wrong: Any = mistakes  # plain Python without annotations
EPOCHS = 3  # drawn one after the other from one generator
MANY = 300  # epochs, in which any two indices share a batch at times, all but surely
DEVIATIONS = 6  # so far from the expected number of times chance hardly ever goes

# ---- epoch_batches ----


def _batches_cases(rng: np.random.Generator) -> list[Case]:
    sizes = ((12, 4), (10, 4), (11, 1), (9, 20), (40, 12))
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
    wrong_answers=wrong_answers(mistakes.EpochBatches),
)

# ---- SGD ----


def _sgd_cases(rng: np.random.Generator) -> list[Case]:
    def case(steps: int, n: int, learning_rate: float, dtype: Any = np.float64) -> Case:
        return {
            "learning_rate": learning_rate,
            "parameters": rng.standard_normal(n).astype(dtype),
            "gradients": rng.standard_normal((steps, n)).astype(dtype),
        }

    usual = [case(1, 3, 0.5), case(3, 4, 0.1), case(2, 1, 2.0), case(2, 5, 0.25, np.float32)]
    long, faint = (
        {"learning_rate": 0.1, "parameters": draw(rng, 12), "gradients": draw(rng, 40, 12)}
        for draw in (wide, small)
    )
    return [*usual, long, faint]


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
    wrong_answers=wrong_answers(mistakes.SGD, written=wrong.optimizer),
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
    """Loss and optimizer of the stand-in: it writes images and labels down.

    Image i has i + 1 in its first column. The loss depends on the size of the batch and on the
    epoch, the gradient on the number of the call, and neither on which images they are: whatever
    the order, the right loop gives the same numbers.
    """

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.network: Network | None = None
        self.calls: list[tuple[Array, Array]] = []
        self.inputs: list[Array] = []  # the rows of X of each call
        self.met: list[Array] = []  # the parameters at each call

    def loss(self, outputs: Array, labels: Any) -> tuple[float, Array]:
        images = np.rint(outputs[:, 0]).astype(int) - 1
        epoch = len(self.calls) // self.steps_per_epoch
        self.calls.append((images, np.array(labels)))
        self.inputs.append(outputs.copy())
        if self.network is not None:
            self.met.append(self.network.parameters.copy())
        return len(images) * 10.0**epoch / 7000, np.full_like(outputs, len(self.calls))

    def update(self, parameters: Array, gradients: Array) -> Array:
        return parameters - 0.5 * gradients  # a new array, as an own optimizer may return

    def epochs(self, num_epochs: int) -> list[list[Array]]:
        """Return the images of each batch, by epoch."""
        size = max(1, len(self.calls) // num_epochs)
        images = [images for images, _ in self.calls]
        return [images[first : first + size] for first in range(0, len(images), size)]


def _train_cases(rng: np.random.Generator) -> list[Case]:
    sizes = ((12, 4, 2), (10, 4, 3), (9, 2, 2), (10, 20, 2), (11, 3, 12))
    return [
        {
            "network": _StandIn(),
            "X": np.column_stack([np.arange(1.0, count + 1), wide(rng, count)]),
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
    rows, labels = case["X"].copy(), case["y"].copy()

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
    return (
        losses if losses is None else np.asarray(losses),
        len(witness.calls),
        [*witness.met, network.parameters.copy()][min(1, len(witness.met))],
        network.parameters.copy(),
        all(sorted(_order(epoch)) == list(range(count)) for epoch in epochs),
        all(np.array_equal(given, labels[images]) for images, given in witness.calls),
        all(
            np.array_equal(given, rows[images])
            for given, (images, _) in zip(witness.inputs, witness.calls, strict=True)
        ),
        *_novelty(epochs),
        [_order(epoch) for epoch in epochs]
        == [_order(epoch) for epoch in again.epochs(num_epochs)],
    )


TRAIN = Part(
    name="train",
    cases=_train_cases,
    run=_run_train,
    lends=("/network.py", "/layers.py", "/checks.py"),  # the stand-in is a Network
    outputs=(
        "losses",
        "batches_seen",
        "parameters_after_the_first_step",
        "parameters",
        "each_image_once_an_epoch",
        "labels_of_these_images",
        "images_as_they_are",
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
    wrong_answers=wrong_answers(mistakes.Train),
)

PARTS = (EPOCH_BATCHES, SGD, TRAIN)
