"""Loss and accuracy epoch by epoch: one curve a run, or the mean of several in a band."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from chainrule.checks import ChainruleError
from chainrule.plots.charts import Accuracy, Loss, charts, check_shares, checked_groups, percent
from chainrule.plots.lines import OPTIMIZER_NAMES, Legend, LineStyle, line_styles, optimizer_in
from chainrule.plots.paper import Array, count_of, drawn_in_our_style, finished

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

History: TypeAlias = Mapping[str, Sequence[float]]
Histories: TypeAlias = Sequence[History]
MOST_LEGEND_ENTRIES = 8
BAND_QUANTITIES = {
    "loss": "Training loss",
    "val_loss": "Validation loss",
    "accuracy": "Training accuracy",
    "val_accuracy": "Validation accuracy",
}


def _curve(history: History, quantity: str, label: str) -> Array:
    """Return one value an epoch; what is not finite, or None, comes back as NaN."""
    if not isinstance(history, Mapping):
        raise ChainruleError(
            f"The history of {label!r} must read as a dict of lists, got "
            f"{type(history).__name__}; give what train_network returns."
        )
    if quantity not in history and any(map(len, history.values())):
        raise ChainruleError(
            f"The history of {label!r} must have {quantity!r}, got only "
            f"{', '.join(sorted(history))}; give what train_network returns."
        )
    curve = np.array(history.get(quantity, []), dtype=np.float64)  # None becomes NaN
    if quantity.endswith("accuracy"):
        check_shares(curve, f"{quantity} of {label!r}")
    return np.where(np.isfinite(curve), curve, math.nan)


def _finite_epochs(curve: Array) -> int:
    """Return the number of epochs before the first value that is not finite."""
    return int(np.append(np.isnan(curve), True).argmax())


def _marker_interval(epochs: int) -> int:
    return max(1, math.ceil(epochs / 25))


def _scale_epochs(axes: Axes, epochs: int) -> None:
    """Scale the horizontal axis for whole epochs from 1."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 10**9) if epochs / step <= 8)
    margin = max(0.4, 0.03 * epochs)
    axes.set_xticks(sorted({1, *range(step, epochs + 1, step)}))
    axes.set(xlim=(1 - margin, max(epochs, 1) + margin), xlabel="Epoch")


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
        if np.isnan(self.accuracy).all():  # not measured
            return _finite_epochs(self.loss)
        return min(_finite_epochs(self.loss), _finite_epochs(self.accuracy))

    def result(self, longest: int, *, with_loss: bool = False) -> str:
        """Return in words what it reached, and where it ended if another went on longer."""
        if not self.epochs:
            return f"{self.label}: no epoch finished"
        accuracy, loss = self.accuracy[self.epochs - 1], f"loss {self.loss[self.epochs - 1]:#.3g}"
        reached = loss if math.isnan(accuracy) else percent(accuracy)
        text = f"{self.label}: ends at {reached}"
        if self.epochs < longest:
            text += f" after epoch {self.epochs}"
        return f"{text}, {loss}" if with_loss and reached != loss else text


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
    no longer finite, ends in a cross, and the legend says after which epoch. Where no run was
    validated, the accuracy is that of training.

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
    labelled = _labelled(histories, labels)
    measured = _drawn_accuracy(labelled)
    runs = [
        Run(label, _curve(history, "loss", label), _curve(history, measured, label))
        for history, label in labelled
    ]
    loss = Loss("Training loss", [run.loss for run in runs], classes)
    accuracy = Accuracy(BAND_QUANTITIES[measured], [run.accuracy for run in runs], classes)
    epochs = max(map(len, [*loss.curves, *accuracy.curves]))
    styles = line_styles(run.label for run in runs)
    legend = Legend(_legend_entries(runs, epochs), [*loss.guesses, *accuracy.guesses])

    figure, panels = charts(figure, 10, 4.2 + legend.height(), panels=2)
    for axes, quantity in zip(panels, (loss, accuracy), strict=True):
        for curve, style in zip(quantity.curves, styles, strict=True):
            _draw_curve(axes, curve, style, epochs)
        _scale_epochs(axes, epochs)
        quantity.scale(axes)
    legend.add_to(figure)
    usual = f"Training loss and {accuracy.name.lower()}"
    return finished(figure, title or usual, _comparison_in_words(usual, runs, epochs))


def _labelled(histories: Histories, labels: Sequence[str]) -> list[tuple[History, str]]:
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


def _drawn_accuracy(labelled: Sequence[tuple[History, str]]) -> str:
    """Return which accuracy there is: that of training where nothing was validated."""
    for quantity in ("val_accuracy", "accuracy"):
        curves = [_curve(run, quantity, label) for run, label in labelled if quantity in run]
        if any(np.isfinite(curve).any() for curve in curves):
            return quantity
    return "val_accuracy"


def _draw_curve(axes: Axes, curve: Array, style: LineStyle, epochs: int) -> None:
    axes.plot(1 + np.arange(len(curve)), curve, **style.line(markevery=_marker_interval(epochs)))
    last = _finite_epochs(curve)
    if 0 < last < epochs:
        axes.plot(last, curve[last - 1], **style.cross())


def _legend_entries(runs: Sequence[Run], epochs: int) -> dict[str, LineStyle]:
    """Return an entry for each run, or for each optimizer where the runs are many."""
    labels: Iterable[str] = [run.label for run in runs]
    entries = [run.result(epochs) for run in runs]
    if len(runs) > MOST_LEGEND_ENTRIES:
        labels = Counter(OPTIMIZER_NAMES.get(optimizer_in(label) or "", label) for label in labels)
        entries = [f"{name}: {count_of(count, 'run')}" for name, count in labels.items()]
    return dict(zip(entries, line_styles(labels), strict=True))


def _comparison_in_words(what: str, runs: Sequence[Run], epochs: int) -> str:
    opening = f"{what} over {count_of(epochs, 'epoch')}."
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
        names = ", ".join(BAND_QUANTITIES)
        raise ChainruleError(f"quantity must be one of {names}, got {quantity!r}.")
    groups = checked_groups(groups, "{'Adam': [history, ...], 'SGD': [history, ...]}")
    stacks = {str(label): _stack(str(label), runs, quantity) for label, runs in groups.items()}
    epochs = max(stack.shape[1] for stack in stacks.values())
    name, is_accuracy = BAND_QUANTITIES[quantity], quantity.endswith("accuracy")
    drawn = (Accuracy if is_accuracy else Loss)(name, stacks.values(), classes)
    number = percent if is_accuracy else "{:#.3g}".format
    results = [_last_epoch(label, stack, epochs, number) for label, stack in stacks.items()]
    styles = line_styles(stacks)
    legend = Legend(dict(zip(results, styles, strict=True)), drawn.guesses)

    figure, (axes,) = charts(figure, 10, 4.6 + legend.height())
    for stack, style in zip(drawn.curves, styles, strict=True):
        _draw_band(axes, stack, style)
    _scale_epochs(axes, epochs)
    drawn.scale(axes)
    legend.add_to(figure)
    return finished(
        figure,
        title or f"{name}: the mean over the runs, and their range",
        f"{name} over {count_of(epochs, 'epoch')}: the mean over the runs in a band from the "
        f"lowest to the highest. {'; '.join(results)}.",
    )


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


def _last_epoch(label: str, stack: Array, epochs: int, number: Callable[[float], str]) -> str:
    known = stack[:, epochs - 1 :]
    known = known[np.isfinite(known)]
    runs, ended = count_of(len(stack), "run"), len(stack) - len(known)
    if not known.size:
        return f"{label}: {runs}, ended early"
    spread = f" ({number(known.min())} to {number(known.max())})" if len(known) > 1 else ""
    text = f"{label}: ends at {number(known.mean())}{spread}, {runs}"
    return f"{text}, {ended} ended early" if ended else text
