"""A card for each step of the walk: what comes in, what was kept, what goes out."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from chainrule.checks import Array
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab
from chainrule.lab.pictures import EVERY_ENTRY, tensor, tiles
from chainrule.lab.walk import questions
from chainrule.lab.walk.batch import Batch, batch_asked
from chainrule.lab.walk.following import followed, steepest
from chainrule.lab.walk.passage import Walk, walked
from chainrule.losses import softmax

Card: TypeAlias = dict[str, Any]


def backward(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return the cards of the walk back for a batch."""
    return cards_of(batch_asked(lab, asked))


def cards_of(batch: Batch, largest: int = EVERY_ENTRY) -> dict[str, Any]:
    """Return the loss, the images, the cards from the loss to the first weights, and one weight.

    An array of more than `largest` entries comes in blocks.
    """
    walk = walked(batch)
    probabilities = softmax(walk.outputs[-1])
    stations = list(walk.stations)
    asks = questions.of_stations(walk, stations)
    # The same for bytes and for numbers from 0 to 1.
    white = 255 if batch.images.dtype == np.uint8 else 1
    rows = range(len(batch))
    return {
        "batch": len(batch),
        "loss": walk.loss,
        "losses": [batch.network.loss(walk.outputs[-1][[i]], batch.labels[[i]])[0] for i in rows],
        "labels": batch.labels.tolist(),
        "predicted": probabilities.argmax(axis=1).tolist(),
        "pixels": np.rint(batch.images / white * 255).astype(int).tolist(),
        "parameters": batch.network.parameters.size,
        "dtype": str(batch.network.dtype),
        "cards": [
            _card(walk, kind, index, largest) | {"ask": ask}
            for (kind, index), ask in zip(stations, asks, strict=True)
        ],
        "followed": followed(walk, *steepest(walk)),
    }


def _card(walk: Walk, kind: str, index: int, largest: int) -> Card:
    made = {"loss": _loss_card, "gate": _gate_card, "dW": _weights_card, "da": _input_card}
    layer = walk.network[index]
    about = {"kind": kind, "index": index, "layer": str(layer), "activation": type(layer).__name__}
    return about | made[kind](walk, index, largest)


def _loss_card(walk: Walk, index: int, largest: int) -> Card:
    """Probabilities, one-hot and their difference; dz is that, divided by the batch."""
    probabilities = softmax(walk.outputs[-1])
    one_hot = np.eye(probabilities.shape[1])[walk.batch.labels]
    return {
        "probabilities": tensor("p", probabilities),
        "one_hot": tensor("y", one_hot),
        "difference": tensor("p − y", probabilities - one_hot),  # noqa: RUF001
        "out": _gradient(walk, index),
    }


def _gate_card(walk: Walk, index: int, largest: int) -> Card:
    slopes: Array | None = walk.slopes[index]
    assert slopes is not None
    return {
        "kept": tensor(walk.input_name(index), walk.input(index)),
        "slope": tensor("slope", slopes),
        "in": _gradient(walk, index),
        "out": _gradient(walk, index - 1),
    }


def _gradient(walk: Walk, index: int) -> dict[str, Any]:
    """Return the gradient of a layer's output, in the colours of the one that it passed from."""
    shown = tensor(f"d{walk.names[index]}", walk.gradients[index])
    if index + 1 < len(walk.network) and walk.slopes[index + 1] is not None:
        came = float(np.abs(walk.gradients[index + 1]).max())
        shown["limit"] = max(shown["limit"], came)
    return shown


def _weights_card(walk: Walk, index: int, largest: int) -> Card:
    layer, level = walk.network[index], walk.level(index)
    is_first = index == walk.dense[0]
    dW = layer.gradients["weights"]
    name = f"dW{level}"
    return {
        "is_first": is_first,
        "weights": f"W{level}",
        "kept": tensor(walk.input_name(index), walk.input(index)),
        "in": _gradient(walk, index),
        "out": tiles(name, dW) if is_first else tensor(name, dW, largest),
        "bias": tensor(f"db{level}", layer.gradients["biases"]),
    }


def _input_card(walk: Walk, index: int, largest: int) -> Card:
    return {
        "in": _gradient(walk, index),
        "weights": tensor(f"W{walk.level(index)}", walk.network[index].weights, largest),
        "out": _gradient(walk, index - 1),
    }
