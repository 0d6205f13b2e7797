"""From ink to digits: connected ink is taken apart from left to right, and doubted where it should.

"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError, extra

LEAST_CONTRAST = 0.08  # of the ground: fainter ink is none
SPECK = 0.03  # of the largest piece's ink: less is no part of a digit
SMALL = 0.45  # of the tallest digit's height: lower pieces are no digits of their own
MOST = 12  # digits in a row: more pieces are a text


@dataclass(frozen=True, eq=False)
class Found:
    """The digits of a picture, from left to right.

    Attributes
    ----------
    inks : list of ndarray of float32
        The ink of each digit alone, from 0 to 1, within its box.
    boxes : list of (slice, slice)
    contrast : float
        Of the strongest ink, from 0 to 1.
    doubts : tuple of str
    """

    inks: list[Array] = field(repr=False)
    boxes: list[tuple[slice, slice]]
    contrast: float
    doubts: tuple[str, ...]


def find_digits(ink: Array, noise: float) -> Found:
    ndimage = extra("scipy.ndimage")
    smooth = ndimage.gaussian_filter(ink, 0.8)
    contrast = _contrast(smooth, noise)
    level = max(0.35 * contrast, 2.5 * noise)
    if contrast < LEAST_CONTRAST or contrast < 3.5 * noise:
        raise ChainruleError(
            f"The picture is empty: its strongest ink differs from the ground by {contrast:.0%} "
            f"of black against white; draw with more contrast."
        )
    mask = smooth > level
    pieces = _pieces(mask, smooth)
    if not pieces:
        raise ChainruleError("The picture is empty: nothing in it is as large as a digit.")
    return _judged(ink, mask, pieces, contrast, level)


def _contrast(ink: Array, noise: float) -> float:
    """Return how far the strongest ink is from the ground."""
    strong = ink[ink > max(LEAST_CONTRAST / 2, 3 * noise)]
    if strong.size < 10:
        return float(ink.max(initial=0))
    return float(np.quantile(strong, 0.9))


@dataclass
class _Piece:
    labels: list[int]
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


def _pieces(mask: Any, ink: Array) -> list[_Piece]:
    ndimage = extra("scipy.ndimage")
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    _pieces.labels = labels
    sums = ndimage.sum_labels(ink, labels, np.arange(1, count + 1))
    pieces = []
    for i, (rows, columns) in enumerate(ndimage.find_objects(labels)):
        at_border = rows.start == 0 or columns.start == 0 or rows.stop == mask.shape[0] or columns.stop == mask.shape[1]
        pieces.append(_Piece([i + 1], rows, columns, float(sums[i]), at_border))
    return pieces


def _judged(ink, mask, pieces, contrast, level):
    ndimage = extra("scipy.ndimage")
    labels = _pieces.labels
    doubts = []
    height, width = mask.shape
    inner = [p for p in pieces if not p.at_border]
    def size(p): return max(p.height, p.width)
    inner_best = max((size(p) for p in inner), default=0)
    # what touches the border is no digit, if there is anything else
    border_best = max((size(p) for p in pieces if p.at_border), default=0)
    if inner_best >= 0.04 * max(height, width):
        pieces = inner
    else:
        doubts.append("A stroke is cut by the border of the picture: show all of the digit.")
    strength = ndimage.maximum(ndimage.gaussian_filter(ink, 1.5), labels, np.arange(labels.max() + 1))
    pieces = [p for p in pieces if strength[p.labels[0]] >= 0.55 * contrast] or pieces
    largest = max(p.ink for p in pieces)
    pieces = [p for p in pieces if p.ink >= SPECK * largest and size(p) > 2]
    stroke = _stroke_width(mask & np.isin(labels, [l for p in pieces for l in p.labels]))
    pieces = _joined(pieces, stroke, labels)
    tallest = max(size(p) for p in pieces)
    digits = _in_a_row([p for p in pieces if size(p) >= SMALL * tallest])
    digits.sort(key=lambda p: p.columns.start + p.columns.stop)
    inks, boxes = [], []
    for p in digits:
        box = (slice(max(p.rows.start - 2, 0), p.rows.stop + 2), slice(max(p.columns.start - 2, 0), p.columns.stop + 2))
        own = ndimage.binary_dilation(np.isin(labels[box], p.labels), iterations=2)
        values = np.where(own, ink[box], 0)
        strong = np.quantile(values[np.isin(labels[box], p.labels)], 0.75)
        floor = 0.5 * level
        inks.append(np.clip((values - floor) / (strong - floor), 0, 1).astype(np.float32))
        boxes.append(box)
    return Found(inks, boxes, contrast, tuple(doubts))


def _stroke_width(mask: Any) -> float:
    """Return how wide strokes are: four times the mean distance of ink to the ground."""
    distances = extra("scipy.ndimage").distance_transform_edt(np.pad(mask, 1))
    return float(4 * distances[distances > 0].mean()) - 1 if mask.any() else 1.0


def _joined(pieces, stroke, labels):
    """Join the pieces of one digit: above one another, or a pen's skip apart."""
    pieces = sorted(pieces, key=lambda p: -p.ink)
    changed = True
    while changed:
        changed = False
        for i, a in enumerate(pieces):
            for b in pieces[i + 1:]:
                overlap = min(a.columns.stop, b.columns.stop) - max(a.columns.start, b.columns.start)
                v_gap = max(a.rows.start, b.rows.start) - min(a.rows.stop, b.rows.stop)
                gap_x = -overlap
                together = False
                if overlap > 0.5 * min(a.width, b.width) and v_gap < max(1.5 * stroke, 0.35 * max(a.height, b.height)):
                    together = True
                elif max(v_gap, gap_x) <= 0.8 * stroke and (min(a.height,b.height) < 0.6 * max(a.height,b.height)):
                    together = True
                if together:
                    rows = slice(min(a.rows.start, b.rows.start), max(a.rows.stop, b.rows.stop))
                    columns = slice(min(a.columns.start, b.columns.start), max(a.columns.stop, b.columns.stop))
                    merged = _Piece(a.labels + b.labels, rows, columns, a.ink + b.ink, a.at_border or b.at_border)
                    pieces = [p for p in pieces if p is not a and p is not b] + [merged]
                    changed = True
                    break
            if changed: break
    return pieces


def doubts_of(pictures: Array, probabilities: Array) -> tuple[str, ...]:
    """Return what speaks against digits in MNIST's form, whose probabilities are given."""
    doubts = []
    ranked = np.sort(probabilities, axis=1)
    if (ranked[:, -1] < 0.7).any():
        doubts.append("The model is not sure: it gives no digit as much as 70%.")
    return tuple(doubts)


def _in_a_row(pieces):
    """Return the pieces that stand in a row with the one that has most ink, close together."""
    row = [max(pieces, key=lambda p: p.ink)]
    rest = [p for p in pieces if p is not row[0]]
    grown = True
    while grown:
        grown = False
        for p in rest:
            for q in row:
                overlap = min(p.rows.stop, q.rows.stop) - max(p.rows.start, q.rows.start)
                gap = max(p.columns.start, q.columns.start) - min(p.columns.stop, q.columns.stop)
                if overlap > 0.5 * min(p.height, q.height) and gap < 0.8 * max(p.height, q.height):
                    row.append(p)
                    rest = [one for one in rest if one is not p]
                    grown = True
                    break
            if grown:
                break
    return row
