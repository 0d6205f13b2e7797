"""The mean is taken once, in the loss: B copies of an image have the gradient of that image."""

import numpy as np
import pytest

from chainrule import Dense, Network, Sigmoid, mean_squared_error, softmax_crossentropy_with_logits

SIZES = [1, 2, 7, 64]


def network_of(loss):
    return Network([Dense(4, 5), Sigmoid(), Dense(5, 3)], loss=loss, rng=0, dtype=np.float64)


@pytest.mark.parametrize("copies", SIZES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("loss", "y"), [(softmax_crossentropy_with_logits, [2]), (mean_squared_error, [[1.0, -2, 0]])]
)
def test_copies_have_the_loss_and_gradient_of_the_one(loss, y, copies, weighted, rng):
    x = rng.standard_normal((1, 4))
    network = network_of(loss)
    one, gradient = network.loss_and_gradients(x, y)
    gradient = gradient.copy()

    weights = np.full(copies, 0.3) if weighted else None
    many, grad_outputs = loss(
        network.forward(x.repeat(copies, axis=0)), np.repeat(y, copies, axis=0), weights
    )
    network.backward(grad_outputs)

    assert many == pytest.approx(one, rel=1e-13)
    np.testing.assert_allclose(network.gradients, gradient, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("copies", SIZES)
def test_backward_sums_over_the_batch(copies, rng):
    x, grad_y = rng.standard_normal((1, 4)), rng.standard_normal((1, 3))
    layer = Dense(4, 3, rng=0)
    layer.forward(x)
    layer.backward(grad_y)
    one = {name: gradient.copy() for name, gradient in layer.gradients.items()}

    layer.forward(x.repeat(copies, axis=0))
    grad_x = layer.backward(grad_y.repeat(copies, axis=0))

    assert grad_x.shape == (copies, 4)
    for name, gradient in layer.gradients.items():
        np.testing.assert_allclose(gradient, copies * one[name], rtol=1e-5)


def test_the_gradient_of_a_batch_is_the_mean_of_its_images(rng):
    X, y = rng.standard_normal((7, 4)), rng.integers(0, 3, 7)
    network = network_of(softmax_crossentropy_with_logits)
    singles = [network.loss_and_gradients(X[[i]], y[[i]])[1].copy() for i in range(7)]
    together = network.loss_and_gradients(X, y)[1]
    np.testing.assert_allclose(together, np.mean(singles, axis=0), rtol=1e-12, atol=1e-16)
