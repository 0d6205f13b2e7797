"""Which networks the lab shows: those of a run folder, or two of its own."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError, Integers
from chainrule.data.dataset import Dataset
from chainrule.data.split import trainable
from chainrule.experiments.metrics import checked_metrics
from chainrule.experiments.ready_made import READER, SMALL, Recipe, kept, made
from chainrule.lab.runs import Runs
from chainrule.lab.words import library, said, sentence
from chainrule.layers import Dense
from chainrule.network import Network
from chainrule.reading.centring import SIDE
from chainrule.reading.classifier import ImageClassifier
from chainrule.reading.judge import Judgement, judge
from chainrule.reading.likeness import Likeness
from chainrule.terminal import Say
from chainrule.threads import one_thread

LARGEST_SIDE = 112  # pixels of an image: the pad has no more
MOST_CLASSES = 64
MOST_TAKEN = 4  # networks of runs that are held for other screens
DIGITS = ("MNIST", "EMNIST digits", "EMNIST mnist")  # how the names of datasets of digits begin
SCALED, UNKNOWN = "scaled", "unknown"  # how a network's pictures are prepared
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,79}")  # what may stand in an address and a file name

LIGHT = 127  # a lighter byte is nearer to white
FEW_IMAGES = 1000  # enough to see on what ground they stand


@dataclass(frozen=True, eq=False)
class LabNetwork:
    """A trained network with what it answers to every test image.

    Attributes
    ----------
    id : str
        What the page calls it; letters, digits, points, hyphens and underscores.
    title : str
        What people call it.
    classifier : ImageClassifier
        The network, and what turns pixels into its inputs.
    judgement : Judgement
        Its accuracy and confusion matrix on the test images.
    probabilities : array, shape (test images, classes)
    """

    id: str
    title: str
    classifier: ImageClassifier = field(repr=False)
    judgement: Judgement = field(repr=False)
    probabilities: Array = field(repr=False)

    @property
    def network(self) -> Network:
        """The network itself; whoever walks backwards takes a copy."""
        return self.classifier.network

    @property
    def sizes(self) -> list[int]:
        """Features that come in, units of each hidden layer, classes that go out."""
        return sizes_of(self.network)

    @cached_property
    def predicted(self) -> Integers:
        """The class that it takes each test image for, (test images,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def pictures(self) -> str:
        """How a picture becomes its input: "mnist", "assumed" to be so, "scaled" or "unknown"."""
        if self.classifier.is_scaled:
            return SCALED
        if self.classifier.image_shape != (SIDE, SIDE):
            return UNKNOWN
        return "mnist" if self.classifier.pictures else "assumed"

    @property
    def optimizer(self) -> str | None:
        """The name of the optimizer that trained it, where its file says so."""
        name = self.classifier.training.get("optimizer")
        return name if isinstance(name, str) else None

    @property
    def test_accuracy(self) -> float | None:
        """The share of the test images that it reads rightly; None where it may know them."""
        return None if self.judgement.doubt else self.judgement.accuracy

    @property
    def accuracy_said(self) -> dict[str, Any]:
        """What it reaches, and on what."""
        share, dataset = self.judgement.accuracy, self.judgement.dataset
        if self.judgement.doubt:
            return said("facts.known", share=share, why=library(self.judgement.doubt))
        if dataset.is_sample:
            return said("facts.of_sample", share=share)
        if trained := self.judgement.trained_on:
            return said("facts.of_others", share=share, data=dataset.name, trained=library(trained))
        return said("facts.of", share=share, data=dataset.name)

    @property
    def accuracy_words(self) -> str:
        """The same as a sentence, for the terminal."""
        return sentence(self.accuracy_said)


@dataclass(frozen=True, eq=False)
class Lab:
    """All that the answers are computed from.

    Attributes
    ----------
    dataset : Dataset
        Its test images are the stored ones.
    networks : dict of str to LabNetwork
        By id; all of them belong together and may be compared. One that is trained behind the
        page joins them when it is ready.
    coming : dict
        Title, epochs done and epochs of the network that is trained behind the page; else empty.
    taken : dict of str to LabNetwork
        Those of runs that other screens have asked for, the newest few.
    """

    dataset: Dataset
    networks: dict[str, LabNetwork]
    coming: dict[str, Any] = field(default_factory=dict)
    taken: dict[str, LabNetwork] = field(default_factory=dict)

    @cached_property
    def runs(self) -> Runs:
        """What is trained on the page."""
        return Runs(self.dataset)

    def of_run(self, id: str) -> LabNetwork:
        """Return the network that a run has at a step, judged as the others are."""
        with one_thread():
            network = self.taken.pop(id, None) or named(id, *self.runs.taken(id), self.dataset)
        self.taken[id] = network
        while len(self.taken) > MOST_TAKEN:
            del self.taken[next(iter(self.taken))]
        return network

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The ids of every two networks."""
        return list(combinations(self.networks, 2))

    @property
    def images(self) -> Array:
        """The stored images, bytes of the shape (test images, pixels)."""
        return self.dataset.test_images.reshape(len(self.dataset.test_images), -1)

    @property
    def labels(self) -> Integers:
        """What the stored images are, (test images,)."""
        return self.dataset.test_labels

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of an image."""
        return self.dataset.image_shape

    @property
    def pixels(self) -> int:
        """How many numbers an image has."""
        return math.prod(self.image_shape)

    @cached_property
    def ground(self) -> str:
        """What the images stand on: "light", "dark", or "paper", on which light is ink."""
        images = self.dataset.test_images[:FEW_IMAGES]
        border = (images[:, [0, -1]], images[:, :, [0, -1]])
        if np.median(np.concatenate([side.ravel() for side in border])) > LIGHT:
            return "light"
        return "dark" if self.dataset.pictures.get("rule") == SCALED else "paper"

    @property
    def are_digits(self) -> bool:
        """Whether the images are known to be digits."""
        return self.dataset.name.startswith(DIGITS)

    @cached_property
    def likeness(self) -> Likeness:
        """Whether a picture looks like any that a network learned from."""
        return Likeness(self.dataset, self.ground == "light")

    @property
    def last_class(self) -> int:
        """The largest label."""
        return len(self.dataset.classes) - 1


def sizes_of(network: Network) -> list[int]:
    """Return the features that come in and the outputs of each Dense layer."""
    dense = [layer for layer in network if isinstance(layer, Dense)]
    return [dense[0].n_in, *(layer.n_out for layer in dense)]


def check_dataset(dataset: Dataset) -> None:
    """Check that the lab can show a dataset: its pad and its tables have room for so much."""
    (height, width), classes = dataset.image_shape, len(dataset.classes)
    if max(height, width) > LARGEST_SIDE or not 2 <= classes <= MOST_CLASSES:
        raise ChainruleError(
            f"The lab shows images of up to {LARGEST_SIDE}x{LARGEST_SIDE} pixels in 2 to "
            f"{MOST_CLASSES} classes, but {dataset.title} has {height}x{width} in {classes}: "
            "name smaller data with --data, and networks that were trained on it."
        )


def named(id: str, title: str, classifier: ImageClassifier, dataset: Dataset) -> LabNetwork:
    """Let a network classify every test image, and return it with its answers.

    Raises
    ------
    ChainruleError
        If the dataset has images of another size, or other classes or in another order.
    """
    judgement = judge(classifier, dataset)
    if list(classifier.outputs_of(dataset)) != list(range(len(classifier.classes))):
        raise ChainruleError(
            f"{classifier.path} knows the classes of {dataset.title} in another order or among "
            "others, and the lab shows them as the data has them: train it on this data."
        )
    return LabNetwork(
        id, title, classifier, judgement, classifier.probabilities(dataset.test_images)
    )


# ---- from a run folder ----


def networks_of_run(path: Path, dataset: Dataset, say: Say) -> dict[str, LabNetwork]:
    """Return the trained networks of a run folder by id, in the order of its lanes.

    Parameters
    ----------
    path : Path
        A folder that ``chainrule compare`` or ``chainrule train`` has written.
    dataset : Dataset
        Whose test images they are judged on.
    say : callable
        Takes what a user should know.

    Raises
    ------
    ChainruleError
        If it is no run folder, no network in it is finished, or one does not fit the dataset.
    """
    networks = {}
    for i, run in enumerate(checked_metrics(path, kind=None)["runs"], 1):
        lane = run["lane"]
        if run["status"] != "finished":
            say(f"{lane} diverged, and the lab leaves it out.")
            continue
        classifier = ImageClassifier.load(path / "models" / f"{lane}.npz")
        id = lane if PLAIN.fullmatch(lane) else f"network-{i}"
        sizes = "-".join(map(str, sizes_of(classifier.network)))
        networks[id] = named(id, f"{lane}, {sizes}", classifier, dataset)
    if not networks:
        raise ChainruleError(
            f"{path} holds no trained network: wait until a training ends, or name another folder."
        )
    return networks


# ---- the lab's own ----


def networks_of_first_start(
    dataset: Dataset,
    say: Say,
    *,
    progress: bool = True,
    recipes: Sequence[Recipe] = (READER, SMALL),
    later: Sequence[Recipe] = (),
) -> dict[str, LabNetwork]:
    """Return the lab's own networks by id: from the cache, or trained now and kept there.

    Parameters
    ----------
    dataset : Dataset
        Trained on its training images, judged on its test images.
    say : callable
        Takes what a user should know.
    progress : bool
        Show on stderr how far a training is.
    recipes : sequence of Recipe
        What to train.
    later : sequence of Recipe
        Which of them are left out where they are not in the cache.
    """
    found = {recipe.id: kept(recipe, dataset, say) for recipe in recipes}
    absent = [recipe for recipe in recipes if found[recipe.id] is None]
    if missing := [recipe for recipe in absent if recipe not in later]:
        say(
            f"First start: {len(missing)} network{'s' * (len(missing) > 1)} to train on "
            f"{trainable(dataset):,} images ({dataset.title}); kept for the next time."
        )
    found |= {recipe.id: made(recipe, dataset, say, progress=progress) for recipe in missing}
    return {
        recipe.id: named(recipe.id, recipe.title(dataset), classifier, dataset)
        for recipe in recipes
        if (classifier := found[recipe.id])
    }
