"""Model files and checkpoints: what they hold, and how a network comes back out of them.

A model file holds one array for each of ``<layer>.<name>``, such as ``0.weights``. A checkpoint
holds the flat vector of the parameters, the optimizer's moments and what training has seen; it is
read into a network that was made in the same way.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError, whole_number
from chainrule.layers import Dense, Dropout, Layer, LeakyReLU, ReLU, Sigmoid, Tanh
from chainrule.losses import mean_squared_error, softmax_crossentropy_with_logits
from chainrule.network import Network
from chainrule.storage.archive import Archive, opened_archive, sha256_of, write_archive
from chainrule.training import KEYS, History

VERSION = 1
LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer for layer in (Dense, ReLU, LeakyReLU, Sigmoid, Tanh, Dropout)
}
LOSSES: dict[str, Callable[..., tuple[float, Array]]] = {
    loss.__name__: loss for loss in (softmax_crossentropy_with_logits, mean_squared_error)
}


@dataclass(frozen=True)
class Model:
    """A network with what is needed to use it and to judge it.

    Attributes
    ----------
    network : Network
    preprocessing : dict
        How raw pixels in [0, 1] become inputs, such as ``{"mean": 0.1307, "std": 0.3081}``.
    training : dict
        The settings of its training.
    classes : list
        What each output stands for; empty for a network that predicts numbers.
    data : dict
        Name and SHA-256 of the data and how it was split.
    columns : list of str, or None
        The names of a table's columns, empty where they have none; None where the inputs are the
        pixels of images, or nothing is said of them.
    """

    network: Network
    preprocessing: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    classes: list[Any] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    columns: list[str] | None = None


def save_model(path: str | os.PathLike[str], model: Model | Network) -> None:
    """Write a model file: first a temporary file beside it, then `os.replace`.

    Raises
    ------
    ChainruleError
        For a layer or a loss that is not Chainrule's own, or columns that are not the network's.
    OSError
        If the file cannot be written; an older one stays as it was.
    """
    model = Model(model) if isinstance(model, Network) else model
    network = model.network
    header = {
        "format": "chainrule model",
        "version": VERSION,
        "layers": [description_of(layer) for layer in network],
        "loss": _loss_name(network),
        "dtype": str(network.dtype),
        "parameters_sha256": parameters_sha256(network),
        "preprocessing": model.preprocessing,
        "training": model.training,
        "classes": model.classes,
        "data": model.data,
        "columns": _checked_columns(model.columns, network),
    }
    write_archive(path, header, _arrays(network))


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file that `save_model` wrote.

    Raises
    ------
    ChainruleError
        If it is anything else, damaged, or of a newer format; the message names the file.
    OSError
        If the file cannot be opened.
    """
    with opened_archive(path, "model", VERSION) as archive:
        return _read_model(archive)


def parameters_sha256(network: Network) -> str:
    """Return the SHA-256 of the flat vector of parameters, as little-endian bytes."""
    return sha256_of(network.parameters)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Where a training stands, besides the network with its optimizer and its generators.

    Attributes
    ----------
    start : (int, int)
        The epoch and the batch that come next.
    history : History
    best_epoch : int or None
        The epoch with the best validation so far; the first is 0.
    best : array, shape (n,), or None
        The parameters after that epoch.
    run : dict
        JSON that tells this training from others, such as its seed and its rate.
    """

    start: tuple[int, int]
    history: History
    best_epoch: int | None = None
    best: Array | None = None
    run: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(path: str | os.PathLike[str], network: Network, checkpoint: Checkpoint) -> None:
    """Write all that a training needs to go on to the bit; an older file is replaced as a whole.

    Raises
    ------
    ChainruleError
        For an optimizer of one's own without `t`, `rate` and `state`.
    OSError
        If the file cannot be written; an older one stays as it was.
    """
    optimizer, history = _optimizer_of(network), checkpoint.history
    arrays = {
        "parameters": network.parameters,
        **{f"moment.{name}": moment for name, moment in optimizer.state.items()},
        "history": np.array([history[key] for key in KEYS], dtype=np.float64),
        "sums": np.array([*history.sums, history.seconds]),
    }
    if checkpoint.best is not None:
        arrays["best"] = checkpoint.best
    header = {
        "format": "chainrule checkpoint",
        "version": VERSION,
        "layers": [str(layer) for layer in network],
        "optimizer": type(optimizer).__name__,
        "dtype": str(network.dtype),
        "t": optimizer.t,
        "rate": optimizer.rate,
        "moments": list(optimizer.state),
        "start": list(checkpoint.start),
        "best_epoch": checkpoint.best_epoch,
        "run": checkpoint.run,
        "generators": {
            str(i): _as_lists(generator.bit_generator.state)
            for i, generator in _generators(network).items()
        },
        "sha256": sha256_of(*arrays.values()),
    }
    write_archive(path, header, arrays)


def load_checkpoint(path: str | os.PathLike[str], network: Network) -> Checkpoint:
    """Put a network where it was when `save_checkpoint` wrote the file, and say where that was.

    Parameters
    ----------
    path : path-like
    network : Network
        With an optimizer; made in the same way as the one that was saved. It is changed only
        once the whole file has been read and found right.

    Returns
    -------
    Checkpoint

    Raises
    ------
    ChainruleError
        If the file is anything else, damaged, of a newer format or of another network.
    OSError
        If the file cannot be opened.
    """
    optimizer, generators = _optimizer_of(network), _generators(network)
    with opened_archive(path, "checkpoint", VERSION) as archive:
        header = archive.header
        _check_made_alike(header, network)
        arrays = _checkpoint_arrays(archive, network)
        moments, t, rate = header["moments"], _count(header["t"]), float(header["rate"])
        _check_moments(moments, t, optimizer)
        epoch, batch = map(_count, header["start"])
        history, best_epoch = History(), header["best_epoch"]
        history.update(zip(KEYS, arrays["history"].tolist(), strict=True))
        history.sums[:], history.seconds = arrays["sums"][:3], float(arrays["sums"][3])
        checkpoint = Checkpoint(
            start=(epoch, batch),
            history=history,
            best_epoch=None if best_epoch is None else _count(best_epoch),
            best=arrays.get("best"),
            run=header.get("run", {}),
        )
        states = {i: _as_arrays(header["generators"][str(i)]) for i in generators}
        for i, generator in generators.items():
            type(generator.bit_generator)().state = states[i]  # a wrong one is found here
    network.parameters = arrays["parameters"]
    optimizer.state = {name: arrays[f"moment.{name}"].copy() for name in moments}
    optimizer.t, optimizer.rate = t, rate
    for i, generator in generators.items():
        generator.bit_generator.state = states[i]
    return checkpoint


def _checkpoint_arrays(archive: Archive, network: Network) -> dict[str, Array]:
    """Return the arrays of a checkpoint by name, as its header says and its SHA-256 confirms."""
    header, flat = archive.header, (network.parameters.shape, network.dtype)
    numbers = np.dtype(np.float64)
    kinds = {
        "parameters": flat,
        **{f"moment.{name}": flat for name in header["moments"]},
        "history": ((len(KEYS), None), numbers),
        "sums": ((4,), numbers),
        **({} if header["best_epoch"] is None else {"best": flat}),
    }
    archive.check_members(kinds)
    arrays = {name: archive.read(name, *kind) for name, kind in kinds.items()}
    if not all(np.isfinite(array).all() for array in arrays.values() if array.ndim == 1):
        raise ChainruleError("it holds numbers that are not finite.")
    if sha256_of(*arrays.values()) != header["sha256"]:
        raise ChainruleError("the arrays do not have the SHA-256 of the header.")
    return arrays


def _optimizer_of(network: Network) -> Any:
    optimizer: Any = network.optimizer
    if not all(hasattr(optimizer, name) for name in ("t", "rate", "state")):
        raise ChainruleError(
            f"A checkpoint keeps t, rate and state (a dict of vectors) of the optimizer, and "
            f"{optimizer!r} lacks one of them: give it all three, as chainrule.SGD has them."
        )
    return optimizer


def _generators(network: Network) -> dict[int, np.random.Generator]:
    """Return the generators of layers that draw while training, by the layer's index."""
    held = {i: getattr(layer, "rng", None) for i, layer in enumerate(network)}
    return {i: rng for i, rng in held.items() if isinstance(rng, np.random.Generator)}


def _as_lists(value: Any) -> Any:
    """Return the state of a generator as JSON has it."""
    if isinstance(value, dict):
        return {key: _as_lists(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype)}
    return value.item() if isinstance(value, np.generic) else value


def _as_arrays(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"array", "dtype"}:
        return np.array(value["array"], value["dtype"])
    return {key: _as_arrays(item) for key, item in value.items()}


def _check_made_alike(header: dict[str, Any], network: Network) -> None:
    """Check that a checkpoint is of a network that was made like this one."""
    here = {
        "layers": [str(layer) for layer in network],
        "optimizer": type(network.optimizer).__name__,
        "dtype": str(network.dtype),
    }
    for name, value in here.items():
        if header[name] != value:
            raise ChainruleError(
                f"it was made with {name} {_words(header[name])}, this network has {_words(value)}."
            )
    if set(header["generators"]) != {str(i) for i in _generators(network)}:
        raise ChainruleError("other layers of it draw at random than in this network.")


def _check_moments(names: list[str], t: int, optimizer: Any) -> None:
    """Check that the moments are those that the optimizer has after t steps."""
    wanted = list(getattr(optimizer, "moments", names)) if t else []
    if names != wanted:
        raise ChainruleError(f"its moments are {_words(names)}, this optimizer's {_words(wanted)}.")


def _count(number: Any) -> int:
    if whole_number("a count in it", number) >= 2**63:
        raise ChainruleError("its counts are too large.")
    return int(number)


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _arrays(network: Network) -> dict[str, Array]:
    return {
        f"{i}.{name}": array
        for i, layer in enumerate(network)
        for name, array in layer.parameters.items()
    }


def description_of(layer: Layer) -> dict[str, Any]:
    """Return a layer as JSON, from which `layer_of` makes it: its type and its arguments."""
    name = type(layer).__name__
    if LAYERS.get(name) is not type(layer):
        raise ChainruleError(
            f"{layer} is not one of Chainrule's layers and cannot be saved with the model: "
            "save network.parameters with numpy.save, and build the network in code to load them."
        )
    return {"type": name} | {key: getattr(layer, key) for key in layer.arguments}


def layer_of(description: dict[str, Any]) -> Layer:
    """Return the layer of a description; the parameters of a Dense one are 0, to be filled."""
    kind = LAYERS[description["type"]]
    layer = kind(**{name: description[name] for name in kind.arguments})
    if isinstance(layer, Dense):
        layer.drawn = True
    return layer


def _loss_name(network: Network) -> str:
    for name, loss in LOSSES.items():
        if network.loss is loss:
            return name
    raise ChainruleError(
        f"The loss {network.loss!r} is not one of Chainrule's and cannot be saved with the model: "
        "save network.parameters with numpy.save, and build the network in code to load them."
    )


def _read_model(archive: Archive) -> Model:
    header = archive.header
    network = _build_network(header, limit=archive.size)
    views = _arrays(network)
    archive.check_members(views)
    for name, view in views.items():
        view[...] = archive.read(name, view.shape, view.dtype)
    if parameters_sha256(network) != header["parameters_sha256"]:
        raise ChainruleError("the parameters do not have the SHA-256 of the header.")
    keys = ("preprocessing", "training", "classes", "data")
    columns = _checked_columns(header.get("columns"), network)  # older files do not say
    return Model(network, **{key: header[key] for key in keys}, columns=columns)


def _checked_columns(columns: Any, network: Network) -> list[str] | None:
    """Return the names of a table's columns, one for each input or none at all."""
    inputs = next((layer.n_in for layer in network if isinstance(layer, Dense)), 0)
    are_names = isinstance(columns, list) and all(isinstance(name, str) for name in columns)
    if columns is not None and not (are_names and len(columns) in (0, inputs)):
        raise ChainruleError(
            f"columns must be a list of {inputs} names, one for each input of the network, or "
            f"empty where they have none, got {columns!s:.80}."
        )
    return columns


def _build_network(header: dict[str, Any], limit: int) -> Network:
    """Return the network that the header describes, if its parameters fit into `limit` bytes."""
    shapes = [
        [whole_number(name, description[name], at_least=1) for name in ("n_in", "n_out")]
        for description in header["layers"]
        if description["type"] == "Dense"
    ]
    size = sum((n_in + 1) * n_out for n_in, n_out in shapes)
    declared = size * np.dtype(header["dtype"]).itemsize
    if declared > limit:
        raise ChainruleError(f"its header declares {declared:,} bytes, the file has {limit:,}.")
    layers = [layer_of(description) for description in header["layers"]]
    return Network(layers, loss=LOSSES[header["loss"]], dtype=header["dtype"])
