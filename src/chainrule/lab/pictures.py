"""An array as the page shows it: shape, norm, first numbers, and a picture made of its entries."""

# ruff: noqa: RUF001  (the page shows × and − as a blackboard does)

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.checks import Array

FIRST = 8  # numbers shown
EVERY_ENTRY = 784 * 256  # of a picture: all that the course's network has
SOME_ENTRIES = 16_384  # of a picture in a stored answer
SMALLEST = 1e-270  # below, a number is left as it is
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
DIGITS = 4  # of a number in a picture; those beside it are whole


def tensor(
    name: str,
    array: Array,
    *,
    image_shape: tuple[int, int] | None = None,
    largest: int = EVERY_ENTRY,
) -> dict[str, Any]:
    """Describe one array of one or two axes.

    Parameters
    ----------
    name : str
        As in the formula, such as "dy".
    array : array, shape (n,) or (rows, columns)
    image_shape : (int, int), optional
        Height and width, where each row is an image and is drawn as one.
    largest : int
        The number of entries up to which the picture shows every one.

    Returns
    -------
    dict
        ``name``, ``shape``, ``norm`` (the root of the sum of squares), ``first`` (up to 8
        numbers in the order of the array) and ``image``.
    """
    return {
        "name": name,
        "shape": list(array.shape),
        "norm": float(np.linalg.norm(array)),
        "first": array.ravel()[:FIRST].tolist(),
        "image": _image(array, image_shape, largest),
    }


def _image(array: Array, image_shape: tuple[int, int] | None, largest: int) -> dict[str, Any]:
    if image_shape:
        picture = side_by_side(array, image_shape)
        words = f"a picture of {' × '.join(map(str, image_shape))} for each image of the batch"
    else:
        rows = np.atleast_2d(array)
        picture, block = blocks(rows, largest)
        words = f"{counted(rows.shape[0], 'row')}, {counted(rows.shape[1], 'column')}"
        if block != (1, 1):
            words += f"; of each block of {block[0]} × {block[1]} the entry of largest size"
    return {
        "width": picture.shape[1],
        "height": picture.shape[0],
        "values": rounded(picture, DIGITS).ravel().tolist(),
        "limit": float(np.abs(picture).max()),
        "words": words,
    }


def counted(count: int, thing: str) -> str:
    """Return such as "1 row", or "1,000 rows"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def written(value: float, form: str = ".3g") -> str:
    """Return a number as the page writes it: with a minus that is no hyphen, and 10⁻⁵ for e-05."""
    mantissa, _, exponent = f"{value:{form}}".partition("e")
    power = f" × 10{str(int(exponent)).translate(SUPERSCRIPT)}" if exponent else ""
    return mantissa.replace("-", "−") + power


def rounded(array: Array, digits: int) -> Array:
    """Return numbers with so many significant digits, in float64: short to write."""
    numbers = array.astype(np.float64)
    sizes = np.where(numbers == 0, 1, np.abs(numbers))
    scale = 10.0 ** np.clip(digits - 1 - np.floor(np.log10(sizes)), -290, 290)
    return np.where(sizes < SMALLEST, numbers, np.rint(numbers * scale) / scale)


def side_by_side(array: Array, shape: tuple[int, int]) -> Array:
    """Return the rows (batch, pixels) as pictures beside each other, (height, width · batch)."""
    return array.reshape(-1, *shape).transpose(1, 0, 2).reshape(shape[0], -1)


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
