"""From a model file to a fitted estimator, and what an estimator's model file says of it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from chainrule.checks import ChainruleError
from chainrule.interop.sklearn.base import ACTIVATIONS, BaseMLP, copied, dense_of
from chainrule.interop.sklearn.classifier import MLPClassifier
from chainrule.interop.sklearn.regressor import MLPRegressor
from chainrule.layers import Dense, Dropout, Layer, LeakyReLU
from chainrule.network import Network
from chainrule.storage.models import Model, load_model


def load_estimator(path: str | os.PathLike[str]) -> MLPClassifier | MLPRegressor:
    """Return a model file as a fitted estimator: of classes or, with the squared error, of numbers.

    It takes X as the network does. Where the file names a preprocessing, such as a mean and a
    deviation of pixels, that is left to you: read it with `load_model`.

    Parameters
    ----------
    path : path-like
        Written by `save_model`, or by ``chainrule train``.

    Raises
    ------
    ChainruleError
        If it is no model file, damaged, or its network is not what the estimators build: Dense
        layers, each but the last with an activation and a Dropout that may be there or not.
    OSError
        If the file cannot be opened.
    """
    return estimator_of(load_model(path), os.fspath(path))


def estimator_of(model: Model, name: str = "The model") -> MLPClassifier | MLPRegressor:
    """Return a model as a fitted estimator."""
    network = model.network
    sizes, activations, rates = _parts(network, name)
    parameters = {
        "hidden_layer_sizes": tuple(sizes),
        "activation": _one_or_all(activations, "relu"),
        "dropout": _one_or_all(rates, 0.0),
        "dtype": network.dtype.name,
    }
    estimator: Any
    if network.is_classifier:
        estimator = MLPClassifier(**parameters)
        last = _learn_classes(estimator, model.classes, network[-1], name)
    else:
        estimator, last = MLPRegressor(**parameters), network[-1]
    _give(estimator, network, last)
    return estimator


def model_of(estimator: BaseMLP) -> Model:
    """Return a fitted estimator as a model: its `network_`, and what its outputs stand for."""
    classes = getattr(estimator, "classes_", np.empty(0)).tolist()
    parameters = {key: repr(value) for key, value in estimator.get_params().items()}
    training = {"estimator": type(estimator).__name__, "parameters": parameters}
    return Model(estimator.network_, classes=classes, training=training)


def _learn_classes(estimator: Any, classes: list[Any], last: Dense, name: str) -> Dense:
    """Learn the classes, sorted as scikit-learn has them; return the last layer in that order."""
    given = np.asarray(classes or range(last.n_out))
    if given.shape != (last.n_out,) or len(np.unique(given)) != last.n_out:
        raise ChainruleError(
            f"{name} names the classes {given.tolist()}, its network has {last.n_out} outputs: "
            "each output needs a class of its own."
        )
    estimator._learn_classes(given)
    order = np.argsort(given)
    weights, biases = last.weights[:, order], last.biases[order]
    if last.n_out == 2:  # softmax([a, b]) is that of [0, b - a]: one logit for the sigmoid
        weights, biases = weights[:, 1:] - weights[:, :1], biases[1:] - biases[:1]
    return dense_of(weights, biases)


def _give(estimator: Any, network: Network, last: Dense) -> None:
    """Make a network that of the estimator, as if it had been fitted."""
    outputs = np.empty((1, last.n_out))
    estimator.n_outputs_, estimator.out_activation_, kind, loss = estimator._head(outputs)
    estimator._layers_asked = estimator._layers_from_parameters()
    estimator._seed = 0
    estimator.n_features_in_ = network[0].n_in
    estimator._network = copied(network, kind, loss, last)
    estimator._forget()


def _parts(network: Network, name: str) -> tuple[list[int], list[str], list[float]]:
    """Return size, activation and dropout of each hidden layer."""
    sizes: list[int] = []
    activations: list[str] = []
    rates: list[float] = []
    for layer in network:
        if isinstance(layer, Dense):
            sizes.append(layer.n_out)
            activations.append("identity")
            rates.append(0.0)
        elif not sizes or rates[-1]:
            raise _other_layers(layer, name)
        elif isinstance(layer, Dropout):
            rates[-1] = layer.rate
        elif activations[-1] == "identity" and _activation(layer):
            activations[-1] = _activation(layer)
        else:
            raise _other_layers(layer, name)
    if not isinstance(network[-1], Dense):
        raise _other_layers(network[-1], name)
    return sizes[:-1], activations[:-1], rates[:-1]


def _activation(layer: Layer) -> str:
    """Return the name of an activation; none for a layer that has no name."""
    if isinstance(layer, LeakyReLU) and layer.slope != LeakyReLU().slope:
        return ""
    return next((name for name, kind in ACTIVATIONS.items() if type(layer) is kind), "")


def _other_layers(layer: Layer, name: str) -> ChainruleError:
    return ChainruleError(
        f"{name} holds {layer} where the estimators have none: they are Dense layers, each but the "
        "last followed by one activation or none and at most one Dropout; use its network as it is."
    )


def _one_or_all(values: list[Any], default: Any) -> Any:
    """Return the one value that all layers share, else the values of all."""
    if not values:
        return default
    return values[0] if len(set(values)) == 1 else tuple(values)
