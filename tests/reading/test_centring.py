"""MNIST's rule: the ink's longer side is 20 pixels, its centre of mass within half a pixel."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from chainrule import create_network, train_network
from chainrule.checks import ChainruleError
from chainrule.data.dataset import read_dataset
from chainrule.data.preprocess import Standardisation
from chainrule.reading.centring import centre, centring

FOLDER = os.environ.get("CHAINRULE_DATA")  # read before a fixture hides it from the tests
PASTED = 1_000


@pytest.fixture(scope="module")
def mnist():
    """Return the real MNIST."""
    if not FOLDER:
        pytest.skip("needs the real MNIST: set CHAINRULE_DATA to its folder")
    return read_dataset(Path(FOLDER))


def longer_side(picture):
    rows, columns = picture.any(axis=1).nonzero()[0], picture.any(axis=0).nonzero()[0]
    return max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1


def centre_of_mass(picture):
    rows, columns = np.indices(picture.shape)
    picture = picture.astype(np.float64)
    return [(axis * picture).sum() / picture.sum() for axis in (rows, columns)]


def assert_follows_the_rule(result):
    """Check both properties, and that what breaks the second says so and could not do better."""
    picture = result.centred
    assert picture.shape == (28, 28)
    assert picture.dtype == np.float32
    assert picture.min() == 0
    assert picture.max() == 1
    np.testing.assert_allclose(picture * 255, np.rint(picture * 255), atol=1e-4)
    assert longer_side(picture) == 20
    for axis, place in enumerate(centre_of_mass(picture)):
        assert result.offset[axis] == pytest.approx(place - 14, abs=1e-5)
        if abs(place - 14) > 0.5 + 1e-6:
            assert result.is_lopsided
            at_edge = np.take(picture, 27 if place < 14 else 0, axis=axis)
            assert at_edge.any()  # one pixel further, and ink would be lost


def pasted(digit, rng, smallest=0.4, largest=8):
    """Return a digit on a larger canvas: at any scale and place, dark on light or the reverse."""
    side = round(28 * np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    digit = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    width, height = (round(side * rng.uniform(1.05, 2.5)) for _ in range(2))
    canvas = Image.new("L", (width, height), 0)
    canvas.paste(digit, (rng.integers(width - side + 1), rng.integers(height - side + 1)))
    drawn = np.asarray(canvas)
    return 255 - drawn if rng.random() < 0.5 else drawn


def test_mnist_itself_comes_out_as_it_went_in(mnist):
    digits = mnist.test_images[:2_000]
    differences = np.array([np.abs(255 * centre(digit) - digit).max() for digit in digits])
    # One grey level: where the strongest ink was 254. The others had a side of 19 pixels.
    assert np.mean(differences < 1.01) > 0.998


def test_the_rule_holds_for_digits_at_any_scale_place_and_polarity(mnist):
    rng = np.random.default_rng(0)
    results = [centring(pasted(digit, rng)) for digit in mnist.test_images[:500]]
    for result in results:
        assert_follows_the_rule(result)
    assert not any(result.is_lopsided for result in results)


def test_a_trained_network_reads_them_as_well_as_the_originals(mnist):
    standardisation = Standardisation.of(mnist.train_images)
    X, y = standardisation.apply(mnist.train_images[:8_000]), mnist.train_labels[:8_000]
    network = create_network("adam", sizes=(784, 64, 10))
    train_network(network, X, y, X[:100], y[:100], 4, on_epoch=None)

    def accuracy(pictures):
        predicted = network.predict(standardisation.apply(pictures))
        return np.mean(predicted == mnist.test_labels[:PASTED])

    digits = mnist.test_images[:PASTED]
    rng = np.random.default_rng(0)
    originals = accuracy(digits)
    assert originals > 0.9
    larger = accuracy(np.array([centre(pasted(digit, rng, 0.8)) for digit in digits]))
    assert larger > originals - 0.02
    smaller = accuracy(np.array([centre(pasted(digit, rng, 0.4, 0.8)) for digit in digits]))
    assert smaller > originals - 0.04  # at 0.4 the digit had 8 pixels
    assert accuracy(np.roll(digits, 4, axis=2)) < originals - 0.2  # so the rule is needed
    askew = np.pad(digits, ((0, 0), (0, 0), (8, 0)))
    recentred = accuracy(np.array([centre(digit) for digit in askew]))
    assert recentred == pytest.approx(originals, abs=0.003)


def scribble(rng, height, width, strokes):
    """Return random strokes of random width on a canvas, light on dark."""
    rows, columns = np.indices((height, width))
    picture = np.zeros((height, width))
    for _ in range(strokes):
        start, end = rng.uniform(0.1, 0.9, (2, 2)) * (height, width)
        thickness = 0.5 + rng.uniform(0, max(height, width) / 12)
        along = np.linspace(0, 1, 24)[:, np.newaxis]
        for row, column in start + along * (end - start):
            picture[np.hypot(rows - row, columns - column) <= thickness] = 1
    return np.pad(picture, 2)


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(3, 90),
    width=st.integers(3, 90),
    strokes=st.integers(1, 5),
    inverted=st.booleans(),
)
@example(seed=0, height=3, width=90, strokes=1, inverted=False)
@example(seed=0, height=90, width=3, strokes=1, inverted=True)
def test_the_rule_holds_for_scribbles(seed, height, width, strokes, inverted):
    picture = scribble(np.random.default_rng(seed), height, width, strokes)
    if not picture.any():
        return
    assert_follows_the_rule(centring(1 - picture if inverted else picture, not inverted))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), height=st.integers(1, 70), width=st.integers(1, 70))
@example(seed=0, height=1, width=1)
@example(seed=0, height=1, width=70)
def test_the_rule_holds_for_a_few_pixels_anywhere(seed, height, width):
    rng = np.random.default_rng(seed)
    picture = np.zeros((height + 2, width + 2))
    count = rng.integers(1, 6)
    places = rng.integers(1, height + 1, count), rng.integers(1, width + 1, count)
    picture[places] = rng.uniform(0.2, 1, count)
    assert_follows_the_rule(centring(picture))


def test_both_polarities_give_the_same_picture(mnist):
    for digit in mnist.test_images[:50]:
        light, dark = centring(digit), centring(255 - digit)
        assert light.light_on_dark
        assert not dark.light_on_dark
        np.testing.assert_allclose(light.centred, dark.centred, atol=1.01 / 255)


def test_place_does_not_matter(mnist):
    digit = mnist.test_images[1]
    here, there = np.zeros((2, 90, 120), np.uint8)
    here[3:31, 5:33] = digit
    there[60:88, 90:118] = digit
    assert (centre(here) == centre(there)).all()


def test_contrast_and_a_grey_ground_do_not_matter(mnist):
    digit = np.pad(mnist.test_images[2], 9) / 255
    np.testing.assert_allclose(centre(0.3 + 0.4 * digit), centre(digit), atol=1.01 / 255)


def test_dust_and_the_noise_of_a_camera_do_not_matter(mnist):
    digit = np.asarray(Image.fromarray(mnist.test_images[3]).resize((280, 280)))
    canvas = np.zeros((600, 600))
    canvas[150:430, 150:430] = digit / 255
    clean = centre(canvas)
    canvas[5, 590] = 1  # a speck far away
    np.testing.assert_allclose(centre(canvas), clean, atol=2 / 255)
    noisy = 0.8 - 0.5 * canvas + np.random.default_rng(0).normal(0, 0.02, canvas.shape)
    assert np.abs(centre(noisy.clip(0, 1)) - clean).mean() < 0.02


def test_each_step_is_kept():
    picture = np.zeros((50, 80))
    picture[10:20, 40:45] = 0.5
    result = centring(picture)
    assert result.drawn.shape == (50, 80)
    assert result.drawn.max() == 1
    assert result.cropped.shape == (10, 5)
    assert result.scaled.shape == (20, 10)
    assert (result.centred[4:24, 9:19] == 1).all() or (result.centred[5:25, 10:20] == 1).all()
    assert result.centred.sum() == 200


def test_the_caller_may_know_the_polarity():
    picture = np.zeros((20, 20))
    picture[0] = picture[-1] = picture[:, 0] = picture[:, -1] = 1  # ink along the border
    picture[5:15, 9:11] = 1
    assert not centring(picture).light_on_dark
    with pytest.raises(ChainruleError, match="empty"):
        centre(picture, light_on_dark=True)


def test_the_picture_is_left_as_it_was(mnist):
    picture = mnist.test_images[4] / 255
    before = picture.copy()
    centre(picture)
    assert (picture == before).all()


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((28, 28)), "empty"),
        (np.full((28, 28), 0.5), "empty"),
        (np.eye(28) * 0.05, "empty"),
        (np.zeros((2, 28, 28)), "shape"),
        (np.zeros((0, 28)), "shape"),
        (np.full((28, 28), 7.0), "from 0"),
        (np.eye(28) - 0.5, "from 0"),
        (np.full((28, 28), np.nan), "finite"),
        ([["dark"]], "numbers"),
    ],
)
def test_what_is_no_picture_is_refused(picture, words):
    with pytest.raises(ChainruleError, match=words):
        centre(picture)
