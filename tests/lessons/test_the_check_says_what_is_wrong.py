"""The order of a check, the first failing case alone, the wrong entry marked, and no traceback."""

import numpy as np
import pytest

from chainrule.lessons.judge import NOT_STARTED, RIGHT, WRONG, judge
from chainrule.lessons.lesson import Part, Rng, WrongAnswer


def double(x):
    return 2.0 * x


def cases(rng):
    return [{"x": np.array([[1.0, -2.0], [0.5, 4.0]])}, {"x": rng.standard_normal((1, 3))}]


def forgotten(x):
    return 1.0 * x


HINTS = ("Half?", "Twice.", "2 * x")
PART = Part("double", cases, ("y",), HINTS, (WrongAnswer("not-doubled", forgotten, "Twice it."),))


def write_into(x):
    x *= 2
    return x.copy()


def write_after(x):
    y = 2.0 * x
    x += 1
    return y


def wrong_in_one_place(x):
    y = 2.0 * x
    y[0, 1] = 7
    return y


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (lambda x: None, "shape", "y is None: is a return missing?"),
        (lambda x: (2 * x, x), "shape", "It must return y, but 2 values came."),
        (lambda x: double(x)[0], "shape", "y must have shape (2, 2), got (2,)."),
        (lambda x: [[1.0], [1.0, 2.0]], "shape", "y has rows of different lengths."),
        (lambda x: (2 * x).astype(int), "dtype", "y must be floats, got int64."),
        (lambda x: 2j * x, "dtype", "y must be floats, got complex128."),
        (lambda x: double(x) / 0, "finite", "y holds NaN or infinity at [0, 0]"),
        (wrong_in_one_place, "value", "The value of y is wrong; ! marks the wrong entries."),
        (write_after, "side effect", "It changes its argument x: work on a copy."),
        (lambda x: x.nothing, "error", "It stopped with AttributeError"),
        (lambda x: "four", "shape", "y must have shape (2, 2), got ()."),
        (lambda x: np.array([["a", "b"], ["c", "d"]]), "dtype", "y must be floats, got <U1."),
    ],
)
def test_each_kind_is_said_in_its_words(answer, kind, words):
    found = judge(PART, answer, double)
    assert (found.status, found.kind) == (WRONG, kind)
    assert any(line.startswith(words) for line in found.lines), found.lines


@pytest.mark.parametrize(
    "answer",
    [
        double,
        lambda x: x + x,
        lambda x: double(x).tolist(),
        lambda x: double(x).astype(np.float32),
        lambda x: np.asfortranarray(double(x)),
    ],
)
def test_other_right_answers_are_right(answer):
    assert judge(PART, answer, double).status == RIGHT


def test_a_wrong_shape_is_said_before_a_wrong_value_and_a_side_effect():
    def everything(x):
        x += 1
        return np.full(3, np.nan)

    assert judge(PART, everything, double).kind == "shape"


def test_only_the_wrong_entry_is_marked():
    lines = judge(PART, wrong_in_one_place, double).lines
    assert "".join(lines).count("!") == 2  # one in the sentence, one at the entry
    assert any(line.split() == ["2", "-4", "2", "!7"] for line in lines), lines


def test_only_the_first_failing_case_is_shown():
    def second(x):
        return double(x) if len(x) == 2 else x

    lines = "\n".join(judge(PART, second, double).lines)
    assert "double(x) with" in lines
    assert "[ 0.5,  4. ]" not in lines


def test_a_known_mistake_is_named_only_if_every_case_agrees():
    found = judge(PART, forgotten, double)
    assert (found.mistake, found.hint) == ("not-doubled", "Twice it.")

    def sometimes(x):
        return x if len(x) == 2 else 3 * x

    assert judge(PART, sometimes, double).mistake == ""


def function(body, name="double"):
    """Return a function of that name, as a learner's file would hold it."""
    namespace = {}
    exec(f"def helper(x):\n    raise NotImplementedError\ndef {name}(x):\n    {body}", namespace)
    return namespace[name]


def test_what_is_not_started_is_not_wrong():
    found = judge(PART, function("raise NotImplementedError"), double)
    assert (found.status, found.lines) == (NOT_STARTED, ())


def test_a_mark_of_work_that_was_left_behind_is_said():
    found = judge(PART, function("y = 2.0 * x\n    raise NotImplementedError"), double)
    assert found.status == WRONG
    assert "still there: delete it" in found.lines[0]


def test_a_part_that_needs_one_that_is_not_started_waits_for_it():
    found = judge(PART, function("return 2.0 * helper(x)"), double)
    assert (found.status, found.lines) == (NOT_STARTED, ("It waits for helper.",))


def test_a_list_is_as_good_as_a_tuple_of_outputs():
    def both(x):
        return x.sum(), x.max()

    part = Part("both", cases, ("sum", "max"), HINTS)
    assert judge(part, lambda x: [x.sum(), x.max()], both).status == RIGHT
    assert judge(part, lambda x: np.array([x.sum(), x.max()]), both).status == RIGHT
    assert judge(part, lambda x: [x.sum()], both).kind == "shape"


def test_a_whole_number_may_come_as_a_float():
    part = Part("sign", cases, ("sign",), HINTS)
    assert judge(part, lambda x: 1.0, lambda x: 1).status == RIGHT
    assert judge(part, lambda x: 0.5, lambda x: 1).kind == "dtype"


def test_renamed_arguments_are_said():
    assert judge(PART, lambda a: 2.0 * a, double).lines[-1].endswith("names of the arguments.")


def test_an_argument_that_may_change_may_change():
    allowed = Part("double", cases, ("y",), HINTS, changes=("x",))
    assert judge(allowed, write_into, double).status == RIGHT
    assert judge(PART, write_into, double).kind == "side effect"


def test_each_call_gets_a_generator_of_its_own():
    def draw(rng, n):
        return rng.standard_normal(n)

    part = Part("draw", lambda rng: [{"rng": Rng(3), "n": 4}] * 2, ("x",), HINTS)
    assert judge(part, draw, draw).status == RIGHT
    found = judge(part, lambda rng, n: draw(rng, n) + 1, draw)
    assert "rng = default_rng(3)" in "".join(found.lines)


def test_where_the_dtype_is_part_of_the_lesson_an_upcast_is_said():
    part = Part("double", lambda rng: [{"x": np.ones((2, 2), np.float32)}], ("y",), HINTS,
                keeps_dtype=True)  # fmt: skip
    assert judge(part, lambda x: np.float32(2) * x, double).status == RIGHT
    found = judge(part, lambda x: np.array([2.0]) * x, double)
    assert found.kind == "dtype"
    assert found.lines[-1] == "y must be float32 as the arguments are, got float64."


def test_lists_of_arrays_are_compared_one_by_one():
    def both(x):
        return [2.0 * x, x.sum(axis=0)]

    part = Part("both", cases, ("ys",), HINTS)
    assert judge(part, both, both).status == RIGHT
    assert judge(part, lambda x: both(x)[:1], both).lines[-1] == "ys must hold 2 arrays, got 1."
    assert "ys must be a list of 2 arrays" in judge(part, double, both).lines[-1]
    wrong = judge(part, lambda x: [2.0 * x, x.sum(axis=0) + 1], both)
    assert any("The value of ys[1] is wrong" in line for line in wrong.lines)
    assert judge(part, lambda x: [2.0 * x, None], both).kind == "shape"
