"""A run folder: metrics.json, the models and the figures that a comparison leaves behind."""

from __future__ import annotations

import json
import math
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from chainrule import plots
from chainrule.checks import ChainruleError
from chainrule.data.split import Split
from chainrule.experiments.lanes import Lane, Result
from chainrule.files import replacing
from chainrule.network import Network
from chainrule.storage import Model, load_model, save_model

SCHEMA = 1


class RunFolder:
    """Where a comparison writes; nothing in it is ever half-written.

    Parameters
    ----------
    path : Path, optional
        A folder that is new or empty; by default runs/compare- with date and time.

    Attributes
    ----------
    path : Path
    metrics : dict
        What stands in metrics.json.
    networks : dict of str to Network
        The trained networks by lane.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = _default_path() if path is None else path
        self.metrics: dict[str, Any] = {}
        self.networks: dict[str, Network] = {}
        self._made: list[Path] = []
        self._check_path()

    def open(self, settings: Mapping[str, Any], split: Split) -> None:
        """Make the folder and note down what every run shares."""
        missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            (self.path / "models").mkdir(parents=True)
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

    @classmethod
    def reopened(cls, path: Path) -> RunFolder:
        """Return the folder of a comparison that was stopped, with all that it holds.

        Raises
        ------
        ChainruleError
            If it is not such a folder.
        """
        folder = cls.__new__(cls)
        folder.path, folder._made = path, []
        folder.metrics = read_metrics(path)
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
            save_model(
                self.path / "models" / f"{result.lane.name}.npz",
                Model(
                    result.network,
                    preprocessing=self.split.preprocessing,
                    training={**self.metrics["settings"], **vars(result.lane)},
                    classes=list(range(self.split.classes)),
                    data={**self.metrics["data"], "split_seed": self.split.split_seed},
                ),
            )
        order = [lane.name for lane in lanes]
        self.metrics["runs"].append(result.record)
        self.metrics["runs"].sort(key=lambda run: order.index(run["lane"]))
        self.metrics["summary"] = summarise(self.metrics["runs"])
        self._write_metrics()

    def _write_metrics(self) -> None:
        text = json.dumps(_without_nan(self.metrics), allow_nan=False, indent=1)
        with replacing(self.path / "metrics.json") as file:
            file.write(text.encode())

    def abandon(self) -> str:
        """Remove the folder if no lane has ended; return a sentence that says what is kept."""
        runs = self.metrics.get("runs", [])
        if runs:
            names = ", ".join(run["lane"] for run in runs)
            return f"Kept in {self.path}: metrics.json and the models of {names}."
        if self.path in self._made:
            shutil.rmtree(self.path, ignore_errors=True)
        elif self.path.exists():
            shutil.rmtree(self.path / "models", ignore_errors=True)
            (self.path / "metrics.json").unlink(missing_ok=True)
        for folder in self._made[1:]:
            if not any(folder.iterdir()):
                folder.rmdir()
        return "Nothing was kept: no lane had ended."

    def draw_figures(self) -> None:
        """Write figures/*.png."""
        split, runs = self.split, self.metrics["runs"]
        finished = [run for run in runs if run["status"] == "finished"]
        figures = {
            "samples": plots.samples(
                split.images(split.X_train), split.y_train, title=f"Samples of {split.title}"
            ),
            "training_comparison": plots.training_comparison(
                [run["history"] for run in runs],
                [run["lane"] for run in runs],
                classes=split.classes,
                title=f"Training compared: {split.title}",
            ),
        }
        for run in finished:
            figures[f"confusion_{run['lane']}"] = plots.confusion(
                np.array(run["confusion_matrix"]),
                title=f"{run['lane']}: test accuracy {run['test_accuracy']:.2%}, {split.title}",
            )
        if finished:
            figures["predictions"] = self._predictions(better_run(finished))
        folder = self.path / "figures"
        folder.mkdir(exist_ok=True)
        for name, figure in figures.items():
            plots.save_figure(figure, folder / f"{name}.png")

    def _predictions(self, run: Mapping[str, Any]) -> Any:
        split = self.split
        chosen = np.random.default_rng(0).choice(
            len(split.X_test), size=min(10, len(split.X_test)), replace=False
        )
        probabilities = self.networks[run["lane"]].predict_proba(split.X_test[chosen])
        return plots.predictions(
            split.images(split.X_test[chosen]),
            split.y_test[chosen],
            probabilities.argmax(axis=1),
            probabilities,
            black_and_white=(0.0, 1.0),
            title=f"Predictions of {run['lane']} on test images, {split.title}",
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


def read_metrics(folder: Path) -> dict[str, Any]:
    """Return metrics.json of a run folder, NaN where it has null in a history.

    Raises
    ------
    ChainruleError
        If there is none, or it is damaged or of another version.
    """
    path = folder / "metrics.json"
    try:
        metrics = json.loads(path.read_bytes())
        if metrics["schema"] != SCHEMA:
            raise ChainruleError(
                f"{path} has version {metrics['schema']}, this Chainrule reads {SCHEMA}."
            )
        for run in metrics["runs"]:
            for values in run["history"].values():
                values[:] = [math.nan if value is None else float(value) for value in values]
        _ = metrics["data"]["sha256"], metrics["settings"], metrics["environment"]
    except OSError as error:
        raise ChainruleError(
            f"{folder} is not the run folder of a comparison: {path} cannot be read "
            f"({error.strerror}); name a folder that 'chainrule compare' wrote."
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, ChainruleError):
            raise
        raise ChainruleError(f"{path} is damaged, or not a comparison's: {error!r}.") from error
    return metrics


def better_run(runs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the finished run with the highest validation accuracy; the test set has no say."""
    return max(
        (run for run in runs if run["status"] == "finished"),
        key=lambda run: (run["val_accuracy"], -run["history"]["val_loss"][-1]),
    )


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


def _default_path() -> Path:
    name = time.strftime("compare-%Y%m%d-%H%M%S")
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
