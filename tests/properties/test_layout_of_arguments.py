"""How an argument lies in memory changes nothing, and nothing writes into it.

Where a result needs no sum, every layout gives the bits of the plain copy. A product of matrices
or a sum along an axis may add in another order: there the difference is a few roundings.
"""

from contextlib import contextmanager

import numpy as np
import pytest
from drawn import FLOATS, activations, deterministic, examples_for, generators, networks
from hypothesis import given
from hypothesis import strategies as st

from chainrule import (
    SGD,
    Adam,
    AdamW,
    ChainruleError,
    Dense,
    Dropout,
    RMSProp,
    mean_squared_error,
    softmax,
    softmax_crossentropy_with_logits,
    train_batch,
    train_network,
)

ROUNDINGS = 32  # times epsilon times the largest number of the result; 5 were seen


def strided(array):
    """Return the array as every second row and third column of a larger one."""
    larger = np.full([3 * n for n in array.shape], 7, array.dtype)
    view = larger[tuple(slice(None, None, 2 + axis) for axis in range(array.ndim))]
    view = view[tuple(slice(n) for n in array.shape)]
    view[...] = array
    return view


def reversed_in_memory(array):
    back = (slice(None, None, -1),) * array.ndim
    return array[back].copy()[back]


def unaligned(array):
    return np.frombuffer(bytearray(b"\0" + array.tobytes()), array.dtype, offset=1).reshape(
        array.shape
    )


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS = {
    "read-only": read_only,
    "Fortran order": lambda array: array.copy(order="F"),
    "strided": strided,
    "reversed": reversed_in_memory,
    "unaligned": unaligned,
    "other byte order": lambda array: array.astype(array.dtype.newbyteorder()),
    "read-only, Fortran order": lambda array: read_only(array.T).T,
}


@contextmanager
def unchanged(*arrays):
    before = [array.tobytes() for array in arrays]
    yield
    assert [array.tobytes() for array in arrays] == before


def assert_close(came, expected):
    """Check that only the order of a sum can have made the difference, and the dtype is kept."""
    assert np.result_type(came) == np.result_type(expected)
    scale = np.max(np.abs(expected))
    largest = np.max(np.abs(np.subtract(came, expected)))
    assert largest <= ROUNDINGS * np.finfo(np.asarray(expected).dtype).eps * scale


def assert_close_loss(came, expected, dtype):
    assert type(came) is float
    assert abs(came - expected) <= ROUNDINGS * np.finfo(dtype).eps * max(1, abs(expected))


@st.composite
def matrices(draw):
    """Draw a dtype and two matrices of equal height."""
    dtype, rng = draw(st.sampled_from(FLOATS)), draw(generators())
    rows, *columns = (draw(st.integers(1, 40)) for _ in range(3))
    return [rng.standard_normal((rows, n)).astype(dtype) for n in columns]


every_layout = pytest.mark.parametrize("lay", LAYOUTS.values(), ids=LAYOUTS)


@every_layout
@deterministic(25)
@given(activations(), matrices(), st.booleans())
def test_layers_without_weights_give_the_same_bits(lay, layer, pair, training):
    x = pair[0]
    grad_y = x[::-1].copy()

    def run(x, grad_y):
        if isinstance(layer, Dropout):
            layer.rng = np.random.default_rng(0)
        with unchanged(x, grad_y):
            return layer.forward(x, training), layer.backward(grad_y)

    for came, expected in zip(run(lay(x), lay(grad_y)), run(x, grad_y), strict=True):
        assert came.dtype.newbyteorder("=") == x.dtype
        np.testing.assert_array_equal(came, expected)


@every_layout
@deterministic(25)
@given(matrices())
def test_dense_gives_the_same_to_rounding(lay, pair):
    x, grad_y = pair
    layer = Dense(x.shape[1], grad_y.shape[1], rng=0)
    if x.dtype == np.float64:
        layer.parameters = {k: v.astype(np.float64) for k, v in layer.parameters.items()}
        layer.gradients = {k: v.astype(np.float64) for k, v in layer.gradients.items()}

    def run(x, grad_y):
        with unchanged(x, grad_y, *layer.parameters.values()):
            results = layer.forward(x), layer.backward(grad_y)
            return [*results, *(gradient.copy() for gradient in layer.gradients.values())]

    plain = run(x, grad_y)
    for came, expected in zip(run(lay(x), lay(grad_y)), plain, strict=True):
        assert_close(came, expected)
    for came, expected in zip(run(read_only(x), read_only(grad_y)), plain, strict=True):
        np.testing.assert_array_equal(came, expected)


@every_layout
@deterministic(25)
@given(matrices(), generators(), st.booleans())
def test_losses_give_the_same_to_rounding(lay, pair, rng, weighted):
    outputs = 10 * pair[0]
    weights = rng.uniform(0.1, 1, len(outputs)).astype(outputs.dtype) if weighted else None
    cases = [
        (softmax_crossentropy_with_logits, rng.integers(0, outputs.shape[1], len(outputs))),
        (mean_squared_error, outputs[::-1].copy()),
    ]
    for loss, y in cases:
        expected, expected_gradient = loss(outputs, y, weights)
        laid = [lay(outputs), lay(y)] + ([lay(weights)] if weighted else [])
        with unchanged(*laid):
            came, came_gradient = loss(*laid)
        assert_close_loss(came, expected, outputs.dtype)
        assert_close(came_gradient.astype(outputs.dtype), expected_gradient)
        assert came_gradient.dtype.newbyteorder("=") == outputs.dtype
    assert_close(softmax(lay(outputs)).astype(outputs.dtype), softmax(outputs))


@every_layout
@deterministic(25)
@given(networks(optimizer=SGD(0.01)), st.integers(1, 20), generators())
def test_networks_give_the_same_to_rounding(lay, network, count, rng):
    X, y = examples_for(network, count, rng)
    laid_X, laid_y = lay(X), lay(y)
    other = network.copy()
    with unchanged(laid_X, laid_y):
        came, came_gradients = other.loss_and_gradients(laid_X, laid_y)
        loss, gradients = network.loss_and_gradients(X, y)
        assert_close_loss(came, loss, network.dtype)
        assert_close(came_gradients, gradients)
        assert_close(other.forward(laid_X), network.forward(X))
        assert len(other.predict(laid_X)) == count
        assert_close_loss(train_batch(other, laid_X, laid_y), train_batch(network, X, y), X.dtype)
        assert_close(other.parameters, network.parameters)
        train_network(other, laid_X, laid_y, laid_X, laid_y, 1, 3, on_epoch=None)


@deterministic(25)
@given(networks([np.float32]), st.integers(1, 20), generators())
def test_float32_in_is_float32_everywhere(network, count, rng):
    X, y = examples_for(network, count, rng)
    X = X.astype(rng.choice([np.float32, np.float64, np.float16]))  # the network's dtype decides
    network.optimizer = Adam(0.01, weight_decay=0.1)
    train_batch(network, X, y)
    outputs = network.activations(X, training=True)
    vectors = [network.parameters, network.gradients, *network.optimizer.state.values()]
    for array in (*outputs, *vectors, network.loss(outputs[-1], y)[1]):
        assert array.dtype == np.float32
    for layer in network:
        for array in (*layer.parameters.values(), *layer.gradients.values()):
            assert array.dtype == np.float32
            assert np.shares_memory(array, vectors[0]) or np.shares_memory(array, vectors[1])


@every_layout
@deterministic(10)
@given(generators(), st.integers(1, 60), st.sampled_from(FLOATS))
@pytest.mark.parametrize(
    "make",
    [
        SGD,
        lambda: SGD(momentum=0.9, nesterov=True, weight_decay=0.1),
        RMSProp,
        lambda: Adam(weight_decay=0.1),
        AdamW,
    ],
)
def test_optimizers_move_by_the_same_bits(lay, make, rng, size, dtype):
    start = rng.standard_normal(size).astype(dtype)
    mine, theirs, optimizer, other = start.copy(), start.copy(), make(), make()
    for _ in range(3):
        gradients = rng.standard_normal(size).astype(dtype)
        laid = lay(gradients)
        if laid.dtype != dtype:  # an optimizer takes one dtype, and so one byte order
            with pytest.raises(ChainruleError, match="one length and dtype"):
                optimizer.update(mine, laid)
            laid = gradients
        with unchanged(laid):
            optimizer.update(mine, laid)
        other.update(theirs, gradients)
        np.testing.assert_array_equal(mine, theirs)


@every_layout
@deterministic(10)
@given(matrices())
def test_weights_may_be_set_from_any_layout(lay, pair):
    values = pair[0]
    layer = Dense(*values.shape)
    laid = lay(values)
    with unchanged(laid):
        layer.weights = laid
        layer.weights *= 2
    np.testing.assert_array_equal(layer.weights, 2 * values.astype(np.float32))
