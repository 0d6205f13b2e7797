"""What every door asks of its arguments: one sentence for each thing that can be wrong.

A check returns what it was given, converted where its docstring says so, or raises
`ChainruleError` with one sentence: what was expected, what came, what to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Integers: TypeAlias = NDArray[np.integer[Any]]
Initializer: TypeAlias = "Callable[[np.random.Generator, int, int], Array]"
LearningRate: TypeAlias = float | Callable[[int], float]
Seed: TypeAlias = "int | np.random.Generator"
Examples: TypeAlias = Any  # an array, or what gives rows: see `rows`
Loss: TypeAlias = Callable[[Array, Any], tuple[float, Array]]


class SupportsUpdate(Protocol):
    """What a network asks of an optimizer."""

    def update(self, parameters: Array, gradients: Array) -> Array:
        """Return the moved parameters: the first argument, moved in place, or a new vector."""


ROWS_AT_ONCE = 1_000  # in prediction, so that memory does not grow with the number of images
NUMBERS_AT_ONCE = 4_000_000  # and not with the width of a table: 32 MB in float64


class ChainruleError(ValueError):
    """Wrong input; the message says what was expected, what came and what to do."""


class BackwardBeforeForwardError(ChainruleError, AttributeError):
    """`backward` needs what `forward` keeps; an AttributeError too, so that hasattr answers."""


class TrainingDiverged(ArithmeticError):
    """The loss or a gradient is not finite; the step that it belongs to was not done.

    Attributes
    ----------
    step : int
        The step that could not be done; the first is 1.
    layer : str
        What is first not finite: a layer's output, such as "layer 2, Dense(256, 128)", or, from
        the loss back, "the gradient of weights in layer 2, Dense(256, 128)".
    learning_rate : float
        Of the last step that was done.
    """

    def __init__(self, step: int, layer: str, learning_rate: float) -> None:
        super().__init__(step, layer, learning_rate)
        self.step, self.layer, self.learning_rate = step, layer, learning_rate

    def __str__(self) -> str:
        return (
            f"Training stopped being finite at step {self.step}: {self.layer} is the first to give "
            f"NaN or infinity, at learning rate {self.learning_rate:g}; try a smaller rate."
        )


class Kept:
    """What `forward` keeps for `backward`; to read it earlier is an error that names the layer."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: object, owner: type) -> Any:
        if layer is None:
            return self
        raise BackwardBeforeForwardError(
            f"backward of {layer} needs what its forward keeps: call forward(x) first."
        )


def state_of_a_copy(layer: Any) -> dict[str, Any]:
    """Return the attributes of a layer as a copy has them: in no network, nothing kept."""
    kind, free = type(layer), {"in_network": False, "needs_input_gradient": True}
    copies = {"parameters": {**layer.parameters}, "gradients": {**layer.gradients}}
    held = vars(layer) | free | copies
    return {k: v for k, v in held.items() if not isinstance(getattr(kind, k, None), Kept)}


class InPlace:
    """An array that stands in a dict of its owner; to assign is to copy the values into it."""

    def __init__(self, holder: str) -> None:
        self.holder = holder

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: object, kind: type) -> Any:
        return self if owner is None else getattr(owner, self.holder)[self.name]

    def __set__(self, owner: object, values: ArrayLike) -> None:
        array = getattr(owner, self.holder)[self.name]
        if values is array:
            return  # as after every step of an optimizer that works in place
        words = repr(owner).partition("\n")[0]  # of a network's, the first line
        array[...] = of_shape(f"{self.name} of {words}", values, array.shape, array.dtype)


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
    if isinstance(value, (float, Real)) and not isinstance(value, bool):  # float first: quicker
        number = float(value)
    if not (above < number < below and number >= at_least):
        bounds = {"above": above, "at least": at_least, "below": below}
        wanted = [f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound)]
        raise ChainruleError(
            f"{name} must be a number {' and '.join(wanted) or 'that is finite'}, got {value!r}."
        )
    return number


def one_of(name: str, value: Any, known: Iterable[str]) -> str:
    """Return `value`, one of the names that are known."""
    known = list(known)
    if value not in known:
        raise ChainruleError(f"{name} must be one of {', '.join(known)}, got {value!r}.")
    return str(value)


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


def batch(taker: Any, x: ArrayLike, weights: Array) -> Array:
    """Return `x` as a `(batch, n_in)` array, for a layer that has weights `(n_in, n_out)`."""
    n_in, dtype = len(weights), weights.dtype
    if not (taker.drawn or weights.any()):
        raise ChainruleError(f"{taker} has no weights yet: pass rng=0, or put it in a Network.")
    taker.drawn = True
    if type(x) is np.ndarray and x.shape[1:] == (n_in,) and x.dtype == dtype:
        return x  # the usual case; saves a microsecond of the four that a small layer takes
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


def generator_of(layer: Any) -> np.random.Generator:
    """Return what a layer that draws at random draws from."""
    if layer.rng is None:
        raise ChainruleError(f"{layer} has no generator: pass rng=0, or put it in a Network.")
    return layer.rng


def output_gradient(layer: object, grad_y: Array, shape: tuple[int, ...]) -> None:
    """Check that the gradient given to `backward` has the shape of what `forward` returned."""
    came = grad_y.shape if isinstance(grad_y, np.ndarray) else np.shape(grad_y)
    if came != shape:
        raise ChainruleError(
            f"backward of {layer} takes the gradient of its last output, shape {shape}, "
            f"got {came}: was forward called in between, with another batch?"
        )


def outputs(name: str, values: ArrayLike) -> Array:
    """Return what a loss judges: floats of shape (batch, outputs), at least one row."""
    array = numbers(name, values)
    if array.ndim != 2:
        raise ChainruleError(f"{name} must have shape (batch, outputs), got {array.shape}.")
    if array.size == 0:
        raise ChainruleError(f"{name} are empty, shape {array.shape}: give at least one example.")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def examples(name: str, X: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """Return `X` as a `(batch, features)` array of finite numbers with at least one row."""
    X = numbers(name, X, dtype)
    if X.ndim != 2:
        hint = " Flatten each image first: X.reshape(len(X), -1)." if X.ndim > 2 else ""
        raise ChainruleError(f"{name} must have shape (batch, features), got {X.shape}.{hint}")
    if X.size == 0:
        raise ChainruleError(f"{name} is empty, shape {X.shape}: give at least one example.")
    finite(name, X)
    return X


class Rows:
    """Examples that are no array: anything with `shape`, `len` and ``X[indices]`` giving rows.

    They may be made, read or unpacked when they are asked for. What is asked of a whole array,
    finite numbers of one dtype, is asked of each batch of them.
    """

    def __init__(self, name: str, source: Any, dtype: DTypeLike | None) -> None:
        self.name, self.source, self.dtype = name, source, dtype
        self.shape = tuple(source.shape)
        if len(self.shape) != 2 or 0 in self.shape or len(source) != self.shape[0]:
            raise ChainruleError(
                f"{name} must have shape (batch, features) and as many rows, got shape "
                f"{self.shape} and {len(source)} rows."
            )

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, indices: Any) -> Array:
        if isinstance(indices, slice):
            indices = np.arange(len(self))[indices]
        X = examples(self.name, self.source[indices], self.dtype)
        if X.shape != (len(indices), self.shape[1]):
            raise ChainruleError(
                f"{self.name}[indices] must give a row for each of the {len(indices)} indices, "
                f"shape {(len(indices), self.shape[1])}, got {X.shape}."
            )
        return X


def rows(name: str, X: Any, dtype: DTypeLike | None = None) -> Array | Rows:
    """Return `X` as `examples` does, or as `Rows` where it is no array but gives rows."""
    if isinstance(X, Rows):
        return X
    asked = ("shape", "__len__", "__getitem__")
    if hasattr(X, "__array__") or not all(hasattr(X, name) for name in asked):
        return examples(name, X, dtype)
    return Rows(name, X, dtype)


def gathered(examples: Array | Rows, indices: Integers) -> Any:
    """Return the rows of these indices; NumPy's `take` needs half of the time of indexing.

    Of an array in another order it would copy the whole first.
    """
    if isinstance(examples, np.ndarray) and examples.ndim == 2:
        flags = examples.flags
        if flags.c_contiguous and flags.aligned:
            return examples.take(indices, axis=0)
    return examples[indices]


def tell_epoch(X: Array | Rows, epoch: int) -> None:
    """Tell examples that are made when they are asked for which epoch begins, if they listen."""
    begin_epoch = getattr(getattr(X, "source", None), "begin_epoch", None)
    if begin_epoch is not None:
        begin_epoch(epoch)


def slices(X: Array | Rows) -> list[slice]:
    """Return the slices of rows that are held at once where all of X is gone through."""
    count, step = X.shape[0], min(ROWS_AT_ONCE, max(1, NUMBERS_AT_ONCE // X.shape[1]))
    return [slice(first, first + step) for first in range(0, count, step)]


def finite(name: str, X: Array) -> None:
    """Check that no number of `X` is NaN or infinite."""
    if X.dtype.kind in "iub":
        return
    if X.flags.c_contiguous and math.isfinite(np.vdot(X, X)):
        return  # one pass; a sum of squares that overflows, without a warning, tells nothing
    if not (math.isfinite(X.min()) and math.isfinite(X.max())):  # NaN passes through min and max
        row = int(np.argwhere(~np.isfinite(X))[0][0])
        raise ChainruleError(f"{name} must be finite, but row {row} holds NaN or infinity.")


def labels(name: str, y: ArrayLike, count: int, classes: int | None = None) -> Integers:
    """Return `y` as `(count,)` integers, from 0 to `classes` - 1 where `classes` is given."""
    try:
        y = np.asarray(y)
    except ValueError as error:
        raise ChainruleError(
            f"{name} must be one integer for each example, got rows that differ."
        ) from error
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
    # Read without its sign, a number below 0 is larger than any class: one pass, not two.
    if classes is not None and count and y.view(y.dtype.str.replace("i", "u")).max() >= classes:
        raise ChainruleError(
            f"{name} must lie from 0 to {classes - 1}, as the network has {classes} outputs, "
            f"got {y.min()} to {y.max()}."
        )
    return y


def targets(name: str, y: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return `y` as finite numbers of `shape` and `dtype`, for a loss on real numbers."""
    array = numbers(name, y, dtype)
    if array.shape != shape:
        is_column = array.shape == shape[:1] and shape[1:] == (1,)
        hint = " Pass targets[:, np.newaxis]." if is_column else ""
        raise ChainruleError(
            f"{name} must have the outputs' shape {shape}, got {array.shape}.{hint}"
        )
    finite(name, array)
    return array


def of_shape(name: str, values: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return `values` as an array of exactly this shape: nothing is broadcast."""
    array = numbers(name, values, dtype)
    if array.shape != shape:
        raise ChainruleError(f"{name} must have shape {shape}, got {array.shape}.")
    return array


def sample_weight(weights: ArrayLike, count: int, dtype: DTypeLike) -> Array:
    """Return `(count,)` weights, finite, not negative and not all zero, as shares of the largest.

    So their sum cannot overflow.
    """
    weights = numbers("sample_weight", weights, dtype)
    if weights.shape != (count,):
        raise ChainruleError(f"sample_weight must have shape ({count},), got {weights.shape}.")
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() > 0):
        raise ChainruleError("sample_weight must be finite, not negative and not all zero.")
    return weights / weights.max()


def extra(module: str, name: str = "mnist") -> Any:
    """Import a module of an extra; where it is missing, the error says what to install."""
    from importlib import import_module

    try:
        import_module(module.partition(".")[0])
        return import_module(module)
    except ImportError as error:
        raise ChainruleError(
            f"This needs the package {error.name or module}, which is not installed: "
            f"pip install 'chainrule[{name}]'."
        ) from error


# ---- optimizers ----


def hyperparameters(rule: Any) -> None:
    """Check the numbers of an optimizer and leave them as floats: a NumPy float64 would upcast."""
    for name in ("momentum", "beta", "beta1", "beta2"):
        if hasattr(rule, name):
            setattr(rule, name, real_number(name, getattr(rule, name), at_least=0, below=1))
    if hasattr(rule, "epsilon"):
        rule.epsilon = real_number("epsilon", rule.epsilon, above=0)
    if getattr(rule, "nesterov", False) and not rule.momentum:
        raise ChainruleError("nesterov=True needs a momentum above 0, for example 0.9.")
    rule.weight_decay = real_number("weight_decay", rule.weight_decay, at_least=0)


def learning_rate(rate: LearningRate, step: int) -> float:
    """Return the learning rate of `step`, given a number or a function of the step."""
    if not callable(rate):
        return real_number("learning_rate", rate, at_least=0)
    try:
        value = rate(step)
    except TypeError as error:
        raise ChainruleError(
            f"learning_rate must be a number or a function of the step alone, got {rate!r}: "
            "partial(cosine_rate, initial=0.05, total_steps=1000)?"
        ) from error
    return real_number(f"learning_rate at step {step}", value, at_least=0)


def flat_vectors(
    optimizer: object, parameters: Array, gradients: Array, state: dict[str, Array]
) -> None:
    """Check that parameters, gradients and moments are float vectors that belong together."""
    name = type(optimizer).__name__
    if not (_is_flat(parameters) and _is_flat(gradients)):
        pair = (parameters, gradients)
        came = (f"{np.shape(v)} {getattr(v, 'dtype', type(v).__name__)}" for v in pair)
        raise ChainruleError(
            f"update of {name} takes two flat vectors of floats, got {' and '.join(came)}: "
            "pass network.parameters and network.gradients."
        )
    if parameters.shape != gradients.shape or parameters.dtype != gradients.dtype:
        raise ChainruleError(
            f"parameters {parameters.shape} {parameters.dtype} and gradients {gradients.shape} "
            f"{gradients.dtype} must have one length and dtype."
        )
    sizes = {moment.size for moment in state.values()} - {parameters.size}
    if sizes:
        raise ChainruleError(
            f"This {name} has moved {sizes.pop()} parameters before and now got "
            f"{parameters.size}: give each network its own optimizer."
        )


def _is_flat(vector: object) -> bool:
    return isinstance(vector, np.ndarray) and vector.ndim == 1 and vector.dtype.kind == "f"


def optimizer(given: object) -> None:
    """Check that a network can be moved by what it is given; None is for prediction alone."""
    if given is not None and (isinstance(given, type) or not hasattr(given, "update")):
        raise ChainruleError(
            f"optimizer must have update(parameters, gradients), got {given!r}: "
            "for example Adam(learning_rate=0.0005)."
        )


def ready_to_train(optimizer: SupportsUpdate | None) -> SupportsUpdate:
    """Return the optimizer of a network that is about to be trained."""
    if optimizer is None:
        raise ChainruleError(
            "Training needs an optimizer: network.optimizer = Adam(learning_rate=0.0005), "
            "or create_network('adam')."
        )
    return optimizer


def moved(optimizer: object, parameters: object, before: Array) -> Array:
    """Return the new vector that an optimizer of the learner's own made."""
    if not isinstance(parameters, np.ndarray) or parameters.shape != before.shape:
        came = getattr(parameters, "shape", parameters)
        raise ChainruleError(
            f"update of {type(optimizer).__name__} must return the moved parameters, shape "
            f"{before.shape}, got {came!r}: does it end with 'return parameters'?"
        )
    return parameters


# ---- networks and training ----


def parts(given: tuple[Any, ...], kind: type[Any], loss: object, mover: object) -> None:
    """Check layers, each of them new and there once, loss and optimizer of a network to be."""
    functions(loss=loss)
    optimizer(mover)
    if not given:
        raise ChainruleError("A Network needs at least one layer, got an empty list.")
    for i, layer in enumerate(given):
        if not isinstance(layer, kind):
            raise ChainruleError(f"layer {i} must be a Layer, got {layer!r}.")
        if layer.in_network or any(layer is earlier for earlier in given[:i]):
            raise ChainruleError(
                f"layer {i}, {layer}, belongs to a network already: "
                "use a copy, copy.deepcopy(layer), or network.copy()."
            )
    widths(given, kind)


def widths(given: tuple[Any, ...], kind: type[Any]) -> None:
    """Check that each layer takes as many features as the one before it gives.

    The library's layers without sizes leave them as they are; of another's nothing is known.
    """
    giver = None
    for i, layer in enumerate(given):
        takes, gives = getattr(layer, "n_in", None), getattr(layer, "n_out", None)
        if giver is not None and takes not in (None, given[giver].n_out):
            raise ChainruleError(
                f"layer {i}, {layer}, takes {takes} features, but layer {giver}, {given[giver]}, "
                f"gives {given[giver].n_out}: make the two numbers equal."
            )
        if gives is not None:
            giver = i
        elif type(layer).__module__ != kind.__module__:
            giver = None


def second_names(layer: object, array: object, view: Array) -> None:
    """Let every other name that a layer has for one of its arrays, such as self.scale, follow."""
    for name, held in vars(layer).items():
        if held is array:
            setattr(layer, name, view)


def views(network: Any) -> None:
    """Find, once, a layer that has put an array of its own in place of a view into the vectors."""
    if network.views_checked:
        return
    for i, layer in enumerate(network.layers):
        for kind, flat in network.vectors.items():
            for name, view in getattr(layer, kind).items():
                if not np.may_share_memory(view, flat):
                    raise ChainruleError(
                        f"layer {i}, {layer}, has bound {kind}[{name!r}] to another array: "
                        f"write into it, self.{kind}[{name!r}][...] = ..."
                    )
    network.views_checked = True


def functions(**given: object) -> None:
    """Check that each can be called, or is None."""
    for name, value in given.items():
        if value is not None and not callable(value):
            raise ChainruleError(f"{name} must be a function, got {value!r}.")


def examples_for(
    network: Any, part: str, X: Examples, y: ArrayLike
) -> tuple[Array | Rows, Array | Integers]:
    """Return X and y of one part of the data as the network takes them."""
    X = rows(f"X_{part}", X, network.dtype)
    try:
        outputs = network.forward(X[:1])
    except ChainruleError as error:
        raise ChainruleError(f"X_{part} does not fit the network: {error}") from error
    if network.is_classifier:
        return X, labels(f"y_{part}", y, len(X), outputs.shape[1])
    return X, targets(f"y_{part}", y, (len(X), outputs.shape[1]), network.dtype)


def training_examples(
    network: Any, X: Examples, y: ArrayLike, weights: ArrayLike | None
) -> tuple[Any, ...]:
    """Return X and y as the network takes them, and the weights of the examples if there are any.

    A weight of zero may fill a whole batch, so that it has no mean: leave such examples out.
    """
    X, y = examples_for(network, "train", X, y)
    if weights is None:
        return X, y
    shares = sample_weight(weights, len(X), network.dtype)
    if not shares.all():
        raise ChainruleError(
            f"sample_weight is zero for {len(X) - np.count_nonzero(shares)} examples, and a batch "
            "of such has no mean: leave them out."
        )
    return X, y, shares


def validation_examples(network: Any, X: Any, y: Any) -> tuple[Array | Rows, Array | Integers]:
    """Return X and y of the validation as the network takes them; of None, no rows."""
    if X is None and y is None:
        return np.empty((0, 0), network.dtype), np.empty(0, np.int64)
    return examples_for(network, "val", X, y)


def plan(
    num_epochs: int, batch_size: int, seed: int, on_epoch: object, progress: object
) -> tuple[int, int, int]:
    """Return the three numbers that say how long and in which order to train, as ints."""
    functions(on_epoch=on_epoch, progress=progress)
    return (
        whole_number("num_epochs", num_epochs, at_least=1),
        whole_number("batch_size", batch_size, at_least=1),
        whole_number("seed", seed),
    )


def finite_loss(loss: float, network: Any, X: Any, step: int) -> None:
    """Check the loss of a step on X; if it is not finite, find X or the layer to blame."""
    if math.isfinite(loss) or not len(X):
        return
    X, finite = rows("X", X), np.ones(len(network), bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for part in slices(X):
            outputs = network.activations(X[part])
            finite &= [bool(np.isfinite(output).all()) for output in outputs]
    first = None if finite.all() else int(finite.argmin())
    layer = "the loss" if first is None else f"layer {first}, {network[first]}"
    raise TrainingDiverged(step, layer, getattr(network.optimizer, "rate", math.nan))


def finite_step(loss: float, network: Any, X: ArrayLike, step: int) -> None:
    """Check the loss and the gradients of a step before it is done; find the layer to blame."""
    finite_loss(loss, network, X, step)
    g = network.gradients
    if math.isfinite(g @ g):  # a tenth of the time of isfinite, and no large array
        return
    for i, layer in reversed(list(enumerate(network))):
        for name, gradient in layer.gradients.items():
            if not np.isfinite(gradient).all():
                where = f"the gradient of {name} in layer {i}, {layer}"
                raise TrainingDiverged(step, where, getattr(network.optimizer, "rate", math.nan))


def classifier(network: Any) -> None:
    """Check that a network predicts classes, so that there are probabilities."""
    if not network.is_classifier:
        raise ChainruleError(
            "predict_proba needs a network of classes, this one predicts numbers "
            "(mean_squared_error): call predict."
        )


def start(value: Any, batches: int) -> tuple[int, int]:
    """Return the (epoch, batch) at which training begins, given the batches of an epoch."""
    try:
        epoch, batch = value
        checked = whole_number("epoch", epoch), whole_number("batch", batch)
    except (TypeError, ValueError):
        checked = (0, batches)
    if checked[1] >= batches:
        raise ChainruleError(
            f"start must be (epoch, batch) from (0, 0) up, with a batch below {batches}, "
            f"got {value!r}."
        )
    return checked
