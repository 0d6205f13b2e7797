"""A run folder on disk: where everything in it lies, from its making to its end."""

from __future__ import annotations

import errno
import math
import os
import shlex
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import Any

from chainrule.checks import ChainruleError
from chainrule.data.dataset import Dataset
from chainrule.data.split import Split
from chainrule.experiments.environment import environment
from chainrule.experiments.keeping import CHECKPOINTS, Keep
from chainrule.experiments.lanes import Result
from chainrule.experiments.metrics import METRICS, SCHEMA, checked_metrics, write_metrics
from chainrule.experiments.record import RECORD, TENSORBOARD, add_to_record
from chainrule.experiments.settings import Lane
from chainrule.experiments.statistics import finished, summarise
from chainrule.network import Network
from chainrule.reading.classifier import ImageClassifier
from chainrule.reading.own_data import dataset_for, own_dataset
from chainrule.storage.files import locked
from chainrule.storage.models import Model, load_model, save_model
from chainrule.terminal import Say, command

FIGURES, MODELS, LOCK = "figures", "models", ".lock"
PLACE = "path"  # of the data, as metrics.json alone knows it: it may lead through a home


class RunFolder:
    """Where a run writes; nothing in it is ever half-written.

    Attributes
    ----------
    path : Path
    metrics : dict
        What stands in metrics.json.
    networks : dict of str to Network
        The trained networks by lane.
    split : Split
        The images; once it is opened, or once those of a reopened folder have been loaded again.
    keep : Keep
        Where its lanes leave checkpoints; while it is held.
    """

    split: Split
    keep: Keep

    def __init__(self, path: Path, others: Iterable[Path] = ()) -> None:
        self.path, self._others = path, others
        self.metrics: dict[str, Any] = {"runs": []}
        self.networks: dict[str, Network] = {}

    @classmethod
    def new(cls, path: Path | None, kind: str) -> RunFolder:
        """Return a folder that can be opened: it is not there yet, or empty.

        Without a path it is runs/<kind>-<time>, or the first name behind it that is free.
        """
        # Path's own expanduser raises for an unknown user.
        folder = cls(Path(os.path.expanduser(path))) if path else cls._by_time(kind)  # noqa: PTH111
        nearest = _nearest(folder.path)
        if not nearest.is_dir():
            raise ChainruleError(f"--out needs a folder, but {nearest} is a file: name another.")
        if not os.access(nearest, os.W_OK):
            raise folder._cannot_be_made()
        if path:
            if (folder.path / LOCK).exists():
                with folder._held():
                    pass  # its holder was killed
            folder._check_empty()
        return folder

    @classmethod
    def _by_time(cls, kind: str) -> RunFolder:
        path = Path("runs") / time.strftime(f"{kind}-%Y%m%d-%H%M%S")
        return cls(path, (path.with_name(f"{path.name}-{repeat}") for repeat in count(2)))

    @classmethod
    @contextmanager
    def reopened(cls, path: Path, kind: str) -> Iterator[RunFolder]:
        """Hold the folder of a run that was stopped, with all that it holds but the images.

        Temporary files that a killed process has left are removed.

        Raises
        ------
        ChainruleError
            If it is not such a folder, or another process holds it.
        """
        checked_metrics(path, kind)  # before a lock is put there
        folder = cls(path)
        with folder._held():
            folder._read(kind)
            folder.keep.clean()
            for lane in folder.lanes:
                folder.keep.forget(lane)
            folder.path.joinpath(MODELS).mkdir(exist_ok=True)
            yield folder

    @contextmanager
    def opened(
        self, settings: Mapping[str, Any], split: Split, place: str | None, say: Say
    ) -> Iterator[None]:
        """Make the folder, hold it, and note down what every run shares.

        Parameters
        ----------
        settings : dict
        split : Split
        place : str or None
            Where the images can be found again, whatever the working folder is.
        say : callable
            Is told what is kept if the run ends early; a folder that holds nothing then is removed.
        """
        is_new = self._make()
        try:
            with self._held():
                self._check_empty()
                self._claim()
                with self.kept(say):
                    self.split = split
                    self.metrics = _first_metrics(settings, split, place)
                    write_metrics(self.path, self.metrics)
                    add_to_record(self.path, "started", settings=dict(settings))
                    yield
        finally:
            if is_new:
                with suppress(OSError):  # it holds what was kept
                    self.path.rmdir()

    @contextmanager
    def kept(self, say: Say) -> Iterator[None]:
        """Whatever ends the run early, say what is kept of it."""
        try:
            yield
        except BaseException:
            say(self._abandon())
            raise
        finally:
            self.keep.tidy()

    @property
    def lanes(self) -> list[str]:
        """The names of the lanes that have ended."""
        return [run["lane"] for run in self.metrics["runs"]]

    def add(self, result: Result, lanes: Sequence[Lane]) -> None:
        """Keep a lane that has ended: its model, and metrics.json with all lanes so far."""
        name = result.lane.name
        if result.network is not None:
            self.networks[name] = result.network
            self._save(result.network, result.lane, name)
        elif result.best is not None:
            self._save(result.best, result.lane, f"{name}-best")
        order = [lane.name for lane in lanes]
        runs = [*self.metrics["runs"], result.record]
        runs.sort(key=lambda run: order.index(run["lane"]))
        metrics = {**self.metrics, "runs": runs, "summary": summarise(runs)}
        write_metrics(self.path, metrics)
        self.metrics = metrics  # only now, so that nothing is told to be kept that is not
        self.keep.forget(name)

    def words_of_data(self) -> str:
        """Say what the data is called, and how many images of it went where."""
        data = self.metrics["data"]
        return (
            f"{self.split.title}: {data['train']:,} images to train on, "
            f"{data['validation']:,} to validate, {data['test']:,} to test"
        )

    def words_of_best(self, run: Mapping[str, Any]) -> str:
        """Say where the best network of a run that diverged is kept."""
        epoch = run["stopped"]["best_epoch"]
        if epoch is None:
            return "No epoch had ended, so there is no network to keep."
        accuracy = run["history"]["val_accuracy"][epoch - 1]
        path = model_path(self.path, f"{run['lane']}-best")
        return f"The best network before, of epoch {epoch} ({accuracy:.2%} validation), is {path}."

    def _save(self, network: Network, lane: Lane, name: str) -> None:
        model = Model(
            network,
            preprocessing=self.split.preprocessing,
            training={**self.metrics["settings"], **vars(lane)},
            classes=list(self.split.classes),
            data={**self.split.facts, "split_seed": self.split.split_seed},
        )
        save_model(model_path(self.path, name), model)

    def _abandon(self) -> str:
        """Empty the folder if nothing can be gone on with; return what is kept, in words."""
        kept = [f"the result of {lane}" for lane in self.lanes]
        kept += [f"a checkpoint of {path.stem}" for path in self.keep.checkpoints]
        if kept:
            go_on = command("resume", self.path)
            return f"Kept in {self.path}: {', '.join(kept)}. To go on: {go_on}"
        for name in (MODELS, CHECKPOINTS, TENSORBOARD):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in (METRICS, RECORD):
            with suppress(OSError):
                (self.path / name).unlink()
        return "Nothing was kept: there was no checkpoint yet."

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep other processes out: two would write over each other."""
        with locked(self.path / LOCK) as is_ours:
            if not is_ours:
                raise self._in_use()
            # Absolute, for workers that were started in another working folder.
            self.keep = Keep(self.path.absolute())
            yield

    def _in_use(self) -> ChainruleError:
        return ChainruleError(
            f"{self.path} is in use by another process: wait until it ends, or end it."
        )

    def _check_empty(self) -> None:
        there = {path.name for path in self.path.iterdir()} if self.path.exists() else set()
        if there - {LOCK}:
            go_on = shlex.join(["chainrule", "resume", str(self.path)])
            way = f", or go on with '{go_on}'" if METRICS in there else ""
            raise ChainruleError(
                f"The run folder {self.path} holds something already: name a new one with "
                f"--out{way}."
            )

    def _make(self) -> bool:
        """Make the folder, under the first of its names that is free; return whether it is new."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for path in chain([self.path], self._others):
                with suppress(FileExistsError):
                    path.mkdir()
                    self.path = path
                    return True
        except OSError as error:
            raise self._cannot_be_made(f" ({error.strerror})") from error
        if not self.path.is_dir():
            raise self._cannot_be_made(f" ({os.strerror(errno.EEXIST)})")
        return False

    def _cannot_be_made(self, reason: str = "") -> ChainruleError:
        return ChainruleError(
            f"The run folder {self.path} cannot be made: {_nearest(self.path)} cannot be "
            f"written{reason}; name another with --out."
        )

    def _claim(self) -> None:
        """Put the first thing there, which only one process can, though it knows no locks."""
        try:
            self.path.joinpath(MODELS).mkdir()
        except FileExistsError:
            raise self._in_use() from None

    def _read(self, kind: str) -> None:
        """Take over what stands in a folder that is there."""
        self.metrics = checked_metrics(self.path, kind, to_go_on=True)
        runs = self.metrics["runs"]
        for run in runs:
            for key, values in run["history"].items():
                run["history"][key] = [math.nan if value is None else value for value in values]
        self.metrics["summary"] = summarise(runs)  # with its NaN, which JSON does not have
        self.networks = {
            run["lane"]: load_model(model_path(self.path, run["lane"])).network
            for run in finished(runs)
        }


def model_path(folder: Path, name: str) -> Path:
    """Return where a run folder keeps the model of this name, that of a lane."""
    return folder / MODELS / f"{name}.npz"


def dataset_of_model(classifier: ImageClassifier, source: str | None, say: Say) -> Dataset:
    """Return the dataset of a source; without one the data that a model was trained on.

    The run folder that the model is in knows where that was. A model of MNIST takes any MNIST.

    Raises
    ------
    ChainruleError
        If it is not there, or is other data by now.
    """
    if source or not classifier.is_of_own_data:
        return dataset_for(classifier, source or "auto", say)
    models, places = Path(classifier.path).absolute().parent, []
    if models.name == MODELS:
        with suppress(ChainruleError):
            places = [checked_metrics(models.parent, kind=None)["data"].get(PLACE)]
    return own_dataset(classifier, places, say)


def _first_metrics(settings: Mapping[str, Any], split: Split, place: str | None) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "data": {**split.facts, PLACE: place},
        "settings": dict(settings),
        "environment": environment(settings["threads"]),
        "runs": [],
        "summary": [],
    }


def _nearest(path: Path) -> Path:
    """Return the folder, or the nearest above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
