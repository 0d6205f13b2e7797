"""Distorted images: SciPy is the oracle, (seed, epoch) decides, and nothing is lost on the way."""

import copy
import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from chainrule import SGD, ChainruleError, Dense, History, Network, ReLU, train_network
from chainrule.data import distort
from chainrule.data.distort import Distorted, Distortions, elastic_fields, examples_of
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset

NONE = Distortions(0, 0, 0, 0, 6, 0)
KINDS = {
    "rotation": replace(NONE, rotation=15),
    "scaling": replace(NONE, scaling=0.15),
    "shear": replace(NONE, shear=0.1),
    "shift": replace(NONE, shift=1),
    "elastic": replace(NONE, alpha=38),
    "all": Distortions(),
}
SHAPE = (28, 28)


@pytest.fixture(scope="module")
def split():
    """Return digits, standardised."""
    return split_dataset(load_dataset("sample"), 300)


@pytest.fixture(scope="module")
def ink(split):
    """Return digits, from 0 to 1 on black, somewhat blurred."""
    images = gaussian_filter(np.clip(split.images(split.X_train[:]), 0, 1), (0, 0.7, 0.7))
    return np.clip(images.reshape(len(images), -1), 0, 1)


@pytest.fixture(scope="module")
def inside(ink):
    """Return digits of 36 x 36 pixels, which no distortion moves beyond the border."""
    return np.pad(ink.reshape(-1, *SHAPE), ((0, 0), (4, 4), (4, 4))).reshape(len(ink), -1)


@pytest.fixture(params=["NumPy", "Numba"])
def way(request, monkeypatch):
    """Resample in NumPy and, where it is installed, by Numba."""
    if request.param == "Numba":
        pytest.importorskip("numba")
    else:
        monkeypatch.setattr(distort, "_resample", lambda: distort._resample_in_numpy)


def everything(X, epoch=0):
    X.begin_epoch(epoch)
    return X[np.arange(len(X))]


def as_scipy_does(X, images, shape):
    """Sample where the maps and the displacements say, all in float64."""
    height, width = shape
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"))
    centred = grid - np.array([(height - 1) / 2, (width - 1) / 2]).reshape(2, 1, 1)
    out = []
    for i, image in enumerate(images):
        matrix, start = X.maps[i, :, :2].astype(float), X.maps[i, :, 2].astype(float)
        place = np.einsum("ij,jrc->irc", matrix, centred) + start.reshape(2, 1, 1)
        place += X.fields[X.chosen[i]]
        sampled = map_coordinates(
            image.reshape(shape).astype(float), place, order=1, mode="nearest"
        )
        out.append(sampled.ravel())
    return np.array(out)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", KINDS)
def test_sampling_agrees_with_scipy(ink, kind):
    X = Distorted(ink, SHAPE, seed=3, distortions=KINDS[kind])
    came = everything(X)
    assert came.dtype == np.float32
    assert not np.array_equal(came, ink)
    np.testing.assert_allclose(came, as_scipy_does(X, ink, SHAPE), rtol=0, atol=1e-5)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("shape", [(2, 2), (5, 9), (40, 17)])
def test_sampling_agrees_with_scipy_for_other_sizes(shape):
    images = np.random.default_rng(1).random((20, shape[0] * shape[1])).astype(np.float32)
    X = Distorted(images, shape, seed=3)
    np.testing.assert_allclose(everything(X), as_scipy_does(X, images, shape), rtol=0, atol=1e-5)


def test_numba_and_numpy_give_the_same_bits(split, monkeypatch):
    pytest.importorskip("numba")
    X = Distorted(split.X_train, SHAPE, seed=5, strength=1.5)
    compiled = everything(X)
    monkeypatch.setattr(distort, "_resample", lambda: distort._resample_in_numpy)
    np.testing.assert_array_equal(everything(X), compiled)


@pytest.mark.parametrize("error", [ImportError, SystemError, AttributeError])
def test_a_numba_that_does_not_fit_is_not_used(error, monkeypatch):
    class Broken:
        def find_spec(self, name, *_):
            if name == "numba":
                raise error("initialization of _internal failed")

    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    assert distort._resample.__wrapped__() is distort._resample_in_numpy


def test_a_numba_that_may_not_compile_is_not_used(monkeypatch):
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert distort._resample.__wrapped__() is distort._resample_in_numpy


def test_distorted_images_pickle_and_copy(split):
    X = Distorted(split.X_train, SHAPE, seed=2)
    whole = everything(X, 3)
    for other in (pickle.loads(pickle.dumps(X)), copy.deepcopy(X)):
        np.testing.assert_array_equal(other[:], whole)
        np.testing.assert_array_equal(everything(other, 4), everything(X, 4))
        X.begin_epoch(3)


@pytest.mark.usefixtures("way")
def test_strength_0_is_the_identity(split):
    X = Distorted(split.X_train, SHAPE, seed=0, strength=0)
    np.testing.assert_array_equal(everything(X, 7), split.X_train[:])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, -1), (-2, 3)])
def test_a_shift_by_whole_pixels_is_exact(ink, down, right):
    X = Distorted(ink, SHAPE, seed=0, distortions=NONE)
    X.begin_epoch(0)
    X.maps[:, :, 2] = (-down, -right)
    X.maps[:, :, 2] += np.float32(13.5)
    images = ink.reshape(-1, *SHAPE)
    padded = np.pad(images, ((0, 0), (4, 4), (4, 4)), mode="edge")
    expected = padded[:, 4 - down : 32 - down, 4 - right : 32 - right].reshape(len(ink), -1)
    np.testing.assert_array_equal(X[:], expected)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", ["rotation", "shear", "shift"])
def test_ink_is_kept_within_one_per_cent(inside, kind):
    came = everything(Distorted(inside, (36, 36), seed=0, distortions=KINDS[kind]))
    np.testing.assert_allclose(came.sum(axis=1), inside.sum(axis=1), rtol=0.01)


@pytest.mark.usefixtures("way")
def test_ink_grows_with_the_area(inside):
    X = Distorted(inside, (36, 36), seed=0, distortions=KINDS["scaling"])
    came = everything(X)
    area = 1 / np.linalg.det(X.maps[:, :, :2].astype(float))
    assert area.min() < 0.8
    assert area.max() > 1.2
    np.testing.assert_allclose(came.sum(axis=1), area * inside.sum(axis=1), rtol=0.03)


def test_a_displacement_is_smoothed_noise_and_as_far_in_every_size():
    def spread(*shape):
        relative = np.array(shape).reshape(2, 1, 1) / 28
        return (elastic_fields(shape, Distortions(), np.random.default_rng(0)) / relative).std()

    # Of the mean of a Gaussian over noise from -1 to 1, far from the border.
    expected = 38 / np.sqrt(3) / (2 * np.sqrt(np.pi) * 6)
    fields = elastic_fields(SHAPE, Distortions(), np.random.default_rng(0))
    assert fields.shape == (1500, 2, *SHAPE)
    assert fields[:, :, 12:16, 12:16].std() == pytest.approx(expected, rel=0.05)
    for shape in ((14, 14), (28, 56), (56, 56)):
        assert spread(*shape) == pytest.approx(spread(28, 28), rel=0.06), shape


def test_large_images_draw_fewer_fields():
    fields = elastic_fields((112, 112), Distortions(), np.random.default_rng(0))
    assert fields.nbytes <= 1500 * 2 * 28 * 28 * 4


def test_an_epoch_looks_the_same_however_it_is_reached(split):
    def images(epochs, seed=4):
        X = Distorted(split.X_train, SHAPE, seed=seed)
        return [everything(X, epoch) for epoch in epochs][-1]

    expected = images([23])
    np.testing.assert_array_equal(images(range(24)), expected)
    np.testing.assert_array_equal(images([61, 23]), expected)
    for other in (images([22]), images([43]), images([23], seed=5)):
        assert not (other == expected).all(axis=1).any()


def test_batches_and_single_images_are_rows_of_the_whole(split):
    X = Distorted(split.X_train, SHAPE, seed=4)
    whole = everything(X, 2)
    for indices in (np.array([5]), np.array([7, 2, 2, 299]), slice(100, 250), whole[:, 0] > 0):
        np.testing.assert_array_equal(X[indices], whole[indices])
    np.testing.assert_array_equal(X[3], whole[3:4])
    assert X[np.array([], int)].shape == (0, 784)


def test_no_two_images_are_distorted_alike(split):
    X = Distorted(np.repeat(split.X_train[:1], 200, axis=0), SHAPE, seed=0)
    assert len(np.unique(everything(X), axis=0)) == 200


def test_fields_are_drawn_anew_every_twenty_epochs(split):
    X = Distorted(split.X_train[:2], SHAPE, seed=0)
    X.begin_epoch(0)
    first = X.fields
    X.begin_epoch(19)
    assert X.fields is first
    X.begin_epoch(20)
    assert not np.array_equal(X.fields, first)


def test_what_comes_in_stays_as_it_is(split):
    images = np.round(255 * np.clip(split.images(split.X_train[:]), 0, 1)).astype(np.uint8)
    rows = images.reshape(len(images), -1)
    rows.flags.writeable = False
    floats = rows.astype(np.float64)
    came = everything(Distorted(rows, SHAPE, seed=1))
    np.testing.assert_array_equal(came, everything(Distorted(floats, SHAPE, seed=1)))
    np.testing.assert_array_equal(rows, floats)


def test_paper_of_any_colour_goes_on_beyond_the_border(ink):
    dark, light = (
        everything(Distorted(paper + sign * ink, SHAPE, seed=0, strength=3))
        for paper, sign in ((0, 1), (1, -1))
    )
    np.testing.assert_allclose(dark, 1 - light, atol=1e-5)


def test_half_turned_images_turn_by_half_the_angle(split):
    half = np.arange(300) % 2 == 0
    X = Distorted(split.X_train, SHAPE, seed=0, half_turned=half, distortions=KINDS["rotation"])
    X.begin_epoch(0)
    angles = np.abs(np.degrees(np.arctan2(X.maps[:, 0, 1], X.maps[:, 0, 0])))
    assert 6 < angles[half].max() <= 7.5
    assert 12 < angles[~half].max() <= 15


def test_ones_and_sevens_of_mnist_alone_are_half_turned(split):
    X = examples_of(split, seed=0, strength=2)
    np.testing.assert_array_equal(X.turns == 15, np.isin(split.y_train, (1, 7)))
    fashion = replace(split, source="path", sha256={"train-images-idx3-ubyte": "0"})
    assert (examples_of(fashion, seed=0, strength=2).turns == 30).all()
    assert examples_of(split, seed=0, strength=0) is split.X_train


def network():
    return Network([Dense(784, 16), ReLU(), Dense(16, 10)], optimizer=SGD(0.1), rng=0)


class Stopped(Exception):
    """Somebody ends the training."""


def test_training_goes_on_in_the_middle_of_an_epoch_to_the_same_bits(split):
    def train(network, X, epochs, **options):
        return train_network(network, X, split.y_train, num_epochs=epochs, on_epoch=None, **options)

    def until_the_third_batch(batches):
        yield from batches[:3]
        raise Stopped

    def images():
        return Distorted(split.X_train, SHAPE, seed=9)

    whole = network()
    train(whole, images(), 3)
    plain = network()
    train(plain, split.X_train, 3)
    assert not np.array_equal(whole.parameters, plain.parameters)

    cut, history = network(), History()
    train(cut, images(), 1, history=history)
    with pytest.raises(Stopped):
        train(cut, images(), 2, start=(1, 0), history=history, progress=until_the_third_batch)
    train(cut, images(), 3, start=(1, 3), history=history)
    np.testing.assert_array_equal(cut.parameters, whole.parameters)


def test_strength_0_trains_to_the_bits_of_the_images_as_they_are(split):
    still, plain = network(), network()
    for one, X in ((still, Distorted(split.X_train, SHAPE, seed=0, strength=0)), (plain, None)):
        X = split.X_train if X is None else X
        train_network(one, X, split.y_train, num_epochs=2, on_epoch=None)
    np.testing.assert_array_equal(still.parameters, plain.parameters)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image_shape": (28, 29)}, r"two pixels at least, of 784 pixels together, got \(28, 29\)"),
        ({"image_shape": (784, 1)}, "image_shape must be"),
        ({"image_shape": (784,)}, "image_shape must be"),
        ({"image_shape": (28.0, 28.0)}, "image_shape must be"),
        ({"image_shape": None}, "image_shape must be"),
        ({"strength": -1}, "strength of distortion must be a number"),
        ({"strength": float("nan")}, "strength of distortion must be a number"),
        ({"strength": 7}, "below 5"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"half_turned": [True, False]}, r"half_turned must have shape \(300,\)"),
        ({"X": np.full((3, 784), np.nan)}, "X must be finite"),
    ],
)
def test_bad_input_gets_one_sentence(split, change, words):
    options = {"X": split.X_train, "image_shape": SHAPE, "seed": 0} | change
    with pytest.raises(ChainruleError, match=words):
        Distorted(options.pop("X"), options.pop("image_shape"), **options)


@pytest.mark.parametrize(
    "wrong", [{"sigma": -1}, {"alpha": np.nan}, {"scaling": 1}, {"shear": "a"}]
)
def test_distances_are_numbers_from_0_up(wrong):
    with pytest.raises(ChainruleError, match=f"{next(iter(wrong))} must be a number"):
        Distortions(**wrong)
