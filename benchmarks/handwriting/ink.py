"""Where ink lies on a sheet: maps from 0 (none) to 1 (covered), of digits as a pen leaves them."""

import numpy as np
from PIL import Image
from scipy import ndimage

FINE = 12  # pixels for each of MNIST's, where strokes are worked on
INK_SIDE = 20  # of MNIST's pixels: the longer side of a digit


def stroked(image, *, wider=0.0, width=None, angle=0.0):
    """Return a digit of MNIST with the sharp edges that it had on paper, cropped to its ink.

    Parameters
    ----------
    image : array of uint8, shape (28, 28)
    wider : float
        MNIST's pixels that are added to every side of the stroke; below 0 they are taken away,
        but never so many that it breaks.
    width : float, optional
        MNIST's pixels that the stroke is wide, everywhere.
    angle : float
        Degrees, anticlockwise.
    """
    grey = _grey(image, angle)
    if width:
        distance = ndimage.distance_transform_edt(~_middle_line(grey > 0.5))
        distance = ndimage.gaussian_filter(distance, FINE / 3)
        ink = np.clip(width * FINE / 2 - distance + 0.5, 0, 1)
    elif wider:
        inside = grey > 0.5
        distance = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
        half = ndimage.maximum_filter(distance, 3 * FINE)  # half the width of the stroke nearby
        kept = np.minimum(-wider * FINE, half - 0.35 * FINE) if wider < 0 else -wider * FINE
        ink = np.clip(distance - kept + 0.5, 0, 1)
    else:
        ink = np.clip((grey - 0.3) / 0.3, 0, 1)
    return cropped(ink.astype(np.float32))


def _grey(image, angle):
    """Return a digit enlarged, from 0 to 1."""
    side = FINE * (len(image) + 12)
    grey = Image.fromarray(np.pad(image, 6)).resize((side, side), Image.BICUBIC)
    grey = np.asarray(grey.rotate(angle, Image.BICUBIC), np.float32) / 255
    return ndimage.gaussian_filter(grey, 0.45 * FINE)  # else MNIST's pixels show as steps


def _middle_line(ink):
    """Thin ink to the way of the pen: edges are taken off while it hangs together, then ends."""
    line = ink[::4, ::4]
    before = None
    while before is None or (line != before).any():
        before = line
        for off, on in THINNING:
            line = line & ~ndimage.binary_hit_or_miss(line, on, off)
    for _ in range(5):  # a quarter of MNIST's pixel each: half a stroke, and the forks at its ends
        line = line & (ndimage.convolve(line.astype(int), np.ones((3, 3), int)) > 2)
    enlarged = np.zeros_like(ink)
    enlarged[::4, ::4] = line
    return enlarged


def _thinning():
    """Yield what is off and what is on around a pixel that may go (L of Golay's alphabet)."""
    side = np.array([[0, 0, 0], [-1, 1, -1], [1, 1, 1]])
    corner = np.array([[-1, 0, 0], [1, 1, 0], [-1, 1, -1]])
    for turns in range(4):
        for pattern in (side, corner):
            turned = np.rot90(pattern, turns)
            yield turned == 0, turned == 1


THINNING = tuple(_thinning())


def cropped(ink):
    """Return what lies within the bounding box of ink."""
    rows, columns = (np.flatnonzero((ink > 0.05).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scaled(ink, factor):
    """Return ink, enlarged or reduced."""
    height, width = (max(2, round(side * factor)) for side in ink.shape)
    return np.asarray(Image.fromarray(ink).resize((width, height), Image.BICUBIC)).clip(0, 1)


def placed(shape, ink, top, left):
    """Return a map of `shape` with the ink at a place; what lies outside is cut off."""
    sheet = np.zeros(shape, np.float32)
    rows, columns = (
        slice(max(0, start), min(length, start + side))
        for start, side, length in zip((top, left), ink.shape, shape, strict=True)
    )
    sheet[rows, columns] = ink[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
    return sheet


def number(images, height, rng, **stroke):
    """Return digits side by side, as one writes a number; one digit is a number too."""
    strokes = [stroked(image, **stroke) for image in images]
    strokes = [
        scaled(ink, height / INK_SIDE / FINE * rng.uniform(0.93, 1.07) ** (len(images) > 1))
        for ink in strokes
    ]
    tallest = max(len(ink) for ink in strokes)
    rows, columns, parts = [], [], []
    column = 0
    for ink in strokes:
        lifted = round(rng.uniform(0, 0.08) * height) if len(images) > 1 else 0
        rows.append(tallest - len(ink) + lifted)
        columns.append(column)
        parts.append(ink)
        column += ink.shape[1] + max(2, round(rng.uniform(0.12, 0.35) * height))
    shape = (
        max(row + len(ink) for row, ink in zip(rows, parts, strict=True)),
        columns[-1] + parts[-1].shape[1],
    )
    together = np.zeros(shape, np.float32)
    for ink, row, column in zip(parts, rows, columns, strict=True):
        together = np.maximum(together, placed(shape, ink, row, column))
    return together


def anywhere(shape, ink, rng):
    """Return the map of a sheet with the ink at a place where all of it is on the sheet."""
    top, left = (
        round(rng.uniform(0.1, 0.9) * (length - side))
        for side, length in zip(ink.shape, shape, strict=True)
    )
    return placed(shape, ink, top, left)


def touching(shape, ink, rng, *, cut=0.0):
    """Return the map with the ink at one border, a share of it cut off."""
    top, left = (
        round(rng.uniform(0.1, 0.9) * (length - side))
        for side, length in zip(ink.shape, shape, strict=True)
    )
    height, width = ink.shape
    over_rows, over_columns = round(cut * height), round(cut * width)
    top, left = (
        (-over_rows, left),
        (shape[0] - height + over_rows, left),
        (top, -over_columns),
        (top, shape[1] - width + over_columns),
    )[rng.integers(4)]
    return placed(shape, ink, top, left)
