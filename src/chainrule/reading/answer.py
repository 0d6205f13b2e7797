"""A picture from an image file, made into what a model takes."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError, extra
from chainrule.data.pictures import Source, read_photograph, read_picture
from chainrule.reading.centring import SIDE, Centring, centring
from chainrule.reading.classifier import ImageClassifier
from chainrule.reading.digits import Found, doubts_of, find_digits
from chainrule.reading.photograph import WORKING_SIDE, Strokes, strokes
from chainrule.storage.files import replacing

TILE_HEIGHT = 280  # pixels of each stage, ten times a digit's
TILE_GAP = 8
LOPSIDED = 1  # pixel of the centre of mass from the middle: a long seven has half a one


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model says of one picture.

    Attributes
    ----------
    pictures : ndarray of float32, shape (digits, height, width)
        As the model got them, before standardisation: from 0 (black) to 1 (white).
    probabilities : ndarray of float, shape (digits, classes)
    classes : list
        What each output stands for.
    doubts : tuple of str
        Why the answer should not be trusted; empty where nothing speaks against it.
    remark : str
        How the picture was prepared, if that is neither by MNIST's rule nor not at all.
    strokes : Strokes or None
        What happened to the photograph on the way to its ink; None if it went in as it is.
    steps : tuple of Centring
        And of each digit on the way to MNIST's form.
    """

    pictures: Array = field(repr=False)
    probabilities: Array
    classes: list[Any]
    doubts: tuple[str, ...] = ()
    remark: str = ""
    strokes: Strokes | None = None
    steps: tuple[Centring, ...] = ()

    @property
    def best(self) -> list[int]:
        """The output with the highest probability, for each digit."""
        return [int(one) for one in self.probabilities.argmax(axis=1)]

    @property
    def text(self) -> str:
        """The answer: the class of each digit from left to right, such as 42."""
        return "".join(str(self.classes[best]) for best in self.best)

    @property
    def probability(self) -> float:
        """Of the digit that is the least sure."""
        return float(self.probabilities.max(axis=1).min())


def read(
    classifier: ImageClassifier,
    path: Source,
    *,
    raw: bool = False,
    light_on_dark: bool | None = None,
) -> Reading:
    """Let a model read the picture in an image file, prepared as the model's file says.

    By MNIST's rule that is a scan or a photograph of one digit or several; else a picture such as
    those in the folder that the model was trained on.

    Parameters
    ----------
    classifier : ImageClassifier
    path : str, path or open binary file
        An image file, as in `read_picture`.
    raw : bool
        Take the picture as it is, which then has the size that the model takes. Without it a
        model whose file says nothing is taken for one of MNIST's form, if it takes 28x28.
    light_on_dark : bool, optional
        Whether the ink is lighter than the ground; by default the picture decides. A raw picture
        that is said to be dark on light is inverted.

    Raises
    ------
    ChainruleError
        If it is no picture, empty, or of a size that does not fit.
    """
    if raw:
        return _read_as_it_is(classifier, path, invert=light_on_dark is False)
    if classifier.is_scaled:
        return _read_scaled(classifier, path, light_on_dark)
    if classifier.image_shape != (SIDE, SIDE):
        raise ChainruleError(
            f"{classifier.path} takes images of {classifier.size_text}, and a picture is centred "
            f"by MNIST's rule, which is for {SIDE}x{SIDE}: prepare it yourself and add --raw."
        )
    photograph = read_photograph(path, WORKING_SIDE)
    try:
        ink, found = _digits_of(photograph, light_on_dark)
    except ChainruleError as error:
        raise ChainruleError(f"{path}: {error}") from error
    steps = tuple(centring(np.pad(one, 2), light_on_dark=True) for one in found.inks)
    pictures = np.stack([one.centred for one in steps])
    probabilities = classifier.probabilities(pictures)
    doubts = [*found.doubts, *doubts_of(probabilities)]
    if any(max(map(abs, one.offset)) > LOPSIDED for one in steps):
        doubts.append(
            "The ink is so lopsided that its centre of mass is not in the middle: is there "
            "anything beside the digit?"
        )
    return Reading(pictures, probabilities, classifier.classes, tuple(doubts), "", ink, steps)


def _read_scaled(classifier: ImageClassifier, path: Source, light_on_dark: bool | None) -> Reading:
    if light_on_dark is not None:
        raise ChainruleError(
            f"{classifier.path} takes pictures on the ground that they have, as those of "
            f"{classifier.trained_on}: leave out --dark-on-light and --light-on-dark."
        )
    pictures = classifier.prepared(path)[np.newaxis]
    probabilities = classifier.probabilities(pictures)
    doubts = doubts_of(probabilities)
    return Reading(pictures, probabilities, classifier.classes, doubts, classifier.preparation)


def _digits_of(photograph: Array, light_on_dark: bool | None) -> tuple[Strokes, Found]:
    """Return the ink and its digits; where there are none, light and dark may be mistaken.

    On a smeared board more is dark than the chalk is light. What is found so must leave no doubt.
    """
    ink = strokes(photograph, light_on_dark)
    try:
        return ink, find_digits(ink.ink, ink.noise)
    except ChainruleError as error:
        if light_on_dark is not None:
            raise
        with contextlib.suppress(ChainruleError):
            other, found = _digits_of(photograph, not ink.light_on_dark)
            if not found.doubts:
                return other, found
        raise error from None


def _read_as_it_is(classifier: ImageClassifier, path: Source, *, invert: bool) -> Reading:
    picture = read_picture(path)
    _check_size(classifier, path, picture)
    pictures = (1 - picture if invert else picture)[np.newaxis]
    probabilities = classifier.probabilities(pictures)
    return Reading(pictures, probabilities, classifier.classes, doubts_of(probabilities))


def save_picture(path: str | os.PathLike[str], picture: Array) -> None:
    """Write a picture from 0 (black) to 1 (white), grey or colour, as PNG, whole or not at all."""
    pillow = extra("PIL.Image")
    image = pillow.fromarray(np.rint(picture * 255).astype(np.uint8))
    try:
        with replacing(path) as file:
            image.save(file, format="PNG")
    except OSError as error:
        raise ChainruleError(
            f"The prepared picture cannot be written to {path} ({error.strerror or error}): "
            "name a file in a folder that exists."
        ) from error


def stages(reading: Reading) -> Array:
    """Return in one picture what happened on the way: given, sheet, flat, ink, and each digit.

    Of a picture that went in as it is, that picture alone.

    Returns
    -------
    ndarray of float32, shape (height, width) or (height, width, 3)
        From 0 (black) to 1 (white).
    """
    if reading.strokes is None:
        return reading.pictures[0]
    ink = reading.strokes
    shown = [_tile(one) for one in (ink.picture, ink.sheet, ink.flat, ink.ink, *reading.pictures)]
    return np.concatenate(shown, axis=1)[:, TILE_GAP:]


def _tile(picture: Array) -> Array:
    """Return a picture in colour, as high as the others, with a gap to the left of it."""
    pillow = extra("PIL.Image")
    grey_levels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    width = max(1, round(picture.shape[1] * TILE_HEIGHT / picture.shape[0]))
    pixels = min(picture.shape[:2]) <= SIDE  # which are to be seen, not smoothed away
    way = pillow.Resampling.NEAREST if pixels else pillow.Resampling.BILINEAR
    image = pillow.fromarray(grey_levels).convert("RGB").resize((width, TILE_HEIGHT), way)
    shown = np.asarray(image, np.float32) / np.float32(255)
    return np.pad(shown, ((0, 0), (TILE_GAP, 0), (0, 0)), constant_values=0.5)


def _check_size(classifier: ImageClassifier, path: object, picture: Array) -> None:
    if not classifier.takes(picture.shape):
        height, width = picture.shape
        raise ChainruleError(
            f"{path} has {height}x{width} pixels (height x width), but {classifier.path} takes "
            f"{classifier.size_text}: leave out --raw if it knows MNIST, else scale the picture."
        )
