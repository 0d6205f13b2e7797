"""What is written on and what it lies on: reflectances, arrays (height, width, 3) from 0 to 1."""

from functools import lru_cache

import numpy as np
from scipy import ndimage

TILE = 1_024


@lru_cache
def _tile(across, along):
    noise = np.random.default_rng(1).standard_normal((TILE, TILE), np.float32)
    smooth = ndimage.gaussian_filter(noise, (across, along), mode="wrap")
    return smooth / smooth.std()


def texture(shape, rng, sigma):
    """Return noise of mean 0 and deviation 1 that is smooth over `sigma` pixels (or a pair)."""
    across, along = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    tile = _tile(across, along)
    rows, columns = (rng.integers(TILE) + np.arange(length) for length in shape)
    return tile.take(rows, 0, mode="wrap").take(columns, 1, mode="wrap")


def coloured(grey, colour):
    """Return a map of grey times a colour."""
    return grey[..., None] * np.asarray(colour, np.float32)


def paper(shape, rng, colour=(0.93, 0.92, 0.9)):
    """Return a sheet: fibres, and clouds where it is not quite flat."""
    grain = 0.006 * texture(shape, rng, 0.8) + 0.008 * texture(shape, rng, 40)
    return coloured(1 + grain, np.asarray(colour) * rng.uniform(0.96, 1.02))


def yellow(shape, rng):
    return paper(shape, rng, (0.95, 0.87, 0.45))


def pink(shape, rng):
    return paper(shape, rng, (0.95, 0.68, 0.76))


def board(shape, rng):
    """Return a board that was wiped often."""
    colour = ((0.13, 0.22, 0.17), (0.14, 0.14, 0.15), (0.2, 0.25, 0.27))[rng.integers(3)]
    wiped = 0.15 * texture(shape, rng, (12, 60)) + 0.12 * texture(shape, rng, 50)
    return coloured((1 + wiped + 0.05 * texture(shape, rng, 1)).clip(0.4, 2), colour)


def dark_desk(shape, rng):
    """Return wood, stone or lacquer, all darker than half of the paper."""
    colour = ((0.26, 0.16, 0.1), (0.12, 0.11, 0.11), (0.3, 0.2, 0.13), (0.2, 0.21, 0.23))
    return _desk(shape, rng, colour[rng.integers(len(colour))])


def light_desk(shape, rng):
    """Return beech, birch, or grey laminate."""
    colour = ((0.78, 0.63, 0.45), (0.72, 0.6, 0.46), (0.66, 0.66, 0.65))
    return _desk(shape, rng, colour[rng.integers(len(colour))])


def _desk(shape, rng, colour):
    grain = (1.2, 90) if rng.random() < 0.5 else (90, 1.2)
    wood = 0.1 * texture(shape, rng, grain) + 0.05 * texture(shape, rng, 40)
    return coloured((1 + wood).clip(0.5, 1.5), colour)


def ruled(sheet, height, rng):
    """Print lines on a sheet, as far apart as writing of a height asks for."""
    return _printed(sheet, height * rng.uniform(0.6, 1.6), rng, axes=(0,), margin=True)


def grid(sheet, height, rng):
    """Print squares on a sheet."""
    return _printed(sheet, height * rng.uniform(0.3, 0.9), rng, axes=(0, 1), margin=False)


def _printed(sheet, spacing, rng, axes, margin):
    spacing = max(8.0, spacing)
    width = max(1.0, spacing * rng.uniform(0.02, 0.04))
    angle = np.deg2rad(rng.uniform(-2, 2))
    rows, columns = np.indices(sheet.shape[:2], np.float32)
    turned = (
        rows * np.cos(angle) - columns * np.sin(angle),
        columns * np.cos(angle) + rows * np.sin(angle),
    )
    colour = ((0.55, 0.68, 0.85), (0.62, 0.62, 0.66), (0.6, 0.75, 0.85))[rng.integers(3)]
    for axis in axes:
        phase = rng.uniform(0, spacing)
        distance = np.abs((turned[axis] + phase) % spacing - spacing / 2)
        line = np.clip(width / 2 + 0.5 - distance, 0, 1)
        sheet = mixed(sheet, line, colour)
    if margin and rng.random() < 0.5:
        place = rng.uniform(0.08, 0.16) * sheet.shape[1]
        line = np.clip(width / 2 + 0.5 - np.abs(turned[1] - place), 0, 1)
        sheet = mixed(sheet, line, (0.85, 0.45, 0.45))
    return sheet


def mixed(sheet, share, colour):
    """Return a sheet, covered with a colour to a share."""
    return sheet + share[..., None] * (np.asarray(colour, np.float32) - sheet)


def pen(sheet, ink, rng, colour=(0.1, 0.1, 0.12)):
    """Write with a pen whose ink flows well."""
    flow = (0.94 + 0.03 * texture(ink.shape, rng, 3)).clip(0.8, 1)
    return mixed(sheet, ink * flow, colour)


def ballpoint(sheet, ink, rng):
    """Write in blue, here and there with less ink."""
    flow = (0.85 + 0.08 * texture(ink.shape, rng, 2)).clip(0.5, 1)
    return mixed(sheet, ink * flow, (0.13, 0.2, 0.55))


def marker(sheet, ink, rng):
    """Write with a thick felt pen."""
    colours = ((0.06, 0.06, 0.07), (0.7, 0.1, 0.12), (0.08, 0.35, 0.2), (0.1, 0.15, 0.5))
    return pen(sheet, ink, rng, colours[rng.integers(len(colours))])


def pencil(sheet, ink, rng):
    """Write with graphite, which leaves out the valleys of the paper."""
    tooth = (0.62 + 0.22 * texture(ink.shape, rng, 0.9)).clip(0.1, 1)
    return mixed(sheet, ink * tooth * rng.uniform(0.75, 1), (0.3, 0.3, 0.32))


def chalk(sheet, ink, rng):
    """Write with chalk, which leaves out more."""
    tooth = (0.75 + 0.25 * texture(ink.shape, rng, 1)).clip(0.1, 1)
    return mixed(sheet, ink * tooth, (0.9, 0.9, 0.86))
