"""Training: a batch, a step, an epoch; the loop is here to be read."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import Array, Examples, Integers
from chainrule.network import Network

KEYS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "gradient_norm", "seconds")
PRINTED = "loss {loss:.4f}  validation loss {val_loss:.4f}  validation accuracy {val_accuracy:.2%}"


class History(dict[str, list[float]]):
    """What training saw, one value an epoch: a dict of lists.

    ``loss`` and ``accuracy`` are means over the images as they were trained, each batch before
    its own step; ``val_loss`` and ``val_accuracy`` are taken after the epoch on the whole
    validation set; ``learning_rate`` and ``gradient_norm`` belong to the epoch's last step;
    ``seconds`` runs from the start of training and leaves validation out.

    Attributes
    ----------
    sums : array, shape (3,)
        Of the epoch in progress: losses, right predictions and images seen.
    seconds : float
        Trained so far.
    """

    def __init__(self) -> None:
        super().__init__({key: [] for key in KEYS})
        self.sums, self.seconds = np.zeros(3), 0.0

    def append(self, *values: SupportsFloat) -> None:
        """Add the values of one epoch, in the order of the keys, and begin the next."""
        for key, value in zip(KEYS, values, strict=True):
            self[key].append(float(value))
        self.sums[:] = 0


def print_epoch(epoch: int, history: History) -> None:
    """Print one line for the epoch that has just ended, without what is NaN."""
    last = {key: values[-1] for key, values in history.items()}
    words = [one for one in PRINTED.format_map(last).split("  ") if "nan" not in one]
    print(f"epoch {epoch + 1:>3}  {'  '.join(words)}  {last['seconds']:.1f} s")


def train_batch(network: Network, X: ArrayLike, y: ArrayLike) -> float:
    """Do one step on the batch X (batch, features), y (batch,); return its loss before the step."""
    return _train_step(network, X, y, step=getattr(network.optimizer, "t", 0) + 1)[0]


@np.errstate(under="ignore")  # a square may be 0, however a caller has set NumPy
def train_network(
    network: Network,
    X_train: Examples,
    y_train: ArrayLike,
    X_val: Examples | None = None,
    y_val: ArrayLike | None = None,
    num_epochs: int = 10,
    batch_size: int = 64,
    *,
    seed: int = 0,
    start: tuple[int, int] = (0, 0),
    sample_weight: ArrayLike | None = None,
    history: History | None = None,
    on_epoch: Callable[[int, History], object] | None = print_epoch,
    progress: Callable[[list[Integers]], Iterable[Integers]] | None = None,
) -> History:
    """Train on mini-batches, in an order that depends on (seed, epoch) alone.

    Parameters
    ----------
    network : Network
        With an optimizer; changed in place.
    X_train, X_val : arrays, shape (n, features)
        Or anything with `shape`, `len` and ``X[indices]`` giving rows: it may make, read or unpack
        a batch when it is asked for. If X_train has ``begin_epoch(epoch)``, it is called before
        the epoch's first batch, also where training goes on within the epoch.
    y_train, y_val : integers, shape (n,); for mean_squared_error numbers, shape (n, outputs)
        Without validation `val_loss` and `val_accuracy` are NaN.
    num_epochs, batch_size : int
        The last, smaller batch of an epoch is trained on as well.
    seed : int
        Epoch e shuffles with ``default_rng([seed, e])``.
    start : (int, int)
        The epoch and the batch at which to begin, to go on with training that was stopped.
    sample_weight : array, shape (n,), optional
        Of each training example; the loss then takes it as a third argument.
    history : History, optional
        To go on with, as it was at `start`; it is changed in place, and so is at hand whatever
        ends training.
    on_epoch : callable, optional
        ``on_epoch(epoch, history)`` is called after each epoch; a true return value ends training.
    progress : callable, optional
        Wraps the list of an epoch's batches: pass `tqdm.tqdm`.

    Returns
    -------
    History

    Raises
    ------
    TrainingDiverged
        At the first step whose loss or gradient is not finite; the step is not done.
    """
    train = checks.training_examples(network, X_train, y_train, sample_weight)
    X_val, y_val = checks.validation_examples(network, X_val, y_val)
    num_epochs, batch_size, seed = checks.plan(num_epochs, batch_size, seed, on_epoch, progress)
    steps_per_epoch = math.ceil(len(train[0]) / batch_size)
    first_epoch, first_batch = checks.start(start, steps_per_epoch)
    history = History() if history is None else history

    for epoch in range(first_epoch, num_epochs):
        started = time.perf_counter()
        checks.tell_epoch(train[0], epoch)
        batches = epoch_batches(len(train[0]), batch_size, seed, epoch)[first_batch:]
        done, first_batch = epoch * steps_per_epoch + first_batch, 0
        for step, batch in enumerate(progress(batches) if progress else batches, done + 1):
            X, y, *weight = (checks.gathered(part, batch) for part in train)
            loss, outputs = _train_step(network, X, y, step, *weight)
            right = _count_right(network, outputs, y)
            history.sums += loss * len(batch), right, len(batch)
        history.seconds += time.perf_counter() - started

        val_loss, val_accuracy = loss_and_accuracy(network, X_val, y_val)
        checks.finite_loss(val_loss, network, X_val, step + 1)
        rate, norm = getattr(network.optimizer, "rate", math.nan), np.linalg.norm(network.gradients)
        loss, accuracy, _ = history.sums / history.sums[2]
        history.append(loss, accuracy, val_loss, val_accuracy, rate, norm, history.seconds)
        if on_epoch and on_epoch(epoch, history):
            break
    return history


def epoch_batches(count: int, batch_size: int, seed: int, epoch: int) -> list[Integers]:
    """Return the epoch's batches, each the indices of its examples: each example once."""
    order = np.random.default_rng([seed, epoch]).permutation(count)
    return [order[first : first + batch_size] for first in range(0, count, batch_size)]


def loss_and_accuracy(network: Network, X: Examples, y: Any) -> tuple[float, float]:
    """Return mean loss and share of right predictions over X (n, features).

    Both are NaN for no examples, the accuracy also for a network that predicts numbers.
    """
    if not len(X):
        return math.nan, math.nan
    with np.errstate(all="ignore"):
        outputs = network.outputs(X)
        loss, _ = network.loss(outputs, y)
    return loss, _count_right(network, outputs, y) / len(X)


def _train_step(network: Network, X: Any, y: Any, step: int, *weight: Any) -> tuple[float, Array]:
    """Do one step; return the batch's loss and outputs before it."""
    optimizer = checks.ready_to_train(network.optimizer)
    with np.errstate(all="ignore"):  # loss and gradient are looked at instead
        outputs = network.forward(X, training=True)
        loss, grad_outputs = network.loss(outputs, y, *weight)
        network.backward(grad_outputs)
        checks.finite_step(loss, network, X, step)
        parameters = optimizer.update(network.parameters, network.gradients)
    network.parameters = checks.moved(optimizer, parameters, network.parameters)
    return loss, outputs


def _count_right(network: Network, outputs: Array, y: Array | Integers) -> float:
    return int(np.count_nonzero(outputs.argmax(axis=1) == y)) if network.is_classifier else math.nan
