"""Standardised as the course's numbers say, split evenly, and without a copy too many."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_mnist import some_images, write_folder

from chainrule.checks import ChainruleError
from chainrule.data.dataset import MNIST
from chainrule.data.mnist import load_dataset, load_mnist
from chainrule.data.preprocess import (
    Standardisation,
    preprocess_mnist,
    stratified_subset,
)
from chainrule.data.split import split_dataset, trainable

X = np.linspace(0, 1, 40 * 12, dtype=np.float32).reshape(40, 3, 4)
y = np.arange(40) % 4


@pytest.fixture
def mnist(mnist_folder):
    return load_mnist(mnist_folder, raw=True, verbose=False)


def test_one_mean_and_one_deviation_over_all_training_pixels_of_mnist(mnist, capsys):
    X_train, y_train, X_val, y_val, X_test, y_test = preprocess_mnist(*mnist)
    printed = capsys.readouterr().out
    for part in ("0.1307", "0.3081", "(55000, 784)", "(5000, 784)", "(10000, 784)"):
        assert part in printed
    assert [a.shape for a in (X_train, X_val, X_test)] == [(55000, 784), (5000, 784), (10000, 784)]
    assert {a.dtype for a in (X_train, X_val, X_test)} == {np.dtype(np.float32)}
    assert {a.dtype for a in (y_train, y_val, y_test)} == {np.dtype(np.int64)}
    pixels = np.concatenate([X_train, X_val])
    assert abs(pixels.mean(dtype=np.float64)) < 1e-6
    assert abs(pixels.std(dtype=np.float64) - 1) < 1e-6
    assert X_test.min() == pytest.approx(-0.1307 / 0.3081, abs=5e-4)
    assert X_test.max() == pytest.approx((1 - 0.1307) / 0.3081, abs=5e-4)


def test_image_7024_stays_small_where_the_course_blows_it_up(mnist):
    X_train, _, X_test, _ = mnist
    measured = Standardisation.of(X_train, per_pixel=True)
    constant = np.ptp(X_train.reshape(-1, 784), axis=0) == 0
    assert constant.sum() == 67
    image = measured.apply(X_test, np.array([7024]))
    assert X_test[7024].reshape(-1)[constant].any(), "ink where training has none"
    assert not image[0, constant].any()
    assert np.abs(image).max() < 100
    assert not measured.apply(X_test)[:, constant].any()


def test_by_hand():
    images = np.array([[0, 2, 5], [4, 6, 5]], np.float32)
    overall = Standardisation.of(images)
    assert overall.mean == pytest.approx(22 / 6)
    assert overall.std == pytest.approx(np.std([0, 2, 5, 4, 6, 5]))
    each = Standardisation.of(images, per_pixel=True)
    np.testing.assert_array_equal(each.mean, [2, 4, 5])
    np.testing.assert_array_equal(each.std, [2, 2, 0])
    np.testing.assert_array_equal(each.apply([[6, 0, 99]]), [[2, -2, 0]])


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=20),
    st.integers(2, 3_000),
)
def test_constant_pixels_come_out_as_zero_whatever_they_are(constants, images):
    pixels = np.tile(np.array(constants, np.float32), (images, 1))
    measured = Standardisation.of(pixels, per_pixel=True)
    assert not measured.std.any()
    assert not measured.apply(pixels[:2] + 1).any()
    assert not Standardisation.of(pixels[:, :1]).apply(pixels[:2, :1] + 1).any()


def test_bytes_and_fractions_come_out_as_the_same_bits():
    arrays = some_images()
    raw = [*arrays.values()]
    fractions = [raw[0] / np.float32(255), raw[1], raw[2] / np.float32(255), raw[3]]
    for ours, theirs in zip(
        preprocess_mnist(*raw, verbose=False),
        preprocess_mnist(*fractions, verbose=False),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_nothing_is_written_into_the_arguments_or_printed(capsys):
    arguments = [X.copy(), y.copy(), X.copy(), y.copy()]
    for array in arguments:
        array.flags.writeable = False
    preprocess_mnist(*arguments, verbose=False)
    assert capsys.readouterr().out == ""


def test_validation_images_are_no_training_images_and_all_are_kept():
    numbers = np.arange(80, dtype=np.float32).reshape(40, 2)
    X_train, y_train, X_val, y_val, *_ = preprocess_mnist(numbers, y, numbers, y, verbose=False)
    rows = np.concatenate([X_train, X_val])[:, 0]
    order = np.argsort(rows)
    assert len(np.unique(rows)) == 40
    np.testing.assert_array_equal(np.concatenate([y_train, y_val])[order], y)


@pytest.mark.parametrize(("images", "validation"), [(2, 1), (40, 5), (4000, 500), (60000, 5000)])
def test_an_eighth_or_5000_validate(images, validation):
    pixels, labels = np.arange(images, dtype=np.float32)[:, np.newaxis], np.arange(images) % 2
    parts = preprocess_mnist(pixels, labels, pixels, labels, verbose=False)
    assert [len(part) for part in parts[:4]] == [images - validation] * 2 + [validation] * 2


def test_the_generator_draws_the_validation_images():
    def drawn(rng):
        return preprocess_mnist(X, y, X, y, rng=rng, verbose=False)[2]

    np.testing.assert_array_equal(drawn(3), drawn(np.random.default_rng(3)))
    assert not np.array_equal(drawn(3), drawn(4))


def test_a_subset_keeps_every_class_in_its_proportion():
    labels = np.repeat([0, 1, 2, 3], [600, 300, 90, 10])
    np.random.default_rng(0).shuffle(labels)
    chosen = stratified_subset(labels, 100, rng=1)
    assert np.bincount(labels[chosen]).tolist() == [60, 30, 9, 1]
    assert (np.diff(chosen) > 0).all()


def test_the_largest_remainders_get_what_is_left():
    labels = np.repeat([0, 1, 2], [5, 3, 2])
    assert np.bincount(labels[stratified_subset(labels, 4)]).tolist() == [2, 1, 1]
    assert stratified_subset(labels, 10).tolist() == list(range(10))
    assert stratified_subset(labels, 0).tolist() == []
    with pytest.raises(ChainruleError, match="at most the number of labels, 10, got 11"):
        stratified_subset(labels, 11)


def test_memory_holds_the_results_and_little_more():
    raw = np.random.default_rng(0).integers(0, 256, (20_000, 784), dtype=np.uint8)
    images = raw / np.float32(255)
    labels = np.arange(20_000) % 10
    tracemalloc.start()
    results = preprocess_mnist(images, labels, images[:100], labels[:100], verbose=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < sum(result.nbytes for result in results) + 20_000_000


WRONG = {
    "as many as examples, got (39,)": (X, y[:-1]),
    "argmax(axis=1)": (X, np.eye(4, dtype=int)[y]),
    "integers, got dtype float64": (X, y / 2),
    "from 0 up, got -1": (X, y - 1),
    "finite, but row 1": (np.where(np.arange(40) == 1, np.nan, X.T).T, y),
    "finite, but row 2": (np.where(np.arange(40) == 2, np.inf, X.T).T, y),
    "empty": (X[:0], y[:0]),
    "got (12,)": (X[0].reshape(-1), y),
    "got (40, 3, 4, 1)": (X[..., np.newaxis], y),
    "real numbers": (X.astype(str), y),
}


@pytest.mark.parametrize("which", ["train", "test"])
@pytest.mark.parametrize(("message", "pair"), WRONG.items(), ids=list(WRONG))
def test_wrong_images_and_labels_are_named(which, message, pair):
    arguments = (*pair, X, y) if which == "train" else (X, y, *pair)
    with pytest.raises(ChainruleError) as raised:
        preprocess_mnist(*arguments)
    assert message in str(raised.value)
    assert f"_{which}" in str(raised.value)


def test_images_of_two_sizes_are_refused():
    with pytest.raises(ChainruleError, match="one size, got 12 and 6 pixels"):
        preprocess_mnist(X, y, X[:, :, :2], y)
    with pytest.raises(ChainruleError, match="images of 12 pixels"):
        Standardisation.of(X, per_pixel=True).apply(X[:, :, :2])


@pytest.mark.parametrize("size", [0, -1, 40, 2.5])
def test_a_validation_set_that_leaves_nothing_is_refused(size):
    with pytest.raises(ChainruleError, match="validation_size must"):
        preprocess_mnist(X, y, X, y, validation_size=size)


def test_one_image_cannot_be_split():
    with pytest.raises(ChainruleError, match="two images at least"):
        preprocess_mnist(X[:1], y[:1], X, y)


def test_a_split_holds_the_validation_images_whatever_the_size(tmp_path):
    dataset = load_dataset(write_folder(tmp_path / "letters", some_images(train=400)))
    assert trainable(dataset) == 350
    small, large = split_dataset(dataset, 30), split_dataset(dataset, 350)
    np.testing.assert_array_equal(small.X_val, large.X_val)
    assert np.bincount(small.y_train).tolist() == [3] * 10
    expected = preprocess_mnist(
        dataset.train_images,
        dataset.train_labels,
        dataset.test_images,
        dataset.test_labels,
        verbose=False,
    )
    for ours, theirs in zip(
        (large.X_train, large.y_train, large.X_val, large.y_val, large.X_test, large.y_test),
        expected,
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert (large.classes, large.title, large.source) == (tuple(range(10)), "letters", "path")
    assert set(large.sha256) == set(MNIST)
    np.testing.assert_allclose(large.images(large.X_test) * 255, dataset.test_images, atol=1e-3)
    assert large.preprocessing == {
        "mean": large.standardisation.mean,
        "std": large.standardisation.std,
    }
