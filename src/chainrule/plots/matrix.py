"""The confusion matrix, with a colour scale for the errors alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.checks import ChainruleError, numbers
from chainrule.plots import paper
from chainrule.plots.charts import percent
from chainrule.plots.fonts import class_labels, fitted
from chainrule.plots.paper import FAINT, INK, VERMILLION, Array, count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST_NAME = 130  # points; of a longer one the middle is left out
SMALLEST_TEXT = 6  # points; counts that need a smaller one are left out


@paper.drawn_in_our_style
def confusion(
    matrix: ArrayLike,
    *,
    classes: Sequence[object] | None = None,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw a confusion matrix: rows are true classes, columns predicted ones.

    Only the errors are coloured, on their own scale: right answers are some hundred times as many
    and would leave every error white. The diagonal is grey.

    Parameters
    ----------
    matrix : array_like of int, shape (n, n)
        ``matrix[true, predicted]``, the number of images.
    classes : sequence, optional
        The n names of the classes; 0 to n - 1 if left out.
    title : str, optional
        Title instead of the usual one, which states the accuracy.
    figure : matplotlib.figure.Figure, optional
        Figure to draw on instead of a new one.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with its alt text.

    Raises
    ------
    ChainruleError
        If the matrix is not square, counts no image, or its numbers are not counts.
    """
    counts = _checked_counts(matrix)
    names = _class_names(classes, len(counts))
    right, total = int(np.trace(counts)), int(counts.sum())
    result = f"{right:,} of {total:,} right ({percent(right / total)})"
    errors = np.ma.masked_array(counts, np.eye(len(counts), dtype=bool))
    most = int(errors.max())

    figure, axes, cell = _square_axes(figure, len(counts))
    picture = axes.imshow(errors, cmap=_error_colours(), vmin=0, vmax=max(most, 1))
    _write_counts(axes, counts, most, cell)
    _name_classes(axes, class_labels(names), cell)
    if most:
        _add_error_scale(figure, axes, picture)
    words = f"Confusion matrix of {len(counts)} classes: {result}. {_worst(errors, most, names)}"
    return paper.finished(figure, title or f"Confusion matrix: {result}", words)


def _checked_counts(matrix: ArrayLike) -> Array:
    counts = numbers("A confusion matrix", matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2:
        raise ChainruleError(
            "A confusion matrix must be square, with a row and a column for each of at least two "
            f"classes, got the shape {counts.shape}."
        )
    if not np.isfinite(counts).all() or counts.min() < 0 or (counts % 1).any():
        raise ChainruleError(
            "A confusion matrix must hold counts, whole numbers from 0 up, got "
            f"{counts.min():g} to {counts.max():g}; give numbers of images, not shares."
        )
    if not counts.any():
        raise ChainruleError(
            "A confusion matrix must count at least one image, got zeros alone; "
            "look whether the set of images is empty."
        )
    return counts.astype(np.int64)


def _class_names(classes: Sequence[object] | None, count: int) -> list[str]:
    names = [str(name) for name in (range(count) if classes is None else classes)]
    if len(names) != count:
        raise ChainruleError(
            f"classes must name the {count} classes of the matrix, got {len(names)} names."
        )
    return names


def _square_axes(figure: Figure | None, rows: int) -> tuple[Figure, Axes, float]:
    """Return figure, axes and about the size of a cell in points."""
    side = min(max(3.4, 0.6 * rows), 9.0)
    figure = paper.clean_figure(figure, side + 1.9, side + 1.2)
    figure.set_layout_engine("constrained")
    width, height = figure.get_size_inches()
    return figure, figure.subplots(), 72 * min(width - 1.9, height - 1.2) / rows


def _error_colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    colours = ["#FFFFFF", "#FBD9BF", "#EE9A5B", VERMILLION, "#8F3F00"]
    return LinearSegmentedColormap.from_list("errors", colours).with_extremes(bad="#E3E6EA")


def _write_counts(axes: Axes, counts: Array, most: int, cell: float) -> None:
    longest = max(2, len(str(counts.max())))
    size = min(11.0, 0.8 * cell / (0.64 * longest))  # a digit is 0.64 of its size wide
    if size < SMALLEST_TEXT:
        return
    colours = np.where(counts > 0.6 * most, "white", INK)  # on a dark cell or a light one
    colours[counts == 0] = "#C3C8CF"
    np.fill_diagonal(colours, INK)
    for (true, predicted), count in np.ndenumerate(counts):
        colour = str(colours[true, predicted])
        axes.text(predicted, true, str(count), ha="center", va="center", color=colour, size=size)


def _name_classes(axes: Axes, names: Sequence[str], cell: float) -> None:
    size = min(10.0, max(5.0, 0.62 * cell))
    names = [fitted(name, LONGEST_NAME, size, size)[0] for name in names]
    paper.quiet_ticks(axes, size)
    too_wide = 0.65 * size * max(map(len, names)) > 0.95 * cell
    step = math.ceil(size / cell)  # names must not overlap
    shown = names[::step]
    axes.set_xticks(range(0, len(names), step), shown, rotation=90 if too_wide else 0)
    axes.set_yticks(range(0, len(names), step), shown)
    axes.set(xlabel="Predicted class", ylabel="True class")
    between = np.arange(step - 0.5, len(names) - 1, step)
    axes.hlines(between, -0.5, len(names) - 0.5, color=FAINT, linewidth=0.7)
    axes.vlines(between, -0.5, len(names) - 0.5, color=FAINT, linewidth=0.7)
    axes.spines[:].set_visible(True)


def _add_error_scale(figure: Figure, axes: Axes, picture: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    look = {"ticks": MaxNLocator(nbins=6, integer=True), "shrink": 0.6, "aspect": 24, "pad": 0.02}
    paper.add_colour_scale(figure, picture, "Errors (images)", ax=axes, **look)


def _worst(errors: Array, most: int, names: Sequence[str]) -> str:
    if not most:
        return "There is no error."
    true, predicted = divmod(int(errors.argmax()), len(names))
    times = count_of(most, "time")
    return f"The most frequent error: {names[true]} taken for {names[predicted]}, {times}."
