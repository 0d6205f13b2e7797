"""One walk: every array that stands on the way there and back, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checks import Array
from chainrule.lab.walk.batch import Batch
from chainrule.layers import Dense
from chainrule.network import Network

SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, eq=False)
class Walk:
    """The arrays of a forward and a backward pass, a list entry for each layer.

    Attributes
    ----------
    batch : Batch
        Its layers hold dW and db.
    loss : float
    outputs : list of arrays, shape (batch, n)
        What each layer gave.
    gradients : list of arrays, shape (batch, n)
        How the loss changes with that.
    slopes : list of arrays, shape (batch, n), or of None
        How the output of a layer that works number by number changes with its input.
    names : list of str
        Of the outputs, by layer of weights: z₁, a₁, z₂, …
    """

    batch: Batch
    loss: float
    outputs: list[Array]
    gradients: list[Array]
    slopes: list[Array | None]
    names: list[str]

    @property
    def network(self) -> Network:
        """The batch's copy."""
        return self.batch.network

    @property
    def dense(self) -> list[int]:
        """The indices of the Dense layers."""
        return [i for i, layer in enumerate(self.network) if isinstance(layer, Dense)]

    def level(self, index: int) -> str:
        """Return which Dense layer one is, counted from 1, as it stands below a letter."""
        return below(self.dense.index(index) + 1)

    def input(self, index: int) -> Array:
        """Return what came into a layer, (batch, n)."""
        return self.outputs[index - 1] if index else self.batch.X

    def input_name(self, index: int) -> str:
        """Return what that is called."""
        return self.names[index - 1] if index else "x"

    @property
    def stations(self) -> Iterator[tuple[str, int]]:
        """The steps back from the loss to the first weights: what happens, and in which layer.

        The gradient of the images is none of them: training has no use for it.
        """
        first, *_ = self.dense
        yield "loss", len(self.network) - 1
        for index in reversed(range(first, len(self.network))):
            if index not in self.dense:
                yield "gate", index
                continue
            yield "dW", index
            if index > first:
                yield "da", index


def below(number: int) -> str:
    """Return a number as it stands below a letter: ₁₂."""
    return str(number).translate(SUBSCRIPT)


def walked(batch: Batch) -> Walk:
    """Walk there and back, through the layers' own `forward` and `backward`."""
    network = batch.network
    outputs = network.activations(batch.X)
    loss, grad_logits = network.loss(outputs[-1], batch.labels)
    gradient: Any = grad_logits
    gradients, slopes = [], []
    for layer in reversed(network.layers):
        gradients.append(gradient)
        is_dense = isinstance(layer, Dense)
        slopes.append(None if is_dense else layer.backward(np.ones_like(gradient)))
        gradient = layer.backward(gradient)  # of a first Dense layer None
    return Walk(batch, loss, outputs, gradients[::-1], slopes[::-1], names_of(network))


def names_of(network: Network) -> list[str]:
    """Return what the output of each layer is called: z₁ of Dense, a₁ of what follows it."""
    names: list[str] = []
    level = 0
    for layer in network:
        level += isinstance(layer, Dense)
        if isinstance(layer, Dense):
            names.append(f"z{below(level)}")
        else:
            again = names and names[-1].startswith("a")
            names.append(f"{names[-1]}′" if again else f"a{below(level)}")  # noqa: RUF001
    return names
