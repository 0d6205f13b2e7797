"""Of a hundred solutions with one small change, drawn at random, at least 95 are caught."""

import random
import signal

import pytest

from chainrule.lessons import LESSONS
from chainrule.lessons.judge import RIGHT, judge

mutating = pytest.importorskip(
    "cosmic_ray.mutating", reason="mutants need cosmic-ray: install chainrule[test]"
)
plugins = pytest.importorskip("cosmic_ray.plugins")
pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")

COUNT, AT_LEAST, SECONDS = 100, 95, 3


def learners_lines(source):
    """Return the numbers of the lines that a learner writes."""
    lines, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or line.strip() == "# solution") and line.strip() != "# end"
        if inside:
            lines.add(number)
    return lines


def mutants():
    """Yield (lesson, operator, number) of every change to a solution that cosmic-ray knows."""
    from cosmic_ray.ast import ast_nodes, get_ast

    for lesson in LESSONS:
        nodes, lines = list(ast_nodes(get_ast(lesson.source))), learners_lines(lesson.source)
        for name in plugins.operator_names():
            kind = plugins.get_operator(name)
            if kind.arguments():
                continue
            places = (place for node in nodes for place in kind().mutation_positions(node))
            for number, ((line, _), _) in enumerate(places):
                if line in lines:
                    yield lesson, name, number


def stop(*_):
    raise TimeoutError("the mutant did not end")


def is_caught(lesson, text):
    """Judge a learner's file, as the child process would."""
    namespace = {"__name__": "mutant"}
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        exec(text, namespace)
        return any(
            judge(part, namespace[part.name], getattr(lesson.solution, part.name)).status != RIGHT
            for part in lesson.parts
        )
    except Exception:  # it cannot even be read
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.folder)
def test_a_solution_without_a_change_is_not_caught(lesson):
    assert not is_caught(lesson, lesson.source)


def test_at_least_95_of_100_mutated_solutions_are_caught():
    drawn = random.Random(0).sample(sorted(mutants(), key=repr), COUNT)
    missed = []
    for lesson, name, number in drawn:
        text = mutating.mutate_code(lesson.source, plugins.get_operator(name)(), number)
        if not is_caught(lesson, text):
            missed.append(f"{lesson.folder} {name} {number}")
    print(f"{COUNT - len(missed)} of {COUNT} caught; missed: {missed}")
    assert COUNT - len(missed) >= AT_LEAST, missed
