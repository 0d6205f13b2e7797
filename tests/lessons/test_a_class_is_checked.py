"""A class: each file checked as its learner would, hostile ones as well; its page, its table."""

import csv
import io
import json
import subprocess
import sys

import pytest
from a_class import WRONG, write_class, write_part

from chainrule import ChainruleError
from chainrule.lessons import LESSONS, checking, classroom
from chainrule.lessons.class_page import as_html, as_json
from chainrule.lessons.classroom import COLUMNS, as_csv, check_class
from chainrule.lessons.source import solution

ONE, TWO = LESSONS[:2]
RIGHT = solution(ONE.source)
ENDED = "import os\nprint('bye')\nos._exit(0)\n"
# Writes into whatever is open, as if it were the check: that all is right, and what is no result.
FORGED = """
import json, os
for number in range(3, 10):
    try:
        os.write(number, b'[1]\\n5\\n{"result": 3}\\n{"stopped": 1, "nonsense": 2}\\n')
    except OSError:
        pass
"""
HOSTILE = {
    "ended": ENDED,
    "forged": RIGHT + FORGED,
    "loops": RIGHT + "\nwhile True:\n    pass\n",
    "prints": "print('x' * 10**6)\nprint('<script>alert(1)</script>')\n" + RIGHT,
    "raises": "raise SystemExit('<script>alert(1)</script>')\n",
    "writes": "open('here.txt', 'w').write('x')\n" + RIGHT,
    "imports": "from helper import *\n" + RIGHT,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a class in which much is odd."""
    place = tmp_path_factory.mktemp("classes") / "7b <i>"
    for name, text in HOSTILE.items():
        (place / name).mkdir(parents=True)
        (place / name / ONE.file_name).write_text(text)
    (place / "imports" / "helper.py").write_text("import numpy as np\n")
    for number, part in enumerate(("softmax", "softmax", "relu_forward")):
        name = ("=cmd|' C calc'!A0", "Zoë", "<b>Bo<b>")[number]
        (place / name).mkdir()
        text = write_part(ONE, part, WRONG[part][0])
        (place / name / ONE.file_name).write_text(text, encoding="utf-8")
        (place / name / TWO.file_name).write_bytes(TWO.template.replace("\n", "\r\n").encode())
    (place / "Zoë" / ONE.file_name.replace(".py", " (1).py")).write_text("def broken(:\n")
    (place / "Zoë" / "notes.ipynb").write_text("{}")
    return place


@pytest.fixture(scope="module")
def found(folder, tmp_path_factory):
    """Return the class as it is checked, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "SECONDS", 1.0)
        here = tmp_path_factory.mktemp("teacher")
        patch.chdir(here)
        checked = check_class(folder, jobs=2)
        assert list(here.iterdir()) == []
    return checked


def of(found, name):
    (learner,) = (one for one in found.learners if one.name == name)
    return learner.lessons


def test_one_file_that_is_odd_ends_nobody_s_check(found):
    told = {name: of(found, name)[0].result for name in HOSTILE}
    assert told["ended"].stopped == f"{ONE.file_name} ended the process: bye."
    assert "never ends" in told["loops"].stopped
    assert "SystemExit" in told["raises"].stopped
    assert "It could not be checked" in told["forged"].stopped
    assert told["prints"].passed
    assert told["writes"].passed
    assert told["imports"].passed


def test_what_is_handed_in_stays_as_it_is(folder, found):
    assert sorted(path.name for path in (folder / "writes").iterdir()) == [ONE.file_name]


def test_a_mistake_is_counted_with_the_learners_who_made_it(found):
    first = found.stumbles()[0]
    assert (first.lesson, first.part, first.mistake) == (1, "softmax", WRONG["softmax"][1])
    assert first.learners == ("=cmd|' C calc'!A0", "Zoë")
    stuck = {(one.part, one.mistake): len(one.learners) for one in found.stumbles()}
    assert stuck["relu_forward", WRONG["relu_forward"][1]] == 1


def test_of_several_files_the_best_one_counts_and_the_others_are_named(found):
    one = of(found, "Zoë")[0]
    assert one.result.right == len(ONE.parts) - 1
    assert one.place == f"Zoë/{ONE.file_name}"
    assert one.others == (f"Zoë/{ONE.file_name.replace('.py', ' (1).py')}",)


def test_an_untouched_file_is_not_started_and_a_missing_one_not_handed_in(found):
    lessons = of(found, "Zoë")
    assert {part.status for part in lessons[1].result.parts} == {"not started"}
    assert lessons[2].result is None


def test_the_table_has_a_row_for_each_learner_and_part_and_no_formula(found):
    data = as_csv(found)
    assert data.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert tuple(head) == COLUMNS
    assert len(rows) == len(found.learners) * sum(len(lesson.parts) for lesson in LESSONS)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert ["'=cmd|' C calc'!A0", "1", "softmax", "wrong"] in [row[:4] for row in rows]
    assert ["Zoë", "3", "SGD", "not handed in"] in [row[:4] for row in rows]


def test_the_json_names_learners_mistakes_and_what_was_not_used(found):
    told = json.loads(json.dumps(as_json(found)))
    assert told["stuck"][0]["learners"] == ["=cmd|' C calc'!A0", "Zoë"]
    assert told["unused"] == [{"file": "Zoë/notes.ipynb", "why": told["unused"][0]["why"]}]
    assert told["learners"][0]["lessons"][0]["title"] == ONE.title


def test_the_page_is_one_file_in_which_no_learner_can_write_html(found):
    page = as_html(found)
    for text in ("<script", "<b>Bo", "7b <i>", "http:", "https:", "src=", "${", "$title"):
        assert text not in page
    assert "&lt;b&gt;Bo&lt;b&gt;" in page
    assert "default-src 'none'" in page


def test_the_page_fits_any_screen_and_is_whole_on_paper(found, tmp_path, browser):
    path = tmp_path / "page.html"
    path.write_text(as_html(found), encoding="utf-8")
    page, said = browser.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 640})
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
    assert said == []
    assert not page.locator("details pre").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator("details pre").first.is_visible()
    page.close()


# ---- the command ----


def status(*arguments, cwd):
    command = [sys.executable, "-m", "chainrule", "lesson", "status", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_command_writes_page_and_table_shows_progress_and_says_who_is_stuck(tmp_path):
    write_class(tmp_path / "7b", ["Ada", "李小龙"])
    (tmp_path / "7b" / "Ada" / LESSONS[2].file_name).write_text("def broken(:\n")
    code, out, err = status("--class", "7b", cwd=tmp_path)
    assert code == 0, err
    assert err.splitlines() == ["1 of 2 learners: Ada", "2 of 2 learners: 李小龙"]
    assert "lesson 3, the file: cannot be run" in out
    assert out.splitlines()[-2:] == ["written 7b-status.html", "written 7b-status.csv"]
    assert "李小龙" in (tmp_path / "7b-status.html").read_text(encoding="utf-8")
    assert "李小龙" in (tmp_path / "7b-status.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--class", "nowhere"), "There is no nowhere"),
        (("--class", "."), "There is nothing of a lesson in ."),
        (("--class", ".", "ada"), "not both"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path, arguments, words):
    code, out, err = status(*arguments, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_a_machine_on_which_no_check_works_is_said_and_no_class_blamed(folder, monkeypatch):
    monkeypatch.setattr(classroom.source, "solution", lambda text: "raise ImportError('numpy')")
    with pytest.raises(ChainruleError, match="The check does not work here"):
        check_class(folder)
