"""Boards of pictures: samples, predictions, mistakes, and the weights of the first layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import ChainruleError, Integers
from chainrule.plots import paper
from chainrule.plots.fonts import class_labels, fitted
from chainrule.plots.paper import BLUE, QUIET, VERMILLION, Array, count_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST_TEXT = 7.5  # points, of a caption
ONE_LINE = 5  # letters of a class's name, of which two stand in one line
MOST_PICTURES = 100  # beyond that a picture is smaller than its caption
Look: TypeAlias = dict[str, Any]
GAP = 0.12  # between two pictures, as a share of their width
SIDE = 0.15  # margin in inches


class Board:
    """Pictures in rows on one axes, y downwards; the unit of its axes is the width of a picture.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or None
        What to draw on.
    title : str
        Its title.
    pictures : array, shape (n, height, width)
        Each is drawn in its own proportions.
    look : dict
        The keywords of `Axes.imshow` that give the numbers their colours.
    lines : int
        How many a caption has.
    """

    right, longest_row = SIDE, 10  # margin in inches; pictures in a row where they are many
    lowest = 0.0  # inches

    def __init__(
        self, figure: Figure | None, title: str, pictures: Array, look: Look, lines: int = 0
    ) -> None:
        count, *shape = pictures.shape
        full_row = 5 if count <= 10 else 7 if count <= 28 else self.longest_row
        self.columns = min(full_row, count)
        self.height = min(1.0, shape[0] / shape[1])  # of the space for a picture
        self.line = 0.075 + 0.0115 * full_row  # the smaller the picture, the larger its caption
        self.row = self.height + 0.07 + GAP + lines * self.line

        margins = SIDE + self.right
        across = self.columns * (1 + GAP) - GAP
        down = math.ceil(count / self.columns) * self.row - GAP / 2
        inches = (10 - margins) / (full_row * (1 + GAP) - GAP)
        width = max(5.5, across * inches + margins)
        height = max(self.lowest, down * inches + _head(title, width))
        self.figure = paper.clean_figure(figure, width, height)
        width, height = self.figure.get_size_inches()
        self.title, self.top = title, 1 - 0.12 / height

        wide, high = width - margins, height - _head(title, width)
        self.points = 72 * min(wide / (across + 0.04), high / (down + 0.02))  # of the unit
        place = (SIDE / width, 0, wide / width, high / height)
        self.axes = self.figure.add_axes(place, anchor="NW", aspect="equal", autoscale_on=False)
        self.axes.set(xlim=(-0.02, across + 0.02), ylim=(down, -0.02))
        self.axes.set_axis_off()
        self._draw(pictures, look)

    def _draw(self, pictures: Array, look: Look) -> None:
        height, width = np.array(pictures.shape[1:]) / max(pictures.shape[1:])
        for index, picture in enumerate(pictures):
            left, top = self._corner(index)
            left += (1 - width) / 2
            self.axes.imshow(picture, extent=(left, left + width, top + height, top), **look)

    def _corner(self, index: int) -> tuple[float, float]:
        row, column = divmod(index, self.columns)
        return column * (1 + GAP), row * self.row

    def write(self, index: int, line: int, name: str, before: str = "", **how: Any) -> None:
        """Write one line of the caption below a picture, no wider than its place."""
        left, top = self._corner(index)
        top += self.height + 0.07 + (line + 0.5) * self.line
        size, weight = self.points * self.line / 1.45, how.get("fontweight", "normal")
        wide = self.points * (1 + 0.7 * GAP)
        text, size = fitted(name, wide, size, min(size, SMALLEST_TEXT), before, weight)
        self.axes.text(left + 0.5, top, text, ha="center", va="center", fontsize=size, **how)

    def frame(self, index: int, **how: Any) -> None:
        """Draw a frame around a picture."""
        from matplotlib.patches import Rectangle

        left, top = self._corner(index)
        corner, height = (left - 0.015, top - 0.015), self.height + 0.03
        self.axes.add_patch(Rectangle(corner, 1.03, height, fill=False, clip_on=False, **how))

    def finished(self, alt_text: str) -> Figure:
        """Return the figure, with its title and this alt text."""
        return paper.finished(self.figure, self.title, alt_text, self.top)


class WeightBoard(Board):
    """Weights as pictures, and on the right the scale of their colours."""

    right, longest_row, lowest = 1.1, 11, 1.8  # low enough for a row of flat pictures and the scale

    def add_scale(self, extend: str) -> None:
        """Draw the scale; `extend` says whether values lie beyond it."""
        width, height = self.figure.get_size_inches()
        tall = min(3.2, height - 0.9)
        place = (1 - 0.95 / width, 1 - (0.55 + tall) / height, 0.16 / width, tall / height)
        scale, picture = self.figure.add_axes(place), self.axes.images[0]
        paper.add_colour_scale(self.figure, picture, "Weight", cax=scale, extend=extend)


def _head(title: str, width: float) -> float:
    """Return the height in inches that a title takes."""
    return 0.27 + 0.25 * len(paper.wrapped(title, width))


# ---------------------------------------------------------------------------- doors of the data


def _checked_images(images: ArrayLike) -> Array:
    """Return images as (n, height, width)."""
    array: Array = checks.numbers("images", images)
    if array.ndim == 2 and (side := math.isqrt(array.shape[1])) ** 2 == array.shape[1]:
        array = array.reshape(len(array), side, side)
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


def _few_enough(count: int) -> int:
    """Return a number of pictures that one figure can hold."""
    if count > MOST_PICTURES:
        raise ChainruleError(
            f"A figure holds at most {MOST_PICTURES} pictures, got {count:,}; choose some of them."
        )
    return count


def _grey(images: Array, black_and_white: tuple[float, float] | None = None) -> Look:
    """Return the keywords that map the least of all values to black and the largest to white."""
    black, white = black_and_white or (images.min(), images.max())
    return {"cmap": "gray", "vmin": float(black), "vmax": float(white)}


def _named(name: str, labels: Integers, classes: Sequence[object] | None) -> list[str]:
    """Return the names of the classes that labels stand for."""
    if classes is None:
        return [str(label) for label in labels]
    if labels.size and not (labels.min() >= 0 and labels.max() < len(classes)):
        raise ChainruleError(
            f"{name} must lie from 0 to {len(classes) - 1}, as classes names {len(classes)}, got "
            f"{labels.min()} to {labels.max()}."
        )
    return [str(classes[label]) for label in labels]


def _drawn(labels: Integers, classes: Sequence[object] | None) -> list[str]:
    """Return these names as they can be drawn."""
    return _named("labels", labels, None if classes is None else class_labels(classes))


def _sure(probability: float) -> str:
    # Rounding alone must not make a network quite certain.
    return "> 99.9% sure" if probability >= 0.9995 else f"{probability:.1%} sure"


# ----------------------------------------------------------------------------------- the figures


@paper.drawn_in_our_style
def samples(
    X: ArrayLike,
    y: ArrayLike,
    *,
    rng: int | np.random.Generator = 0,
    num_samples: int = 10,
    classes: Sequence[object] | None = None,
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
    classes : sequence, optional
        The names of the classes; the labels themselves if left out.
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
    chosen = checks.generator(rng).choice(len(images), _few_enough(count), replace=False)

    title = title or "Samples with their labels"
    board = Board(figure, title, images[chosen], _grey(images), lines=1)
    shown = _named("y", labels[chosen], classes)
    for index, label in enumerate(_drawn(labels[chosen], classes)):
        board.write(index, 0, label)
    return board.finished(
        f"{count_of(count, 'sample image')} of {len(images):,}, row by row with the "
        f"label{'s' if count > 1 else ''} {', '.join(shown)}."
    )


@paper.drawn_in_our_style
def distorted(
    images: ArrayLike, *, title: str | None = None, figure: Figure | None = None
) -> Figure:
    """Draw an image, in a frame, and distorted copies of it.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, pixels)
        The first is the image as it is; at most 100, flat ones must be square.
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
        If there is no image.
    """
    images = _checked_images(images)
    count = _few_enough(len(images)) - 1
    copies = f"{count} distorted {'copy' if count == 1 else 'copies'}"
    board = Board(figure, title or f"An image and {copies}", images, _grey(images))
    board.frame(0, edgecolor=BLUE, linewidth=2.4)
    return board.finished(f"An image, in a frame, and {copies} of it, row by row.")


@paper.drawn_in_our_style
def predictions(
    images: ArrayLike,
    labels: ArrayLike,
    predicted: ArrayLike,
    probabilities: ArrayLike | None = None,
    *,
    black_and_white: tuple[float, float] | None = None,
    classes: Sequence[object] | None = None,
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
    classes : sequence, optional
        The names of the classes; the labels themselves if left out.
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
    _few_enough(len(images))
    labels = checks.labels("labels", labels, len(images))
    predicted = checks.labels("predicted", predicted, len(images))
    sure = None if probabilities is None else _confidence(probabilities, predicted)
    wrong = np.flatnonzero(labels != predicted)
    result = f"{len(images) - len(wrong)} of {len(images)} right"

    true, answers = _named("labels", labels, classes), _named("predicted", predicted, classes)
    grey, lines = _grey(images, black_and_white), 2 if sure is None else 3
    board = Board(figure, title or f"Predictions: {result}", images, grey, lines=lines)
    drawn = zip(_drawn(labels, classes), _drawn(predicted, classes), strict=True)
    for index, (one, other) in enumerate(drawn):
        _mark(board, index, one, other, labels[index] == predicted[index])
        if sure is not None:
            board.write(index, 2, _sure(sure[index]), color=QUIET)
    words = f"{count_of(len(images), 'image')} with true and predicted class, {result}."
    errors = ", ".join(f"{true[index]} taken for {answers[index]}" for index in wrong)
    return board.finished(f"{words} Wrong: {errors}." if errors else words)


def _mark(board: Board, index: int, label: str, predicted: str, is_right: bool) -> None:
    """Write true and predicted class; sign, weight and frame tell which answers are wrong."""
    board.write(index, 0, label, "true ")
    if is_right:
        board.frame(index, edgecolor=BLUE, linewidth=1.2)
        board.write(index, 1, predicted, "✓ predicted ")
    else:
        board.frame(index, edgecolor=VERMILLION, linewidth=3, linestyle=(0, (3, 1.2)))
        board.write(index, 1, predicted, "✗ predicted ", fontweight="bold")


@paper.drawn_in_our_style
def mistakes(
    images: ArrayLike,
    labels: ArrayLike,
    predicted: ArrayLike,
    probabilities: ArrayLike,
    *,
    num_mistakes: int = 20,
    classes: Sequence[object] | None = None,
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
    classes : sequence, optional
        The names of the classes; the labels themselves if left out.
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
    most = _few_enough(checks.whole_number("num_mistakes", num_mistakes, at_least=1))
    wrong = np.flatnonzero(labels != predicted)
    if not wrong.size:
        return _no_mistake(len(images), title, figure)
    shown = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    result = f"{count_of(len(wrong), 'mistake')} in {count_of(len(images), 'image')}"
    which = f": the {len(shown)} that the network was most sure of" if len(shown) > 1 else ""

    true, answers = (
        _named(name, these[shown], classes)
        for name, these in (("labels", labels), ("predicted", predicted))
    )
    is_short = max(map(len, true + answers)) <= ONE_LINE
    lines = 2 if is_short else 3
    board = Board(figure, title or result + which, images[shown], _grey(images), lines=lines)
    drawn = zip(_drawn(labels[shown], classes), _drawn(predicted[shown], classes), strict=True)
    for index, (one, other) in enumerate(drawn):
        if not is_short:
            board.write(index, 0, one)
        board.write(index, lines - 2, other, f"{one} taken for " if is_short else "taken for ")
        board.write(index, lines - 1, _sure(sure[shown][index]), color=QUIET)
    first = f"{true[0]} taken for {answers[0]}, {_sure(sure[shown][0])}"
    return board.finished(f"{result}; {len(shown)} shown, the most confident first: {first}.")


def _no_mistake(count: int, title: str | None, figure: Figure | None) -> Figure:
    words = f"No mistake in {count_of(count, 'image')}."
    figure = paper.clean_figure(figure, 5.5, 2)
    figure.text(0.5, 0.45, "✓", ha="center", va="center", fontsize=38, color=BLUE)
    figure.text(0.5, 0.16, words, ha="center", va="center")
    top = 1 - 0.12 / figure.get_size_inches()[1]
    return paper.finished(figure, title or "Mistakes", words, top)


@paper.drawn_in_our_style
def first_layer(
    weights: ArrayLike,
    image_shape: tuple[int, int],
    *,
    units: int = 64,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw the weights of the first Dense layer as images: what each unit looks for.

    All units share one colour scale, symmetric about zero: green pixels speak for the unit,
    purple ones against it. One weight in a thousand lies beyond the scale, else a few would leave
    all others pale.

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
    count = _few_enough(min(checks.whole_number("units", units, at_least=1), array.shape[1]))
    shown = array[:, :count]
    limit = float(np.quantile(np.abs(shown), 0.999)) or 1.0
    of = count_of(array.shape[1], "unit")
    usual = f"Weights of the first layer, {of if count == array.shape[1] else f'{count} of {of}'}"

    height, width = image_shape
    look = {
        "cmap": paper.signed_colours(),
        "vmin": -limit,
        "vmax": limit,
        "interpolation": "nearest",
    }
    board = WeightBoard(figure, title or usual, shown.T.reshape(count, height, width), look)
    board.add_scale(extend="both" if np.abs(shown).max() > limit else "neither")
    return board.finished(
        f"{usual}, as images of {height} by {width} pixels on one colour scale from -{limit:.2g} "
        f"to {limit:.2g}; the weights lie from {shown.min():.2g} to {shown.max():.2g}."
    )


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
