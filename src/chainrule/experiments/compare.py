"""Fair comparisons: the same start and the same batches for every optimizer, in parallel lanes."""

from __future__ import annotations

from contextlib import closing, nullcontext
from itertools import chain
from pathlib import Path

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.experiments.backends import run_in_processes, run_on_dask, started_ahead
from chainrule.experiments.figures import (
    draw,
    figures_of_comparison,
    figures_of_images,
    figures_of_lane,
)
from chainrule.experiments.lanes import Result
from chainrule.experiments.metrics import METRICS
from chainrule.experiments.report import write_report
from chainrule.experiments.run_folder import RunFolder
from chainrule.experiments.settings import Settings, settings_from
from chainrule.experiments.starting import begin, go_on
from chainrule.experiments.words import momentum_words
from chainrule.terminal import Say, tell


def compare(
    settings: Settings,
    *,
    out: Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    say: Say = tell,
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
    if jobs is not None:
        checks.whole_number("jobs", jobs, at_least=1)
    started = nullcontext() if scheduler else started_ahead(settings, jobs)
    with started, begin(settings, "compare", out, say) as folder:
        if settings.momentum is not None:
            say(f"Momentum {momentum_words(vars(settings))}.")
        _run(folder, settings, jobs, scheduler, say, progress)
    return folder


def resume(
    path: Path,
    *,
    data: str | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    say: Say = tell,
    progress: bool = True,
) -> RunFolder:
    """Go on with a comparison that was stopped: run the lanes that its folder lacks.

    Parameters
    ----------
    path : Path
        The run folder of the comparison; its settings are taken.
    data : str, optional
        Where its data is now, if it was moved; other data is refused.
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
    with RunFolder.reopened(path, "compare") as folder:
        settings = settings_from(Settings, folder.metrics["settings"])
        asked = [lane.name for lane in settings.lanes]
        if strangers := [name for name in folder.lanes if name not in asked]:
            raise ChainruleError(
                f"{path / METRICS} holds runs that its settings do not ask for: "
                f"{', '.join(strangers)}; restore the file."
            )
        go_on(folder, settings, data, say)
        there = len(folder.lanes)
        say(f"{there} of {len(asked)} lanes are there, {len(asked) - there} to go.")
        with folder.kept(say):
            _run(folder, settings, jobs, scheduler, say, progress)
    return folder


def _run(
    folder: RunFolder,
    settings: Settings,
    jobs: int | None,
    scheduler: str | None,
    say: Say,
    progress: bool,
) -> None:
    """Take the lanes that the folder lacks into it as they end, then draw and write the report.

    What shows one lane, or images alone, is drawn once a lane has ended, while others train.
    """
    missing = [lane for lane in settings.lanes if lane.name not in folder.lanes]
    names = ("hidden", "epochs", "threads", "early_stopping", "distort")
    shared = {name: vars(settings)[name] for name in names}
    if scheduler is None:
        shared |= {"progress": progress, "keep": folder.keep}
        results = run_in_processes(missing, folder.split, jobs, **shared)
    else:
        results = run_on_dask(missing, folder.split, scheduler, **shared)
    drawn: set[str] = set()
    with closing(results):
        for result in results:
            folder.add(result, settings.lanes)
            if result.network is None:
                _tell_divergence(result, folder, say)
            ready = chain(figures_of_lane(folder, result.lane.name), figures_of_images(folder))
            drawn = draw(folder, ready, say, drawn)
        draw(folder, figures_of_comparison(folder), say, drawn)
        write_report(folder.path)


def _tell_divergence(result: Result, folder: RunFolder, say: Say) -> None:
    stopped = result.record["stopped"]
    say(
        f"{result.lane.name} diverged: {stopped['layer']} gave NaN or infinity at step "
        f"{stopped['step']}, at learning rate {result.lane.learning_rate:g}."
    )
    say(folder.words_of_best(result.record))
