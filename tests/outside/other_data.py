"""Datasets that are not MNIST, and the command as a process of its own."""

import os
import subprocess
import sys

import numpy as np

from chainrule.data.dataset import MNIST
from chainrule.data.idx import write_idx

COMMAND = "import sys; from chainrule.cli import main; sys.exit(main(sys.argv[1:]))"


def write_bars(folder, numbers, *, shape=(8, 6), each=16, names=MNIST, dtype=np.uint8):
    """Write images in which one bright row tells the class, labelled with `numbers` in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    draw, numbers = np.random.default_rng(0), np.asarray(numbers, dtype)
    arrays = []
    for count in (each, each // 4):
        which = np.tile(np.arange(len(numbers)), count)
        images = draw.integers(0, 60, (len(which), *shape), dtype=np.uint8)
        images[np.arange(len(which)), which % shape[0]] += 180
        arrays += [images, numbers[which]]
    for name, array in zip(names, arrays, strict=True):
        write_idx(folder / name, array)
    return folder


def run(*words, before="", drop=(), **variables):
    """Run the command once the code `before` has run; return the process, which has ended."""
    kept = {k: v for k, v in os.environ.items() if k not in ("CHAINRULE_DATA", *drop)}
    return subprocess.run(
        [sys.executable, "-c", f"{before}\n{COMMAND}", *map(str, words)],
        env={**kept, **{name: str(value) for name, value in variables.items()}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def done(*words, **how):
    """Run the command, which must succeed; return the process."""
    process = run(*words, **how)
    assert process.returncode == 0, process.stderr
    return process


def refused(*words, **how):
    """Run the command, which must refuse its input in one sentence; return the sentence."""
    process = run(*words, **how)
    assert process.returncode == 2, process.stderr
    assert process.stderr.startswith("chainrule: error: "), process.stderr
    assert process.stderr.count("\n") == 1, process.stderr
    return process.stderr
