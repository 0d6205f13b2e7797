"""Each layer's `backward` is the derivative of its `forward`, by central differences."""

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
    numerical_gradient,
)

LAYERS = {
    "Layer": Layer,
    "Dense": lambda: Dense(4, 3),
    "ReLU": ReLU,
    "LeakyReLU": lambda: LeakyReLU(0.2),
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "Dropout": lambda: Dropout(0.4),
}


@pytest.fixture
def x(rng):
    """Points at least 0.1 away from 0, where ReLU has its kink."""
    return rng.choice([-1, 1], (5, 4)) * rng.uniform(0.1, 2, (5, 4))


def in_float64(layer):
    """Give `layer` float64 parameters; the identity before it leaves it its input gradient."""
    Network([Layer(), layer], dtype=np.float64, rng=3)
    return layer


def forward_with_one_mask(layer, x, training):
    if isinstance(layer, Dropout):
        layer.rng = np.random.default_rng(7)
    return layer.forward(x, training)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_gradient_of_the_input(make, training, x, rng):
    layer = in_float64(make())
    y = forward_with_one_mask(layer, x, training)
    grad_y = rng.standard_normal(y.shape)

    numeric = numerical_gradient(
        lambda point: np.vdot(forward_with_one_mask(layer, point, training), grad_y), x
    )

    forward_with_one_mask(layer, x, training)
    np.testing.assert_allclose(layer.backward(grad_y), numeric, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ["weights", "biases"])
def test_gradients_of_the_parameters_of_dense(name, x, rng):
    layer = in_float64(Dense(4, 3))
    layer.biases = rng.standard_normal(3)
    grad_y = rng.standard_normal((5, 3))
    start = layer.parameters[name].copy()

    def value(values):
        layer.parameters[name][...] = values
        return np.vdot(layer.forward(x), grad_y)

    numeric = numerical_gradient(value, start)
    value(start)
    layer.backward(grad_y)
    np.testing.assert_allclose(layer.gradients[name], numeric, rtol=1e-8, atol=1e-9)


def test_dropout_passes_the_gradient_where_it_passed_the_input(rng):
    layer = Dropout(0.5, rng=0)
    y = layer.forward(np.ones((6, 6)), training=True)
    assert 0 < np.count_nonzero(y) < y.size
    np.testing.assert_array_equal(layer.backward(np.ones((6, 6))), y)


def test_the_derivative_of_relu_at_0_is_0():
    layer = ReLU()
    layer.forward(np.zeros((1, 1)))
    assert layer.backward(np.ones((1, 1))) == 0


def test_sigmoid_neither_overflows_nor_is_undefined_far_from_0():
    layer = Sigmoid()
    far = np.array([[-1e4, -30, 0, 30, 1e4]], np.float32)
    np.testing.assert_allclose(layer.forward(far), [[0, np.exp(-30), 0.5, 1, 1]], rtol=1e-6)
    assert np.isfinite(layer.backward(np.ones_like(far))).all()
