"""A picture from an image file, made into what a model takes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError, extra
from chainrule.data.pictures import read_photograph, read_picture
from chainrule.reading.centring import SIDE, Centring, centring
from chainrule.reading.classifier import ImageClassifier
from chainrule.reading.digits import doubts_of, find_digits
from chainrule.reading.photograph import WORKING_SIDE, Strokes, strokes
from chainrule.storage.files import replacing


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
    strokes : Strokes or None
        What happened to the photograph on the way to its ink; None if it went in as it is.
    steps : tuple of Centring
        And of each digit on the way to MNIST's form.
    """

    pictures: Array = field(repr=False)
    probabilities: Array
    classes: list[Any]
    doubts: tuple[str, ...] = ()
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
    path: str | os.PathLike[str],
    *,
    raw: bool = False,
    light_on_dark: bool | None = None,
) -> Reading:
    """Let a model read the picture in an image file: a scan, a photograph, one digit or several.

    Parameters
    ----------
    classifier : ImageClassifier
    path : str or path
        An image file, as in `read_picture`.
    raw : bool
        Take the picture as it is, which then has the size that the model takes. Else it is
        brought into MNIST's form, which is for models of images of 28x28 alone.
    light_on_dark : bool, optional
        Whether the ink is lighter than the ground; by default the picture decides.

    Raises
    ------
    ChainruleError
        If it is no picture, empty, or of a size that does not fit.
    """
    if raw:
        picture = read_picture(path)
        _check_size(classifier, path, picture)
        return Reading(
            picture[np.newaxis], classifier.probabilities(picture[np.newaxis]), classifier.classes
        )
    if classifier.image_shape != (SIDE, SIDE):
        raise ChainruleError(
            f"{classifier.path} takes images of {classifier.size_text}, and a picture is centred "
            f"by MNIST's rule, which is for {SIDE}x{SIDE}: prepare it yourself and add --raw."
        )
    try:
        ink = strokes(read_photograph(path, WORKING_SIDE), light_on_dark)
        found = find_digits(ink.ink, ink.noise)
    except ChainruleError as error:
        raise ChainruleError(f"{path}: {error}") from error
    steps = tuple(centring(np.pad(one, 2), light_on_dark=True) for one in found.inks)
    pictures = np.stack([one.centred for one in steps])
    probabilities = classifier.probabilities(pictures)
    doubts = (*found.doubts, *doubts_of(pictures, probabilities))
    return Reading(pictures, probabilities, classifier.classes, doubts, ink, steps)


def save_picture(path: str | os.PathLike[str], picture: Array) -> None:
    """Write a picture from 0 (black) to 1 (white) as a grey PNG file, whole or not at all."""
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


def _check_size(classifier: ImageClassifier, path: object, picture: Array) -> None:
    if not classifier.takes(picture.shape):
        height, width = picture.shape
        raise ChainruleError(
            f"{path} has {height}x{width} pixels (height x width), but {classifier.path} takes "
            f"{classifier.size_text}: leave out --raw if it knows MNIST, else scale the picture."
        )
