"""A learner's own layer and own optimizer plug in, in ten lines each."""

import inspect

import numpy as np
import pytest

from chainrule import (
    SGD,
    ChainruleError,
    Dense,
    Layer,
    Network,
    numerical_gradient,
    train_batch,
    train_network,
)


class Scale(Layer):
    def __init__(self, n):
        self.parameters["scale"] = np.ones(n)

    def forward(self, x, training=False):
        self.x = x
        return x * self.parameters["scale"]

    def backward(self, grad_y):
        self.gradients["scale"][...] = (grad_y * self.x).sum(axis=0)
        return grad_y * self.parameters["scale"]


class Signs:
    """Move by the rate against the sign of the gradient; returns a new vector."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def update(self, parameters, gradients):
        return parameters - self.learning_rate * np.sign(gradients)


def network_of(*layers, **options):
    return Network([Dense(4, 5), *layers, Dense(5, 3)], **options)


def test_they_have_ten_lines():
    for written in (Scale, Signs):
        lines = [line for line in inspect.getsource(written).splitlines() if line.strip()]
        assert len([line for line in lines if '"""' not in line]) <= 10


def test_an_own_layer_is_packed_and_right(data):
    X, y = data
    network = network_of(Scale(5), dtype=np.float64)
    assert network.parameters.size == 5 * 4 + 5 + 5 + 5 * 3 + 3
    start = network.parameters.copy()

    def loss_at(parameters):
        network.parameters[...] = parameters
        return network.loss(network.forward(X), y)[0]

    numeric = numerical_gradient(loss_at, start)
    loss_at(start)
    np.testing.assert_allclose(network.loss_and_gradients(X, y)[1], numeric, rtol=1e-7, atol=1e-9)


def test_an_own_layer_learns_and_is_copied(data):
    network = network_of(Scale(5), optimizer=SGD(0.1))
    train_network(network, *data, *data, 2, 16, on_epoch=None)
    assert (network[1].parameters["scale"] != 1).any()
    np.testing.assert_array_equal(
        network.copy()[1].parameters["scale"], network[1].parameters["scale"]
    )
    assert "Scale()" in repr(network)


def test_an_own_layer_may_draw_its_start_from_the_networks_generator():
    class Noise(Layer):
        def __init__(self):
            self.parameters["noise"] = np.zeros(3)

        def initialise(self, rng):
            self.parameters["noise"][...] = rng.standard_normal(3)

    network = Network([Noise()], rng=4)
    expected = np.random.default_rng(4).standard_normal(3)
    np.testing.assert_allclose(network.parameters, expected, rtol=1e-6)


def test_the_identity_passes_everything_on():
    layer, x = Layer(), np.ones((2, 3))
    assert layer.forward(x) is x
    assert layer.backward(x) is x
    assert layer.parameters == layer.gradients == {}
    assert repr(layer) == "Layer()"
    assert layer.initialise(np.random.default_rng(0)) is None


def test_an_optimizer_that_returns_a_new_vector_moves_the_network(data):
    network = network_of(optimizer=Signs(0.01))
    vector, before = network.parameters, network.parameters.copy()
    train_batch(network, *data)
    assert network.parameters is vector
    np.testing.assert_allclose(vector, before - 0.01 * np.sign(network.gradients), atol=1e-7)
    np.testing.assert_array_equal(network[0].weights.ravel(), vector[:20])


def test_an_own_optimizer_has_a_history_without_a_rate(data):
    network = network_of(optimizer=Signs(0.001))
    history = train_network(network, *data, *data, 2, 16, on_epoch=None)
    assert np.isnan(history["learning_rate"]).all()
    assert history["loss"][1] < history["loss"][0]


@pytest.mark.parametrize("returned", [None, np.ones(3), 0.5, [1.0]])
def test_an_optimizer_that_does_not_return_the_parameters_is_an_error(data, returned):
    class Forgetful:
        def update(self, parameters, gradients):
            parameters -= gradients
            return returned

    with pytest.raises(ChainruleError, match=r"update of Forgetful .* 'return parameters'\?"):
        train_batch(network_of(optimizer=Forgetful()), *data)


def test_an_own_loss_plugs_in(data):
    def doubled(outputs, y):
        loss, gradient = Network([Layer()]).loss(outputs, y)
        return 2 * loss, 2 * gradient

    plain = network_of(optimizer=SGD(0.2))
    twice = network_of(optimizer=SGD(0.1), loss=doubled)
    assert train_batch(twice, *data) == 2 * train_batch(plain, *data)
    np.testing.assert_allclose(twice.parameters, plain.parameters, rtol=1e-5, atol=1e-6)
