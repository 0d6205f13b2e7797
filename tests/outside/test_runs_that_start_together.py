"""Runs that start in one second have folders of their own; two never share one."""

import json
from pathlib import Path

import pytest
from run_commands import ended, is_one_sentence, started

from chainrule.cli import main
from chainrule.experiments import run_folder

# The clock stands still: all of them want the same name.
SAME_SECOND = """
import time
strftime = time.strftime
time.strftime = lambda form, *when: strftime(form, *(when or (time.gmtime(0),)))
"""

FEW = ["--hidden", "4", "--epochs", "1", "--quiet"]


def test_each_has_a_folder_of_its_own(stripes, tmp_path):
    runs = [
        started("train", "--data", stripes, *FEW, "--seed", k, cwd=tmp_path, before=SAME_SECOND)
        for k in range(4)
    ]
    assert [ended(run) for run in runs] == [(0, "")] * 4
    found = [json.loads(path.read_text()) for path in tmp_path.glob("runs/*/metrics.json")]
    assert sorted(metrics["runs"][0]["seed"] for metrics in found) == [0, 1, 2, 3]


def test_a_name_that_is_taken_at_the_last_moment_is_left_to_the_other(
    stripes, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_folder.time, "strftime", lambda form: "train-now")
    mkdir = Path.mkdir

    def once_another_has_it(path, *mode, **how):
        if path == Path("runs", "train-now"):
            mkdir(path, exist_ok=True)
        mkdir(path, *mode, **how)

    monkeypatch.setattr(Path, "mkdir", once_another_has_it)
    assert main(["train", "--data", str(stripes), *FEW]) == 0
    assert list(Path("runs", "train-now").iterdir()) == []
    assert Path("runs", "train-now-2", "models", "adam-seed0.npz").exists()


def test_of_two_with_one_folder_the_second_hears_that_it_is_in_use(stripes, tmp_path):
    endless = ["--hidden", 4, "--epochs", 1_000_000, "--quiet", "--out", "run"]
    first = started("train", "--data", stripes, *endless, cwd=tmp_path)
    try:
        while not (tmp_path / "run" / "metrics.json").exists():
            assert first.poll() is None
        said = {
            ended(started(*words, "--quiet", cwd=tmp_path))
            for words in (["train", "--data", stripes, "--out", "run"], ["resume", "run"])
        }
    finally:
        first.kill()
        first.communicate()
    sentence = "run is in use by another process: wait until it ends, or end it."
    assert said == {(2, f"chainrule: error: {sentence}\n")}


def test_once_it_was_killed_the_way_to_go_on_is_said(stripes, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    few = ["--data", str(stripes), *FEW, "--out", "run one"]
    assert main(["train", *few]) == 0
    Path("run one", ".lock").touch()  # what a killed process leaves
    assert main(["train", *few]) == 2
    errors = capsys.readouterr().err
    assert is_one_sentence(errors)
    assert "holds something already: name a new one with --out" in errors
    assert "chainrule resume 'run one'" in errors
    assert main(["resume", "run one", "--quiet"]) == 0


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("step", ["write_metrics", "add_to_record", "environment"])
def test_what_fails_before_the_training_does_not_block_the_next_try(
    stripes, tmp_path, monkeypatch, is_there, step
):
    monkeypatch.chdir(tmp_path)
    if is_there:
        Path("run").mkdir()
    few = ["train", "--data", str(stripes), *FEW, "--out", "run"]

    def fail(*what, **more):
        raise OSError(5, "Input/output error", "run")

    with monkeypatch.context() as patch:
        patch.setattr(run_folder, step, fail)
        assert main(few) == 2
    assert Path("run").exists() == is_there
    assert main(few) == 0


def test_a_home_that_the_shell_left_as_it_was_is_the_home(stripes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main(["train", "--data", str(stripes), *FEW, "--out=~/run"]) == 0
    assert (tmp_path / "home" / "run" / "metrics.json").exists()
    assert not Path("~").exists()
