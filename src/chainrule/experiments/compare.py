"""Fair comparisons: the same start and the same batches for every optimizer, in parallel lanes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.data.download import print_notice
from chainrule.data.mnist import Dataset, load_dataset
from chainrule.data.split import Split, split_dataset, trainable
from chainrule.experiments.backends import run_in_processes, run_on_dask
from chainrule.experiments.keeping import Keep
from chainrule.experiments.lanes import Lane, Result, lanes_of
from chainrule.experiments.progress import shown_progress
from chainrule.experiments.record import add_to_record
from chainrule.experiments.run_folder import RunFolder
from chainrule.optimizers import OPTIMIZERS, create_optimizer

TRAIN_SIZE = 20_000


@dataclass(frozen=True)
class Settings:
    """What is compared, and on what; every field stands in metrics.json.

    Attributes
    ----------
    data : str
        A source of `load_mnist`.
    learning_rates : dict of str to list of float
        The optimizers, each with its rates.
    batch_sizes, seeds, hidden : list of int
        Every combination of optimizer, rate, batch size and seed is a lane.
    epochs : int
    train_size : int or None
        Images to train on; None takes 20,000, or all if there are fewer.
    split_seed : int
        Draws validation set and subset, the same for every lane.
    threads : int
        BLAS threads a lane computes with.
    """

    data: str
    learning_rates: dict[str, list[float]]
    batch_sizes: list[int]
    seeds: list[int]
    hidden: list[int]
    epochs: int
    train_size: int | None
    split_seed: int
    threads: int

    def __post_init__(self) -> None:
        for optimizer, rates in self.learning_rates.items():
            for rate in rates:
                create_optimizer(optimizer, rate)
        for name in ("batch_sizes", "hidden"):
            for value in getattr(self, name):
                checks.whole_number(name.removesuffix("s").replace("_", " "), value, at_least=1)
        for seed in self.seeds:
            checks.whole_number("seed", seed)
        for name in ("epochs", "threads"):
            checks.whole_number(name, getattr(self, name), at_least=1)
        if self.train_size is not None:
            checks.whole_number("train size", self.train_size, at_least=1)
        checks.whole_number("split seed", self.split_seed)

    @property
    def lanes(self) -> list[Lane]:
        """Every combination of optimizer, rate, batch size and seed."""
        return lanes_of(self.learning_rates, self.batch_sizes, self.seeds)


def learning_rates(texts: Sequence[str], optimizers: Sequence[str]) -> dict[str, list[float]]:
    """Read "adam=0.0003,0.001 sgd=0.05"; a bare number or list is for every optimizer.

    Returns
    -------
    dict of str to list of float
        For each of `optimizers` its rates, by default the one in `OPTIMIZERS`.
    """
    for name in optimizers:
        create_optimizer(name)
    if len(set(optimizers)) < len(optimizers):
        raise ChainruleError(f"Each optimizer is compared once, got {' '.join(optimizers)}.")
    rates = {name: [OPTIMIZERS[name][1]] for name in optimizers}
    for text in texts:
        name, _, numbers = text.rpartition("=")
        if name and name not in rates:
            raise ChainruleError(
                f"--learning-rate {text} names no optimizer of this run: {', '.join(rates)}."
            )
        try:
            values = [float(number) for number in numbers.split(",")]
        except ValueError:
            raise ChainruleError(
                f"--learning-rate takes 0.05, adam=0.0005 or adam=0.0003,0.001, got {text!r}."
            ) from None
        rates.update({name: values} if name else dict.fromkeys(rates, values))
    return rates


def compare(
    settings: Settings,
    *,
    out: Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    say: Callable[[str], None] = print_notice,
    progress: bool = True,
) -> RunFolder:
    """Train every lane, judge it, and write the run folder.

    Parameters
    ----------
    settings : Settings
    out : Path, optional
        The run folder, new or empty; by default runs/compare- with date and time.
    jobs : int, optional
        Lanes that run at once; by default as many as the cores allow. It changes no result.
    scheduler : str, optional
        Address of a Dask scheduler: its workers run the lanes, which changes no result either.
    say : callable
        Takes the notices.
    progress : bool
        Show on stderr how far each lane is.

    Returns
    -------
    RunFolder
        Written, with the metrics and the networks at hand.

    Raises
    ------
    ChainruleError
        For wrong input; then no folder is left behind.
    """
    lanes = settings.lanes
    if jobs is not None:
        checks.whole_number("jobs", jobs, at_least=1)
    folder = RunFolder(out)
    dataset = load_dataset(settings.data, notice=say)
    split = split_dataset(dataset, train_size_of(settings, dataset, say), settings.split_seed)
    folder.open(asdict(settings), split)
    with folder.in_use():
        results = _results(lanes, split, settings, folder.keep, jobs, scheduler, progress)
        _collect(results, folder, settings, say)
    return folder


def resume(
    path: Path,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    say: Callable[[str], None] = print_notice,
    progress: bool = True,
) -> RunFolder:
    """Go on with a comparison that was stopped: run the lanes that its folder lacks.

    Parameters
    ----------
    path : Path
        The run folder of the comparison; its settings are taken.
    jobs, scheduler, say, progress
        As in `compare`.

    Returns
    -------
    RunFolder

    Raises
    ------
    ChainruleError
        If the folder is not that of a comparison, or its data is not to be had.
    """
    folder = RunFolder.reopened(path)
    settings = Settings(**folder.metrics["settings"])
    names = [lane.name for lane in settings.lanes]
    if strangers := [name for name in folder.lanes if name not in names]:
        raise ChainruleError(
            f"{path / 'metrics.json'} holds runs that its settings do not ask for: "
            f"{', '.join(strangers)}; restore the file."
        )
    missing = [lane for lane in settings.lanes if lane.name not in folder.lanes]
    with folder.in_use():
        load_split_again(folder, settings.data, settings.split_seed, settings.threads, say)
        say(f"{len(folder.lanes)} of {len(settings.lanes)} lanes are there, {len(missing)} to go.")
        results = _results(missing, folder.split, settings, folder.keep, jobs, scheduler, progress)
        _collect(results, folder, settings, say)
    return folder


def load_split_again(
    folder: RunFolder, data: str, split_seed: int, threads: int, say: Callable[[str], None]
) -> None:
    """Give a reopened run folder its data, and say what makes its bits differ from the first.

    Raises
    ------
    ChainruleError
        If the data is another.
    """
    dataset = load_dataset(data, notice=say)
    train_size = folder.metrics["data"]["train"]
    if dataset.sha256 != folder.metrics["data"]["sha256"] or train_size > trainable(dataset):
        raise ChainruleError(
            f"{folder.path} was made with other data than {dataset.title} from {dataset.place}: "
            "name the folder of its data in CHAINRULE_DATA, or begin anew."
        )
    folder.split = split_dataset(dataset, train_size, split_seed)
    for name, before, now in folder.differences(threads):
        say(f"Not as when the run began, so not the same bits: {name} {before}, now {now}.")
        add_to_record(folder.path, "changed", what=name, before=before, now=now)


def _collect(
    results: Generator[Result], folder: RunFolder, settings: Settings, say: Callable[[str], None]
) -> None:
    """Take the results into the folder as they come, then draw; say what is kept if stopped."""
    try:
        for result in results:
            folder.add(result, settings.lanes)
            if result.network is None:
                stopped = result.record["stopped"]
                say(
                    f"{result.lane.name} diverged: {stopped['layer']} gave NaN or infinity at "
                    f"step {stopped['step']}, at learning rate {result.lane.learning_rate:g}."
                )
                say(folder.words_of_best(result.record))
        folder.draw_figures()
    except BaseException:
        try:
            results.close()
        finally:
            say(folder.abandon())
        raise


def train_size_of(settings: Settings, dataset: Dataset, say: Callable[[str], None]) -> int:
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


def _results(
    lanes: Sequence[Lane],
    split: Split,
    settings: Settings,
    keep: Keep,
    jobs: int | None,
    scheduler: str | None,
    progress: bool,
) -> Generator[Result]:
    """Run the lanes where they are wanted; yield each result as it comes."""
    shared = {"hidden": settings.hidden, "epochs": settings.epochs, "threads": settings.threads}
    if scheduler is not None:
        yield from run_on_dask(lanes, split, scheduler, **shared)
        return
    names = [lane.name for lane in lanes]
    with shown_progress(names, settings.epochs) if progress and lanes else nullcontext() as report:
        yield from run_in_processes(lanes, split, jobs, report, keep=keep, **shared)
