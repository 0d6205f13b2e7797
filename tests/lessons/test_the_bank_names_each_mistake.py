"""Hints and names of the bank are complete; the solution passes; work undone waits.

That every wrong answer is named: `test_the_checks_are_checked.py`.
"""

import pytest

from chainrule.lessons import LESSONS
from chainrule.lessons.checking import check_file
from chainrule.lessons.judge import NOT_STARTED, RIGHT, judge
from chainrule.proof.faults import FAULTS

PARTS = [(lesson, part) for lesson in LESSONS for part in lesson.parts]
MISTAKES = [(lesson, part, wrong) for lesson, part in PARTS for wrong in part.wrong_answers]


def name_of(value):
    return getattr(value, "name", None) or f"lesson {value.number}"


@pytest.mark.parametrize(("lesson", "part"), PARTS, ids=name_of)
def test_the_solution_is_right(lesson, part):
    solution = getattr(lesson.solution, part.name)
    assert judge(part, solution, solution).status == RIGHT


@pytest.mark.parametrize(("lesson", "part"), PARTS, ids=name_of)
def test_hints_and_names_are_complete(lesson, part):
    assert len(part.hints) == 3
    assert all(part.hints)
    names = [wrong.name for wrong in part.wrong_answers]
    assert len(set(names)) == len(names) >= 3
    for wrong in part.wrong_answers:
        assert 20 < len(wrong.hint) < 260
        assert wrong.hint.endswith((".", "?"))


def test_the_lessons_tell_of_most_planted_bugs():
    told = {wrong.name for _, _, wrong in MISTAKES}
    assert len(told & set(FAULTS)) >= 20


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_a_template_is_not_started_and_not_wrong(lesson, tmp_path):
    path = tmp_path / lesson.file_name
    path.write_text(lesson.template, encoding="utf-8")
    result = check_file(lesson, path)
    assert {part.status for part in result.parts} == {NOT_STARTED}
    assert not result.is_wrong
    assert not result.passed


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_a_learner_who_has_written_the_solution_has_passed(lesson, tmp_path):
    from chainrule.lessons.source import solution

    path = tmp_path / lesson.file_name
    path.write_text(solution(lesson.source), encoding="utf-8")
    result = check_file(lesson, path)
    assert result.passed, str(result)
    assert str(result).endswith(f"All {len(lesson.parts)} parts are right.")
