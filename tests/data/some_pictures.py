"""Folders of small pictures, each of them another."""

import numpy as np
from PIL import Image


def picture(seed, shape=(6, 8)):
    """Return a picture that no other seed gives."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_pictures(folder, classes=("cat", "dog"), count=5, shape=(6, 8), suffix=".png", first=0):
    """Write a subfolder for each class; return the folder."""
    for i, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for j in range(count):
            seed = first + 1000 * i + j
            Image.fromarray(picture(seed, shape)).save(folder / name / f"{j}{suffix}")
    return folder
