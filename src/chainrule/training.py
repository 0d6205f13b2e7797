"""Training: a batch, a step, an epoch; the loop is here to be read."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import Array, ChainruleError, Integers
from chainrule.network import ROWS_AT_ONCE, Network


class History(dict[str, list[float]]):
    """What training saw, one value an epoch: a dict of lists.

    ``loss`` and ``accuracy`` are means over the images as they were trained, each batch before
    its own step; ``val_loss`` and ``val_accuracy`` are taken after the epoch on the whole
    validation set; ``learning_rate`` and ``gradient_norm`` belong to the epoch's last step;
    ``seconds`` runs from the start of training and leaves validation out.
    """

    KEYS = (
        "loss", "accuracy", "val_loss", "val_accuracy",
        "learning_rate", "gradient_norm", "seconds",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__({key: [] for key in self.KEYS})

    def append(self, **values: float) -> None:
        """Add the values of one epoch, one for each key."""
        for key in self.KEYS:
            self[key].append(float(values[key]))


class TrainingDiverged(ArithmeticError):
    """The loss of a batch is not finite; its step was not done.

    Attributes
    ----------
    step : int
        The step that could not be done; the first is 1.
    layer : str
        The first layer whose output is not finite, such as "layer 2, Dense(256, 128)".
    learning_rate : float
        Of the last step that was done.
    """

    def __init__(self, network: Network, X: ArrayLike, step: int) -> None:
        finite = [bool(np.isfinite(output).all()) for output in network.activations(X)]
        if all(finite):
            self.layer = "the loss"
        else:
            first = finite.index(False)
            self.layer = f"layer {first}, {network[first]},"
        self.step = step
        self.learning_rate = getattr(network.optimizer, "rate", math.nan)
        super().__init__(
            f"The loss stopped being finite at step {step}: {self.layer} is the first to give NaN "
            f"or infinity, at learning rate {self.learning_rate:g}; try a smaller rate."
        )


def print_epoch(epoch: int, history: History) -> None:
    """Print one line for the epoch that has just ended."""
    loss, val_loss, val_accuracy, seconds = (
        history[key][-1] for key in ("loss", "val_loss", "val_accuracy", "seconds")
    )
    accuracy = "" if math.isnan(val_accuracy) else f"  validation accuracy {val_accuracy:.2%}"
    print(
        f"epoch {epoch + 1:>3}  loss {loss:.4f}  validation loss {val_loss:.4f}{accuracy}  "
        f"{seconds:.1f} s"
    )


def train_batch(network: Network, X: ArrayLike, y: ArrayLike) -> float:
    """Do one step on the batch X (batch, features), y (batch,); return its loss before the step."""
    loss, _ = _train_step(network, X, y, step=getattr(network.optimizer, "t", 0) + 1)
    return loss


def train_network(
    network: Network,
    X_train: ArrayLike,
    y_train: ArrayLike,
    X_val: ArrayLike,
    y_val: ArrayLike,
    num_epochs: int = 10,
    batch_size: int = 64,
    *,
    seed: int = 0,
    start: tuple[int, int] = (0, 0),
    on_epoch: Callable[[int, History], object] | None = print_epoch,
    progress: Callable[[list[Integers]], Iterable[Integers]] | None = None,
) -> History:
    """Train on mini-batches, in an order that depends on (seed, epoch) alone.

    Parameters
    ----------
    network : Network
        With an optimizer; changed in place.
    X_train, X_val : arrays, shape (n, features)
    y_train, y_val : integers, shape (n,); for mean_squared_error numbers, shape (n, outputs)
    num_epochs, batch_size : int
        The last, smaller batch of an epoch is trained on as well.
    seed : int
        Epoch e shuffles with ``default_rng([seed, e])``.
    start : (int, int)
        The epoch and the batch at which to begin, to go on with training that was stopped.
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
        At the first step whose loss is not finite.
    """
    X_train, y_train = _examples(network, "train", X_train, y_train)
    X_val, y_val = _examples(network, "val", X_val, y_val)
    num_epochs = checks.whole_number("num_epochs", num_epochs, at_least=1)
    batch_size = checks.whole_number("batch_size", batch_size, at_least=1)
    seed = checks.whole_number("seed", seed)
    first_epoch, first_batch = start
    steps_per_epoch = math.ceil(len(X_train) / batch_size)
    history, seconds = History(), 0.0

    for epoch in range(first_epoch, num_epochs):
        started = time.perf_counter()
        batches = epoch_batches(len(X_train), batch_size, seed, epoch)[first_batch:]
        step = epoch * steps_per_epoch + first_batch
        first_batch, loss_sum, right, seen = 0, 0.0, 0.0, 0
        for batch in progress(batches) if progress else batches:
            step += 1
            loss, outputs = _train_step(network, X_train[batch], y_train[batch], step)
            loss_sum += loss * len(batch)
            right += _count_right(network, outputs, y_train[batch])
            seen += len(batch)
        seconds += time.perf_counter() - started

        val_loss, val_accuracy = loss_and_accuracy(network, X_val, y_val)
        history.append(
            loss=loss_sum / seen,
            accuracy=right / seen,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=getattr(network.optimizer, "rate", math.nan),
            gradient_norm=float(np.linalg.norm(network.gradients)),
            seconds=seconds,
        )
        if on_epoch and on_epoch(epoch, history):
            break
    return history


def epoch_batches(count: int, batch_size: int, seed: int, epoch: int) -> list[Integers]:
    """Return the epoch's batches, each the indices of its examples: each example once."""
    order = np.random.default_rng([seed, epoch]).permutation(count)
    return [order[first : first + batch_size] for first in range(0, count, batch_size)]


def loss_and_accuracy(network: Network, X: Array, y: Array | Integers) -> tuple[float, float]:
    """Return mean loss and share of right predictions over X (n, features), in slices of rows.

    The accuracy is NaN for a network that predicts numbers.
    """
    loss_sum, right = 0.0, 0.0
    for first in range(0, len(X), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        outputs = network.forward(X[rows])
        loss, _ = network.loss(outputs, y[rows])
        loss_sum += loss * len(outputs)
        right += _count_right(network, outputs, y[rows])
    return loss_sum / len(X), right / len(X)


def _train_step(network: Network, X: ArrayLike, y: ArrayLike, step: int) -> tuple[float, Array]:
    """Do one step; return the batch's loss and outputs before it."""
    optimizer = network.optimizer
    if optimizer is None:
        raise ChainruleError(
            "Training needs an optimizer: network.optimizer = Adam(learning_rate=0.0005), "
            "or create_network('adam')."
        )
    with np.errstate(over="ignore", invalid="ignore"):  # the next lines look for themselves
        outputs = network.forward(X, training=True)
        loss, grad_outputs = network.loss(outputs, y)
        if not math.isfinite(loss):
            raise TrainingDiverged(network, X, step)
        network.backward(grad_outputs)
        parameters = optimizer.update(network.parameters, network.gradients)
    if parameters is not network.parameters:
        network.parameters[...] = checks.moved(optimizer, parameters, network.parameters)
    return loss, outputs


def _count_right(network: Network, outputs: Array, y: Array | Integers) -> float:
    if not network.is_classifier:
        return math.nan
    return int(np.count_nonzero(outputs.argmax(axis=1) == y))


def _examples(
    network: Network, part: str, X: ArrayLike, y: ArrayLike
) -> tuple[Array, Array | Integers]:
    """Return X and y of one part of the data as the network takes them."""
    X = checks.examples(f"X_{part}", X, network.dtype)
    outputs = network.forward(X[:1])
    if network.is_classifier:
        return X, checks.labels(f"y_{part}", y, len(X), outputs.shape[1])
    return X, checks.targets(f"y_{part}", y, (len(X), outputs.shape[1]), network.dtype)
