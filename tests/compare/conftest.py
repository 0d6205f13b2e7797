import numpy as np
import pytest

from chainrule import cli
from chainrule.data.idx import write_idx


@pytest.fixture
def stripes(tmp_path_factory):
    """Write another dataset, easy and small: 8x6 pictures with one of three rows bright."""
    folder = tmp_path_factory.mktemp("data") / "stripes"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, count in (("train", 240), ("t10k", 60)):
        labels = np.arange(count, dtype=np.uint8) % 3
        images = rng.integers(0, 120, (count, 8, 6), dtype=np.uint8)
        images[np.arange(count), 2 * labels + 1] += 100
        write_idx(folder / f"{part}-images-idx3-ubyte", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
    return folder


@pytest.fixture
def working_folder(tmp_path, monkeypatch):
    """Stand in an empty folder, without CHAINRULE_DATA."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    return tmp_path


@pytest.fixture
def compare(working_folder, stripes):
    """Return a function that runs ``chainrule compare`` on the stripes; it returns the status."""

    def run(*arguments, data=stripes):
        basic = ["compare", "--data", str(data), "--epochs", "2", "--jobs", "1"]
        return cli.main([*basic, *arguments])

    return run
