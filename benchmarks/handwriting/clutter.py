"""What else lies on a sheet or beside it and is no ink: staples, holes, the next sheet."""

import numpy as np

from benchmarks.handwriting.paper import mixed, paper


def stapled(sheet, rng):
    """Return a sheet with what offices leave on it: a staple, two holes, or both."""
    kind = rng.integers(3)
    if kind != 1:
        sheet = _with_staple(sheet, rng)
    return _with_holes(sheet, rng) if kind else sheet


def _with_staple(sheet, rng):
    unit = min(sheet.shape[:2])
    length, thick = rng.uniform(0.05, 0.08) * unit, max(1.5, 0.005 * unit)
    row, column = rng.uniform(0.035, 0.06, 2) * unit
    across, along = _along(sheet.shape[:2], row, column, rng.uniform(20, 70))
    wire = np.clip(thick / 2 + 0.5 - np.abs(across), 0, 1) * (np.abs(along) < length / 2)
    below = np.clip(thick / 2 + 0.5 - np.abs(across - thick), 0, 1) * (np.abs(along) < length / 2)
    sheet = mixed(sheet, 0.6 * below, (0.2, 0.2, 0.2))
    return mixed(sheet, wire, (0.62, 0.62, 0.64))


def _along(shape, row, column, angle):
    rows, columns = np.indices(shape, np.float32)
    turn = np.deg2rad(angle)
    rows, columns = rows - row, columns - column
    across = rows * np.cos(turn) - columns * np.sin(turn)
    return across, rows * np.sin(turn) + columns * np.cos(turn)


def _with_holes(sheet, rng):
    height, width = sheet.shape[:2]
    radius = 0.014 * max(height, width)
    rows, columns = np.indices(sheet.shape[:2], np.float32)
    dark = rng.uniform(0.08, 0.35)
    for share in (0.37, 0.63):
        distance = np.hypot(rows - share * height, columns - 0.045 * width)
        sheet = mixed(sheet, np.clip(radius + 0.5 - distance, 0, 1), (dark,) * 3)
    return sheet


def next_sheet(sheet, rng):
    """Return a sheet on another one, a strip of which is seen at one side, in its shadow."""
    shape = sheet.shape[:2]
    side, strip = rng.integers(4), rng.uniform(0.02, 0.05) * min(shape)
    tilt = rng.uniform(-0.01, 0.01)
    rows, columns = np.indices(shape, np.float32)
    inwards = (rows, columns, shape[0] - 1 - rows, shape[1] - 1 - columns)[side]
    along = (columns, rows)[side % 2]
    beyond = strip - inwards + tilt * along
    other = paper(shape, rng) * rng.uniform(0.88, 1)
    other *= 1 - 0.5 * np.exp(-beyond.clip(0) / rng.uniform(2, 6))[..., None]
    return sheet + np.clip(beyond + 0.5, 0, 1)[..., None] * (other - sheet)
