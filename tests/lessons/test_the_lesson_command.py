"""``chainrule lesson``: the learner's folder, the check, the progress of one or of a class."""

import json
import subprocess
import sys

import pytest

from chainrule.lessons import LESSONS
from chainrule.lessons.source import TO_DO, solution


@pytest.fixture
def lesson(tmp_path):
    """Return a runner of ``chainrule lesson`` in an empty folder."""

    def run(*arguments):
        command = [sys.executable, "-m", "chainrule", "lesson", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


FILES = sorted(lesson.file_name for lesson in LESSONS)


def test_start_writes_one_file_a_lesson_and_says_what_to_do(lesson, tmp_path):
    status, out, err = lesson("start")
    assert (status, err) == (0, "")
    assert sorted(path.name for path in (tmp_path / "chainrule-lessons").iterdir()) == FILES
    assert "chainrule lesson check 1" in out


def test_start_keeps_what_a_learner_has_written(lesson, tmp_path):
    lesson("start", "mine")
    mine = tmp_path / "mine" / LESSONS[0].file_name
    mine.write_text("# my work\n")
    (tmp_path / "mine" / LESSONS[1].file_name).unlink()
    status, out, _ = lesson("start", "mine")
    assert status == 0
    assert mine.read_text() == "# my work\n"
    assert out.count("written") == 1
    assert out.count("kept") == 4


def test_start_refuses_a_file(lesson, tmp_path):
    (tmp_path / "taken").write_text("")
    status, out, err = lesson("start", "taken")
    assert (status, out) == (2, "")
    assert "taken is a file" in err


def test_what_is_not_started_is_no_error_what_is_wrong_is(lesson, tmp_path):
    lesson("start")
    status, out, err = lesson("check", 1)
    assert (status, err) == (0, "")
    assert "not started" in out
    path = tmp_path / "chainrule-lessons" / LESSONS[0].file_name
    path.write_text(LESSONS[0].template.replace(TO_DO, "return x", 1))
    assert lesson("check", 1)[0] == 1
    path.write_text(solution(LESSONS[0].source))
    assert lesson("check", 1)[0] == 0


def test_hints_and_json(lesson, tmp_path):
    lesson("start")
    _, out, _ = lesson("check", 2, "--hint", 3)
    for part in LESSONS[1].parts:
        assert " ".join(part.hints[2].split()) in " ".join(out.split())
    status, out, _ = lesson("check", 2, "--json")
    result = json.loads(out)
    assert status == 0
    assert [part["name"] for part in result["parts"]] == [part.name for part in LESSONS[1].parts]
    assert {part["status"] for part in result["parts"]} == {"not started"}
    assert lesson("check", 2, "--quiet")[1] == ""


def test_status_shows_the_progress_of_a_class(lesson, tmp_path):
    for name in ("ada", "blaise"):
        lesson("start", name)
    (tmp_path / "ada" / LESSONS[0].file_name).write_text(solution(LESSONS[0].source))
    status, out, _ = lesson("status", "ada", "blaise")
    count = len(LESSONS[0].parts)
    assert status == 0
    assert f"{count} of {count}" in out
    assert f"0 of {count}" in out

    learners = json.loads(lesson("status", "ada", "blaise", "--json")[1])
    assert [one["folder"] for one in learners] == ["ada", "blaise"]
    assert learners[0]["lessons"][0]["passed"]
    assert not learners[1]["lessons"][0]["passed"]


def test_a_broken_folder_is_one_line_of_the_class(lesson, tmp_path):
    lesson("start", "ada")
    (tmp_path / "ada" / LESSONS[1].file_name).write_text("def broken(:\n")
    (tmp_path / "ada" / LESSONS[2].file_name).unlink()
    (tmp_path / "stray").write_text("")
    status, out, _ = lesson("status", "stray", "nowhere", "ada")
    assert status == 0
    assert out.count("is not there") == 5 + 5 + 1
    assert "SyntaxError" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "9"), "The lessons are 1 to 5, got '9'."),
        (("check", "1"), "chainrule lesson start"),
        (("check", "1", "--dir", "nowhere"), "There is no lesson1_forward_and_loss.py in"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(lesson, arguments, words):
    status, out, err = lesson(*arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_the_help_of_every_action(lesson):
    for action in ((), ("start",), ("check",), ("status",)):
        status, out, _ = lesson(*action, "--help")
        assert status == 0
        assert out.startswith("usage: chainrule lesson")
