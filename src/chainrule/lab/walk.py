"""The walk back: a card for the loss and for each layer, every number from the library's own.

It is walked on a copy in float64, so that what stands on a card is what a nudge measures.
"""

# ruff: noqa: RUF001  (the page shows × and − as a blackboard does)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from chainrule.checks import Array, Integers
from chainrule.data.dataset import ClassName
from chainrule.lab import questions
from chainrule.lab.answers import network_asked
from chainrule.lab.asked import Asked, numbers
from chainrule.lab.formulas import RULES
from chainrule.lab.networks import Lab, LabNetwork
from chainrule.lab.pictures import EVERY_ENTRY, tensor
from chainrule.layers import Dense, Layer
from chainrule.network import Network

BATCH = ("network", "images", "indices", "labels")  # the fields that name a network and a batch
BATCH_SIZES = (1, 4, 16)
Card: TypeAlias = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Batch:
    """A network's copy in float64 with the images to walk with.

    Attributes
    ----------
    network : Network
        Nobody else's; its first layer computes the gradient of its input as well.
    X : array, shape (batch, pixels)
        Standardised as the network was trained.
    labels : integers, shape (batch,)
    classes : sequence of int or of str
        What the labels stand for.
    image_shape : (int, int)
        Height and width of an image.
    """

    network: Network
    X: Array
    labels: Integers
    classes: Sequence[ClassName]
    image_shape: tuple[int, int]


def batch_asked(lab: Lab, asked: Asked) -> Batch:
    """Return the batch that a request names: drawings with labels, or stored images."""
    chosen = network_asked(lab, asked)
    labels: Integers | None = None
    if "indices" in asked and "images" not in asked:
        indices = asked.wholes("indices", BATCH_SIZES, 0, len(lab.images) - 1)
        images, labels = lab.images[indices], lab.labels[indices]
    else:
        listed = enumerate(asked.listed("images", BATCH_SIZES))
        rows = [numbers(f"images[{i}]", image, lab.pixels, 0, 1) for i, image in listed]
        images = np.stack(rows).astype(np.float32)
    if labels is None or "labels" in asked:
        labels = np.array(asked.wholes("labels", (len(images),), 0, lab.last_class))
    return batch_of(chosen, images, labels)


def batch_of(chosen: LabNetwork, images: Array, labels: Integers) -> Batch:
    """Return a copy of a network with images (batch, pixels), bytes or from 0 to 1, and labels."""
    network = chosen.network.astype(np.float64)
    network[0].needs_input_gradient = True
    X = chosen.classifier.inputs(images).astype(np.float64)
    dataset = chosen.judgement.dataset
    return Batch(network, X, labels, dataset.classes, dataset.image_shape)


def backward(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return the cards of the walk back for a batch."""
    return cards_of(batch_asked(lab, asked))


def cards_of(batch: Batch, largest: int = EVERY_ENTRY) -> dict[str, Any]:
    """Return the loss and the cards, from the loss to the first layer.

    A picture shows every entry of an array that has at most `largest`.
    """
    network = batch.network
    logits = network.forward(batch.X)
    loss, gradient = network.loss(logits, batch.labels)
    cards = [_loss_card(batch, logits, gradient) | {"loss": loss}]
    for index in reversed(range(len(network))):
        incoming, gradient = gradient, network[index].backward(gradient)
        if isinstance(network[index], Dense):
            cards.append(_dense_card(batch, index, incoming, gradient, largest))
        else:
            cards.append(_other_card(network, index, incoming, gradient))
    return {
        "batch": len(batch.X),
        "loss": loss,
        "labels": batch.labels.tolist(),
        "dtype": str(network.dtype),
        "cards": cards,
    }


def _loss_card(batch: Batch, logits: Array, gradient: Array) -> Card:
    size, classes = logits.shape
    return _card(
        batch.network,
        None,
        shapes=f"dz = (softmax(z) − one-hot(labels)) / B, {size} × {classes}, with B = {size}",
        kept=[tensor("z", logits)],
        outgoing=[tensor("dz", gradient)],
        ask=questions.of_loss(gradient, batch.labels, batch.classes),
    )


def _dense_card(batch: Batch, index: int, grad_y: Array, grad_x: Array, largest: int) -> Card:
    network = batch.network
    layer: Dense = network[index]
    n_in, n_out = layer.n_in, layer.n_out
    image_shape = batch.image_shape if index == 0 else None
    which = sum(isinstance(other, Dense) for other in network[index + 1 :])
    return _card(
        network,
        index,
        shapes=f"dW = xᵀ · dy, ({n_in} × B)(B × {n_out}) = {n_in} × {n_out}\n"
        f"db = Σ dy over the batch, (B × {n_out}) → {n_out}\n"
        f"dx = dy · Wᵀ, (B × {n_out})({n_out} × {n_in}) = B × {n_in}",
        incoming=tensor("dy", grad_y),
        kept=[tensor("x", layer.x, image_shape=image_shape)],
        outgoing=[
            tensor("dW", layer.gradients["weights"], largest=largest),
            tensor("db", layer.gradients["biases"]),
            tensor("dx", grad_x, image_shape=image_shape),
        ],
        ask=questions.of_dense(layer, len(grad_y), which),
    )


def _other_card(network: Network, index: int, grad_y: Array, grad_x: Array) -> Card:
    layer: Layer = network[index]
    kind = type(layer).__name__
    # A layer keeps its input or its output, whichever its derivative is made of.
    kept = {name: getattr(layer, name) for name in ("x", "y") if hasattr(layer, name)}
    return _card(
        network,
        index,
        shapes=f"dx = dy ⊙ {RULES[kind].factor}, B × {grad_y.shape[1]} each",
        incoming=tensor("dy", grad_y),
        kept=[tensor(name, array) for name, array in kept.items()],
        outgoing=[tensor("dx", grad_x)],
        ask=questions.of_elementwise(kind, kept, grad_y, grad_x),
    )


def _card(network: Network, index: int | None, **more: Any) -> Card:
    """Return a card of the loss, whose index is None, or of a layer: its rule, and more."""
    is_loss = index is None
    kind = "loss" if is_loss else type(network[index]).__name__
    return {
        "kind": kind,
        "index": index,
        "title": "Softmax and cross-entropy" if is_loss else f"Layer {index}: {network[index]}",
        "words": RULES[kind].words,
        "mathml": RULES[kind].mathml,
        "dtype": str(network.dtype),
        "incoming": None,
        **more,
    }
