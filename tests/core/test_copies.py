"""A copy is independent of its original, and its views are whole."""

import copy
import pickle

import numpy as np
import pytest

from chainrule import (
    Adam,
    ChainruleError,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Network,
    mean_squared_error,
    train_batch,
)

WAYS = {
    "copy": Network.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda network: pickle.loads(pickle.dumps(network)),
}


@pytest.fixture
def network(data):
    """A network in the middle of its training."""
    layers = [Dense(4, 5), LeakyReLU(0.2), Dropout(0.3), Dense(5, 3)]
    network = Network(layers, optimizer=Adam(0.01, weight_decay=0.1))
    for _ in range(3):
        train_batch(network, *data)
    return network


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def make_copy(request):
    return request.param


def test_a_copy_computes_the_same(network, make_copy, data):
    other = make_copy(network)
    np.testing.assert_array_equal(other.parameters, network.parameters)
    np.testing.assert_array_equal(other.forward(data[0]), network.forward(data[0]))
    assert repr(other) == repr(network)
    assert other.loss is network.loss
    assert other.weights_slice == other.optimizer.decayed == network.weights_slice


def test_the_views_of_a_copy_are_its_own(network, make_copy):
    other = make_copy(network)
    assert not np.shares_memory(other.parameters, network.parameters)
    for mine, theirs in zip(other, network, strict=True):
        assert mine is not theirs
        assert mine.in_network
        for name, view in mine.parameters.items():
            assert np.shares_memory(view, other.parameters)
            assert np.shares_memory(mine.gradients[name], other.gradients)
            assert np.shares_memory(theirs.parameters[name], network.parameters)


def test_training_the_copy_does_not_move_the_original(network, make_copy, data):
    before = network.parameters.copy()
    state = {name: vector.copy() for name, vector in network.optimizer.state.items()}
    other = make_copy(network)
    train_batch(other, *data)
    assert (other.parameters != before).any()
    np.testing.assert_array_equal(network.parameters, before)
    assert network.optimizer.t == 3
    for name, vector in state.items():
        np.testing.assert_array_equal(network.optimizer.state[name], vector)


def test_copy_and_original_go_on_alike_to_the_bit(network, make_copy, data):
    other = make_copy(network)
    for _ in range(3):
        assert train_batch(other, *data) == train_batch(network, *data)
    np.testing.assert_array_equal(other.parameters, network.parameters)


def test_a_copy_carries_no_activations(network, make_copy):
    other = make_copy(network)
    assert not other[0].needs_input_gradient
    with pytest.raises(ChainruleError, match="call forward"):
        other.backward(np.ones((50, 3)))


def test_a_pickle_does_not_grow_with_the_batch(network):
    small = len(pickle.dumps(network))
    network.forward(np.ones((5000, 4)))
    assert len(pickle.dumps(network)) == small


def test_a_copied_layer_belongs_to_no_network(network):
    layer = copy.deepcopy(network[3])
    assert not layer.in_network
    np.testing.assert_array_equal(layer.weights, network[3].weights)
    assert not np.shares_memory(layer.weights, network.parameters)


@pytest.mark.parametrize(("dtype", "other"), [(np.float32, np.float64), (np.float64, np.float32)])
def test_astype_is_a_copy_of_another_dtype(dtype, other, data):
    network = Network(
        [Dense(4, 5), Dense(5, 3)], optimizer=Adam(0.01), dtype=dtype, loss=mean_squared_error
    )
    X, y = data[0], np.eye(3)[data[1]]
    train_batch(network, X, y)
    before = network.parameters.copy()

    converted = network.astype(other)
    np.testing.assert_array_equal(converted.parameters, before.astype(other))
    train_batch(converted, X, y)

    assert converted.dtype == converted.parameters.dtype == converted[0].weights.dtype == other
    assert {vector.dtype for vector in converted.optimizer.state.values()} == {np.dtype(other)}
    assert np.shares_memory(converted[0].weights, converted.parameters)
    assert converted.loss is mean_squared_error
    assert network.dtype == dtype
    np.testing.assert_array_equal(network.parameters, before)


def test_astype_of_another_kind_is_an_error(network):
    with pytest.raises(ChainruleError, match="dtype must be float32 or float64, got 'int8'"):
        network.astype("int8")


def test_a_copy_of_a_layer_of_ones_own_has_all_its_attributes():
    class Masked(Layer):
        """Its `mask`, `x` and `y` are settings; the library's layers keep activations so named."""

        def __init__(self):
            self.mask, self.x, self.y = np.eye(2), 3, "name"

    twin = copy.deepcopy(Masked())
    assert np.array_equal(twin.mask, np.eye(2))
    assert (twin.x, twin.y) == (3, "name")
