"""Training that was stopped goes on at `start` and ends where it would have ended."""

import numpy as np
import pytest

from chainrule import SGD, ChainruleError, History, train_network


class StoppedError(Exception):
    """What stops training in the middle of an epoch."""


def stop_at(epoch, batch):
    """Return a `progress` that stops before the batch of the epoch."""
    epochs = iter(range(100))

    def progress(batches):
        this = next(epochs)
        for i, indices in enumerate(batches):
            if (this, i) == (epoch, batch):
                raise StoppedError
            yield indices

    return progress


def train(network, data, **options):
    return train_network(network, *data, *data, 3, 8, seed=6, on_epoch=None, **options)


@pytest.mark.parametrize("stop", [(0, 0), (0, 1), (1, 0), (1, 4), (2, 6)])
def test_a_split_run_is_the_whole_run_to_the_bit(make_network, make_optimizer, data, stop):
    whole, split = make_network(make_optimizer()), make_network(make_optimizer())
    train(whole, data)
    with pytest.raises(StoppedError):
        train(split, data, progress=stop_at(*stop))
    train(split, data, start=stop)
    np.testing.assert_array_equal(split.parameters, whole.parameters)
    assert split.optimizer.t == whole.optimizer.t == 3 * 7


@pytest.mark.parametrize("stop", [(0, 3), (2, 0)])
def test_sgd_without_state_goes_on_in_a_copy_with_a_new_optimizer(make_network, data, stop):
    whole, split = make_network(SGD(0.1)), make_network(SGD(0.1))
    train(whole, data)
    with pytest.raises(StoppedError):
        train(split, data, progress=stop_at(*stop))
    resumed = make_network(SGD(0.1))
    resumed.parameters[...] = split.parameters
    train(resumed, data, start=stop)
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)


def test_the_history_begins_where_training_resumes(make_network, data):
    history = train(make_network(SGD(0.1)), data, start=(1, 5))
    assert len(history["loss"]) == 2


def test_whole_epochs_of_a_resumed_run_have_the_history_of_the_whole_run(make_network, data):
    whole = train(make_network(SGD(0.1)), data)
    split = make_network(SGD(0.1))
    with pytest.raises(StoppedError):
        train(split, data, progress=stop_at(1, 0))
    resumed = train(split, data, start=(1, 0))
    for key in ("loss", "accuracy", "val_loss", "val_accuracy", "gradient_norm"):
        assert resumed[key] == whole[key][1:]


@pytest.mark.parametrize("stop", [(0, 3), (1, 0), (2, 6)])
def test_with_its_history_a_split_run_has_that_of_the_whole_run(make_network, data, stop):
    whole = train(make_network(SGD(0.1)), data)
    split, history = make_network(SGD(0.1)), History()
    with pytest.raises(StoppedError):
        train(split, data, progress=stop_at(*stop), history=history)
    assert train(split, data, start=stop, history=history) is history
    for key in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "gradient_norm"):
        assert history[key] == whole[key]
    assert history["seconds"] == sorted(history["seconds"])


def test_the_loss_of_a_part_of_an_epoch_is_the_mean_over_that_part(make_network, data):
    network = make_network(SGD(1e-30))  # stands still
    X, y = data
    rest = np.random.default_rng([6, 2]).permutation(50)[5 * 8 :]
    loss = network.loss(network.forward(X[rest]), y[rest])[0]
    assert train(network, data, start=(2, 5))["loss"] == pytest.approx([loss], rel=1e-6)


def test_nothing_is_left_to_do_after_the_last_epoch(make_network, data):
    network = make_network(SGD(0.1))
    assert train(network, data, start=(3, 0))["loss"] == []
    assert network.optimizer.t == 0


@pytest.mark.parametrize("start", [(0, -1), (-1, 0), (0, 8), (0.5, 0), 5, (1,)])
def test_a_start_that_is_no_epoch_and_batch_is_an_error(make_network, data, start):
    network = make_network(SGD(0.1))
    before = network.parameters.copy()
    with pytest.raises(ChainruleError, match="start"):
        train(network, data, start=start)
    np.testing.assert_array_equal(network.parameters, before)
