"""Log-sum-exp by rows: exact for logits of any size."""

import math

import numpy as np
import pytest

from chainrule import Dense, Network, softmax, softmax_crossentropy_with_logits


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_1e4_cost_what_they_should_to_the_bit(dtype):
    logits = np.array([[1e4, -1e4, 0.0]] * 3, dtype)
    for label, cost in enumerate([0.0, 2e4, 1e4]):
        loss, gradient = softmax_crossentropy_with_logits(logits[:1], [label])
        assert loss == cost
        np.testing.assert_array_equal(gradient, np.eye(3)[[0]] - np.eye(3)[[label]])
    assert softmax_crossentropy_with_logits(logits, [0, 1, 2])[0] == 1e4
    np.testing.assert_array_equal(softmax(logits), [[1, 0, 0]] * 3)


@pytest.mark.parametrize("level", [-1e4, -1.0, 0.0, 1e4])
def test_a_uniform_prediction_over_ten_classes_costs_ln_10(level):
    loss, gradient = softmax_crossentropy_with_logits(np.full((4, 10), level), [0, 3, 5, 9])
    assert loss == pytest.approx(math.log(10), rel=1e-15)
    assert gradient[0, 0] == pytest.approx((0.1 - 1) / 4)
    assert gradient[0, 1] == pytest.approx(0.1 / 4)


@pytest.mark.parametrize("difference", [0, 0.1, 5, 30, 700])
def test_two_classes_cost_the_logarithm_of_the_logistic_function(difference):
    logits = np.array([[0.0, difference]])
    loss = softmax_crossentropy_with_logits(logits, [0])[0]
    assert loss == pytest.approx(difference + math.log1p(math.exp(-difference)), rel=1e-14)


def test_an_untrained_network_of_zeros_costs_ln_10(rng):
    network = Network([Dense(4, 10, lambda rng, n_in, n_out: np.zeros((n_in, n_out)))])
    loss, _ = network.loss_and_gradients(rng.standard_normal((8, 4)), rng.integers(0, 10, 8))
    assert loss == pytest.approx(math.log(10), rel=1e-6)


def test_softmax_is_a_probability_and_a_shift_of_a_row_changes_nothing(rng):
    logits = 10 * rng.standard_normal((5, 4))
    probabilities = softmax(logits)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)
    assert (probabilities > 0).all()
    np.testing.assert_allclose(softmax(logits + 1e3), probabilities, rtol=1e-12)
    np.testing.assert_allclose(
        probabilities, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rtol=1e-13
    )
