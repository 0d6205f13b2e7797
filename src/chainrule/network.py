"""A network is a list of layers whose parameters lie in one flat vector."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from chainrule import checks
from chainrule.checks import Array, Examples, InPlace, Loss, Seed, SupportsUpdate
from chainrule.layers import Dense, Layer, ReLU
from chainrule.losses import mean_squared_error, softmax, softmax_crossentropy_with_logits
from chainrule.optimizers import create_optimizer

COURSE_SIZES = (784, 256, 128, 64, 10)


class Network(Sequence[Layer]):
    """The list of its layers, trained and asked as one.

    Parameters
    ----------
    layers : iterable of Layer
        From input to output. The network owns them: it packs their parameters.
    loss : callable
        ``loss(outputs, y) -> (loss, gradient of the outputs)``.
    optimizer : object with ``update(parameters, gradients) -> parameters``, optional
        Needed for training alone.
    rng : int or numpy.random.Generator
        Draws the layers' starting values, in order.
    dtype : float32 or float64
        Of the parameters, and so of everything.

    Attributes
    ----------
    parameters, gradients : arrays, shape (n,)
        All parameters and their gradients; each layer holds views into both. Arrays of two or
        more axes come first, then the others.
    weights_slice : slice
        The part of `parameters` that has two or more axes: what weight decay acts on.
    """

    parameters = InPlace("vectors")
    gradients = InPlace("vectors")

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        loss: Loss = softmax_crossentropy_with_logits,
        optimizer: SupportsUpdate | None = None,
        rng: Seed = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.layers, self.loss = tuple(layers), loss
        dtype, rng = checks.float_dtype(dtype), checks.generator(rng)
        checks.parts(self.layers, Layer, loss, optimizer)
        self._pack(dtype)
        self.optimizer = optimizer
        for layer in self.layers:
            layer.initialise(rng)

    # ---- from X to logits, and back ----

    def forward(self, X: ArrayLike, training: bool = False) -> Array:
        """Return the logits, shape (batch, classes), for X of shape (batch, features)."""
        return self.activations(X, training)[-1]

    def activations(self, X: ArrayLike, training: bool = False) -> list[Array]:
        """Return the output of every layer, the last of them the logits."""
        outputs = [checks.numbers("X", X, self.dtype)]
        for layer in self.layers:
            outputs.append(layer.forward(outputs[-1], training))
        return outputs[1:]

    def backward(self, grad_logits: Array) -> Array | None:
        """Fill `gradients`, given the gradient of the last forward's logits.

        Returns the gradient of X if the first layer's `needs_input_gradient` is set, else None
        from a Dense layer, which spares a third of its work.
        """
        gradient: Any = np.asarray(grad_logits, self.dtype)
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        checks.views(self)
        return gradient

    def loss_and_gradients(self, X: ArrayLike, y: ArrayLike) -> tuple[float, Array]:
        """Return the loss of a batch and the vector `gradients`, without Dropout or a step."""
        loss, grad_logits = self.loss(self.forward(X), y)
        self.backward(grad_logits)
        return loss, self.gradients

    # ---- prediction ----

    @property
    def is_classifier(self) -> bool:
        """Whether the outputs are logits of classes: always, but with mean_squared_error."""
        return self.loss is not mean_squared_error

    def predict(self, X: Examples) -> Array:
        """Return the classes, integers (batch,); with mean_squared_error the outputs."""
        outputs = self.outputs(X)
        return outputs.argmax(axis=1) if self.is_classifier else outputs

    def predict_proba(self, X: Examples) -> Array:
        """Return the probability of each class, shape (batch, classes)."""
        checks.classifier(self)
        return softmax(self.outputs(X))

    def outputs(self, X: Examples) -> Array:
        """Return what `forward` does, for any number of rows: in slices."""
        X = checks.rows("X", X)
        return np.concatenate([self.forward(X[part]) for part in checks.slices(X)])

    # ---- one flat vector ----

    def _pack(self, dtype: np.dtype[Any]) -> None:
        """Move all parameters into one vector and leave views into it with the layers."""
        entries = [(one, name, v) for one in self.layers for name, v in one.parameters.items()]
        entries.sort(key=lambda entry: np.ndim(entry[2]) < 2)  # weights first
        stops = np.cumsum([0, *(np.size(value) for *_, value in entries)]).tolist()
        self.weights_slice = slice(0, stops[sum(np.ndim(value) >= 2 for *_, value in entries)])
        self.vectors = {kind: np.zeros(stops[-1], dtype) for kind in ("parameters", "gradients")}
        self.dtype = dtype
        for (layer, name, value), part in zip(entries, map(slice, stops, stops[1:]), strict=True):
            for kind, vector in self.vectors.items():
                getattr(layer, kind)[name] = vector[part].reshape(np.shape(value))
            layer.parameters[name][...] = value
            checks.second_names(layer, value, layer.parameters[name])
        for layer in self.layers:
            layer.in_network = True
        self.layers[0].needs_input_gradient = False
        self.views_checked = False

    @property
    def optimizer(self) -> SupportsUpdate | None:
        """What moves the parameters; its weight decay acts on the weights alone."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, optimizer: SupportsUpdate | None) -> None:
        checks.optimizer(optimizer)
        if optimizer is not None and hasattr(optimizer, "decayed"):
            optimizer.decayed = self.weights_slice
        self._optimizer = optimizer

    # ---- copies ----

    def copy(self) -> Network:
        """Return an independent copy: layers, parameters, optimizer with its state."""
        return copy.deepcopy(self)

    def astype(self, dtype: DTypeLike) -> Network:
        """Return a copy with parameters of `dtype`."""
        network = self.copy()
        network._pack(checks.float_dtype(dtype))
        return network

    def __getstate__(self) -> dict[str, Any]:
        # The layers carry their arrays; the flat vectors are made anew around them.
        return {name: self.__dict__[name] for name in ("layers", "loss", "dtype", "_optimizer")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._pack(self.dtype)

    # ---- the list of its layers ----

    def __getitem__(self, index: Any) -> Any:
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)

    def __repr__(self) -> str:
        lines = [f"Network of {self.parameters.size:,} parameters, {self.dtype}"]
        for i, layer in enumerate(self.layers):
            size = sum(view.size for view in layer.parameters.values())
            shapes = (f"{name} {view.shape}" for name, view in layer.parameters.items())
            lines.append(f"{i:>4}  {layer!s:<16}{size:>10,}  {', '.join(shapes)}".rstrip())
        return "\n".join(lines)


def create_network(
    optimizer_type: str = "sgd", *, rng: Seed = 0, sizes: Sequence[int] = COURSE_SIZES
) -> Network:
    """Return Dense layers of the given sizes with ReLU between them: the course's network.

    Parameters
    ----------
    optimizer_type : str
        A name in `OPTIMIZERS`: sgd, momentum, nesterov, rmsprop, adam, adamw.
    rng : int or numpy.random.Generator
        Equal `rng`, equal start, whatever the optimizer.
    sizes : sequence of int
        Features that come in, units of each hidden layer, classes that go out.
    """
    layers = [layer for shape in pairwise(sizes) for layer in (Dense(*shape), ReLU())]
    return Network(layers[:-1], optimizer=create_optimizer(optimizer_type), rng=rng)


def forward(network: Network, X: ArrayLike) -> list[Array]:
    """Return the output of every layer for X, the last of them the logits."""
    return network.activations(X)


def predict(network: Network, X: Examples) -> Array:
    """Return the predicted class of each row of X, integers (batch,)."""
    return network.predict(X)
