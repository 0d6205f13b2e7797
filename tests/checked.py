"""The checks of the lessons, checked: ``python tests/checked.py`` writes docs/checks.md.

It needs ``chainrule[test]`` and about a minute of one core. A test does the same and compares.
"""

from __future__ import annotations

import inspect
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.lessons import LESSONS
from chainrule.lessons.judge import NOT_STARTED, RIGHT, PartResult, judge, part_seed
from chainrule.lessons.lesson import Lesson, Part
from chainrule.lessons.source import TO_DO, solution

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"
PARTS = [(lesson, part) for lesson in LESSONS for part in lesson.parts]
SECONDS = 5  # of computing, for one mutant


def written(text: str) -> dict[str, Any]:
    """Run a learner's file."""
    namespace: dict[str, Any] = {"__name__": "learner"}
    exec(compile(text, "learner.py", "exec"), namespace)
    return namespace


@cache
def own(lesson: Lesson) -> dict[str, Any]:
    """Return what a learner has who wrote the solution's text: no frame of it is Chainrule's."""
    return written(solution(lesson.source))


def judged(lesson: Lesson, part: Part, answer: Any, bank: bool = False) -> PartResult:
    """Judge an answer as the child process does; its mistake is named only if `bank` is true."""
    right = getattr(lesson.solution, part.name)
    return judge(part if bank else replace(part, wrong_answers=()), answer, right, lesson)


def cases_of(part: Part) -> list[dict[str, Any]]:
    return list(part.cases(np.random.default_rng(part_seed(part))))


# ---- the bank ----


def misnamed(lesson: Lesson, part: Part) -> list[tuple[str, str]]:
    """Return the wrong answers of the bank that do not get their own name and hint, and which."""
    right, found = getattr(lesson.solution, part.name), []
    for wrong in part.wrong_answers:
        told = judge(part, wrong.answer, right)
        if (told.mistake, told.hint) != (wrong.name, wrong.hint) or not told.lines:
            found.append((f"{part.name} {wrong.name}", told.mistake))
    return found


# ---- mutants ----

# Why a mutant that is right is no fault of the check, by what it makes of the line.
SURVIVORS = {
    "inputs[2 * i | 1]": "2 i is even: the same index",
    "inputs[2 * i ^ 1]": "2 i is even: the same index",
    "inputs[2 * i + 2]": "the ReLU's output is positive where its input is: the same mask",
    "if i != len(weights) - 1": "i is never larger: the same condition",
    "if i is not len(weights) - 1": "i is never larger, and Python keeps one object a small int",
    "means >= best": "best is the largest mean: none is above it",
}


def learners_lines(source: str) -> set[int]:
    """Return the numbers of the lines that a learner writes."""
    lines, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or line.strip() == "# solution") and line.strip() != "# end"
        if inside:
            lines.add(number)
    return lines


def mutants() -> Iterator[tuple[Lesson, str, str]]:
    """Yield (lesson, mutated source, its line) of each change that cosmic-ray knows."""
    from cosmic_ray import mutating, plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    for lesson in LESSONS:
        source = lesson.source
        nodes, lines = list(ast_nodes(get_ast(source))), learners_lines(source)
        for name in sorted(plugins.operator_names()):
            kind = plugins.get_operator(name)
            if kind.arguments():
                continue
            places = (place for node in nodes for place in kind().mutation_positions(node))
            for number, ((line, _), _) in enumerate(places):
                if line in lines:
                    text = mutating.mutate_code(source, kind(), number)
                    pairs = zip(source.splitlines(), text.splitlines(), strict=False)
                    yield lesson, text, next(new.strip() for old, new in pairs if old != new)


def part_of(lesson: Lesson, text: str) -> Part:
    """Return the part whose source a mutant has changed."""
    for part in lesson.parts:
        head = re.compile(rf"^(def|class) {part.name}\b.*?(?=^\S|\Z)", re.DOTALL | re.MULTILINE)
        if head.search(text)[0] != head.search(lesson.source)[0]:
            return part
    raise ValueError("nothing has changed")


@contextmanager
def limited() -> Iterator[None]:
    """Raise TimeoutError after some seconds of computing."""

    def stop(*_: Any) -> None:
        raise TimeoutError("the mutant did not end")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def is_refused(lesson: Lesson, part: Part, text: str) -> bool:
    """Return whether the check of the mutated part itself says no."""
    try:
        with limited(), np.errstate(all="ignore"):
            return judged(lesson, part, written(text)[part.name]).status != RIGHT
    except Exception:  # it cannot even be read
        return True


def judge_mutants() -> tuple[Counter[str], Counter[str], list[tuple[str, str]]]:
    """Return by part how many mutants there are and how many are refused; then who survives."""
    tried, refused, survivors = Counter(), Counter(), []
    for lesson, text, line in mutants():
        part = part_of(lesson, text)
        tried[part.name, lesson.number] += 1
        if is_refused(lesson, part, text):
            refused[part.name, lesson.number] += 1
        else:
            survivors.append((f"{lesson.number}, `{part.name}`", line))
    return tried, refused, survivors


# ---- answers that are right but for one thing ----


def right_but(part: Part, right: Any, change: Callable[..., Any], inward: bool = False) -> Any:
    """Return the solution with `change` applied to what comes out, or to what goes in."""
    if isinstance(right, type):

        def update(self: Any, parameters: Any, gradients: Any) -> Any:
            if inward:
                return right.update(self, parameters, change(gradients.copy()))
            return change(right.update(self, parameters, gradients))

        return type(part.name, (right,), {"update": update})

    def answer(*values: Any, **case: Any) -> Any:
        case = inspect.signature(right).bind(*values, **case).arguments
        if inward:
            return right(**{name: change(value) for name, value in case.items()})
        return change(right(**case))

    return answer


def on_floats(change: Callable[[Any], Any], value: Any) -> Any:
    """Return a value with every float in it changed; lists and dtypes stay."""
    if isinstance(value, list | tuple):
        return type(value)(on_floats(change, item) for item in value)
    if isinstance(value, float) and not isinstance(value, np.floating):
        return float(change(np.asarray(value)))
    if isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f":
        return np.asarray(change(value)).astype(value.dtype)[()]
    return value


CHANGES = {
    "plus 1e-9": lambda x: x + 1e-9,
    "times 1 + 1e-9": lambda x: x * (1 + 1e-9),
    "rounded to 9 decimals": lambda x: np.round(x, 9),
    "through float32": lambda x: x.astype(np.float32),
    "clipped at 1": lambda x: np.clip(x, -1, 1),
    "clipped at 5": lambda x: np.clip(x, -5, 5),
    "clipped at 10": lambda x: np.clip(x, -10, 10),
    "clipped at 100": lambda x: np.clip(x, -100, 100),
    "norm clipped at 5": lambda x: x * min(1, 5 / (np.linalg.norm(x) or 1)),
    "0 below 1e-3": lambda x: np.where(np.abs(x) < 1e-3, 0, x),
}
# Parts without floats to change: a draw of whole numbers, or of weights from two sizes.
NO_FLOATS = {
    ("he_normal", "in"),
    *((name, way) for name in ("epoch_batches", "split") for way in ("in", "out")),
    ("claim", "out"),
}
# Why a change that passes is no fault of the check, by part and way.
HARMLESS = {
    ("he_normal", "out"): "no weight is that large",
    ("softmax", "out"): "no probability is above 1, and no row of them longer than that",
    ("softmax", "in"): "a softmax does not change with a shift of its logits",
    ("crossentropy", "in"): "the loss does not change with a shift of the logits",
    ("crossentropy_backward", "out"): "no entry is above 1, and no batch of them longer than that",
    ("crossentropy_backward", "in"): "a softmax does not change with a shift of its logits",
    ("standardise", "in"): "mean and deviation take shift and scale out again",
    ("paired_interval", "out"): "no difference of two accuracies is above 100 points",
    ("paired_interval", "in"): "a shift cancels in a - b; accuracies are not above 100, and "
    "none is below 0.001",
    ("claim", "in"): "the claim is a sign: accuracies that differ by 1e-9 claim the same",
}


def passing_changes(lesson: Lesson, part: Part, inward: bool) -> list[str]:
    """Return the names of the changes that the check does not see."""
    right = own(lesson)[part.name]
    answers = {
        name: right_but(part, right, partial(on_floats, change), inward)
        for name, change in CHANGES.items()
    }
    return [n for n, one in answers.items() if judged(lesson, part, one).status == RIGHT]


# ---- answers that are none ----


def templated(body: str) -> Callable[[Lesson, Part], list[Any]]:
    """Return an answer that has this line in place of each that says that work is to do."""
    return lambda lesson, part: [written(lesson.template.replace(TO_DO, body))[part.name]]


def zeros(lesson: Lesson, part: Part) -> list[Any]:
    def zero(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(zero, value))
        return np.zeros_like(value)[()]

    return [right_but(part, own(lesson)[part.name], zero)]


def size_of(case: dict[str, Any]) -> int:
    """Return the size of a call: rows of its first array, or its first whole number."""
    for value in case.values():
        if isinstance(value, np.ndarray):
            return len(value)
        if isinstance(value, int):
            return value
    raise ValueError("a call without a size")


def one_size_alone(lesson: Lesson, part: Part) -> list[Any]:
    """Return an answer for each size that occurs: right for that one, zeros for all others."""
    right, (nothing,) = own(lesson)[part.name], zeros(lesson, part)

    def answer(size: int) -> Any:
        if isinstance(right, type):
            return _steps_of_one_size(part, right, size)

        def by_size(*values: Any, **case: Any) -> Any:
            case = inspect.signature(right).bind(*values, **case).arguments
            return (right if size_of(case) == size else nothing)(**case)

        return by_size

    sizes = {size_of(_call_of(case, right)) for case in cases_of(part)}
    return [answer(size) for size in sorted(sizes)]


def _call_of(case: dict[str, Any], right: Any) -> dict[str, Any]:
    return {"parameters": case["parameters"]} if isinstance(right, type) else case


def _steps_of_one_size(part: Part, right: Any, size: int) -> Any:
    def update(self: Any, parameters: Any, gradients: Any) -> Any:
        moved = right.update(self, parameters, gradients)
        return moved if len(gradients) == size else 0 * moved

    return type(part.name, (right,), {"update": update})


def first_rows_alone(lesson: Lesson, part: Part) -> list[Any]:
    """Return answers that are right in the first row, or the first four, and 0 below."""

    def cut(rows: int, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(cut(rows, item) for item in value)
        if np.ndim(value) == 0 or len(value) <= rows:
            return value
        return np.concatenate([value[:rows], np.zeros_like(value[rows:])])

    if part.name in ("he_normal", "crossentropy", "choose_rate", "honest_result", "claim",
                     "paired_interval", "train", "epoch_batches", "split"):  # fmt: skip
        return []
    return [right_but(part, own(lesson)[part.name], partial(cut, rows)) for rows in (1, 4)]


def changing(lesson: Lesson, part: Part) -> list[Any]:
    """Return the solution with one of the arrays of its arguments changed afterwards, each."""
    right = own(lesson)[part.name]
    if isinstance(right, type):

        def update(self: Any, parameters: Any, gradients: Any) -> Any:
            moved = right.update(self, parameters, gradients)
            gradients += 1
            return moved

        return [type(part.name, (right,), {"update": update})]

    def answer(name: str) -> Any:
        def changed(**case: Any) -> Any:
            result = right(**case)
            for array in case[name] if isinstance(case[name], list) else [case[name]]:
                array += 1
            return result

        return changed

    first = cases_of(part)[0]
    kinds = (np.ndarray, list)
    return [answer(name) for name, value in first.items() if isinstance(value, kinds)]


FORGETFUL = (3, 4, 5, 10, 20)


def forgetting(lesson: Lesson, part: Part) -> list[Any]:
    """Return optimizers that forget their state every few steps, or whose t stops."""
    right = own(lesson)[part.name]
    if not isinstance(right, type) or part.name == "SGD":
        return []

    def answer(every: int, stops: bool) -> Any:
        def update(self: Any, parameters: Any, gradients: Any) -> Any:
            self.steps = getattr(self, "steps", 0) + 1
            if stops:
                self.t = min(self.t, every - 1)
            elif self.steps % every == 0:
                vars(self).update(dict.fromkeys(vars(self).keys() & {"velocity", "t", "m", "v"}, 0))
            return right.update(self, parameters, gradients)

        return type(part.name, (right,), {"update": update})

    ways = (False, True) if part.name == "Adam" else (False,)
    return [answer(every, stops) for stops in ways for every in FORGETFUL]


LIBRARY = {
    "dense_forward": "layer = chainrule.Dense(*weights.shape, rng=0)\n"
    "    layer.parameters['weights'] = weights\n    layer.parameters['biases'] = biases\n"
    "    return layer.forward(x)",
    "relu_forward": "return chainrule.ReLU().forward(x)",
    "he_normal": "return chainrule.layers.he_normal(rng, n_in, n_out)",
    "softmax": "return chainrule.losses.softmax(logits)",
    "crossentropy": "return chainrule.softmax_crossentropy_with_logits(logits, labels)[0]",
    "relu_backward": "layer = chainrule.ReLU()\n    layer.forward(x)\n"
    "    return layer.backward(grad_y)",
    "crossentropy_backward":
    "return chainrule.softmax_crossentropy_with_logits(logits, labels)[1]",
    "SGD": "SGD = chainrule.SGD",
    "Momentum": "Momentum = chainrule.SGD\n"
    "class Momentum(chainrule.SGD):\n    def __init__(self, learning_rate=0.1, momentum=0.9):\n"
    "        super().__init__(learning_rate, momentum)",
    "RMSProp": "RMSProp = chainrule.RMSProp",
    "Adam": "class Adam(chainrule.Adam):\n    pass",
}  # fmt: skip


def library(lesson: Lesson, part: Part) -> list[Any]:
    """Return an answer that has the library do it, where it has a function for that."""
    if part.name not in LIBRARY:
        return []
    text = LIBRARY[part.name]
    if part.name[0].islower():
        names = ", ".join(cases_of(part)[0])
        text = f"def {part.name}({names}):\n    {text}"
    return [written(f"import chainrule\nimport chainrule.losses\n{text}\n")[part.name]]


def solution_inside(lesson: Lesson, part: Part) -> list[Any]:
    """Return an answer that calls the lesson's solution."""
    head = f"from {lesson.solution.__name__.rpartition('.')[0]} import solution\n"
    if part.name[0].isupper():
        return [written(f"{head}class {part.name}(solution.{part.name}):\n    pass\n")[part.name]]
    text = f"def {part.name}(*values, **case):\n    return solution.{part.name}(*values, **case)\n"
    return [written(head + text)[part.name]]


def solution_imported(lesson: Lesson, part: Part) -> list[Any]:
    return [written(f"from {lesson.solution.__name__} import *\n")[part.name]]


NO_ANSWERS: dict[str, Callable[[Lesson, Part], list[Any]]] = {
    "the empty template": templated(TO_DO),
    "`pass`": templated("pass"),
    "zeros of the right shape": zeros,
    "right for one size alone, each that occurs": one_size_alone,
    "right in the first row, or four rows, alone": first_rows_alone,
    "right, and an argument is changed, each array": changing,
    "an optimizer whose state or t ends after 3 to 20 steps": forgetting,
    "the library's own function": library,
    "the solution called from inside": solution_inside,
    "the solution imported": solution_imported,
}


def refusals(kind: str) -> tuple[int, list[PartResult]]:
    """Return of how many parts such an answer can be given, and what each of them is told."""
    parts, found = 0, []
    for lesson, part in PARTS:
        answers = NO_ANSWERS[kind](lesson, part)
        parts += bool(answers)
        found += [judged(lesson, part, answer) for answer in answers]
    return parts, found


# ---- the page ----

HEAD = """\
# The checks, checked

A check that passes everything looks like one that passes what is right. So here is what the
lessons' checks refuse, and what they do not. `python tests/checked.py` makes this page; a test
makes it again and compares.

"""
BANK = """\
## Wrong answers

The bank holds wrong answers that learners give. Each is judged, and has to be refused under its
own name.
"""
MUTANTS = """\
## Mutants

A mutant is the solution with one small change in one of its lines: all that
[cosmic-ray](https://cosmic-ray.readthedocs.io) {version} knows. It has to be refused by the part in
which it stands.
"""
NONE = """\
## Answers that are none

Each is given for every part that it can be given for, and some in several forms. The last column
has the words of the first of them.
"""
CHANGED = """\
## Right but for a little

Each change is applied to every float that a part returns, and then to every float that it is
given: {changes}. These pass, and are no mistakes:
"""
END = """\
Between float64 numbers the check sees a difference of 1e-11 of the largest number of an output,
and of 1e-4 where arguments or answer are float32. `log(p + 1e-12)` and its like may stay below.

## What no check here can see

- **A pasted solution.** The text of a solution, copied into a learner's file, is the text that a
  learner may write: nothing tells them apart.
- **Code that sets out to deceive.** The check runs in one process with the code that it checks.
  Code that looks for the check, and changes it, can. The check is for learners who want to know;
  it is no examination.
- **Other libraries.** Chainrule's own functions are seen; SciPy's softmax is not.
- **Sizes beyond the cases.** Most parts are tried with at most 12 rows, optimizers with at most 40
  steps: what goes wrong only beyond that passes.
"""


def table(head: str, rows: list[list[Any]]) -> list[str]:
    columns = head.count("|") + 1
    lines = [f"| {head} |", f"|{' --- |' * columns}"]
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def bank() -> Iterator[str]:
    """Yield the section about the bank."""
    rows = []
    for lesson, part in PARTS:
        count = len(part.wrong_answers)
        rows.append([lesson.number, f"`{part.name}`", count, count - len(misnamed(lesson, part))])
    rows.append(["", "**all**", *_sums(rows)])
    yield from table("lesson | part | wrong answers | named rightly", rows)


def _sums(rows: list[list[Any]]) -> list[str]:
    return [f"**{sum(column)}**" for column in list(zip(*rows, strict=True))[2:]]


def mutated() -> Iterator[str]:
    """Yield the section about mutants."""
    tried, refused, survivors = judge_mutants()
    keys = ((lesson.number, part.name) for lesson, part in PARTS)
    rows = [[n, f"`{name}`", tried[name, n], refused[name, n]] for n, name in keys]
    rows.append(["", "**all**", *_sums(rows)])
    yield from table("lesson | part | mutants | refused", rows)
    yield "Those that pass compute the same:\n"
    lines = [[place, _as_code(line), _reason(line)] for place, line in survivors]
    yield from table("lesson and part | the line | why it is right", lines)


def _as_code(line: str) -> str:
    return f"`{line.partition('#')[0].strip()}`".replace("|", "\\|")


def _reason(line: str) -> str:
    return next((why for text, why in SURVIVORS.items() if text in line), "**unexplained**")


def no_answers() -> Iterator[str]:
    """Yield the section about answers that are none."""
    rows = []
    for kind in NO_ANSWERS:
        parts, found = refusals(kind)
        counts = Counter(one.status if one.status != "wrong" else one.kind for one in found)
        refused = sum(one.status != RIGHT for one in found)
        told = ", ".join(f"{name} {n}" for name, n in counts.most_common())
        words = found[0].lines[-1] if found[0].status not in (RIGHT, NOT_STARTED) else ""
        if found[0].kind == "value":
            words = next(line for line in found[0].lines if line.startswith("The value"))
        example = f"*{words.replace('|', chr(92) + '|')}*" if words else ""
        rows.append([kind, parts, len(found), refused, told, example])
    yield from table("answer | parts | tried | refused | told | words", rows)


def changes() -> Iterator[str]:
    """Yield the section about small changes."""
    rows = []
    for lesson, part in PARTS:
        for inward, way in ((False, "out"), (True, "in")):
            if (part.name, way) in NO_FLOATS:
                continue
            if passing := passing_changes(lesson, part, inward):
                reason = HARMLESS.get((part.name, way), "**unexplained**")
                what = "given" if inward else "returned"
                rows.append([lesson.number, f"`{part.name}`", what, ", ".join(passing), reason])
    yield from table("lesson | part | floats | what passes | why it is no mistake", rows)


# What stands above each section, and the section.
SECTIONS = {
    BANK: bank,
    MUTANTS.format(version=version("cosmic-ray")): mutated,
    NONE: no_answers,
    CHANGED.format(changes=", ".join(CHANGES)): changes,
}


def section(head: str) -> str:
    """Return a section of the page, made anew."""
    return "\n".join([head, *SECTIONS[head]()])


if __name__ == "__main__":
    PAGE.write_text("\n".join([HEAD, *map(section, SECTIONS), END]), encoding="utf-8")
    print(f"written {PAGE}", file=sys.stderr)
