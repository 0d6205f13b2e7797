"""Without stdout, stderr or both, as under pythonw, a service or ">&-", work is done in silence."""

import io
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from chainrule.terminal import is_terminal, tell

WITHOUT = """
import os, sys, traceback
sys.stdout = sys.stderr = None
try:
    from chainrule import *
    from chainrule.cli import main
    data = preprocess_mnist(*load_mnist(sys.argv[3]))
    network = create_network(sizes=(48, 3))
    train_network(network, *data[:4], num_epochs=1)
    evaluate_network(network, *data[4:])
    assert main(sys.argv[1:]) == 0
except BaseException:
    open("crash.txt", "w").write(traceback.format_exc())
    os._exit(99)
os._exit(0)
"""


@pytest.mark.parametrize("redirected", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_training_needs_neither_stdout_nor_stderr(run, small, tmp_path, redirected):
    ended = run("train", *small, "--out", tmp_path / "run", redirected=redirected)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "run" / "models" / "adam-seed0.npz").exists()
    assert "Traceback" not in ended.stderr


def test_lanes_in_processes_need_none_of_them(run, small, tmp_path):
    words = ("compare", *small, "--jobs", 2, "--out", tmp_path / "run")
    assert run(*words, redirected="<&- >&- 2>&-").returncode == 0
    assert (tmp_path / "run" / "report.html").exists()


def test_the_check_of_a_lesson_needs_none_of_them(run, tmp_path):
    for words, status in ((("start",), 0), (("check", 1), 0), (("status",), 0), (("check", 9), 2)):
        ended = run("lesson", *words, redirected="<&- >&- 2>&-", folder=tmp_path)
        assert ended.returncode == status


def test_python_code_needs_none_of_them(run, small, tmp_path):
    ended = run("train", *small, "--out", "run", start=("-c", WITHOUT), folder=tmp_path)
    assert ended.returncode == 0, (tmp_path / "crash.txt").read_text()
    assert (tmp_path / "figures" / "01-confusion.png").exists()


def test_no_file_takes_the_place_of_a_closed_stream(run, tmp_path):
    code = (
        "from chainrule.terminal import open_streams\n"
        "with open_streams(), open('model', 'wb') as file:\n"
        "    raise SystemExit(file.fileno())"
    )
    ended = run(start=("-c", code), redirected="<&- >&- 2>&-", folder=tmp_path)
    assert ended.returncode > 2


def test_a_closed_stream_and_one_that_can_only_write_are_no_terminals():
    closed = io.StringIO()
    closed.close()
    assert not any(map(is_terminal, (None, closed, object(), io.StringIO())))


def test_a_notice_that_nobody_can_hear_stops_nothing(monkeypatch, capsys):
    closed = io.StringIO()
    closed.close()
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as broken:
        for stream in (None, closed, broken):
            monkeypatch.setattr(sys, "stderr", stream)
            tell("anybody?")
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), broken.fileno())  # else closing it fails
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_has_gone_ends_no_training(run, small, tmp_path):
    words = ("train", *small, "--learning-rate", 1e30, "--optimizer", "sgd")
    ended = run(*words, "--out", tmp_path / "run", redirected="2>&1 >/dev/null | true")
    assert ended.returncode == 0  # of "true"
    record = (tmp_path / "run" / "record.jsonl").read_text()
    assert '"event": "diverged"' in record
    assert (tmp_path / "run" / "figures" / "training.png").exists()


def test_a_reader_that_has_gone_hears_nothing_of_it(run):
    ended = run("--help", redirected="| true")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_full_pipe_whose_writers_do_not_wait_loses_nothing():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 2**12)
    with subprocess.Popen(
        [sys.executable, "-m", "chainrule", "data", "status"], stdout=writer
    ) as it:
        os.close(writer)
        with pytest.raises(subprocess.TimeoutExpired):
            it.wait(3)  # for it waits as well, until somebody reads
        with os.fdopen(reader) as pipe:
            said = pipe.read()
    assert it.returncode == 0
    assert said.endswith("sample\n")


def test_a_full_disk_behind_stdout_is_said_once(run):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    ended = run("check", "--planted", "averaged-twice", redirected=">/dev/full")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
