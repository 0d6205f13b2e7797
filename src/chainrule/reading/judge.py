"""How good a model file is on the test images of a dataset, and whether that is a test at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from chainrule.checks import ChainruleError, Integers
from chainrule.data.dataset import MNIST, Dataset
from chainrule.reading.classifier import TRAIN_IMAGES, ImageClassifier
from chainrule.reading.evaluation import confusion_matrix, precision_and_recall
from chainrule.training import loss_and_accuracy

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
    precision, recall = precision_and_recall(matrix)
    classes = [
        {
            "class": name,
            "images": int(matrix[i].sum()),
            "precision": None if math.isnan(precision[i]) else float(precision[i]),
            "recall": None if math.isnan(recall[i]) else float(recall[i]),
        }
        for i, name in enumerate(classifier.classes)
    ]
    doubt = doubt_of(classifier, dataset)
    is_own = classifier.data.get("sha256") == dataset.sha256
    trained_on = "" if is_own else classifier.trained_on
    if is_own and classifier.data.get("turned", False) != dataset.is_turned:
        trained_on = f"{classifier.trained_on} as its files have them, rows for columns"
    return Judgement(dataset, doubt, trained_on, accuracy, loss, matrix, classes)


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
    return (
        f"{dataset.title} is another dataset than the model was trained on "
        f"({classifier.trained_on}), and nothing says that they have no image in common"
    )


def _check_fit(classifier: ImageClassifier, dataset: Dataset) -> None:
    if not classifier.takes(dataset.image_shape):
        height, width = dataset.image_shape
        raise ChainruleError(
            f"{classifier.path} takes images of {classifier.size_text}, but those of "
            f"{dataset.title} have {height}x{width}: name the data it was trained on with --data."
        )
