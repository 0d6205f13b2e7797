"""The dtype is decided once, by the parameters; nothing is raised to float64 in silence."""

import numpy as np
import pytest

from chainrule import (
    SGD,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    mean_squared_error,
    softmax_crossentropy_with_logits,
    train_batch,
    train_network,
)

DTYPES = [np.float32, np.float64]
LAYERS = [Layer, lambda: Dense(3, 3), ReLU, lambda: LeakyReLU(0.1), Sigmoid, Tanh, Dropout]


def network_of(dtype, **options):
    layers = [Layer(), Dense(4, 3), *(make() for make in LAYERS)]
    return Network(layers, dtype=dtype, **options)


@pytest.fixture(params=DTYPES)
def dtype(request):
    return request.param


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("came", DTYPES)
def test_outputs_and_gradients_of_every_layer(dtype, came, training, rng):
    network = network_of(dtype)
    y = rng.standard_normal((5, 4)).astype(came)
    assert network.forward(y, training).dtype == dtype
    assert all(output.dtype == dtype for output in network.activations(y))
    assert network.predict_proba(y).dtype == dtype

    y = y.astype(dtype)
    for layer in network:
        y = layer.forward(y, training)
        assert y.dtype == dtype
    gradient = np.ones_like(y)
    for layer in reversed(network):
        gradient = layer.backward(gradient)
        assert gradient.dtype == dtype
    assert network.backward(y.astype(came)).dtype == dtype
    assert network.parameters.dtype == network.gradients.dtype == dtype


@pytest.mark.parametrize("sample_weight", [None, np.array([1.0, 2.0])])
def test_gradients_of_the_losses(dtype, sample_weight):
    outputs = np.ones((2, 3), dtype)
    for loss, y in (
        (softmax_crossentropy_with_logits, np.array([0, 1])),
        (mean_squared_error, np.zeros((2, 3))),
    ):
        value, gradient = loss(outputs, y, sample_weight)
        assert type(value) is float
        assert gradient.dtype == dtype


def test_parameters_and_state_while_training(dtype, make_optimizer, data):
    optimizer = make_optimizer()
    optimizer.learning_rate = lambda step: np.float64(0.01)
    network = network_of(dtype, optimizer=optimizer)
    X, y = data[0].astype(np.float64), data[1]
    train_batch(network, X, y)
    train_network(network, X, y, X, y, 1, 16, on_epoch=None)
    vectors = [network.parameters, network.gradients, *optimizer.state.values()]
    assert {vector.dtype for vector in vectors} == {np.dtype(dtype)}


@pytest.mark.parametrize("x", [np.float32(3), np.float64(3)])
def test_settings_given_as_numpy_numbers_do_not_raise_the_dtype(x, dtype):
    layers = [LeakyReLU(x / 10), Dropout(x / 10)]
    network = Network([*layers, Dense(4, 3)], optimizer=SGD(x / 10, momentum=x / 10), dtype=dtype)
    assert network.forward(np.ones((2, 4)), training=True).dtype == dtype
    train_batch(network, np.ones((2, 4)), [0, 1])
    assert network.optimizer.state["velocity"].dtype == dtype


def test_integers_and_bools_become_the_networks_dtype(make_network):
    for X in (np.eye(4, dtype=np.uint8), np.eye(4, dtype=bool), np.eye(4, dtype=int).tolist()):
        assert make_network().forward(X).dtype == np.float32


def test_a_layer_alone_is_float32_and_takes_float64():
    layer = Dense(4, 3, rng=0)
    assert layer.forward(np.ones((2, 4))).dtype == np.float32
    assert layer.weights.dtype == layer.gradients["weights"].dtype == np.float32
