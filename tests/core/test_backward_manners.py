"""`backward` needs its own forward, never moves a parameter, and may spare the input gradient."""

import numpy as np
import pytest

from chainrule import (
    ChainruleError,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
)

STATEFUL = [lambda: Dense(4, 4, rng=0), ReLU, LeakyReLU, Sigmoid, Tanh, Dropout]


@pytest.mark.parametrize("make", STATEFUL)
def test_backward_before_forward_names_the_layer(make):
    layer = make()
    with pytest.raises(ChainruleError) as caught:
        layer.backward(np.ones((2, 4)))
    assert f"backward of {layer!r}" in str(caught.value)
    assert "call forward(x) first" in str(caught.value)


@pytest.mark.parametrize("make", STATEFUL)
def test_a_gradient_of_another_shape_names_the_layer_and_both_shapes(make):
    layer = make()
    layer.forward(np.ones((2, 4), np.float32))
    with pytest.raises(ChainruleError) as caught:
        layer.backward(np.ones((1, 4), np.float32))
    for word in (repr(layer), "(2, 4)", "(1, 4)", "forward"):
        assert word in str(caught.value)


def test_a_network_whose_backward_comes_first_names_its_last_layer(make_network):
    with pytest.raises(ChainruleError, match=r"backward of Dense\(6, 3\)"):
        make_network().backward(np.ones((2, 3)))


@pytest.mark.parametrize("training", [False, True])
def test_backward_never_updates_a_parameter(training, data):
    X, _ = data
    network = Network([Dense(4, 4), *(make() for make in STATEFUL[1:]), Dense(4, 3)])
    before = network.parameters.tobytes()
    outputs = network.forward(X, training)
    network.backward(np.ones_like(outputs))
    assert network.gradients.any()
    assert network.parameters.tobytes() == before


def test_backward_twice_gives_the_same_and_does_not_add_up(make_network, data):
    network = make_network()
    outputs = network.forward(data[0])
    network.backward(np.ones_like(outputs))
    once = network.gradients.copy()
    network.backward(np.ones_like(outputs))
    np.testing.assert_array_equal(network.gradients, once)


def test_the_first_layer_spares_the_gradient_of_x_unless_asked(make_network, data):
    network = make_network()
    outputs = network.forward(data[0])
    assert [layer.needs_input_gradient for layer in network] == [False, True, True]
    assert network.backward(outputs) is None
    spared = network.gradients.copy()

    network[0].needs_input_gradient = True
    assert network.backward(outputs).shape == data[0].shape
    np.testing.assert_array_equal(network.gradients, spared)


def test_a_layer_alone_returns_the_gradient_of_its_input():
    layer = Dense(4, 3, rng=0)
    layer.forward(np.ones((2, 4)))
    assert layer.backward(np.ones((2, 3), np.float32)).shape == (2, 4)


def test_a_dense_without_weights_says_how_to_draw_them():
    with pytest.raises(ChainruleError, match=r"Dense\(4, 3\) has no weights yet: pass rng=0"):
        Dense(4, 3).forward(np.ones((2, 4)))


def test_a_dropout_without_generator_says_how_to_give_one():
    with pytest.raises(ChainruleError, match=r"Dropout\(0.5\) has no generator: pass rng=0"):
        Dropout().forward(np.ones((2, 4)), training=True)


@pytest.mark.parametrize("rate", [1, -0.1, float("nan"), "0.5", None])
def test_a_dropout_rate_outside_0_to_1_is_an_error(rate):
    with pytest.raises(ChainruleError, match="rate must be a number at least 0 and below 1"):
        Dropout(rate)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 2, 2), r"\(batch, 4\), got \(2, 2, 2\). Flatten each image first"),
        ((4,), r"got \(4,\). One example is a batch of one"),
        ((2, 5), r"Dense\(4, 3\) takes an input of shape \(batch, 4\), got \(2, 5\)\.$"),
        ((5, 4, 2), r"got \(5, 4, 2\)\.$"),
        ((), r"got \(\)\.$"),
    ],
)
def test_an_input_of_another_shape_is_an_error_that_names_the_layer(shape, words):
    with pytest.raises(ChainruleError, match=words):
        Network([Dense(4, 3)]).forward(np.ones(shape))


@pytest.mark.parametrize("X", [[["a"]], [[1j]], [[None]], [[1, 2], [3]]])
def test_an_input_that_is_no_array_of_numbers_is_an_error(X):
    with pytest.raises(ChainruleError, match="must be an array of"):
        Network([Layer()]).forward(X)


def test_a_layer_can_be_asked_whether_it_keeps_something():
    layer = ReLU()
    assert not hasattr(layer, "x")
    layer.forward(np.ones((1, 2)))
    assert hasattr(layer, "x")
