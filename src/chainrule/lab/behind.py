"""A network that is trained in a process of its own while the page is open.

The process gets recipe and dataset on stdin, and prints a line for each epoch. It ends with the
lab: it is told to, or finds that nobody reads its lines any more.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from chainrule.checks import ChainruleError
from chainrule.data.dataset import Dataset
from chainrule.experiments.ready_made import Recipe, keep, trained
from chainrule.lab.networks import Lab, named
from chainrule.storage.models import load_model, save_model
from chainrule.terminal import Say


@contextmanager
def training(recipe: Recipe, lab: Lab, say: Say) -> Iterator[None]:
    """Let a network be trained meanwhile, and join those of the lab when it is ready.

    Parameters
    ----------
    recipe : Recipe
    lab : Lab
        Its `coming` says how far the training is.
    say : callable
        Takes what a user should know.
    """
    title, epochs = recipe.title(lab.dataset), recipe.settings(lab.dataset).epochs
    lab.coming.update(title=title, epoch=0, epochs=epochs)
    with TemporaryDirectory() as folder, _started(recipe, lab.dataset, folder) as process:
        lab_ends = Event()
        what = (process, lab_ends, recipe, lab, folder, say)
        follower = Thread(target=_follow, args=what, daemon=True)
        follower.start()
        try:
            yield
        finally:
            lab_ends.set()
            process.terminate()
            follower.join()


@contextmanager
def _started(recipe: Recipe, dataset: Dataset, folder: str) -> Iterator[subprocess.Popen[bytes]]:
    command, pipe = [sys.executable, "-P", "-m", __name__], subprocess.PIPE
    # In a session of its own: a Ctrl-C is for the lab, which ends it. And without the working
    # folder on its path, where anything may be called like a module.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as process:
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            pickle.dump((recipe, dataset, folder), process.stdin)
            process.stdin.close()
        yield process


def _follow(
    process: subprocess.Popen[bytes],
    lab_ends: Event,
    recipe: Recipe,
    lab: Lab,
    folder: str,
    say: Say,
) -> None:
    """Tell the lab how far the training is, and take the network when it has ended."""
    assert process.stdout is not None
    try:
        for line in process.stdout:
            lab.coming["epoch"] = json.loads(line)
        if process.wait() == 0:
            model = load_model(Path(folder) / "model.npz")
            classifier = keep(recipe, lab.dataset, model, say)
            network = named(recipe.id, recipe.title(lab.dataset), classifier, lab.dataset)
            lab.networks[recipe.id] = network
            say(f"{network.title}: {network.accuracy_words}")
        elif not lab_ends.is_set():
            say(f"The training of {recipe.title(lab.dataset)} has failed: see above.")
    except (ChainruleError, OSError) as error:
        say(str(error))
    finally:
        lab.coming.clear()


def _main() -> None:
    recipe, dataset, folder = pickle.load(sys.stdin.buffer)

    def report(lane: str, epoch: int, loss: float, accuracy: float) -> None:
        print(json.dumps(epoch), flush=True)

    with suppress(AttributeError, OSError):
        os.nice(10)  # the page comes first
    save_model(Path(folder) / "model.npz", trained(recipe, dataset, report))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        _main()
