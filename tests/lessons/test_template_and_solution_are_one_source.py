"""Template and solution are cut from one source; no line of a solution reaches the learner."""

import ast

import pytest

from chainrule.lessons import LESSONS
from chainrule.lessons.source import TO_DO, solution, solution_of, template

DOORS = (ast.FunctionDef, ast.ClassDef)
SOURCE = '''"""A lesson."""


def double(x):
    """Return 2 x."""
    # solution
    return 2 * x
    # end


class Counter:
    """Counts."""

    def __init__(self):
        """Begin at 0."""
        # solution
        self.count = 0
        # end

    def given(self):
        return "as it is"
'''


def test_a_template_has_a_mark_of_work_in_place_of_each_solution():
    cut = template(SOURCE)
    assert cut.count(TO_DO) == 2
    assert "2 * x" not in cut
    assert "self.count" not in cut
    assert 'return "as it is"' in cut
    assert "# solution" not in cut
    assert '"""Return 2 x."""' in cut


def test_a_solution_is_the_source_without_its_marks():
    namespace = {}
    exec(solution(SOURCE), namespace)
    assert namespace["double"](3) == 6
    assert namespace["Counter"]().count == 0
    assert solution_of(SOURCE, "double") == "def double(x):\n    return 2 * x"
    assert "Begin at 0" not in solution_of(SOURCE, "Counter")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.folder)
class TestEachLesson:
    def test_each_mark_has_its_end(self, lesson):
        assert lesson.source.count("# solution\n") == lesson.source.count("# end\n") > 0
        assert lesson.template.count(TO_DO) == lesson.source.count("# solution\n")

    def test_template_and_solution_have_the_same_signatures_and_docstrings(self, lesson):
        def doors(text):
            nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, DOORS)]
            arguments = [ast.dump(node.args) for node in nodes if hasattr(node, "args")]
            return [(node.name, ast.get_docstring(node)) for node in nodes], arguments

        assert doors(lesson.template) == doors(solution(lesson.source))

    def test_every_part_is_there_with_a_docstring(self, lesson):
        documented = {
            node.name
            for node in ast.parse(lesson.template).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node)
        }
        assert {part.name for part in lesson.parts} <= documented
        for part in lesson.parts:
            assert TO_DO not in lesson.solution_of(part.name)
