import json

import numpy as np
import pytest

from chainrule import load_model

RUN_KEYS = {
    "lane", "optimizer", "learning_rate", "batch_size", "hidden", "seed", "status", "stopped",
    "test_accuracy", "test_loss", "val_accuracy", "train_seconds", "parameters_sha256", "history",
    "confusion_matrix", "kept_epoch",
}  # fmt: skip
SUMMARY_KEYS = {
    "optimizer", "learning_rate", "runs", "test_accuracy_mean", "test_accuracy_min",
    "test_accuracy_max", "train_seconds_mean",
}  # fmt: skip


@pytest.fixture(scope="module")
def run_folder(compared):
    return compared("--seeds", "0..1")


@pytest.fixture(scope="module")
def metrics(run_folder):
    return json.loads((run_folder / "metrics.json").read_text())


def test_metrics_follow_the_schema(metrics):
    assert set(metrics) == {"schema", "data", "settings", "environment", "runs", "summary"}
    assert metrics["schema"] == 1
    known = {"source", "title", "path", "sha256", "train", "validation", "test"}
    assert set(metrics["data"]) == known | {"classes", "image_shape", "turned"}
    assert len(metrics["data"]["sha256"]) == 4
    assert (metrics["data"]["classes"], metrics["data"]["turned"]) == ([0, 1, 2], False)
    assert set(metrics["environment"]) == {"python", "numpy", "blas", "threads", "cpu"}
    assert all(set(run) == RUN_KEYS for run in metrics["runs"])
    assert all(set(row) == SUMMARY_KEYS for row in metrics["summary"])
    lanes = [run["lane"] for run in metrics["runs"]]
    assert lanes == ["adam-seed0", "adam-seed1", "sgd-seed0", "sgd-seed1"]


def test_images_are_counted_where_they_went(metrics):
    assert metrics["data"]["train"] + metrics["data"]["validation"] == 240
    assert metrics["data"]["test"] == 60


def test_accuracy_and_confusion_matrix_agree(metrics):
    for run in metrics["runs"]:
        matrix = np.array(run["confusion_matrix"])
        assert matrix.sum() == 60
        assert np.trace(matrix) / 60 == pytest.approx(run["test_accuracy"])
        assert matrix.sum(axis=1).tolist() == [20, 20, 20]  # rows are true classes


def test_the_summary_is_the_mean_over_seeds(metrics):
    for row in metrics["summary"]:
        runs = [run for run in metrics["runs"] if run["optimizer"] == row["optimizer"]]
        accuracies = [run["test_accuracy"] for run in runs]
        assert row["runs"] == 2
        assert row["test_accuracy_mean"] == pytest.approx(np.mean(accuracies))
        assert row["test_accuracy_min"] == min(accuracies)
        assert row["test_accuracy_max"] == max(accuracies)


def test_there_is_a_model_and_a_picture_for_each_lane(run_folder, metrics):
    lanes = [run["lane"] for run in metrics["runs"]]
    models = {path.stem for path in (run_folder / "models").iterdir()}
    assert models == set(lanes)
    figures = {path.stem for path in (run_folder / "figures").iterdir()}
    assert {"samples", "training_comparison", "predictions"} <= figures
    assert {f"confusion_{lane}" for lane in lanes} <= figures


def test_a_model_says_how_it_came_about_and_repeats_its_accuracy(run_folder, metrics):
    model = load_model(run_folder / "models" / "sgd-seed1.npz")
    assert model.training["optimizer"] == "sgd"
    assert model.training["seed"] == 1
    assert model.classes == [0, 1, 2]
    assert model.data["sha256"] == metrics["data"]["sha256"]
    assert 0 < model.preprocessing["mean"] < 1
    assert model.network[0].n_in == 48


def test_the_folder_is_named_by_the_time_where_none_is_given(compare, working_folder):
    assert compare("--optimizers", "sgd") == 0
    (folder,) = (working_folder / "runs").iterdir()
    assert folder.name.startswith("compare-")


def test_results_go_to_stdout_and_progress_to_stderr(compare, capsys):
    assert compare() == 0
    captured = capsys.readouterr()
    assert "adam-seed0" in captured.out
    assert "report.html" in captured.out
    assert "epoch" not in captured.out
    assert "adam-seed0  epoch 2/2" in captured.err


def test_quiet_leaves_errors_alone(compare, capsys):
    assert compare("--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert compare("--quiet", "--epochs", "0") == 2
    assert capsys.readouterr().err
