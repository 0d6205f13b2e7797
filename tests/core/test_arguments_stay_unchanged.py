"""Nothing writes into an argument, and the layout of its memory does not matter."""

import numpy as np
import pytest

from chainrule import (
    Adam,
    Dense,
    Dropout,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    mean_squared_error,
    softmax,
    softmax_crossentropy_with_logits,
    train_batch,
    train_network,
)


def read_only(array):
    array = np.array(array)
    array.flags.writeable = False
    return array


@pytest.fixture
def network():
    layers = [Dense(4, 5), Dropout(0.2), LeakyReLU(), Tanh(), Sigmoid(), ReLU(), Dense(5, 3)]
    return Network(layers, optimizer=Adam(0.01))


def test_forward_backward_and_training_work_on_read_only_data(network, data):
    X, y = map(read_only, data)
    outputs = network.forward(X, training=True)
    network.backward(read_only(outputs))
    network.activations(X)
    network.predict_proba(X)
    network.loss_and_gradients(X, y)
    train_batch(network, X, y)
    train_network(network, X, y, X, y, 2, 16, on_epoch=None)


def test_losses_work_on_read_only_data():
    outputs, weights = read_only(np.ones((2, 3))), read_only([1.0, 2.0])
    softmax(outputs)
    softmax_crossentropy_with_logits(outputs, read_only([0, 1]), weights)
    mean_squared_error(outputs, read_only(np.zeros((2, 3))), weights)


@pytest.mark.parametrize("make", [ReLU, LeakyReLU, Sigmoid, Tanh, lambda: Dropout(0.5, rng=0)])
def test_each_layer_leaves_input_and_gradient_alone(make):
    layer = make()
    layer.forward(read_only(np.ones((2, 4))), training=True)
    layer.backward(read_only(np.ones((2, 4))))


def test_an_optimizer_leaves_the_gradients_alone(make_optimizer):
    optimizer = make_optimizer()
    for _ in range(3):
        optimizer.update(np.ones(5), read_only(np.ones(5)))


def test_what_was_given_to_a_network_is_not_tied_to_it(data):
    values = np.ones((4, 3), np.float32)
    layer = Dense(4, 3)
    layer.weights = values
    Network([layer], optimizer=Adam(0.1))
    layer.weights[...] = 5
    np.testing.assert_array_equal(values, 1)


@pytest.mark.parametrize(
    "arrange",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1].copy()[::-1],
        lambda X: X.astype(np.float64),
        lambda X: X.astype(">f4"),
        lambda X: X.tolist(),
    ],
    ids=["fortran", "strided", "reversed", "float64", "big-endian", "list"],
)
def test_the_layout_of_the_input_does_not_matter(network, data, arrange):
    X, y = data
    loss, gradients = network.loss_and_gradients(X, y)
    gradients = gradients.copy()
    came, came_gradients = network.loss_and_gradients(arrange(X), y)
    assert came == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(came_gradients, gradients, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, ">i8"])
def test_labels_may_be_integers_of_any_kind(network, data, dtype):
    X, y = data
    loss = network.loss_and_gradients(X, y)[0]
    assert network.loss_and_gradients(X, y.astype(dtype))[0] == loss
    assert network.loss_and_gradients(X, y.tolist())[0] == loss
