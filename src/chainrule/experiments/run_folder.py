"""A run folder on disk: where everything in it lies, from its making to its end."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import Any, TypeAlias

from chainrule.checks import ChainruleError
from chainrule.data.split import Split
from chainrule.experiments.environment import environment
from chainrule.experiments.keeping import CHECKPOINTS, Keep
from chainrule.experiments.lanes import Result
from chainrule.experiments.metrics import METRICS, SCHEMA, checked_metrics, write_metrics
from chainrule.experiments.record import RECORD, TENSORBOARD, add_to_record
from chainrule.experiments.settings import Lane
from chainrule.experiments.statistics import finished, summarise
from chainrule.network import Network
from chainrule.storage.files import locked
from chainrule.storage.models import Model, load_model, save_model

FIGURES, MODELS = "figures", "models"

Say: TypeAlias = Callable[[str], None]  # takes what a user should know


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
        The images; from `open` on, or once those of a reopened folder have been loaded again.
    keep : Keep
        Where its lanes leave checkpoints.
    """

    split: Split

    def __init__(self, path: Path) -> None:
        self.path, self.keep = path, Keep(path)
        self.metrics: dict[str, Any] = {}
        self.networks: dict[str, Network] = {}
        self._made: list[Path] = []

    @classmethod
    def new(cls, path: Path | None, kind: str) -> RunFolder:
        """Return a folder that is not there yet, or empty; by default runs/<kind>-<time>."""
        path = path or _default_path(kind)
        nearest = _nearest(path)
        if not nearest.is_dir():
            raise ChainruleError(f"--out needs a folder, but {nearest} is a file: name another.")
        if nearest == path and any(path.iterdir()):
            raise ChainruleError(
                f"The run folder {path} holds something already: name a new one with --out."
            )
        return cls(path)

    @classmethod
    def reopened(cls, path: Path, kind: str) -> RunFolder:
        """Return the folder of a run that was stopped, with all that it holds but the images.

        Raises
        ------
        ChainruleError
            If it is not such a folder.
        """
        folder = cls(path)
        folder.metrics = checked_metrics(path, kind, to_go_on=True)
        runs = folder.metrics["runs"]
        for run in runs:
            for key, values in run["history"].items():
                run["history"][key] = [math.nan if value is None else value for value in values]
        folder.metrics["summary"] = summarise(runs)  # with its NaN, which JSON does not have
        folder.networks = {
            run["lane"]: load_model(model_path(path, run["lane"])).network for run in finished(runs)
        }
        return folder

    def open(self, settings: Mapping[str, Any], split: Split) -> None:
        """Make the folder and note down what every run shares."""
        nearest = _nearest(self.path)
        missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.joinpath(MODELS).mkdir(parents=True)
        except OSError as error:
            raise ChainruleError(
                f"The run folder {self.path} cannot be made: {nearest} cannot be written "
                f"({error.strerror}); name another with --out."
            ) from error
        self._made, self.split = missing, split
        self.metrics = {
            "schema": SCHEMA,
            "data": {
                "source": split.source,
                "sha256": split.sha256,
                "train": len(split.X_train),
                "validation": len(split.X_val),
                "test": len(split.X_test),
                "classes": list(split.classes),
                "turned": split.is_turned,
            },
            "settings": dict(settings),
            "environment": environment(settings["threads"]),
            "runs": [],
            "summary": [],
        }
        write_metrics(self.path, self.metrics)
        add_to_record(self.path, "started", settings=dict(settings))

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep other processes out: two would write over each other.

        Temporary files that a killed process has left are removed.
        """
        with locked(self.path / RECORD) as is_ours:
            if not is_ours:
                raise ChainruleError(
                    f"{self.path} is in use by another process: wait until it ends, or end it."
                )
            self.keep.clean()
            for lane in self.lanes:
                self.keep.forget(lane)
            self.path.joinpath(MODELS).mkdir(exist_ok=True)
            yield

    @contextmanager
    def kept(self, say: Say) -> Iterator[None]:
        """Whatever ends the run early, say what is kept of it."""
        try:
            yield
        except BaseException:
            say(self._abandon())
            raise

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
            data={
                **self.metrics["data"],
                "split_seed": self.split.split_seed,
                "title": self.split.title,
                "image_shape": list(self.split.image_shape),
            },
        )
        save_model(model_path(self.path, name), model)

    def _abandon(self) -> str:
        """Remove the folder if nothing can be gone on with; return what is kept, in words."""
        kept = [f"the result of {lane}" for lane in self.lanes]
        kept += [f"a checkpoint of {path.stem}" for path in self.keep.checkpoints]
        if kept:
            return f"Kept in {self.path}: {', '.join(kept)}. To go on: chainrule resume {self.path}"
        for name in (MODELS, CHECKPOINTS, TENSORBOARD):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in (METRICS, RECORD):
            (self.path / name).unlink(missing_ok=True)
        for folder in self._made:
            with suppress(OSError):  # somebody else has put something there
                folder.rmdir()
        return "Nothing was kept: there was no checkpoint yet."


def model_path(folder: Path, name: str) -> Path:
    """Return where a run folder keeps the model of this name, that of a lane."""
    return folder / MODELS / f"{name}.npz"


def _default_path(kind: str) -> Path:
    path = Path("runs") / time.strftime(f"{kind}-%Y%m%d-%H%M%S")
    others = (path.with_name(f"{path.name}-{repeat}") for repeat in count(2))
    return next(one for one in chain([path], others) if not one.exists())


def _nearest(path: Path) -> Path:
    """Return the folder, or the nearest above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
