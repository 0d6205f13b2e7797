"""Backpropagation through whole networks is the derivative of the loss, for every activation."""

import numpy as np
import pytest

from chainrule import (
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    mean_squared_error,
    numerical_gradient,
    softmax_crossentropy_with_logits,
)

STACKS = {
    "ReLU": lambda: [Dense(3, 5), ReLU(), Dense(5, 4), ReLU(), Dense(4, 3)],
    "LeakyReLU": lambda: [Dense(3, 5), LeakyReLU(), Dense(5, 3)],
    "Sigmoid": lambda: [Dense(3, 5), Sigmoid(), Dense(5, 3)],
    "Tanh": lambda: [Dense(3, 5), Tanh(), Dense(5, 3)],
    "Dropout": lambda: [Dense(3, 5), Dropout(0.5), Dense(5, 3)],
    "all": lambda: [Dense(3, 4), Tanh(), Dense(4, 4), LeakyReLU(0.3), Sigmoid(), Dense(4, 3)],
    "activation first and last": lambda: [Tanh(), Dense(3, 3), Sigmoid()],
}
LOSSES = [softmax_crossentropy_with_logits, mean_squared_error]


@pytest.fixture(params=LOSSES, ids=lambda loss: loss.__name__)
def problem(request, rng):
    """Return the loss and a batch for it."""
    X = rng.standard_normal((6, 3))
    y = [0, 1, 2, 2, 1, 0] if request.param is LOSSES[0] else rng.standard_normal((6, 3))
    return request.param, X, y


def assert_far_from_kinks(network, X):
    inputs = [X, *network.activations(X)]
    for layer, x in zip(network, inputs, strict=False):
        if isinstance(layer, ReLU | LeakyReLU):
            assert np.abs(x).min() > 1e-3


@pytest.mark.parametrize("make", STACKS.values(), ids=STACKS)
def test_gradient_of_the_parameters(make, problem):
    loss, X, y = problem
    network = Network(make(), loss=loss, rng=5, dtype=np.float64)
    assert_far_from_kinks(network, X)
    start = network.parameters.copy()

    def loss_at(parameters):
        network.parameters[...] = parameters
        return loss(network.forward(X), y)[0]

    numeric = numerical_gradient(loss_at, start)
    value = loss_at(start)
    came, gradients = network.loss_and_gradients(X, y)
    assert came == value
    np.testing.assert_allclose(gradients, numeric, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("make", STACKS.values(), ids=STACKS)
def test_gradient_of_the_input(make, problem):
    loss, X, y = problem
    network = Network([Layer(), *make()], loss=loss, rng=5, dtype=np.float64)
    assert_far_from_kinks(network, X)
    numeric = numerical_gradient(lambda point: loss(network.forward(point), y)[0], X)
    gradient = network.backward(loss(network.forward(X), y)[1])
    np.testing.assert_allclose(gradient, numeric, rtol=1e-7, atol=1e-9)


def test_gradient_while_dropout_drops(problem):
    loss, X, y = problem
    network = Network(STACKS["Dropout"](), loss=loss, rng=5, dtype=np.float64)
    start = network.parameters.copy()

    def loss_at(parameters):
        network.parameters[...] = parameters
        network[1].rng = np.random.default_rng(11)  # the same mask every time
        return loss(network.forward(X, training=True), y)

    numeric = numerical_gradient(lambda parameters: loss_at(parameters)[0], start)
    network.backward(loss_at(start)[1])
    assert np.count_nonzero(network[1].mask == 0) > 0
    np.testing.assert_allclose(network.gradients, numeric, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_float32_gradients_are_the_float64_ones_rounded(loss, rng):
    X = rng.standard_normal((6, 3))
    y = [0, 1, 2, 2, 1, 0] if loss is LOSSES[0] else rng.standard_normal((6, 3))
    network = Network(STACKS["all"](), loss=loss, rng=5)
    exact = network.astype(np.float64).loss_and_gradients(X, y)[1]
    np.testing.assert_allclose(network.loss_and_gradients(X, y)[1], exact, rtol=1e-4, atol=1e-6)
