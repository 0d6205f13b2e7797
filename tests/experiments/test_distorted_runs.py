"""Runs that distort what they train on: a setting like others, fair, kept and told."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from chainrule import ChainruleError, cli, create_network, one_thread, train_network
from chainrule.data.distort import examples_of
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset
from chainrule.experiments import starting
from chainrule.experiments.figures import COPIES
from chainrule.experiments.keeping import Keep
from chainrule.experiments.lanes import run_lane
from chainrule.experiments.settings import Lane
from chainrule.experiments.words import WHY_BELOW
from chainrule.plots import alt_text


def runs_of(folder):
    return json.loads((folder / "metrics.json").read_text())["runs"]


def parameters(folder):
    return {run["lane"]: run["parameters_sha256"] for run in runs_of(folder)}


@pytest.fixture(scope="module")
def distorted(compared):
    return compared("--distort", "--seeds", "0", "1")


def test_workers_make_the_same_copies(compared, distorted):
    in_workers = compared("--distort", "--seeds", "0", "1", "--jobs", "2")
    assert parameters(in_workers) == parameters(distorted)


def test_strength_decides_and_0_is_none(compared, distorted):
    of = [parameters(compared(*words)) for words in ([], ["--distort", "0"], ["--distort", "0.5"])]
    assert of[0] == of[1]
    assert len({name["adam-seed0"] for name in (*of, parameters(distorted))}) == 3


def test_the_report_shows_the_copies_and_says_why_training_lies_below(distorted):
    text = (distorted / "report.html").read_text("utf-8")
    assert "the accuracy in training lies below that in validation" in text
    assert "strength 1: they train on distorted copies" in text
    assert "--distort 1.0" in text
    assert (distorted / "figures" / "distorted.png").exists()


def test_a_plain_report_says_nothing_of_it(compared):
    folder = compared()
    assert "istort" not in (folder / "report.html").read_text("utf-8")
    assert not (folder / "figures" / "distorted.png").exists()


def test_the_figure_holds_a_digit_and_sixteen_copies(distorted, compare, stripes, monkeypatch):
    from chainrule import plots

    drawn = []
    monkeypatch.setattr(plots, "save_figure", lambda figure, path: drawn.append((figure, path)))
    assert compare("--distort", "--optimizers", "sgd", "--out", "run") == 0
    (figure,) = (figure for figure, path in drawn if path.stem == "distorted")
    pictures = [np.asarray(image.get_array()) for image in figure.axes[0].images]
    assert len(pictures) == 1 + COPIES == 17
    assert len({picture.tobytes() for picture in pictures}) == 17
    assert "16 distorted copies" in alt_text(figure)
    title = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert WHY_BELOW in title


def test_without_numba_it_says_once_what_that_costs(compare, monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(starting, "find_spec", lambda name: None if name == "numba" else find(name))
    assert compare("--distort", "--optimizers", "sgd", "--seeds", "0", "1", "--out", "one") == 0
    assert capsys.readouterr().err.count("Without Numba") == 1
    assert compare("--optimizers", "sgd", "--out", "two") == 0
    assert "Without Numba" not in capsys.readouterr().err


def test_a_run_folder_from_before_there_were_distortions_goes_on(compare):
    assert compare("--out", "run") == 0
    path = Path("run/metrics.json")
    before = path.read_text()
    metrics = json.loads(before)
    del metrics["settings"]["distort"]
    metrics["runs"] = metrics["runs"][:1]
    path.write_text(json.dumps(metrics))
    assert cli.main(["resume", "run", "--quiet"]) == 0
    assert parameters(Path("run")) == {
        run["lane"]: run["parameters_sha256"] for run in json.loads(before)["runs"]
    }


@pytest.fixture(scope="module")
def split(stripes):
    return split_dataset(load_dataset(str(stripes)), 210)


LANE = Lane("sgd-seed3", "sgd", 0.05, 64, seed=3)
HOW = {"hidden": [8], "epochs": 2, "threads": 1}


def test_a_lane_trains_as_python_does(split):
    lane = run_lane(LANE, split, **HOW, distort=0.7).network
    network = create_network("sgd", rng=3, sizes=(48, 8, 3))
    X = examples_of(split, seed=3, strength=0.7)
    with one_thread():
        train_network(network, X, split.y_train, num_epochs=2, seed=3, on_epoch=None)
    np.testing.assert_array_equal(network.parameters, lane.parameters)


def test_a_checkpoint_of_other_distortions_is_refused(split, tmp_path):
    run_lane(LANE, split, **HOW, distort=1.0, keep=Keep(tmp_path))
    with pytest.raises(ChainruleError, match=r"its distort is 1\.0, and not 0\.5"):
        run_lane(LANE, split, **HOW, distort=0.5, keep=Keep(tmp_path))


@pytest.mark.parametrize("strength", ["-1", "nan", "5"])
def test_a_strength_that_is_none_is_refused(compare, capsys, strength):
    assert compare("--distort", strength) == 2
    assert "the strength of distortion must be a number at least 0" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_the_accuracy_that_is_told_is_that_of_the_epoch_kept(working_folder, stripes, capsys):
    quick = ("--epochs", "3", "--hidden", "8", "--distort", "--early-stopping", "1")
    again = ("--learning-rate", "0.5", "--out", "out", "--data", str(stripes))
    assert cli.main(["train", *quick, *again]) == 0
    (run,) = runs_of(working_folder / "out")
    assert run["kept_epoch"] < len(run["history"]["accuracy"])
    accuracy = run["history"]["accuracy"][run["kept_epoch"] - 1]
    assert f"accuracy {accuracy:.2%} on distorted copies" in capsys.readouterr().out
