"""Several processes that find the cache cold at the same moment all end well."""

import json
import os
import subprocess
import sys
import threading

import pytest

from chainrule.data.dataset import MNIST, is_mnist
from chainrule.data.mnist import verify

PROGRAMME = """
import json, sys
from chainrule.data.dataset import MNIST, KnownFile
from chainrule.data.mnist import load_dataset
MNIST.update({name: KnownFile(*known) for name, known in json.loads(sys.argv[2]).items()})
dataset = load_dataset(mirrors=[sys.argv[1]])
print(dataset.source, dataset.sha256["train-images-idx3-ubyte"])
"""


@pytest.mark.parametrize("count", [2, 8])
def test_processes_on_one_cold_cache_and_a_slow_mirror(server, cache, count):
    server.barrier = threading.Barrier(count)
    arguments = [server.url("together"), json.dumps(MNIST)]  # no file before all ask for it
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAMME, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ.copy(),
        )
        for _ in range(count)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert output.split() == ["network", MNIST["train-images-idx3-ubyte"].sha256]
    assert is_mnist(verify())
    assert sorted(path.name for path in cache.iterdir()) == sorted(MNIST)
