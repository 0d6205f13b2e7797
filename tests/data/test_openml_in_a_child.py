"""OpenML is asked through scikit-learn, in a process that has a deadline and leaves nothing."""

import gzip
import hashlib
import io
import json
import os
import textwrap
import time
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
import pytest
from bad_manners import PATIENCE

from chainrule.checks import ChainruleError
from chainrule.data import download as download_module
from chainrule.data.dataset import is_mnist
from chainrule.data.download import OPENML, Limits, write_openml
from chainrule.data.idx import read_idx
from chainrule.data.mnist import load_dataset, verify

TRAIN = 40  # images of the tiny MNIST


class Response(io.BytesIO):
    def __init__(self, content):
        super().__init__(gzip.compress(content))

    def info(self):
        return {"Content-Encoding": "gzip"}


def openml(arrays, *, quote=""):
    """Return what stands for `urlopen`: the addresses of dataset 554, holding `arrays`."""
    train_images, train_labels, test_images, test_labels = arrays.values()
    images = np.concatenate([train_images, test_images]).reshape(-1, 784)
    labels = np.concatenate([train_labels, test_labels])
    names = [f"pixel{number + 1}" for number in range(784)]
    rows = [
        ",".join([*map(str, pixels), f"{quote}{label}{quote}"])
        for pixels, label in zip(images.tolist(), labels.tolist(), strict=True)
    ]
    head = [f"@ATTRIBUTE {name} real" for name in names]
    arff = "\n".join(["@RELATION mnist_784", *head, "@ATTRIBUTE class {0,1}", "@DATA", *rows, ""])
    features = [
        {
            "index": str(index),
            "name": name,
            "data_type": "nominal" if name == "class" else "numeric",
            "is_target": str(name == "class").lower(),
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for index, name in enumerate([*names, "class"])
    ]
    dataset = {"did": 554, "name": "mnist_784", "version": 1, "status": "active", "format": "ARFF"}
    address = "https://www.openml.org/data/v1/download/52667/mnist_784.arff"
    checksum = hashlib.md5(arff.encode()).hexdigest()
    description = {**dataset, "description": "", "url": address, "md5_checksum": checksum}
    qualities = [{"name": "NumberOfInstances", "value": str(len(rows))}]
    answers = {
        "data/list/data_name/mnist_784/": {"data": {"dataset": [dataset]}},
        "json/data/554": {"data_set_description": description},
        "data/features/554": {"data_features": {"feature": features}},
        "data/qualities/554": {"data_qualities": {"quality": qualities}},
    }

    def urlopen(request, *_, **__):
        for part, answer in answers.items():
            if part in request.full_url:
                return Response(json.dumps(answer).encode())
        if request.full_url == address:
            return Response(arff.encode())
        raise HTTPError(request.full_url, 404, "Not Found", {}, None)

    return urlopen


@pytest.mark.parametrize("quote", ["", "'"], ids=["bare", "quoted"])
def test_what_openml_gives_becomes_the_four_files(tiny, home, tmp_path, monkeypatch, quote):
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", openml(tiny, quote=quote))
    write_openml(tmp_path, train_size=TRAIN)
    for name, array in tiny.items():
        np.testing.assert_array_equal(read_idx(tmp_path / name), array)
    assert not list(home.iterdir()), "scikit-learn keeps nothing in the home"


@pytest.fixture
def in_process(tiny, monkeypatch):
    """OpenML within reach, and the work of the child done here, where it can be patched."""
    monkeypatch.setattr(download_module, "_connect", lambda *_: None)

    def run(command, **_):
        folder = command[command.index("-c") + 2]
        write_openml(Path(folder), train_size=TRAIN)

    monkeypatch.setattr("subprocess.run", run)


def test_openml_fills_the_cache(in_process, tiny, monkeypatch):
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", openml(tiny))
    dataset = load_dataset("openml", notice=None)
    assert (dataset.source, dataset.place) == ("openml", OPENML)
    np.testing.assert_array_equal(dataset.test_images, tiny["t10k-images-idx3-ubyte"])
    assert is_mnist(verify())


def test_other_images_from_openml_do_not_enter_the_cache(in_process, tiny, monkeypatch, cache):
    shifted = {name: (array + 1 if array.ndim == 3 else array) for name, array in tiny.items()}
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", openml(shifted))
    with pytest.raises(ChainruleError, match="SHA-256 is wrong"):
        load_dataset("openml", notice=None)
    assert not cache.exists()


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Put another scikit-learn in the way of the child, and watch its temporary folder."""
    monkeypatch.setattr(download_module, "_connect", lambda *_: None)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    def write(code):
        (tmp_path / "sklearn" / "datasets.py").write_text(textwrap.dedent(code))

    yield write
    assert not list(temporary.iterdir()), "the child's folder is gone"


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_over_its_time_is_ended(child, tmp_path, stopwatch):
    child(f"""
        import os, time

        def fetch_openml(*_, **__):
            with open({str(tmp_path / "process")!r}, "w") as file:
                file.write(str(os.getpid()))
            time.sleep(60)
    """)
    with pytest.raises(ChainruleError, match="not complete within 2 s"):
        load_dataset("openml", limits=Limits(openml=2), notice=None)
    assert stopwatch() < 30
    process = int((tmp_path / "process").read_text())
    for _ in range(100):
        if not is_running(process):
            break
        time.sleep(0.05)
    assert not is_running(process)


def test_what_stopped_the_child_is_said(child):
    child("""
        def fetch_openml(*_, **__):
            raise OSError("OpenML is being repaired")
    """)
    with pytest.raises(ChainruleError, match="OpenML is being repaired"):
        load_dataset("openml", limits=PATIENCE, notice=None)


def test_the_child_hands_over_what_it_got_and_leaves_nothing(child, home):
    child("""
        import socket
        import numpy as np
        import pandas as pd

        def fetch_openml(*_, data_home, **__):
            assert socket.getdefaulttimeout() == 0.7
            (data_home / "openml").mkdir()
            pixels = pd.DataFrame(np.zeros((60_010, 784), np.uint8))
            return pixels, pd.Series(["7"] * 60_010)
    """)
    with pytest.raises(ChainruleError, match="train-images-idx3-ubyte is another file"):
        load_dataset("openml", limits=PATIENCE, notice=None)
    assert not list(home.iterdir()), "nothing is left in the home"
