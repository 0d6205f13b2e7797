"""A small data folder, and programmes that are killed while they train on it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from chainrule.data.idx import write_idx


@pytest.fixture(scope="session")
def stripes(tmp_path_factory):
    """Write a dataset, small: 8x6 pictures with one of three rows bright, in loud noise."""
    folder = tmp_path_factory.mktemp("data") / "stripes"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, count in (("train", 240), ("t10k", 60)):
        labels = np.arange(count, dtype=np.uint8) % 3
        images = rng.integers(0, 180, (count, 8, 6), dtype=np.uint8)
        images[np.arange(count), 2 * labels + 1] += 60
        write_idx(folder / f"{part}-images-idx3-ubyte", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
    return folder


@pytest.fixture
def start(stripes, tmp_path):
    """Return a function that starts ``chainrule`` in a session of its own."""
    started = []

    def run(*arguments, **options):
        process = subprocess.Popen(
            [sys.executable, "-m", "chainrule", *map(str, arguments)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"CHAINRULE_DATA": str(stripes)},
            **options,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
