"""The command behind the record counts what metrics.json knows, and averages what it says."""

import json
import re
import sys

import numpy as np
import pytest
from benchmarks.record import over_copies

from benchmarks import record
from chainrule import cli
from chainrule.data.distort import Distorted
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset


@pytest.fixture
def folders(stripes, tmp_path, monkeypatch):
    """Return the folders of two distorted trainings."""
    monkeypatch.setenv("CHAINRULE_DATA", str(stripes))
    made = [tmp_path / f"run-{seed}" for seed in (0, 1)]
    options = ["--distort", "--epochs", "3", "--hidden", "8", "--validation-size", "60"]
    for seed, folder in enumerate(made):
        words = ["train", *options, "--seed", str(seed), "--out", str(folder), "--quiet"]
        assert cli.main(words) == 0
    return made


def table(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["record", *map(str, words)])
    capsys.readouterr()
    record.main()
    out = capsys.readouterr().out
    return out, dict(re.findall(r"^\| ([^|]+) \| ([\d, ]+) \|", out, re.MULTILINE))


def entries(folders):
    return [json.loads((one / "metrics.json").read_text())["runs"][0] for one in folders]


def test_a_single_network_errs_as_its_metrics_say(folders, monkeypatch, capsys, tmp_path):
    figure = tmp_path / "mistakes.png"
    out, wrong = table(monkeypatch, capsys, *folders, "--strengths", 0, "--figure", figure)
    expected = [round(60 * (1 - run["test_accuracy"])) for run in entries(folders)]
    assert "60 test images of stripes" in out
    assert wrong["one network"] == ", ".join(map(str, expected))
    assert wrong["one network, 16 copies of strength 0"] == wrong["one network"]
    assert wrong["committee, 16 copies of strength 0"] == wrong["committee of 2"]
    assert figure.exists()


def test_held_out_images_are_those_of_the_validation(folders, monkeypatch, capsys):
    out, wrong = table(monkeypatch, capsys, *folders, "--held-out", "--strengths")
    expected = [round(60 * (1 - run["val_accuracy"])) for run in entries(folders)]
    assert "60 held-out images of stripes" in out
    assert list(wrong) == ["one network", "committee of 2"]
    assert wrong["one network"] == ", ".join(map(str, expected))


def test_an_answer_over_copies_is_the_mean_of_sixteen(folders, stripes):
    split = split_dataset(load_dataset(str(stripes)), 100)
    network = record.network_of(folders[0], {"runs": entries(folders)[:1]}, load_dataset("auto"))
    copies = Distorted(split.X_test, split.image_shape, seed=0, strength=0.5)
    answers = []
    for epoch in range(16):
        copies.begin_epoch(epoch)
        answers.append(network.predict_proba(copies[:]))
    mean = over_copies(network, split.X_test, split, 0.5)
    np.testing.assert_allclose(mean, np.mean(answers, axis=0), atol=1e-6)
