"""How good a model file is on the test images of a dataset, and whether that is a test at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checks import ChainruleError, Integers
from chainrule.data.dataset import MNIST, Dataset
from chainrule.data.image_folder import dataset_of, divided, list_pictures, with_progress
from chainrule.reading.answer import read
from chainrule.reading.centring import SIDE
from chainrule.reading.classifier import TRAIN_IMAGES, ImageClassifier
from chainrule.reading.evaluation import confusion_matrix, precision_and_recall
from chainrule.training import loss_and_accuracy

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.data.image_folder import Listing
    from chainrule.terminal import Say

TEST_IMAGES = list(MNIST)[2]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a model reaches on the test images of a dataset.

    Attributes
    ----------
    dataset : Dataset
    doubt : str
        Why the model may have been trained on these images; empty if it cannot have been. Only
        then is the accuracy a test accuracy.
    trained_on : str
        What the model's dataset is called, if that is another one; empty if it is this one.
    accuracy, loss : float
    matrix : ndarray of int, shape (classes, classes)
        The confusion matrix: rows are true classes, columns predicted ones.
    classes : list of dict
        For each class its name, how many images there are of it, and precision and recall, each
        None where it is not defined.
    """

    dataset: Dataset = field(repr=False)
    doubt: str
    trained_on: str
    accuracy: float
    loss: float
    matrix: Integers = field(repr=False)
    classes: list[dict[str, Any]] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "data": {
                "title": self.dataset.title,
                "source": self.dataset.source,
                "sha256": self.dataset.sha256,
                "images": int(self.matrix.sum()),
            },
            "test_accuracy": None if self.doubt else self.accuracy,
            "accuracy": self.accuracy,
            "loss": self.loss if math.isfinite(self.loss) else None,
            "doubt": self.doubt or None,
            "trained_on": self.trained_on or self.dataset.title,
            "classes": self.classes,
            "confusion_matrix": self.matrix.tolist(),
        }


@dataclass(frozen=True, eq=False)
class PictureJudgement:
    """What a model reaches on pictures that are not its own, read as `predict` reads them.

    Attributes
    ----------
    title : str
        What their folder is called.
    images : int
    doubt, trained_on, accuracy, matrix, classes
        As in `Judgement`; a picture that was not read as one thing is not right, and stands in no
        column of the matrix.
    unread : dict
        The file of each of those -> why.
    remark : str
        How the pictures were prepared.
    """

    title: str
    images: int
    doubt: str
    trained_on: str
    accuracy: float
    matrix: Integers = field(repr=False)
    classes: list[dict[str, Any]] = field(repr=False)
    unread: dict[str, str] = field(repr=False)
    remark: str

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "data": {"title": self.title, "source": "path", "sha256": None, "images": self.images},
            "test_accuracy": None,
            "accuracy": self.accuracy,
            "loss": None,
            "doubt": self.doubt,
            "trained_on": self.trained_on,
            "classes": self.classes,
            "confusion_matrix": self.matrix.tolist(),
            "unread": self.unread,
            "prepared": self.remark,
        }


def judge(classifier: ImageClassifier, dataset: Dataset) -> Judgement:
    """Let a model classify the test images of a dataset, prepared as its training images were.

    Raises
    ------
    ChainruleError
        If the dataset has images of another size, or other classes.
    """
    _check_fit(classifier, dataset)
    X = classifier.inputs(dataset.test_images)
    y = classifier.outputs_of(dataset)[dataset.test_labels]
    loss, accuracy = loss_and_accuracy(classifier.network, X, y)
    matrix = confusion_matrix(y, classifier.network.predict(X), len(classifier.classes))
    classes = _rows(classifier, matrix, np.zeros(len(matrix), np.int64))
    doubt = doubt_of(classifier, dataset)
    is_own = classifier.data.get("sha256") == dataset.sha256
    trained_on = "" if is_own else classifier.trained_on
    if is_own and classifier.data.get("turned", False) != dataset.is_turned:
        trained_on = f"{classifier.trained_on} as its files have them, rows for columns"
    return Judgement(dataset, doubt, trained_on, accuracy, loss, matrix, classes)


def _rows(classifier: ImageClassifier, matrix: Integers, unread: Integers) -> list[dict[str, Any]]:
    """Return what is told of each class; images that are `unread` lie in no column."""
    with_unread = np.column_stack([matrix, unread])
    square = np.vstack([with_unread, np.zeros(len(matrix) + 1, np.int64)])
    precision, recall = precision_and_recall(square)
    return [
        {
            "class": name,
            "images": int(with_unread[i].sum()),
            "precision": None if math.isnan(precision[i]) else float(precision[i]),
            "recall": None if math.isnan(recall[i]) else float(recall[i]),
        }
        for i, name in enumerate(classifier.classes)
    ]


def judge_folder(
    classifier: ImageClassifier, folder: Path, say: Say
) -> Judgement | PictureJudgement:
    """Judge a model on a folder of pictures: its own test pictures, or others as `read` does."""
    shape = classifier.image_shape
    if not classifier.is_scaled and shape != (SIDE, SIDE):
        raise ChainruleError(
            f"{classifier.path} does not say how pictures become its {classifier.size_text}: write "
            "them in this size with 'chainrule data convert FROM TO --size HxW', and judge it on "
            "TO."
        )
    listing = list_pictures(folder, say, classes_at_least=1)
    if classifier.is_scaled and _may_be_its_own(classifier, listing):
        dataset = dataset_of(listing, shape, classifier.pictures["way"], say)
        if dataset.sha256 == classifier.data.get("sha256"):
            return judge(classifier, dataset)
    return judge_pictures(classifier, listing, say)


def _may_be_its_own(classifier: ImageClassifier, listing: Listing) -> bool:
    """Whether there are as many test pictures as the model's; to know more, all must be read."""
    try:
        return len(divided(listing)[1]) == classifier.data.get("test")
    except ChainruleError:
        return False


def judge_pictures(classifier: ImageClassifier, listing: Listing, say: Say) -> PictureJudgement:
    """Let a model read the pictures of a folder, each prepared as the model's file says.

    Parameters
    ----------
    classifier : ImageClassifier
    listing : Listing
        Its test pictures are read; all of them, where they are not divided.
    say : callable
        Takes how far it is.

    Raises
    ------
    ChainruleError
        If a class of theirs is none of the model's, or the model takes no pictures.
    """
    outputs = classifier.outputs_for(listing.classes, str(listing.folder))
    count = len(classifier.classes)
    matrix, unread = np.zeros((count, count), np.int64), np.zeros(count, np.int64)
    why = {}
    for picture in with_progress(listing.to_judge, say):
        label = outputs[picture.label]
        try:
            reading = read(classifier, picture.path)
            if len(reading.best) > 1:
                raise ChainruleError(f"{picture.path} is read as {reading.text}, not as one digit.")
            matrix[label, reading.best[0]] += 1
        except ChainruleError as error:
            unread[label] += 1
            why[str(picture.path)] = str(error)
    title, images = listing.folder.resolve().name, len(listing.to_judge)
    return PictureJudgement(
        title,
        images,
        _doubt_of_others(classifier, title),
        classifier.trained_on,
        float(np.trace(matrix)) / images,
        matrix,
        _rows(classifier, matrix, unread),
        why,
        classifier.preparation,
    )


def doubt_of(classifier: ImageClassifier, dataset: Dataset) -> str:
    """Return why the model may have been trained on the dataset's test images; "" if it was not.

    Only what the checksums in the model file rule out is ruled out: the dataset is the model's
    own, with a test set of its own, or the model knows the sample alone, whose images are MNIST
    training images, and is judged on MNIST's test images.
    """
    sha256 = classifier.data.get("sha256")
    if not sha256:
        return "the model file does not say what the model was trained on"
    if dataset.sha256[TEST_IMAGES] == sha256.get(TRAIN_IMAGES):
        return "these are the images that the model was trained on"
    if dataset.sha256 == sha256:
        return ""
    if dataset.is_sample and classifier.knows_mnist:
        return (
            "the sample's images are MNIST training images, "
            f"and the model was trained on {classifier.trained_on}"
        )
    if classifier.knows_sample and dataset.sha256[TEST_IMAGES] == MNIST[TEST_IMAGES].sha256:
        return ""
    return _doubt_of_others(classifier, dataset.title)


def _doubt_of_others(classifier: ImageClassifier, title: str) -> str:
    return (
        f"{title} is another dataset than the model was trained on "
        f"({classifier.trained_on}), and nothing says that they have no image in common"
    )


def _check_fit(classifier: ImageClassifier, dataset: Dataset) -> None:
    if not classifier.takes(dataset.image_shape):
        height, width = dataset.image_shape
        raise ChainruleError(
            f"{classifier.path} takes images of {classifier.size_text}, but those of "
            f"{dataset.title} have {height}x{width}: name the data it was trained on with --data."
        )
