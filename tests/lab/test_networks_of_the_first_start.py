import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from chainrule.data.mnist import load_dataset
from chainrule.data.split import trainable
from chainrule.experiments import ready_made
from chainrule.experiments.ready_made import READER, SMALL, Recipe, place_of
from chainrule.lab import behind, networks
from chainrule.lab.networks import Lab, networks_of_first_start
from chainrule.reading.centring import centre

QUICK = (Recipe("quick", "to be quick", (8,), 0.003, 1, 1),)


@pytest.fixture
def small(lab_run, monkeypatch):
    """Return the lab's dataset, of which only a thousand images are trained on."""
    fewer = min(1000, trainable(lab_run.dataset))
    for module in (networks, ready_made):
        monkeypatch.setattr(module, "trainable", lambda dataset: fewer)
    return lab_run.dataset


def opened(dataset, recipes=QUICK):
    said = []
    return networks_of_first_start(dataset, said.append, progress=False, recipes=recipes), said


def test_the_second_start_trains_nothing_and_has_the_same_bits(small, monkeypatch):
    first, said = opened(small)
    assert said[0].startswith("First start: 1 network to train on 1,000 images")
    monkeypatch.setattr(ready_made, "run_lane", None)
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
    assert place_of(changed) != place_of(small)
    assert place_of(small).as_posix() in one


def test_a_damaged_file_is_trained_anew_and_said(small):
    first = opened(small)[0]["quick"]
    path = Path(first.classifier.path)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"damage")
    second, said = opened(small)
    assert said[0].endswith("It is trained anew.")
    assert (second["quick"].network.parameters == first.network.parameters).all()


def test_without_a_place_to_keep_it_the_network_is_used_and_said(small, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(ready_made, "cache_folder", lambda: tmp_path / "file" / "mnist")
    found, said = opened(small)
    assert list(found) == ["quick"]
    assert said[-1].startswith("Nothing can be kept in")


def test_the_recipes_are_the_networks_of_the_lab(lab_run):
    assert [(recipe.id, recipe.title(lab_run.dataset)) for recipe in (READER, SMALL)] == [
        ("course", "784-256-128-64-10, to draw on"),
        ("small", "784-16-16-10, to look into"),
    ]


def test_digits_alone_are_distorted(lab_run, stripes):
    assert READER.settings(lab_run.dataset).distort == 1
    assert READER.settings(load_dataset(stripes, notice=None)).distort == 0


# ---- behind the page ----


def test_a_network_that_is_trained_behind_the_page_is_the_one_trained_before_it(small, monkeypatch):
    few = Recipe("quick", "to be quick", (8,), 0.003, 2, 2, distort=1.0)
    said, seen = [], set()
    lab = Lab(small, {})
    with behind.training(few, lab, said.append):
        assert lab.coming["title"] == "784-8-10, to be quick"
        while lab.coming:
            seen.add((lab.coming.get("epoch"), lab.coming.get("epochs")))
            time.sleep(0.001)
    assert (0, 2) in seen
    monkeypatch.undo()  # the process knows nothing of the smaller dataset
    alone = ready_made.trained(few, small, None).network
    assert (lab.networks["quick"].network.parameters == alone.parameters).all()
    assert said[-1].startswith("784-8-10, to be quick: ")


def test_a_lab_that_ends_first_leaves_no_process_and_no_network(small):
    long = Recipe("quick", "to be quick", (8,), 0.003, 10_000, 10_000)
    said, lab = [], Lab(small, {})
    with behind.training(long, lab, said.append):
        while not lab.coming["epoch"]:
            time.sleep(0.01)
    assert (lab.networks, lab.coming, said) == ({}, {}, [])
    assert not [process for process in processes() if "chainrule.lab.behind" in process]


def test_a_training_that_fails_is_said_and_the_lab_goes_on(small):
    wild = Recipe("quick", "to be quick", (8,), 1e30, 5, 5)
    said, lab = [], Lab(small, {})
    with behind.training(wild, lab, said.append):
        while lab.coming:
            time.sleep(0.01)
    assert lab.networks == {}
    assert said == ["The training of 784-8-10, to be quick has failed: see above."]


def processes():
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


# ---- with MNIST ----


@pytest.mark.long
def test_the_network_to_draw_on_reads_other_hands_as_well(mnist_folder):
    from sklearn.datasets import load_digits

    dataset = load_dataset(mnist_folder, notice=None)
    found, said = opened(dataset, (READER,))
    assert f"{trainable(dataset):,} images (MNIST)" in said[0]
    assert found["course"].test_accuracy >= 0.988
    assert found["course"].accuracy_words.endswith("% of MNIST's test images")
    assert np.isfinite(found["course"].network.parameters).all()
    images, labels = load_digits(return_X_y=True)
    enlarged = [np.kron(one.reshape(8, 8) / 16, np.ones((8, 8))) for one in images]
    centred = np.stack([centre(np.pad(one, 8), light_on_dark=True) for one in enlarged])
    answers = found["course"].classifier.probabilities(centred).argmax(axis=1)
    assert (answers == labels).mean() >= 0.9
