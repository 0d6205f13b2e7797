"""A loss that is not finite ends training at that step, which is not done."""

import pickle

import numpy as np
import pytest

from chainrule import (
    SGD,
    ChainruleError,
    Dense,
    Dropout,
    History,
    Layer,
    Network,
    ReLU,
    TrainingDiverged,
    mean_squared_error,
    train_batch,
    train_network,
)

HUGE = 1e30


@pytest.fixture
def diverged(make_network, data):
    """Return the error, and the network as it was left."""
    network = make_network(SGD(HUGE))
    with pytest.raises(TrainingDiverged) as caught:
        train_network(network, *data, *data, 3, 8, on_epoch=None)
    return caught.value, network


def test_the_error_names_step_layer_and_rate(diverged):
    error, _ = diverged
    assert (error.step, error.learning_rate) == (2, HUGE)
    for word in ("step 2", "layer 2, Dense(6, 3)", "1e+30", "smaller rate"):
        assert word in str(error)


def test_the_step_that_diverged_was_not_done(diverged, make_network, data):
    _, network = diverged
    X, y = data
    one_step = make_network(SGD(HUGE))
    batch = np.random.default_rng([0, 0]).permutation(50)[:8]
    train_batch(one_step, X[batch], y[batch])
    np.testing.assert_array_equal(network.parameters, one_step.parameters)
    assert network.optimizer.t == 1


def test_a_gradient_that_is_not_finite_stops_before_its_step(make_network, data):
    class Breaks(Layer):
        def backward(self, grad_y):
            return np.full_like(grad_y, np.inf)

    network = Network([Dense(4, 6), Breaks(), Dense(6, 3)], optimizer=SGD(0.25))
    before = network.parameters.copy()
    with pytest.raises(TrainingDiverged) as caught:
        train_network(network, *data, *data, 3, 8, on_epoch=None)
    error = caught.value
    assert (error.step, error.learning_rate, network.optimizer.t) == (1, 0.25, 0)
    assert error.layer == "the gradient of weights in layer 0, Dense(4, 6)"
    np.testing.assert_array_equal(network.parameters, before)


def test_a_gradient_whose_square_overflows_is_no_divergence():
    network = Network([Dense(1, 1)], optimizer=SGD(1e-30), loss=mean_squared_error)
    train_batch(network, np.float32([[1e10]]), np.float32([[1e15]]))
    assert np.isfinite(network.gradients).all()
    with np.errstate(over="ignore"):
        assert np.isinf(network.gradients @ network.gradients)


def test_the_history_is_at_hand_when_training_diverges(make_network, data):
    history = History()
    bomb = SGD(lambda step: HUGE if step == 9 else 0.01)
    with pytest.raises(TrainingDiverged):
        train_network(make_network(bomb), *data, *data, 3, 8, history=history, on_epoch=None)
    assert len(history["loss"]) == 1


def test_the_steps_are_counted_over_epochs_and_from_the_start(make_network, data):
    bomb = SGD(lambda step: HUGE if step == 9 else 0.01)
    with pytest.raises(TrainingDiverged, match="at step 11:") as caught:
        train_network(make_network(bomb), *data, *data, 3, 8, on_epoch=None)
    assert caught.value.step == 11

    bomb = SGD(lambda step: HUGE if step == 1 else 0.01)
    with pytest.raises(TrainingDiverged) as caught:
        train_network(make_network(bomb), *data, *data, 3, 8, start=(1, 2), on_epoch=None)
    assert caught.value.step == 7 + 2 + 3


def test_a_validation_loss_that_is_not_finite_is_found_before_the_next_step(make_network, data):
    bomb = SGD(lambda step: HUGE if step == 6 else 0.01)  # the last of an epoch's seven steps
    with pytest.raises(TrainingDiverged, match="at step 8:"):
        train_network(make_network(bomb), *data, *data, 3, 8, on_epoch=None)


def test_train_batch_counts_the_optimizers_steps(make_network, data):
    network = make_network(SGD(HUGE))
    train_batch(network, *data)
    with pytest.raises(TrainingDiverged, match="at step 2:"):
        train_batch(network, *data)


def test_the_first_layer_that_is_not_finite_is_named(data):
    class Broken(Layer):
        def forward(self, x, training=False):
            return np.full_like(x, np.inf)

    network = Network([Dense(4, 3), Dropout(0.1), Broken(), ReLU()], optimizer=SGD(0.1))
    with pytest.raises(TrainingDiverged, match=r"layer 2, Broken\(\) is the first") as caught:
        train_batch(network, *data)
    assert caught.value.layer.startswith("layer 2, Broken()")


def test_a_loss_that_is_not_finite_though_every_layer_is_names_the_loss(data):
    network = Network([Dense(4, 3)], optimizer=SGD(0.1), loss=mean_squared_error)
    with pytest.raises(TrainingDiverged, match=r"step 1: the loss is the first") as caught:
        train_batch(network, data[0], np.full((50, 3), 1e30))
    assert caught.value.layer == "the loss"


def test_an_own_optimizer_without_a_rate_diverges_too(data):
    class Explode:
        def update(self, parameters, gradients):
            return parameters + np.float32(HUGE)

    network = Network([Dense(4, 3), Dense(3, 3)], optimizer=Explode())
    train_batch(network, *data)
    with pytest.raises(TrainingDiverged) as caught:
        train_batch(network, *data)
    assert np.isnan(caught.value.learning_rate)


def test_the_error_survives_its_way_from_another_process(diverged):
    error, _ = diverged
    came = pickle.loads(pickle.dumps(error))
    assert (str(came), came.step, came.layer) == (str(error), error.step, error.layer)
    assert came.learning_rate == error.learning_rate


def test_a_last_step_that_leaves_a_network_without_a_finite_loss_is_told_too(make_network, data):
    with pytest.raises(TrainingDiverged):
        train_network(make_network(SGD(HUGE)), *data, *data, 1, 50, on_epoch=None)


def test_nan_in_the_batch_is_blamed_on_the_batch_and_not_on_the_rate(make_network, data):
    X = data[0].copy()
    X[3, 1] = np.nan
    with pytest.raises((ChainruleError, TrainingDiverged)) as caught:
        train_batch(make_network(SGD(0.1)), X, data[1])
    assert "smaller rate" not in str(caught.value)


def test_an_empty_batch_is_called_empty(make_network, data):
    with pytest.raises(ChainruleError, match="empty"):
        train_batch(make_network(SGD(0.1)), data[0][:0], data[1][:0])
