"""From ink to digits: connected ink is taken apart from left to right, and doubted where it should.

A piece is ink that hangs together; one digit is made of one or several. What is no digit is left
out without a word where a digit is found all the same (specks, the edge of another sheet), and with
a sentence of doubt where it may have been meant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError, extra

LEAST_CONTRAST = 0.08  # of the ground: fainter ink is none
FAINT = 0.12  # of the ground: fainter ink may be a trace of something else
LEAST_DIGIT = 0.04  # of the picture's longer side
PALE = 0.55  # of the contrast: pieces that are paler all over are shadows, or show through
SHARP = 0.45  # of the steepest edge of any piece: one without any such edge is a shadow
SPECK = 0.03  # of the largest piece's ink: less is no part of a digit
APART = 1.0  # of the taller's height: digits further apart are no number
SMALL = 0.45  # of the tallest digit's height: lower pieces are no digits of their own
MOST = 12  # digits in a row: more are a text
MOST_PIECES = 8  # of one digit, however often the pen skipped
MOST_HOLES = 3  # of one digit: an 8 has two
LEAST_HOLE = 0.004  # of a digit's box: less is a gap in a stroke
THICKEST = 0.25  # of a digit's longer side: a stroke has less to its nearest edge
FULL, BROADEST = 0.88, 0.26  # of a digit's box, of its longer side: one 1 of MNIST's has both
WIDEST = 1.25  # of a digit's height: 3 % of MNIST's are wider
STRAIGHT = 0.25  # of a line's length: its mean distance from its middle, both as deviations
LYING = 40  # degrees from upright: one 1 of MNIST's 400 leans so far
CORNER = 0.12  # of the sheet's longer side: staples and clips lie there
SURE = 0.7  # of probability: below it the model is not sure
AROUND = 2  # pixels around a digit that belong to it: the soft edge of its strokes


@dataclass(frozen=True, eq=False)
class Found:
    """The digits of a picture, from left to right.

    Attributes
    ----------
    inks : list of ndarray of float32
        The ink of each digit alone, from 0 to 1, within its box.
    boxes : list of (slice, slice)
        Where each stands in the picture: its rows and columns.
    doubts : tuple of str
        Why these may not be the digits that were meant.
    has_patch : bool
        Whether one of them is a solid patch, and no stroke.
    """

    inks: list[Array] = field(repr=False)
    boxes: list[tuple[slice, slice]]
    doubts: tuple[str, ...]
    has_patch: bool


@dataclass(frozen=True)
class _Piece:
    """Ink that hangs together, or is joined; `labels` are its numbers in the labelled picture."""

    labels: tuple[int, ...]
    rows: slice
    columns: slice
    ink: float
    at_border: bool

    @property
    def height(self) -> int:
        return self.rows.stop - self.rows.start

    @property
    def width(self) -> int:
        return self.columns.stop - self.columns.start

    @property
    def size(self) -> int:
        return max(self.height, self.width)

    @property
    def box(self) -> tuple[slice, slice]:
        """Where it stands, with the soft edge of its strokes."""
        rows, columns = (
            slice(max(side.start - AROUND, 0), side.stop + AROUND)
            for side in (self.rows, self.columns)
        )
        return rows, columns

    def mask(self, labels: Any) -> Any:
        """Return which pixels of its box are its own."""
        return np.isin(labels[self.box], self.labels)

    def joined(self, other: _Piece) -> _Piece:
        return _Piece(
            self.labels + other.labels,
            _around(self.rows, other.rows),
            _around(self.columns, other.columns),
            self.ink + other.ink,
            self.at_border or other.at_border,
        )


def find_digits(ink: Array, noise: float) -> Found:
    """Take the ink of a picture apart into digits.

    Parameters
    ----------
    ink : ndarray of float32, shape (rows, columns)
        From 0 (ground) to 1.
    noise : float
        Standard deviation of the ground.

    Returns
    -------
    Found
        At least one digit.

    Raises
    ------
    ChainruleError
        If there is no ink.
    """
    smooth = extra("scipy.ndimage").gaussian_filter(ink, 0.8)
    contrast = _contrast(smooth, noise)
    if contrast < LEAST_CONTRAST or contrast < 3.5 * noise:
        raise ChainruleError(
            f"The picture is empty: its strongest ink differs from the ground by {contrast:.0%} "
            f"of black against white, and its noise by {noise:.0%}; draw with more contrast."
        )
    level = max(0.35 * contrast, 2.5 * noise)
    labels, pieces = _pieces(smooth > level, smooth)
    if not pieces:
        raise ChainruleError("The picture is empty: nothing in it is as large as a digit.")
    pieces = _strong(pieces, ink, labels, contrast)
    inner, outer = _within(pieces, max(ink.shape))
    pieces = _joined(_large(inner), labels)
    tallest = max(piece.size for piece in pieces)
    large = [piece for piece in pieces if piece.size >= SMALL * tallest]
    # A hole in the paper is no digit, where a stroke is found too.
    large = [piece for piece in large if not _is_solid(piece.mask(labels))] or large
    digits = sorted(_in_a_row(large), key=lambda one: one.columns.start + one.columns.stop)
    strengths = [_strength(digit, ink, labels) for digit in digits]
    is_cut = any(one.at_border for one in digits) or _continues(digits, outer)
    is_tiny = tallest < LEAST_DIGIT * max(ink.shape)
    doubts = [
        *_doubts_of_place(is_cut, is_tiny, max(strengths)),
        *_doubts_of_shape(digits, len(large) - len(digits), labels),
        *_doubts_of_lines(digits, labels),
    ]
    inks = [
        _ink_of(digit, ink, labels, level / 2, strength)
        for digit, strength in zip(digits, strengths, strict=True)
    ]
    has_patch = any(_is_solid(digit.mask(labels)) for digit in digits)
    return Found(inks, [digit.box for digit in digits], tuple(doubts), has_patch)


def doubts_of(probabilities: Array) -> tuple[str, ...]:
    """Return what a model's probabilities (digits, classes) speak against its own answer."""
    least = probabilities.max(axis=1).min()
    if least >= SURE:
        return ()
    return (f"The model is not sure: the best that it can say has {least:.0%}.",)


def _contrast(ink: Array, noise: float) -> float:
    """Return how far the strongest ink is from the ground, however little of it there is."""
    strong = ink[ink > max(LEAST_CONTRAST / 2, 3 * noise)].astype(float)
    if strong.size < 10:
        return float(ink.max(initial=0))
    return float((strong**4).sum() / (strong**3).sum())


# ---- pieces ----


def _pieces(mask: Any, ink: Array) -> tuple[Any, list[_Piece]]:
    """Return the picture with each pixel's number of its piece (0 is ground), and the pieces."""
    ndimage = extra("scipy.ndimage")
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    sums = ndimage.sum_labels(ink, labels, np.arange(1, count + 1))
    pieces = []
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        at_border = 0 in (rows.start, columns.start) or (
            rows.stop == mask.shape[0] or columns.stop == mask.shape[1]
        )
        pieces.append(_Piece((label,), rows, columns, float(sums[label - 1]), at_border))
    return labels, pieces


def _strong(pieces: list[_Piece], ink: Array, labels: Any, contrast: float) -> list[_Piece]:
    """Leave out what is pale, and what has no sharp edge beside what has: a shadow."""
    ndimage, numbers = extra("scipy.ndimage"), np.arange(labels.max() + 1)
    strongest = ndimage.maximum(ndimage.gaussian_filter(ink, 1.5), labels, numbers)
    steepest = ndimage.maximum(ndimage.gaussian_gradient_magnitude(ink, 1), labels, numbers)
    strong = [piece for piece in pieces if strongest[piece.labels[0]] >= PALE * contrast] or pieces
    sharp = SHARP * max(steepest[piece.labels[0]] for piece in strong)
    return [piece for piece in strong if steepest[piece.labels[0]] >= sharp]


def _within(pieces: list[_Piece], side: int) -> tuple[list[_Piece], list[_Piece]]:
    """Part from the rest what touches the border, if a digit is left."""
    inner = [piece for piece in pieces if not piece.at_border]
    if not any(piece.size >= LEAST_DIGIT * side for piece in inner):
        return pieces, []
    return inner, [piece for piece in pieces if piece.at_border]


def _large(pieces: list[_Piece]) -> list[_Piece]:
    """Leave out specks."""
    most = max(piece.ink for piece in pieces)
    large = [piece for piece in pieces if piece.ink >= SPECK * most and piece.size > 2]
    if not large:
        raise ChainruleError("The picture is empty: nothing in it is as large as a digit.")
    return large


def _continues(digits: list[_Piece], outer: list[_Piece]) -> bool:
    """Whether what touches the border may be one more digit of the number."""
    tallest = max(digit.height for digit in digits)
    return any(
        SMALL * tallest <= piece.height <= 1.5 * tallest and _are_neighbours(piece, digit)
        for piece in outer
        for digit in digits
    )


def _joined(pieces: list[_Piece], labels: Any) -> list[_Piece]:
    """Join the pieces of one digit: above one another, or a pen's skip apart."""
    stroke = _stroke_width(reduce(_Piece.joined, pieces).mask(labels))
    pieces = sorted(pieces, key=lambda piece: -piece.ink)
    while pair := _pair(pieces, lambda one, other: _are_one(one, other, stroke)):
        one, other = pair
        pieces = [piece for piece in pieces if piece not in pair] + [one.joined(other)]
    return pieces


def _stroke_width(mask: Any) -> float:
    """Return how wide strokes are: four times the mean distance of ink to the ground."""
    distances = extra("scipy.ndimage").distance_transform_edt(np.pad(mask, 1))
    return float(4 * distances[distances > 0].mean()) - 1


def _pair(
    pieces: Sequence[_Piece], belong: Callable[[_Piece, _Piece], bool]
) -> tuple[_Piece, _Piece] | None:
    """Return the first two that belong together."""
    for place, one in enumerate(pieces):
        for other in pieces[place + 1 :]:
            if belong(one, other):
                return one, other
    return None


def _are_one(one: _Piece, other: _Piece, stroke: float) -> bool:
    lower, higher = sorted((one.height, other.height))
    narrower = min(one.width, other.width)
    above, beside = _gap(one.rows, other.rows), _gap(one.columns, other.columns)
    if -beside > 0.5 * narrower and above < max(1.5 * stroke, 0.35 * higher):
        return True
    return max(above, beside) <= 0.8 * stroke and lower < 0.6 * higher


def _in_a_row(pieces: list[_Piece]) -> list[_Piece]:
    """Return the pieces that stand in a row with the one that has most ink, close together."""
    row = [max(pieces, key=lambda piece: piece.ink)]
    for member in row:  # which grows meanwhile
        row += [piece for piece in pieces if piece not in row and _are_neighbours(member, piece)]
    return row


def _are_neighbours(one: _Piece, other: _Piece) -> bool:
    lower, higher = sorted((one.height, other.height))
    overlap = -_gap(one.rows, other.rows)
    return overlap > 0.5 * lower and _gap(one.columns, other.columns) < APART * higher


def _gap(one: slice, other: slice) -> int:
    """Return how far apart they are; below 0 how far they overlap."""
    return int(max(one.start, other.start) - min(one.stop, other.stop))


def _around(one: slice, other: slice) -> slice:
    return slice(min(one.start, other.start), max(one.stop, other.stop))


def _strength(digit: _Piece, ink: Array, labels: Any) -> float:
    """Return how dark its strokes are, but for their edges."""
    return float(np.quantile(ink[digit.box][digit.mask(labels)], 0.75))


def _ink_of(digit: _Piece, ink: Array, labels: Any, floor: float, strength: float) -> Array:
    """Return its ink within its box, from 0 to 1, without that of its neighbours."""
    own = extra("scipy.ndimage").binary_dilation(digit.mask(labels), iterations=AROUND)
    scaled = (np.where(own, ink[digit.box], 0) - floor) / (strength - floor)
    return np.clip(scaled, 0, 1).astype(np.float32)


# ---- doubts ----


def _doubts_of_place(is_cut: bool, is_tiny: bool, strength: float) -> Iterator[str]:
    if is_cut:
        yield "Ink reaches the border of the picture, as a cut digit does: show all of the number."
    elif is_tiny:
        yield "The ink is tiny in this picture: is it a digit? Go closer."
    if strength < FAINT:
        yield (
            f"The ink is faint, {strength:.0%} of black against white: write with more contrast."
        )


def _doubts_of_shape(digits: list[_Piece], others: int, labels: Any) -> Iterator[str]:
    if len(digits) > MOST or others:
        yield (
            f"Of {others + len(digits)} large pieces of ink {len(digits)} stand in a row, which is "
            "read: show one number alone, close together."
        )
    if any(len(digit.labels) > MOST_PIECES for digit in digits):
        yield "The ink is in many small pieces: is it a digit? Show one number alone."
    masks = [digit.mask(labels) for digit in digits]
    if any(_is_solid(mask) for mask in masks):
        yield "A piece of the ink is a solid patch, no stroke: is it a digit?"
    if any(_surrounds(mask) or _holes(mask) > MOST_HOLES for mask in masks):
        yield "The ink surrounds more than a digit's ink does: is it a drawing?"


def _doubts_of_lines(digits: list[_Piece], labels: Any) -> Iterator[str]:
    if any(digit.width > WIDEST * digit.height for digit in digits):
        yield "Ink is wider than it is high: if digits touch one another, write them apart."
    lines = [turn for turn in map(partial(_line, labels), digits) if turn is not None]
    if any(turn > LYING for turn in lines):
        yield "A straight line lies across: is it a digit?"
    if lines and len(digits) == 1 and _is_in_a_corner(digits[0], labels.shape):
        yield "The ink is a short line in the corner of the sheet: is it a staple?"


def _line(labels: Any, digit: _Piece) -> float | None:
    """Return by how many degrees from upright it stands, if it is a straight line."""
    rows, columns = np.nonzero(digit.mask(labels))
    spreads, ways = np.linalg.eigh(np.cov(np.stack([rows, columns])))  # shortest first
    if spreads[0] > STRAIGHT**2 * spreads[1]:
        return None
    return math.degrees(math.atan2(abs(ways[1, 1]), abs(ways[0, 1])))


def _is_in_a_corner(piece: _Piece, shape: tuple[int, ...]) -> bool:
    margin = CORNER * max(shape)
    return all(
        min(side.stop, length - side.start) < margin
        for side, length in zip((piece.rows, piece.columns), shape, strict=True)
    )


def _surrounds(mask: Any) -> bool:
    """Whether one stroke goes all the way around another, as the outline of a face does."""
    ndimage = extra("scipy.ndimage")
    pieces, count = ndimage.label(mask, np.ones((3, 3)))
    if count < 2:
        return False
    outer = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    inner = mask & ~outer & ndimage.binary_fill_holes(outer)
    return bool(inner.sum() >= SPECK * mask.sum())


def _is_solid(mask: Any) -> bool:
    """Whether the ink is far wider somewhere than a pen is, or fills a box that no 1 is."""
    box = mask[mask.any(axis=1)][:, mask.any(axis=0)]
    if box.mean() > FULL and min(box.shape) > BROADEST * max(box.shape):
        return True
    depth = extra("scipy.ndimage").distance_transform_edt(np.pad(mask, 1)).max()
    return bool(depth > THICKEST * (max(mask.shape) - 2 * AROUND) and depth > 2)


def _holes(mask: Any) -> int:
    """Return how many regions of the ground are enclosed; the grain of chalk leaves none."""
    labels, _ = extra("scipy.ndimage").label(~np.pad(mask, 1))
    sizes = np.bincount(labels.ravel())[2:]  # 0 is the ink, 1 what is outside
    return int((sizes >= max(4, LEAST_HOLE * mask.size)).sum())
