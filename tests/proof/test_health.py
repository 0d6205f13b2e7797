"""The health checks see what is legal and yet wrong, and leave the network alone."""

import math

import numpy as np
import pytest

from chainrule import Adam, Dense, Layer, Network, ReLU, Tanh, create_network, mean_squared_error
from chainrule.diagnosis import check_health, diagnose_batch_law, diagnose_dtype, diagnose_loss


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((100, 12)), rng.integers(0, 4, 100)


def make(optimizer=None):
    return Network([Dense(12, 20), ReLU(), Dense(20, 4)], optimizer=optimizer, rng=1)


def failures(network, data):
    return [verdict.cause for verdict in check_health(network, *data) if not verdict.passed]


def test_a_fresh_network_is_healthy_and_stays_as_it_is(data):
    network = make(Adam(0.001))
    parameters = network.parameters.copy()
    verdicts = check_health(network, *data)
    assert [verdict.sentence for verdict in verdicts if not verdict.passed] == []
    words = "\n".join(map(str, verdicts))
    assert f"Loss at zero logits: {math.log(4):.6f}, ln 4 = {math.log(4):.6f}." in words
    assert "because He-initialised logits spread" in words
    assert "A batch of 8 is overfitted" in words
    assert "Dead units of layer 1, ReLU(): 0 of 20" in words
    assert "One step moves the weights of layer 2, Dense(20, 4)" in words
    np.testing.assert_array_equal(network.parameters, parameters)
    assert network.optimizer.t == 0


def test_the_course_network_starts_above_ln_10_and_below_twice_that():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 784))
    verdicts = check_health(create_network("adam"), X, rng.integers(0, 10, 50))
    assert all(verdict.passed for verdict in verdicts)
    assert "allowed is twice ln 10, 4.605" in verdicts[1].sentence


def test_numbers_have_no_logits(data):
    network = Network([Dense(12, 20), Tanh(), Dense(20, 2)], loss=mean_squared_error, rng=1)
    X = data[0]
    verdicts = check_health(network, X, np.tanh(X[:, :2]))
    assert all(verdict.passed for verdict in verdicts)
    assert "logits" not in "\n".join(map(str, verdicts))


def test_inputs_that_were_not_standardised(data):
    assert "high-first-loss" in failures(make(), (100 * data[0], data[1]))


def test_dead_units(data):
    network = make()
    network[0].biases = np.where(np.arange(20) < 15, -1000, 0)
    assert "dead-units" in failures(network, data)


def test_steps_too_long_and_steps_that_stand_still(data):
    assert "step-size" in failures(make(Adam(1.0)), data)
    assert "step-size" in failures(make(Adam(0.0)), data)


def test_gradients_that_do_not_arrive(data):
    class Blocking(Layer):
        def backward(self, grad_y):
            return 0 * grad_y

    network = Network([Dense(12, 20), Blocking(), ReLU(), Dense(20, 4), Blocking()], rng=1)
    found = failures(network, data)
    assert "cannot-overfit" in found
    assert "step-size" in found


def test_the_batch_law_sees_examples_that_affect_each_other(data):
    class BatchMean(Layer):
        def forward(self, x, training=False):
            return x * (1 + len(x))

        def backward(self, grad_y):
            return grad_y * (1 + len(grad_y))

    network = Network([Dense(12, 4), BatchMean()], rng=1)
    assert diagnose_batch_law(network, *data).cause == "mixed-examples"
    assert diagnose_batch_law(make(), *data).passed


def test_the_dtype_is_that_of_the_parameters(data):
    for dtype in (np.float32, np.float64):
        verdict = diagnose_dtype(make().astype(dtype), *data)
        assert verdict.passed
        assert np.dtype(dtype).name in verdict.sentence


def test_a_loss_of_another_kind_is_not_called_exact():
    def hinge(logits, labels):
        return float(logits.sum()), np.ones_like(logits)

    assert diagnose_loss(hinge).cause == "wrong-loss"
