"""An array as the page shows it: shape, norm, entries; a large one in fewer digits or in blocks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.checks import Array

EVERY_ENTRY = 784 * 256  # of a picture: all that the course's network has
SOME_ENTRIES = 16_384  # of a picture in a stored answer
EXACT = 4_096  # entries up to which every digit is sent
SMALLEST = 1e-270  # below, a number is left as it is
DIGITS = 4  # of a number in a larger picture
MOST_UNITS = 32  # whose weights are shown as pictures


def tensor(name: str, array: Array, largest: int = EVERY_ENTRY) -> dict[str, Any]:
    """Describe one array of one or two axes.

    Parameters
    ----------
    name : str
        As in the formula, such as "dz₂".
    array : array, shape (n,) or (rows, columns)
    largest : int
        The number of entries up to which every one is sent.

    Returns
    -------
    dict
        ``name``, ``shape``, ``norm`` (the root of the sum of squares), ``limit`` (the largest
        size), and ``values``, flat, of so many ``rows`` and ``columns``: the array's own, or its
        blocks of the shape ``block``.
    """
    shown, block = blocks(np.atleast_2d(array), largest)
    return _described(name, array, shown) | {"block": list(block)}


def tiles(name: str, array: Array, units: int = MOST_UNITS) -> dict[str, Any]:
    """Describe the weights (pixels, n) of a first layer by unit: each is a picture of its own.

    Of more than `units` those with the largest norms are shown. The ``rows`` are theirs, and
    ``units`` says which they are.
    """
    norms = np.linalg.norm(array, axis=0)
    shown = np.sort(np.argsort(-norms, kind="stable")[:units])
    return _described(name, array, array.T[shown]) | {"units": shown.tolist()}


def _described(name: str, array: Array, shown: Array) -> dict[str, Any]:
    values = shown if array.size <= EXACT else rounded(shown, DIGITS)
    return {
        "name": name,
        "shape": list(array.shape),
        "norm": float(np.linalg.norm(array)),
        "limit": float(np.abs(array).max()),
        "rows": shown.shape[0],
        "columns": shown.shape[1],
        "values": values.ravel().tolist(),
    }


def rounded(array: Array, digits: int) -> Array:
    """Return numbers with so many significant digits, in float64: short to write."""
    numbers = array.astype(np.float64)
    sizes = np.where(numbers == 0, 1, np.abs(numbers))
    scale = 10.0 ** np.clip(digits - 1 - np.floor(np.log10(sizes)), -290, 290)
    return np.where(sizes < SMALLEST, numbers, np.rint(numbers * scale) / scale)


def blocks(array: Array, largest: int) -> tuple[Array, tuple[int, int]]:
    """Return an array of at most `largest` entries as it is, and a larger one in blocks.

    Each block, of the rows and columns that come second, is its entry of largest size.
    """
    if array.size <= largest:
        return array, (1, 1)
    side = math.isqrt(largest)
    rows, columns = (math.ceil(length / side) for length in array.shape)
    height, width = -(-array.shape[0] // rows), -(-array.shape[1] // columns)
    padded = np.zeros((height * rows, width * columns), array.dtype)
    padded[: array.shape[0], : array.shape[1]] = array
    grouped = padded.reshape(height, rows, width, columns).transpose(0, 2, 1, 3)
    flat = grouped.reshape(height, width, rows * columns)
    place = np.abs(flat).argmax(axis=2)
    return np.take_along_axis(flat, place[:, :, np.newaxis], axis=2)[:, :, 0], (rows, columns)
