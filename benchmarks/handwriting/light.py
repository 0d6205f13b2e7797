"""How light falls on a sheet: maps whose brightest is 1."""

from functools import partial

import numpy as np
from scipy import ndimage


def falling(shape, rng, *, to):
    """Let the light fall across the sheet to a share of what it was, in any direction."""
    across = _across(shape, rng.uniform(0, 2 * np.pi))
    return 1 - (1 - to) * across ** rng.uniform(0.7, 1.4)


even = partial(falling, to=0.93)


def shadow(shape, rng, *, soft):
    """Let a thing between lamp and sheet throw a shadow, whose edge crosses the picture."""
    across = _across(shape, rng.uniform(0, 2 * np.pi))
    edge = rng.uniform(0.3, 0.7)
    bent = rng.uniform(-0.3, 0.3) * (_across(shape, rng.uniform(0, 2 * np.pi)) - 0.5) ** 2
    width = (rng.uniform(0.06, 0.16) if soft else rng.uniform(0.002, 0.006)) * max(shape)
    covered = (across + bent > edge).astype(np.float32)
    covered = _blurred(covered, width)
    return even(shape, rng) * (1 - covered * rng.uniform(0.35, 0.55))


def _blurred(field, sigma):
    """Blur by a wide kernel at a lower resolution: nothing else would be quick."""
    step = max(1, int(sigma / 4))
    if step == 1:
        return ndimage.gaussian_filter(field, sigma, mode="nearest")
    small = ndimage.gaussian_filter(field[::step, ::step], sigma / step, mode="nearest")
    rows, columns = (np.arange(length, dtype=np.float32) / step for length in field.shape)
    places = np.meshgrid(rows, columns, indexing="ij")
    return ndimage.map_coordinates(small, places, order=1, mode="nearest")


def _across(shape, angle):
    """Return from 0 to 1 how far each pixel lies in a direction."""
    rows, columns = (np.linspace(-0.5, 0.5, length, dtype=np.float32) for length in shape)
    way = np.cos(angle) * columns + np.sin(angle) * rows[:, None]
    return (way - way.min()) / (way.max() - way.min())
