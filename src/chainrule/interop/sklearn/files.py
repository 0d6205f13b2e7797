"""From a model file to a fitted estimator, and what an estimator's model file says of it."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import numpy as np

from chainrule.checks import ChainruleError
from chainrule.interop.sklearn.base import ACTIVATIONS, BaseMLP, copied, dense_of
from chainrule.interop.sklearn.classifier import MLPClassifier
from chainrule.interop.sklearn.regressor import MLPRegressor
from chainrule.layers import Dense, Dropout
from chainrule.network import Network
from chainrule.storage.models import Model, load_model

NAMES = {kind: name for name, kind in ACTIVATIONS.items()}
TIMES = {"M": str, "m": np.int64}  # datetime64 and timedelta64, and how JSON can hold them


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
    model, name = load_model(path), os.fspath(path)
    network = model.network
    sizes, activations, rates = _parameters_of(network)
    parameters = {
        "hidden_layer_sizes": tuple(sizes),
        "activation": _one_or_all(activations, "relu"),
        "dropout": _one_or_all(rates, 0.0),
        "dtype": network.dtype.name,
    }
    estimator: Any = (MLPClassifier if network.is_classifier else MLPRegressor)(**parameters)
    _check_layers(estimator, network, name)
    last = network[-1]
    if network.is_classifier:
        last = _learn_classes(estimator, model, last, name)
    outputs = np.empty((1, last.n_out))
    estimator.n_outputs_, estimator.out_activation_, kind, loss = estimator._head(outputs)
    estimator._seed = 0
    estimator.n_features_in_ = network[0].n_in
    if model.columns:
        estimator.feature_names_in_ = np.array(model.columns, dtype=object)
    estimator._network = copied(network, kind, loss, last)
    estimator._forget()
    return estimator


def model_of(estimator: BaseMLP, image_shape: tuple[int, int] | None = None) -> Model:
    """Return a fitted estimator as a model: its `network_`, and what inputs and outputs stand for.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    image_shape : (int, int), optional
        Height and width, if X holds the pixels of images, from 0 to 1, in its columns. By default
        the model is one of a table, whose columns keep the names that they had in `fit`.

    Raises
    ------
    ChainruleError
        If it is another estimator, or an image has another number of pixels than X had columns.
    """
    if not isinstance(estimator, BaseMLP):
        raise ChainruleError(
            f"model_of takes a fitted MLPClassifier or MLPRegressor, got {type(estimator).__name__}"
            ": pass that alone, such as pipeline[-1] or search.best_estimator_."
        )
    classes = getattr(estimator, "classes_", np.empty(0))
    parameters = {key: repr(value) for key, value in estimator.get_params().items()}
    training = {"estimator": type(estimator).__name__, "parameters": parameters}
    if as_json := TIMES.get(classes.dtype.kind):
        training["labels"], classes = str(classes.dtype), classes.astype(as_json)
    model = Model(estimator.network_, classes=classes.tolist(), training=training)
    if image_shape is not None:
        if math.prod(image_shape) != estimator.n_features_in_:
            raise ChainruleError(
                f"image_shape must be height and width of {estimator.n_features_in_} pixels, as X "
                f"had columns, got {image_shape}."
            )
        return replace(model, data={"image_shape": list(image_shape)})
    return replace(model, columns=list(getattr(estimator, "feature_names_in_", [])))


def _learn_classes(estimator: Any, model: Model, last: Dense, name: str) -> Dense:
    """Learn the classes, sorted as scikit-learn has them; return the last layer in that order."""
    given = np.asarray(model.classes or range(last.n_out))
    if isinstance(model.training, dict) and "labels" in model.training:
        given = _times(given, model.training["labels"], name)
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


def _times(given: Any, dtype: Any, name: str) -> Any:
    """Return dates, or spans of time, as they were before `model_of` made JSON of them."""
    try:
        if np.dtype(dtype).kind in TIMES:
            return given.astype(dtype)
    except (TypeError, ValueError):
        pass
    raise ChainruleError(
        f"{name} is damaged: its classes {given.tolist()} are not of the dtype {dtype!r}."
    )


def _parameters_of(network: Network) -> list[list[Any]]:
    """Return sizes, activations and dropouts of the hidden layers, as far as they can be said."""
    parts: list[list[Any]] = []
    for layer in network:
        if isinstance(layer, Dense):
            parts.append([layer.n_out, "identity", 0.0])
        elif parts and isinstance(layer, Dropout):
            parts[-1][2] = layer.rate
        elif parts:
            parts[-1][1] = NAMES.get(type(layer), "identity")
    return [[part[i] for part in parts[:-1]] for i in range(3)]


def _check_layers(estimator: BaseMLP, network: Network, name: str) -> None:
    """Check that the layers are those that the estimator builds from its parameters."""
    estimator._layers_asked = estimator._layers_from_parameters()
    came = [layer for layer in network if getattr(layer, "rate", 1)]  # Dropout of 0 is none at all
    dense = [layer for layer in came if isinstance(layer, Dense)]
    built = estimator._build(dense[0].n_in, dense[-1].n_out) if dense else []
    for layer, wanted in zip_longest(came, built):
        if str(layer) != str(wanted):
            raise ChainruleError(
                f"{name} holds {layer} where the estimators have none: they are Dense layers, each "
                "but the last followed by one activation or none and at most one Dropout; use its "
                "network as it is."
            )


def _one_or_all(values: list[Any], default: Any) -> Any:
    """Return the one value that all layers share, else the values of all."""
    return tuple(values) if len(set(values)) > 1 else next(iter(values), default)
