"""The health checks see what is legal and yet wrong, and leave the network alone."""

import math

import numpy as np
import pytest

from chainrule import (
    Adam,
    Dense,
    Layer,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    audit,
    create_network,
    mean_squared_error,
    softmax_crossentropy_with_logits,
)
from chainrule.proof import health
from chainrule.proof.diagnosis import (
    check_health,
    diagnose_batch_law,
    diagnose_dtype,
    diagnose_loss,
)


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


# ---- each side of each limit ----


@pytest.mark.parametrize(("dead", "healthy"), [(10, True), (11, False)])
def test_half_of_the_units_may_be_dead(dead, healthy, data):
    network = make()
    network[0].biases = np.where(np.arange(20) < dead, -1000, 100)
    assert ("dead-units" not in failures(network, data)) == healthy


@pytest.mark.parametrize(("ratio", "healthy"), [(0.095, True), (0.105, False)])
def test_a_step_may_move_a_tenth(ratio, healthy, data):
    network = Network([Dense(12, 4)], rng=1)
    size = np.linalg.norm(network[0].weights) / np.sqrt(12 * 4)
    network.optimizer = Adam(ratio * size)  # its first step moves each weight by the rate
    assert ("step-size" not in failures(network, data)) == healthy


@pytest.mark.parametrize(("value", "healthy"), [(1.99, True), (2.01, False)])
def test_the_first_loss_may_be_twice_ln_of_the_classes(value, healthy, data):
    def loss(logits, labels):
        return value * math.log(4), np.zeros_like(logits)

    network = Network([Dense(12, 4)], loss=loss, rng=1)
    assert ("high-first-loss" not in failures(network, data)) == healthy


@pytest.mark.parametrize(("error", "healthy"), [(1e-16, True), (1e-12, False)])
def test_zero_logits_cost_ln_of_the_classes(error, healthy, data):
    def loss(logits, labels):
        value, gradient = softmax_crossentropy_with_logits(logits, labels)
        return value + error, gradient

    network = Network([Dense(12, 4)], loss=loss, rng=1)
    assert ("not-ln-classes" not in failures(network, data)) == healthy


def test_one_pair_that_contradicts_itself_cannot_be_overfitted(data):
    X, y = data[0][:8].copy(), np.array([0, 1, 2, 3, 0, 1, 2, 3])
    assert "cannot-overfit" not in failures(make(), (X, y))
    X[1] = X[0]  # what is left of the loss is 2 ln 2 / 8, a tenth of the first loss
    assert "cannot-overfit" in failures(make(), (X, y))


@pytest.mark.parametrize(("width", "layer"), [(8, Tanh), (8, Sigmoid), (4, Tanh)])
def test_a_narrow_network_takes_longer_to_overfit(width, layer):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 784)), np.arange(40) % 10
    network = Network([Dense(784, width), layer(), Dense(width, 10)], rng=0)
    assert "cannot-overfit" not in failures(network, (X, y))


def test_one_unlucky_draw_does_not_make_the_first_loss_high(data, monkeypatch):
    draws = iter([1, 1, 100, 1, 1])
    fresh = health._fresh_copy

    def unlucky(network, rng):
        drawn = fresh(network, rng)
        drawn[0].weights = drawn[0].weights * next(draws)
        return drawn

    monkeypatch.setattr(health, "_fresh_copy", unlucky)
    assert failures(make(), data) == []


def test_numbers_that_overflow_give_verdicts_and_no_warnings(data):
    network = make()
    network.parameters[...] = 3e38
    assert "step-size" in failures(network, data)
    assert not audit(network, *data).passed
    diagnose_batch_law(network, *data)
    diagnose_dtype(network, *data)


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


def test_the_batch_law_proves_nothing_where_all_units_are_dead(data):
    network = Network([Dense(12, 4), ReLU()], rng=1)
    network[0].biases = np.full(4, -1000)
    verdict = diagnose_batch_law(network, *data)
    assert not verdict.passed
    assert verdict.cause == "nothing-proved"
    assert verdict.sentence.startswith("The gradient of one example is zero")


@pytest.mark.parametrize("count", [2, 7, 64])
def test_the_batch_law_holds_for_each_size(count, data):
    class Odd(Layer):
        def forward(self, x, training=False):
            self.factor = 2 if len(x) == count else 1
            return x * self.factor

        def backward(self, grad_y):
            return grad_y * self.factor

    verdict = diagnose_batch_law(Network([Dense(12, 4), Odd()], rng=1), *data)
    assert verdict.cause == "mixed-examples"
    assert f"A batch of {count} copies" in verdict.sentence


def test_the_dtype_is_that_of_the_parameters(data):
    for dtype in (np.float32, np.float64):
        verdict = diagnose_dtype(make().astype(dtype), *data)
        assert verdict.passed
        assert np.dtype(dtype).name in verdict.sentence


def test_a_loss_of_another_kind_is_not_called_exact():
    def hinge(logits, labels):
        return float(logits.sum()), np.ones_like(logits)

    assert diagnose_loss(hinge).cause == "wrong-loss"
