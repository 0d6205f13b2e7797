"""Networks with mean_squared_error: training, prediction, and what is asked of their targets."""

import numpy as np
import pytest

from chainrule import (
    SGD,
    Adam,
    ChainruleError,
    Dense,
    Network,
    Tanh,
    mean_squared_error,
    train_network,
)


@pytest.fixture
def curve(rng):
    X = rng.uniform(-2, 2, (80, 1))
    return X, np.hstack([np.sin(X), X**2])


def network_of(optimizer):
    layers = [Dense(1, 16), Tanh(), Dense(16, 2)]
    return Network(layers, loss=mean_squared_error, optimizer=optimizer)


def test_it_learns_a_curve(curve):
    network = network_of(Adam(0.02))
    history = train_network(network, *curve, *curve, 100, 16, on_epoch=None)
    assert history["val_loss"][-1] < 0.02
    np.testing.assert_allclose(network.predict(curve[0]), curve[1], atol=0.7)


def test_the_history_has_losses_and_no_accuracy(curve):
    network = network_of(SGD(0.01))
    history = train_network(network, *curve, *curve, 2, 16, on_epoch=None)
    loss = mean_squared_error(network.predict(curve[0]), curve[1])[0]
    assert history["val_loss"][-1] == pytest.approx(loss, rel=1e-6)
    assert np.isnan([history["accuracy"], history["val_accuracy"]]).all()


def test_the_loss_of_slices_is_the_loss_of_the_whole(rng):
    X = rng.uniform(-2, 2, (2300, 1))
    y = np.hstack([X, -X])
    network = network_of(SGD(0.01))
    history = train_network(network, X[:8], y[:8], X, y, 1, 8, on_epoch=None)
    whole = mean_squared_error(network.forward(X), y)[0]
    assert history["val_loss"][0] == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda y: y[:-1], r"y_train must have the outputs' shape \(80, 2\), got \(79, 2\)"),
        (lambda y: y[:, 0], r"got \(80,\)"),
        (lambda y: y[:, :1], r"got \(80, 1\)"),
        (lambda y: y.astype(str), "y_train must be an array of real numbers"),
        (lambda y: y * np.nan, "y_train"),
    ],
    ids=["too few", "a vector", "a column", "text", "NaN"],
)
def test_targets_that_do_not_fit(curve, spoil, words):
    X, y = curve
    with pytest.raises(ChainruleError, match=words):
        train_network(network_of(SGD(0.01)), X, spoil(y), X, y, 1, on_epoch=None)
