"""A fair answer to "which optimizer is better?": chosen on validation, judged on test by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, TypeAlias

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.plots.lines import OPTIMIZER_NAMES

Run: TypeAlias = Mapping[str, Any]  # an entry of "runs" in metrics.json

LEVEL = 0.95


@dataclass(frozen=True)
class Setting:
    """An optimizer at one learning rate and batch size, with a run for each seed.

    Attributes
    ----------
    optimizer : str
    learning_rate : float
    batch_size : int
    runs : tuple of mappings
        Entries of metrics.json.
    """

    optimizer: str
    learning_rate: float
    batch_size: int
    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        """What a sentence or a legend calls the optimizer."""
        return OPTIMIZER_NAMES.get(self.optimizer, self.optimizer)

    @property
    def finished(self) -> list[Run]:
        """The runs that came to their end."""
        return finished(self.runs)

    @property
    def diverged(self) -> list[Run]:
        """The runs whose loss stopped being finite."""
        return [run for run in self.runs if run["status"] == "diverged"]

    @property
    def validation(self) -> float:
        """Mean validation accuracy of the finished runs; NaN if there is none."""
        return self.mean("val_accuracy")

    @property
    def rank(self) -> tuple[int, float]:
        """What settings are chosen by: more finished runs, then validation. Test has no say."""
        return len(self.finished), round(self.validation, 12) if self.finished else -math.inf

    def mean(self, quantity: str) -> float:
        """Return the mean of a number of the finished runs; NaN if there is none."""
        return fmean(_numbers(self.runs, quantity))


@dataclass(frozen=True)
class Difference:
    """How far `first` is ahead of `second` in test accuracy, seed by seed.

    Attributes
    ----------
    first, second : Setting
    by_seed : dict of int to float
        Test accuracy of `first` less that of `second`, for each seed that finished with both.
    level : float
        Confidence level of the interval.
    interval : (float, float) or None
        t-interval of the mean difference; None for less than two seeds, and where every seed gives
        the same difference, which leaves no spread to judge by.
    """

    first: Setting
    second: Setting
    by_seed: dict[int, float]
    level: float
    interval: tuple[float, float] | None

    @property
    def mean(self) -> float:
        """Mean over the seeds; NaN if there is none."""
        return fmean(self.by_seed.values()) if self.by_seed else math.nan

    @property
    def sign(self) -> int:
        """1 if `first` is better, -1 if `second` is, 0 if the interval does not tell."""
        low, high = self.interval or (0.0, 0.0)
        return (low > 0) - (high < 0)


@dataclass(frozen=True)
class FairAnswer:
    """Each optimizer at its best setting, and the first of them against each of the others.

    Attributes
    ----------
    settings : tuple of Setting
        All that were run, in the order of the runs.
    chosen : tuple of Setting
        One an optimizer, by falling validation accuracy; those that only diverged are left out.
    only_diverged : tuple of Setting
        One of each optimizer without any finished run.
    differences : tuple of Difference
        The first of `chosen` against each of the others.
    """

    settings: tuple[Setting, ...]
    chosen: tuple[Setting, ...]
    only_diverged: tuple[Setting, ...]
    differences: tuple[Difference, ...]


def fair_answer(runs: Sequence[Run]) -> FairAnswer:
    """Choose the best setting of each optimizer on validation, and compare them on the test set.

    Several intervals hold together with 95 %: each is drawn at the level 1 - 0.05 / number of
    intervals (Bonferroni).

    Parameters
    ----------
    runs : sequence of mappings
        The entries of metrics.json.

    Returns
    -------
    FairAnswer
    """
    settings = settings_of(runs)
    best = best_settings(settings).values()
    with_result = (setting for setting in best if setting.finished)
    chosen = sorted(with_result, key=lambda setting: setting.validation, reverse=True)
    pairs = [(chosen[0], other, _by_seed(chosen[0], other)) for other in chosen[1:]]
    intervals = sum(len(by_seed) > 1 for *_, by_seed in pairs)
    level = 1 - (1 - LEVEL) / max(1, intervals)
    return FairAnswer(
        tuple(settings),
        tuple(chosen),
        tuple(setting for setting in best if not setting.finished),
        tuple(Difference(*pair, level, _interval(pair[2], level)) for pair in pairs),
    )


def settings_of(runs: Sequence[Run]) -> list[Setting]:
    """Group runs that differ in their seed alone, in the order in which they come."""
    groups = _grouped(runs, "optimizer", "learning_rate", "batch_size")
    return [
        Setting(optimizer, learning_rate, batch_size, tuple(group))
        for (optimizer, learning_rate, batch_size), group in groups.items()
    ]


def summarise(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return one entry for each optimizer and rate; means over its finished runs, NaN if none."""
    summary = []
    for (optimizer, learning_rate), group in _grouped(runs, "optimizer", "learning_rate").items():
        accuracies = _numbers(group, "test_accuracy")
        summary.append(
            {
                "optimizer": optimizer,
                "learning_rate": learning_rate,
                "runs": len(group),
                "test_accuracy_mean": fmean(accuracies),
                "test_accuracy_min": min(accuracies),
                "test_accuracy_max": max(accuracies),
                "train_seconds_mean": fmean(_numbers(group, "train_seconds")),
            }
        )
    return summary


def best_settings(settings: Sequence[Setting]) -> dict[str, Setting]:
    """Return for each optimizer the setting of the highest mean validation accuracy.

    A setting of which a run diverged gives way to one of which more runs finished.
    """
    best: dict[str, Setting] = {}
    for setting in settings:
        if setting.optimizer not in best or setting.rank > best[setting.optimizer].rank:
            best[setting.optimizer] = setting
    return best


def better_run(runs: Sequence[Run]) -> Run:
    """Return the finished run with the highest validation accuracy; the test set has no say."""

    def key(run: Run) -> tuple[float, float]:
        losses = run["history"]["val_loss"]
        return run["val_accuracy"], -losses[(run.get("kept_epoch") or len(losses)) - 1]

    return max(finished(runs), key=key)


def finished(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that came to their end."""
    return [run for run in runs if run["status"] == "finished"]


def t_interval(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Return Student's confidence interval of the mean.

    mean ± t((1 + level) / 2; n - 1) · s / √n, with the sample's standard deviation s (Student,
    "The Probable Error of a Mean", 1908).

    Parameters
    ----------
    values : sequence of float
        At least two.
    level : float
        Between 0 and 1.

    Returns
    -------
    (float, float)
        Lower and upper end.

    Raises
    ------
    ChainruleError
        For fewer than two values, or another level.
    """
    level = checks.real_number("level", level, above=0, below=1)
    if len(values) < 2:
        raise ChainruleError(
            f"An interval needs at least two values, got {len(values)}: run more seeds."
        )
    quantile = float(checks.extra("scipy.special").stdtrit(len(values) - 1, (1 + level) / 2))
    mean, half = fmean(values), quantile * stdev(values) / math.sqrt(len(values))
    return mean - half, mean + half


def _grouped(runs: Sequence[Run], *keys: str) -> dict[tuple[Any, ...], list[Run]]:
    groups: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault(tuple(run[key] for key in keys), []).append(run)
    return groups


def _numbers(runs: Sequence[Run], quantity: str) -> list[float]:
    """Return a number of each finished run; NaN alone if there is none."""
    return [run[quantity] for run in finished(runs)] or [math.nan]


def _by_seed(first: Setting, second: Setting) -> dict[int, float]:
    others = {run["seed"]: run["test_accuracy"] for run in second.finished}
    return {
        run["seed"]: round(run["test_accuracy"] - others[run["seed"]], 12)  # equal stays equal
        for run in first.finished
        if run["seed"] in others
    }


def _interval(by_seed: Mapping[int, float], level: float) -> tuple[float, float] | None:
    return t_interval(list(by_seed.values()), level) if len(set(by_seed.values())) > 1 else None
