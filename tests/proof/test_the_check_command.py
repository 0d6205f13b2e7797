"""``chainrule check`` proves a network or a model, and shows what the planted bugs look like."""

import json

import numpy as np
import pytest

from chainrule import Dense, Network, ReLU, save_model
from chainrule.cli import check, main
from chainrule.data.dataset import MNIST
from chainrule.data.idx import write_idx
from chainrule.faults import FAULTS


@pytest.fixture
def folder(tmp_path):
    """Return a folder of IDX files: 8x8 pixels of noise, four classes."""
    rng = np.random.default_rng(0)
    path = tmp_path / "noise"
    path.mkdir()
    for name, count in zip(MNIST, (300, 300, 100, 100), strict=True):
        images = rng.integers(0, 256, (count, 8, 8)) if "images" in name else np.arange(count) % 4
        write_idx(path / name, images.astype(np.uint8))
    return path


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.npz"
    save_model(path, Network([Dense(64, 12), ReLU(), Dense(12, 4)], rng=0))
    return path


def test_a_fresh_network_passes(folder, capsys):
    assert main(["check", "--data", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "The course's network before training, on noise" in text
    assert "layer 6, Dense(64, 4)" in text
    assert "Every gradient is right" in text
    assert "ok  batch law: " in text
    assert text.endswith("All checks passed.\n")


def test_a_model_passes_as_json(folder, model, capsys):
    assert main(["check", str(model), "--data", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] is True
    assert found["model"] == str(model)
    assert found["audit"]["verdict"]["passed"] is True
    assert [row["name"] for row in found["audit"]["rows"]][-1] == "input"
    assert {row["tool"] for row in found["checks"]} >= {"batch law", "health check"}


def test_a_network_that_fails_is_status_1(folder, model, capsys):
    network = Network([Dense(64, 12), ReLU(), Dense(12, 4)], rng=0)
    network[0].biases = np.full(12, -1000)
    save_model(model, network)
    assert main(["check", str(model), "--data", str(folder)]) == 1
    text = capsys.readouterr().out
    assert "nothing-proved" in text
    assert "NO  health check: Dead units of layer 1, ReLU(): 12 of 12" in text
    assert "checks failed." in text
    assert main(["check", str(model), "--data", str(folder), "--json"]) == 1
    json.loads(capsys.readouterr().out)


def test_a_wrong_gradient_is_status_1(folder, monkeypatch, capsys):
    right = ReLU.backward
    monkeypatch.setattr(ReLU, "backward", lambda layer, grad_y: -right(layer, grad_y))
    assert main(["check", "--data", str(folder)]) == 1
    assert "sign-flipped" in capsys.readouterr().out


def test_quiet_says_nothing(folder, capsys):
    assert main(["check", "--data", str(folder), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_bug_is_named(name, capsys):
    assert main(["check", "--planted", name]) == 1
    text = capsys.readouterr().out
    assert f"\n{name}: " in text
    assert FAULTS[name].tool in text
    assert FAULTS[name].symptom in text


def test_the_table_of_all(capsys):
    assert main(["check", "--planted"]) == 0
    text = capsys.readouterr().out
    for fault in FAULTS.values():
        assert fault.name in text
        assert fault.symptom in text
    assert f"{len(FAULTS)} of {len(FAULTS)} planted bugs found and named." in text
    assert main(["check", "--planted", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["cause"] for row in rows] == list(FAULTS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--planted", "nonsense"], "A planted bug must be one of averaged-twice"),
        (["missing.npz"], "missing.npz cannot be opened"),
        (["model.npz", "--planted"], "leave one of both out"),
        (["--data", "/nowhere"], "/nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(arguments, sentence, capsys):
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1


def test_a_model_of_other_images_is_status_2(folder, tmp_path, capsys):
    for shape, words in (((9, 4), "64 pixels"), ((64, 5), "knows 5 classes")):
        path = tmp_path / "other.npz"
        save_model(path, Network([Dense(*shape)], rng=0))
        assert main(["check", str(path), "--data", str(folder)]) == 2
        assert words.split()[-1] in capsys.readouterr().err


def test_the_audit_takes_labels_at_random_so_that_a_trained_model_has_gradients():
    network = Network([Dense(64, 4)], rng=0)
    labels = check._any_labels(network, np.ones((200, 64)))
    assert set(labels.tolist()) == {0, 1, 2, 3}


def test_real_mnist(mnist_folder, capsys):
    assert main(["check", "--data", str(mnist_folder)]) == 0
    assert "on MNIST" in capsys.readouterr().out
