"""The same work for every peer: the arrays, the starting weights, the batches."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chainrule import create_network
from chainrule.training import epoch_batches

ARRAYS = ("X_train", "y_train", "X_test", "y_test")


@dataclass(frozen=True, eq=False)
class Work:
    """One training: what is learned, from where it starts, and in which order.

    Attributes
    ----------
    X_train, X_test : float32 arrays, shape (n, pixels)
        Standardised.
    y_train, y_test : int64 arrays, shape (n,)
    sizes : list of int
        Pixels, units of each hidden layer, classes.
    optimizer : str
        adam or sgd.
    learning_rate : float
    batch_size, epochs, seed, threads : int
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    sizes: list[int]
    optimizer: str
    learning_rate: float
    batch_size: int
    epochs: int
    seed: int
    threads: int

    def start(self):
        """Return copies of the weights (in, out) and biases (out,) of each layer, He-normal."""
        network = create_network(rng=self.seed, sizes=self.sizes)
        return [
            (layer.weights.copy(), layer.biases.copy()) for layer in network if layer.parameters
        ]

    def order(self, epoch):
        """Return the epoch's images in the order in which Chainrule trains on them."""
        return epoch_batches(len(self.X_train), len(self.X_train), self.seed, epoch)[0]

    def batches(self, epoch):
        """Return the epoch's batches, each the indices of its images, as Chainrule draws them."""
        return epoch_batches(len(self.X_train), self.batch_size, self.seed, epoch)


def save_arrays(folder, split):
    """Write the arrays of a split into a new folder, for the processes that measure."""
    folder.mkdir(parents=True)
    for name in ARRAYS:
        np.save(folder / f"{name}.npy", getattr(split, name)[:])


def load_arrays(folder):
    """Return the arrays in `folder` by name, each in the process's own memory."""
    return {name: np.load(Path(folder) / f"{name}.npy") for name in ARRAYS}
