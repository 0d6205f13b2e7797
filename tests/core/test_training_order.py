"""The order of training is a pure function of (seed, epoch); each example comes once an epoch."""

import numpy as np
import pytest

from chainrule import SGD, train_batch, train_network
from chainrule.training import epoch_batches


def trained_batches(network, data, *args, **options):
    """Return the batches of each epoch, as training took them."""
    epochs = []

    def progress(batches):
        epochs.append([])
        for batch in batches:
            epochs[-1].append(batch.copy())
            yield batch

    train_network(network, *data, *data, *args, on_epoch=None, progress=progress, **options)
    return epochs


def test_each_epoch_shuffles_with_the_generator_of_seed_and_epoch(make_network, data):
    epochs = trained_batches(make_network(SGD()), data, 3, 8, seed=5)
    for epoch, batches in enumerate(epochs):
        expected = np.random.default_rng([5, epoch]).permutation(50)
        np.testing.assert_array_equal(np.concatenate(batches), expected)


def test_each_example_comes_once_an_epoch_the_last_smaller_batch_included(make_network, data):
    network = make_network(SGD())
    epochs = trained_batches(network, data, 2, 8)
    for batches in epochs:
        assert [len(batch) for batch in batches] == [8] * 6 + [2]
        np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(50))
    assert network.optimizer.t == 2 * 7


def test_training_is_the_plain_loop_to_the_bit(make_network, make_optimizer, data):
    X, y = data
    network, by_hand = make_network(make_optimizer()), make_network(make_optimizer())
    train_network(network, X, y, X, y, 3, 8, seed=2, on_epoch=None)
    for epoch in range(3):
        order = np.random.default_rng([2, epoch]).permutation(50)
        for first in range(0, 50, 8):
            batch = order[first : first + 8]
            train_batch(by_hand, X[batch], y[batch])
    np.testing.assert_array_equal(network.parameters, by_hand.parameters)


def test_the_order_does_not_depend_on_the_epochs_before():
    alone = epoch_batches(50, 8, seed=1, epoch=4)
    for epoch in range(4):
        epoch_batches(50, 8, seed=1, epoch=epoch)
    for mine, theirs in zip(epoch_batches(50, 8, seed=1, epoch=4), alone, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_another_seed_or_epoch_is_another_order():
    orders = {
        tuple(np.concatenate(epoch_batches(50, 8, seed, epoch)))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) == 9


@pytest.mark.parametrize("batch_size", [50, 51, 10**6])
def test_a_batch_as_large_as_the_set_or_larger_is_the_set(make_network, data, batch_size):
    epochs = trained_batches(make_network(SGD()), data, 2, batch_size)
    assert [[len(batch) for batch in batches] for batches in epochs] == [[50], [50]]


def test_two_runs_are_equal_bit_for_bit(make_network, make_optimizer, data):
    runs = []
    for _ in range(2):
        network = make_network(make_optimizer())
        history = train_network(network, *data, *data, 3, 8, seed=4, on_epoch=None)
        history.pop("seconds")
        runs.append((network.parameters.tobytes(), dict(history)))
    assert runs[0] == runs[1]


def test_numpy_integers_are_whole_numbers(make_network, data):
    network, other = make_network(SGD()), make_network(SGD())
    train_network(network, *data, *data, np.int64(2), np.uint8(8), seed=np.int32(1), on_epoch=None)
    train_network(other, *data, *data, 2, 8, seed=1, on_epoch=None)
    np.testing.assert_array_equal(network.parameters, other.parameters)


def test_it_learns(make_network, data):
    network = make_network(SGD(0.5))
    history = train_network(network, *data, *data, 60, 8, on_epoch=None)
    assert history["val_accuracy"][-1] > 0.95
    assert history["loss"][-1] < 0.2 * history["loss"][0]
