import json
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule import cli, load_model
from chainrule.experiments import train as training
from chainrule.experiments.settings import ACTIVATIONS, RECIPES, SCHEDULES


def described(model):
    return [str(layer) for layer in model.network]


def test_the_weights_are_those_of_the_comparison(run, trained, bars):
    common = ("--data", bars, "--epochs", 3, "--hidden", 9, 5, "--batch-size", 17)
    run("compare", *common, "--seeds", 4, "--jobs", 1, "--out", "compared")
    lanes = json.loads(Path("compared/metrics.json").read_text())["runs"]
    times = {"train_seconds": 0, "history": 0}
    for lane in lanes:
        name = lane["optimizer"]
        _, metrics = trained(*common, "--seed", 4, "--optimizer", name, out=name)
        (record,) = metrics["runs"]
        assert record["parameters_sha256"] == lane["parameters_sha256"]
        assert record | times == lane | times


def test_they_are_others_with_dropout_or_a_schedule(trained):
    changes = [(), (), ("--dropout", 0.5), ("--schedule", "cosine"), ("--activation", "tanh")]
    checksums = [
        trained(*change, out=f"out{i}")[1]["runs"][0]["parameters_sha256"]
        for i, change in enumerate(changes)
    ]
    assert checksums[0] == checksums[1]
    assert len(set(checksums)) == 4


def test_the_model_file_says_how_it_came_about(trained, bars):
    folder, metrics = trained("--optimizer", "nesterov", "--seed", 3, "--split-seed", 5)
    model = load_model(f"{folder}/models/nesterov-seed3.npz")
    assert model.classes == [0, 1, 2]
    assert model.data["sha256"] == metrics["data"]["sha256"]
    assert model.data["split_seed"] == 5
    assert model.data["image_shape"] == [8, 6]
    assert model.data["title"] == "bars"
    assert 0 < model.preprocessing["mean"] < 1
    assert model.training["optimizer"] == "nesterov"
    assert model.training["learning_rate"] == 0.005  # its default
    assert model.training["seed"] == 3
    assert {**metrics["settings"], "name": "nesterov-seed3"} == model.training


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_network_is_the_one_asked_for(trained, activation):
    arguments = ("--hidden", 7, 5, "--activation", activation, "--dropout", 0.25)
    folder, _ = trained(*arguments, "--dtype", "float64")
    model = load_model(f"{folder}/models/adam-seed0.npz")
    layer = str(ACTIVATIONS[activation][0]())
    hidden = [f"Dense(48, 7)|{layer}|Dropout(0.25)", f"Dense(7, 5)|{layer}|Dropout(0.25)"]
    assert "|".join(described(model)) == "|".join([*hidden, "Dense(5, 3)"])
    assert model.network.dtype == np.float64


def test_no_hidden_layer_is_softmax_regression(trained):
    folder, _ = trained("--hidden")
    assert described(load_model(f"{folder}/models/adam-seed0.npz")) == ["Dense(48, 3)"]


def test_weights_start_as_the_activation_wants():
    shares = {}
    for activation, (_, initializer) in ACTIVATIONS.items():
        weights = initializer(np.random.default_rng(0), 400, 100)
        shares[activation] = weights.var() * 400
    assert shares["relu"] == shares["leaky-relu"] == pytest.approx(2, rel=0.05)  # He
    assert shares["tanh"] == shares["sigmoid"] == pytest.approx(2 * 400 / 500, rel=0.05)  # Glorot


@pytest.mark.parametrize(
    ("schedule", "first", "last"),
    [
        ("constant", 0.01, 0.01),
        ("step", 0.01, 0.0001),
        ("cosine", 0.01, 0.0),
        ("one-cycle", 0.01 / 25, 0.01 / 25e4),
    ],
)
def test_the_rate_follows_the_schedule(trained, schedule, first, last):
    rate = SCHEDULES[schedule](0.01, 2 * 4)
    assert (rate(0) if callable(rate) else rate) == pytest.approx(first)
    _, metrics = trained("--schedule", schedule, "--learning-rate", 0.01)  # 2 epochs of 4 batches
    came = metrics["runs"][0]["history"]["learning_rate"][-1]
    assert came == pytest.approx(last, abs=0.0004 if schedule == "cosine" else 1e-12)


def test_the_run_folder_holds_metrics_model_and_figures(trained):
    folder, metrics = trained()
    files = {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.*")}
    figures = {"figures/training.png", "figures/confusion.png"}
    assert files == {"metrics.json", "record.jsonl", "models/adam-seed0.npz"} | figures
    assert metrics["schema"] == 1
    assert len(metrics["runs"][0]["history"]["loss"]) == 2


def test_without_a_name_the_folder_has_the_time(run, bars, working_folder):
    assert run("train", "--data", bars, "--epochs", 1)[0] == 0
    (folder,) = (working_folder / "runs").iterdir()
    assert folder.name.startswith("train-2")


def test_json_goes_to_stdout_and_progress_to_stderr(run, bars):
    common = ("train", "--data", bars, "--epochs", 2, "--out")
    status, out, err = run(*common, "one", "--json")
    result = json.loads(out)
    assert status == 0
    assert result["model"] == str(Path("one/models/adam-seed0.npz"))
    assert result["runs"][0]["status"] == "finished"
    assert "epoch 2/2" in err
    _, out, err = run(*common, "two")
    assert "test accuracy" in out
    assert "epoch" not in out
    assert run(*common, "three", "--quiet") == (0, "", "")
    status, out, err = run(*common, "four", "--quiet", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["folder"] == "four"


class TestDivergence:
    arguments = ("--optimizer", "sgd", "--learning-rate", 1e20, "--out", "out")

    def test_names_step_layer_and_rate_with_status_1(self, run, bars):
        status, out, err = run("train", "--data", bars, *self.arguments, "--quiet")
        assert status == 1
        assert out == ""
        assert "step 2: layer 2, Dense(256, 128)" in err
        assert "1e+20" in err
        assert err.count("\n") == 1

    def test_is_recorded_without_a_model(self, run, bars, working_folder):
        status, out, _ = run("train", "--data", bars, *self.arguments, "--json")
        result = json.loads(out)
        assert status == 1
        assert result["model"] is None
        assert result["runs"][0]["status"] == "diverged"
        assert result["runs"][0]["test_accuracy"] is None
        assert not list(working_folder.rglob("*.npz"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", 0], "epochs must be a whole number from 1 up, got 0"),
        (["--batch-size", -5], "batch size must be a whole number from 1 up, got -5"),
        (["--hidden", 0], "hidden must be a whole number from 1 up, got 0"),
        (["--learning-rate", -1], "learning_rate must be a number at least 0"),
        (["--learning-rate", "nan"], "learning_rate must be a number"),
        (["--dropout", 1], "dropout must be a number"),
        (["--dropout", "nan"], "dropout must be a number"),
        (["--train-size", 0], "train size must be a whole number from 1 up, got 0"),
        (["--train-size", 1000], "1,000 is more than the 210"),
        (["--validation-size", -1], "validation size must be a whole number from 0 up"),
        (["--validation-size", 240], "must leave images to train on"),
        (["--distort", -1], "strength of distortion must be a number at least 0"),
        (["--recipe", "record-small", "--hidden", 9], "says how to train"),
        (["--recipe", "record-small", "--distort", 2], "says how to train"),
        (["--seed", -1], "seed must be a whole number from 0 up"),
        (["--split-seed", -1], "split seed must be a whole number from 0 up"),
        (["--threads", 0], "threads must be a whole number from 1 up"),
    ],
)
def test_bad_options_are_refused(refused, bars, arguments, words):
    assert words in refused("train", "--data", bars, *arguments)


@pytest.mark.parametrize("option", ["--optimizer", "--activation", "--schedule", "--dtype"])
def test_unknown_names_are_refused_with_those_there_are(run, option):
    status, _, err = run("train", option, "nonsense")
    assert status == 2
    assert "invalid choice: 'nonsense'" in err


def test_a_folder_that_holds_something_is_refused(refused, bars, working_folder):
    (working_folder / "thesis.txt").write_text("years of work")
    assert "holds something" in refused("train", "--data", bars, "--out", ".")


def test_missing_data_is_refused(refused):
    assert "there is no nowhere" in refused("train", "--data", "nowhere")


@pytest.mark.parametrize("module", ["threadpoolctl", "matplotlib", "tqdm"])
def test_a_missing_extra_is_named(refused, bars, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    sentence = refused("train", "--data", bars)
    assert module in sentence
    assert "pip install 'chainrule[mnist]'" in sentence


def test_distorted_training_says_why_its_accuracy_is_low(run, bars):
    status, out, _ = run("train", "--data", bars, "--distort", "--epochs", 2, "--out", "run")
    assert status == 0
    assert "on distorted copies: they are harder to read" in out
    (entry,) = json.loads(Path("run/metrics.json").read_text())["runs"]
    assert f"accuracy {entry['history']['accuracy'][-1]:.2%} on distorted" in out
    assert Path("run/figures/distorted.png").exists()
    assert load_model("run/models/adam-seed0.npz").training["distort"] == 1


def test_training_on_all_images_shows_no_validation(run, bars):
    size = ("--validation-size", 0, "--train-size", 240)
    status, out, err = run("train", "--data", bars, *size, "--epochs", 2, "--out", "run")
    assert status == 0
    assert "240 images to train on, 0 to validate" in out
    assert "nan" not in out + err
    assert "validation accuracy" not in out + err
    status, again, _ = run("resume", "run")  # it has ended: its figures are drawn again
    assert status == 0
    assert again == out


def test_a_recipe_is_a_name_for_settings(run, monkeypatch):
    asked = []
    monkeypatch.setattr(training, "train", lambda settings, **_: asked.append(settings) or 1 / 0)
    free = ("--epochs", 3, "--train-size", 500, "--seed", 2, "--out", "run")
    for more in ((), free):
        with pytest.raises(ZeroDivisionError):
            run("train", "--recipe", "record-small", *more)
    whole, shorter = asked
    recipe = RECIPES["record-small"]
    assert {name: getattr(whole, name) for name in recipe} == recipe
    assert (shorter.epochs, shorter.train_size, shorter.seed) == (3, 500, 2)
    assert (shorter.hidden, shorter.distort) == (whole.hidden, whole.distort)


def test_a_number_of_epochs_that_is_asked_for_holds_beside_a_recipe(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "chainrule.experiments.train.train", lambda settings, **_: asked.append(settings)
    )
    monkeypatch.setattr("chainrule.cli.train.show_training", lambda *_: 0)
    for words in ([], ["--epochs", "20"]):
        assert cli.main(["train", "--recipe", "record-small", *words]) == 0
    assert [settings.epochs for settings in asked] == [150, 20]
