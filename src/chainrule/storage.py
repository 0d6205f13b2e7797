"""Model files: written whole or not at all, and read back exactly or not at all.

A model file is an uncompressed .npz: a member ``header`` (JSON as uint8) that says what the model
is, and one member for each array, ``<layer>.<name>``, such as ``0.weights``. Reading never runs
code and never allocates more than the header and the file's size allow.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from chainrule.checks import Array, ChainruleError, whole_number
from chainrule.files import replacing
from chainrule.layers import Dense, Dropout, Layer, LeakyReLU, ReLU, Sigmoid, Tanh
from chainrule.losses import mean_squared_error, softmax_crossentropy_with_logits
from chainrule.network import Network

FORMAT = "chainrule model"
VERSION = 1
LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer for layer in (Dense, ReLU, LeakyReLU, Sigmoid, Tanh, Dropout)
}
LOSSES: dict[str, Callable[..., tuple[float, Array]]] = {
    loss.__name__: loss for loss in (softmax_crossentropy_with_logits, mean_squared_error)
}
HEADER_LIMIT = 1_000_000  # bytes


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
    """

    network: Network
    preprocessing: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    classes: list[Any] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def save_model(path: str | os.PathLike[str], model: Model | Network) -> None:
    """Write a model file: first a temporary file beside it, then `os.replace`.

    Raises
    ------
    ChainruleError
        For a layer or a loss that is not Chainrule's own.
    OSError
        If the file cannot be written; an older one stays as it was.
    """
    model = Model(model) if isinstance(model, Network) else model
    network = model.network
    header = {
        "format": FORMAT,
        "version": VERSION,
        "layers": [_layer_header(layer) for layer in network],
        "loss": _loss_name(network),
        "dtype": str(network.dtype),
        "parameters_sha256": parameters_sha256(network),
        "preprocessing": model.preprocessing,
        "training": model.training,
        "classes": model.classes,
        "data": model.data,
    }
    text = np.frombuffer(_header_text(header), np.uint8)
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in {"header": text, **_arrays(network)}.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file that `save_model` wrote.

    Raises
    ------
    ChainruleError
        If it is anything else, damaged, or of a newer format; the message names the file.
    OSError
        If the file cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            return _read_model(file)
        except ChainruleError as error:
            raise ChainruleError(f"{path} is not a model file that can be read: {error}") from error
        except MemoryError:
            raise
        except Exception as error:  # zipfile and json raise a dozen types on damaged bytes
            raise ChainruleError(
                f"{path} is not a model file, or it is damaged: {error or type(error).__name__}."
            ) from error


def parameters_sha256(network: Network) -> str:
    """Return the SHA-256 of the flat vector of parameters, as little-endian bytes."""
    little_endian = network.parameters.astype(network.dtype.newbyteorder("<"), copy=False)
    return hashlib.sha256(little_endian.tobytes()).hexdigest()


def _arrays(network: Network) -> dict[str, Array]:
    return {
        f"{i}.{name}": array
        for i, layer in enumerate(network)
        for name, array in layer.parameters.items()
    }


def _header_text(header: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(header)
        if json.loads(text) != header:
            raise TypeError("tuples and keys that are no text would come back as others")
    except (TypeError, ValueError) as error:
        raise ChainruleError(
            f"What is stored with a model must be JSON (dict, list, text, numbers), got: {error}."
        ) from error
    if len(text) > HEADER_LIMIT:
        raise ChainruleError(
            f"What is stored with a model may take {HEADER_LIMIT:,} bytes, got {len(text):,}."
        )
    return text.encode()


def _layer_header(layer: Layer) -> dict[str, Any]:
    name = type(layer).__name__
    if LAYERS.get(name) is not type(layer):
        raise ChainruleError(
            f"{layer} is not one of Chainrule's layers and cannot be saved with the model: "
            "save network.parameters with numpy.save, and build the network in code to load them."
        )
    return {"type": name} | {key: getattr(layer, key) for key in layer.arguments}


def _loss_name(network: Network) -> str:
    for name, loss in LOSSES.items():
        if network.loss is loss:
            return name
    raise ChainruleError(
        f"The loss {network.loss!r} is not one of Chainrule's and cannot be saved with the model: "
        "save network.parameters with numpy.save, and build the network in code to load them."
    )


def _read_model(file: IO[bytes]) -> Model:
    with zipfile.ZipFile(file) as archive:
        header = _read_header(archive)
        network = _build_network(header, limit=os.fstat(file.fileno()).st_size)
        views = _arrays(network)
        names = [info.filename for info in archive.infolist()]
        if sorted(names) != sorted([f"{name}.npy" for name in ("header", *views)]):
            raise ChainruleError(f"its members are {names}, its header asks for {list(views)}.")
        for name, view in views.items():
            view[...] = _read_array(archive, name, view.shape, view.dtype)
    if parameters_sha256(network) != header["parameters_sha256"]:
        raise ChainruleError("the parameters do not have the SHA-256 of the header.")
    keys = ("preprocessing", "training", "classes", "data")
    return Model(network, **{key: header[key] for key in keys})


def _read_header(archive: zipfile.ZipFile) -> dict[str, Any]:
    names = [info.filename for info in archive.infolist()]
    if names.count("header.npy") != 1:
        raise ChainruleError("it has no member 'header', or more than one.")
    size = archive.getinfo("header.npy").file_size
    if size > HEADER_LIMIT:
        raise ChainruleError(f"its header declares {size:,} bytes, more than {HEADER_LIMIT:,}.")
    text = _read_array(archive, "header", None, np.dtype(np.uint8)).tobytes()
    header = json.loads(text)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ChainruleError("its header is not that of a Chainrule model.")
    if header["version"] != VERSION:
        raise ChainruleError(
            f"it has format version {header['version']}, this Chainrule reads {VERSION}: "
            "upgrade Chainrule."
        )
    return header


def _build_network(header: dict[str, Any], limit: int) -> Network:
    """Return the network that the header describes, if its parameters fit into `limit` bytes."""
    descriptions = [dict(description) for description in header["layers"]]
    shapes = [
        [whole_number(name, description[name], at_least=1) for name in ("n_in", "n_out")]
        for description in descriptions
        if description["type"] == "Dense"
    ]
    size = sum((n_in + 1) * n_out for n_in, n_out in shapes)
    declared = size * np.dtype(header["dtype"]).itemsize
    if declared > limit:
        raise ChainruleError(f"its header declares {declared:,} bytes, the file has {limit:,}.")
    layers: list[Layer] = []
    for description in descriptions:
        kind = description.pop("type")
        if kind == "Dense":
            description["initializer"] = _zeros
        layers.append(LAYERS[kind](**description))
    return Network(layers, loss=LOSSES[header["loss"]], dtype=header["dtype"])


def _zeros(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    return np.zeros((n_in, n_out))


def _read_array(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...] | None, dtype: np.dtype[Any]
) -> Any:
    """Return one member, which must have the given dtype and shape; None is any vector."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ChainruleError(f"member {name!r} is compressed.")
    if shape is not None and info.file_size > math.prod(shape) * dtype.itemsize + HEADER_LIMIT:
        raise ChainruleError(f"member {name!r} is larger than its shape {shape}.")
    content = io.BytesIO(archive.read(info))  # which checks the CRC-32
    if np.lib.format.read_magic(content) != (1, 0):
        raise ChainruleError(f"member {name!r} is not in the format npy 1.0.")
    came_shape, fortran_order, came_dtype = np.lib.format.read_array_header_1_0(content)
    wanted_shape = came_shape if shape is None else shape
    if (came_shape, came_dtype, fortran_order) != (wanted_shape, dtype, False):
        raise ChainruleError(f"member {name!r} is {came_shape} {came_dtype}, not {shape} {dtype}.")
    return np.frombuffer(content.read(), dtype).reshape(wanted_shape)
