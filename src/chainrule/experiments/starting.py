"""How a run begins and how it goes on: its folder, and the images it trains on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from chainrule.checks import ChainruleError
from chainrule.data.dataset import Dataset
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset, trainable
from chainrule.experiments.environment import changed
from chainrule.experiments.record import add_to_record
from chainrule.experiments.run_folder import RunFolder, Say
from chainrule.experiments.settings import EitherSettings
from chainrule.experiments.stopping import StopSignals

TRAIN_SIZE = 20_000


@contextmanager
def begun(settings: EitherSettings, kind: str, out: Path | None, say: Say) -> Iterator[RunFolder]:
    """Yield the folder of a new run, in use and kept; wrong input leaves none behind."""
    folder = RunFolder.new(out, kind)
    dataset = load_dataset(settings.data, notice=say)
    train_size = _train_size(settings, dataset, say)
    split = split_dataset(dataset, train_size, settings.split_seed)
    with ExitStack() as stack:
        with StopSignals() as stop:  # one that comes before all is ready would leave a half behind
            folder.open(asdict(settings), split)
            stack.enter_context(folder.in_use())
            stack.enter_context(folder.kept(say))
        stop.end()
        yield folder


def go_on(folder: RunFolder, settings: EitherSettings, say: Say) -> None:
    """Give a reopened run folder its images, and say what makes its bits differ from the first.

    Raises
    ------
    ChainruleError
        If the data is another.
    """
    dataset = load_dataset(settings.data, notice=say)
    train_size = folder.metrics["data"]["train"]
    if dataset.sha256 != folder.metrics["data"]["sha256"] or train_size > trainable(dataset):
        raise ChainruleError(
            f"{folder.path} was made with other data than {dataset.title} from {dataset.place}: "
            "name the folder of its data in CHAINRULE_DATA, or begin anew."
        )
    folder.split = split_dataset(dataset, train_size, settings.split_seed)
    for name, before, now in changed(folder.metrics["environment"], settings.threads):
        say(f"Not as when the run began, so not the same bits: {name} {before}, now {now}.")
        add_to_record(folder.path, "changed", what=name, before=before, now=now)


def _train_size(settings: EitherSettings, dataset: Dataset, say: Say) -> int:
    """Return how many images to train on, given what is left beside the validation set."""
    available = trainable(dataset)
    wanted = settings.train_size
    if wanted is None:
        return min(TRAIN_SIZE, available)
    if wanted <= available:
        return wanted
    if settings.data != "auto":
        raise ChainruleError(
            f"--train-size {wanted:,} is more than the {available:,} images of {dataset.title} "
            "that are left beside the validation set: give a smaller one."
        )
    say(f"There are {available:,} images to train on, not {wanted:,}: all of them are taken.")
    return available
