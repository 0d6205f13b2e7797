"""Loss and accuracy epoch by epoch: one curve a run, or the mean of several in a band."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from chainrule.checks import ChainruleError
from chainrule.plots.charts import (
    accuracy_guess,
    chance_of,
    charts,
    check_shares,
    checked_groups,
    finite,
    guess_words,
    loss_guess,
    percent,
    scale_accuracy,
    scale_epochs,
    scale_loss,
)
from chainrule.plots.lines import OPTIMIZER_NAMES, Legend, LineStyle, line_styles, optimizer_in
from chainrule.plots.paper import Array, add_title, count_of, drawn_in_our_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Histories: TypeAlias = Sequence[Mapping[str, Sequence[float]]]
MOST_LEGEND_ENTRIES = 8
BAND_QUANTITIES = {
    "loss": "Training loss",
    "val_loss": "Validation loss",
    "accuracy": "Training accuracy",
    "val_accuracy": "Validation accuracy",
}


def _curve(history: Mapping[str, Sequence[float]], quantity: str, label: str) -> Array:
    """Return one value an epoch; what is not finite, or None, comes back as NaN."""
    if not isinstance(history, Mapping):
        raise ChainruleError(
            f"The history of {label!r} must read as a dict of lists, got "
            f"{type(history).__name__}; give what train_network returns."
        )
    try:
        values = history[quantity]
    except KeyError:
        if any(len(history[key]) for key in history):
            raise ChainruleError(
                f"The history of {label!r} must have {quantity!r}, got only "
                f"{', '.join(sorted(history))}; give what train_network returns."
            ) from None
        values = []
    curve = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    if quantity.endswith("accuracy"):
        check_shares(curve, f"{quantity} of {label!r}")
    curve[~np.isfinite(curve)] = math.nan
    return curve


def _finite_epochs(curve: Array) -> int:
    """Return the number of epochs before the first value that is not finite."""
    missing = np.flatnonzero(np.isnan(curve))
    return int(missing[0]) if missing.size else len(curve)


def _marker_interval(epochs: int) -> int:
    return max(1, math.ceil(epochs / 25))


# ------------------------------------------------------------------------------- one curve a run


class Run(NamedTuple):
    """One run of `training_comparison`.

    Attributes
    ----------
    label : str
        Its name in legend and alt text.
    loss, accuracy : numpy.ndarray
        One value an epoch, NaN where it is not finite.
    """

    label: str
    loss: Array
    accuracy: Array

    @property
    def epochs(self) -> int:
        """Number of epochs before the first value that is not finite."""
        return min(_finite_epochs(self.loss), _finite_epochs(self.accuracy))

    def result(self, longest: int, *, with_loss: bool = False) -> str:
        """Return in words what it reached, and where it ended if another went on longer."""
        if not self.epochs:
            return f"{self.label}: no epoch finished"
        text = f"{self.label}: ends at {percent(self.accuracy[self.epochs - 1])}"
        if self.epochs < longest:
            text += f" after epoch {self.epochs}"
        return f"{text}, loss {self.loss[self.epochs - 1]:#.3g}" if with_loss else text


@drawn_in_our_style
def training_comparison(
    histories: Histories,
    labels: Sequence[str],
    *,
    classes: int | None = None,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw training loss and validation accuracy of several runs, epoch by epoch.

    Colour, marker and dash follow the optimizer that a label names; several runs of one optimizer
    differ in how their markers are filled. A run that ends before the longest, or whose loss is
    no longer finite, ends in a cross, and the legend says after which epoch.

    Parameters
    ----------
    histories : sequence of mappings
        What `train_network` returns: `loss` and `val_accuracy`, one value an epoch. One without
        any epoch, as of a run that diverged in its first, is named in the legend alone.
    labels : sequence of str
        One for each history, such as "Adam" or "sgd-seed1".
    classes : int, optional
        Number of classes. Draws the line of a uniform guess (loss ln(classes), accuracy 1/classes)
        where the curves come near it.
    title : str, optional
        Title instead of the usual one.
    figure : matplotlib.figure.Figure, optional
        Figure to draw on instead of a new one.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with its alt text.

    Raises
    ------
    ChainruleError
        If there is not one label a history, or an accuracy is not a share from 0 to 1.
    """
    runs = [
        Run(label, _curve(history, "loss", label), _curve(history, "val_accuracy", label))
        for history, label in _labelled(histories, labels)
    ]
    losses, accuracies = [run.loss for run in runs], [run.accuracy for run in runs]
    epochs = max(map(len, [*losses, *accuracies]))
    all_losses, all_accuracies = finite(losses), finite(accuracies)
    chance = chance_of(classes)
    guesses = loss_guess(all_losses, chance), accuracy_guess(all_accuracies, chance)
    styles = line_styles(run.label for run in runs)
    legend = Legend(_legend_entries(runs, styles, epochs), guess_words(*guesses))

    figure, (left, right) = charts(figure, 10, 4.2 + legend.height(), panels=2)
    _draw_curves(left, losses, styles, epochs)
    _draw_curves(right, [100 * curve for curve in accuracies], styles, epochs)
    scale_loss(left, all_losses, "Training loss", guesses[0])
    scale_accuracy(right, all_accuracies, "Validation accuracy", guesses[1])
    legend.add_to(figure)
    add_title(figure, title or "Training loss and validation accuracy")
    figure.set_label(_comparison_in_words(runs, epochs))
    return figure


def _labelled(
    histories: Histories, labels: Sequence[str]
) -> list[tuple[Mapping[str, Sequence[float]], str]]:
    if isinstance(histories, Mapping) or isinstance(labels, str):
        raise ChainruleError(
            "Histories and labels must be two lists of equal length, got a single one; "
            "put it between brackets: [history], ['Adam']."
        )
    if len(histories) != len(labels) or not len(histories):
        raise ChainruleError(
            "There must be at least one history and a label for each, got "
            f"{len(histories)} histories and {len(labels)} labels."
        )
    return [(history, str(label)) for history, label in zip(histories, labels, strict=True)]


def _draw_curves(
    axes: Axes, curves: Sequence[Array], styles: Sequence[LineStyle], epochs: int
) -> None:
    for curve, style in zip(curves, styles, strict=True):
        numbers = np.arange(1, len(curve) + 1)
        axes.plot(numbers, curve, **style.line(markevery=_marker_interval(epochs)))
        last = _finite_epochs(curve)
        if 0 < last < epochs:
            axes.plot(last, curve[last - 1], **style.cross())
    scale_epochs(axes, epochs)


def _legend_entries(
    runs: Sequence[Run], styles: Sequence[LineStyle], epochs: int
) -> dict[str, LineStyle]:
    """Return an entry for each run, or for each optimizer where the runs are many."""
    if len(runs) <= MOST_LEGEND_ENTRIES:
        return dict(zip([run.result(epochs) for run in runs], styles, strict=True))
    counts = Counter(OPTIMIZER_NAMES.get(optimizer_in(run.label) or "", run.label) for run in runs)
    entries = [f"{name}: {count_of(count, 'run')}" for name, count in counts.items()]
    return dict(zip(entries, line_styles(counts), strict=True))


def _comparison_in_words(runs: Sequence[Run], epochs: int) -> str:
    opening = f"Training loss and validation accuracy over {count_of(epochs, 'epoch')}."
    if len(runs) <= MOST_LEGEND_ENTRIES:
        results = "; ".join(run.result(epochs, with_loss=True) for run in runs)
        return f"{opening} {results}."
    begun = [run for run in runs if run.epochs]
    if not begun:
        return f"{opening} None of {len(runs)} runs finished an epoch."
    ranked = sorted(begun, key=lambda run: float(run.accuracy[run.epochs - 1]))
    return (
        f"{opening} The best of {len(runs)} runs is {ranked[-1].result(epochs)}; "
        f"the lowest is {ranked[0].result(epochs)}."
    )


# ------------------------------------------------------------------------- one curve an optimizer


@drawn_in_our_style
def curves_with_bands(
    groups: Mapping[str, Histories],
    *,
    quantity: str = "val_accuracy",
    classes: int | None = None,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw a curve for each optimizer: the mean over its runs, in a band from lowest to highest.

    Parameters
    ----------
    groups : mapping of str to sequence of mappings
        For each optimizer (its name gives the colour) the histories of its runs. Mean and band go
        over the runs that have the epoch; the legend says how many ended before the last.
    quantity : str
        "val_accuracy", "accuracy", "val_loss" or "loss".
    classes : int, optional
        Number of classes. Draws the line of a uniform guess where the curves come near it.
    title : str, optional
        Title instead of the usual one.
    figure : matplotlib.figure.Figure, optional
        Figure to draw on instead of a new one.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with its alt text.

    Raises
    ------
    ChainruleError
        If a group is empty, or `quantity` is another.
    """
    if quantity not in BAND_QUANTITIES:
        raise ChainruleError(
            f"quantity must be one of {', '.join(BAND_QUANTITIES)}, got {quantity!r}."
        )
    name, is_accuracy = BAND_QUANTITIES[quantity], quantity.endswith("accuracy")
    groups = checked_groups(groups, "{'Adam': [history, ...], 'SGD': [history, ...]}")
    stacks = {str(label): _stack(str(label), runs, quantity) for label, runs in groups.items()}
    epochs = max(stack.shape[1] for stack in stacks.values())
    values, chance = finite(stacks.values()), chance_of(classes)
    guess = accuracy_guess(values, chance) if is_accuracy else loss_guess(values, chance)
    styles = line_styles(stacks)
    results = [_last_epoch(label, stack, epochs, is_accuracy) for label, stack in stacks.items()]
    words = guess_words(None, guess) if is_accuracy else guess_words(guess, None)
    legend = Legend(dict(zip(results, styles, strict=True)), words)

    figure, (axes,) = charts(figure, 10, 4.6 + legend.height())
    for stack, style in zip(stacks.values(), styles, strict=True):
        _draw_band(axes, 100 * stack if is_accuracy else stack, style)
    scale_epochs(axes, epochs)
    (scale_accuracy if is_accuracy else scale_loss)(axes, values, name, guess)
    legend.add_to(figure)
    add_title(figure, title or f"{name}: the mean over the runs, and their range")
    figure.set_label(
        f"{name} over {count_of(epochs, 'epoch')}: the mean over the runs in a band from the "
        f"lowest to the highest. {'; '.join(results)}."
    )
    return figure


def _stack(label: str, runs: Histories, quantity: str) -> Array:
    """Return one row a run and one column an epoch, NaN after a run has ended."""
    curves = [_curve(history, quantity, label) for history in runs]
    stack = np.full((len(curves), max(map(len, curves))), math.nan)
    for row, curve in zip(stack, curves, strict=True):
        row[: len(curve)] = curve
    return stack


def _draw_band(axes: Axes, stack: Array, style: LineStyle) -> None:
    begun = ~np.isnan(stack).all(axis=0)
    epochs, known = 1 + np.flatnonzero(begun), stack[:, begun]
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    axes.fill_between(epochs, low, high, color=style.colour, alpha=0.16, linewidth=0)
    mean = np.nanmean(known, axis=0)
    axes.plot(epochs, mean, **style.line(markevery=_marker_interval(len(epochs))))


def _last_epoch(label: str, stack: Array, epochs: int, is_accuracy: bool) -> str:
    reached = stack[:, epochs - 1 :].ravel() if epochs else np.empty(0)
    known = reached[np.isfinite(reached)]
    runs, ended = count_of(len(stack), "run"), len(stack) - len(known)
    if not known.size:
        return f"{label}: {runs}, ended early"
    number = percent if is_accuracy else "{:#.3g}".format
    spread = f" ({number(known.min())} to {number(known.max())})" if len(known) > 1 else ""
    text = f"{label}: ends at {number(known.mean())}{spread}, {runs}"
    return f"{text}, {ended} ended early" if ended else text
