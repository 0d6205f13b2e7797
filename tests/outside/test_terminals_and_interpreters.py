"""Terminals of any size and kind, strict interpreters, callers with ways of their own."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading

import numpy as np
import pytest

from chainrule import SGD, Dense, Network, ReLU, train_batch, train_network
from chainrule.cli import COMMANDS, data, main
from loops import run_in_own_loop


def shown(words, width, **variables):
    """Run a command in a terminal of this width; return its status and all that was shown."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "chainrule", *map(str, words)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "JOBLIB_MULTIPROCESSING": "0", **variables},
    )
    os.close(slave)
    said = b""
    try:
        while part := os.read(master, 2**16):
            said += part
    except OSError:  # the terminal has been left
        pass
    os.close(master)
    return process.wait(60), said.decode()


@pytest.mark.parametrize("width", [1, 20])
def test_bars_fit_into_a_narrow_terminal(small, tmp_path, width):
    status, said = shown(("compare", *small, "--out", tmp_path / "run"), width)
    assert status == 0, said
    assert "Traceback" not in said


def test_a_terminal_that_moves_no_cursor_gets_lines(small, tmp_path):
    status, said = shown(("train", *small, "--out", tmp_path / "run"), 80, TERM="dumb")
    assert status == 0, said
    assert "\x1b" not in said
    assert "adam-seed0  epoch 1/1  loss" in said


@pytest.mark.parametrize("command", [one.__name__.rpartition(".")[2] for one in COMMANDS])
def test_help_fits_into_a_narrow_terminal(capsys, monkeypatch, command):
    for width in ("1", "40"):
        monkeypatch.setenv("COLUMNS", width)
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0


@pytest.mark.parametrize("options", [("-OO",), ("-W", "error")])
def test_a_strict_interpreter_runs_every_kind_of_command(run, small, trained, tmp_path, options):
    start, model = (*options, "-m", "chainrule"), trained / "models" / "adam-seed0.npz"
    for words in (
        ("compare", *small, "--jobs", 2, "--out", "run"),
        ("evaluate", model, "--data", small[1]),
        ("check", model, "--data", small[1]),
        ("lesson", "start"),
        ("lesson", "check", 1),
        ("data", "status"),
    ):
        ended = run(*words, start=start, folder=tmp_path)
        assert ended.returncode == 0, ended.stderr


@pytest.fixture
def raising():
    """Let NumPy raise at everything, as some do to find a NaN."""
    with np.errstate(all="raise"):
        yield


def test_training_takes_no_notice_of_numpys_errors(raising):
    X, y = 1000 * np.eye(6, dtype=np.float32), np.arange(6) % 3
    network = Network([Dense(6, 8), ReLU(), Dense(8, 3)], optimizer=SGD(0.001))
    assert np.ptp(network.forward(X)) > 104  # e to minus that is no float32
    train_batch(network, X, y)
    history = train_network(network, X, y, X, y, num_epochs=20, batch_size=6, on_epoch=None)
    assert history["val_accuracy"][-1] == 1


def test_commands_take_no_notice_of_numpys_errors(raising, small, tmp_path):
    sure = ("--hidden", 100, "--optimizers", "adam", "--learning-rate", 1)
    words = ("compare", *small, *sure, "--quiet", "--out", tmp_path / "run")
    assert main([str(word) for word in words]) == 0


def handlers(*_):
    """Stand for a command: exit with 0 where SIGTERM is ignored."""
    return int(signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_callers_handler_is_there_again_and_what_is_ignored_stays_so(monkeypatch, handler):
    monkeypatch.setattr(data, "_status", handlers)
    before = signal.signal(signal.SIGTERM, handler)
    try:
        assert main(["data", "status"]) == int(handler is not signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_command_may_run_in_another_thread_than_the_main_one(small, tmp_path):
    words, ended = ("train", *small, "--out", tmp_path / "run"), []
    thread = threading.Thread(target=lambda: ended.append(main([str(word) for word in words])))
    thread.start()
    thread.join()
    assert ended == [0]


def test_a_callers_stream_need_only_write(monkeypatch):
    said = []

    class Stream:
        def write(self, words):
            said.append(words)

    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, Stream())
    assert main(["data", "status"]) == 0
    assert main(["resume", "nothing"]) == 2
    assert "cache" in "".join(said)


def test_the_lab_says_that_a_notebook_is_no_place_for_it(capsys):
    pytest.importorskip("starlette", reason="the lab's packages are not installed")

    async def cell():
        return main(["lab", "--no-browser"])

    assert run_in_own_loop(cell()) == 2
    assert "start it in a terminal, with chainrule lab" in capsys.readouterr().err
