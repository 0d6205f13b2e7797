"""A random network of random bits comes back from its file as it was."""

import numpy as np
import pytest
from drawn import deterministic, examples_for, generators, networks
from hypothesis import given
from hypothesis import strategies as st

from chainrule import load_model, save_model
from chainrule.storage.models import Model

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("model") / "model.npz"


def assert_equal(mine, theirs):
    assert mine.parameters.tobytes() == theirs.parameters.tobytes()
    assert mine.dtype == theirs.dtype
    assert mine.loss is theirs.loss
    assert repr(mine) == repr(theirs)
    assert mine.weights_slice == theirs.weights_slice


@deterministic(100)
@given(networks(), generators())
def test_networks_of_any_bits(path, network, rng):
    size = network.parameters.size
    bits = np.frombuffer(rng.bytes(size * network.dtype.itemsize), network.dtype)
    network.parameters[...] = bits  # NaN, infinity and subnormal numbers among them
    save_model(path, network)
    assert_equal(load_model(path).network, network)
    assert network.parameters.tobytes() == bits.tobytes()


@deterministic(60)
@given(networks(), generators())
def test_what_is_loaded_computes_the_same_bits(path, network, rng):
    X, y = examples_for(network, 5, rng)
    save_model(path, network)
    loaded = load_model(path).network
    np.testing.assert_array_equal(loaded.forward(X), network.forward(X))
    mine, theirs = (n.loss_and_gradients(X, y) for n in (loaded, network))
    assert mine[0] == theirs[0]
    np.testing.assert_array_equal(mine[1], theirs[1])


@deterministic(60)
@given(networks(), st.dictionaries(st.text(max_size=5), JSON), st.lists(JSON, max_size=3))
def test_what_stands_beside_the_network_comes_back(path, network, facts, classes):
    model = Model(network, facts, facts, classes, facts)
    save_model(path, model)
    loaded = load_model(path)
    assert_equal(loaded.network, network)
    assert loaded.preprocessing == loaded.training == loaded.data == facts
    assert loaded.classes == classes
