"""One training of any network, and the run folder that it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chainrule import checks
from chainrule.experiments.figures import draw, figures_of_training
from chainrule.experiments.lanes import run_lane
from chainrule.experiments.progress import shown_progress
from chainrule.experiments.run_folder import RunFolder
from chainrule.experiments.settings import TrainingSettings, settings_from
from chainrule.experiments.starting import begin, go_on
from chainrule.plots.paper import import_matplotlib
from chainrule.terminal import Say, tell


def train(
    settings: TrainingSettings,
    *,
    out: Path | None = None,
    say: Say = tell,
    progress: bool = True,
) -> RunFolder:
    """Train one network, judge it, and write the run folder: metrics, model and figures.

    With the settings that `compare` has in common, the parameters are those of its lane, to the
    bit.

    Parameters
    ----------
    settings : TrainingSettings
    out : Path, optional
        The run folder, new or empty; by default runs/train- with date and time.
    say : callable
        Takes the notices.
    progress : bool
        Show on stderr how far it is.

    Returns
    -------
    RunFolder
        Written, also if the training diverged; then there is no model.

    Raises
    ------
    ChainruleError
        For wrong input; then no folder is left behind.
    """
    for module in ("threadpoolctl", "tqdm"):
        checks.extra(module)
    import_matplotlib()
    with begin(settings, "train", out, say) as folder:
        _run(folder, settings, say, progress)
    return folder


def resume(
    path: Path,
    *,
    data: str | None = None,
    threads: int | None = None,
    say: Say = tell,
    progress: bool = True,
) -> RunFolder:
    """Go on with a training that was stopped, to the bit as if it had not been.

    Parameters
    ----------
    path : Path
        The run folder of the training; its settings are taken.
    data : str, optional
        Where its data is now, if it was moved; other data is refused.
    threads : int, optional
        BLAS threads, if others than before; then the bits are others too, and `say` is told.
    say, progress
        As in `train`.

    Returns
    -------
    RunFolder

    Raises
    ------
    ChainruleError
        If the folder is not that of a training, or its data is not to be had.
    """
    with RunFolder.reopened(path, "train") as folder:
        settings = settings_from(TrainingSettings, folder.metrics["settings"])
        if threads is not None:
            checks.whole_number("threads", threads, at_least=1)
            settings = replace(settings, threads=threads)
        go_on(folder, settings, data, say)
        if folder.lanes:
            say(f"{path}: this training has ended already; its figures are drawn again.")
        with folder.kept(say):
            _run(folder, settings, say, progress)
    return folder


def _run(folder: RunFolder, settings: TrainingSettings, say: Say, progress: bool) -> None:
    """Train from the start or from the checkpoint that is there, unless the run has ended."""
    (lane,), split = settings.as_comparison().lanes, folder.split
    network = settings.network(split.X_train.shape[1], len(split.classes), len(split.X_train))
    keep = replace(
        folder.keep, every=settings.checkpoint_every, tensorboard=settings.log == "tensorboard"
    )
    if not folder.lanes:
        names = ("hidden", "epochs", "threads", "early_stopping", "distort")
        shared = {name: vars(settings)[name] for name in names}
        with shown_progress([lane.name], settings.epochs, progress) as report:
            result = run_lane(lane, split, network=network, keep=keep, report=report, **shared)
        folder.add(result, [lane])
    draw(folder, figures_of_training(folder), say)
