"""What the proofs say: verdicts, the table of an audit, and the faults known by their marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.checks import Array, Integers

AUDIT = "gradient audit"
ENTRIES, PROJECTIONS = "entries", "projections"
TOLERANCE = 1e-6  # relative; a central difference of fourth order is good for 1e-9
DIRECTIONS = 3  # one finds any wrong array; three, that no unlucky one hides a small error


@dataclass(frozen=True)
class Verdict:
    """What a tool found.

    Attributes
    ----------
    tool : str
        Who judged, such as "gradient audit".
    passed : bool
    cause : str
        The short name of what is wrong, such as "averaged-twice"; empty where nothing is.
    sentence : str
        The verdict in words.
    """

    tool: str
    passed: bool
    cause: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class AuditRow:
    """One array of the audit.

    Attributes
    ----------
    layer : str
        Such as "layer 2, Dense(128, 64)", or "the network" for its input.
    name : str
        Of the array: "weights", "biases", "input", or what a layer calls it; of a layer that draws
        at random while training, "input, training" as well.
    size : int
        Entries of the array.
    checked, skipped : int
        Entries (or, by projections, directions) that were compared, and that were not because
        they lie beside a kink or below the rounding of the loss.
    largest_error : float
        The largest |analytic - numeric| over max(|analytic|, |numeric|, floor); right is up to
        `TOLERANCE`. The floor is a hundredth of the largest gradient of the array; by projections
        the size that the projection is expected to have.
    cause, verdict : str
        "" and "right", or what is wrong.
    """

    layer: str
    name: str
    size: int
    checked: int
    skipped: int
    largest_error: float
    cause: str
    verdict: str

    @property
    def passed(self) -> bool:
        """Whether the gradient of this array is proved."""
        return not self.cause


@dataclass(frozen=True)
class Audit:
    """The gradient of every parameter and of the input, against the numerical gradient.

    Attributes
    ----------
    method : str
        "entries" (each entry of each array) or "projections" (random directions in each array).
    examples : int
        Of the batch that was used.
    rows : tuple of AuditRow
    verdict : Verdict
        Of all rows; where some are wrong, what the first fault is, counted from the loss.
    replaced : int
        Examples beside a kink (entry by entry: on a kink) that gave their place to others.
    """

    method: str
    examples: int
    rows: tuple[AuditRow, ...]
    verdict: Verdict
    replaced: int = 0

    @property
    def passed(self) -> bool:
        """Whether every array was checked and is right."""
        return self.verdict.passed

    @property
    def table(self) -> str:
        """A line for each array, and what is wrong with it."""
        how = {
            ENTRIES: "every entry by itself",
            PROJECTIONS: f"too large entry by entry: {DIRECTIONS} random directions in each array",
        }[self.method]
        head = ("layer", "array", "entries", "checked", "skipped", "largest error", "verdict")
        cells = [
            (row.layer, row.name, f"{row.size:,}", f"{row.checked:,}", f"{row.skipped:,}",
             f"{row.largest_error:.1e}", row.cause or "right")
            for row in self.rows
        ]  # fmt: skip
        wrong = [
            f"{row.name} of {row.layer}: the gradient {row.verdict}"
            for row in self.rows
            if row.verdict not in ("right", "?")
        ]
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if place in (0, 1, 6) else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in (head, *cells)
        ]
        title = f"Gradient audit in float64 on {self.examples} examples, {how}"
        if self.replaced:
            what = "1 example" if self.replaced == 1 else f"{self.replaced} examples"
            title += f"; {what} beside a kink replaced by others of the batch"
        return "\n".join([title, "", *lines, *([""] if wrong else []), *wrong])

    def __str__(self) -> str:
        return f"{self.table}\n\n{self.verdict.sentence}"


# ---- what is wrong, in words ----


@dataclass(frozen=True)
class Finding:
    """A cause and its words, which follow the name of an array or a layer."""

    cause: str
    words: str


RIGHT = Finding("", "right")
UNPROVED = ("nothing-proved", "nobody-checked")  # not passed, but no fault was seen either


def praise(rows: Sequence[AuditRow]) -> str:
    """Return the sentence of an audit that passed."""
    error = max(row.largest_error for row in rows)
    return (
        f"Every gradient is right: {len(rows)} arrays, {sum(row.size for row in rows):,} entries, "
        f"largest error {error:.1e}, allowed {TOLERANCE:g}."
    )


def sentence(layer: str, name: str, words: str) -> str:
    """Return the words on one array as a sentence."""
    comma = "," if "," in layer else ""  # layer 2, Dense(128, 64), is
    return f"The gradient of the {name} of {layer}{comma} {words}{'' if words[-1] in '?.' else '.'}"


def is_close(one: Array, other: Array) -> bool:
    """Return whether two gradients are one but for rounding; zeros are never that."""
    largest = float(np.abs(other).max(initial=0))
    return largest > 0 and bool(np.all(np.abs(one - other) <= 1e-5 * largest))


@dataclass(frozen=True)
class Evidence:
    """A gradient that is wrong, and the numerical gradient at some of its entries.

    Attributes
    ----------
    analytic : array
        The whole gradient.
    index, numeric : arrays, shape (k,)
        Some entries of it, and what they should be.
    batch : int
        Examples.
    grad_y : array, optional
        The gradient of the output, where a layer is judged alone.
    kept : float, optional
        The share of its inputs that a Dropout keeps.
    """

    analytic: Array
    index: Integers
    numeric: Array
    batch: int
    grad_y: Array | None = None
    kept: float | None = None

    @property
    def chosen(self) -> Array:
        """The entries of the analytic gradient that were looked at."""
        return self.analytic.reshape(-1)[self.index]


def known_fault(seen: Evidence) -> Finding | None:
    """Return the known fault whose mark the analytic gradient bears."""
    chosen, numeric = seen.chosen, seen.numeric
    if not seen.analytic.any():
        words = "is zero, the numerical gradient is not: is it written at all?"
        return Finding("zero-gradient", words)
    if not np.abs(numeric).max(initial=0) > 1e-7 * np.abs(chosen).max(initial=0):
        return Finding(
            "no-influence",
            "is not zero, but the loss does not change with it: is it cut off to whole numbers, "
            "or not used at all?",
        )
    factor = constant_factor(chosen, numeric, seen.batch, seen.kept)
    if factor or is_close(chosen, numeric):
        return factor or _rounded(chosen, numeric)
    return _turned(seen) or _of_the_output(seen) or _unmasked(chosen, numeric)


def constant_factor(
    chosen: Array, numeric: Array, batch: int, kept: float | None = None
) -> Finding | None:
    """Return the fault of a gradient that is a multiple of the right one."""
    factor = float(chosen @ numeric / (numeric @ numeric))
    rest = np.abs(chosen - factor * numeric).max()
    # Of an error in single entries, a factor near 1 explains nothing.
    if not is_close(chosen, factor * numeric) or rest > 0.1 * np.abs(chosen - numeric).max():
        return None
    known = {
        kept: (
            "dropout-unscaled",
            f"is {kept} times the numerical gradient: forward divides by the share that is kept, "
            "1 - rate; so must backward.",
        ),
        -1.0: ("sign-flipped", "has the opposite sign of the numerical gradient: is a minus lost?"),
        1 / batch: (
            "averaged-twice",
            f"is 1/{batch} of the numerical gradient: is the batch averaged twice?",
        ),
        float(batch): (
            "never-averaged",
            f"is {batch} times the numerical gradient: is the batch never averaged?",
        ),
    }
    for value, (cause, words) in known.items():
        if value is not None and math.isclose(factor, value, rel_tol=1e-5):
            return Finding(cause, words)
    words = f"is {factor:.6g} times the numerical gradient: is a constant factor lost?"
    return Finding("constant-factor", words)


def _rounded(chosen: Array, numeric: Array) -> Finding | None:
    errors = np.abs(chosen - numeric) / np.abs(numeric).max()
    if not (errors.max() <= 1e-6 and np.median(errors) > 1e-9):
        return None
    return Finding(
        "rounded-to-float32",
        f"is off by up to {errors.max():.0e} of its largest entry, nearly everywhere: it looks "
        "rounded to float32; is something cast?",
    )


def _turned(seen: Evidence) -> Finding | None:
    if seen.analytic.ndim != 2:
        return None
    turned = seen.analytic.reshape(seen.analytic.shape[::-1]).T.reshape(-1)[seen.index]
    if not is_close(turned, seen.numeric):
        return None
    return Finding(
        "transposed-gradient",
        "is the transpose of the numerical gradient: xᵀ dy, not dyᵀ x",
    )


def _of_the_output(seen: Evidence) -> Finding | None:
    """Return the fault of a layer alone whose gradient follows from that of its output."""
    analytic, grad_y = seen.analytic, seen.grad_y
    if grad_y is None or grad_y.ndim != 2:
        return None
    if analytic.shape == grad_y.shape and is_close(analytic, np.maximum(grad_y, 0)):
        return Finding(
            "mask-from-gradient",
            "is masked where the gradient of the output is negative, not where the input is: "
            "use the mask that forward saw",
        )
    if analytic.shape != grad_y.shape[1:]:
        return None
    if any(is_close(analytic, row) for row in grad_y):
        return Finding(
            "missing-bias-sum", "is that of one example alone: is the sum over the batch missing?"
        )
    wrong = [np.full(analytic.shape, grad_y.sum())]
    if grad_y.shape[0] == grad_y.shape[1]:
        wrong.append(grad_y.sum(axis=1))
    if any(is_close(analytic, candidate) for candidate in wrong):
        return Finding(
            "bias-wrong-axis",
            "is a sum over the wrong axis: sum over the batch, axis 0, for each output",
        )
    return None


def _unmasked(chosen: Array, numeric: Array) -> Finding | None:
    closed = np.abs(numeric) <= 1e-9 * np.abs(numeric).max()
    if not (closed.any() and chosen[closed].any() and is_close(chosen[~closed], numeric[~closed])):
        return None
    return Finding(
        "missing-mask",
        "passes where the unit was switched off, and the numerical gradient is 0: is the mask "
        "missing?",
    )
