"""Real signals to a real process: what is kept is said, and no process stays behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.fixture
def start(mnist_folder, tmp_path):
    """Return a function that starts a long comparison in a session of its own."""
    started = []

    def run(*arguments):
        command = [sys.executable, "-m", "chainrule", "compare", "--data", str(mnist_folder)]
        process = subprocess.Popen(
            [*command, "--train-size", "1000", "--epochs", "100000", "--jobs", "2", *arguments],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        for member in members(process.pid):
            os.kill(member, signal.SIGKILL)
        process.communicate()


def members(session):
    """Return the processes of a session that are alive."""
    alive = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            alive.append(int(path.name))
    return alive


def wait_for(process, word):
    for line in process.stderr:
        if word in line:
            return
    raise AssertionError(f"the process ended before it said {word!r}")


def nobody_left(session):
    deadline = time.monotonic() + 10
    while members(session) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not members(session)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_to_all_ends_all(start, tmp_path, number, status):
    process = start("--out", "out")
    wait_for(process, "sgd-seed0  epoch 2/")
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == status
    assert nobody_left(process.pid)
    assert "Traceback" not in errors
    assert "Nothing was kept" in errors
    assert not (tmp_path / "out").exists()


def test_what_has_ended_is_kept_and_named(start, tmp_path):
    process = start("--learning-rate", "adam=1e30", "--out", "out")
    wait_for(process, "sgd-seed0  epoch 20/")
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert nobody_left(process.pid)
    assert "adam-seed0" in errors
    assert (tmp_path / "out" / "metrics.json").exists()
