"""MNIST's rule: the ink's longer side is 20 pixels, and its centre of mass is the middle of 28.

Whatever is drawn, scanned or photographed has to follow it before a network that learned MNIST can
read it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.checks import Array, ChainruleError, extra, finite, numbers

SIDE = 28  # pixels of the whole picture
INK_SIDE = 20  # pixels of the longer side of the ink's bounding box
MIDDLE = 14  # the pixel that the centre of mass is brought to, within half a pixel
FAINTEST = 16 / 255  # of the strongest ink; in MNIST every edge of the ink is at least this strong
ROUNDING = 1e-6  # of a pixel: a centre of mass may lie on the half
LEAST_CONTRAST = 0.1  # of black against white; below it there is no ink
NOISE = 6  # robust standard deviations of the border: what deviates less is ground


@dataclass(frozen=True, eq=False)
class Centring:
    """A picture on its way to MNIST's form, light ink on a dark ground.

    Attributes
    ----------
    drawn : ndarray of float32, shape (height, width)
        The ink alone, from 0 (ground) to 1 (the strongest ink).
    cropped : ndarray of float32
        What lies within the ink's bounding box.
    scaled : ndarray of float32
        The same, its longer side 20 pixels, in steps of 1/255.
    centred : ndarray of float32, shape (28, 28)
        The same, moved by whole pixels until its centre of mass lies in the middle.
    light_on_dark : bool
        Whether the picture was light ink on a dark ground; else it was dark ink on a light one.
    offset : (float, float)
        Rows and columns from pixel (14, 14) to the centre of mass. Beyond 0.5 only where the ink
        is so lopsided that it would leave the picture; then it stands at its edge.
    """

    drawn: Array = field(repr=False)
    cropped: Array = field(repr=False)
    scaled: Array = field(repr=False)
    centred: Array = field(repr=False)
    light_on_dark: bool
    offset: tuple[float, float]

    @property
    def is_lopsided(self) -> bool:
        """Whether no place within the picture brings the centre of mass to the middle."""
        return max(map(abs, self.offset)) > 0.5 + ROUNDING


def centre(image: ArrayLike, light_on_dark: bool | None = None) -> Array:
    """Return one picture as MNIST would hold it; see `centring` for what happens on the way.

    Parameters
    ----------
    image : array_like, shape (height, width)
        Grey, from 0 (black) to 1 (white), or bytes from 0 to 255.
    light_on_dark : bool, optional
        Whether the ink is lighter than the ground; by default the border decides.

    Returns
    -------
    ndarray of float32, shape (28, 28)
        Light ink on 0, in steps of 1/255.
    """
    return centring(image, light_on_dark).centred


def centring(image: ArrayLike, light_on_dark: bool | None = None) -> Centring:
    """Bring one picture into MNIST's form, and keep each step.

    The median of the border is the ground. Ink is what deviates from it: to that side, lighter or
    darker, to which the picture deviates more.

    Parameters
    ----------
    image : array_like, shape (height, width)
        Grey, from 0 (black) to 1 (white), or bytes from 0 to 255.
    light_on_dark : bool, optional
        Whether the ink is lighter than the ground; by default as above.

    Returns
    -------
    Centring

    Raises
    ------
    ChainruleError
        If the picture holds no ink, or is no picture.
    """
    drawn, light_on_dark = _ink(_grey(image), light_on_dark)
    cropped, scaled = _fitted(drawn)
    centred = np.zeros((SIDE, SIDE), np.float32)
    row, column = (_start(scaled, axis) for axis in (0, 1))
    centred[row : row + scaled.shape[0], column : column + scaled.shape[1]] = scaled
    offset = (_centre_of_mass(centred, 0) - MIDDLE, _centre_of_mass(centred, 1) - MIDDLE)
    return Centring(drawn, cropped, scaled, centred, light_on_dark, offset)


def _grey(image: ArrayLike) -> Array:
    pixels = numbers("image", image)
    if pixels.ndim != 2 or not pixels.size:
        raise ChainruleError(
            f"image must have the shape (height, width), at least one pixel, got {pixels.shape}."
        )
    if pixels.dtype == np.uint8:
        return pixels.astype(np.float32) / np.float32(255)
    finite("image", pixels)
    if pixels.min() < 0 or pixels.max() > 1:
        raise ChainruleError(
            "image must be grey from 0 (black) to 1 (white), or bytes (uint8), got "
            f"{pixels.dtype} from {pixels.min():g} to {pixels.max():g}."
        )
    return pixels.astype(np.float32)


def _ink(pixels: Array, light_on_dark: bool | None) -> tuple[Array, bool]:
    """Return the ink from 0 to 1, and whether it is lighter than the ground."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = np.median(border)
    lighter, darker = np.maximum(pixels - ground, 0), np.maximum(ground - pixels, 0)
    if light_on_dark is None:
        light_on_dark = bool(np.square(lighter).sum() > np.square(darker).sum())
    ink = lighter if light_on_dark else darker
    noise = 1.4826 * np.median(np.abs(border - ground))  # the deviation, were it normal
    ink[ink <= NOISE * noise] = 0
    strongest = ink.max()
    if strongest < LEAST_CONTRAST:
        raise ChainruleError(
            f"The picture is empty: its strongest ink differs from the ground by {strongest:.0%} "
            f"of black against white, {LEAST_CONTRAST:.0%} is the least; draw with more contrast."
        )
    return ink / strongest, light_on_dark


def _fitted(ink: Array) -> tuple[Array, Array]:
    """Crop and scale the ink until both ends of its longer side are visible; return both.

    A speck of dust, or the halo of a JPEG file, would else be the end of the box and vanish when
    it is scaled.
    """
    cropped = ink
    while True:
        cropped = cropped[_box(cropped > 0)]
        scaled = _scaled(cropped)
        box = _box(scaled >= np.float32(FAINTEST))
        if INK_SIDE in (side.stop - side.start for side in box):
            return cropped, scaled
        rows, columns = (
            _source(visible, side, length) if side == INK_SIDE else slice(None)
            for visible, side, length in zip(box, scaled.shape, cropped.shape, strict=True)
        )
        cropped = cropped[rows, columns]


def _box(mask: Any) -> tuple[slice, slice]:
    """Return the rows and columns from the first to the last that hold anything true."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _source(visible: slice, scaled: int, cropped: int) -> slice:
    """Return which of the `cropped` lines to keep, given the visible ones of the `scaled`."""
    start = math.floor(visible.start * cropped / scaled)
    stop = math.ceil(visible.stop * cropped / scaled)
    if visible.start > 0:
        start = max(start, 1)
    if visible.stop < scaled:
        stop = min(stop, cropped - 1)
    return slice(start, stop)


def _scaled(cropped: Array) -> Array:
    """Return the ink with a longer side of 20 pixels, its strongest 1, in steps of 1/255."""
    pillow = extra("PIL.Image")
    longer = max(cropped.shape)
    height, width = (max(1, round(INK_SIDE * side / longer)) for side in cropped.shape)
    picture = pillow.fromarray(np.ascontiguousarray(cropped))
    scaled = np.asarray(picture.resize((width, height), pillow.Resampling.BICUBIC))
    scaled = np.clip(scaled / scaled.max(), 0, 1)
    return np.rint(scaled * 255).astype(np.float32) / np.float32(255)


def _start(scaled: Array, axis: int) -> int:
    """Return where the first line of the ink goes, so that all of it stays in the picture."""
    wanted = math.floor(MIDDLE - _centre_of_mass(scaled, axis) + 0.5)
    return min(max(wanted, 0), SIDE - scaled.shape[axis])


def _centre_of_mass(picture: Array, axis: int) -> float:
    mass = picture.sum(axis=1 - axis, dtype=np.float64)
    return float(mass @ np.arange(len(mass)) / mass.sum())
