"""Early stopping ends on validation alone, and keeps the network of the best epoch."""

import json
from dataclasses import replace

import pytest
from hand_made import run_of

from chainrule import ChainruleError, cli, load_model
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset
from chainrule.experiments.keeping import Keep, Keeper
from chainrule.experiments.lanes import run_lane
from chainrule.experiments.report import write_report
from chainrule.experiments.settings import Lane, Settings
from chainrule.experiments.statistics import better_run
from chainrule.storage.models import parameters_sha256

LANE = Lane("adam-seed0", "adam", 0.003, 16, 0)
EPOCHS, PATIENCE = 60, 4


@pytest.fixture(scope="module")
def split(stripes):
    return split_dataset(load_dataset(str(stripes)), 200)


@pytest.fixture(scope="module")
def train(split):
    """Return a function that trains the lane; it returns the result."""

    def train(epochs=EPOCHS, patience=PATIENCE, **how):
        return run_lane(
            LANE, split, hidden=[12], epochs=epochs, threads=1, early_stopping=patience, **how
        )

    return train


@pytest.fixture(scope="module")
def stopped(train):
    return train()


def facts(result):
    """Return what must be the same to the bit."""
    history = {key: values for key, values in result.record["history"].items() if key != "seconds"}
    parameters = parameters_sha256(result.network)
    return {**result.record, "history": history, "train_seconds": None, "network": parameters}


def test_it_ends_when_patience_has_run_out_after_the_first_of_the_best(stopped):
    accuracies = stopped.record["history"]["val_accuracy"]
    best = accuracies.index(max(accuracies))
    assert len(accuracies) == best + 1 + PATIENCE < EPOCHS
    assert stopped.record["kept_epoch"] == best + 1
    for epoch in range(len(accuracies) - 1):  # and not before
        before = accuracies[: epoch + 1]
        assert epoch - before.index(max(before)) < PATIENCE


def test_the_network_is_that_of_the_best_epoch_to_the_bit(train, stopped):
    exactly = train(epochs=stopped.record["kept_epoch"], patience=None)
    assert parameters_sha256(stopped.network) == parameters_sha256(exactly.network)
    for what in ("test_accuracy", "test_loss", "val_accuracy", "confusion_matrix"):
        assert stopped.record[what] == exactly.record[what]
    assert stopped.record["parameters_sha256"] == parameters_sha256(stopped.network)


def test_the_best_is_kept_where_the_last_epoch_comes_before_the_end_of_patience(train, stopped):
    epochs = stopped.record["kept_epoch"] + PATIENCE - 1
    ended = train(epochs=epochs)
    assert len(ended.record["history"]["loss"]) == epochs
    assert parameters_sha256(ended.network) == parameters_sha256(stopped.network)


def test_without_it_every_epoch_is_trained_and_the_last_kept(train, stopped):
    epochs = len(stopped.record["history"]["loss"]) + 1
    whole = train(epochs=epochs, patience=None)
    assert len(whole.record["history"]["loss"]) == epochs
    assert whole.record["kept_epoch"] is None
    assert whole.record["val_accuracy"] == whole.record["history"]["val_accuracy"][-1]


class KilledError(Exception):
    pass


@pytest.mark.parametrize("epochs_before_the_last", [0, 1, PATIENCE, PATIENCE + 1])
def test_resumed_within_its_patience_it_ends_with_the_same_bits(
    train, stopped, tmp_path, epochs_before_the_last
):
    last = len(stopped.record["history"]["loss"]) - epochs_before_the_last

    def kill(lane, epoch, loss, accuracy):
        if epoch == last:
            raise KilledError

    keep = Keep(tmp_path, every=1)
    with pytest.raises(KilledError):
        train(keep=keep, report=kill)
    assert facts(train(keep=keep)) == facts(stopped)


def test_killed_after_it_stopped_it_trains_no_further_epoch(train, stopped, tmp_path, monkeypatch):
    keep, keep_end = Keep(tmp_path), Keeper.keep_end

    def kill(keeper):
        keep_end(keeper)
        raise KilledError

    monkeypatch.setattr(Keeper, "keep_end", kill)
    with pytest.raises(KilledError):
        train(keep=keep)
    monkeypatch.setattr(Keeper, "keep_end", keep_end)
    assert facts(train(keep=keep)) == facts(stopped)


def test_a_checkpoint_of_another_patience_is_refused(train, tmp_path):
    keep = Keep(tmp_path)

    def kill(lane, epoch, loss, accuracy):
        if epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        train(keep=replace(keep, every=1), report=kill)
    with pytest.raises(ChainruleError, match="its early_stopping is 4, and not 5"):
        train(patience=5, keep=keep)


def test_a_checkpoint_that_knows_nothing_of_it_goes_on(train, tmp_path, monkeypatch):
    whole = train(epochs=4, patience=None)

    def kill(lane, epoch, loss, accuracy):
        if epoch == 2:
            raise KilledError

    added = ("early_stopping", "weight_decay", "momentum")
    save = Keeper._save

    def save_as_before(keeper, start):
        keeper.run = {key: value for key, value in keeper.run.items() if key not in added}
        save(keeper, start)

    monkeypatch.setattr(Keeper, "_save", save_as_before)
    with pytest.raises(KilledError):
        train(epochs=4, patience=None, keep=Keep(tmp_path, every=1), report=kill)
    monkeypatch.undo()
    assert facts(train(epochs=4, patience=None, keep=Keep(tmp_path))) == facts(whole)


def test_the_command_says_which_epoch_was_kept(stripes, working_folder, capsys):
    words = ["train", "--data", str(stripes), "--hidden", "12", "--learning-rate", "0.003"]
    assert cli.main([*words, "--epochs", "60", "--early-stopping", "3", "--out", "run"]) == 0
    (run,) = json.loads((working_folder / "run" / "metrics.json").read_text())["runs"]
    done, kept = len(run["history"]["loss"]), run["kept_epoch"]
    assert done == kept + 3
    assert (
        f"stopped early, after epoch {done} of 60; the network is that of epoch {kept}, the best "
        "on validation" in capsys.readouterr().out
    )
    model = load_model(working_folder / "run" / "models" / "adam-seed0.npz")
    assert parameters_sha256(model.network) == run["parameters_sha256"]
    assert cli.main(["resume", "run"]) == 0
    assert f"after epoch {done} of 60" in capsys.readouterr().out


def test_a_patience_that_is_not_given_is_five(stripes, working_folder):
    words = ["train", "--data", str(stripes), "--hidden", "8", "--out", "run", "--quiet"]
    assert cli.main([*words, "--epochs", "1", "--early-stopping"]) == 0
    metrics = json.loads((working_folder / "run" / "metrics.json").read_text())
    assert metrics["settings"]["early_stopping"] == 5


@pytest.fixture(scope="module")
def several(compared):
    options = ("--optimizers", "sgd", "adam", "--hidden", "8", "--epochs", "40")
    return compared(*options, "--early-stopping", "2", "--momentum", "0.5", "--weight-decay", "0.1")


def test_a_comparison_and_its_report_say_it_of_every_lane(several, capsys):
    metrics = json.loads((several / "metrics.json").read_text())
    assert cli.main(["compare", "--resume", str(several)]) == 0
    out = capsys.readouterr().out
    page = write_report(several).read_text()
    for run in metrics["runs"]:
        kept, done = run["kept_epoch"], len(run["history"]["loss"])
        assert done == kept + 2 < 40
        assert f"{run['lane']} stopped early, after epoch {done} of 40; the network is" in out
        assert f"<td>{kept} of {done}</td>" in page
    assert "trained for at most 40 epochs" in page
    assert "once 2 epochs in a row have brought no better validation accuracy" in page
    assert "<dd>0.1, the same for every optimizer</dd>" in page
    assert "<dd>0.5 for SGD; Adam without, for there is none to set</dd>" in page
    assert "--early-stopping</span>" not in page
    assert "--early-stopping 2" in page


def test_one_training_with_these_options_is_the_lane_of_the_comparison(
    several, stripes, working_folder
):
    words = ["train", "--optimizer", "sgd", "--data", str(stripes), "--hidden", "8", "--out", "run"]
    options = ["--early-stopping", "2", "--momentum", "0.5", "--weight-decay", "0.1"]
    assert cli.main([*words, "--epochs", "40", *options]) == 0
    (alone,) = json.loads((working_folder / "run" / "metrics.json").read_text())["runs"]
    lanes = json.loads((several / "metrics.json").read_text())["runs"]
    (lane,) = (run for run in lanes if run["optimizer"] == "sgd")
    assert alone["parameters_sha256"] == lane["parameters_sha256"]


def test_options_reach_the_optimizers_that_know_them():
    settings = Settings(
        data="auto",
        learning_rates={"sgd": [0.1], "nesterov": [0.1], "adam": [0.1], "adamw": [0.1]},
        batch_sizes=[64],
        seeds=[0],
        hidden=[8],
        epochs=1,
        train_size=None,
        split_seed=0,
        threads=1,
        weight_decay=0.25,
        momentum=0.5,
    )
    made = {lane.optimizer: lane.make_optimizer(0.1) for lane in settings.lanes}
    assert {name: one.weight_decay for name, one in made.items()} == dict.fromkeys(made, 0.25)
    assert (made["sgd"].momentum, made["nesterov"].momentum) == (0.5, 0.5)
    assert made["nesterov"].nesterov
    own = {lane.optimizer: lane.make_optimizer(0.1) for lane in replace(
        settings, weight_decay=None, momentum=None).lanes}  # fmt: skip
    assert {name: one.weight_decay for name, one in own.items()} == {
        "sgd": 0, "nesterov": 0, "adam": 0, "adamw": 0.01}  # fmt: skip
    assert (own["sgd"].momentum, own["nesterov"].momentum) == (0, 0.9)


def test_of_two_equal_runs_the_better_has_the_lower_loss_at_the_epoch_kept():
    one, other = run_of("adam", 0, 0.9), run_of("sgd", 0, 0.9)
    one |= {"kept_epoch": 1, "history": {"loss": [1, 1], "val_loss": [0.1, 0.9]}}
    other |= {"kept_epoch": 2, "history": {"loss": [1, 1], "val_loss": [0.9, 0.2]}}
    assert better_run([other, one]) is one


def test_a_comparison_says_who_takes_the_momentum(compare, capsys):
    assert compare("--momentum", "0.5", "--hidden", "8", "--out", "out") == 0
    notice = "Momentum 0.5 for SGD; Adam without, for there is none to set.\n"
    assert notice in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "--momentum", "0.9"], "momentum is for sgd, momentum, nesterov, and there is"),
        (["compare", "--optimizers", "adam", "rmsprop", "--momentum", "0.9"], "in adam, rmsprop:"),
        (["train", "--optimizer", "sgd", "--momentum", "1"], "momentum must be a number at least"),
        (["train", "--optimizer", "nesterov", "--momentum", "0"], "needs a momentum above 0"),
        (["train", "--weight-decay", "-1"], "weight_decay must be a number at least 0"),
        (["compare", "--weight-decay", "nan"], "weight_decay must be a number at least 0"),
        (["train", "--early-stopping", "0"], "early stopping must be a whole number from 1 up"),
        (["compare", "--early-stopping", "-3"], "early stopping must be a whole number"),
    ],
)
def test_what_cannot_be_is_one_sentence(working_folder, stripes, capsys, words, sentence):
    assert cli.main([*words, "--data", str(stripes)]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(working_folder.iterdir())
