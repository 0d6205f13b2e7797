"""A sheet that lies on a desk: seen from above, turned, and never quite from the middle."""

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmarks.handwriting.paper import mixed


def sheet_shape(shape, rng, angle):
    """Return height and width of a sheet that fits on a picture, turned by an angle."""
    long = rng.uniform(1.25, 1.45)
    sides = np.array([long, 1]) if rng.random() < 0.6 else np.array([1, long])
    turn = np.deg2rad(abs(angle))
    cosine, sine = np.cos(turn), np.sin(turn)
    needed = np.array([[cosine, sine], [sine, cosine]]) @ sides
    factor = (np.array(shape) / needed).min() * rng.uniform(0.72, 0.92)
    return tuple(int(side) for side in sides * factor)


def laid(sheet, desk, rng, angle):
    """Return a desk with a sheet on it, its shadow beside it, and where the sheet's corners are.

    Parameters
    ----------
    sheet, desk : array of float32, shape (height, width, 3)
    rng : numpy.random.Generator
    angle : float
        Degrees that the sheet is turned by, clockwise.

    Returns
    -------
    (array, array of shape (4, 2))
        The scene, and row and column of each corner.
    """
    shape = desk.shape[:2]
    corners = _corners(sheet.shape[:2], shape, rng, angle)
    way = _from_picture(corners, sheet.shape[:2])
    bytes_ = np.rint(sheet.clip(0, 1) * 255).astype(np.uint8)
    opaque = np.full(bytes_.shape[:2], 255, np.uint8)
    image = Image.fromarray(np.dstack([bytes_, opaque]))
    size = shape[::-1]
    warped = image.transform(size, Image.PERSPECTIVE, way, Image.BICUBIC, fillcolor=(0, 0, 0, 0))
    pixels = np.asarray(warped, np.float32) / 255
    cover = pixels[..., 3]
    away = rng.uniform(2, 8, 2) * rng.choice([-1, 1], 2) * min(shape) / 600
    shadow = ndimage.shift(
        ndimage.gaussian_filter(cover, rng.uniform(1.5, 4)), away, order=1, mode="nearest"
    )
    ground = desk * (1 - rng.uniform(0.2, 0.5) * shadow[..., None])
    return mixed(ground, cover, pixels[..., :3]), corners


def closer(scene, corners, rng):
    """Return what is seen from closer: the desk at one corner of the sheet, or along one side."""
    (top, left), (bottom, right) = corners.min(axis=0), corners.max(axis=0)
    inside = 0.035 * min(bottom - top, right - left)
    first = [max(0, round(edge + inside)) for edge in (top, left)]
    last = [round(edge - inside) for edge in (bottom, right)]
    for axis, seen in enumerate(((True, False), (False, True), (True, True))[rng.integers(3)]):
        if seen and rng.random() < 0.5:
            first[axis] = 0
        elif seen:
            last[axis] = scene.shape[axis]
    return np.ascontiguousarray(scene[first[0] : last[0], first[1] : last[1]])


def _corners(sheet, shape, rng, angle):
    """Return where the corners of the sheet lie in the picture: rows and columns."""
    half = np.array(sheet) / 2
    corners = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * half
    turn = np.deg2rad(angle)
    turned = corners @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    free = np.maximum(0, np.array(shape) / 2 - np.abs(turned).max(axis=0) - 0.02 * min(shape))
    turned += rng.uniform(-0.012, 0.012, (4, 2)) * min(sheet)
    return turned + np.array(shape) / 2 + rng.uniform(-1, 1, 2) * free


def _from_picture(corners, sheet):
    """Return Pillow's eight coefficients, which bring places of the picture onto the sheet."""
    height, width = sheet
    wanted = [(0, 0), (width, 0), (width, height), (0, height)]
    rows, values = [], []
    for (row, column), (x, y) in zip(corners, wanted, strict=True):
        rows.append([column, row, 1, 0, 0, 0, -x * column, -x * row])
        rows.append([0, 0, 0, column, row, 1, -y * column, -y * row])
        values += [x, y]
    return tuple(np.linalg.solve(np.array(rows), np.array(values)))
