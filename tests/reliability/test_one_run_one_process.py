"""Two processes never write into one run folder, and no orphan goes on writing."""

import signal
import time

from programmes import ended, members, nobody_left

from chainrule.storage.files import locked

ENDLESS = ["--epochs", 100_000, "--hidden", 16, "--out", "run"]


def wait_for_the_record(folder):
    while not ((folder / "record.jsonl").exists() and b'"epoch"' in read(folder)):
        time.sleep(0.01)


def read(folder):
    return (folder / "record.jsonl").read_bytes()


def test_a_run_that_goes_on_is_not_resumed_beside_it(start, tmp_path):
    process = start("train", *ENDLESS)
    wait_for_the_record(tmp_path / "run")
    status, errors = ended(start("resume", "run"))
    assert status == 2
    assert errors == (
        "chainrule: error: run is in use by another process: wait until it ends, or end it.\n"
    )
    process.send_signal(signal.SIGKILL)
    assert nobody_left(process.pid)


def test_the_lanes_of_a_comparison_that_was_killed_end_too(start, tmp_path):
    process = start("compare", *ENDLESS, "--jobs", 2)
    wait_for_the_record(tmp_path / "run")
    assert len(members(process.pid)) >= 3
    process.send_signal(signal.SIGKILL)
    assert nobody_left(process.pid)
    before = read(tmp_path / "run")
    time.sleep(0.3)
    assert read(tmp_path / "run") == before


def test_the_lock_goes_with_its_holder(tmp_path):
    with locked(tmp_path / "file") as ours:
        assert ours
        with locked(tmp_path / "file") as again:
            assert not again
    with locked(tmp_path / "file") as ours:
        assert ours
