"""A batch of B copies of one image has the loss and the gradient of that image, for every B."""

import numpy as np
import pytest
from drawn import deterministic, examples_for, generators, networks
from hypothesis import given

from chainrule import SGD, train_batch

TOLERANCES = {"float32": 1e-5, "float64": 1e-13}


def assert_close(came, expected):
    tolerance = TOLERANCES[expected.dtype.name] * np.abs(expected).max()
    assert np.abs(came - expected).max() <= tolerance


@pytest.mark.parametrize("copies", [1, 2, 7, 64])
@deterministic(60)
@given(networks(), generators())
def test_copies_have_the_loss_the_gradient_and_the_step_of_the_one(copies, network, rng):
    X, y = examples_for(network, 1, rng)
    many_X, many_y = X.repeat(copies, axis=0), y.repeat(copies, axis=0)
    loss, gradients = network.loss_and_gradients(X, y)
    gradients = gradients.copy()

    many, came = network.loss_and_gradients(many_X, many_y)
    assert many == pytest.approx(loss, rel=TOLERANCES[network.dtype.name], abs=1e-6 * loss)
    assert_close(came, gradients)

    before = network.parameters.copy()
    network.optimizer = SGD(0.1)
    for layer in network:
        if hasattr(layer, "rate"):
            layer.rate = 0.0  # a Dropout would draw for each copy apart
    train_batch(network, many_X, many_y)
    assert_close(network.parameters, before - network.dtype.type(0.1) * gradients)


@deterministic(60)
@given(networks([np.float64]), generators())
def test_a_batch_has_the_mean_of_the_gradients_of_its_images(network, rng):
    X, y = examples_for(network, 7, rng)
    singles = [network.loss_and_gradients(X[[i]], y[[i]])[1].copy() for i in range(7)]
    largest = max(np.abs(single).max() for single in singles)
    came = network.loss_and_gradients(X, y)[1]
    assert np.abs(came - np.mean(singles, axis=0)).max() <= 1e-13 * largest
