"""Images to train on stay bytes until a batch is asked for, and give the same bits."""

import pickle

import numpy as np
import pytest

from chainrule import Adam, Dense, Network, ReLU, train_network
from chainrule.data.mnist import load_dataset
from chainrule.data.preprocess import Standardisation, Standardised
from chainrule.data.split import split_dataset


@pytest.fixture(scope="module")
def dataset(stripes):
    return load_dataset(str(stripes))


@pytest.fixture(scope="module")
def split(dataset):
    return split_dataset(dataset, 150)


def in_one_go(images, standardisation):
    """Return the images standardised as a whole, an operation after the other."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    if images.dtype == np.uint8:
        rows /= np.float32(255)
    return (rows - np.float32(standardisation.mean)) / np.float32(standardisation.std)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_any_batch_has_the_bits_of_the_whole(dtype):
    images = np.random.default_rng(0).integers(0, 256, (2_300, 3, 4)).astype(dtype)
    standardisation = Standardisation.of(images)
    expected = in_one_go(images, standardisation)
    chosen = np.random.default_rng(1).permutation(2_300)[:1_700]
    X = Standardised(images.reshape(2_300, -1), standardisation, chosen)
    for indices in (np.array([5]), np.arange(0, 1_700, 3), slice(None), slice(7, 40), 3):
        assert X[indices].dtype == np.float32
        np.testing.assert_array_equal(X[indices], expected[chosen[indices]])
    np.testing.assert_array_equal(standardisation.apply(images, chosen), expected[chosen])
    np.testing.assert_array_equal(standardisation.apply(images), expected)


def test_mean_and_deviation_are_those_of_whole_numbers_in_float64():
    images = np.random.default_rng(0).integers(0, 256, (2_300, 12), np.uint8)
    pixels = (images / np.float32(255)).astype(np.float32).astype(np.float64)
    for per_pixel in (False, True):
        found = Standardisation.of(images, per_pixel=per_pixel)
        axis = 0 if per_pixel else None
        np.testing.assert_allclose(found.mean, pixels.mean(axis=axis), rtol=1e-13)
        np.testing.assert_allclose(found.std, pixels.std(axis=axis), rtol=1e-13)


def test_training_on_bytes_gives_the_same_bits_as_on_floats(split):
    def trained(X):
        layers = [Dense(X.shape[1], 8), ReLU(), Dense(8, len(split.classes))]
        network = Network(layers, optimizer=Adam(0.01))
        history = train_network(network, X, split.y_train, X, split.y_train, 2, 16, on_epoch=None)
        return network.parameters, history["val_loss"]

    parameters, losses = trained(split.X_train)
    expected, expected_losses = trained(split.X_train[:])
    np.testing.assert_array_equal(parameters, expected)
    assert losses == expected_losses


def test_a_split_keeps_the_bytes_of_its_dataset_and_copies_none(dataset, split):
    assert split.X_train.images.dtype == np.uint8
    assert np.shares_memory(split.X_train.images, dataset.train_images)
    assert len(pickle.dumps(split.X_train)) < 1.2 * dataset.train_images.nbytes + 8 * 150 + 10_000
