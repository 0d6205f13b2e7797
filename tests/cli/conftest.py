import json
from pathlib import Path

import pytest
from written import write_bars

from chainrule import cli


@pytest.fixture(scope="session")
def bars(tmp_path_factory):
    """Return the folder of a dataset of 8x6 pictures in three classes."""
    return write_bars(tmp_path_factory.mktemp("data") / "bars")


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    """Stand in an empty folder, without CHAINRULE_DATA."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    return tmp_path


@pytest.fixture
def run(capsys):
    """Return a function that runs a command; it returns status, stdout and stderr."""

    def run(*arguments):
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as usage:  # argparse
            status = usage.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def refused(run, working_folder):
    """Return a function that runs a command that must fail; it returns the one sentence."""

    def refused(*arguments):
        before = sorted(working_folder.rglob("*"))
        status, out, err = run(*arguments)
        assert status == 2
        assert out == ""
        assert err.startswith("chainrule: error: ")
        assert err.count("\n") == 1
        assert sorted(working_folder.rglob("*")) == before
        return err

    return refused


@pytest.fixture
def trained(run, bars):
    """Return a function that trains on the bars; it returns the run folder and metrics.json."""

    def trained(*arguments, data=bars, out="out"):
        basic = ("train", "--data", data, "--epochs", 2, "--hidden", 16, "--out", out)
        status, _, err = run(*basic, *arguments)
        assert status == 0, err
        folder = basic[-1]
        return folder, json.loads(Path(folder, "metrics.json").read_text())

    return trained


@pytest.fixture(scope="session")
def bars_model(tmp_path_factory, bars):
    """Return a model file that was trained on the bars."""
    out = tmp_path_factory.mktemp("model") / "out"
    arguments = ["--data", bars, "--epochs", 12, "--learning-rate", 0.01, "--hidden", 16]
    assert cli.main([str(x) for x in ("train", "--quiet", *arguments, "--out", out)]) == 0
    return out / "models" / "adam-seed0.npz"


@pytest.fixture(scope="session")
def mnist_model(tmp_path_factory, mnist_folder):
    """Return a model file that was trained on some of MNIST."""
    out = tmp_path_factory.mktemp("model") / "out"
    arguments = ["--data", mnist_folder, "--epochs", 3, "--train-size", 6000, "--hidden", 64]
    assert cli.main([str(x) for x in ("train", "--quiet", *arguments, "--out", out)]) == 0
    return out / "models" / "adam-seed0.npz"
