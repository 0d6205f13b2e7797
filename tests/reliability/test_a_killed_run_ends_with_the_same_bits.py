"""SIGKILL at any moment: what is resumed ends as if nothing had happened."""

import json
import random
import signal
import time

import pytest
from programmes import ended, facts, the_run

SETTINGS = [
    *("--hidden", 24, 16, "--dropout", 0.2, "--batch-size", 8),
    *("--checkpoint-every", 40),
]
ADAM = ["--optimizer", "adam", "--schedule", "cosine", "--epochs", 1500]
MOMENTUM = ["--optimizer", "momentum", "--schedule", "one-cycle", "--epochs", 600]
DISTORTED = ["--optimizer", "sgd", "--distort", "--epochs", 400]

EARLY = ["--optimizer", "adam", "--learning-rate", 5e-5, "--epochs", 9000, "--early-stopping", 700]


def killed(process, seconds):
    """Kill a process after so many seconds; return whether it was still alive."""
    time.sleep(seconds)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return alive


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "kills"), [(ADAM, 20), (MOMENTUM, 6), (EARLY, 10), (DISTORTED, 6)]
)
def test_after_kills_at_random_moments(start, tmp_path, options, kills):
    status, errors = ended(start("train", *SETTINGS, *options, "--out", "whole", "--quiet"))
    assert status == 0, errors

    moments = random.Random(7)
    process = start("train", *SETTINGS, *options, "--out", "cut", "--quiet")
    while not (tmp_path / "cut" / "checkpoints").exists():
        time.sleep(0.01)
    done = 0  # a quick machine ends the run before all of them
    while done < kills and killed(process, moments.uniform(0.0, 1.3)):
        done += 1
        process = start("resume", "cut", "--quiet")
    assert done >= 3
    if done == kills:
        status, errors = ended(process)
        assert status == 0, errors
    assert process.returncode == 0

    assert facts(the_run(tmp_path / "cut")) == facts(the_run(tmp_path / "whole"))
    name = f"{options[1]}-seed0.npz"
    whole, cut = ((tmp_path / run / "models" / name).read_bytes() for run in ("whole", "cut"))
    assert cut == whole
    figures = {"training.png", "confusion.png"}
    if "--distort" in options:
        figures.add("distorted.png")
    left = {path.name for path in (tmp_path / "cut").rglob("*") if path.is_file()}
    assert left == {"metrics.json", "record.jsonl", name, *figures}
    events = map(json.loads, (tmp_path / "cut" / "record.jsonl").read_text().splitlines())
    assert any(one["batch"] > 0 for one in events if one["event"] == "resumed")  # within an epoch


def test_killed_before_the_first_checkpoint_it_begins_again(start, tmp_path):
    few = ["--hidden", 8, "--epochs", 3, "--quiet"]
    assert ended(start("train", *few, "--out", "whole"))[0] == 0
    process = start("train", *few, "--out", "cut")
    while not (tmp_path / "cut" / "metrics.json").exists():
        time.sleep(0.001)
    killed(process, 0)
    assert ended(start("resume", "cut", "--quiet"))[0] == 0
    assert facts(the_run(tmp_path / "cut")) == facts(the_run(tmp_path / "whole"))


def test_a_run_that_has_ended_is_not_trained_again(start, tmp_path):
    assert ended(start("train", "--hidden", 8, "--epochs", 2, "--out", "run", "--quiet"))[0] == 0
    before = (tmp_path / "run" / "metrics.json").read_bytes()
    status, errors = ended(start("resume", "run"))
    assert status == 0
    assert "ended already" in errors
    assert (tmp_path / "run" / "metrics.json").read_bytes() == before
