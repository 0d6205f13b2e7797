"""A picture is compared with those that were learned from: nearly all digits are like them."""

import os
from itertools import pairwise

import numpy as np
import pytest

from chainrule.data.dataset import Dataset
from chainrule.data.mnist import load_dataset
from chainrule.reading.centring import centre
from chainrule.reading.likeness import Likeness

W = ((15, 15), (30, 85), (50, 40), (70, 85), (85, 15))
ZERO = tuple((50 + 25 * np.cos(t), 50 + 35 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 40))


@pytest.fixture(scope="module")
def likeness():
    """Return the likeness to real digits: of MNIST where it is, else of the sample."""
    return Likeness(load_dataset(os.environ.get("CHAINRULE_DATA") or "sample", notice=None))


def drawn(line):
    """Return what a pen of the lab's width leaves, in MNIST's form."""
    rows, columns = np.mgrid[:112, :112]
    pixels = np.zeros((112, 112), np.float32)
    for (x0, y0), (x1, y1) in pairwise(line):
        for along in np.linspace(0, 1, 40):
            x, y = 1.12 * (x0 + along * (x1 - x0)), 1.12 * (y0 + along * (y1 - y0))
            pixels[np.hypot(columns - x, rows - y) < 4.5] = 1
    return centre(pixels, light_on_dark=True)


def test_hardly_any_digit_that_was_not_learned_from_is_unlike(likeness):
    images = likeness.dataset.test_images
    order = np.random.default_rng(0).permutation(len(images))
    others = images[order[500:1500] if len(images) > 2000 else order] / np.float32(255)
    assert (likeness.nearest(others) < likeness.limit).mean() < 0.03


def test_a_letter_is_unlike_and_a_drawn_zero_is_not(likeness):
    assert likeness.is_unlike(drawn(W))
    assert not likeness.is_unlike(drawn(ZERO))


def test_an_image_that_was_learned_from_is_like_itself(likeness):
    image = likeness._known[:3].reshape(3, 28, 28)
    assert likeness.nearest(image) == pytest.approx(1, abs=0.1)


def test_of_few_images_nothing_is_said():
    few = np.zeros((20, 28, 28), np.uint8)
    labels = np.arange(20) % 10
    small = Dataset(few, labels, few, labels, "few", "path", "here", {}, tuple(range(10)))
    assert not Likeness(small).is_unlike(drawn(W))
