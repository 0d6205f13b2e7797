"""Datasets and model files that tests write."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from chainrule import load_model, save_model
from chainrule.data.idx import write_idx


def write_bars(folder, seed=0, shape=(8, 6), classes=3):
    """Write a dataset that is easy and small: one row of each picture is bright, its class."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for part, count in (("train", 80 * classes), ("t10k", 20 * classes)):
        labels = np.arange(count, dtype=np.uint8) % classes
        images = rng.integers(0, 120, (count, *shape), dtype=np.uint8)
        images[np.arange(count), 2 * labels + 1] += 100
        write_idx(folder / f"{part}-images-idx3-ubyte", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
    return folder


def changed_model(path, bias=None, **changes):
    """Write a model file with another header, or another last bias; return its path."""
    model = load_model(path)
    if bias is not None:
        model.network[-1].biases[...] = bias
    changed = Path("changed.npz")
    save_model(changed, replace(model, **changes))
    return changed
