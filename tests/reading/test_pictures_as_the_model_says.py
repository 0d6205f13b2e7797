"""A model file says how its pictures are prepared, and what reads pictures follows it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from chainrule import Dense, Network
from chainrule.checks import ChainruleError
from chainrule.data.dataset import MNIST
from chainrule.data.pictures import read_scaled
from chainrule.reading.answer import read
from chainrule.reading.classifier import ImageClassifier
from chainrule.reading.own_data import own_dataset
from chainrule.storage.models import Model, save_model


@pytest.fixture
def model(tmp_path):
    """Return a function that saves a model whose file says this of pictures, and loads it."""

    def model(pictures=None, shape=(28, 28), **data):
        path = tmp_path / "model.npz"
        said = {} if pictures is None else {"pictures": pictures}
        network = Network([Dense(shape[0] * shape[1], 2)])
        data = {"image_shape": list(shape), "title": "pets", "sha256": {"of": "pets"}} | data
        preprocessing = {"mean": 0.5, "std": 0.25, **said}
        save_model(path, Model(network, preprocessing, classes=["cat", "dog"], data=data))
        return ImageClassifier.load(path)

    return model


@pytest.fixture
def photograph(tmp_path):
    """Return a file of a broad dark stroke on a bright ground."""
    pixels = np.full((200, 300), 230, np.uint8)
    pixels[40:160, 140:170] = 30
    Image.fromarray(pixels).save(tmp_path / "it.png")
    return tmp_path / "it.png"


@pytest.mark.parametrize("way", ["fit", "crop"])
def test_scaled_pictures_are_prepared_as_in_training(model, photograph, way):
    reading = read(model({"rule": "scaled", "way": way}, (12, 16)), photograph)
    expected = read_scaled(photograph, (12, 16), way) / np.float32(255)
    np.testing.assert_array_equal(reading.pictures[0], expected)
    assert reading.strokes is None
    assert "each picture of pets" in reading.remark
    assert ("middle" if way == "crop" else "whole") in reading.remark


def test_they_are_standardised_as_in_training(model, photograph):
    classifier = model({"rule": "scaled", "way": "fit"}, (12, 16))
    pictures = read_scaled(photograph, (12, 16))[np.newaxis]
    np.testing.assert_array_equal(
        read(classifier, photograph).probabilities, classifier.probabilities(pictures)
    )


@pytest.mark.parametrize("pictures", [{"rule": "mnist"}, None])
def test_by_mnists_rule_or_where_nothing_is_said_ink_is_centred(model, photograph, pictures):
    reading = read(model(pictures), photograph)
    assert reading.steps
    assert reading.remark == ""


def test_raw_goes_on_meaning_as_it_is(model, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "it.png")
    reading = read(model({"rule": "scaled", "way": "fit"}, (12, 16)), tmp_path / "it.png", raw=True)
    np.testing.assert_array_equal(reading.pictures[0], pixels / np.float32(255))
    assert reading.remark == ""


def test_scaled_pictures_keep_their_ground(model, photograph):
    with pytest.raises(ChainruleError, match="leave out --dark-on-light"):
        read(model({"rule": "scaled", "way": "fit"}), photograph, light_on_dark=False)


def test_an_older_model_of_mnist_has_its_rule(model):
    full = {name: known.sha256 for name, known in MNIST.items()}
    assert model(sha256=full).pictures == {"rule": "mnist"}
    assert model(source="sample").pictures == {"rule": "mnist"}
    assert model().pictures == {}


@pytest.mark.parametrize("pictures", [{"rule": "rings"}, {"rule": "scaled"}, "mnist", 7])
def test_a_rule_of_a_newer_version_is_refused(model, pictures):
    with pytest.raises(ChainruleError, match=r"model\.npz prepares pictures in a way"):
        model(pictures)


def test_preprocessing_of_pictures_alone_leaves_pixels_as_they_are(tmp_path):
    network = Network([Dense(4, 2)])
    pictures = {"pictures": {"rule": "scaled", "way": "fit"}}
    save_model(tmp_path / "model.npz", Model(network, pictures))
    assert "pixels go in as they are" in ImageClassifier.load(tmp_path / "model.npz").assumption


@pytest.mark.parametrize("typed", [None, 7, ["a"], {"a": 1}, "", "auto", "nowhere"])
def test_data_that_a_file_does_not_name_rightly_is_not_found(model, typed, monkeypatch):
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    classifier = replace(model(), training={"data": typed})
    with pytest.raises(ChainruleError, match=r"trained on pets, and that was not found.*--data"):
        own_dataset(classifier, [None, 7], print)
