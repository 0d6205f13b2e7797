"""Boards of pictures: samples, predictions, mistakes, and the weights of the first layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.plots.paper import (
    BLUE,
    QUIET,
    VERMILLION,
    Array,
    add_title,
    clean_figure,
    count_of,
    drawn_in_our_style,
    quiet_ticks,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PICTURES = 100  # beyond that a picture is smaller than its caption
GAP = 0.12  # between two pictures, as a share of their width
SIDE = 0.15  # margin in inches


class Board(NamedTuple):
    """Pictures in rows on one axes, y downwards; the unit of its axes is the width of a picture.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The figure that holds it.
    axes : matplotlib.axes.Axes
        Without ticks or frame.
    columns : int
        Pictures in a row.
    height : float
        Of the space for a picture; less than 1 where pictures are wider than high.
    row : float
        From one row to the next, captions included.
    line : float
        From one line of a caption to the next.
    points : float
        The unit in points, for sizes of text.
    """

    figure: Figure
    axes: Any
    columns: int
    height: float
    row: float
    line: float
    points: float

    def _corner(self, index: int) -> tuple[float, float]:
        row, column = divmod(index, self.columns)
        return column * (1 + GAP), row * self.row

    def draw(self, index: int, image: Array, **how: Any) -> None:
        """Draw a picture in its cell, in its own proportions."""
        left, top = self._corner(index)
        height, width = np.array(image.shape) / max(image.shape)
        left += (1 - width) / 2
        self.axes.imshow(image, extent=(left, left + width, top + height, top), **how)

    def write(self, index: int, line: int, text: str, **how: Any) -> None:
        """Write one line of the caption below a picture."""
        left, top = self._corner(index)
        place = {"ha": "center", "va": "center", "fontsize": self.points * self.line / 1.45}
        top += self.height + 0.07 + (line + 0.5) * self.line
        self.axes.text(left + 0.5, top, text, **place, **how)

    def frame(self, index: int, **how: Any) -> None:
        """Draw a frame around a picture."""
        from matplotlib.patches import Rectangle

        left, top = self._corner(index)
        corner, height = (left - 0.015, top - 0.015), self.height + 0.03
        self.axes.add_patch(Rectangle(corner, 1.03, height, fill=False, clip_on=False, **how))


def _board(
    figure: Figure | None,
    title: str,
    count: int,
    shape: tuple[int, ...],
    *,
    lines: int = 0,
    full_row: int | None = None,
    right: float = SIDE,
) -> Board:
    """Return a board for `count` pictures of this shape; the margin `right` is in inches."""
    full_row = full_row or (5 if count <= 10 else 7 if count <= 28 else 10)
    inches = (10 - SIDE - right) / (full_row * (1 + GAP) - GAP)
    columns = min(full_row, count)
    line = 0.075 + 0.0115 * full_row  # the smaller the picture, the larger its caption
    picture = min(1.0, shape[0] / shape[1])
    row = picture + 0.07 + GAP + lines * line
    across, down = columns * (1 + GAP) - GAP, math.ceil(count / columns) * row - GAP / 2
    width = max(5.5, across * inches + SIDE + right)

    figure = clean_figure(figure, width, down * inches + _head(title, width))
    width, height = figure.get_size_inches()
    room = width - SIDE - right, height - _head(title, width)
    axes = figure.add_axes((SIDE / width, 0, room[0] / width, room[1] / height), anchor="NW")
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.autoscale(False)
    axes.set_xlim(-0.02, across + 0.02)
    axes.set_ylim(down, -0.02)
    add_title(figure, title, y=1 - 0.12 / height)
    points = 72 * min(room[0] / (across + 0.04), room[1] / (down + 0.02))
    return Board(figure, axes, columns, picture, row, line, points)


def _head(title: str, width: float) -> float:
    """Return the height in inches that a title takes."""
    return 0.27 + 0.25 * len(wrapped(title, width))


# ---------------------------------------------------------------------------- doors of the data


def _checked_images(images: ArrayLike) -> Array:
    """Return images as (n, height, width)."""
    array: Array = checks.numbers("images", images)
    side = math.isqrt(array.shape[-1]) if array.ndim == 2 else 0
    if array.ndim == 2 and side * side == array.shape[1]:
        array = array.reshape(-1, side, side)
    if array.ndim != 3 or 0 in array.shape:
        raise ChainruleError(
            "images must have the shape (n, height, width), or (n, pixels) where they are square, "
            f"with at least one image, got {np.shape(images)}; reshape them first."
        )
    if not np.isfinite(array).all():
        raise ChainruleError(
            "images must be finite, but some pixels are NaN or infinite; look where they come from."
        )
    return array


def _confidence(probabilities: ArrayLike, predicted: Array) -> Array:
    """Return the probability of each predicted class, shape (n,)."""
    array: Array = checks.numbers("probabilities", probabilities, np.float64)
    count = len(predicted)
    if array.ndim == 2 and len(array) == count:
        checks.labels("predicted", predicted, count, array.shape[1])
        array = np.take_along_axis(array, predicted[:, np.newaxis], axis=1)[:, 0]
    if array.shape != (count,):
        raise ChainruleError(
            f"probabilities must have the shape ({count}, classes), or ({count},) for the "
            f"predicted classes alone, got {np.shape(probabilities)}."
        )
    if not ((array >= 0) & (array <= 1 + 1e-6)).all():  # a softmax in float32 may end above 1
        raise ChainruleError(
            f"probabilities must lie from 0 to 1, got {array.min():g} to {array.max():g}; "
            "give the output of predict_proba, not logits."
        )
    return array


def _check_number_of_pictures(count: int) -> None:
    if count > MOST_PICTURES:
        raise ChainruleError(
            f"A figure holds at most {MOST_PICTURES} pictures, got {count:,}; choose some of them."
        )


def _grey(images: Array, black_and_white: tuple[float, float] | None = None) -> dict[str, Any]:
    """Return the keywords that map the least of all values to black and the largest to white."""
    black, white = black_and_white or (images.min(), images.max())
    return {"cmap": "gray", "vmin": float(black), "vmax": float(white)}


def _sure(probability: float) -> str:
    # Rounding alone must not make a network quite certain.
    return "> 99.9% sure" if probability >= 0.9995 else f"{probability:.1%} sure"


# ----------------------------------------------------------------------------------- the figures


@drawn_in_our_style
def samples(
    X: ArrayLike,
    y: ArrayLike,
    *,
    rng: int | np.random.Generator = 0,
    num_samples: int = 10,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw some images with their labels.

    Parameters
    ----------
    X : array_like, shape (n, height, width) or (n, pixels)
        Images; flat ones must be square. The least value of all is black, the largest white.
    y : array_like of int, shape (n,)
        Labels.
    rng : int or numpy.random.Generator
        Chooses the images.
    num_samples : int
        How many, at most 100; all of them if there are fewer.
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
        If images and labels do not fit together, or there is none.
    """
    images = _checked_images(X)
    labels = checks.labels("y", y, len(images))
    count = min(checks.whole_number("num_samples", num_samples, at_least=1), len(images))
    _check_number_of_pictures(count)
    chosen = checks.generator(rng).choice(len(images), count, replace=False)

    board = _board(figure, title or "Samples with their labels", count, images.shape[1:], lines=1)
    grey = _grey(images)
    for index, sample in enumerate(chosen):
        board.draw(index, images[sample], **grey)
        board.write(index, 0, str(labels[sample]))
    shown = ", ".join(map(str, labels[chosen]))
    board.figure.set_label(
        f"{count_of(count, 'sample image')} of {len(images):,}, row by row with the "
        f"label{'s' if count > 1 else ''} {shown}."
    )
    return board.figure


@drawn_in_our_style
def predictions(
    images: ArrayLike,
    labels: ArrayLike,
    predicted: ArrayLike,
    probabilities: ArrayLike | None = None,
    *,
    black_and_white: tuple[float, float] | None = None,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw images with the true and the predicted class.

    A right one has a tick and a thin blue frame, a wrong one a cross and a thick dashed frame.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, pixels)
        At most 100 images; flat ones must be square.
    labels, predicted : array_like of int, shape (n,)
        True and predicted classes.
    probabilities : array_like, shape (n, classes) or (n,), optional
        What `predict_proba` returns, or the probability of the predicted class alone.
    black_and_white : (float, float), optional
        The values to draw black and white; the least and the largest of `images` if left out.
        Give those of the whole set where `images` are chosen from it.
    title : str, optional
        Title instead of the usual one, which counts what is right.
    figure : matplotlib.figure.Figure, optional
        Figure to draw on instead of a new one.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with its alt text.

    Raises
    ------
    ChainruleError
        If the arguments do not fit together, or there is no image.
    """
    images = _checked_images(images)
    _check_number_of_pictures(len(images))
    labels = checks.labels("labels", labels, len(images))
    predicted = checks.labels("predicted", predicted, len(images))
    sure = None if probabilities is None else _confidence(probabilities, predicted)
    wrong = np.flatnonzero(labels != predicted)
    result = f"{len(images) - len(wrong)} of {len(images)} right"

    lines = 2 if sure is None else 3
    title = title or f"Predictions: {result}"
    board = _board(figure, title, len(images), images.shape[1:], lines=lines)
    grey = _grey(images, black_and_white)
    for index, image in enumerate(images):
        board.draw(index, image, **grey)
        _mark(board, index, labels[index], predicted[index])
        if sure is not None:
            board.write(index, 2, _sure(sure[index]), color=QUIET)
    errors = ", ".join(f"{labels[index]} taken for {predicted[index]}" for index in wrong)
    board.figure.set_label(
        f"{count_of(len(images), 'image')} with true and predicted class, {result}"
        + (f". Wrong: {errors}." if errors else ".")
    )
    return board.figure


def _mark(board: Board, index: int, label: int, predicted: int) -> None:
    """Write true and predicted class; sign, weight and frame tell which answers are wrong."""
    board.write(index, 0, f"true {label}")
    if label == predicted:
        board.frame(index, edgecolor=BLUE, linewidth=1.2)
        board.write(index, 1, f"✓ predicted {predicted}")
    else:
        board.frame(index, edgecolor=VERMILLION, linewidth=3, linestyle=(0, (3, 1.2)))
        board.write(index, 1, f"✗ predicted {predicted}", fontweight="bold")


@drawn_in_our_style
def mistakes(
    images: ArrayLike,
    labels: ArrayLike,
    predicted: ArrayLike,
    probabilities: ArrayLike,
    *,
    num_mistakes: int = 20,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw the wrong answers that the network was most sure of, the surest first.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, pixels)
        All images; flat ones must be square. The least value of all is black, the largest white.
    labels, predicted : array_like of int, shape (n,)
        True and predicted classes.
    probabilities : array_like, shape (n, classes) or (n,)
        What `predict_proba` returns, or the probability of the predicted class alone.
    num_mistakes : int
        How many to draw, at most 100.
    title : str, optional
        Title instead of the usual one, which counts the mistakes.
    figure : matplotlib.figure.Figure, optional
        Figure to draw on instead of a new one.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with its alt text; where every answer is right, it says so.

    Raises
    ------
    ChainruleError
        If the arguments do not fit together, or there is no image.
    """
    images = _checked_images(images)
    labels = checks.labels("labels", labels, len(images))
    predicted = checks.labels("predicted", predicted, len(images))
    sure = _confidence(probabilities, predicted)
    _check_number_of_pictures(checks.whole_number("num_mistakes", num_mistakes, at_least=1))
    wrong = np.flatnonzero(labels != predicted)
    if not wrong.size:
        return _no_mistake(len(images), title, figure)
    shown = wrong[np.argsort(-sure[wrong], kind="stable")][:num_mistakes]
    result = f"{count_of(len(wrong), 'mistake')} in {count_of(len(images), 'image')}"

    which = f": the {len(shown)} that the network was most sure of" if len(shown) > 1 else ""
    board = _board(figure, title or result + which, len(shown), images.shape[1:], lines=2)
    grey = _grey(images)
    errors = [f"{labels[image]} taken for {predicted[image]}" for image in shown]
    for index, image in enumerate(shown):
        board.draw(index, images[image], **grey)
        board.write(index, 0, errors[index])
        board.write(index, 1, _sure(sure[image]), color=QUIET)
    board.figure.set_label(
        f"{result}; {len(shown)} shown, the most confident first: {errors[0]}, "
        f"{_sure(sure[shown[0]])}."
    )
    return board.figure


def _no_mistake(count: int, title: str | None, figure: Figure | None) -> Figure:
    words = f"No mistake in {count_of(count, 'image')}."
    figure = clean_figure(figure, 5.5, 2)
    figure.text(0.5, 0.45, "✓", ha="center", va="center", fontsize=38, color=BLUE)
    figure.text(0.5, 0.16, words, ha="center", va="center")
    add_title(figure, title or "Mistakes", y=1 - 0.12 / figure.get_size_inches()[1])
    figure.set_label(words)
    return figure


@drawn_in_our_style
def first_layer(
    weights: ArrayLike,
    image_shape: tuple[int, int],
    *,
    units: int = 64,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw the weights of the first Dense layer as images: what each unit looks for.

    All units share one colour scale, symmetric about zero: red pixels speak for the unit, blue ones
    against it. One weight in a thousand lies beyond the scale, else a few would leave all others
    pale.

    Parameters
    ----------
    weights : array_like, shape (pixels, n_units)
        The layer's weights.
    image_shape : (int, int)
        Height and width of an image.
    units : int
        How many units to draw, from the first, at most 100.
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
        If the weights are not finite, or do not belong to images of this shape.
    """
    array = _checked_weights(weights, image_shape)
    count = min(checks.whole_number("units", units, at_least=1), array.shape[1])
    _check_number_of_pictures(count)
    shown = array[:, :count]
    limit = float(np.quantile(np.abs(shown), 0.999)) or 1.0
    of = count_of(array.shape[1], "unit")
    usual = f"Weights of the first layer, {of if count == array.shape[1] else f'{count} of {of}'}"

    full_row = 11 if count > 28 else None
    board = _board(figure, title or usual, count, image_shape, full_row=full_row, right=1.1)
    scale = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "interpolation": "nearest"}
    for index, unit in enumerate(shown.T):
        board.draw(index, unit.reshape(image_shape), **scale)
    _add_weight_scale(board, extend="both" if np.abs(shown).max() > limit else "neither")
    height, width = image_shape
    board.figure.set_label(
        f"{usual}, as images of {height} by {width} pixels on one colour scale from -{limit:.2g} "
        f"to {limit:.2g}; the weights lie from {shown.min():.2g} to {shown.max():.2g}."
    )
    return board.figure


def _checked_weights(weights: ArrayLike, image_shape: tuple[int, int]) -> Array:
    array: Array = checks.numbers("weights", weights)
    if np.shape(image_shape) != (2,) or array.ndim != 2 or math.prod(image_shape) != len(array):
        raise ChainruleError(
            "weights must have the shape (height x width of an image, units), got weights of shape "
            f"{array.shape} and images of shape {image_shape}; give the weights of the first Dense "
            "layer and the shape of one image."
        )
    if not array.size or not np.isfinite(array).all():
        raise ChainruleError(
            "weights must be finite numbers, at least one, got NaN, infinity or none; "
            "the weights of a run that diverged cannot be drawn."
        )
    return array


def _add_weight_scale(board: Board, extend: str) -> None:
    width, height = board.figure.get_size_inches()
    tall = min(3.2, height - 0.9)
    place = board.figure.add_axes(
        ((width - 0.95) / width, (height - 0.55 - tall) / height, 0.16 / width, tall / height)
    )
    bar = board.figure.colorbar(board.axes.images[0], cax=place, extend=extend)
    bar.set_label("Weight")
    bar.outline.set_visible(False)
    quiet_ticks(place)
