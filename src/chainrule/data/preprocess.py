"""From images to what a network learns from: standardised rows, and a validation set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import checks
from chainrule.checks import Array, ChainruleError, Integers, generator, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike


_ROWS = 1_000  # images at a time: 3 MB of MNIST in float32, 6 MB in float64


@dataclass(frozen=True)
class Standardisation:
    """A mean and a standard deviation of pixels: what has to be done to every later image as well.

    Pixels are measured from 0 to 1: images of bytes (uint8, 0 to 255) are divided by 255 first,
    all others are taken as they are.

    Attributes
    ----------
    mean, std : float, or ndarray of shape (pixels,)
        Of all pixels together, or of each. A pixel whose `std` is 0 never varied in training; it
        tells nothing, and comes out as 0 whatever it is.
    """

    mean: float | Array
    std: float | Array

    @classmethod
    def of(cls, X: ArrayLike, *, per_pixel: bool = False) -> Standardisation:
        """Measure mean and standard deviation of the images `X`, summed in float64.

        Parameters
        ----------
        X : ndarray, shape (images, pixels) or (images, height, width)
        per_pixel : bool
            One mean and one standard deviation for each pixel, not for all together.

        Raises
        ------
        ChainruleError
            If `X` is empty, not numbers, of another number of axes, or holds NaN or infinity.
        """
        images = check_images("X", X)
        axis = 0 if per_pixel else None
        count = len(images) if per_pixel else images.size
        mean = sum(rows.sum(axis=axis, dtype=np.float64) for rows in _chunks(images)) / count
        # Equal float32 numbers add up without rounding in float64: a constant pixel deviates by 0.
        squares = sum(_squares(rows - mean).sum(axis=axis) for rows in _chunks(images))
        std = np.sqrt(squares / count)
        return cls(mean, std) if per_pixel else cls(float(mean), float(std))

    def apply(self, X: ArrayLike, rows: Integers | None = None) -> Array:
        """Standardise images, each as one row.

        Parameters
        ----------
        X : ndarray, shape (images, pixels) or (images, height, width)
        rows : ndarray of int, shape (n,), optional
            Which images, in which order; all of them by default.

        Returns
        -------
        ndarray, shape (n, pixels), float32

        Raises
        ------
        ChainruleError
            As in `of`, and if the images are of another size than those that were measured.
        """
        images = check_images("X", X)
        pixels = images.shape[1]
        if np.size(self.mean) not in (1, pixels):
            raise ChainruleError(
                f"X must hold images of {np.size(self.mean)} pixels, as those that were "
                f"standardised in training, got {pixels}."
            )
        chosen = slice(None) if rows is None else rows
        return Standardised(images, self, np.arange(len(images))[chosen])[:]


class Standardised:
    """Images that are standardised when they are asked for, such as a batch by `train_network`.

    Until then they are what they were: bytes take a quarter of the memory. The bits are the same.

    Parameters
    ----------
    images : ndarray, shape (n, pixels)
    standardisation : Standardisation
    chosen : ndarray of int
        Which of the images, in which order.
    """

    def __init__(self, images: Array, standardisation: Standardisation, chosen: Integers) -> None:
        self.images, self.chosen = images, chosen
        self.shape = (len(chosen), images.shape[1])
        std = np.asarray(standardisation.std, np.float32)
        self._mean = np.asarray(standardisation.mean, np.float32)
        self._divisor = np.where(std > 0, std, np.float32(np.inf))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, indices: Any) -> Array:
        place = np.asarray(self.chosen[indices])
        chosen = place.reshape(-1)
        rows = np.empty((len(chosen), self.shape[1]), np.float32)
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            _from_0_to_1(self.images[chosen[part]], out=rows[part])
            np.subtract(rows[part], self._mean, out=rows[part])
            np.divide(rows[part], self._divisor, out=rows[part])
        return rows.reshape(*place.shape, self.shape[1])


def _chunks(images: Array) -> Iterator[Array]:
    """Yield the rows of `images`, some at a time, as float32 from 0 to 1."""
    for start in range(0, len(images), _ROWS):
        rows = images[start : start + _ROWS]
        yield _from_0_to_1(rows, out=np.empty(rows.shape, np.float32))


def _from_0_to_1(images: Array, out: Array) -> Array:
    """Fill `out` with images of any numbers; bytes are divided by 255."""
    if images.dtype == np.uint8:
        return np.divide(images, np.float32(255), out=out, dtype=np.float32)
    out[...] = images
    return out


def _squares(deviations: Array) -> Array:
    return np.multiply(deviations, deviations, out=deviations)  # new memory would take longer


def check_images(name: str, X: ArrayLike) -> Array:
    """Return one image or more, (n, pixels) or (n, height, width), as rows of finite pixels."""
    images = checks.numbers(name, X)
    if images.ndim not in (2, 3):
        raise ChainruleError(
            f"{name} must have the shape (images, pixels) or (images, height, width), got "
            f"{images.shape}; one image alone is X[np.newaxis]."
        )
    return checks.examples(name, images.reshape(len(images), math.prod(images.shape[1:])))


def check_labels(name: str, y: ArrayLike, images: int) -> Integers:
    """Return `y`, one class number from 0 up for each of so many images, as int64."""
    labels = checks.labels(name, y, images)
    if labels.min(initial=0) < 0:
        raise ChainruleError(f"{name} must be class numbers from 0 up, got {labels.min()}.")
    return labels.astype(np.int64, copy=False)


def stratified_subset(y: Integers, size: int, rng: int | np.random.Generator = 0) -> Integers:
    """Draw `size` of the labels `y` so that each class keeps its proportion.

    Every class gets the whole part of its share; the places left go to the largest remainders.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
    size : int
        From 0 to n.
    rng : int or Generator

    Returns
    -------
    ndarray of int64, shape (size,)
        Indices into `y`, ascending.
    """
    if whole_number("size", size) > len(y):
        raise ChainruleError(f"size must be at most the number of labels, {len(y)}, got {size}.")
    draw = generator(rng)
    classes, counts = np.unique(y, return_counts=True)
    shares, remainders = np.divmod(counts * size, max(len(y), 1))
    largest_first = np.argsort(-remainders, kind="stable")
    shares[largest_first[: size - shares.sum()]] += 1
    drawn = [
        draw.choice(np.flatnonzero(y == label), share, replace=False)
        for label, share in zip(classes, shares, strict=True)
    ]
    return np.sort(np.concatenate([np.empty(0, np.int64), *drawn]))


def preprocess_mnist(
    X_train: ArrayLike,
    y_train: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    rng: int | np.random.Generator = 0,
    per_pixel: bool = False,
    validation_size: int | None = None,
    verbose: bool = True,
) -> tuple[Array, Integers, Array, Integers, Array, Integers]:
    """Flatten and standardise images, and set some of the training images aside for validation.

    Parameters
    ----------
    X_train, X_test : ndarray, shape (n, height, width) or (n, pixels)
        Pixels from 0 to 1, or bytes from 0 to 255, which come out the same.
    y_train, y_test : ndarray of int, shape (n,)
        The classes, from 0 up.
    rng : int or Generator
        Draws the validation images, each class in its proportion.
    per_pixel : bool
        Standardise each pixel by its own mean and deviation over the training images (a pixel
        that is constant there becomes 0 everywhere), not all by one mean and one deviation.
    validation_size : int, optional
        How many images to set aside: 5,000, or an eighth of the training images if that is less.
    verbose : bool
        Print the shapes of the result.

    Returns
    -------
    X_train, y_train, X_val, y_val, X_test, y_test
        Images as float32 (n, pixels), labels as int64 (n,). Mean and deviation are those of all
        training images that came in, the validation images among them.

    Raises
    ------
    ChainruleError
        If images and labels do not belong together, or there are none, or labels are one-hot,
        fractions or negative, or pixels are not finite.
    """
    X_train, X_test = check_images("X_train", X_train), check_images("X_test", X_test)
    y_train = check_labels("y_train", y_train, len(X_train))
    y_test = check_labels("y_test", y_test, len(X_test))
    if X_train.shape[1] != X_test.shape[1]:
        raise ChainruleError(
            "X_train and X_test must hold images of one size, got "
            f"{X_train.shape[1]} and {X_test.shape[1]} pixels."
        )
    validation = stratified_subset(y_train, validation_size_of(validation_size, len(X_train)), rng)
    training = np.delete(np.arange(len(y_train)), validation)
    standardisation = Standardisation.of(X_train, per_pixel=per_pixel)
    X_val, X_test = standardisation.apply(X_train, validation), standardisation.apply(X_test)
    X_train = standardisation.apply(X_train, training)
    if verbose:
        _report(standardisation, X_train, X_val, X_test)
    return X_train, y_train[training], X_val, y_train[validation], X_test, y_test


def validation_size_of(wanted: int | None, images: int) -> int:
    """Return how many of the training images validate: 5,000 or an eighth, unless `wanted`."""
    if images < 2:
        raise ChainruleError(
            f"X_train must hold two images at least, one of them for validation, got {images}."
        )
    if wanted is None:
        return max(1, min(5_000, images // 8))
    if whole_number("validation_size", wanted, at_least=1) >= images:
        raise ChainruleError(
            f"validation_size must leave images to train on: at most {images - 1} of {images}, "
            f"got {wanted}."
        )
    return wanted


def _report(standardisation: Standardisation, train: Array, validation: Array, test: Array) -> None:
    if isinstance(standardisation.mean, float):
        mean, std = standardisation.mean, standardisation.std
        print(f"Pixels standardised: mean {mean:.4f}, standard deviation {std:.4f}")
    else:
        print("Pixels standardised, each by its own mean and standard deviation")
    print(f"  to train on  {train.shape}")
    print(f"  validation   {validation.shape}")
    print(f"  test         {test.shape}")
