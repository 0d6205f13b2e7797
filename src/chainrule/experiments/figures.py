"""The figures that a run leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule import plots
from chainrule.data.distort import examples_of
from chainrule.data.split import Split
from chainrule.experiments.run_folder import FIGURES, RunFolder
from chainrule.experiments.statistics import (
    Run,
    Setting,
    best_settings,
    better_run,
    finished,
    settings_of,
)
from chainrule.experiments.words import WHY_BELOW
from chainrule.network import Network
from chainrule.terminal import Say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COPIES = 16

Figures: TypeAlias = "Iterator[tuple[str, Callable[[], Figure]]]"  # built when it is written


def draw(folder: RunFolder, figures: Figures, say: Say, drawn: Collection[str] = ()) -> set[str]:
    """Write figures by name into a run folder; one that fails costs a notice and no more.

    By then the results stand on disk: nothing that happens while drawing may lose the run. What
    has been `drawn` already is left out. Returns the names of all.
    """
    place = folder.path / FIGURES
    place.mkdir(exist_ok=True)
    names = {*drawn}
    for name, build in figures:
        if name in names:
            continue
        names.add(name)
        try:
            plots.save_figure(build(), place / f"{name}.png")
        except Exception as error:
            say(
                f"The figure {name} is missing, for drawing it failed ({type(error).__name__}: "
                f"{error}); results and models are kept in {folder.path}."
            )
    return names


def figures_of_training(folder: RunFolder) -> Figures:
    """Draw the curves of a training, what it saw, and, if it finished, its confusion matrix."""
    (run,), split = folder.metrics["runs"], folder.split
    yield from _figures_of_distortion(folder)
    yield "training", partial(_curves, [run], split, f"Training of {run['lane']}")
    if run["status"] == "finished":
        yield "confusion", partial(_confusion, run, split)


def figures_of_comparison(folder: RunFolder) -> Figures:
    """Draw what is compared, how each run learned, and what the better network answers."""
    runs, split = folder.metrics["runs"], folder.split
    yield from figures_of_images(folder)
    yield from _figures_of_distortion(folder)
    yield "training_comparison", partial(_curves, runs, split, "Training compared")
    yield from _figures_of_settings(settings_of(runs), split)
    for run in runs:
        yield from figures_of_lane(folder, run["lane"])
    if finished(runs):
        lane = better_run(runs)["lane"]
        yield from _figures_of_answers(lane, folder.networks[lane], split)


def figures_of_images(folder: RunFolder) -> Figures:
    """Draw some of the images to train on."""
    yield "samples", partial(_samples, folder.split)


def figures_of_lane(folder: RunFolder, lane: str) -> Figures:
    """Draw what a lane that has finished answers, and its first layer."""
    split = folder.split
    for run in finished(folder.metrics["runs"]):
        if run["lane"] == lane:
            yield f"confusion_{lane}", partial(_confusion, run, split)
            weights = folder.networks[lane][0].parameters["weights"]
            title = f"First layer of {lane}, {split.title}"
            build = partial(plots.first_layer, weights, split.image_shape, title=title)
            yield f"first_layer_{lane}", build


def _samples(split: Split) -> Figure:
    X, title = split.X_train, f"Samples of {split.title}"
    images = X.images[X.chosen].reshape(-1, *split.image_shape)  # bytes, as all are looked at
    return plots.samples(images, split.y_train, classes=split.classes, title=title)


def _figures_of_distortion(folder: RunFolder) -> Figures:
    """Draw a digit and the copies of it that the first epochs train on, if they are distorted."""
    if strength := folder.metrics["settings"].get("distort"):
        seed = folder.metrics["runs"][0]["seed"]
        yield "distorted", partial(_distorted, folder.split, seed, strength)


def _distorted(split: Split, seed: int, strength: float) -> Figure:
    X: Any = examples_of(split, seed=seed, strength=strength)
    rows = [split.X_train[:1]]
    for epoch in range(COPIES):
        X.begin_epoch(epoch)
        rows.append(X[:1])
    images = split.images(np.concatenate(rows))
    title = f"An image and {COPIES} copies to train on, {split.title}: {WHY_BELOW}"
    return plots.distorted(images, title=title)


def _curves(runs: Sequence[Run], split: Split, title: str) -> Figure:
    return plots.training_comparison(
        [run["history"] for run in runs],
        [run["lane"] for run in runs],
        classes=len(split.classes),
        title=f"{title}: {split.title}",
    )


def _confusion(run: Run, split: Split) -> Figure:
    title = f"{run['lane']}: test accuracy {run['test_accuracy']:.2%}, {split.title}"
    return plots.confusion(run["confusion_matrix"], classes=split.classes, title=title)


def _figures_of_settings(settings: Sequence[Setting], split: Split) -> Figures:
    """Draw what several seeds and several rates show; nothing where there was one of each."""
    if any(len(setting.runs) > 1 for setting in settings):
        bands = {
            f"{best.name}, rate {best.learning_rate:g}": [run["history"] for run in best.runs]
            for best in best_settings(settings).values()
        }
        title = f"Validation accuracy over the seeds: {split.title}"
        count = len(split.classes)
        build = partial(plots.curves_with_bands, bands, classes=count, title=title)
        yield "curves_with_bands", build
    by_rate = _accuracies_by_rate(settings)
    if any(len(rates) > 1 for rates in by_rate.values()):
        title = f"Validation accuracy by learning rate: {split.title}"
        count = len(split.classes)
        best = partial(plots.accuracy_by_learning_rate, by_rate, classes=count, title=title)
        yield "accuracy_by_learning_rate", best


def _accuracies_by_rate(settings: Sequence[Setting]) -> dict[str, dict[float, list[float]]]:
    """Return the validation accuracies by optimizer (and batch size, where several) and rate."""
    several = len({setting.batch_size for setting in settings}) > 1
    accuracies: dict[str, dict[float, list[float]]] = {}
    for setting in settings:
        batches = f", batches of {setting.batch_size}" if several else ""
        by_rate = accuracies.setdefault(f"{setting.name}{batches}", {})
        by_rate[setting.learning_rate] = [run["val_accuracy"] for run in setting.runs]
    return accuracies


def _figures_of_answers(lane: str, network: Network, split: Split) -> Figures:
    """Draw what a network answers on test images, and where it is surest and wrong."""
    images, labels = split.images(split.X_test), split.y_test
    probabilities = network.predict_proba(split.X_test)
    predicted = probabilities.argmax(axis=1)
    count = min(10, len(images))
    chosen = np.random.default_rng(0).choice(len(images), size=count, replace=False)
    answers = partial(
        plots.predictions,
        images[chosen],
        labels[chosen],
        predicted[chosen],
        probabilities[chosen],
        black_and_white=(0.0, 1.0),
        classes=split.classes,
        title=f"Predictions of {lane} on test images, {split.title}",
    )
    yield "predictions", answers
    title = f"Surest mistakes of {lane} on test images, {split.title}"
    everything = (images, labels, predicted, probabilities)
    yield "mistakes", partial(plots.mistakes, *everything, classes=split.classes, title=title)
