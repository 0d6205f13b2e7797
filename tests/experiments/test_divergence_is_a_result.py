import json

import pytest


@pytest.fixture(scope="module")
def run_folder(compared):
    return compared("--learning-rate", "sgd=1e20", "adam=0.001")


@pytest.fixture(scope="module")
def metrics(run_folder):
    return json.loads((run_folder / "metrics.json").read_text())


def test_the_run_is_recorded_and_the_others_go_on(metrics):
    adam, sgd = metrics["runs"]
    assert adam["status"] == "finished"
    assert sgd["status"] == "diverged"
    assert sgd["stopped"]["step"] >= 1
    assert "Dense" in sgd["stopped"]["layer"]


def test_what_it_has_not_is_null(metrics):
    sgd = metrics["runs"][1]
    for key in ("test_accuracy", "test_loss", "val_accuracy", "confusion_matrix"):
        assert sgd[key] is None
    assert metrics["summary"][1]["test_accuracy_mean"] is None


def test_step_layer_and_rate_are_said(compare, capsys):
    assert compare("--learning-rate", "1e20", "--optimizers", "sgd", "--out", "out") == 0
    notice = capsys.readouterr().err
    assert "diverged: layer 2, Dense(256, 128) gave NaN or infinity at step 2" in notice
    assert "1e+20" in notice


def test_it_leaves_no_model(run_folder):
    assert [path.stem for path in (run_folder / "models").iterdir()] == ["adam-seed0"]


def test_a_comparison_in_which_all_diverge_still_ends_well(compare, working_folder):
    assert compare("--learning-rate", "1e20", "--optimizers", "sgd", "--out", "all") == 0
    assert (working_folder / "all" / "metrics.json").exists()


def test_without_any_model_the_report_still_names_the_network_by_its_sizes(compared):
    folder = compared("--learning-rate", "sgd=1e20", "--optimizers", "sgd")
    assert not list((folder / "models").glob("*"))
    assert "Networks of 48-256-128-64-3 units" in (folder / "report.html").read_text("utf-8")
