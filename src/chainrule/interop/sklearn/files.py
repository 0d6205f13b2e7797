"""From a model file to a fitted estimator, and what an estimator's model file says of it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

from chainrule.checks import Array, ChainruleError, of_shape
from chainrule.interop.sklearn.base import ACTIVATIONS, BaseMLP, copied, dense_of
from chainrule.interop.sklearn.classifier import MLPClassifier
from chainrule.interop.sklearn.regressor import MLPRegressor
from chainrule.layers import Dense, Dropout
from chainrule.network import Network
from chainrule.storage.models import Model, load_model

NAMES = {kind: name for name, kind in ACTIVATIONS.items()}
SCALERS: dict[type, Callable[[Any], tuple[Array | int, Array | int]]] = {
    StandardScaler: lambda of: (of.mean_ if of.with_mean else 0, of.scale_ if of.with_std else 1),
    MinMaxScaler: lambda of: (-of.min_ / of.scale_, 1 / of.scale_),
}  # what is subtracted, and by what the rest is divided
TIMES = {"M": str, "m": np.int64}  # datetime64 and timedelta64, and how JSON can hold them


def load_estimator(path: str | os.PathLike[str]) -> MLPClassifier | MLPRegressor | Pipeline:
    """Return a model file as a fitted estimator: of classes or, with the squared error, of numbers.

    Where the file is that of a pipeline on a table it comes with its scaler, as a pipeline again.
    Of images it takes X as the network does: the preprocessing that the file names, a mean and a
    deviation of pixels, is left to you; read it with `load_model`.

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
    estimator._network = copied(network, kind, loss, last)
    estimator._forget()
    steps = [estimator]
    if model.columns is not None and model.preprocessing:
        steps = [_scaler_of(model, network[0].n_in, name), estimator]
    for step in steps:
        step.n_features_in_ = network[0].n_in
    if model.columns:
        steps[0].feature_names_in_ = np.array(model.columns, dtype=object)
    return estimator if len(steps) == 1 else make_pipeline(*steps)


def model_of(estimator: Any, image_shape: tuple[int, int] | None = None) -> Model:
    """Return a fitted estimator as a model: its `network_`, and what inputs and outputs stand for.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Pipeline
        Of a pipeline every step before is a StandardScaler or a MinMaxScaler: they become the
        model's preprocessing, so that it takes the raw table.
    image_shape : (int, int), optional
        Height and width, if X holds the pixels of images, from 0 to 1, in its columns. By default
        the model is one of a table, whose columns keep the names that they had in `fit`.

    Raises
    ------
    ChainruleError
        If it is another estimator or has other steps before it, or an image has another number of
        pixels than X had columns.
    """
    *scalers, estimator = _steps_of(estimator)
    first = [*scalers, estimator][0]
    classes = getattr(estimator, "classes_", np.empty(0))
    parameters = {key: repr(value) for key, value in estimator.get_params().items()}
    training = {"estimator": type(estimator).__name__, "parameters": parameters}
    if as_json := TIMES.get(classes.dtype.kind):
        training["labels"], classes = str(classes.dtype), classes.astype(as_json)
    preprocessing = _as_one(scalers, estimator.n_features_in_)
    model = Model(estimator.network_, preprocessing, training, classes.tolist())
    if image_shape is not None:
        if math.prod(image_shape) != estimator.n_features_in_:
            raise ChainruleError(
                f"image_shape must be height and width of {estimator.n_features_in_} pixels, as X "
                f"had columns, got {image_shape}."
            )
        return replace(model, data={"image_shape": list(image_shape)})
    return replace(model, columns=list(getattr(first, "feature_names_in_", [])))


def _steps_of(given: Any) -> list[Any]:
    """Return the scalers of a pipeline, if there are any, and its estimator, all of them fitted."""
    is_pipeline = isinstance(given, Pipeline)
    steps = [step for _, step in given.steps] if is_pipeline else [given]
    steps = [step for step in steps if step not in (None, "passthrough")]
    if not (steps and isinstance(steps[-1], BaseMLP)):
        raise ChainruleError(
            "model_of takes a fitted MLPClassifier or MLPRegressor, or a pipeline of scalers that "
            f"ends in one, got {type(given).__name__}: pass that alone, such as "
            "search.best_estimator_."
        )
    for step in steps[:-1]:
        if type(step) not in SCALERS or getattr(step, "clip", False):
            raise ChainruleError(
                "What stands before the estimator can be a StandardScaler or a MinMaxScaler that "
                f"does not clip, got {step}: pass pipeline[-1], whose model takes what "
                "pipeline[:-1].transform gives."
            )
    for step in steps:
        check_is_fitted(step)
    return steps


def _as_one(scalers: list[Any], columns: int) -> dict[str, Any]:
    """Return mean and deviation of one scaler that does what all of them do, one by one."""
    mean, std = np.zeros(columns), np.ones(columns)
    for scaler in scalers:
        shift, scale = SCALERS[type(scaler)](scaler)
        mean, std = mean + std * shift, std * scale
    return {"mean": mean.tolist(), "std": std.tolist()} if scalers else {}


def _scaler_of(model: Model, columns: int, name: str) -> StandardScaler:
    """Return the preprocessing of a table's model file as a fitted scaler."""
    held: Any = model.preprocessing
    mean, std = (
        of_shape(f"the {key} in {name}", held.get(key), (columns,), np.float64)
        for key in ("mean", "std")
    )
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_ = mean, np.where(std > 0, std, np.inf)  # a constant becomes 0
    scaler.var_, scaler.n_samples_seen_ = std**2, 1
    return scaler


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
