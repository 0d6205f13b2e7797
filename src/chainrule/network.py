"""A network is a list of layers whose parameters lie in one flat vector."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Protocol, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from chainrule import checks
from chainrule.checks import Array, ChainruleError
from chainrule.layers import Dense, Layer, ReLU
from chainrule.losses import mean_squared_error, softmax, softmax_crossentropy_with_logits
from chainrule.optimizers import LearningRate, create_optimizer

Loss: TypeAlias = Callable[[Array, Any], tuple[float, Array]]

ROWS_AT_ONCE = 1_000  # in prediction, so that memory does not grow with the number of images


class SupportsUpdate(Protocol):
    """What a network asks of an optimizer."""

    def update(self, parameters: Array, gradients: Array) -> Array:
        """Return the moved parameters, the first argument itself or a new vector."""


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

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        loss: Loss = softmax_crossentropy_with_logits,
        optimizer: SupportsUpdate | None = None,
        rng: int | np.random.Generator = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.layers = tuple(layers)
        self.loss = loss
        self._own_layers()
        self._pack(checks.float_dtype(dtype))
        self.optimizer = optimizer
        rng = checks.generator(rng)
        for layer in self.layers:
            layer.initialise(rng)

    # ---- from X to logits, and back ----

    def forward(self, X: ArrayLike, training: bool = False) -> Array:
        """Return the logits, shape (batch, classes), for X of shape (batch, features)."""
        y = checks.numbers("X", X, self.dtype)
        for layer in self.layers:
            y = layer.forward(y, training)
        return y

    def backward(self, grad_logits: Array) -> Array | None:
        """Fill `gradients`, given the gradient of the last forward's logits.

        Returns the gradient of X if the first layer's `needs_input_gradient` is set, else None
        from a Dense layer, which spares a third of its work.
        """
        gradient: Any = np.asarray(grad_logits, self.dtype)
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        if not self._views_checked:
            self._check_views()
        return gradient

    def activations(self, X: ArrayLike) -> list[Array]:
        """Return the output of every layer, the last of them the logits."""
        outputs = [checks.numbers("X", X, self.dtype)]
        for layer in self.layers:
            outputs.append(layer.forward(outputs[-1]))
        return outputs[1:]

    def loss_and_gradients(self, X: ArrayLike, y: ArrayLike) -> tuple[float, Array]:
        """Return the loss of a batch and `gradients`, without Dropout and without a step."""
        loss, grad_logits = self.loss(self.forward(X), y)
        self.backward(grad_logits)
        return loss, self.gradients

    # ---- prediction ----

    @property
    def is_classifier(self) -> bool:
        """Whether the outputs are logits of classes: always, but with mean_squared_error."""
        return self.loss is not mean_squared_error

    def predict(self, X: ArrayLike) -> Array:
        """Return the classes, integers (batch,); with mean_squared_error the outputs."""
        outputs = self._outputs(X)
        return outputs.argmax(axis=1) if self.is_classifier else outputs

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each class, shape (batch, classes)."""
        if not self.is_classifier:
            raise ChainruleError(
                "predict_proba needs a network of classes, this one predicts "
                "numbers (mean_squared_error): call predict."
            )
        return softmax(self._outputs(X))

    def _outputs(self, X: ArrayLike) -> Array:
        X = checks.examples("X", X)
        starts = range(0, len(X), ROWS_AT_ONCE)
        return np.concatenate([self.forward(X[start : start + ROWS_AT_ONCE]) for start in starts])

    # ---- one flat vector ----

    def _own_layers(self) -> None:
        if not self.layers:
            raise ChainruleError("A Network needs at least one layer, got an empty list.")
        for i, layer in enumerate(self.layers):
            if not isinstance(layer, Layer):
                raise ChainruleError(f"layer {i} must be a Layer, got {layer!r}.")
            if layer.in_network:
                raise ChainruleError(
                    f"layer {i}, {layer}, belongs to a network already: "
                    "use a copy, copy.deepcopy(layer), or network.copy()."
                )
            layer.in_network = True
        self.layers[0].needs_input_gradient = False

    def _pack(self, dtype: np.dtype[Any]) -> None:
        """Move all parameters into one vector and leave views into it with the layers."""
        entries = [(layer, name) for layer in self.layers for name in layer.parameters]
        values = {entry: np.asarray(entry[0].parameters[entry[1]]) for entry in entries}
        entries.sort(key=lambda entry: values[entry].ndim < 2)  # stable: weights first
        size = sum(value.size for value in values.values())
        self.dtype = dtype
        self.parameters = np.zeros(size, dtype)
        self.gradients = np.zeros(size, dtype)
        self.weights_slice = slice(0, sum(v.size for v in values.values() if v.ndim >= 2))
        stop = 0
        for layer, name in entries:
            value = values[layer, name]
            start, stop = stop, stop + value.size
            layer.parameters[name] = self.parameters[start:stop].reshape(value.shape)
            layer.gradients[name] = self.gradients[start:stop].reshape(value.shape)
            layer.parameters[name][...] = value
        self._views_checked = False

    def _check_views(self) -> None:
        """Find a layer that has put arrays of its own in place of the views."""
        for i, layer in enumerate(self.layers):
            for kind, flat in (("parameters", self.parameters), ("gradients", self.gradients)):
                for name, view in getattr(layer, kind).items():
                    if not np.may_share_memory(view, flat):
                        raise ChainruleError(
                            f"layer {i}, {layer}, has bound {kind}[{name!r}] to another array: "
                            f"write into it, self.{kind}[{name!r}][...] = ..."
                        )
        self._views_checked = True

    @property
    def optimizer(self) -> SupportsUpdate | None:
        """What moves the parameters; its weight decay acts on the weights alone."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, optimizer: SupportsUpdate | None) -> None:
        if optimizer is not None and not hasattr(optimizer, "update"):
            raise ChainruleError(
                f"optimizer must have update(parameters, gradients), got {optimizer!r}: "
                "for example Adam(learning_rate=0.0005)."
            )
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
        self._own_layers()
        self._pack(self.dtype)

    # ---- the list of its layers ----

    @overload
    def __getitem__(self, index: int) -> Layer: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Layer]: ...
    def __getitem__(self, index: int | slice) -> Layer | Sequence[Layer]:
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)

    def __repr__(self) -> str:
        lines = [f"Network of {self.parameters.size:,} parameters, {self.dtype}"]
        for i, layer in enumerate(self.layers):
            shapes = [f"{name} {view.shape}" for name, view in layer.parameters.items()]
            count = sum(view.size for view in layer.parameters.values())
            detail = f"{count:>10,}  {', '.join(shapes)}" if shapes else ""
            lines.append(f"{i:>4}  {layer!s:<16}{detail}".rstrip())
        return "\n".join(lines)


def create_network(
    optimizer_type: str = "sgd",
    *,
    rng: int | np.random.Generator = 0,
    sizes: Sequence[int] = (784, 256, 128, 64, 10),
    learning_rate: LearningRate | None = None,
    dtype: DTypeLike = np.float32,
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
    learning_rate : float or callable, optional
        The default is the optimizer's in `OPTIMIZERS`.
    dtype : float32 or float64
    """
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes):
        layers += [Dense(n_in, n_out), ReLU()]
    optimizer = create_optimizer(optimizer_type, learning_rate)
    return Network(layers[:-1], optimizer=optimizer, rng=rng, dtype=dtype)


def forward(network: Network, X: ArrayLike) -> list[Array]:
    """Return the output of every layer for X, the last of them the logits."""
    return network.activations(X)


def predict(network: Network, X: ArrayLike) -> Array:
    """Return the predicted class of each row of X, integers (batch,)."""
    return network.predict(X)
