"""From a photograph to ink: the sheet is found, light divided out, lines of the paper taken away.

Each stage is a function from array to array, of which a person can look at what goes in and what
comes out. `strokes` does them in their order. Coordinates are (row, column).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.checks import Array, extra

WORKING_SIDE = 800  # pixels of the longer side, of a photograph and then of its sheet
COARSE_SIDE = 200  # of what sheet and light are looked for in: neither is small
SHEET_SHARE = 0.1  # of the picture: less is no sheet
LEAST_SHEET = 16  # pixels of what it is looked for in
SHEET_SOLIDITY = 0.93  # of its convex hull: a sheet has no bays
SHEET_BARE = 0.6  # of its pixels: more of it is not covered with ink
SHEET_OBLONG = 0.87  # of its box: a ring or an 8 has less
BARE_NOTE = 0.05  # of black to white: below, nothing is written on what is darker
SHEET_CONTRAST = 0.85  # the desk is darker than this share of the sheet
DARK_DESK = 0.42  # the same, where only one of its edges is seen


@dataclass(frozen=True, eq=False)
class Strokes:
    """A photograph on its way to ink.

    Attributes
    ----------
    picture : ndarray of float32, shape (height, width, 3)
        What was given, at working size.
    sheet : ndarray of float32, shape (rows, columns, 3)
        What lies on the sheet, upright.
    flat : ndarray of float32, shape (rows, columns)
        How far each pixel is from its ground: 0 is ground, 1 is black on white or white on black.
    ink : ndarray of float32, shape (rows, columns)
        The same without the lines of the paper.
    light_on_dark : bool
    noise : float
        Standard deviation of the ground, in the units of `ink`.
    lines : int
        Ruled lines that were taken away.
    angle : float
        By which the sheet was turned, in degrees.
    """

    picture: Array = field(repr=False)
    sheet: Array = field(repr=False)
    flat: Array = field(repr=False)
    ink: Array = field(repr=False)
    light_on_dark: bool
    noise: float
    lines: int
    angle: float


def strokes(picture: Array, light_on_dark: bool | None = None) -> Strokes:
    """Bring a photograph to its ink, and keep each stage.

    Parameters
    ----------
    picture : ndarray of float32, shape (height, width, 3)
        Colours from 0 to 1.
    light_on_dark : bool, optional
        Whether the ink is lighter than the ground; by default the picture decides.

    Returns
    -------
    Strokes
        Of a picture without ink its ground's noise alone.
    """
    picture = smaller(picture, 2 * WORKING_SIDE)
    sheet, angle = righted(picture)
    sheet = smaller(sheet, WORKING_SIDE)
    flat, light_on_dark = without_light(sheet, light_on_dark)
    ink, lines, tilt = without_lines(flat)
    noise = deviation(ink)
    return Strokes(picture, sheet, flat, ink, light_on_dark, noise, lines, angle + tilt)


def smaller(picture: Array, side: int) -> Array:
    """Average blocks of pixels until the longer side is about `side`."""
    factor = round(max(picture.shape[:2]) / side)
    if factor <= 1:
        return picture
    height, width = (min(factor, length) for length in picture.shape[:2])  # of a block; of a strip
    rows, columns = picture.shape[0] // height, picture.shape[1] // width
    blocks = picture[: rows * height, : columns * width]
    return blocks.reshape(rows, height, columns, width, -1).mean(axis=(1, 3), dtype=np.float32)


# ---- the sheet ----


def righted(picture: Array) -> tuple[Array, float]:
    """Return what lies on the sheet of paper, turned upright, and by how many degrees; or all.

    A sheet is a bright region without bays, with a darker desk on at least two sides; or a darker
    one, a note or a board, all of which is seen. Where there is none, the whole picture is the
    ground.
    """
    ndimage = extra("scipy.ndimage")
    small = smaller(picture, COARSE_SIDE)
    if min(small.shape[:2]) < LEAST_SHEET:
        return picture, 0.0
    mask = _sheet(ndimage.gaussian_filter(small, (1, 1, 0)))
    if mask is None:
        return picture, 0.0
    angle = _turn(mask)
    inside = ndimage.rotate(mask.astype(np.float32), angle, order=1) > 0.5
    turned = picture
    if abs(angle) > 0.3:
        turned = ndimage.rotate(picture, angle, order=1, mode="nearest").astype(np.float32)
    rows, columns = _inner(inside)
    scale = np.array(turned.shape[:2]) / inside.shape
    top, bottom = (round(edge * scale[0]) for edge in (rows.start, rows.stop))
    left, right = (round(edge * scale[1]) for edge in (columns.start, columns.stop))
    return turned[top:bottom, left:right], angle


def _sheet(small: Array) -> Any:
    """Return the mask of the sheet of paper in a small picture; None if there is none."""
    ndimage = extra("scipy.ndimage")
    grey, darkest = small.mean(axis=2), small.min(axis=2)
    # Closed and opened, so that neither its lines nor light ink part it.
    mask = _oblong(ndimage.grey_closing(grey, 7) > _otsu(grey))
    if mask is not None:
        sides = _straight_sides(mask)
        # One line may be the edge of a shadow, which is not as dark as a desk is.
        most = SHEET_CONTRAST if sides > 1 else DARK_DESK
        if sides and _step(mask, grey) < most:
            return mask
    mask = _oblong(ndimage.grey_opening(darkest, 7) <= _otsu(darkest))
    if mask is None or _touches(mask) or _step(mask, darkest) * SHEET_CONTRAST < 1:
        return None
    inside = grey[ndimage.binary_erosion(mask, iterations=4)]
    if not inside.size or np.ptp(np.quantile(inside, (0.005, 0.995))) < BARE_NOTE:
        return None  # a patch of ink
    return mask


def _oblong(part: Any) -> Any:
    """Return the mask of the largest piece of a part, its ink filled, if it is like a sheet."""
    ndimage = extra("scipy.ndimage")
    part = ndimage.binary_opening(part, iterations=2)
    labels, count = ndimage.label(part)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    mask = _filled(labels == sizes.argmax() + 1)
    mask = ndimage.binary_closing(np.pad(mask, 8, "edge"), iterations=6)
    mask = ndimage.binary_opening(mask, iterations=6)[8:-8, 8:-8]
    if not SHEET_SHARE < mask.mean() < 0.97:
        return None
    if (part & mask).sum() < SHEET_BARE * mask.sum():
        return None  # a stroke that goes all the way around
    hull = extra("scipy.spatial").ConvexHull(np.argwhere(mask))
    if mask.sum() < SHEET_SOLIDITY * hull.volume:
        return None
    if not _touches(mask) and mask.sum() < SHEET_OBLONG * _smallest_box(mask)[0]:
        return None
    return mask


def _touches(mask: Any) -> bool:
    """Whether the picture may not show all of it."""
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def _filled(mask: Any) -> Any:
    """Fill the holes, and the bays that one side of the picture closes: ink may lie there."""
    filled = mask.copy()
    for turns in range(4):
        closed = np.pad(np.rot90(mask, turns), ((1, 0), (0, 0)), constant_values=True)
        closed = extra("scipy.ndimage").binary_fill_holes(closed)[1:]
        filled |= np.rot90(closed, -turns)
    return filled


def _step(mask: Any, grey: Array) -> float:
    """Return how bright it is right outside, of right inside: light that falls off has no step."""
    ndimage = extra("scipy.ndimage")
    outside = ndimage.binary_dilation(mask, iterations=4) & ~ndimage.binary_dilation(mask)
    inner = ndimage.binary_erosion(mask, border_value=1)
    inside = inner & ~ndimage.binary_erosion(mask, iterations=4, border_value=1)
    near = ndimage.maximum_filter(np.where(inside, grey, 0), 15)[outside]
    share = grey[outside][near > 0] / near[near > 0]
    return float(np.median(share)) if share.size else 1.0


def _straight_sides(mask: Any) -> int:
    """Return how many sides of the box around the mask run along its edge within the picture."""
    ndimage = extra("scipy.ndimage")
    edge = mask & ~ndimage.binary_erosion(mask, border_value=1)
    edge[[0, 1, -2, -1]] = edge[:, [0, 1, -2, -1]] = False
    turn = math.radians(_turn(mask))
    axes = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    box, points = np.argwhere(mask) @ axes, np.argwhere(edge) @ axes
    if not len(points):
        return 0
    sides = 0
    for axis in (0, 1):
        length = np.ptp(box[:, 1 - axis])
        for end in (box[:, axis].min(), box[:, axis].max()):
            along = points[np.abs(points[:, axis] - end) < 3, 1 - axis]
            sides += len(np.unique(along.round())) > 0.4 * length
    return int(sides)


def _otsu(values: Array) -> float:
    """Return the threshold that separates two kinds of values best (Otsu 1979)."""
    counts, edges = np.histogram(values, 128)
    middles = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * middles)[:-1]
    above, total = counts.sum() - below, (counts * middles).sum()
    between = (total * below / counts.sum() - sums) ** 2 / np.maximum(below * above, 1)
    return float(edges[between.argmax() + 1])


def _turn(mask: Any) -> float:
    """Return the turn, in degrees, that makes the box around the mask smallest."""
    return _smallest_box(mask)[1]


def _smallest_box(mask: Any) -> tuple[float, float]:
    """Return the area of the smallest box around the mask, and its turn in degrees."""
    points = np.argwhere(mask).astype(float)
    points = points[extra("scipy.spatial").ConvexHull(points).vertices]

    def area(degrees: float) -> float:
        turn = math.radians(degrees)
        rows = points @ (math.cos(turn), -math.sin(turn))
        columns = points @ (math.sin(turn), math.cos(turn))
        return float((np.ptp(rows) + 1) * (np.ptp(columns) + 1))

    turns = ((area(degrees), float(degrees)) for degrees in np.arange(-45, 45, 0.5))
    return min(turns, key=lambda box: (box[0], abs(box[1])))


def _inner(mask: Any) -> tuple[slice, slice]:
    """Return the rows and columns of a box within the mask, a margin inside its edges."""
    rows, columns = np.flatnonzero(mask.mean(axis=1) > 0), np.flatnonzero(mask.mean(axis=0) > 0)
    box = [rows[0], rows[-1] + 1, columns[0], columns[-1] + 1]
    for _ in range(max(mask.shape)):  # shrink the side that has most desk on it
        part = mask[box[0] : box[1], box[2] : box[3]]
        sides = [part[0], part[-1], part[:, 0], part[:, -1]]
        desk = [1 - side.mean() for side in sides]
        worst = int(np.argmax(desk))
        if desk[worst] < 0.02:
            break
        box[worst] += 1 if worst in (0, 2) else -1
    margin = 1 + round(0.015 * max(box[1] - box[0], box[3] - box[2]))
    edges = (box[0] > 0, box[1] < mask.shape[0], box[2] > 0, box[3] < mask.shape[1])
    box = [
        edge + (margin if i in (0, 2) else -margin) * moved
        for i, (edge, moved) in enumerate(zip(box, edges, strict=True))
    ]
    return slice(box[0], box[1]), slice(box[2], box[3])


# ---- light ----

NOISIEST = 0.25  # of the deviation: no such picture can be read, and what seems to be one is ink
TWO_KINDS = 0.5  # of their distance: the sum of their deviations; noise, parted, has more


def without_light(picture: Array, light_on_dark: bool | None) -> tuple[Array, bool]:
    """Divide by the ground: return how much darker, or lighter, each pixel is, and which.

    The ground is what is left of the picture when everything darker and narrower than a good third
    of it is filled (a closing; for light ink an opening): it follows light that falls off, and the
    edge of a shadow. Ink is darker in at least one colour, on whatever ground; where the picture
    deviates more from the median of its surroundings to the other side it is lighter.
    """
    small = smaller(picture, 128)
    if light_on_dark is None:
        light_on_dark = _is_light_on_dark(picture)
    ground = _ground(small, light_on_dark, picture.shape)
    if light_on_dark:
        deviating = (picture - ground) / np.maximum(1 - ground, 0.25)
    else:
        deviating = 1 - picture / np.maximum(ground, 0.02)
    deviating = np.maximum.reduce(np.moveaxis(deviating, 2, 0))
    middle, _ = _middle_of_ground(deviating)
    return np.maximum(deviating - middle, 0).astype(np.float32), light_on_dark


def _is_light_on_dark(picture: Array) -> bool:
    """Whether what is narrow stands out more where it is lighter than the median around it."""
    ndimage = extra("scipy.ndimage")
    grey, small = (_logarithm(smaller(picture, side)) for side in (COARSE_SIDE, 48))
    median = ndimage.median_filter(small, _window(small, 0.45), mode="nearest")
    difference = grey - _enlarged(median, grey.shape)
    lighter, darker = (_outstanding(np.maximum(part, 0)) for part in (difference, -difference))
    return lighter > darker


def _logarithm(picture: Array) -> Array:
    """Return grey in which a shadow is a difference, as it is a share of the light."""
    return np.log(np.maximum(picture.mean(axis=2), 0.02))


def _outstanding(part: Array) -> float:
    """Return the sum of fourth powers of what is narrow, as strokes are; smears are weaker."""
    narrow = part - extra("scipy.ndimage").grey_opening(part, _window(part, 0.1))
    return float((narrow[narrow > 4 * deviation(narrow)] ** 4).sum())


def _window(picture: Array, share: float) -> int:
    return max(3, round(max(picture.shape[:2]) * share) | 1)


def _ground(small: Array, light_on_dark: bool, shape: tuple[int, ...]) -> Array:
    """Return the picture with everything filled that is narrower than a good third of it."""
    ndimage = extra("scipy.ndimage")
    fill = ndimage.grey_opening if light_on_dark else ndimage.grey_closing
    narrow, wide = _window(small, 0.15), _window(small, 0.4)
    ground = fill(ndimage.gaussian_filter(small, (1, 1, 0)), (narrow, narrow, 1), mode="nearest")
    # Beyond the border the light goes on as it comes to it: strokes near it are filled before.
    around = [(min(wide, length - 1),) * 2 for length in small.shape[:2]] + [(0, 0)]
    ground = np.pad(ground, around, "reflect", reflect_type="odd")
    ground = fill(ground, (wide, wide, 1), mode="nearest")
    inner = tuple(
        slice(before, before + n) for (before, _), n in zip(around, small.shape, strict=True)
    )
    return np.stack([_enlarged(colour, shape) for colour in np.moveaxis(ground[inner], 2, 0)], 2)


def _enlarged(grey: Array, shape: tuple[int, ...]) -> Array:
    pillow = extra("PIL.Image")
    image = pillow.fromarray(np.ascontiguousarray(grey, np.float32))
    return np.asarray(image.resize(shape[1::-1], pillow.Resampling.BILINEAR))


def deviation(flat: Array) -> float:
    """Return the standard deviation of the ground, were it normal; see `_middle_of_ground`."""
    return _middle_of_ground(flat)[1]


def _middle_of_ground(flat: Array) -> tuple[float, float]:
    """Return the middle of the ground and its standard deviation, of deviations to one side.

    Half of them lie below the median and 69 % below half a deviation more, while ink covers less
    than a third of the picture. Where it covers more there are two kinds, and the lower is ground.
    """
    every = 1 if flat.size < 100_000 else 2
    some = flat[..., ::every]
    median, more = (float(value) for value in np.quantile(some, (0.5, 0.6915)))
    if 2 * more - median < NOISIEST:
        return median, 2 * (more - median)
    is_ground = some <= _otsu(some)
    ground, ink = some[is_ground], some[~is_ground]
    if not (ink.size and ground.size) or ground.std() + ink.std() > TWO_KINDS * (
        ink.mean() - ground.mean()
    ):
        return median, 2 * (more - median)
    return float(np.median(ground)), float(ground.std())


# ---- lines ----

BLOCKS = 16  # of a row: a line crosses nearly all of them
CROSSED = 0.75  # of the blocks, one of the ends among them
POINTS = 20_000  # of ink that tell by how much lines are tilted
FAINTEST_LINE = 0.02
MOST_TILT = 3  # degrees, where there are few lines
THICKEST_LINE = 0.035  # of the longer side: more is the edge of a shadow, or of a desk


def without_lines(flat: Array) -> tuple[Array, int, float]:
    """Take ruled lines and grids away, where strokes cross them too.

    A line goes from border to border, which no digit does. Returns the ink, upright by the lines,
    how many there were, and by how many degrees they were tilted.
    """
    if min(flat.shape) < 2 * BLOCKS:
        return flat, 0, 0.0
    ndimage = extra("scipy.ndimage")
    tilt = 0.0
    for picture, sign in ((flat, 1), (flat.T, -1)):
        found = _tilt(picture)
        if found is not None:
            tilt = sign * found
            break
    else:
        return flat, 0, 0.0
    if abs(tilt) > 0.1:
        flat = np.maximum(ndimage.rotate(flat, tilt, reshape=False, order=1), 0)
    ink, rows = _without_rows(flat)
    ink, columns = _without_rows(ink.T)
    return np.ascontiguousarray(ink.T), rows + columns, float(tilt)


def _tilt(flat: Array) -> float | None:
    """Return by how many degrees lines from left to right rise; None if there are none."""
    noise = deviation(flat)
    level = max(FAINTEST_LINE, 2 * noise)
    rows, columns = np.nonzero(flat > level)
    if len(rows) < flat.shape[1]:
        return None
    every = math.ceil(len(rows) / POINTS)
    rows, columns = rows[::every], columns[::every]

    def concentration(degrees: float) -> float:
        places = rows + columns * math.tan(math.radians(degrees))
        return float(np.square(np.bincount((places - places.min()).astype(int))).sum())

    coarse = max(np.arange(-12, 12, 0.25), key=concentration)
    tilt = -float(max(coarse + np.arange(-0.25, 0.3, 0.05), key=concentration))
    ndimage = extra("scipy.ndimage")
    upright = ndimage.rotate(flat, tilt, reshape=False, order=1) if abs(tilt) > 0.1 else flat
    _, lines = ndimage.label(_line_rows(upright)[0])
    # Paper has many lines, and is held nearly straight: few that are tilted are a shadow's edge.
    return tilt if lines > 3 or (lines and abs(tilt) <= MOST_TILT) else None


def _line_rows(flat: Array) -> tuple[Any, Array]:
    """Return which rows hold a line, and how strong it is in each."""
    edges = np.linspace(0, flat.shape[1], BLOCKS + 1).astype(int)
    blurred = extra("scipy.ndimage").uniform_filter1d(flat, 3, axis=0)
    blocks = [np.median(blurred[:, a:b], axis=1) for a, b in itertools.pairwise(edges)]
    medians = np.stack(blocks, axis=1)
    ends = np.maximum(medians[:, 0], medians[:, -1])  # a stroke may be long, and reaches neither
    level = np.minimum(np.quantile(medians, 1 - CROSSED, axis=1), ends)
    ground = np.median(level)
    least = max(FAINTEST_LINE, 3 * deviation(np.abs(level - ground)))
    is_line = level - ground > least
    if is_line.any():
        is_line &= level - ground > 0.3 * np.quantile(level[is_line] - ground, 0.8)
    labels, _ = extra("scipy.ndimage").label(is_line)
    thick = np.bincount(labels)[labels] > max(5, THICKEST_LINE * max(flat.shape))
    is_line &= ~thick
    if is_line.mean() > 0.4:
        is_line[:] = False
    return is_line, np.median(medians, axis=1)


def _without_rows(flat: Array) -> tuple[Array, int]:
    """Take away the lines from left to right; strokes above and below them are joined."""
    ndimage = extra("scipy.ndimage")
    is_line, level = _line_rows(flat)
    if not is_line.any():
        return flat, 0
    ink = flat.copy()
    faintest = max(4 * deviation(flat), 0.5 * float(level[is_line].max()))
    bands, count = ndimage.label(ndimage.binary_dilation(is_line, iterations=1))
    for (band,) in ndimage.find_objects(bands):
        reach = band.stop - band.start
        above = flat[max(band.start - 2, 0) : max(band.start, 1)].max(axis=0)
        below = flat[min(band.stop, len(flat) - 1) : band.stop + 2].max(axis=0)
        above, below = (ndimage.grey_dilation(part, reach) for part in (above, below))
        joined = np.minimum(above, below)
        strongest = level[band].max()
        line = flat[band]
        kept = np.where(line > 1.8 * strongest + 0.05, line, 0)  # a stroke that is darker than it
        ink[band] = np.maximum(kept, np.where(joined > faintest, joined, 0))
    return ink, count
