"""A model file put to use: raw pixels go in, classes and their probabilities come out.

Or the columns of a table, which only another format and scikit-learn's interface take.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import Array, ChainruleError, Integers
from chainrule.data.dataset import (
    MNIST,
    ClassName,
    Dataset,
    pictures_rule,
    printable,
    words_of_classes,
)
from chainrule.data.pictures import Source, read_scaled
from chainrule.data.preprocess import Standardisation
from chainrule.layers import Dense
from chainrule.network import Network
from chainrule.storage.models import Model, load_model

TRAIN_IMAGES = next(iter(MNIST))


@dataclass(frozen=True, eq=False)
class ImageClassifier:
    """The network of a model file, with what turns raw pixels into its inputs.

    Attributes
    ----------
    path : str
        The model file.
    network : Network
    standardisation : Standardisation
        Of pixels from 0 to 1; it leaves them as they are where the file names none.
    classes : list
        What each output stands for.
    pixels : int
        Of an image; of a table it is the columns.
    image_shape : (int, int) or None
        Height and width; None where the file names none and `pixels` is no square.
    data : dict
        What the file says of the data that the model was trained on.
    training : dict
        What it says of the training.
    pictures : dict
        How a picture becomes what the network takes, as `Dataset.pictures` has it: what the file
        says, or MNIST's rule for a model of MNIST whose file is too old to say so.
    columns : list of str, or None
        The names of a table's columns, if there are any; None where the model is one of images.
    """

    path: str
    network: Network = field(repr=False)
    standardisation: Standardisation = field(repr=False)
    classes: list[Any]
    pixels: int
    image_shape: tuple[int, int] | None
    data: dict[str, Any] = field(repr=False)
    training: dict[str, Any] = field(repr=False)
    columns: list[str] | None = field(default=None, repr=False)
    pictures: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.pictures and self.knows_mnist:
            object.__setattr__(self, "pictures", {"rule": "mnist"})

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, tables: bool = False) -> ImageClassifier:
        """Read a model file.

        Parameters
        ----------
        path : path-like
        tables : bool
            Whether a model of a table will do as well as one of images.

        Raises
        ------
        ChainruleError
            If it is none, damaged, of a newer format, or its network does not predict classes of
            what is asked for.
        """
        return cls.of(opened_model(path), path, tables=tables)

    @classmethod
    def of(
        cls, model: Model, path: str | os.PathLike[str], *, tables: bool = False
    ) -> ImageClassifier:
        """Put a model to use that the file `path` holds, or could not be kept in; see `load`."""
        name, network = os.fspath(path), model.network
        _check_header(name, model)
        sizes = [(layer.n_in, layer.n_out) for layer in network if isinstance(layer, Dense)]
        if not network.is_classifier or not sizes:
            raise ChainruleError(
                f"{name} holds a network that does not predict classes: expected one with "
                "Dense layers and softmax_crossentropy_with_logits."
            )
        pixels, outputs = sizes[0][0], sizes[-1][1]
        if model.columns is not None and not tables:
            raise ChainruleError(
                f"{name} takes the {pixels} columns of a table, and images are no table: predict "
                "with chainrule.interop.sklearn.load_estimator; if the columns are pixels, save it "
                "with model_of(estimator, image_shape=(height, width))."
            )
        names: list[Any] = model.classes or list(range(outputs))
        classes = [printable(one) if isinstance(one, str) else one for one in names]
        if len(classes) != outputs:
            raise _damaged(
                name, f"it names {len(classes)} classes, its network has {outputs} outputs"
            )
        return cls(
            name,
            network,
            _standardisation(name, model.preprocessing, pixels),
            classes,
            pixels,
            None if model.columns is not None else _image_shape(name, model.data, pixels),
            model.data,
            model.training,
            model.columns,
            _pictures(name, model.preprocessing),
        )

    @property
    def trained_on(self) -> str:
        """What the data is called that the model was trained on."""
        return printable(str(self.data.get("title") or "data that its file does not name"))

    @property
    def knows_sample(self) -> bool:
        """Whether it was trained on the embedded sample."""
        return self.data.get("source") == "sample"

    @property
    def knows_mnist(self) -> bool:
        """Whether it was trained on MNIST or on the sample, so that MNIST's rule holds for it."""
        sha256 = (self.data.get("sha256") or {}).get(TRAIN_IMAGES)
        return self.knows_sample or sha256 == MNIST[TRAIN_IMAGES].sha256

    @property
    def is_of_own_data(self) -> bool:
        """Whether its file says which data it was trained on, and that is not MNIST."""
        return bool(self.data.get("sha256")) and not self.knows_mnist

    @property
    def is_scaled(self) -> bool:
        """Whether it takes pictures as its training folder had them: scaled, and nothing else."""
        return self.pictures.get("rule") == "scaled" and self.image_shape is not None

    @property
    def preparation(self) -> str:
        """How it takes pictures, in one sentence."""
        if self.is_scaled:
            part = "its middle" if self.pictures["way"] == "crop" else "the whole of it"
            return (
                f"Prepared as each picture of {self.trained_on} was: grey, {part} scaled to "
                f"{self.size_text}."
            )
        if self.pictures:
            return "Read as a photograph of one digit, brought into MNIST's form."
        return (
            f"Brought into MNIST's form, for the model's file does not say how the images of "
            f"{self.trained_on} came about: if they are not centred digits, prepare pictures "
            "yourself."
        )

    def prepared(self, path: Source) -> Array:
        """Return the picture in a file as those of the training folder were prepared.

        Returns
        -------
        ndarray of float32, shape (height, width)
            From 0 (black) to 1 (white).
        """
        return read_scaled(path, self.image_shape, self.pictures["way"]) / np.float32(255)

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether its images have this height and width."""
        return shape == (self.image_shape or shape) and math.prod(shape) == self.pixels

    @property
    def is_table(self) -> bool:
        """Whether its inputs are the columns of a table, and so no pixels, however many."""
        return self.columns is not None

    @property
    def assumption(self) -> str:
        """What is assumed where the model file does not say how pixels become inputs, or ""."""
        if self.standardisation is not RAW:
            return ""
        if self.is_table:
            return f"{self.path} names no preprocessing: columns go in as they are."
        return f"{self.path} names no preprocessing: pixels go in as they are, from 0 to 1."

    def probabilities(self, images: ArrayLike) -> Array:
        """Return the probability of each class, shape (n, classes).

        Parameters
        ----------
        images : ndarray, shape (n, height, width) or (n, pixels)
            Pixels from 0 to 1, or bytes from 0 to 255.
        """
        return self.network.predict_proba(self.inputs(images))

    def inputs(self, images: ArrayLike) -> Array:
        """Return images as the network takes them, float32 (n, pixels)."""
        images = np.asarray(images)
        pixels = math.prod(images.shape[1:])
        if pixels != self.pixels:
            shape = "x".join(str(side) for side in images.shape[1:])
            raise ChainruleError(f"{self.path} takes images of {self.size_text}, got {shape}.")
        return self.standardisation.apply(images)

    def outputs_of(self, dataset: Dataset) -> Integers:
        """Return which output stands for each class of a dataset, shape (classes of the dataset,).

        It is the one of the same name or number. To a number it may be the one in this position,
        where the model's classes have names, or are counted from 0, as where its file names none.

        Raises
        ------
        ChainruleError
            If the model knows other classes, or more or fewer of them.
        """
        count, wanted = len(self.classes), dataset.classes
        if any(isinstance(name, str) for name in wanted):
            return self.outputs_for(wanted, dataset.title)
        numbers: list[ClassName | None] = [_number_of(name) for name in self.classes]
        # Versions that counted up to the largest label made classes of the gaps as well.
        if count == len(wanted) or self.data.get("sha256") == dataset.sha256:
            if set(wanted) <= set(numbers):
                return np.array([numbers.index(number) for number in wanted])
            if count == len(wanted) and (None in numbers or numbers == list(range(count))):
                return np.arange(count)
        raise self._other_classes(wanted, dataset.title)

    def outputs_for(self, wanted: Sequence[ClassName], title: str) -> Integers:
        """Return which output stands for each of these classes, by name or number alone."""
        names: list[Any] = self.classes
        numbers: list[Any] = [_number_of(name) for name in names]
        try:
            return np.array(
                [(names if isinstance(one, str) else numbers).index(one) for one in wanted]
            )
        except ValueError:
            raise self._other_classes(wanted, title) from None

    def _other_classes(self, others: Sequence[ClassName], title: str) -> ChainruleError:
        own = self.classes
        return ChainruleError(
            f"{self.path} knows {len(own)} classes ({words_of_classes(own)}), but "
            f"{title} has {len(others)} ({words_of_classes(others)}): name the data it was "
            "trained on with --data."
        )

    @property
    def size_text(self) -> str:
        """The size of its images, such as "28x28 pixels": height and width."""
        if self.image_shape is None:
            return f"{self.pixels} pixels"
        return f"{self.image_shape[0]}x{self.image_shape[1]} pixels"


RAW = Standardisation(0.0, 1.0)


def opened_model(path: str | os.PathLike[str]) -> Model:
    """Return what a model file holds, as `load_model` does; no file is an error that says so."""
    try:
        return load_model(path)
    except OSError as error:
        raise ChainruleError(
            f"{path} cannot be opened ({error.strerror}): expected a model file, such as "
            "models/adam-seed0.npz in a run folder."
        ) from error


def _number_of(name: Any) -> int | None:
    """Return the whole number that a class has for its name, or None."""
    if isinstance(name, str):
        return int(name) if name.isdecimal() and len(name) < 20 else None
    return int(name) if isinstance(name, (int, float)) and float(name).is_integer() else None


def _damaged(name: str, reason: str) -> ChainruleError:
    return ChainruleError(f"{name} is damaged: {reason}; train it anew.")


def _check_header(name: str, model: Model) -> None:
    """Check what `load_model` leaves open: it takes any JSON, and any numbers."""
    is_whole = (
        all(isinstance(part, dict) for part in (model.preprocessing, model.training, model.data))
        and isinstance(model.data.get("sha256", {}), dict)
        and isinstance(model.classes, list)
        and bool(np.isfinite(model.network.parameters).all())
    )
    if not is_whole:
        raise _damaged(
            name, "its header is not that of a trained model, or its parameters are not finite"
        )


def _standardisation(name: str, preprocessing: Mapping[str, Any], pixels: int) -> Standardisation:
    if not preprocessing.keys() - {"pictures"}:
        return RAW
    try:
        mean, std = (checks.numbers(key, preprocessing[key], np.float32) for key in ("mean", "std"))
        for key, values in (("mean", mean), ("std", std)):
            checks.of_shape(key, values, (pixels,) if values.ndim else (), np.float32)
            checks.finite(key, np.atleast_2d(values))
    except (ChainruleError, KeyError) as error:
        reason = f"its preprocessing must name a mean and a std, one number or {pixels} ({error})"
        raise _damaged(name, reason) from error
    if mean.ndim or std.ndim:
        return Standardisation(mean, std)
    return Standardisation(float(preprocessing["mean"]), float(preprocessing["std"]))


def _pictures(name: str, preprocessing: Mapping[str, Any]) -> dict[str, str]:
    said = preprocessing.get("pictures", {})
    if said and pictures_rule(said) is None:
        raise ChainruleError(
            f"{name} prepares pictures in a way that this Chainrule does not know ({said!s:.80}): "
            "upgrade Chainrule."
        )
    return pictures_rule(said) or {}


def _image_shape(name: str, data: Mapping[str, Any], pixels: int) -> tuple[int, int] | None:
    shape = data.get("image_shape")
    if shape is None:
        side = math.isqrt(pixels)
        return (side, side) if side * side == pixels else None
    try:
        height, width = (checks.whole_number("side", side, at_least=1) for side in shape)
        if height * width != pixels:
            raise ValueError
    except (TypeError, ValueError) as error:
        reason = f"it names images of {shape}, its network takes {pixels} pixels"
        raise _damaged(name, reason) from error
    return height, width
