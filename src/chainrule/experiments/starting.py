"""How a run begins and how it goes on: its folder, and the images it trains on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from chainrule.checks import ChainruleError
from chainrule.data.dataset import Dataset
from chainrule.data.mnist import VARIABLE, load_dataset
from chainrule.data.split import split_dataset, trainable
from chainrule.experiments.environment import changed
from chainrule.experiments.metrics import write_metrics
from chainrule.experiments.record import add_to_record
from chainrule.experiments.run_folder import PLACE, RunFolder
from chainrule.experiments.settings import TRAIN_SIZE, EitherSettings
from chainrule.experiments.stopping import StopSignals
from chainrule.terminal import Say

MOST_PARAMETERS = 250_000_000  # with gradients and Adam's moments 4 GB, in float32
WITHOUT_NUMBA = (
    "Without Numba distorting takes four times as long, about 0.3 s in an epoch of 55,000 images: "
    "pip install 'chainrule[fast]'."
)


@contextmanager
def begin(settings: EitherSettings, kind: str, out: Path | None, say: Say) -> Iterator[RunFolder]:
    """Hold the folder of a new run, with its images; wrong input leaves none behind."""
    folder = RunFolder.new(out, kind)
    dataset = load_dataset(settings.data, size=settings.size, crop=settings.crop, notice=say)
    _check_size(settings, dataset)
    if settings.distort and find_spec("numba") is None:
        say(WITHOUT_NUMBA)
    train_size = _train_size(settings, dataset, say)
    split = split_dataset(dataset, train_size, settings.split_seed, settings.validation_size)
    with ExitStack() as stack:
        with StopSignals() as stop:  # one that comes before all is ready would leave a half behind
            stack.enter_context(folder.opened(asdict(settings), split, _place(dataset), say))
        stop.end()
        yield folder


def go_on(folder: RunFolder, settings: EitherSettings, data: str | None, say: Say) -> None:
    """Give a reopened run folder its images, and say what makes its bits differ from the first.

    Parameters
    ----------
    folder : RunFolder
    settings : Settings or TrainingSettings
    data : str or None
        Where the images are now; None looks where they were, and in CHAINRULE_DATA.
    say : callable

    Raises
    ------
    ChainruleError
        If the very images that it was made with are not to be had.
    """
    sources = _places(folder, settings) if data is None else [data]
    dataset, known = _found_again(folder, settings, sources, say), folder.metrics["data"]
    if "classes" not in known:
        dataset = dataset.with_gaps()
    split = split_dataset(dataset, known["train"], settings.split_seed, settings.validation_size)
    # What the folder of the data was called when the run began.
    folder.split = replace(split, title=str(known.get("title", split.title)))
    if known.get(PLACE) != (place := _place(dataset)):
        known[PLACE] = place
        write_metrics(folder.path, folder.metrics)
    for name, before, now in changed(folder.metrics["environment"], settings.threads):
        say(f"Not as when the run began, so not the same bits: {name} {before}, now {now}.")
        add_to_record(folder.path, "changed", what=name, before=before, now=now)


def _check_size(settings: EitherSettings, dataset: Dataset) -> None:
    """Check that the images can be distorted, if asked for, and the network held in memory."""
    height, width = dataset.image_shape
    if settings.distort and min(height, width) < 2:
        raise ChainruleError(
            f"Images of {height}x{width} pixels (height x width) cannot be distorted: that takes "
            "two pixels each way at least; leave out --distort."
        )
    sizes = (height * width, *settings.hidden, len(dataset.classes))
    parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    if parameters > MOST_PARAMETERS:
        raise ChainruleError(
            f"A network for images of {height}x{width} pixels has {parameters:,} parameters with "
            f"these hidden layers, and at most {MOST_PARAMETERS:,} are trained: scale pictures "
            "down, as with --size 28x28, or take smaller layers with --hidden."
        )


def _place(dataset: Dataset) -> str | None:
    """Return where its files are, if that depends on working folder, home or a variable."""
    is_somewhere = dataset.source in ("path", "keras", "torchvision")
    return str(Path(dataset.place).resolve()) if is_somewhere else None


def _places(folder: RunFolder, settings: EitherSettings) -> list[str]:
    """Return the sources that may hold the images of a run, those that are at hand first."""
    known = folder.metrics["data"]
    by_name = {"sample": "sample", "cache": "cache", "network": "cache", "openml": "cache"}
    sources = (
        known.get(PLACE),
        by_name.get(known["source"]),
        os.environ.get(VARIABLE),
        settings.data,
    )
    return [source for source in dict.fromkeys(sources) if source]


def _found_again(
    folder: RunFolder, settings: EitherSettings, sources: Sequence[str], say: Say
) -> Dataset:
    """Return what is in the first of these sources that holds the very images of a run."""
    known, problems = folder.metrics["data"], []
    for source in sources:
        try:
            dataset = load_dataset(source, size=settings.size, crop=settings.crop, notice=say)
        except (ChainruleError, OSError) as error:
            problems.append(str(error).removesuffix(".").removesuffix("; correct the path"))
            continue
        is_same = dataset.sha256 == known["sha256"]
        is_same &= dataset.is_turned == known.get("turned", False)
        if is_same and known["train"] <= len(dataset.train_images):
            return dataset
        problems.append(f"{dataset.title} from {dataset.place} is other data")
    nor = f" (nor is it in {', '.join(sources[1:])})" if sources[1:] else ""
    raise ChainruleError(
        f"{folder.path} goes on with the very data that it was made with, and that was not found: "
        f"{problems[0]}{nor}; name its folder with --data or in {VARIABLE}."
    )


def _train_size(settings: EitherSettings, dataset: Dataset, say: Say) -> int:
    """Return how many images to train on, given what is left beside the validation set."""
    available = trainable(dataset, settings.validation_size)
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
