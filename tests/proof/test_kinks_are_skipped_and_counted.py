"""Beside a kink there is no derivative: such entries are recognised, skipped and counted."""

import numpy as np
import pytest

from chainrule import (
    Dense,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    audit,
    mean_squared_error,
    softmax_crossentropy_with_logits,
)


class OwnReLU(Layer):
    """A kink that the audit cannot know of."""

    def forward(self, x, training=False):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, grad_y):
        return grad_y * (self.x > 0)


class HardTanh(Layer):
    """Its kinks are not at 0."""

    def forward(self, x, training=False):
        self.x = x
        return np.clip(x, -1, 1)

    def backward(self, grad_y):
        return grad_y * (np.abs(self.x) < 1)


class FlippedReLU(OwnReLU):
    def backward(self, grad_y):
        return -super().backward(grad_y)


def network_and_batch(layer, place, distance):
    """Return a network and a batch of which one input of `layer` lies beside `place`."""
    X = np.random.default_rng(1).standard_normal((5, 4)) + 0.3
    X[2, 1] = place + distance
    return Network([layer, Dense(4, 3)], loss=mean_squared_error, rng=2), X, np.ones((5, 3))


@pytest.mark.parametrize("distance", [1e-6, -1e-6, 3e-8])
@pytest.mark.parametrize(
    ("layer", "place"),
    [(ReLU, 0), (LeakyReLU, 0), (OwnReLU, 0), (HardTanh, 1), (HardTanh, -1)],
)
def test_one_entry_beside_a_kink_is_skipped(layer, place, distance):
    found = audit(*network_and_batch(layer(), place, distance))
    assert found.passed, found
    assert [row.skipped for row in found.rows] == [0, 0, 1]
    assert found.rows[-1].checked == found.rows[-1].size - 1


@pytest.mark.parametrize("layer", [ReLU, LeakyReLU, OwnReLU])
def test_an_example_on_a_kink_gives_its_place_to_another(layer):
    found = audit(*network_and_batch(layer(), 0, 0))
    assert found.passed, found
    assert found.replaced == 1
    assert "; 1 example beside a kink replaced by others of the batch" in str(found)


class OwnTanh(Layer):
    def forward(self, x, training=False):
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad_y):
        return grad_y * (1 - self.y**2)


class FirstOnly(Dense):
    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        self.gradients["biases"][...] = len(grad_y) * grad_y[0]
        return grad_x


@pytest.mark.parametrize("layer", [Dense, FirstOnly])
def test_zeros_before_a_smooth_layer_are_no_kinks(layer):
    X, y = np.random.default_rng(1).standard_normal((8, 4)), np.arange(8) % 3
    network = Network([Dense(4, 3), ReLU(), OwnTanh(), layer(3, 3)], rng=1)
    found = audit(network, X, y)
    assert found.replaced == 0
    assert "kink" not in str(found)
    assert found.passed == (layer is Dense)


def test_where_most_examples_lie_on_a_kink_none_is_replaced():
    def favours(outputs, labels):  # wrong for class 0 alone
        value, gradient = softmax_crossentropy_with_logits(outputs, labels)
        return value, gradient * np.where(labels == 0, 2, 1)[:, np.newaxis]

    X = np.random.default_rng(0).standard_normal((8, 6))
    y = np.array([0, 0, 0, 0, 0, 1, 2, 1])
    X[y == 0, 0] = 0
    network = Network([ReLU(), Dense(6, 5), Dense(5, 3)], loss=favours, rng=0)
    found = audit(network, X, y)
    assert found.replaced == 0
    assert not found.passed
    X[:1, 0] = 1  # four of eight give their place to the four others, each to one of its own
    found = audit(network, X, y)
    assert found.replaced == 4
    assert not found.passed  # example 0 is of class 0


@pytest.mark.parametrize("layer", [ReLU, OwnReLU])
def test_a_wide_network_is_proved_although_every_example_lies_close_to_a_kink(layer):
    rng = np.random.default_rng(0)
    network = Network([Dense(20, 15_000), layer(), Dense(15_000, 4)], rng=0)
    found = audit(network, rng.standard_normal((8, 20)), rng.integers(0, 4, 8))
    assert found.passed, found
    assert found.replaced == 0


@pytest.mark.parametrize(("on_a_kink", "passed"), [(4, True), (6, False)])
def test_half_of_an_array_must_be_compared(on_a_kink, passed):
    X = np.full((4, 10), 0.5)
    X[:, :on_a_kink] = 0
    found = audit(Network([ReLU(), Dense(10, 3)], rng=0), X, [0, 1, 2, 0])
    row = found.rows[-1]
    assert (row.checked, row.skipped) == (4 * (10 - on_a_kink), 4 * on_a_kink)
    assert row.passed == passed
    assert found.passed == passed
    assert row.cause == ("" if passed else "nobody-checked")


@pytest.mark.parametrize("layer", [ReLU, OwnReLU])
@pytest.mark.parametrize("distance", [1e-4, -1e-4, 2.5e-5, 1.4e-3])
def test_a_smaller_step_stays_clear_of_the_kink(layer, distance):
    found = audit(*network_and_batch(layer(), 0, distance))
    assert found.passed
    assert found.rows[-1].skipped == 0


def test_a_wrong_gradient_is_not_excused_by_a_kink():
    found = audit(*network_and_batch(FlippedReLU(), 0, 1e-6))
    assert not found.passed
    assert "layer 0, FlippedReLU()" in found.verdict.sentence
    assert found.rows[-1].skipped == 0


def test_smooth_layers_skip_nothing():
    rng = np.random.default_rng(4)
    found = audit(Network([Dense(4, 3)], rng=2), rng.standard_normal((5, 4)), [0, 1, 2, 1, 0])
    assert found.passed
    assert sum(row.skipped for row in found.rows) == 0
    assert found.replaced == 0


@pytest.mark.parametrize("method", ["entries", "projections"])
def test_units_that_all_lie_on_a_kink_are_not_called_wrong(method):
    rng = np.random.default_rng(0)
    network = Network([Dense(4, 6), OwnReLU(), Dense(6, 6), OwnReLU(), Dense(6, 3)], rng=0)
    network[0].biases = np.full(6, -100)
    for seed in range(8):
        found = audit(
            network, rng.standard_normal((9, 4)), np.arange(9) % 3, method=method, rng=seed
        )
        assert not found.passed
        causes = {(row.layer[:7], row.name): row.cause for row in found.rows}
        assert causes.pop(("layer 2", "biases")) == "nobody-checked"
        assert set(causes.values()) <= {"", "nothing-proved"}


@pytest.mark.parametrize("method", ["entries", "projections"])
def test_on_an_unknown_kink_of_a_linear_function_no_slope_is_called_wrong(method):
    rng = np.random.default_rng(0)
    X, cotangent = rng.standard_normal((5, 4)), rng.standard_normal((5, 4))
    X[:3, 0] = 0  # most examples, so that none is replaced

    def linear(outputs, y):
        return float(np.sum(cotangent * outputs)), cotangent

    for seed in range(8):
        found = audit(Network([OwnReLU()], loss=linear), X, np.zeros(5), method=method, rng=seed)
        (row,) = found.rows
        if method == "entries":
            assert (row.passed, row.checked, row.skipped) == (True, 17, 3)
        else:
            assert (row.cause, row.checked) == ("nobody-checked", 0)
