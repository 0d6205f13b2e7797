"""The course's claim about SGD, retold: ``python -m chainrule.lessons.honest_result.retold``.

One network, three ways to train it: SGD with the gradient averaged twice, as in the course's code;
SGD with the true gradient, at the same rate; Adam. For a seed all three start from the same weights
and see the same batches. Nothing is chosen by looking at the test set.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from chainrule.checks import Array, extra
from chainrule.layers import Dense, Layer, ReLU
from chainrule.network import COURSE_SIZES, Network
from chainrule.optimizers import create_optimizer
from chainrule.proof.faults import TwiceAveragingDense, standardise_by_tiny_deviations
from chainrule.training import History, train_network

if TYPE_CHECKING:
    from chainrule.data.split import Split

# By name: the dense layer, and the optimizer at its default rate, which is the course's.
WAYS: dict[str, tuple[Callable[..., Dense], str]] = {
    "SGD, averaged twice": (TwiceAveragingDense, "sgd"),
    "SGD": (Dense, "sgd"),
    "Adam": (Dense, "adam"),
}

WANTED = (0.9, 0.95)  # validation accuracies


@dataclass(frozen=True, eq=False)
class Trained:
    """One network of the comparison, trained.

    Attributes
    ----------
    history : History
    right : array of bool, shape (n_test,)
        Which test images it classifies right.
    """

    history: History
    right: Array

    @property
    def test_accuracy(self) -> float:
        """The share of test images that are right."""
        return float(self.right.mean())


def retold(data: Split, way: str, seed: int, epochs: int) -> Trained:
    """Train the course's network in one of the `WAYS`, with batches of 64.

    Parameters
    ----------
    data : Split
    way : str
        A name in `WAYS`.
    seed : int
        Draws the weights and the order of the batches, the same for each way.
    epochs : int

    Returns
    -------
    Trained
    """
    dense, optimizer = WAYS[way]
    layers: list[Layer] = [
        layer for shape in pairwise(COURSE_SIZES) for layer in (dense(*shape), ReLU())
    ]
    network = Network(layers[:-1], optimizer=create_optimizer(optimizer), rng=seed)
    images = data.X_train, data.y_train, data.X_val, data.y_val
    history = train_network(network, *images, epochs, 64, seed=seed, on_epoch=None)
    return Trained(history, network.predict(data.X_test) == data.y_test)


def scaled_as_in_the_course(data: Split) -> Split:
    """Return the images with each pixel divided by its own deviation + 1e-9 (fault F4)."""
    sets = data.X_train[:], data.X_val, data.X_test
    train, *others = (np.round(255 * data.images(X)).reshape(len(X), -1) / 255 for X in sets)
    scaled, both = standardise_by_tiny_deviations(train, np.concatenate(others))
    val, test = np.split(both.astype(np.float32), [len(data.X_val)])
    return replace(data, X_train=scaled.astype(np.float32), X_val=val, X_test=test)


def first_epoch_at(accuracies: Sequence[float], wanted: float) -> int | None:
    """Return the first epoch, counted from 1, that reaches an accuracy; None if none does."""
    reached = (epoch for epoch, share in enumerate(accuracies, 1) if share >= wanted)
    return next(reached, None)


def main() -> None:
    """Train each way with several seeds, and print a line for each."""
    from chainrule.data.mnist import load_dataset
    from chainrule.data.split import split_dataset, trainable

    extra("threadpoolctl").threadpool_limits(1)  # as chainrule compare does: the same bits
    parser = argparse.ArgumentParser(description=__doc__, prog="retold")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 up (default: 3)")
    parser.add_argument("--epochs", type=int, default=20, help="(default: 20)")
    parser.add_argument("--train-size", type=int, default=20_000, help="(default: 20000)")
    parser.add_argument("--per-pixel", action="store_true", help="scale as the course does")
    parser.add_argument("--data", default="auto", help="as in chainrule compare (default: auto)")
    options = parser.parse_args()
    dataset = load_dataset(options.data)
    data = split_dataset(dataset, min(options.train_size, trainable(dataset)))
    data = scaled_as_in_the_course(data) if options.per_pixel else data
    print(f"{data.title}: {len(data.X_train):,} to train, {len(data.X_test):,} to test")
    heads = "".join(f"{head:>9}" for head in ("mean", "lowest", "highest"))
    print(f"{'test accuracy':<20}{heads}  first epoch of {WANTED[0]:.0%}, and of {WANTED[1]:.0%}")
    for way in WAYS:
        runs = [retold(data, way, seed, options.epochs) for seed in range(options.seeds)]
        shares = [run.test_accuracy for run in runs]
        numbers = (sum(shares) / len(shares), min(shares), max(shares))
        columns = "".join(f"{share:>9.2%}" for share in numbers)
        curves = [run.history["val_accuracy"] for run in runs]
        print(f"{way:<20}{columns}  {', '.join(_epochs(curve) for curve in curves)}", flush=True)


def _epochs(accuracies: Sequence[float]) -> str:
    return "/".join(str(first_epoch_at(accuracies, wanted) or "never") for wanted in WANTED)


if __name__ == "__main__":
    main()
