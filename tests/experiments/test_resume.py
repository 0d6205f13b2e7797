"""A comparison that was stopped goes on with the lanes that are missing."""

import json
import shutil
from pathlib import Path

import pytest

from chainrule.checks import ChainruleError
from chainrule.experiments.compare import compare, resume
from chainrule.experiments.settings import Settings


@pytest.fixture(scope="module")
def whole(stripes, tmp_path_factory):
    settings = Settings(
        data=str(stripes),
        learning_rates={"adam": [0.001, 0.003], "sgd": [0.1]},
        batch_sizes=[32],
        seeds=[0, 1],
        hidden=[8],
        epochs=2,
        train_size=None,
        split_seed=0,
        threads=1,
    )
    return compare(settings, out=tmp_path_factory.mktemp("whole") / "out", jobs=1, progress=False)


@pytest.fixture(autouse=True)
def stand_in_an_empty_folder(working_folder):
    """Let `cut_off` write there."""


def checksums(folder):
    metrics = json.loads((folder.path / "metrics.json").read_text())
    return {run["lane"]: run["parameters_sha256"] for run in metrics["runs"]}


def cut_off(whole, kept):
    """Return a copy of a run folder as if it had been killed after some lanes."""
    path = Path(shutil.copytree(whole.path, "killed"))
    metrics = json.loads((path / "metrics.json").read_text())
    metrics["runs"] = [run for run in metrics["runs"] if run["lane"] in kept]
    (path / "metrics.json").write_text(json.dumps(metrics))
    shutil.rmtree(path / "figures")
    for model in (path / "models").iterdir():
        if model.stem not in kept:
            model.unlink()
    return path


@pytest.mark.parametrize("count", [0, 1, 4, 6])
def test_the_missing_lanes_run_and_the_whole_is_the_same_to_the_bit(whole, count):
    names = [run["lane"] for run in whole.metrics["runs"]]
    notices = []
    resumed = resume(cut_off(whole, names[:count]), jobs=1, progress=False, say=notices.append)
    assert checksums(resumed) == checksums(whole)
    assert [run["lane"] for run in resumed.metrics["runs"]] == names
    assert notices[-1] == f"{count} of 6 lanes are there, {6 - count} to go."
    figures = {path.name for path in (resumed.path / "figures").iterdir()}
    assert figures == {path.name for path in (whole.path / "figures").iterdir()}


def test_a_run_that_an_older_chainrule_began_goes_on(whole):
    names = [run["lane"] for run in whole.metrics["runs"]]
    path = cut_off(whole, names[:2])
    metrics = json.loads((path / "metrics.json").read_text())
    for name in ("weight_decay", "momentum", "early_stopping", "distort"):
        del metrics["settings"][name]
    for run in metrics["runs"]:
        del run["kept_epoch"]
    (path / "metrics.json").write_text(json.dumps(metrics))
    resumed = resume(path, jobs=1, progress=False, say=lambda message: None)
    assert checksums(resumed) == checksums(whole)


def test_lanes_that_are_there_do_not_run_again(whole, monkeypatch):
    names = [run["lane"] for run in whole.metrics["runs"]]
    path = cut_off(whole, names)
    before = (path / "models" / f"{names[0]}.npz").stat().st_mtime_ns
    resume(path, jobs=1, progress=False, say=lambda message: None)
    assert (path / "models" / f"{names[0]}.npz").stat().st_mtime_ns == before


def test_another_machine_is_warned_of(whole):
    path = cut_off(whole, ["sgd-lr0.1-b32-seed0"])
    metrics = json.loads((path / "metrics.json").read_text())
    metrics["environment"]["numpy"] = "1.0"
    (path / "metrics.json").write_text(json.dumps(metrics))
    notices = []
    resume(path, jobs=1, progress=False, say=notices.append)
    assert any("numpy 1.0" in notice and "not the same bits" in notice for notice in notices)


def test_other_data_is_refused(whole, stripes):
    path = cut_off(whole, [])
    changed = Path(shutil.copytree(stripes, "changed"))
    labels = changed / "train-labels-idx1-ubyte"
    content = bytearray(labels.read_bytes())
    content[8] = (content[8] + 1) % 3
    labels.write_bytes(content)
    with pytest.raises(ChainruleError, match="other data"):
        resume(path, data=str(changed), jobs=1, progress=False)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 9}'])
def test_a_folder_that_is_no_run_folder_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "metrics.json").write_bytes(content)
    with pytest.raises(ChainruleError, match=r"metrics\.json"):
        resume(tmp_path)


def test_the_command_goes_on_and_refuses_other_settings(whole, capsys):
    from chainrule import cli

    path = cut_off(whole, [])
    assert cli.main(["compare", "--resume", str(path), "--epochs", "5"]) == 2
    assert "epochs=5" in capsys.readouterr().err
    assert cli.main(["compare", "--resume", str(path), "--jobs", "1"]) == 0
    assert "adam-lr0.001-b32-seed0" in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--backend", "dask"], ["--scheduler", "tcp://127.0.0.1:1"]])
def test_backend_and_scheduler_go_together(working_folder, options, capsys):
    from chainrule import cli

    assert cli.main(["compare", *options]) == 2
    assert "go together" in capsys.readouterr().err


def test_the_means_of_a_rate_that_only_diverged_are_printed_again(compare, capsys):
    from chainrule import cli

    rates = ["--learning-rate", "sgd=0.1,1e20", "--optimizers", "sgd", "--seeds", "0", "1"]
    assert compare(*rates, "--hidden", "8", "--out", "out") == 0
    first = capsys.readouterr().out
    assert cli.main(["compare", "--resume", "out"]) == 0
    assert capsys.readouterr().out == first
    assert "nan%" in first
