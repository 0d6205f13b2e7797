"""A small trained model of every layer, and a writer of files that `save_model` never writes."""

import io
import json
import zipfile

import numpy as np
import pytest

from chainrule import Dense, Dropout, LeakyReLU, Network, ReLU, Sigmoid, Tanh
from chainrule.storage.models import Model


def every_layer(dtype=np.float32):
    """Return a network of each layer that Chainrule has, with parameters none of which is 0."""
    layers = [Dense(3, 4), ReLU(), LeakyReLU(1 / 3), Dropout(1 / 7), Sigmoid(), Tanh(), Dense(4, 2)]
    network = Network(layers, dtype=dtype)
    network.parameters[...] = np.random.default_rng(0).standard_normal(network.parameters.size)
    return network


@pytest.fixture(params=[np.float32, np.float64])
def network(request):
    return every_layer(request.param)


@pytest.fixture
def model():
    return Model(
        every_layer(),
        preprocessing={"mean": 0.1307, "std": 0.3081},
        training={"optimizer": "adam", "learning_rate": 1 / 3, "seed": 0, "epochs": None},
        classes=["nought", "œuf"],
        data={"name": "MNIST", "sha256": {"a": "0" * 64}, "test": False},
    )


@pytest.fixture
def members():
    """Return a function that takes a file apart into its members' bytes, by name."""

    def members(path):
        with zipfile.ZipFile(path) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist()}

    return members


@pytest.fixture
def write():
    """Return a function that writes members into a file, whatever they are."""

    def write(path, members, compression=zipfile.ZIP_STORED):
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in members if isinstance(members, list) else members.items():
                archive.writestr(name, content)

    return write


@pytest.fixture
def npy():
    """Return a function that gives an array as the bytes of a .npy file."""

    def npy(array, allow_pickle=False):
        content = io.BytesIO()
        np.save(content, array, allow_pickle=allow_pickle)
        return content.getvalue()

    return npy


@pytest.fixture
def change_header(members, write, npy):
    """Return a function that changes entries of a file's header."""

    def change_header(path, **changes):
        parts = members(path)
        header = json.loads(parts["header.npy"][128:].decode()) | changes
        parts["header.npy"] = npy(np.frombuffer(json.dumps(header).encode(), np.uint8))
        write(path, parts)

    return change_header
