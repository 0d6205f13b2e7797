"""The data that a model file names, found again and prepared as the file says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chainrule.checks import ChainruleError
from chainrule.data.dataset import Dataset
from chainrule.data.mnist import VARIABLE, load_dataset, picture_folder
from chainrule.reading.classifier import ImageClassifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.terminal import Say


def own_dataset(classifier: ImageClassifier, places: Sequence[object], say: Say) -> Dataset:
    """Return the very data that a model was trained on.

    Parameters
    ----------
    classifier : ImageClassifier
    places : sequence
        Where it may be, as far as they are text. Then comes what was typed when the model was
        trained, and CHAINRULE_DATA.
    say : callable

    Raises
    ------
    ChainruleError
        If it is in none of them.
    """
    typed = classifier.training.get("data")
    sources = [*places, None if typed == "auto" else typed, os.environ.get(VARIABLE)]
    problems = []
    for source in dict.fromkeys(one for one in sources if isinstance(one, str) and one):
        try:
            dataset = dataset_for(classifier, source, say)
        except (ChainruleError, OSError) as error:
            problems.append(str(error).removesuffix("."))
            continue
        if dataset.sha256 == classifier.data["sha256"]:
            return dataset
        problems.append(f"{dataset.title} from {dataset.place} is other data")
    why = f" ({problems[0]})" if problems else ""
    raise ChainruleError(
        f"{classifier.path} was trained on {classifier.trained_on}, and that was not found{why}: "
        "name the data to judge it on with --data."
    )


def dataset_for(classifier: ImageClassifier, source: str, say: Say) -> Dataset:
    """Load the dataset of a source; the pictures of a folder are scaled as the model's own."""
    if classifier.is_scaled and picture_folder(source):
        crop = classifier.pictures["way"] == "crop"
        return load_dataset(source, size=classifier.image_shape, crop=crop, notice=say)
    return load_dataset(source, notice=say)
