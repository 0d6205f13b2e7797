"""A learner's code runs in a child process: what it does there harms nobody, and is said."""

import time

import numpy as np
import pytest

from chainrule import ChainruleError
from chainrule.lessons import LESSONS, check, checking
from chainrule.lessons.source import TO_DO

LESSON = LESSONS[0]
FIRST, SECOND = (part.name for part in LESSON.parts[:2])


@pytest.fixture
def check_with(tmp_path):
    """Return a check of lesson 1 whose first part has this body."""

    def run(body, at_the_end="", **options):
        text = LESSON.template.replace(TO_DO, body, 1) + at_the_end
        (tmp_path / LESSON.file_name).write_text(text, encoding="utf-8")
        return check(1, tmp_path, **options)

    return run


def words_of(result):
    return "\n".join(result.parts[0].lines)


def test_an_endless_loop_is_stopped_after_four_seconds_of_computing_and_said(check_with):
    result = check_with("while True: pass")
    assert result.parts[0].kind == "time"
    assert "did not end within 4 s: is there a loop that never ends?" in words_of(result)
    assert result.parts[1].status == "not reached"


def test_code_that_sleeps_is_not_waited_for_and_said(check_with, monkeypatch):
    monkeypatch.setattr(checking, "PATIENCE", 3.0)
    result = check_with("import time; time.sleep(60)")
    assert "did not end within 3 s" in words_of(result) + result.stopped
    assert result.is_wrong


def test_a_busy_machine_is_not_taken_for_a_loop(check_with, monkeypatch):
    monkeypatch.setattr(checking, "SECONDS", 1.0)
    result = check_with("import time; time.sleep(0.5); return x @ weights + biases")
    assert result.parts[0].status == "right"  # four cases: two seconds, none of them of computing


def test_an_endless_loop_outside_the_functions_is_said_as_well(check_with, monkeypatch):
    monkeypatch.setattr(checking, "SECONDS", 1.0)
    result = check_with("return x", "\nwhile True:\n    pass\n")
    assert "did not end within" in result.stopped
    assert result.is_wrong


def test_a_lot_of_memory_is_refused(check_with):
    result = check_with("return np.ones((200_000, 200_000))")
    assert result.parts[0].kind == "memory"
    assert "more memory than a check may take" in words_of(result)


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "BaseException"])
def test_code_that_would_end_a_programme_is_said(check_with, name):
    words = words_of(check_with(f"raise {name}"))
    assert "It stopped in line " in words
    assert name in words


def test_code_that_ends_the_process_is_said(check_with):
    assert "It ended the process" in words_of(check_with("import os; os._exit(0)"))


def test_a_process_that_goes_on_does_not_keep_the_check_waiting(check_with):
    body = "import os, time\n    if os.fork() == 0: os.setsid(); time.sleep(30); os._exit(0)"
    started = time.monotonic()
    check_with(body + "\n    return x")
    assert time.monotonic() - started < 20


def test_a_flood_of_output_is_said(check_with):
    body = "while True: print('a' * 1_000_000)"
    assert "more than 16 MB" in words_of(check_with(body))


@pytest.mark.parametrize(
    ("coding", "mark"), [("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n# \xfc\n")]
)
def test_a_file_that_python_can_read_is_read(tmp_path, coding, mark):
    (tmp_path / LESSON.file_name).write_bytes((mark + LESSON.template).encode(coding))
    assert not check(1, tmp_path).is_wrong


def test_what_is_printed_is_shown_and_a_flood_is_cut(check_with):
    result = check_with("print('shape', x.shape); return x")
    assert "Your code printed:\n    shape (" in str(result)
    result = check_with("for i in range(3_000): print(i)\n    return x")
    assert str(result).count("\n") < 60
    assert "more lines" in str(result)


def test_code_that_asks_for_input_gets_none(check_with):
    assert "EOFError" in words_of(check_with("return input()"))


def test_an_error_is_said_with_its_line_and_without_traceback(check_with):
    result = check_with("return x @ weight")
    assert "It stopped in line " in words_of(result)
    assert "NameError: name 'weight' is not defined." in words_of(result)
    assert "Traceback" not in str(result)
    assert "Traceback" in "\n".join(result.lines(traceback=True))


def test_a_file_that_is_no_python_is_said_with_its_line(check_with):
    result = check_with("return x", "\ndef broken(:\n")
    assert "SyntaxError" in result.stopped
    assert "in line " in result.stopped
    assert "Traceback" not in str(result)


def test_a_part_that_was_renamed_is_said(check_with):
    result = check_with("return x", f"\nmine = {FIRST}\ndel {FIRST}\n")
    assert result.parts[0].kind == "missing"
    assert f"{FIRST} is not in the file" in words_of(result)


def test_nothing_appears_in_the_learners_folder(check_with, tmp_path):
    check_with("return x")
    assert [path.name for path in tmp_path.iterdir()] == [LESSON.file_name]


def test_a_file_beside_it_takes_the_place_of_no_library(check_with, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numpy.py").write_text("raise RuntimeError('not NumPy')\n")
    (tmp_path / "random.py").write_text("raise RuntimeError('not random')\n")
    assert check_with(TO_DO).parts[0].status == "not started"


def test_hints_come_in_three_steps_on_request(check_with):
    assert not check_with(TO_DO).hints
    for step in (1, 2, 3):
        assert LESSON.parts[0].hints[step - 1] in " ".join(
            str(check_with(TO_DO, hint=step)).split()
        )
    with pytest.raises(ChainruleError, match="hint must be 1, 2 or 3, got 4"):
        check_with(TO_DO, hint=4)


def test_a_notebook_shows_the_result_in_words(check_with):
    result = check_with("return x")
    assert repr(result) == str(result)


@pytest.mark.parametrize("number", [0, 6, "one", None])
def test_another_lesson_is_an_error(number):
    with pytest.raises(ChainruleError, match="The lessons are 1 to 5, got"):
        check(number)


def test_a_missing_file_is_an_error_that_says_where_it_looked(tmp_path):
    with pytest.raises(ChainruleError, match="chainrule lesson start"):
        check(1, tmp_path)


def test_numpy_warnings_of_the_learners_code_do_not_disturb(check_with):
    result = check_with("return np.log(np.zeros_like(x)) @ weights")
    assert "RuntimeWarning" not in str(result)
    assert np.all([part.kind != "error" for part in result.parts])
