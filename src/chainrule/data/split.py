"""A dataset made ready for training: which images train, validate and test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checks import Array, ChainruleError, Examples, Integers, generator
from chainrule.data.dataset import MNIST, MOST_CLASSES, ClassName, Dataset
from chainrule.data.preprocess import (
    Standardisation,
    Standardised,
    check_images,
    stratified_subset,
    validation_size_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class Split:
    """A dataset made ready: images to train on, to validate and to test, and how they came about.

    Attributes
    ----------
    X_train : Standardised, shape (n, pixels)
        Bytes until a batch of them is asked for.
    X_val, X_test : ndarray of float32, shape (n, pixels)
        Standardised.
    y_train, y_val, y_test : ndarray of int64, shape (n,)
        Positions in `classes`.
    standardisation : Standardisation
        Of all training images of the dataset.
    split_seed : int
        What drew the validation images and those to train on.
    classes : tuple of int or of str
        What each position stands for: the numbers that the labels have in the dataset's files, or
        their names.
    image_shape : (int, int)
        Height and width.
    source, title : str
        Of the dataset.
    sha256 : dict
        Of the dataset.
    is_turned : bool
        Whether its images lie on their side in its files; here they are upright.
    pictures : dict
        How a picture becomes such an image, as the dataset has it.
    """

    X_train: Examples = field(repr=False)
    y_train: Integers = field(repr=False)
    X_val: Array = field(repr=False)
    y_val: Integers = field(repr=False)
    X_test: Array = field(repr=False)
    y_test: Integers = field(repr=False)
    standardisation: Standardisation
    split_seed: int
    classes: tuple[ClassName, ...]
    image_shape: tuple[int, int]
    source: str
    title: str
    sha256: dict[str, str]
    is_turned: bool
    pictures: Mapping[str, str]

    @property
    def is_mnist(self) -> bool:
        """Whether these are MNIST's images, all of them or the embedded sample."""
        known = {name: file.sha256 for name, file in MNIST.items()}
        return self.source == "sample" or self.sha256 == known

    @property
    def facts(self) -> dict[str, Any]:
        """What metrics.json and a model file say of the data."""
        return {
            "source": self.source,
            "title": self.title,
            "sha256": self.sha256,
            "train": len(self.X_train),
            "validation": len(self.X_val),
            "test": len(self.X_test),
            "classes": list(self.classes),
            "image_shape": list(self.image_shape),
            "turned": self.is_turned,
        }

    @property
    def preprocessing(self) -> dict[str, Any]:
        """What a model file says of it: mean and deviation of pixels, and what pictures need."""
        pictures = {"pictures": dict(self.pictures)} if self.pictures else {}
        return {"mean": self.standardisation.mean, "std": self.standardisation.std, **pictures}

    def images(self, X: Array) -> Array:
        """Return standardised rows as the images that they were, pixels from 0 to 1."""
        pixels = X * np.float32(self.standardisation.std) + np.float32(self.standardisation.mean)
        return pixels.reshape(-1, *self.image_shape)


def trainable(dataset: Dataset, validation_size: int | None = None) -> int:
    """Return how many training images are left beside the validation set."""
    return len(dataset.train_images) - _set_aside(dataset, validation_size)


def _set_aside(dataset: Dataset, wanted: int | None) -> int:
    return 0 if wanted == 0 else validation_size_of(wanted, len(dataset.train_images))


def drawn_rows(
    dataset: Dataset, train_size: int, split_seed: int = 0, validation_size: int | None = None
) -> tuple[Integers, Integers]:
    """Return the rows of the training images that `split_dataset` sets aside, and trains on."""
    draw, labels = generator(split_seed), dataset.train_labels
    validation = stratified_subset(labels, _set_aside(dataset, validation_size), draw)
    others = np.delete(np.arange(len(labels)), validation)
    return validation, others[stratified_subset(labels[others], train_size, draw)]


def split_dataset(
    dataset: Dataset, train_size: int, split_seed: int = 0, validation_size: int | None = None
) -> Split:
    """Set validation images aside as `preprocess_mnist` does, and draw images to train on.

    Parameters
    ----------
    dataset : Dataset
    train_size : int
        How many images to train on, each class in its proportion; at most ``trainable(dataset)``.
    split_seed : int
        Draws both; with the same seed the validation images are the same for every `train_size`.
    validation_size : int, optional
        How many images to set aside; 0 sets none aside. By default 5,000, or an eighth of the
        training images if that is less.

    Returns
    -------
    Split

    Raises
    ------
    ChainruleError
        If there is one class alone, or more than `MOST_CLASSES`.
    """
    if len(dataset.classes) < 2:
        raise ChainruleError(
            f"{dataset.title}: expected images of two classes at least, for a network learns to "
            f"tell them apart, but every training label is {dataset.classes[0]}; name other data."
        )
    if len(dataset.classes) > MOST_CLASSES:
        raise ChainruleError(
            f"{dataset.title}: expected at most {MOST_CLASSES:,} classes, but its training labels "
            f"are {len(dataset.classes):,} different numbers; are they classes?"
        )
    images, labels = dataset.train_images, dataset.train_labels
    validation, training = drawn_rows(dataset, train_size, split_seed, validation_size)
    standardisation = Standardisation.of(images)
    return Split(
        Standardised(check_images("X", images), standardisation, training),
        labels[training],
        standardisation.apply(images, validation),
        labels[validation],
        standardisation.apply(dataset.test_images),
        dataset.test_labels,
        standardisation,
        split_seed,
        dataset.classes,
        dataset.image_shape,
        dataset.source,
        dataset.title,
        dataset.sha256,
        dataset.is_turned,
        dataset.pictures,
    )
