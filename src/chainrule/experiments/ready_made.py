"""Networks that nobody has to train first: the lab's, and the one that reads a picture.

Each is trained when it is first needed, on the data at hand, and kept in Chainrule's cache.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.data.cache import cache_folder
from chainrule.data.dataset import Dataset
from chainrule.data.split import Split, split_dataset, trainable
from chainrule.experiments.lanes import Report, run_lane
from chainrule.experiments.progress import shown_progress
from chainrule.experiments.settings import TrainingSettings
from chainrule.reading.centring import SIDE
from chainrule.reading.classifier import ImageClassifier
from chainrule.storage.models import Model, save_model
from chainrule.terminal import Say

FEW = 20_000  # images to train on; below, more epochs


@dataclass(frozen=True)
class Recipe:
    """How such a network is trained; validation accuracy chose rate and epochs.

    Attributes
    ----------
    id, purpose : str
        What it is called, and what it is for.
    hidden : tuple of int
    learning_rate : float
        At the start; it falls to 0.
    epochs, epochs_of_few : int
        The second where there are fewer than `FEW` images to train on.
    distort : float
        Strength of the distortions, for digits alone: another hand's are other digits.
    """

    id: str
    purpose: str
    hidden: tuple[int, ...]
    learning_rate: float
    epochs: int
    epochs_of_few: int
    distort: float = 0.0

    def title(self, dataset: Dataset | Split) -> str:
        """Return its sizes on the images of a dataset, and what it is for."""
        sizes = (math.prod(dataset.image_shape), *self.hidden, len(dataset.classes))
        return f"{'-'.join(map(str, sizes))}, {self.purpose}"

    def settings(self, dataset: Dataset) -> TrainingSettings:
        """Return the settings of its training on all images of a dataset but the validation set."""
        images = trainable(dataset)
        return TrainingSettings(
            data="auto",
            hidden=list(self.hidden),
            activation="relu",
            optimizer="adam",
            learning_rate=self.learning_rate,
            schedule="cosine",
            dropout=0.0,
            epochs=self.epochs_of_few if images < FEW else self.epochs,
            batch_size=64,
            train_size=images,
            split_seed=0,
            seed=0,
            dtype="float32",
            threads=1,
            distort=self.distort if dataset.pictures == {"rule": "mnist"} else 0.0,
        )

    def place(self, dataset: Dataset) -> Path:
        """Return the file where it is kept; other data or settings have another."""
        key = json.dumps(asdict(self.settings(dataset)), sort_keys=True)
        name = f"{self.id}-{hashlib.sha256(key.encode()).hexdigest()[:8]}.npz"
        return place_of(dataset) / name


READER = Recipe("course", "to draw on", (256, 128, 64), 0.001, 20, 100, distort=1.0)
SMALL = Recipe("small", "to look into", (16, 16), 0.003, 8, 30)


def place_of(dataset: Dataset) -> Path:
    """Return the folder of Chainrule's cache for networks trained on this very dataset."""
    key = json.dumps(dataset.sha256, sort_keys=True) + "turned" * dataset.is_turned
    return cache_folder().parent / "lab" / hashlib.sha256(key.encode()).hexdigest()[:16]


def kept(recipe: Recipe, dataset: Dataset, say: Say) -> ImageClassifier | None:
    """Return a network that is in the cache, whole and of this data; else None."""
    path = recipe.place(dataset)
    if not os.path.exists(path):  # noqa: PTH110  Path.exists() raises where nobody may look
        return None
    try:
        classifier = ImageClassifier.load(path)
    except ChainruleError as error:
        say(f"{error} It is trained anew.")
        return None
    return classifier if classifier.data.get("sha256") == dataset.sha256 else None


def made(recipe: Recipe, dataset: Dataset, say: Say, *, progress: bool = True) -> ImageClassifier:
    """Train a network now, and keep it in the cache where that can be.

    Parameters
    ----------
    recipe : Recipe
    dataset : Dataset
    say : callable
        Takes what a user should know.
    progress : bool
        Show on stderr how far the training is.
    """
    with shown_progress([recipe.id], recipe.settings(dataset).epochs, progress) as report:
        return keep(recipe, dataset, trained(recipe, dataset, report), say)


def reader(dataset: Dataset, say: Say, *, progress: bool = True) -> ImageClassifier:
    """Return the network that reads pictures where no other is named, trained now if need be."""
    if found := kept(READER, dataset, say):
        return found
    height, width = dataset.image_shape
    if (height, width) != (SIDE, SIDE) and dataset.pictures.get("rule") != "scaled":
        raise ChainruleError(
            f"No model is named, and none of {dataset.title} ({dataset.place}) could read a "
            f"picture: nothing says how one becomes an image of {height}x{width} pixels. Name a "
            "model, or unset CHAINRULE_DATA."
        )
    distorted = READER.settings(dataset).distort > 0
    copies = ", on copies that are distorted anew in every epoch," * distorted
    say(
        f"No model is named: {READER.title(dataset)}, is trained now on {dataset.title}{copies} "
        "and kept for the next time."
    )
    return made(READER, dataset, say, progress=progress)


def trained(recipe: Recipe, dataset: Dataset, report: Report | None) -> Model:
    """Train a network; `report` is told after each epoch how far it is.

    Raises
    ------
    ChainruleError
        If the training stops being finite.
    """
    for module in ("threadpoolctl", "tqdm"):
        checks.extra(module)
    settings, split = recipe.settings(dataset), split_dataset(dataset, trainable(dataset))
    network = settings.network(split.X_train.shape[1], len(split.classes), len(split.X_train))
    lane = replace(settings.as_comparison().lanes[0], name=recipe.id)
    shared = {name: vars(settings)[name] for name in ("hidden", "epochs", "threads", "distort")}
    result = run_lane(lane, split, network=network, report=report, **shared)
    if result.network is None:
        raise ChainruleError(
            f"The training of {recipe.title(split)} stopped being finite on {split.title}: "
            "train a network with 'chainrule train' and a smaller rate, and name its run folder."
        )
    result.network.optimizer = None
    return Model(
        result.network,
        preprocessing=split.preprocessing,
        training={**asdict(settings), "val_accuracy": result.record["val_accuracy"]},
        classes=list(split.classes),
        data={**split.facts, "split_seed": split.split_seed},
    )


def keep(recipe: Recipe, dataset: Dataset, model: Model, say: Say) -> ImageClassifier:
    """Keep a model in the cache, where that can be, and return it as it would be read again."""
    path = recipe.place(dataset)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_model(path, model)
    except OSError as error:
        say(f"Nothing can be kept in {path.parent} ({error.strerror}): trained for this time.")
    return ImageClassifier.of(model, path)
