"""What a lesson is made of: parts that a learner writes, cases to try them on, wrong answers."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module, resources
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from chainrule.checks import ChainruleError
from chainrule.lessons import source

# The arguments of one call, by name; small, so that they can be shown.
Case: TypeAlias = dict[str, Any]

# ``run(what the learner wrote, case)`` returns what it gave, as a tuple.
Run: TypeAlias = Callable[[Any, Case], tuple[Any, ...]]


def call(function: Callable[..., Any], case: Case) -> tuple[Any, ...]:
    """Call a function with the arguments of a case; return what it returns as a tuple."""
    result = function(**case)
    return result if isinstance(result, tuple) else (result,)


@dataclass(frozen=True)
class WrongAnswer:
    """A mistake that learners make.

    Attributes
    ----------
    name : str
        Short, such as "averaged-twice"; where there is one, the name of a fault in
        `chainrule.proof.faults`.
    answer : callable
        What the learner would have written: takes the place of the part.
    hint : str
        What is wrong, and which way to look, in one or two sentences.
    """

    name: str
    answer: Callable[..., Any]
    hint: str


def wide(rng: np.random.Generator, *shape: int) -> Any:
    """Draw numbers from about 1e-4 to 1e4: what is clipped, rounded or cut off shows in them."""
    return rng.standard_normal(shape) * 10 ** rng.uniform(-4, 4, shape)


def small(rng: np.random.Generator, *shape: int) -> Any:
    """Draw numbers of about 1e-3, below 5e-3: what is taken for 0 shows in them."""
    return rng.uniform(-5e-3, 5e-3, shape)


def wrong_answers(
    bank: type, written: Callable[[Any], Callable[..., Any]] = lambda answer: answer
) -> tuple[WrongAnswer, ...]:
    """Return the wrong answers that a class of a lesson's `mistakes.py` defines, in its order.

    A mistake's name is that in the class, with hyphens; its hint stands below it, as a docstring
    (see `source.hints`). `written` makes of each what the learner would have written, where that
    is not the thing itself: of an `update`, say, a class with that method.
    """
    hints = source.hints(inspect.getsource(sys.modules[bank.__module__]), bank.__name__)
    return tuple(
        WrongAnswer(name.replace("_", "-"), written(vars(bank)[name]), hint)
        for name, hint in hints.items()
    )


@dataclass(frozen=True)
class Part:
    """A function or class that the learner writes.

    Attributes
    ----------
    name : str
        As it stands in the learner's file.
    cases : callable
        ``cases(rng)`` returns the arguments of several calls, simple ones first. An argument that
        is a generator is passed as the seed of one: ``{"rng": Rng(3)}``.
    outputs : tuple of str
        The names of what it returns, in order.
    hints : three sentences
        From a question to nearly the line.
    wrong_answers : sequence of WrongAnswer
        Those that differ from the solution in at least one case.
    run : callable
        How it is called; `call` for a plain function.
    changes : tuple of str
        The arguments that it may change in place.
    keeps_dtype : bool
        Whether float32 arguments must give float32 outputs.
    lends : tuple of str
        The files of Chainrule whose objects it hands over; no others may run meanwhile.
    """

    name: str
    cases: Callable[[np.random.Generator], Sequence[Case]]
    outputs: tuple[str, ...]
    hints: tuple[str, str, str]
    wrong_answers: Sequence[WrongAnswer] = ()
    run: Run = call
    changes: tuple[str, ...] = ()
    keeps_dtype: bool = False
    lends: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rng:
    """Stands in a case for a fresh generator of this seed: each call gets its own."""

    seed: int

    def __repr__(self) -> str:
        return f"default_rng({self.seed})"


@dataclass(frozen=True)
class Lesson:
    """One lesson: its folder beside this file holds `solution.py` and `parts.py`.

    Attributes
    ----------
    number : int
    title : str
    folder : str
        Of the package; the learner's file is named after it.
    minutes : int
        The time that it needs.
    """

    number: int
    title: str
    folder: str
    minutes: int

    @property
    def file_name(self) -> str:
        """The name of the learner's file."""
        return f"lesson{self.number}_{self.folder}.py"

    @property
    def page(self) -> str:
        """The page of the book, below ``docs/lessons``."""
        return f"{self.number}-{self.folder.replace('_', '-')}"

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts, in the order of the learner's file."""
        parts: tuple[Part, ...] = self._module("parts").PARTS
        return parts

    @cached_property
    def solution(self) -> ModuleType:
        """The module that holds the solution of every part."""
        return self._module("solution")

    @property
    def source(self) -> str:
        """The one source of template and solution."""
        package = resources.files(f"chainrule.lessons.{self.folder}")
        return (package / "solution.py").read_text(encoding="utf-8")

    @property
    def template(self) -> str:
        """The learner's file as it is at the start."""
        return source.template(self.source)

    @cached_property
    def untouched(self) -> dict[str, bytes]:
        """The code of each function of the template, by its qualified name."""
        return source.code_of(self.template)

    def solution_of(self, name: str) -> str:
        """Return the source of one part's solution, for the book."""
        return source.solution_of(self.source, name)

    def _module(self, name: str) -> ModuleType:
        return import_module(f"chainrule.lessons.{self.folder}.{name}")


LESSONS = (
    Lesson(1, "Forward and loss", "forward_and_loss", 60),
    Lesson(2, "Backwards by hand", "backwards_by_hand", 90),
    Lesson(3, "SGD, really", "sgd_really", 60),
    Lesson(4, "From momentum to Adam", "momentum_to_adam", 75),
    Lesson(5, "An honest result", "honest_result", 60),
)


def find_lesson(number: object) -> Lesson:
    """Return the lesson of that number, an int or its digits.

    Raises
    ------
    ChainruleError
        If there is none.
    """
    for lesson in LESSONS:
        if str(number) == str(lesson.number):
            return lesson
    raise ChainruleError(f"The lessons are 1 to {len(LESSONS)}, got {number!r}.")
