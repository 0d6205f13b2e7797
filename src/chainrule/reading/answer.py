"""A picture from an image file, made into what a model takes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np

from chainrule.checks import Array, ChainruleError, extra
from chainrule.data.pictures import read_picture
from chainrule.reading.centring import SIDE, Centring, centring
from chainrule.reading.classifier import ImageClassifier
from chainrule.storage.files import replacing


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model says of one picture.

    Attributes
    ----------
    picture : ndarray of float32, shape (height, width)
        As the model got it, before standardisation: from 0 (black) to 1 (white).
    probabilities : ndarray of float, shape (classes,)
    steps : Centring or None
        What happened to the picture on the way; None if it went in as it is.
    """

    picture: Array = field(repr=False)
    probabilities: Array
    steps: Centring | None

    @property
    def best(self) -> int:
        """The output with the highest probability."""
        return int(self.probabilities.argmax())


def read(
    classifier: ImageClassifier, path: str | os.PathLike[str], *, raw: bool = False
) -> Reading:
    """Let a model classify the picture in an image file.

    Parameters
    ----------
    classifier : ImageClassifier
    path : str or path
        An image file, as in `read_picture`.
    raw : bool
        Take the picture as it is, which then has the size that the model takes. Else it is
        brought into MNIST's form, which is for models of images of 28x28 alone.

    Raises
    ------
    ChainruleError
        If it is no picture, empty, or of a size that does not fit.
    """
    if not raw and classifier.image_shape != (SIDE, SIDE):
        raise ChainruleError(
            f"{classifier.path} takes images of {classifier.size_text}, and a picture is centred "
            f"by MNIST's rule, which is for {SIDE}x{SIDE}: prepare it yourself and add --raw."
        )
    pixels = read_picture(path)
    steps = None if raw else _centred(path, pixels)
    picture = pixels if steps is None else steps.centred
    _check_size(classifier, path, picture)
    return Reading(picture, classifier.probabilities(picture[np.newaxis])[0], steps)


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


def _centred(path: object, pixels: Array) -> Centring:
    try:
        return centring(pixels)
    except ChainruleError as error:
        raise ChainruleError(f"{path}: {error}") from error


def _check_size(classifier: ImageClassifier, path: object, picture: Array) -> None:
    if not classifier.takes(picture.shape):
        height, width = picture.shape
        raise ChainruleError(
            f"{path} has {height}x{width} pixels (height x width), but {classifier.path} takes "
            f"{classifier.size_text}: leave out --raw if it knows MNIST, else scale the picture."
        )
