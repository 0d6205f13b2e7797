"""What every door asks of its arguments: one sentence for each thing that can be wrong.

A check returns what it was given, converted where its docstring says so, or raises
`ChainruleError` with one sentence: what was expected, what came, what to do.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Integers: TypeAlias = NDArray[np.integer[Any]]


class ChainruleError(ValueError):
    """Wrong input; the message says what was expected, what came and what to do."""


def whole_number(name: str, value: object, *, at_least: int = 0) -> int:
    """Return `value` as an int; a bool, a fraction or a number below `at_least` is an error."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < at_least:
        raise ChainruleError(f"{name} must be a whole number from {at_least} up, got {value!r}.")
    return int(value)


def real_number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
) -> float:
    """Return `value` as a float; it must be a finite number within the bounds."""
    number = math.nan
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
    if not (above < number < below and number >= at_least):
        bounds = {"above": above, "at least": at_least, "below": below}
        wanted = [f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound)]
        raise ChainruleError(
            f"{name} must be a number {' and '.join(wanted) or 'that is finite'}, got {value!r}."
        )
    return number


def float_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the dtype of a network's parameters: float32, or float64 for proofs."""
    try:
        checked = np.dtype(dtype)
    except TypeError:
        checked = np.dtype(object)
    if checked not in (np.float32, np.float64):
        raise ChainruleError(f"dtype must be float32 or float64, got {dtype!r}.")
    return checked


def generator(rng: object) -> np.random.Generator:
    """Return the Generator that `rng`, an int or a Generator, stands for."""
    if isinstance(rng, np.random.Generator):
        return rng
    return np.random.default_rng(whole_number("rng, if it is not a Generator,", rng))


def numbers(name: str, values: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """Return `values` as an array of real numbers, of `dtype` if that is given."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ChainruleError(
            f"{name} must be an array of numbers, got rows that differ."
        ) from error
    if array.dtype.kind not in "fiub":
        raise ChainruleError(f"{name} must be an array of real numbers, got dtype {array.dtype}.")
    return array if dtype is None else array.astype(dtype, copy=False)


def batch(taker: object, x: ArrayLike, n_in: int, dtype: DTypeLike) -> Array:
    """Return `x` as a `(batch, n_in)` array of `dtype`, on behalf of the layer `taker`."""
    x = numbers(f"the input of {taker}", x, dtype)
    if x.ndim != 2 or x.shape[1] != n_in:
        hint = ""
        if x.ndim > 2 and math.prod(x.shape[1:]) == n_in:
            hint = " Flatten each image first: x.reshape(len(x), -1)."
        elif x.shape == (n_in,):
            hint = " One example is a batch of one: x[np.newaxis]."
        raise ChainruleError(
            f"{taker} takes an input of shape (batch, {n_in}), got {x.shape}.{hint}"
        )
    return x


def output_gradient(layer: object, grad_y: Array, shape: tuple[int, ...]) -> None:
    """Check that the gradient given to `backward` has the shape of what `forward` returned."""
    if np.shape(grad_y) != shape:
        raise ChainruleError(
            f"backward of {layer} takes the gradient of its last output, shape {shape}, "
            f"got {np.shape(grad_y)}: was forward called in between, with another batch?"
        )


def examples(name: str, X: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """Return `X` as a `(batch, features)` array of finite numbers with at least one row."""
    X = numbers(name, X, dtype)
    if X.ndim != 2:
        hint = " Flatten each image first: X.reshape(len(X), -1)." if X.ndim > 2 else ""
        raise ChainruleError(f"{name} must have shape (batch, features), got {X.shape}.{hint}")
    if X.size == 0:
        raise ChainruleError(f"{name} is empty, shape {X.shape}: at least one example is needed.")
    if not (math.isfinite(X.min()) and math.isfinite(X.max())):  # NaN passes through min and max
        row = int(np.argmin(np.isfinite(X).all(axis=1)))
        raise ChainruleError(f"{name} must be finite, but row {row} holds NaN or infinity.")
    return X


def labels(name: str, y: ArrayLike, count: int, classes: int | None = None) -> Integers:
    """Return `y` as `(count,)` integers, from 0 to `classes` - 1 where `classes` is given."""
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] > 1:
        raise ChainruleError(
            f"{name} must be one integer for each example, got shape {y.shape}: "
            "if the labels are one-hot, pass y.argmax(axis=1)."
        )
    if y.dtype.kind not in "iu":
        raise ChainruleError(f"{name} must be integers, got dtype {y.dtype}: pass y.astype(int).")
    if y.shape != (count,):
        raise ChainruleError(
            f"{name} must have shape ({count},), as many as examples, got {y.shape}."
        )
    if classes is not None and count and not (y.min() >= 0 and y.max() < classes):
        raise ChainruleError(
            f"{name} must lie from 0 to {classes - 1}, as the network has {classes} outputs, "
            f"got {y.min()} to {y.max()}."
        )
    return y


def targets(name: str, y: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return `y` as an array of `shape` and `dtype`, for a loss on real numbers."""
    y = numbers(name, y, dtype)
    if y.shape != shape:
        hint = " Pass targets[:, np.newaxis]." if y.shape == shape[:1] and shape[1:] == (1,) else ""
        raise ChainruleError(f"{name} must have the outputs' shape {shape}, got {y.shape}.{hint}")
    return y


def sample_weight(weights: ArrayLike, count: int, dtype: DTypeLike) -> Array:
    """Return `(count,)` weights that are finite, not negative and not all zero."""
    weights = numbers("sample_weight", weights, dtype)
    if weights.shape != (count,):
        raise ChainruleError(f"sample_weight must have shape ({count},), got {weights.shape}.")
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() > 0):
        raise ChainruleError("sample_weight must be finite, not negative and not all zero.")
    return weights


def flat_vectors(optimizer: object, parameters: Array, gradients: Array) -> None:
    """Check that parameters and gradients are float vectors of one length and dtype."""
    pair = (np.asarray(parameters), np.asarray(gradients))
    if not all(vector.ndim == 1 and vector.dtype.kind == "f" for vector in pair):
        came = " and ".join(f"{vector.shape} {vector.dtype}" for vector in pair)
        raise ChainruleError(
            f"update of {type(optimizer).__name__} takes two flat vectors of floats, got {came}: "
            "pass network.parameters and network.gradients."
        )
    if pair[0].shape != pair[1].shape or pair[0].dtype != pair[1].dtype:
        raise ChainruleError(
            f"parameters {pair[0].shape} {pair[0].dtype} and gradients {pair[1].shape} "
            f"{pair[1].dtype} must have one length and dtype."
        )


def moved(optimizer: object, parameters: object, before: Array) -> Array:
    """Return the new vector that an optimizer of the learner's own made."""
    if not isinstance(parameters, np.ndarray) or parameters.shape != before.shape:
        came = getattr(parameters, "shape", parameters)
        raise ChainruleError(
            f"update of {type(optimizer).__name__} must return the moved parameters, shape "
            f"{before.shape}, got {came!r}: does it end with 'return parameters'?"
        )
    return parameters
