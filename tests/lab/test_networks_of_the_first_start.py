from pathlib import Path

import numpy as np
import pytest

from chainrule.data.mnist import load_dataset
from chainrule.data.split import trainable
from chainrule.lab import networks
from chainrule.lab.networks import RECIPES, Recipe, lab_cache, networks_of_first_start

QUICK = (Recipe("quick", "to be quick", (8,), 0.003, 1, 1),)


@pytest.fixture
def small(lab_run, monkeypatch):
    """Return the lab's dataset, of which only a thousand images are trained on."""
    whole = networks.trainable(lab_run.dataset)
    monkeypatch.setattr(networks, "trainable", lambda dataset: min(1000, whole))
    return lab_run.dataset


def opened(dataset, recipes=QUICK):
    said = []
    return networks_of_first_start(dataset, said.append, progress=False, recipes=recipes), said


def test_the_second_start_trains_nothing_and_has_the_same_bits(small, monkeypatch):
    first, said = opened(small)
    assert said[0].startswith("First start: 1 network to train on 1,000 images")
    monkeypatch.setattr(networks, "train_settings", None)
    second, said = opened(small)
    assert said == []
    for key in ("quick",):
        assert (first[key].network.parameters == second[key].network.parameters).all()
        assert first[key].accuracy_words == second[key].accuracy_words
        assert first[key].test_accuracy == second[key].test_accuracy


def test_progress_names_the_network(small, capsys):
    networks_of_first_start(small, lambda sentence: None, recipes=QUICK)
    assert "quick  epoch 1/1" in capsys.readouterr().err


def test_other_settings_and_other_data_have_files_of_their_own(small, lab_run):
    one = opened(small)[0]["quick"].classifier.path
    other = (Recipe("quick", "to be quick", (8,), 0.001, 1, 1),)
    assert opened(small, other)[0]["quick"].classifier.path != one
    changed = type(small)(**{**vars(small), "sha256": {"train-images-idx3-ubyte": "0" * 64}})
    assert lab_cache(changed) != lab_cache(small)
    assert lab_cache(small).as_posix() in one


def test_a_damaged_file_is_trained_anew_and_said(small):
    first = opened(small)[0]["quick"]
    path = Path(first.classifier.path)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"damage")
    second, said = opened(small)
    assert said[0].endswith("The lab trains it anew.")
    assert (second["quick"].network.parameters == first.network.parameters).all()


def test_without_a_place_to_keep_it_the_network_is_used_and_said(small, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(networks, "cache_folder", lambda: tmp_path / "file" / "mnist")
    found, said = opened(small)
    assert list(found) == ["quick"]
    assert said[-1].startswith("Nothing can be kept in")


def test_the_recipes_are_the_networks_of_the_lab(lab_run):
    assert [(recipe.id, recipe.title(lab_run.dataset)) for recipe in RECIPES] == [
        ("course", "784-256-128-64-10, to draw on"),
        ("small", "784-16-16-10, to look into"),
    ]


@pytest.mark.long
def test_the_courses_network_reads_what_the_issue_asks(mnist_folder):
    dataset = load_dataset(mnist_folder, notice=None)
    found, said = opened(dataset, RECIPES[:1])
    assert f"{trainable(dataset):,} images (MNIST)" in said[0]
    assert found["course"].test_accuracy >= 0.975
    assert found["course"].accuracy_words.endswith("% of MNIST's test images")
    assert np.isfinite(found["course"].network.parameters).all()
