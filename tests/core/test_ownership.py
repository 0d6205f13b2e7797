"""A layer belongs to one network; what is wrong with a list of layers is said at once."""

import copy

import numpy as np
import pytest

from chainrule import Adam, ChainruleError, Dense, Layer, Network, ReLU


def test_a_layer_of_another_network_is_an_error_that_says_copy(make_network):
    with pytest.raises(ChainruleError, match=r"layer 1, Dense\(4, 6\), belongs .*copy") as caught:
        Network([ReLU(), make_network()[0]])
    assert "deepcopy" in str(caught.value)


def test_the_same_layer_twice_is_an_error():
    relu = ReLU()
    with pytest.raises(ChainruleError, match=r"layer 1, ReLU\(\), belongs"):
        Network([relu, relu])


def test_a_copied_layer_may_be_used(make_network):
    network = make_network()
    other = Network([copy.deepcopy(network[0])])
    np.testing.assert_array_equal(other[0].weights, network[0].weights)
    other.parameters[...] = 0
    assert network[0].weights.any()


def test_a_shallow_copy_of_a_layer_does_not_take_the_original_from_its_network(make_network):
    network = make_network()
    Network([copy.copy(network[0])])
    assert np.shares_memory(network[0].weights, network.parameters)


@pytest.mark.parametrize(
    "options", [{"dtype": int}, {"optimizer": "adam"}, {"rng": -1}, {"rng": "seed"}]
)
def test_a_network_that_could_not_be_made_leaves_its_layers_free(options):
    layers = [Dense(4, 3), ReLU()]
    with pytest.raises(ChainruleError):
        Network(layers, **options)
    assert len(Network(layers)) == 2


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([], "at least one layer"),
        ([Dense(4, 3), ReLU], r"layer 1 must be a Layer, got <class"),
        (["Dense"], "layer 0 must be a Layer, got 'Dense'"),
    ],
)
def test_what_is_no_list_of_layers_is_an_error(layers, words):
    with pytest.raises(ChainruleError, match=words):
        Network(layers)


@pytest.mark.parametrize("dtype", [np.float16, int, "text", object, np.complex64])
def test_another_dtype_is_an_error(dtype):
    with pytest.raises(ChainruleError, match="dtype must be float32 or float64, got"):
        Network([Dense(2, 2)], dtype=dtype)


@pytest.mark.parametrize("optimizer", ["adam", 0.1, Layer(), Adam])
def test_what_is_no_optimizer_is_an_error_that_shows_one(make_network, optimizer):
    with pytest.raises(ChainruleError, match=r"update\(parameters, gradients\), .*Adam\("):
        make_network(optimizer)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense(0, 3), "n_in must be a whole number from 1 up, got 0"),
        (lambda: Dense(3, 2.0), "n_out must be a whole number from 1 up, got 2.0"),
        (lambda: Dense(True, 3), "n_in"),
        (lambda: Dense(3, 2, rng="x"), "rng, if it is not a Generator, .* got 'x'"),
        (lambda: Dense(3, 2, lambda rng, n_in, n_out: np.ones((2, 3)), 0), r"\(3, 2\), got \(2"),
    ],
)
def test_wrong_settings_of_a_layer_are_errors_that_name_them(make, words):
    with pytest.raises(ChainruleError, match=words):
        make()
