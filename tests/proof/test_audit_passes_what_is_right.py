"""The audit passes right gradients of every layer, a learner's own as well, and changes nothing."""

import numpy as np
import pytest

import chainrule
from chainrule import (
    Adam,
    ChainruleError,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    audit,
    mean_squared_error,
    softmax_crossentropy_with_logits,
)

STACKS = {
    "ReLU": lambda: [Dense(3, 5), ReLU(), Dense(5, 4), ReLU(), Dense(4, 3)],
    "LeakyReLU": lambda: [Dense(3, 5), LeakyReLU(), Dense(5, 3)],
    "Sigmoid": lambda: [Dense(3, 5), Sigmoid(), Dense(5, 3)],
    "Tanh": lambda: [Dense(3, 5), Tanh(), Dense(5, 3)],
    "Dropout": lambda: [Dense(3, 5), Dropout(0.5), Dense(5, 3)],
    "activation first and last": lambda: [Tanh(), Dense(3, 3), Sigmoid()],
    "own": lambda: [Dense(3, 5), Shift(), Swish(), Scale(5), Dense(5, 3), Scale(3)],
}


class Swish(Layer):
    def forward(self, x, training=False):
        self.x, self.gate = x, 1 / (1 + np.exp(-x))
        return x * self.gate

    def backward(self, grad_y):
        return grad_y * (self.gate + self.x * self.gate * (1 - self.gate))


class Scale(Layer):
    def __init__(self, n):
        self.parameters["scale"] = np.linspace(1, 2, n)

    def forward(self, x, training=False):
        self.x = x
        return x * self.parameters["scale"]

    def backward(self, grad_y):
        self.gradients["scale"][...] = (self.x * grad_y).sum(axis=0)
        return grad_y * self.parameters["scale"]


class Shift(Layer):
    """Its parameter is one number, an array without axes."""

    def __init__(self):
        self.parameters["shift"] = np.array(0.5)

    def forward(self, x, training=False):
        return x + self.parameters["shift"]

    def backward(self, grad_y):
        self.gradients["shift"][...] = grad_y.sum()
        return grad_y


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("method", ["entries", "projections"])
@pytest.mark.parametrize("make", STACKS.values(), ids=STACKS)
def test_right_gradients_pass(make, method, rng):
    network = Network(make(), rng=5)
    found = audit(network, rng.standard_normal((6, 3)), [0, 1, 2, 2, 1, 0], method=method)
    assert found.passed, found
    assert found.method == method
    arrays = [name for layer in network for name in layer.parameters]
    drawn = ["input, training"] * any(isinstance(layer, Dropout) for layer in network)
    assert [row.name for row in found.rows] == [*arrays, "input", *drawn]
    assert max(row.largest_error for row in found.rows) <= 1e-6
    for row in found.rows[: len(arrays) + 1]:
        assert row.checked == (row.size if method == "entries" else 3)
        assert (row.cause, row.verdict) == ("", "right")


def test_numbers_are_proved_as_classes_are(rng):
    network = Network(STACKS["Tanh"](), loss=mean_squared_error, rng=5)
    assert audit(network, rng.standard_normal((6, 3)), rng.standard_normal((6, 3))).passed


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("factor", [0.1, 1, 10])
def test_no_false_alarm(seed, factor):
    rng = np.random.default_rng(seed)
    network = Network([Dense(4, 6), ReLU(), Dense(6, 6), LeakyReLU(), Dense(6, 3)], rng=seed)
    found = audit(network, factor * rng.standard_normal((9, 4)), rng.integers(0, 3, 9))
    assert found.passed, found


def test_the_network_stays_as_it_was(rng):
    layers = [Dense(3, 5), Dropout(0.5), Dense(5, 3)]
    network = Network(layers, optimizer=Adam(), rng=5)
    X, y = rng.standard_normal((6, 3)).astype(np.float32), np.array([0, 1, 2, 2, 1, 0])
    chainrule.train_batch(network, X, y)
    parameters, gradients = network.parameters.copy(), network.gradients.copy()
    state, X_before = layers[1].rng.bit_generator.state, X.copy()
    audit(network, X, y)
    np.testing.assert_array_equal(network.parameters, parameters)
    np.testing.assert_array_equal(network.gradients, gradients)
    np.testing.assert_array_equal(X, X_before)
    assert network.dtype == np.float32
    assert layers[1].rng.bit_generator.state == state
    assert not network[0].needs_input_gradient
    assert network.optimizer.t == 1


def test_the_size_of_the_network_decides_on_the_method(rng):
    X, y = rng.standard_normal((2, 3)), [0, 1]
    for width, method in ((10, "entries"), (2_000, "projections")):
        found = audit(Network([Dense(3, width), Tanh(), Dense(width, 2)]), X, y)
        assert found.passed
        assert found.method == method


def test_the_table_says_what_was_done(rng):
    X, y = rng.standard_normal((4, 3)), [0, 1, 1, 0]
    network = Network([Dense(3, 2)])
    by_entries = str(audit(network, X, y))
    assert "every entry by itself" in by_entries
    assert "layer 0, Dense(3, 2)  weights" in by_entries
    assert "Every gradient is right: 3 arrays, 20 entries" in by_entries
    assert "3 random directions" in str(audit(network, X, y, method="projections"))


def test_bad_input_is_one_sentence(rng):
    network = Network([Dense(3, 2)])
    with pytest.raises(ChainruleError, match="method must be 'auto', 'entries' or 'projections'"):
        audit(network, np.ones((2, 3)), [0, 1], method="all")
    with pytest.raises(ChainruleError, match=r"shape \(batch, 3\)"):
        audit(network, np.ones((2, 4)), [0, 1])
    with pytest.raises(ChainruleError, match="labels must have shape"):
        audit(network, np.ones((2, 3)), [0, 1, 1])
    with pytest.raises(ChainruleError, match="must be finite"):
        audit(network, np.full((2, 3), np.nan), [0, 1])
    for other in ([Dense(3, 2, rng=0)], Dense(3, 2, rng=0)):
        with pytest.raises(ChainruleError, match=r"takes a Network, got \[?Dense\(3, 2\)"):
            audit(other, np.ones((2, 3)), [0, 1])


# ---- losses of other scales, and of other targets ----


@pytest.mark.parametrize("factor", [1e-12, 1e-6, 1e6, 1e12])
def test_the_scale_of_the_loss_does_not_matter(factor, rng):
    def scaled(outputs, y):
        loss, gradient = softmax_crossentropy_with_logits(outputs, y)
        return factor * loss, factor * gradient

    network = Network(STACKS["Tanh"](), loss=scaled, rng=5)
    found = audit(network, rng.standard_normal((6, 3)), [0, 1, 2, 2, 1, 0])
    assert found.passed, found
    assert sum(row.skipped for row in found.rows) == 0


def test_tiny_targets_are_proved(rng):
    network = Network([Dense(4, 6), Tanh(), Dense(6, 3)], loss=mean_squared_error, rng=1)
    network[2].weights = network[2].weights * 1e-6
    X, targets = rng.standard_normal((8, 4)), 1e-6 * rng.standard_normal((8, 3))
    assert audit(network, X, targets).passed


def test_a_trained_and_sure_network_raises_no_alarm(rng):
    X = np.concatenate([rng.standard_normal((20, 4)) + 4, rng.standard_normal((20, 4)) - 4])
    y = np.repeat([0, 1], 20)
    network = Network([Dense(4, 8), Tanh(), Dense(8, 2)], optimizer=Adam(0.01), rng=0)
    for _ in range(2_000):
        chainrule.train_batch(network, X, y)
    found = audit(network, X, y)
    assert {row.cause for row in found.rows} <= {"", "nobody-checked", "nothing-proved"}, found


def test_a_loss_may_take_no_targets_or_more_than_labels(rng):
    def squared(outputs, y):
        return mean_squared_error(outputs, np.zeros(outputs.shape))

    def weighted(outputs, pair):
        return softmax_crossentropy_with_logits(outputs, *pair)

    X = rng.standard_normal((6, 3))
    X[0, 0] = 0  # on a kink
    pair = np.array([0, 1, 2, 2, 1, 0]), np.arange(1.0, 7.0)
    for loss, y in ((squared, None), (weighted, pair)):
        found = audit(Network([ReLU(), Dense(3, 3)], loss=loss, rng=1), X, y)
        assert found.passed, found
        assert found.replaced == 0
        assert found.rows[-1].skipped == 1


def test_a_steep_network_raises_no_alarm():
    rng = np.random.default_rng(106)
    layers = [Dense(4, 6), Sigmoid(), Dense(6, 6), Sigmoid(), Dense(6, 3)]
    network = Network(layers, rng=106)
    count, scale = int(rng.integers(4, 12)), 10 ** rng.uniform(-2, 1.5)
    for layer in layers[::2]:
        layer.weights = layer.weights * scale
    network[0].biases = rng.standard_normal(6)
    X = rng.standard_normal((count, 4)) * 10 ** rng.uniform(-2, 2.5)
    X = X + (rng.random() < 0.3) * 10 ** rng.uniform(0, 4)
    found = audit(network, X, rng.integers(0, 3, count), method="projections")
    assert {row.cause for row in found.rows} <= {"", "nobody-checked", "nothing-proved"}, found
