"""SIGINT and SIGTERM end a run between two steps, with a checkpoint; a second one at once."""

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from programmes import ended, facts, members, nobody_left, results, the_run

from chainrule.experiments import backends
from chainrule.experiments.keeping import Keep, Keeper
from chainrule.experiments.settings import Settings
from chainrule.experiments.stopping import StopSignals, hearing, held
from chainrule.network import create_network
from chainrule.training import History

LONG = ["--hidden", 24, "--dropout", 0.1, "--batch-size", 8, "--epochs", 500]
BOTH = pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
GO_ON = f"{sys.executable} -m chainrule resume cut"
COMPARED = ["--hidden", 24, "--batch-size", 8, "--epochs", 400]


@pytest.fixture(scope="module")
def trained(whole):
    """Return the facts of the training of LONG that no signal came to."""
    return facts(the_run(whole("train", *LONG)))


@pytest.fixture(scope="module")
def compared(whole):
    """Return the facts of the comparison of COMPARED that no signal came to."""
    return results(whole("compare", *COMPARED, "--jobs", 2))


def wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def wait_for_epoch(path):
    wait_for(path)
    while b'"epoch"' not in path.read_bytes():
        time.sleep(0.005)


@pytest.mark.long
@BOTH
def test_a_training_goes_on_from_where_the_signal_came(start, tmp_path, trained, number, status):
    process = start("train", *LONG, "--out", "cut")
    wait_for_epoch(tmp_path / "cut" / "record.jsonl")
    process.send_signal(number)
    came, errors = ended(process)
    assert came == status
    assert "Traceback" not in errors
    assert f"a checkpoint of adam-seed0. To go on: {GO_ON}" in errors
    assert (tmp_path / "cut" / "checkpoints" / "adam-seed0.npz").exists()
    assert nobody_left(process.pid)
    assert ended(start("resume", "cut", "--quiet"))[0] == 0
    assert facts(the_run(tmp_path / "cut")) == trained


class ComesJustAfter(StopSignals):
    """Signals of which one comes after `number` was read for the first time."""

    def __init__(self):
        self.numbers = iter([None])
        super().__init__()

    @property
    def number(self):
        return next(self.numbers, signal.SIGINT)

    @number.setter
    def number(self, value):
        pass


def test_a_signal_after_the_last_look_waits_for_the_next_step(tmp_path):
    network = create_network("adam", rng=0, sizes=(4, 3, 2))
    keeper = Keeper("lane", network, Keep(tmp_path), ComesJustAfter(), {}, 1)
    history = History()
    for values in history.values():
        values.append(0.5)
    keeper.on_epoch(0, history)
    assert not keeper.keep.checkpoints
    batches = keeper.progress([np.arange(2)] * 3)
    next(batches)
    with pytest.raises(KeyboardInterrupt):
        next(batches)
    assert keeper.keep.checkpoints


@BOTH
def test_a_second_signal_does_not_wait_for_the_step(number, status):
    stopped = KeyboardInterrupt if number == signal.SIGINT else SystemExit
    with StopSignals() as stop:
        os.kill(os.getpid(), number)
        assert stop.number == number
        with pytest.raises(stopped) as caught:
            signal.raise_signal(number)
    assert getattr(caught.value, "code", 130) == status


def test_before_and_after_signals_are_handled_as_they_were():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopSignals() as stop:
        stop.end()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_in_another_thread_nothing_is_handled():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def look():
        with StopSignals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.long
@BOTH
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_comparison_goes_on_from_where_the_signal_came(
    start, tmp_path, compared, jobs, number, status
):
    process = start("compare", *COMPARED, "--jobs", jobs, "--out", "cut")
    wait_for_epoch(tmp_path / "cut" / "record.jsonl")
    os.killpg(process.pid, number)
    came, errors = ended(process)
    assert came == status
    assert "Traceback" not in errors
    assert f"To go on: {GO_ON}" in errors
    assert nobody_left(process.pid)
    assert len(list((tmp_path / "cut" / "checkpoints").iterdir())) >= 1
    assert ended(start("resume", "cut", "--quiet"))[0] == 0
    assert results(tmp_path / "cut") == compared
    assert not (tmp_path / "cut" / "checkpoints").exists()


def test_before_the_first_checkpoint_of_a_comparison_nothing_is_left(start, tmp_path):
    process = start("compare", "--epochs", 100_000, "--jobs", 2, "--out", "out")
    wait_for(tmp_path / "out" / "metrics.json")
    os.killpg(process.pid, signal.SIGTERM)
    status, errors = ended(process)
    assert status == 143
    assert nobody_left(process.pid)
    assert "Nothing was kept" in errors
    assert not (tmp_path / "out").exists()


@BOTH
def test_a_signal_while_the_lanes_start_is_heard_by_the_parent_alone(
    start, tmp_path, number, status
):
    process = start("compare", "--epochs", 100_000, "--jobs", 2, "--out", "out")
    while len(members(process.pid)) < 2:  # joblib's first process: the workers are on their way
        time.sleep(0.001)
    os.killpg(process.pid, number)
    came, errors = ended(process)
    assert came == status
    assert "Traceback" not in errors
    assert nobody_left(process.pid)


@BOTH
def test_a_signal_just_after_the_start_of_the_lanes_ends_them_without_a_word(
    monkeypatch, capfd, number, status
):
    @contextmanager
    def held_until_a_signal():
        with held():
            yield
            signal.raise_signal(number)

    monkeypatch.setattr(backends, "held", held_until_a_signal)
    settings = Settings(
        data="sample",
        learning_rates={"adam": [0.001], "sgd": [0.1]},
        batch_sizes=[8],
        seeds=[0],
        hidden=[8],
        epochs=1,
        train_size=100,
        split_seed=0,
        threads=1,
    )
    stopped = KeyboardInterrupt if number == signal.SIGINT else SystemExit
    ahead = backends.started_ahead(settings, 2)
    with pytest.raises(stopped), hearing(end_with_143, signal.SIGTERM), ahead:
        pytest.fail("the signal is heard before the images are read")
    assert capfd.readouterr() == ("", "")
    mine = [pid for pid in members(os.getsid(0)) if parent_of(pid) == os.getpid()]
    assert not [pid for pid in mine if b"LokyProcess" in command_of(pid)]


def end_with_143(number, frame):
    raise SystemExit(128 + number)


def test_workers_leave_the_signals_of_the_terminal_to_their_parent(start, tmp_path):
    process = start("compare", "--epochs", 100_000, "--jobs", 2, "--out", "out")
    wait_for_epoch(tmp_path / "out" / "record.jsonl")
    workers = [pid for pid in members(process.pid) if b"LokyProcess" in command_of(pid)]
    both = 1 << signal.SIGINT - 1 | 1 << signal.SIGTERM - 1
    assert len(workers) == 2
    assert all(held_back_by(pid) & both == both for pid in workers)
    os.killpg(process.pid, signal.SIGTERM)
    assert ended(process)[0] == 143


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def command_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def held_back_by(pid):
    """Return the mask of the signals that a process holds back."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith("SigBlk"))


def test_what_has_ended_is_kept_and_named(start, tmp_path):
    rates = ["--learning-rate", "adam=1e30"]
    process = start("compare", *rates, "--epochs", 100_000, "--jobs", 2, "--out", "out")
    said = ""
    while not ("adam-seed0 diverged" in said and "sgd-seed0  epoch" in said):
        said += process.stderr.readline()
    os.kill(process.pid, signal.SIGINT)
    status, errors = ended(process)
    assert status == 130
    assert nobody_left(process.pid)
    assert "the result of adam-seed0, a checkpoint of sgd-seed0" in errors
    assert (tmp_path / "out" / "metrics.json").exists()


@pytest.mark.long
def test_two_signals_leave_no_process(start, tmp_path):
    process = start("compare", "--epochs", 100_000, "--jobs", 2, "--out", "cut")
    wait_for_epoch(tmp_path / "cut" / "record.jsonl")
    assert len(members(process.pid)) > 2
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGINT)
    assert ended(process)[0] == 130
    assert nobody_left(process.pid)
