"""What several proofs share: a small network, and small data that can be learnt."""

import numpy as np
import pytest

from chainrule import SGD, Adam, AdamW, Dense, Network, ReLU, RMSProp

# One of each rule, with every term of it switched on.
RULES = {
    "sgd": lambda: SGD(0.1, weight_decay=0.01),
    "momentum": lambda: SGD(0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "rmsprop": lambda: RMSProp(0.01, weight_decay=0.01),
    "adam": lambda: Adam(0.01, weight_decay=0.01),
    "adamw": lambda: AdamW(0.01, weight_decay=0.01),
}


@pytest.fixture
def rng():
    return np.random.default_rng(2024)


@pytest.fixture
def data(rng):
    """Fifty examples of four features; the class is the greatest of the first three."""
    X = rng.standard_normal((50, 4)).astype(np.float32)
    return X, X[:, :3].argmax(axis=1)


@pytest.fixture
def make_network():
    """Return a maker of equal networks, four features in and three classes out."""

    def make(optimizer=None, **options):
        layers = [Dense(4, 6), ReLU(), Dense(6, 3)]
        return Network(layers, optimizer=optimizer, **{"rng": 1, **options})

    return make


@pytest.fixture(params=list(RULES))
def make_optimizer(request):
    """Return a maker of optimizers, for each rule in turn."""
    return RULES[request.param]
