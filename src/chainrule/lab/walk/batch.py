"""What is walked back with: a copy of a network in float64, some images and their labels.

It is a copy in float64, so that what stands on a card is what a nudge measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from chainrule.checks import Array, Integers
from chainrule.data.dataset import ClassName
from chainrule.lab.answers import network_asked
from chainrule.lab.asked import Asked, numbers
from chainrule.lab.networks import Lab, LabNetwork
from chainrule.network import Network

FIELDS = ("network", "of", "images", "indices", "labels")  # that name a network and a batch
SIZES = range(1, 65)
TEST, TRAINING = "test", "training"


@dataclass(frozen=True, eq=False)
class Batch:
    """A network's copy in float64 with the images to walk with.

    Attributes
    ----------
    id : str
        The network's.
    network : Network
        Nobody else's.
    images : array, shape (batch, pixels)
        Bytes, or from 0 to 1.
    X : array, shape (batch, pixels)
        The same, standardised as the network was trained.
    labels : integers, shape (batch,)
    classes : sequence of int or of str
        What the labels stand for.
    image_shape : (int, int)
        Height and width of an image.
    """

    id: str
    network: Network
    images: Array = field(repr=False)
    X: Array = field(repr=False)
    labels: Integers
    classes: Sequence[ClassName]
    image_shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.X)

    @property
    def loss(self) -> float:
        """The mean loss, of the parameters as they stand now."""
        return self.network.loss(self.network.forward(self.X), self.labels)[0]


def batch_asked(lab: Lab, asked: Asked) -> Batch:
    """Return the batch that a request names: drawings with labels, or stored images."""
    chosen = network_asked(lab, asked)
    labels: Integers | None = None
    if "indices" in asked and "images" not in asked:
        is_training = "of" in asked and asked.one_of("of", (TEST, TRAINING)) == TRAINING
        images, labels = _stored(lab, asked, is_training)
    else:
        listed = enumerate(asked.listed("images", SIZES))
        rows = [numbers(f"images[{i}]", image, lab.pixels, 0, 1) for i, image in listed]
        images = np.stack(rows).astype(np.float32)
    if labels is None or "labels" in asked:
        labels = np.array(asked.wholes("labels", (len(images),), 0, lab.last_class))
    return batch_of(chosen, images, labels)


def _stored(lab: Lab, asked: Asked, is_training: bool) -> tuple[Array, Integers]:
    """Return the stored images that a request names, (batch, pixels), and their labels."""
    images, labels = lab.images, lab.labels
    if is_training:
        images = lab.dataset.train_images.reshape(-1, lab.pixels)
        labels = lab.dataset.train_labels
    indices = asked.wholes("indices", SIZES, 0, len(images) - 1)
    return images[indices], labels[indices]


def batch_of(chosen: LabNetwork, images: Array, labels: Integers) -> Batch:
    """Return a copy of a network with images (batch, pixels), bytes or from 0 to 1, and labels."""
    X = chosen.classifier.inputs(images).astype(np.float64)
    dataset = chosen.judgement.dataset
    network = chosen.network.astype(np.float64)
    return Batch(chosen.id, network, images, X, labels, dataset.classes, dataset.image_shape)
