"""EMNIST is read as it comes: files with a prefix, six sets in a folder, images on their side."""

import json

import numpy as np
import pytest
from other_data import done, refused, run, write_bars
from PIL import Image

from chainrule import load_mnist, load_model
from chainrule.data.dataset import MNIST
from chainrule.data.idx import idx_sha256, read_idx
from chainrule.data.mnist import load_dataset
from chainrule.experiments.ready_made import place_of

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = MNIST


def write_emnist(folder, name, numbers, suffix=".gz", dotted=False):
    """Write a set of EMNIST: its rows are the columns of an upright image."""
    names = [f"emnist-{name}-{one.replace('t10k', 'test')}{suffix}" for one in MNIST]
    if dotted:
        names = [one.replace("-idx", ".idx") for one in names]
    return write_bars(folder, numbers, names=names)


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("name", ["letters", "byclass", "bymerge", "balanced", "digits", "mnist"])
def test_a_set_is_found_by_its_own_file_names(working_folder, name, suffix, dotted):
    folder = write_emnist(working_folder / "downloads", name, range(1, 4), suffix, dotted)
    dataset = load_dataset(folder, notice=None)
    assert (dataset.name, dataset.classes) == (f"EMNIST {name}", (1, 2, 3))


def test_its_images_are_turned_upright_and_its_checksums_are_those_of_the_files(working_folder):
    folder = write_emnist(working_folder / "gzip", "letters", range(1, 4))
    notices = []
    dataset = load_dataset(folder, notice=notices.append)
    stored = read_idx(folder / "emnist-letters-train-images-idx3-ubyte.gz")
    np.testing.assert_array_equal(dataset.train_images, stored.swapaxes(1, 2))
    assert dataset.image_shape == (6, 8)
    assert dataset.sha256[TRAIN_IMAGES] == idx_sha256(stored)
    assert notices == ["EMNIST letters has its images on their side: they are turned upright."]
    X_train, *_ = load_mnist(folder, raw=True, verbose=False)
    np.testing.assert_array_equal(X_train, dataset.train_images)


def test_an_upright_picture_is_read_by_a_model_of_emnist(working_folder):
    folder = write_emnist(working_folder / "gzip", "letters", range(1, 4))
    arguments = ("--epochs", 20, "--learning-rate", 0.01, "--hidden", 8, "--out", "run")
    said = done("train", "--data", folder, *arguments).stdout
    assert said.startswith("EMNIST letters: ")
    model = "run/models/adam-seed0.npz"
    assert load_model(model).data["turned"]
    assert json.loads((working_folder / "run/metrics.json").read_text())["data"]["turned"]
    upright = read_idx(folder / "emnist-letters-test-images-idx3-ubyte.gz")[1].T
    Image.fromarray(upright).save("upright.png")
    assert json.loads(done("predict", model, "upright.png", "--raw", "--json").stdout)["class"] == 2


def test_of_several_sets_in_a_folder_one_is_named(working_folder):
    for name, numbers in (("letters", range(1, 4)), ("digits", range(2))):
        write_emnist(working_folder / "gzip", name, numbers)
    sentence = refused("train", "--data", "gzip")
    assert "gzip holds 2 sets of EMNIST, emnist-letters, emnist-digits" in sentence
    assert "name one of them, such as gzip/emnist-letters" in sentence
    assert load_dataset("gzip/emnist-letters", notice=None).classes == (1, 2, 3)
    assert load_dataset("gzip/emnist-digits", notice=None).classes == (0, 1)
    assert "there is no gzip/emnist-mnist" in refused("train", "--data", "gzip/emnist-mnist")
    status = done("data", "status", CHAINRULE_DATA="gzip/emnist-digits").stdout
    assert status.startswith("CHAINRULE_DATA  another dataset")


def test_a_file_of_a_set_that_is_missing_is_named_as_it_is_called_there(working_folder):
    write_emnist(working_folder / "gzip", "letters", range(1, 4))
    (working_folder / "gzip/emnist-letters-test-labels-idx1-ubyte.gz").unlink()
    sentence = refused("train", "--data", "gzip")
    assert "expected emnist-letters-test-labels-idx1-ubyte there too" in sentence


def test_a_file_that_is_named_in_place_of_its_folder_leads_to_the_folder(working_folder):
    write_emnist(working_folder / "gzip", "letters", range(1, 4))
    file = "gzip/emnist-letters-train-images-idx3-ubyte.gz"
    assert f"{file} is one file: name gzip." in refused("train", "--data", file)


def test_files_of_mnist_come_before_those_of_a_set(working_folder):
    write_emnist(working_folder / "gzip", "letters", range(1, 4))
    write_bars(working_folder / "gzip", range(2))
    dataset = load_dataset("gzip", notice=None)
    assert (dataset.name, dataset.classes, dataset.is_turned) == ("gzip", (0, 1), False)


def test_the_same_bytes_on_their_side_and_upright_are_told_apart(working_folder):
    turned = write_emnist(working_folder / "gzip", "letters", range(1, 4))
    plain = write_bars(working_folder / "plain", range(1, 4))
    upright, lying = load_dataset(turned, notice=None), load_dataset(plain, notice=None)
    assert upright.sha256 == lying.sha256
    assert place_of(upright) != place_of(lying)
    done("train", "--data", plain, "--epochs", 1, "--hidden", 4, "--out", "run")
    metrics = working_folder / "run/metrics.json"
    metrics.write_text(metrics.read_text().replace(str(plain), str(turned)))
    process = run("resume", "run")
    assert process.returncode == 2
    assert "other data" in process.stderr


@pytest.mark.parametrize("spelling", MNIST)
def test_a_file_that_was_unpacked_into_a_folder_of_its_name_is_found(working_folder, spelling):
    folder = write_bars(working_folder / "kaggle", range(3))
    inner = folder / spelling / spelling.replace("-idx", ".idx")
    (folder / spelling).rename(folder / "moved")
    inner.parent.mkdir()
    (folder / "moved").rename(inner)
    assert load_dataset(folder).classes == (0, 1, 2)
