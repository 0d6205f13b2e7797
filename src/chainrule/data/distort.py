"""Distorted copies of images: a new one of each in every epoch, made when its batch is asked for.

Each image is turned, scaled, sheared, shifted and bent a little (Simard, Steinkraus and Platt 2003;
Cireşan, Meier, Gambardella and Schmidhuber 2010). A network that sees no image twice learns what
digits have in common, not how these sixty thousand were written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import Array, ChainruleError, Examples
from chainrule.compiled import working_numba
from chainrule.data.preprocess import Standardised
from chainrule.data.split import Split

Resample: TypeAlias = Callable[[Array, Array, Array, Array, Array, Array], None]

FIELDS = 1_500  # to draw the displacements of 28 x 28 pixels from; fewer of larger ones
EPOCHS_OF_FIELDS = 20  # then they are drawn anew
SIDE = 28  # lengths are given in 28ths of an image's height and width
PIXELS = 64 * SIDE**2  # at a time: what is computed of them stays in the cache
ZERO, ONE = np.float32(0), np.float32(1)


@dataclass(frozen=True)
class Distortions:
    """How far an image may be distorted; each number is drawn evenly between minus it and it.

    Attributes
    ----------
    rotation : float
        Degrees; half as many for what a turn makes another class.
    scaling : float
        Share of height and of width, each for itself.
    shear : float
        Pixels to the side for each pixel up.
    shift : float
        28ths of height and width.
    sigma, alpha : float
        Elastic displacement (Simard et al. 2003): a random number from -1 to 1 for each pixel and
        axis, smoothed by a Gaussian of deviation `sigma`, times `alpha`; in 28ths as well.
    """

    rotation: float = 15.0
    scaling: float = 0.15
    shear: float = 0.1
    shift: float = 1.0
    sigma: float = 6.0
    alpha: float = 38.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            below = 1 if name == "scaling" else np.inf  # else an image is turned inside out
            checks.real_number(name, value, at_least=0, below=below)

    def times(self, strength: float) -> Distortions:
        """Return these, so many times as far; `sigma` is a distance and stays."""
        strength = checks.real_number("the strength of distortion", strength, at_least=0, below=5)
        farther = {name: strength * value for name, value in vars(self).items() if name != "sigma"}
        return replace(self, **farther)


class Distorted:
    """Images that `train_network` takes for `X_train`: distorted anew in every epoch.

    The loop tells it each epoch before it asks for batches; what an image then looks like depends
    on (seed, epoch) alone, so that training that is resumed sees the same images, to the bit.
    Before it is told of an epoch it gives the images as they are. Beyond its border an image goes
    on as it is there. With Numba (extra ``[fast]``) this takes a quarter of the time, with the
    same bits.

    Parameters
    ----------
    X : array, shape (n, height * width)
        Or what gives rows. Standardised or not: black may be any number.
    image_shape : (int, int)
        Height and width, two pixels at least.
    seed : int
    strength : float
        Of the distortions; 0 gives the images as they are.
    half_turned : array of bool, shape (n,), optional
        The images to turn by half the angle at most, such as 1 and 7.
    distortions : Distortions, optional

    Examples
    --------
    >>> X = Distorted(np.eye(4, dtype=np.float32).reshape(1, 16), (4, 4), seed=0)
    >>> X.begin_epoch(0)
    >>> X[np.array([0])].shape
    (1, 16)
    """

    def __init__(
        self,
        X: Examples,
        image_shape: tuple[int, int],
        *,
        seed: int,
        strength: float = 1.0,
        half_turned: ArrayLike | None = None,
        distortions: Distortions | None = None,
    ) -> None:
        self.X = checks.rows("X", X)
        self.shape, self.image_shape = self.X.shape, image_shape
        is_one = np.shape(image_shape) == (2,) and np.asarray(image_shape).dtype.kind in "iu"
        if not is_one or math.prod(image_shape) != self.shape[1] or min(image_shape) < 2:
            raise ChainruleError(
                f"image_shape must be (height, width), two pixels at least, of {self.shape[1]} "
                f"pixels together, got {image_shape}."
            )
        self.seed = checks.whole_number("seed", seed)
        self.distortions = (distortions or Distortions()).times(strength)
        if half_turned is None:
            half_turned = np.zeros(len(self), bool)
        half = checks.of_shape("half_turned", half_turned, self.shape[:1], np.float64)
        self.turns = self.distortions.rotation * (1 - half / 2)
        self.indices = np.arange(len(self))
        self.fields_of = self.epoch = -1
        self.fields: Array = np.zeros((1, 2, *image_shape), np.float32)

    def __len__(self) -> int:
        return len(self.X)

    def begin_epoch(self, epoch: int) -> None:
        """Draw how each image is distorted in this epoch."""
        if epoch // EPOCHS_OF_FIELDS != self.fields_of:
            self.fields_of = epoch // EPOCHS_OF_FIELDS
            rng = np.random.default_rng([self.seed, self.fields_of, 2])
            self.fields = elastic_fields(self.image_shape, self.distortions, rng)
        # Not [seed, epoch], which draws the order of the batches.
        rng = np.random.default_rng([self.seed, epoch, 1])
        self.maps = affine_maps(self.turns, self.image_shape, self.distortions, rng)
        self.chosen = rng.integers(len(self.fields), size=len(self))
        self.epoch = epoch

    def __getitem__(self, indices: Any) -> Array:
        indices = np.atleast_1d(self.indices[indices])
        if self.epoch < 0:
            return self.X[indices]
        rows = np.empty((len(indices), self.shape[1]), np.float32)
        at_once = max(1, PIXELS // self.shape[1])
        for start in range(0, len(rows), at_once):
            part = slice(start, start + at_once)
            chosen = indices[part]
            images = self.X[chosen].astype(np.float32, copy=False)
            moved = self.fields[self.chosen[chosen]]
            _resample()(images, self.maps[chosen], moved, *_centred(self.image_shape), rows[part])
        return rows


def examples_of(split: Split, *, seed: int, strength: float) -> Standardised | Distorted:
    """Return the images of a split to train on, distorted unless `strength` is 0.

    Of MNIST's digits 1 and 7 turn by half the angle; nothing is known of other classes.
    """
    if not strength:
        return split.X_train
    digits = np.array(split.classes)[split.y_train]
    half = np.isin(digits, (1, 7)) if split.is_mnist else None
    shape = split.image_shape
    return Distorted(split.X_train, shape, seed=seed, strength=strength, half_turned=half)


def affine_maps(
    turns: Array, image_shape: tuple[int, int], distortions: Distortions, rng: np.random.Generator
) -> Array:
    """Draw where each pixel of a distorted image comes from.

    Parameters
    ----------
    turns : array, shape (n,)
        The largest angle of each image, in degrees.
    image_shape : (int, int)
    distortions : Distortions
    rng : Generator

    Returns
    -------
    array of float32, shape (n, 2, 3)
        Row and column of the source, from 0, are the first two columns times the pixel's row and
        column, from the centre, and the third.
    """
    drawn = rng.uniform(-1, 1, (6, len(turns)))
    angle, shear = np.radians(turns * drawn[0]), distortions.shear * drawn[1]
    high, wide = 1 + distortions.scaling * drawn[2:4]
    shift = distortions.shift / SIDE * drawn[4:].T * image_shape
    cos, sin = np.cos(angle), np.sin(angle)
    # A pixel goes to turn @ (shear @ (scale @ it)) + shift; it comes from the inverse of that.
    turn = _matrices(cos, sin, -sin, cos)
    shears_and_scales = _matrices(high, 0 * high, shear * high, wide)
    back = np.linalg.inv(turn @ shears_and_scales)
    centre = (np.array(image_shape) - 1) / 2
    start = centre - (back @ shift[:, :, np.newaxis])[:, :, 0]
    return np.concatenate([back, start[:, :, np.newaxis]], axis=2).astype(np.float32)


def elastic_fields(
    image_shape: tuple[int, int], distortions: Distortions, rng: np.random.Generator
) -> Array:
    """Draw displacements, (fields, 2, height, width), in pixels: first of rows, then of columns."""
    gaussian_filter = checks.extra("scipy.ndimage").gaussian_filter
    height, width = image_shape
    if not distortions.alpha:
        return np.zeros((1, 2, height, width), np.float32)
    count = max(16, min(FIELDS, FIELDS * SIDE**2 // (height * width)))
    relative = np.array(image_shape) / SIDE
    noise = 2 * rng.random((count, 2, height, width), np.float32) - ONE
    sigma = (0, 0, *(distortions.sigma * relative))
    smooth = gaussian_filter(noise, sigma, mode="constant")
    # Over more pixels the mean of the noise is smaller, and the displacement is to be larger.
    farther = distortions.alpha * relative * np.sqrt(relative.prod())
    return (smooth * farther[:, np.newaxis, np.newaxis]).astype(np.float32)


def _matrices(*numbers: Array) -> Array:
    return np.stack(numbers, axis=-1).reshape(-1, 2, 2)


@cache
def _centred(image_shape: tuple[int, int]) -> tuple[Array, Array]:
    """Return rows and columns from the centre."""
    height, width = (np.arange(side, dtype=np.float32) - (side - 1) / 2 for side in image_shape)
    return height.astype(np.float32), width.astype(np.float32)


# ---- bilinear sampling: each formula once, for the arrays of NumPy and the numbers of Numba ----


def _before(place: Any, last: Any) -> tuple[Any, Any]:
    """Return the pixel before a place, of those from 0 to `last`, and how far behind it that is."""
    place = np.minimum(np.maximum(place, ZERO), last)
    before = np.minimum(np.floor(place), last - ONE)
    return before, place - before


def _between(one: Any, other: Any, share: Any) -> Any:
    """Return what lies between two values; at a share of 0 or 1 it is one of them exactly."""
    return (ONE - share) * one + share * other


def _resample_in_numpy(
    images: Array, maps: Array, moved: Array, rows: Array, columns: Array, out: Array
) -> None:
    """Fill `out` (n, pixels) with the images as the maps and displacements say."""
    maps, (height, width) = maps[:, :, :, np.newaxis], (len(rows), len(columns))
    place = (maps[:, :, 0] * rows + maps[:, :, 2])[:, :, :, np.newaxis]
    place = place + (maps[:, :, 1] * columns)[:, :, np.newaxis]
    place += moved
    top, down = _before(place[:, 0], np.float32(height - 1))
    left, right = _before(place[:, 1], np.float32(width - 1))
    first = np.arange(len(images))[:, np.newaxis, np.newaxis] * (height * width)
    first = first + (top * np.float32(width) + left).astype(np.intp)
    pixels = images.ravel()
    upper = _between(pixels.take(first), pixels[1:].take(first), right)
    lower = _between(pixels[width:].take(first), pixels[width + 1 :].take(first), right)
    out[...] = _between(upper, lower, down).reshape(out.shape)


@cache
def _resample() -> Resample:
    """Return the quickest way that is installed to resample."""
    numba = working_numba()
    if numba is None:
        return _resample_in_numpy
    before, between = numba.njit(_before), numba.njit(_between)

    @numba.njit
    def resample(images, maps, moved, rows, columns, out):  # type: ignore[no-untyped-def]
        height, width = len(rows), len(columns)
        last_row, last_column = np.float32(height - 1), np.float32(width - 1)
        first = np.empty(width, np.int32)
        down, right = np.empty(width, np.float32), np.empty(width, np.float32)
        for i in range(len(images)):
            image = images[i]
            (y_row, y_column, y_start), (x_row, x_column, x_start) = maps[i]
            for r in range(height):
                y_of_row, x_of_row = y_row * rows[r] + y_start, x_row * rows[r] + x_start
                for c in range(width):  # without reading pixels, so that it is vectorised
                    y = y_of_row + y_column * columns[c] + moved[i, 0, r, c]
                    x = x_of_row + x_column * columns[c] + moved[i, 1, r, c]
                    top, down[c] = before(y, last_row)
                    left, right[c] = before(x, last_column)
                    first[c] = np.int32(top * np.float32(width) + left)
                for c in range(width):
                    p = first[c]
                    upper = between(image[p], image[p + 1], right[c])
                    p += width
                    lower = between(image[p], image[p + 1], right[c])
                    out[i, r * width + c] = between(upper, lower, down[c])

    return resample
