"""How good a network is: in numbers, and in the course's pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks, plots
from chainrule.checks import Array, ChainruleError, Integers
from chainrule.network import Network
from chainrule.training import History

COURSE_LABELS = ("Adam", "SGD")
FIGURES = Path("figures")  # under the working folder; used where there is no screen


def accuracy(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Return the share of predicted classes that equal the labels, from 0 to 1."""
    labels, predicted = _pair(labels, predicted)
    return float(np.mean(labels == predicted))


def confusion_matrix(
    labels: ArrayLike, predicted: ArrayLike, classes: int | None = None
) -> Integers:
    """Count how often each true class was taken for each class.

    Parameters
    ----------
    labels, predicted : integers, shape (n,)
    classes : int, optional
        How many there are; by default the largest label or prediction, plus 1.

    Returns
    -------
    integers, shape (classes, classes)
        Rows are true classes, columns predicted ones.
    """
    labels, predicted = _pair(labels, predicted)
    largest = int(max(labels.max(), predicted.max()))
    classes = largest + 1 if classes is None else checks.whole_number("classes", classes)
    if min(labels.min(), predicted.min()) < 0 or largest >= classes:
        raise ChainruleError(f"Classes must lie from 0 to {classes - 1}, got up to {largest}.")
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def precision_and_recall(matrix: ArrayLike) -> tuple[Array, Array]:
    """Return for each class how far to trust it when predicted, and how much of it is found.

    Parameters
    ----------
    matrix : integers, shape (classes, classes)
        A confusion matrix: rows are true classes, columns predicted ones.

    Returns
    -------
    precision, recall : float64, shape (classes,)
        The share right among the images predicted as the class, and among the images of the
        class; NaN where there are none.
    """
    counts = checks.numbers("A confusion matrix", matrix, np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ChainruleError(f"A confusion matrix must be square, got the shape {counts.shape}.")
    right, predicted, true = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    nowhere = np.full(len(counts), np.nan)
    precision = np.divide(right, predicted, out=nowhere.copy(), where=predicted > 0)
    return precision, np.divide(right, true, out=nowhere, where=true > 0)


def evaluate_network(
    network: Network, X_test: ArrayLike, y_test: ArrayLike, *, verbose: bool = True
) -> float:
    """Return the accuracy on a test set, print it and show the confusion matrix.

    Parameters
    ----------
    network : Network
    X_test : array, shape (n, features)
        Preprocessed as the training images were.
    y_test : integers, shape (n,)
    verbose : bool
        False neither prints nor shows.

    Returns
    -------
    float
        From 0 to 1.
    """
    predicted = network.predict(X_test)
    share = accuracy(y_test, predicted)
    if verbose:
        print(f"Test accuracy: {share:.2%} of {len(predicted):,} images")
        _show("confusion", plots.confusion, confusion_matrix(y_test, predicted))
    return share


def visualize_mnist_samples(
    X: ArrayLike, y: ArrayLike, num_samples: int = 10, *, rng: int | np.random.Generator = 0
) -> None:
    """Show some images with their labels.

    Parameters
    ----------
    X : array, shape (n, height, width) or (n, pixels)
    y : integers, shape (n,)
    num_samples : int
    rng : int or numpy.random.Generator
        Chooses the images.
    """
    _show("samples", plots.samples, X, y, rng=rng, num_samples=num_samples)


def plot_training_comparison(
    history_adam: History,
    history_sgd: History | None = None,
    *more: History,
    labels: Sequence[str] = COURSE_LABELS,
) -> None:
    """Show the training loss and the validation accuracy of one run or more, epoch by epoch.

    A single run is called "network", if `labels` does not name its optimizer. Where nothing was
    validated on, the accuracy is that of training.
    """
    histories = [run for run in (history_adam, history_sgd, *more) if run is not None]
    if len(histories) == 1 and labels is COURSE_LABELS:
        labels = ["network"]
    if len(labels) != len(histories):
        raise ChainruleError(
            f"labels must name each of the {len(histories)} histories, got {list(labels)}."
        )
    _show("training_comparison", plots.training_comparison, histories, labels)


def visualize_predictions(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    num_samples: int = 10,
    *,
    rng: int | np.random.Generator = 0,
) -> None:
    """Show some images with their true and predicted class.

    The smallest number in X is drawn black and the largest white.

    Parameters
    ----------
    network : Network
    X : array, shape (n, features)
        Preprocessed as the training images were.
    y : integers, shape (n,)
    num_samples : int
    rng : int or numpy.random.Generator
        Chooses the images.
    """
    X = checks.examples("X", X)
    labels = checks.labels("y", y, len(X))
    count = checks.whole_number("num_samples", num_samples, at_least=1)
    chosen = checks.generator(rng).choice(len(X), size=min(count, len(X)), replace=False)
    probabilities = network.predict_proba(X[chosen])
    _show(
        "predictions",
        plots.predictions,
        X[chosen],
        labels[chosen],
        probabilities.argmax(axis=1),
        probabilities,
        black_and_white=(X.min(), X.max()),
    )


def _pair(labels: ArrayLike, predicted: ArrayLike) -> tuple[Integers, Integers]:
    checked = checks.labels("labels", labels, np.shape(labels)[0] if np.ndim(labels) else 0)
    if not len(checked):
        raise ChainruleError("labels is empty: at least one example is needed.")
    return checked, checks.labels("predicted", predicted, len(checked))


def _show(name: str, build: Callable[..., object], *what: Any, **how: Any) -> None:
    """Build on a pyplot figure and show it; without a screen, save it and print the path."""
    plt: Any = checks.extra("matplotlib.pyplot")
    figure = plt.figure()
    build(*what, **how, figure=figure)
    if _can_show(plt.get_backend()):
        plt.show()
        return
    path = _next_path(name)
    plots.save_figure(figure, path)
    plt.close(figure)
    print(f"Saved {path}")


def _can_show(backend: str) -> bool:
    from matplotlib.backends.registry import BackendFilter, backend_registry

    list_builtin: Callable[[BackendFilter], list[str]] = backend_registry.list_builtin
    files_only = list_builtin(BackendFilter.NON_INTERACTIVE)
    return backend.lower() not in files_only


def _next_path(name: str) -> Path:
    """Take figures/NN-name.png, with the first NN behind those that are there."""
    FIGURES.mkdir(exist_ok=True)
    numbers = [path.name.split("-")[0] for path in FIGURES.glob("*-*.png")]
    last = max((int(number) for number in numbers if number.isdecimal()), default=0)
    paths = (FIGURES / f"{number:02d}-{name}.png" for number in count(last + 1))
    return next(path for path in paths if _is_ours(path))


def _is_ours(path: Path) -> bool:
    """Make a file; return whether no other process has made it in the meantime."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
