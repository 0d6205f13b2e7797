"""What each list of `History` means, worked out beside the training."""

import math

import numpy as np
import pytest

from chainrule import SGD, History, Layer, Network, train_batch, train_network

KEYS = [
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "learning_rate",
    "gradient_norm",
    "seconds",
]


def one_minus_step(step):
    return 0.5 / (1 + step)


def test_it_reads_as_a_dict_of_lists_one_value_an_epoch(make_network, data):
    history = train_network(make_network(SGD()), *data, *data, 3, 8, on_epoch=None)
    assert isinstance(history, dict)
    assert list(history) == KEYS
    for values in history.values():
        assert len(values) == 3
        assert all(type(value) is float for value in values)
    assert all(len(values) == 0 for values in History().values())


def test_loss_and_accuracy_are_means_over_the_images_as_they_were_trained(make_network, data):
    X, y = data
    network = make_network(SGD(one_minus_step))
    beside = network.copy()
    history = train_network(network, X, y, X[:9], y[:9], 2, 8, seed=3, on_epoch=None)
    for epoch in range(2):
        order = np.random.default_rng([3, epoch]).permutation(50)
        losses, right = [], 0
        for first in range(0, 50, 8):
            batch = order[first : first + 8]
            right += np.sum(beside.forward(X[batch]).argmax(axis=1) == y[batch])
            losses += [train_batch(beside, X[batch], y[batch])] * len(batch)
        assert history["loss"][epoch] == pytest.approx(np.mean(losses), rel=1e-12)
        assert history["accuracy"][epoch] == right / 50
        val_loss = beside.loss(beside.forward(X[:9]), y[:9])[0]
        assert history["val_loss"][epoch] == pytest.approx(val_loss, rel=1e-12)
        assert history["val_accuracy"][epoch] == np.mean(beside.predict(X[:9]) == y[:9])
        assert history["learning_rate"][epoch] == one_minus_step(7 * (epoch + 1) - 1)
        assert history["gradient_norm"][epoch] == pytest.approx(
            math.sqrt(math.fsum(float(g) ** 2 for g in beside.gradients)), rel=1e-6
        )


def test_validation_covers_the_whole_set_in_slices_weighted_by_their_length(make_network, rng):
    X_val = rng.standard_normal((2100, 4)).astype(np.float32)
    y_val = X_val[:, :3].argmax(axis=1)
    network = make_network(SGD(0.1))
    history = train_network(network, X_val[:8], y_val[:8], X_val, y_val, 1, 8, on_epoch=None)
    loss = network.loss(network.forward(X_val), y_val)[0]
    assert history["val_loss"][0] == pytest.approx(loss, rel=1e-6)
    assert history["val_accuracy"][0] == np.mean(network.predict(X_val) == y_val)


def test_seconds_run_from_the_start_and_leave_validation_out(monkeypatch, data):
    class Clock(Layer):
        """Takes a second in training and a hundred in prediction."""

        now = 0.0

        def forward(self, x, training=False):
            Clock.now += 1 if training else 100
            return x

    monkeypatch.setattr("time.perf_counter", lambda: Clock.now)
    history = train_network(
        Network([Clock()], optimizer=SGD()), *(data[0], data[1]) * 2, 3, 10, on_epoch=None
    )
    assert history["seconds"] == [5, 10, 15]


def test_seconds_do_not_decrease(make_network, data):
    seconds = train_network(make_network(SGD()), *data, *data, 4, 8, on_epoch=None)["seconds"]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0


def test_dropout_is_on_in_training_and_off_in_validation(data):
    class Watching(Layer):
        seen = ()

        def forward(self, x, training=False):
            self.seen += (training,)
            return x

    network = Network([Watching()], optimizer=SGD())
    train_network(network, *data, *data, 1, 25, on_epoch=None)
    assert network[0].seen[-3:] == (True, True, False)
    assert True not in network[0].seen[:-3]


def test_an_epoch_is_added_whole_or_not():
    with pytest.raises(ValueError, match="shorter"):
        History().append(0.5, 0.9)
