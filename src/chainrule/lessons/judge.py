"""The judge of one part: shape, dtype, finite, value, side effects, and then which mistake."""

from __future__ import annotations

import copy
import errno
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chainrule.lessons import borrowing
from chainrule.lessons.lesson import Case, Lesson, Part, Rng

RIGHT, WRONG, NOT_STARTED, NOT_REACHED = "right", "wrong", "not started", "not reached"
# Relative to the largest number of the output.
# In float64 a right answer differs by a few 1e-13 at most, and 1e-9 more is a mistake.
TOLERANCES = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-11}
MOST_ROWS, MOST_NUMBERS = 8, 16  # of an array that is shown


@dataclass(frozen=True)
class PartResult:
    """What the check of one part found.

    Attributes
    ----------
    name : str
        Of the part.
    status : str
        "right", "wrong", "not started" or "not reached".
    kind : str
        Of what is wrong: shape, dtype, finite, value, side effect, borrowed, error, time, memory,
        missing.
    lines : tuple of str
        The first case that fails, in words and small arrays.
    mistake : str
        The name of the wrong answer that was recognised, or "".
    hint : str
        Of that mistake, or "".
    traceback : str
        Of an error in the learner's code.
    """

    name: str
    status: str
    kind: str = ""
    lines: tuple[str, ...] = ()
    mistake: str = ""
    hint: str = ""
    traceback: str = field(default="", repr=False)


@dataclass(frozen=True)
class _Outcome:
    """What one call gave."""

    outputs: tuple[Any, ...] = ()
    changed: tuple[str, ...] = ()  # arguments that are not as they were
    tolerance: float = 0.0  # where the arguments are float32, whatever the outputs are
    error: BaseException | None = None


def judge(part: Part, answer: Any, solution: Any, lesson: Lesson | None = None) -> PartResult:
    """Judge what a learner wrote for one part.

    Parameters
    ----------
    part : Part
    answer : callable
        The learner's function or class.
    solution : callable
        The right one.
    lesson : Lesson, optional
        With it an error is said with its line in the learner's file, and a part that is right by
        calling Chainrule's own functions is refused.
    """
    borrowed: list[str] | None = [] if lesson else None
    file_name = lesson.file_name if lesson else ""
    untouched = lesson.untouched if lesson else {}
    cases = part.cases(np.random.default_rng(part_seed(part)))
    for case in cases:
        came, right = _outcome(part, answer, case, borrowed), _outcome(part, solution, case)
        if waiting := _waits(part, came.error, file_name, untouched):
            return waiting
        kind, lines = _difference(part, came, right, file_name)
        if kind:
            mistake, hint = _recognise(part, answer, solution, cases)
            described = (*describe(part, case), *lines)
            words = "".join(traceback.format_exception(came.error)) if came.error else ""
            return PartResult(part.name, WRONG, kind, described, mistake, hint, words)
    if borrowed:
        return PartResult(part.name, WRONG, "borrowed", (borrowing.words(borrowed[0]),))
    return PartResult(part.name, RIGHT)


def _waits(
    part: Part, error: BaseException | None, file_name: str, untouched: Mapping[str, bytes]
) -> PartResult | None:
    """Return the result of a part that has not been started, or needs another one that has not."""
    if not isinstance(error, NotImplementedError):
        return None
    code = list(traceback.walk_tb(error.__traceback__))[-1][0].f_code
    place = code.co_qualname.rpartition("<locals>.")[2]
    name = place.partition(".")[0]
    if name == part.name and code.co_code == untouched.get(place, _untouched.__code__.co_code):
        return PartResult(part.name, NOT_STARTED)
    if name == part.name:
        words = "The line 'raise NotImplementedError' is still there: delete it."
        return PartResult(part.name, WRONG, "error", (words,))
    if code.co_filename.endswith(file_name):
        return PartResult(part.name, NOT_STARTED, lines=(f"It waits for {name}.",))
    return None


def _untouched() -> None:
    raise NotImplementedError


def part_seed(part: Part) -> int:
    """Return the seed of a part's cases: fixed, and another one for each name."""
    return sum(part.name.encode())


def _outcome(part: Part, answer: Any, case: Case, borrowed: list[str] | None = None) -> _Outcome:
    arguments = {
        name: np.random.default_rng(value.seed) if isinstance(value, Rng) else copy.deepcopy(value)
        for name, value in case.items()
    }
    watch = nullcontext() if borrowed is None else borrowing.borrowing(borrowed, part.lends)
    try:
        with np.errstate(all="ignore"), watch:
            outputs = part.run(answer, arguments)
    except BaseException as error:  # SystemExit as well
        return _Outcome(error=error)
    if len(part.outputs) > 1 and len(outputs) == 1:
        outputs = _unpacked(outputs[0])
    changed = (
        name
        for name, value in case.items()
        if not (name in part.changes or isinstance(value, Rng) or callable(value))
        and not _is_same(value, arguments[name])
    )
    dtypes = {value.dtype for value in case.values() if isinstance(value, np.ndarray)}
    return _Outcome(outputs, tuple(changed), tolerance=max(map(_tolerance, dtypes), default=0.0))


def _unpacked(value: Any) -> tuple[Any, ...]:
    """Return the items of a list, or of a vector: a tuple of outputs may be written so."""
    is_vector = isinstance(value, np.ndarray) and value.ndim == 1
    return tuple(value) if isinstance(value, list) or is_vector else (value,)


def _is_same(one: Any, other: Any) -> bool:
    """Return whether an argument is what it was, to the bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return not isinstance(one, int | float | str) or bool(one == other)


# ---- the order of the checks ----


def _difference(
    part: Part, came: _Outcome, right: _Outcome, file_name: str
) -> tuple[str, Sequence[str]]:
    """Return the kind of the first thing that is wrong, and its words; "" where nothing is."""
    if came.error is not None:
        if isinstance(came.error, MemoryError):
            return "memory", ["It asked for more memory than a check may take."]
        return "error", [error_words(came.error, file_name)]
    if len(came.outputs) != len(part.outputs):
        wanted = ", ".join(part.outputs)
        words = f"It must return {wanted}, but {_count(came.outputs)}."
        return "shape", [words]
    outputs = list(zip(part.outputs, came.outputs, right.outputs, strict=True))
    for output in outputs:
        if words := _shape_words(*output):
            return "shape", [words]
    checks: dict[str, Callable[[str, Any, Any], str]] = {
        "dtype": _keeps_dtype_words if part.keeps_dtype else _dtype_words,
        "finite": _finite_words,
        "value": partial(_value_words, tolerance=came.tolerance),
    }
    pairs = [pair for output in outputs for pair in _pairs(*output)]
    for kind, check in checks.items():
        for pair in pairs:
            if words := check(*pair):
                return kind, words.split("\n")
    if came.changed:
        words = f"It changes its argument {came.changed[0]}: work on a copy."
        return "side effect", [words]
    return "", ()


def _count(outputs: tuple[Any, ...]) -> str:
    if len(outputs) == 1 and outputs[0] is None:
        return "it returned None: is a return missing?"
    return f"{len(outputs)} {'value' if len(outputs) == 1 else 'values'} came"


def _is_list(value: Any) -> bool:
    """Return whether an output is a list of arrays, not one array written as a list."""
    if not isinstance(value, list | tuple):
        return False
    return not value or any(isinstance(item, np.ndarray) for item in value)


def _pairs(name: str, mine: Any, theirs: Any) -> list[tuple[str, Any, Any]]:
    """Return the arrays of an output with their names: an output may be a list of arrays."""
    if not _is_list(theirs):
        return [(name, mine, theirs)]
    return [(f"{name}[{i}]", a, b) for i, (a, b) in enumerate(zip(mine, theirs, strict=True))]


def _shape_words(name: str, mine: Any, theirs: Any) -> str:
    if mine is None:
        return f"{name} is None: is a return missing?"
    if _is_list(theirs):
        if not isinstance(mine, list | tuple):
            return f"{name} must be a list of {len(theirs)} arrays, got {_kind(mine)}."
        if len(mine) != len(theirs):
            return f"{name} must hold {len(theirs)} arrays, got {len(mine)}."
    for label, one, right in _pairs(name, mine, theirs):
        try:
            shape = np.shape(one)
        except ValueError:
            return f"{label} has rows of different lengths."
        if shape != np.shape(right):
            return f"{label} must have shape {np.shape(right)}, got {shape}."
    return ""


def _kind(value: Any) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)[:60]


def _dtype_words(label: str, mine: Any, right: Any) -> str:
    came, wanted = np.asarray(mine).dtype, np.asarray(right).dtype
    is_whole = came.kind == "f" and np.ndim(mine) == 0 and float(mine).is_integer()
    if wanted.kind in "iub" and not (came.kind in "iub" or is_whole):
        return f"{label} must be whole numbers, got {came}."
    if wanted.kind == "f" and came.kind not in ("f" if np.ndim(right) else "fiu"):
        return f"{label} must be floats, got {came}."
    return ""


def _keeps_dtype_words(label: str, mine: Any, right: Any) -> str:
    came, wanted = np.asarray(mine).dtype, np.asarray(right).dtype
    words = _dtype_words(label, mine, right)
    if not words and wanted.kind == "f" and np.ndim(right) and came != wanted:
        return f"{label} must be {wanted} as the arguments are, got {came}."
    return words


def _finite_words(label: str, mine: Any, right: Any) -> str:
    bad = ~np.isfinite(np.asarray(mine, np.float64)) & np.isfinite(np.asarray(right, np.float64))
    if not bad.any():
        return ""
    place = ", ".join(str(int(i)) for i in np.argwhere(bad)[0])
    where = f" at [{place}]" if place else ""
    return f"{label} holds NaN or infinity{where}, where a finite number is right."


def _value_words(label: str, mine: Any, right: Any, tolerance: float) -> str:
    """Return the two arrays beside each other, the wrong entries marked."""
    wrong = _wrong_entries(mine, right, tolerance)
    if not wrong.any():
        return ""
    head = f"The value of {label} is wrong; ! marks the wrong entries."
    return "\n".join([head, *_side_by_side(np.asarray(right), np.asarray(mine), wrong)])


def _tolerance(dtype: Any) -> float:
    return TOLERANCES.get(dtype, 0.0)


def _wrong_entries(mine: Any, right: Any, tolerance: float) -> Any:
    mine, right = np.asarray(mine), np.asarray(right)
    if right.dtype.kind != "f":
        return mine != right
    tolerance = max(tolerance, _tolerance(mine.dtype), _tolerance(right.dtype))
    size = float(np.abs(right[np.isfinite(right)]).max(initial=0))
    return ~np.isclose(mine, right, rtol=0, atol=tolerance * (size or 1), equal_nan=True)


# ---- which mistake it is ----


def _recognise(part: Part, answer: Any, solution: Any, cases: Sequence[Case]) -> tuple[str, str]:
    """Return name and hint of the wrong answer that gives the same in every case."""
    mine, right = ([_outcome(part, one, case) for case in cases] for one in (answer, solution))
    alike = [
        (wrong, theirs)
        for wrong in part.wrong_answers
        if (theirs := _as_far_as_like(part, wrong.answer, cases, mine)) is not None
    ]
    for strict in (True, False):  # then another dtype beside the mistake is forgiven
        for wrong, theirs in alike:
            if _are_same(mine, theirs, strict) and not _are_same(right, theirs, strict):
                return wrong.name, wrong.hint
    return "", ""


def _as_far_as_like(
    part: Part, answer: Any, cases: Sequence[Case], wanted: Sequence[_Outcome]
) -> list[_Outcome] | None:
    """Return an answer's outcomes, or None as soon as one is unlike the wanted one."""
    outcomes = []
    for case, other in zip(cases, wanted, strict=True):
        outcomes.append(_outcome(part, answer, case))
        if not _is_same_outcome(other, outcomes[-1], strict=False):
            return None
    return outcomes


def _are_same(some: Sequence[_Outcome], others: Sequence[_Outcome], strict: bool) -> bool:
    return all(_is_same_outcome(a, b, strict) for a, b in zip(some, others, strict=True))


def _is_same_outcome(one: _Outcome, other: _Outcome, strict: bool) -> bool:
    if one.error or other.error:
        return type(one.error) is type(other.error) and str(one.error) == str(other.error)
    if len(one.outputs) != len(other.outputs) or one.changed != other.changed:
        return False
    try:
        return all(
            not _shape_words("", a, b)
            and np.asarray(a).dtype.kind == np.asarray(b).dtype.kind
            and not (strict and _keeps_dtype_words("", a, b))
            and not _wrong_entries(a, b, one.tolerance).any()
            for x, y in zip(one.outputs, other.outputs, strict=True)
            for _, a, b in _pairs("", x, y)
        )
    except (TypeError, ValueError):  # not even comparable
        return False


# ---- words ----


def describe(part: Part, case: Case) -> list[str]:
    """Return a call in words: small arrays with their numbers, others by their shape."""
    is_class = part.name[0].isupper()
    lines = [f"{part.name}{'' if is_class else '(' + ', '.join(case) + ')'} with"]
    for name, value in case.items():
        first, *others = _describe(value).split("\n")
        lines += [f"    {name} = {first}", *(f"    {' ' * len(name)}   {line}" for line in others)]
    return lines


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size > MOST_NUMBERS or value.ndim > 2:
            return f"an array of shape {value.shape}"
        return np.array2string(value, precision=3, separator=", ", suppress_small=True)
    if isinstance(value, list | tuple) and any(isinstance(item, np.ndarray) for item in value):
        return f"arrays of shapes {', '.join(str(np.shape(item)) for item in value)}"
    if callable(value) and not isinstance(value, Rng):
        return getattr(value, "__name__", "a function")
    return repr(value)


def _side_by_side(right: Any, mine: Any, wrong: Any) -> list[str]:
    shape = right.shape
    right, mine, wrong = (x.reshape(-1, shape[-1] if shape else 1) for x in (right, mine, wrong))
    first = int(np.argwhere(wrong)[0][0]) if len(right) > MOST_ROWS else 0
    shown = np.s_[first : first + MOST_ROWS, :MOST_ROWS]
    left = ["right", *(" ".join(map(_entry, row)) for row in right[shown])]
    marked = zip(mine[shown], wrong[shown], strict=True)
    yours = ["yours", *(" ".join(map(_entry, row, marks)) for row, marks in marked)]
    width = max(map(len, left))
    lines = [f"{one:<{width}}   {other}" for one, other in zip(left, yours, strict=True)]
    if max(right.shape) > MOST_ROWS:
        lines.append(f"(a part of the whole, which has shape {shape})")
    return lines


def _entry(value: Any, is_wrong: Any = False) -> str:
    text = f"{value:.5g}" if np.asarray(value).dtype.kind == "f" else str(value)
    return f"{'!' + text if is_wrong else text:>11}"


def error_words(error: BaseException, file_name: str) -> str:
    """Return what stopped the learner's code, and in which line of it."""
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return "It printed or wrote more than 16 MB."
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if file_name and frame.filename.endswith(file_name)]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    where = f" in line {lines[-1]}" if lines and lines[-1] else ""
    message = getattr(error, "msg", None) or str(error).strip().partition("\n")[0]
    words = f"It stopped{where} with {type(error).__name__}: {message or 'no message'}."
    if "unexpected keyword argument" in message:
        words += " Keep the names of the arguments."
    if "null bytes" in message:
        words += " Save the file as UTF-8."
    return words
