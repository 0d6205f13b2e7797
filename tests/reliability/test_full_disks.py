"""A disk that is full costs a sentence with path and size, and not the last good checkpoint."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from programmes import ended

from chainrule.experiments.record import add_to_record, read_record

WRITER = """
import resource, sys
from chainrule import *
network = Network([Dense(100, 100)], optimizer=SGD(), rng=1)
save_checkpoint(sys.argv[1], network, Checkpoint((1, 0), History()))
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    save_checkpoint(sys.argv[1], network, Checkpoint((2, 0), History()))
except OSError as error:
    print(error.filename, error.strerror, sep="|")
print(load_checkpoint(sys.argv[1], network).start)
"""


def test_the_last_good_checkpoint_is_kept(tmp_path):
    path = tmp_path / "c.npz"
    command = [sys.executable, "-c", WRITER, str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    message, start = output.splitlines()
    filename, reason = message.split("|")
    assert filename == str(path)
    assert reason.startswith(f"{os.strerror(errno.EFBIG)}; it needs 40,")
    assert "are free" in reason
    assert start == "(1, 0)"
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.npz"]


def test_a_training_says_what_could_not_be_written_and_goes_on_later(start, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    settings = ["--hidden", 256, "--epochs", 3, "--checkpoint-every", 2]
    process = start("train", *settings, "--out", "run", preexec_fn=limit)
    status, errors = ended(process)
    assert status == 2
    assert "Traceback" not in errors
    assert "run/checkpoints/adam-seed0.npz: File too large; it needs " in errors
    assert not list((tmp_path).rglob(".*.part"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_record_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "record.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as caught:
        add_to_record(tmp_path, "epoch", loss=0.5)
    assert caught.value.filename == str(tmp_path / "record.jsonl")


@pytest.mark.parametrize("length", [1, 20, -1])
def test_a_torn_last_line_is_left_out_and_the_next_stands_alone(tmp_path, length):
    add_to_record(tmp_path, "started")
    add_to_record(tmp_path, "epoch", loss=float("nan"))
    path = tmp_path / "record.jsonl"
    first, second, _ = path.read_bytes().split(b"\n")
    path.write_bytes(first + b"\n" + second[:length])
    assert [line["event"] for line in read_record(tmp_path)] == ["started"]
    add_to_record(tmp_path, "epoch", loss=float("nan"))
    entries = read_record(tmp_path)
    assert [entry["event"] for entry in entries] == ["started", "epoch"]
    assert entries[1]["loss"] is None


def test_a_folder_without_a_record_has_an_empty_one(tmp_path):
    assert read_record(tmp_path) == []
