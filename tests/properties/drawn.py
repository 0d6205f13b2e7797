"""What hypothesis draws for several properties, always in the same order."""

from itertools import pairwise

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from chainrule import (
    Dense,
    Dropout,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    mean_squared_error,
    softmax_crossentropy_with_logits,
)

FLOATS = [np.float32, np.float64]


def deterministic(examples):
    """Return settings under which every run draws the same examples, on a slow machine too."""
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


def generators():
    """Draw NumPy generators: hypothesis shrinks the shapes, the values need not be simple."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def activations():
    return st.one_of(
        st.builds(ReLU),
        st.builds(LeakyReLU, st.floats(-2, 2)),
        st.builds(Sigmoid),
        st.builds(Tanh),
        st.builds(Dropout, st.floats(0, 0.9)),
    )


@st.composite
def networks(draw, dtypes=FLOATS, **options):
    """Draw a network of one to four Dense layers with up to three activations after each."""
    widths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=5))
    layers = []
    for n_in, n_out in pairwise(widths):
        layers += [Dense(n_in, n_out), *draw(st.lists(activations(), max_size=3))]
    return Network(
        layers,
        loss=draw(st.sampled_from([softmax_crossentropy_with_logits, mean_squared_error])),
        rng=draw(generators()),
        dtype=draw(st.sampled_from(dtypes)),
        **options,
    )


def examples_for(network, count, rng):
    """Return examples and answers that the network takes, in its dtype."""
    n_in, n_out = network[0].n_in, network.forward(np.zeros((1, network[0].n_in))).shape[1]
    X = rng.standard_normal((count, n_in)).astype(network.dtype)
    if network.is_classifier:
        return X, rng.integers(0, n_out, count)
    return X, rng.standard_normal((count, n_out)).astype(network.dtype)
