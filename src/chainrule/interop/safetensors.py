"""Models as safetensors files, with PyTorch's layout and names, and networks out of such files.

Layer i of the network is layer i of a ``torch.nn.Sequential``: Dense is Linear, whose ``i.weight``
is (out, in), and ``i.bias``. What PyTorch does not ask for, the header says: the layers, the loss,
the classes, the preprocessing and the names of a table's columns.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError, extra, of_shape
from chainrule.layers import Dense, Layer
from chainrule.network import Network
from chainrule.storage.files import write_whole
from chainrule.storage.models import LOSSES, Model, description_of, layer_of

FORMAT = "chainrule"


def export_safetensors(model: Model | Network, path: str | os.PathLike[str]) -> None:
    """Write a model as a safetensors file, whole or not at all.

    Parameters
    ----------
    model : Model or Network
    path : path-like
        An older file is replaced.

    Raises
    ------
    ChainruleError
        If safetensors is not installed, a layer is not Chainrule's own, what was written does not
        read back as it was, or the file cannot be written.
    """
    model = Model(model) if isinstance(model, Network) else model
    numpy_files = extra("safetensors.numpy", "safetensors")
    # safetensors 0.8.0 writes the values of an array that is not C-contiguous in another order.
    tensors = {name: np.ascontiguousarray(x) for name, x in tensors_of(model.network).items()}
    content: bytes = numpy_files.save(tensors, metadata=_header(model))
    came = numpy_files.load(content)
    for name, tensor in tensors.items():
        if name not in came or not _same(came[name], tensor):
            raise ChainruleError(
                f"safetensors did not give {name} back as it was written: install another version."
            )
    write_whole(path, content, "safetensors")


def load_safetensors(
    path: str | os.PathLike[str], layers: list[Layer] | None = None, **options: Any
) -> Network:
    """Return the network of a safetensors file.

    Parameters
    ----------
    path : path-like
        Written by Chainrule, or by PyTorch: ``save_file(sequential.state_dict(), path)``.
    layers : list of Layer, optional
        The network's layers, for a file that does not say them, as one of PyTorch: layer i takes
        ``i.weight`` and ``i.bias``.
    **options
        Passed to `Network`: `loss`, `optimizer`.

    Raises
    ------
    ChainruleError
        If safetensors is not installed, the file is no such file, it does not say its layers and
        `layers` is not given, or its tensors do not fit them.
    OSError
        If the file cannot be opened.
    """
    header, tensors = _read(path)
    try:
        if layers is None:
            layers, options = _described(header, tensors, options)
        kinds = {array.dtype for array in tensors.values()}
        network = Network(layers, dtype=np.result_type(np.float32, *kinds), **options)
        _fill(network, tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise ChainruleError(f"{os.fspath(path)} does not hold the network: {error}") from error
    return network


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, str], dict[str, Array]]:
    safetensors = extra("safetensors", "safetensors")
    with open(path, "rb"):  # noqa: PTH123  # an OSError with errno and path, as everywhere
        pass
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (safetensors.SafetensorError, TypeError, ValueError) as error:
        raise ChainruleError(f"{os.fspath(path)} is no safetensors file: {error}.") from error


def tensors_of(network: Network) -> dict[str, Array]:
    """Return the parameters under PyTorch's names, in PyTorch's layout."""
    tensors = {}
    for i, layer in enumerate(network):
        description_of(layer)  # an error for a layer of one's own: its parameters have no name here
        if isinstance(layer, Dense):
            tensors[f"{i}.weight"] = layer.weights.T  # (in, out) -> (out, in)
            tensors[f"{i}.bias"] = layer.biases
    return tensors


def _header(model: Model) -> dict[str, str]:
    """Return the metadata: texts, each of them JSON."""
    network = model.network
    said = {
        "format": FORMAT,
        "layers": [description_of(layer) for layer in network],
        "loss": next((name for name, loss in LOSSES.items() if loss is network.loss), None),
        "classes": model.classes,
        "preprocessing": model.preprocessing,
        "columns": model.columns,
    }
    return {key: json.dumps(value) for key, value in said.items()}


def _described(
    header: dict[str, str], tensors: dict[str, Array], options: dict[str, Any]
) -> tuple[list[Layer], dict[str, Any]]:
    """Return the layers that the header says, and the loss if none was given."""
    if header.get("format") != json.dumps(FORMAT):
        raise ChainruleError(
            "it does not say its layers: pass them, load_safetensors(path, [Dense(784, 64), ...])."
        )
    descriptions = json.loads(header["layers"])
    for i, description in enumerate(descriptions):
        if description["type"] == "Dense":  # no header declares more than the file holds
            shape = (description["n_out"], description["n_in"])
            of_shape(f"{i}.weight", tensors[f"{i}.weight"], shape, np.float64)
    loss = json.loads(header["loss"])
    if loss not in LOSSES and "loss" not in options:
        raise ChainruleError("it does not say its loss: pass it, load_safetensors(path, loss=...).")
    layers = [layer_of(description) for description in descriptions]
    return layers, {"loss": LOSSES.get(loss)} | options


def _fill(network: Network, tensors: dict[str, Array]) -> None:
    """Put the tensors into the layers, each where it belongs and none left over."""
    views = tensors_of(network)
    for name, view in views.items():
        if name not in tensors:
            raise ChainruleError(f"it has no tensor {name}; it has {', '.join(tensors) or 'none'}.")
        view[...] = of_shape(name, tensors[name], view.shape, view.dtype)
    if left := [name for name in tensors if name not in views]:
        raise ChainruleError(f"the tensors {', '.join(left)} belong to none of the layers.")


def _same(one: Array, other: Array) -> bool:
    return (
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )
