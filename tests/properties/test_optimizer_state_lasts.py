"""State does not grow, t counts steps, and a copy goes on by the same bits from any step."""

import pickle
import tracemalloc
from functools import partial

import numpy as np
import pytest
from drawn import deterministic, examples_for, generators, networks
from hypothesis import given
from hypothesis import strategies as st

from chainrule import SGD, Adam, AdamW, Network, RMSProp, cosine_rate, train_batch

RULES = {
    "sgd": SGD,
    "momentum": partial(SGD, momentum=0.9, weight_decay=0.01),
    "nesterov": partial(SGD, momentum=0.9, nesterov=True),
    "rmsprop": partial(RMSProp, weight_decay=0.01),
    "adam": partial(Adam, weight_decay=0.01),
    "adamw": AdamW,
}
RATES = [0.01, partial(cosine_rate, initial=0.01, total_steps=8)]
COPIES = {
    "copy": Network.copy,
    "pickle": lambda network: pickle.loads(pickle.dumps(network)),
}


def weight(optimizer):
    """Return the names of all that an optimizer holds, and the bytes of its vectors."""
    vectors = {name: (vector.dtype, vector.nbytes) for name, vector in optimizer.state.items()}
    return sorted(vars(optimizer)), vectors


@pytest.mark.parametrize("rule", RULES)
def test_state_is_constant_in_size_over_1000_steps(rule):
    rng = np.random.default_rng(0)
    optimizer, parameters = RULES[rule](0.01), rng.standard_normal(1_000).astype(np.float32)
    gradients = rng.standard_normal(1_000).astype(np.float32)
    optimizer.update(parameters, gradients)
    first, vectors = weight(optimizer), dict(optimizer.state)
    tracemalloc.start()
    try:
        for step in range(2, 1_001):
            optimizer.update(parameters, gradients)
            assert optimizer.t == step
        assert tracemalloc.get_traced_memory()[0] < parameters.nbytes, "not one vector more"
    finally:
        tracemalloc.stop()
    assert weight(optimizer) == first
    assert len(pickle.dumps(optimizer)) < (len(vectors) + 0.5) * parameters.nbytes
    assert all(optimizer.state[name] is vector for name, vector in vectors.items())


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("rule", RULES)
@deterministic(12)
@given(networks(), generators(), st.integers(0, 5), st.sampled_from(RATES))
def test_a_copy_goes_on_by_the_same_bits(way, rule, network, rng, step, rate):
    X, y = examples_for(network, 6, rng)
    network.optimizer = RULES[rule](rate)
    for _ in range(step):
        train_batch(network, X, y)
    other = COPIES[way](network)
    for further in range(1, 5):
        assert train_batch(other, X, y) == train_batch(network, X, y)
        assert other.parameters.tobytes() == network.parameters.tobytes()
        assert other.optimizer.t == network.optimizer.t == step + further
        for name, vector in network.optimizer.state.items():
            assert other.optimizer.state[name].tobytes() == vector.tobytes()
            assert not np.shares_memory(other.optimizer.state[name], vector)
