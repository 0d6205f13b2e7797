"""A part that is right because Chainrule's own function ran is refused, and says which one."""

import pytest

from chainrule.lessons import LESSONS, check
from chainrule.lessons.judge import RIGHT, WRONG
from chainrule.lessons.source import solution

BY_FILE = {lesson.number: lesson for lesson in LESSONS}


def check_text(number, text, folder):
    (folder / BY_FILE[number].file_name).write_text(text, encoding="utf-8")
    return {part.name: part for part in check(number, folder).parts}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.folder)
def test_a_file_that_imports_the_solution_is_refused_part_by_part(lesson, tmp_path):
    module = lesson.solution.__name__
    for name, part in check_text(lesson.number, f"from {module} import *\n", tmp_path).items():
        assert (part.status, part.kind) == (WRONG, "borrowed"), part
        assert f"{module}." in part.lines[0]
        assert "the lesson's own solution: this part is yours to write." in part.lines[0], name


SOFTMAX = BY_FILE[1].solution_of("softmax")
WAYS = {
    "a call": "from chainrule import losses\ndef softmax(logits): return losses.softmax(logits)",
    "an alias": "from chainrule.losses import softmax",
    "a map": "from chainrule import losses\n"
    "def softmax(logits): return next(map(losses.softmax, [logits]))",
    "a partial": "from functools import partial\nfrom chainrule import losses\n"
    "softmax = partial(losses.softmax)",
    "an import inside": "def softmax(logits):\n    from chainrule.losses import softmax as s\n"
    "    return s(logits)",
    "a loop over rows": "import chainrule.losses\nimport numpy as np\n"
    "def softmax(logits): return np.apply_along_axis(\n"
    "    lambda row: chainrule.losses.softmax(row[np.newaxis])[0], 1, logits)",
    "a helper of the learner's": "from helper import softmax",
}


@pytest.mark.parametrize("way", WAYS)
def test_the_librarys_own_function_is_seen_whatever_the_way(way, tmp_path):
    (tmp_path / "helper.py").write_text("from chainrule.losses import softmax\n")
    part = check_text(1, WAYS[way], tmp_path)["softmax"]
    assert (part.status, part.kind) == (WRONG, "borrowed")
    assert part.lines == (
        "It calls chainrule.losses.softmax, which is Chainrule's own: this part is yours to write.",
    )


def test_a_subclass_of_the_librarys_own_is_seen(tmp_path):
    text = "import chainrule\nclass Adam(chainrule.Adam): pass\n"
    part = check_text(4, text, tmp_path)["Adam"]
    assert (part.status, part.kind) == (WRONG, "borrowed")
    assert "chainrule.optimizers." in part.lines[0]


def test_what_is_wrong_besides_is_said_first(tmp_path):
    text = (
        "import chainrule.losses\ndef softmax(logits): return 2 * chainrule.losses.softmax(logits)"
    )
    assert check_text(1, text, tmp_path)["softmax"].kind == "value"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.folder)
def test_to_import_chainrule_and_to_use_it_outside_of_the_parts_is_no_fault(lesson, tmp_path):
    beside = "import chainrule\nchainrule.ReLU().forward(chainrule.Dense(2, 3, rng=0).weights)\n"
    for part in check_text(lesson.number, solution(lesson.source) + beside, tmp_path).values():
        assert part.status == RIGHT, part


def test_an_import_inside_a_part_is_no_call(tmp_path):
    body = SOFTMAX.replace(":\n", ":\n    import chainrule.training, chainrule.experiments\n", 1)
    assert check_text(1, f"import numpy as np\n{body}\n", tmp_path)["softmax"].status == RIGHT
