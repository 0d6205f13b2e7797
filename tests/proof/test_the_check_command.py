"""``chainrule check`` proves a network or a model, and shows what the planted bugs look like."""

import json
from dataclasses import replace

import numpy as np
import pytest

from chainrule import Dense, Network, ReLU, save_model
from chainrule.cli import check, main
from chainrule.data.dataset import MNIST
from chainrule.data.idx import write_idx
from chainrule.proof.faults import FAULTS


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
    assert "\nok  gradient audit: Every gradient is right" in text
    assert "\nok  batch law: " in text
    assert text.endswith("All checks passed.\n")


def test_a_model_passes_as_json(folder, model, capsys):
    assert main(["check", str(model), "--data", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] is True
    assert found["model"] == str(model)
    assert found["audit"]["verdict"]["passed"] is True
    assert [row["name"] for row in found["audit"]["rows"]][-1] == "input"
    tools = {row["tool"] for row in found["checks"]}
    assert tools == {"batch law", "dtype check", "softmax loss", "health check"}
    assert main(["check", "--data", str(folder), "--json"]) == 0
    tools |= {row["tool"] for row in json.loads(capsys.readouterr().out)["checks"]}
    assert "optimizer fingerprint and state" in tools


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


def failed(text):
    return [line.split(":")[0] for line in text.splitlines() if line.startswith("NO  ")]


def test_status_1_if_the_audit_alone_fails(folder, monkeypatch, capsys):
    right = Dense.backward

    def slightly_wrong(layer, grad_y):
        grad_x = right(layer, grad_y)
        layer.gradients["weights"] *= 1 + 1e-5
        return grad_x

    monkeypatch.setattr(Dense, "backward", slightly_wrong)
    assert main(["check", "--data", str(folder)]) == 1
    text = capsys.readouterr().out
    assert failed(text) == ["NO  gradient audit"]
    assert "\n1 of " in text


def test_status_1_if_a_health_check_alone_fails(folder, model, capsys):
    network = Network([Dense(64, 12), ReLU(), Dense(12, 4)], rng=0)
    network[0].biases = np.where(np.arange(12) < 7, -1000, 0)
    save_model(model, network)
    assert main(["check", str(model), "--data", str(folder)]) == 1
    text = capsys.readouterr().out
    assert failed(text) == ["NO  health check"]
    assert "\n1 of " in text


def test_as_many_lines_say_no_as_are_counted(folder, model, capsys):
    network = Network([Dense(64, 12), ReLU(), Dense(12, 4)], rng=0)
    network.parameters[...] = 3e38
    save_model(model, network)
    assert main(["check", str(model), "--data", str(folder)]) == 1
    out, err = capsys.readouterr()
    assert f"\n{len(failed(out))} of " in out
    assert "NO  gradient audit: " in out
    assert err == ""


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


def test_a_bug_that_is_not_found_is_status_1(monkeypatch, capsys):
    fault = FAULTS["sign-flipped"]
    monkeypatch.setitem(FAULTS, "sign-flipped", replace(fault, part=fault.healthy))
    assert main(["check", "--planted"]) == 1
    assert f"{len(FAULTS) - 1} of {len(FAULTS)} planted bugs found" in capsys.readouterr().out
    assert main(["check", "--planted", "sign-flipped"]) == 0
    assert "not found: Every gradient is right" in capsys.readouterr().out


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
