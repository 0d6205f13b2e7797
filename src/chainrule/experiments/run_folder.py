"""A run folder: the metrics, models, figures and report that a comparison leaves behind."""

from __future__ import annotations

import json
import math
import platform
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from chainrule import plots
from chainrule.checks import ChainruleError
from chainrule.data.split import Split
from chainrule.experiments.keeping import Keep
from chainrule.experiments.lanes import Lane, Result
from chainrule.experiments.metrics import SCHEMA, checked_metrics
from chainrule.experiments.record import NAME, add_to_record
from chainrule.experiments.report import name_of, write_report
from chainrule.experiments.statistics import Setting, best_settings, better_run, settings_of
from chainrule.network import Network
from chainrule.storage.files import locked, replacing
from chainrule.storage.models import Model, load_model, save_model


class RunFolder:
    """Where a comparison writes; nothing in it is ever half-written.

    Parameters
    ----------
    path : Path, optional
        A folder that is new or empty; by default runs/compare- with date and time.
    kind : str
        The first word of that name.

    Attributes
    ----------
    path : Path
    metrics : dict
        What stands in metrics.json.
    networks : dict of str to Network
        The trained networks by lane.
    """

    def __init__(self, path: Path | None = None, kind: str = "compare") -> None:
        self.path = _default_path(kind) if path is None else path
        self.metrics: dict[str, Any] = {}
        self.networks: dict[str, Network] = {}
        self._made: list[Path] = []
        self.keep = Keep(self.path)
        self._check_path()

    def open(self, settings: Mapping[str, Any], split: Split) -> None:
        """Make the folder and note down what every run shares."""
        missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ChainruleError(
                f"The run folder {self.path} cannot be made ({error.strerror}): "
                "name another with --out."
            ) from error
        self._made = missing
        self.split = split
        self.metrics = {
            "schema": SCHEMA,
            "data": {
                "source": split.source,
                "sha256": split.sha256,
                "train": len(split.X_train),
                "validation": len(split.X_val),
                "test": len(split.X_test),
            },
            "settings": dict(settings),
            "environment": environment(settings["threads"]),
            "runs": [],
            "summary": [],
        }
        self._write_metrics()
        (self.path / "models").mkdir()
        add_to_record(self.path, "started", settings=dict(settings))

    @classmethod
    def reopened(cls, path: Path, kind: str = "compare") -> RunFolder:
        """Return the folder of a run that was stopped, with all that it holds.

        Raises
        ------
        ChainruleError
            If it is not such a folder.
        """
        folder = cls.__new__(cls)
        folder.path, folder._made, folder.keep = path, [], Keep(path)
        folder.metrics = checked_metrics(path, kind, to_go_on=True)
        for run in folder.metrics["runs"]:
            for key, values in run["history"].items():
                run["history"][key] = [math.nan if value is None else value for value in values]
        folder.networks = {
            run["lane"]: load_model(path / "models" / f"{run['lane']}.npz").network
            for run in folder.metrics["runs"]
            if run["status"] == "finished"
        }
        return folder

    @property
    def lanes(self) -> list[str]:
        """The names of the lanes that have ended."""
        return [run["lane"] for run in self.metrics["runs"]]

    def differences(self, threads: int) -> list[tuple[str, Any, Any]]:
        """Return name, value before and value now of what the bits depend on and has changed."""
        before, now = self.metrics["environment"], environment(threads)
        names = ("numpy", "blas", "threads", "cpu")
        return [(name, before[name], now[name]) for name in names if before[name] != now[name]]

    def add(self, result: Result, lanes: Sequence[Lane]) -> None:
        """Keep a lane that has ended: its model, and metrics.json with all lanes so far."""
        if result.network is not None:
            self.networks[result.lane.name] = result.network
            self._save(result.network, result.lane, result.lane.name)
        elif result.best is not None:
            self._save(result.best, result.lane, f"{result.lane.name}-best")
        order = [lane.name for lane in lanes]
        before = self.metrics
        runs = sorted([*before["runs"], result.record], key=lambda run: order.index(run["lane"]))
        self.metrics = {**before, "runs": runs, "summary": summarise(runs)}
        try:
            self._write_metrics()
        except BaseException:
            self.metrics = before  # so that nobody is told that it is kept
            raise
        self.keep.forget(result.lane.name)

    def _save(self, network: Network, lane: Lane, name: str) -> None:
        model = Model(
            network,
            preprocessing=self.split.preprocessing,
            training={**self.metrics["settings"], **vars(lane)},
            classes=list(range(self.split.classes)),
            data={
                **self.metrics["data"],
                "split_seed": self.split.split_seed,
                "title": self.split.title,
                "image_shape": list(self.split.image_shape),
            },
        )
        save_model(self.path / "models" / f"{name}.npz", model)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep other processes out: two would write over each other.

        Temporary files that a killed process has left are removed.
        """
        with locked(self.path / NAME) as is_ours:
            if not is_ours:
                raise ChainruleError(
                    f"{self.path} is in use by another process: wait until it ends, or end it."
                )
            self.keep.clean()
            for lane in self.lanes:
                self.keep.forget(lane)
            (self.path / "models").mkdir(exist_ok=True)
            yield

    def _write_metrics(self) -> None:
        text = json.dumps(_without_nan(self.metrics), allow_nan=False, indent=1)
        with replacing(self.path / "metrics.json") as file:
            file.write(text.encode())

    def abandon(self) -> str:
        """Remove the folder if nothing can be gone on with; return what is kept, in words."""
        runs = self.metrics.get("runs", [])
        checkpoints = self.keep.checkpoints
        if runs or checkpoints:
            kept = [f"the result of {run['lane']}" for run in runs]
            kept += [f"a checkpoint of {path.stem}" for path in checkpoints]
            return f"Kept in {self.path}: {', '.join(kept)}. To go on: chainrule resume {self.path}"
        if self.path in self._made:
            shutil.rmtree(self.path, ignore_errors=True)
        elif self.path.exists():
            shutil.rmtree(self.path / "models", ignore_errors=True)
            for name in ("metrics.json", NAME):
                (self.path / name).unlink(missing_ok=True)
        for folder in self._made[1:]:
            if not any(folder.iterdir()):
                folder.rmdir()
        return "Nothing was kept: there was no checkpoint yet."

    def words_of_best(self, run: Mapping[str, Any]) -> str:
        """Say where the best network of a run that diverged is kept."""
        epoch = run["stopped"]["best_epoch"]
        if epoch is None:
            return "No epoch had ended, so there is no network to keep."
        accuracy = run["history"]["val_accuracy"][epoch - 1]
        path = self.path / "models" / f"{run['lane']}-best.npz"
        return f"The best network before, of epoch {epoch} ({accuracy:.2%} validation), is {path}."

    def draw_figures(self) -> None:
        """Write figures/*.png and report.html."""
        folder = self.path / "figures"
        folder.mkdir(exist_ok=True)
        for name, figure in self._figures():
            plots.save_figure(figure, folder / f"{name}.png")
        write_report(self.path)

    def _figures(self) -> Iterator[tuple[str, Any]]:
        split, runs = self.split, self.metrics["runs"]
        finished = [run for run in runs if run["status"] == "finished"]
        yield (
            "samples",
            plots.samples(
                split.images(split.X_train), split.y_train, title=f"Samples of {split.title}"
            ),
        )
        yield (
            "training_comparison",
            plots.training_comparison(
                [run["history"] for run in runs],
                [run["lane"] for run in runs],
                classes=split.classes,
                title=f"Training compared: {split.title}",
            ),
        )
        yield from self._figures_of_settings(settings_of(runs))
        for run in finished:
            yield from self._figures_of_run(run)
        if finished:
            yield from self._figures_of_answers(better_run(finished))

    def _figures_of_settings(self, settings: Sequence[Setting]) -> Iterator[tuple[str, Any]]:
        """Draw what several seeds and several rates show; nothing where there was one of each."""
        split = self.split
        if any(len(setting.runs) > 1 for setting in settings):
            yield (
                "curves_with_bands",
                plots.curves_with_bands(
                    {
                        f"{name_of(best)}, rate {best.learning_rate:g}": [
                            run["history"] for run in best.runs
                        ]
                        for best in best_settings(settings).values()
                    },
                    classes=split.classes,
                    title=f"Validation accuracy over the seeds: {split.title}",
                ),
            )
        by_rate = _accuracies_by_rate(settings)
        if any(len(rates) > 1 for rates in by_rate.values()):
            yield (
                "accuracy_by_learning_rate",
                plots.accuracy_by_learning_rate(
                    by_rate,
                    classes=split.classes,
                    title=f"Validation accuracy by learning rate: {split.title}",
                ),
            )

    def _figures_of_run(self, run: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        split, lane = self.split, run["lane"]
        yield (
            f"confusion_{lane}",
            plots.confusion(
                np.array(run["confusion_matrix"]),
                title=f"{lane}: test accuracy {run['test_accuracy']:.2%}, {split.title}",
            ),
        )
        yield (
            f"first_layer_{lane}",
            plots.first_layer(
                self.networks[lane][0].parameters["weights"],
                split.image_shape,
                title=f"First layer of {lane}, {split.title}",
            ),
        )

    def _figures_of_answers(self, run: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Draw what the better network answers on test images."""
        split, lane = self.split, run["lane"]
        images = split.images(split.X_test)
        probabilities = self.networks[lane].predict_proba(split.X_test)
        predicted = probabilities.argmax(axis=1)
        chosen = np.random.default_rng(0).choice(
            len(images), size=min(10, len(images)), replace=False
        )
        yield (
            "predictions",
            plots.predictions(
                images[chosen],
                split.y_test[chosen],
                predicted[chosen],
                probabilities[chosen],
                black_and_white=(0.0, 1.0),
                title=f"Predictions of {lane} on test images, {split.title}",
            ),
        )
        yield (
            "mistakes",
            plots.mistakes(
                images,
                split.y_test,
                predicted,
                probabilities,
                title=f"Surest mistakes of {lane} on test images, {split.title}",
            ),
        )

    def _check_path(self) -> None:
        """Find out before the training whether the folder can be made."""
        existing = next(folder for folder in (self.path, *self.path.parents) if folder.exists())
        if not existing.is_dir():
            raise ChainruleError(f"--out needs a folder, but {existing} is a file: name another.")
        if existing == self.path and any(existing.iterdir()):
            raise ChainruleError(
                f"The run folder {self.path} holds something already: name a new one with --out."
            )
        probe = existing / f".chainrule-{time.time_ns()}"
        try:
            probe.mkdir()
            probe.rmdir()
        except OSError as error:
            raise ChainruleError(
                f"The run folder {self.path} cannot be made: {existing} cannot be written "
                f"({error.strerror}); name another with --out."
            ) from error


def _accuracies_by_rate(settings: Sequence[Setting]) -> dict[str, dict[float, list[float]]]:
    """Return the validation accuracies by optimizer (and batch size, where several) and rate."""
    several = len({setting.batch_size for setting in settings}) > 1
    accuracies: dict[str, dict[float, list[float]]] = {}
    for setting in settings:
        batches = f", batches of {setting.batch_size}" if several else ""
        by_rate = accuracies.setdefault(f"{name_of(setting)}{batches}", {})
        by_rate[setting.learning_rate] = [run["val_accuracy"] for run in setting.runs]
    return accuracies


def summarise(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one entry for each optimizer and rate; means over its finished runs, NaN if none."""
    groups: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["optimizer"], run["learning_rate"]), []).append(run)
    summary = []
    for (optimizer, learning_rate), group in groups.items():
        finished = [run for run in group if run["status"] == "finished"]
        accuracies = [run["test_accuracy"] for run in finished] or [math.nan]
        seconds = [run["train_seconds"] for run in finished] or [math.nan]
        summary.append(
            {
                "optimizer": optimizer,
                "learning_rate": learning_rate,
                "runs": len(group),
                "test_accuracy_mean": fmean(accuracies),
                "test_accuracy_min": min(accuracies),
                "test_accuracy_max": max(accuracies),
                "train_seconds_mean": fmean(seconds),
            }
        )
    return summary


def environment(threads: int) -> dict[str, Any]:
    """Return what the same bits depend on: versions, BLAS, threads and processor."""
    from threadpoolctl import threadpool_info

    libraries: list[dict[str, Any]] = threadpool_info()
    blas = next((library for library in libraries if library["user_api"] == "blas"), {})
    words = (blas.get(key) for key in ("internal_api", "version", "architecture"))
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": " ".join(str(word) for word in words if word) or "unknown",
        "threads": threads,
        "cpu": _processor(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _default_path(kind: str) -> Path:
    name = time.strftime(f"{kind}-%Y%m%d-%H%M%S")
    path = Path("runs") / name
    repeat = 2
    while path.exists():
        path = Path("runs") / f"{name}-{repeat}"
        repeat += 1
    return path


def _without_nan(value: Any) -> Any:
    """Return `value` with None in place of every number that is not finite: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
