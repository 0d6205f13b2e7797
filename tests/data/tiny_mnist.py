"""Sixty images in the manner of MNIST, and the forms in which people keep them."""

import numpy as np

from chainrule.data.dataset import MNIST
from chainrule.data.idx import write_idx

KERAS = ("x_train", "y_train", "x_test", "y_test")


def some_images(seed=0, train=40, test=20):
    """Four arrays in the manner of MNIST; another `seed` gives other images and labels."""
    draw = np.random.default_rng(seed)
    arrays = []
    for count in (train, test):
        arrays.append(draw.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        arrays.append(((np.arange(count) + seed) % 10).astype(np.uint8))
    return dict(zip(MNIST, arrays, strict=True))


def write_folder(folder, arrays, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        write_idx(folder / f"{name}{suffix}", array)
    return folder


def write_npz(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **dict(zip(KERAS, arrays.values(), strict=True)))
    return path
