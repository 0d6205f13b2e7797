"""A run that diverges says step, layer and rate, and keeps the network of its best epoch."""

from programmes import ended, the_run

from chainrule import load_model


def test_the_best_network_before_is_a_model_file(start, tmp_path):
    # A rate that one-cycle raises until training breaks, some epochs after the first.
    settings = ["--optimizer", "sgd", "--learning-rate", 2e4, "--schedule", "one-cycle"]
    process = start(
        "train", *settings, "--hidden", 16, "--epochs", 4000, "--batch-size", 60, "--out", "run"
    )
    status, errors = ended(process)
    run = the_run(tmp_path / "run")
    stopped = run["stopped"]
    assert (status, run["status"]) == (1, "diverged")
    assert f"step {stopped['step']}:" in errors
    assert stopped["layer"] in errors
    assert f"{stopped['learning_rate']:g}" in errors
    best = stopped["best_epoch"]
    accuracies = run["history"]["val_accuracy"]
    assert accuracies[best - 1] == max(accuracies)
    assert best - 1 == accuracies.index(max(accuracies))
    assert f"of epoch {best} ({max(accuracies):.2%} validation)" in errors
    model = load_model(tmp_path / "run" / "models" / "sgd-seed0-best.npz")
    assert model.network.parameters.size == 49 * 16 + 17 * 3
    assert ended(start("resume", "run"))[0] == 1


def test_a_run_that_diverges_in_its_first_epoch_has_none(start, tmp_path):
    process = start("train", "--learning-rate", 1e30, "--out", "run", "--epochs", 2)
    status, errors = ended(process)
    assert status == 1
    assert "no network to keep" in errors
    assert not list((tmp_path / "run" / "models").iterdir())
