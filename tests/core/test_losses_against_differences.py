"""The gradient that each loss hands back is the derivative of its value."""

import numpy as np
import pytest

from chainrule import mean_squared_error, numerical_gradient, softmax_crossentropy_with_logits

WEIGHTS = [None, [1, 2, 0, 0.5, 3]]  # one example counts for nothing


def assert_gradient(loss, outputs, y, sample_weight):
    value, gradient = loss(outputs, y, sample_weight)
    numeric = numerical_gradient(lambda point: loss(point, y, sample_weight)[0], outputs)
    assert isinstance(value, float)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("sample_weight", WEIGHTS)
def test_cross_entropy(sample_weight, rng):
    logits = 3 * rng.standard_normal((5, 4))
    assert_gradient(softmax_crossentropy_with_logits, logits, [0, 3, 1, 1, 2], sample_weight)


@pytest.mark.parametrize("sample_weight", WEIGHTS)
def test_mean_squared_error(sample_weight, rng):
    outputs, targets = rng.standard_normal((2, 5, 3))
    assert_gradient(mean_squared_error, outputs, targets, sample_weight)


def test_mean_squared_error_is_the_mean_over_batch_and_outputs():
    loss, gradient = mean_squared_error(np.array([[1.0, 2.0], [3.0, 5.0]]), [[0, 2], [3, 1]])
    assert loss == (1 + 0 + 0 + 16) / 4
    np.testing.assert_array_equal(gradient, [[2 / 4, 0], [0, 8 / 4]])


@pytest.mark.parametrize("loss", [softmax_crossentropy_with_logits, mean_squared_error])
def test_a_whole_weight_is_that_many_copies(loss, rng):
    outputs = rng.standard_normal((3, 4))
    y = np.array([0, 3, 1]) if loss is softmax_crossentropy_with_logits else outputs[::-1]
    copies = [2, 1, 3]
    weighted, gradient = loss(outputs, y, copies)
    repeated, repeated_gradient = loss(outputs.repeat(copies, axis=0), y.repeat(copies, axis=0))
    assert weighted == pytest.approx(repeated, rel=1e-14)
    summed = np.add.reduceat(repeated_gradient, [0, 2, 3])
    np.testing.assert_allclose(gradient, summed, rtol=1e-13, atol=1e-17)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e3])
def test_the_scale_of_the_weights_does_not_matter(scale, rng):
    logits = rng.standard_normal((4, 3))
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    loss, gradient = softmax_crossentropy_with_logits(logits, [0, 1, 2, 0], weights)
    scaled, scaled_gradient = softmax_crossentropy_with_logits(
        logits, [0, 1, 2, 0], scale * weights
    )
    assert scaled == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(scaled_gradient, gradient, rtol=1e-13)
