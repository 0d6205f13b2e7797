"""X is an array, or anything with shape, len and X[indices] giving rows: one seam, same bits."""

import tracemalloc

import numpy as np
import pytest

from chainrule import SGD, Adam, ChainruleError, checks, train_network


class Made:
    """Rows that are made when they are asked for, by index arrays alone."""

    def __init__(self, array):
        self.array, self.shape, self.asked = array, array.shape, []

    def __len__(self):
        return len(self.array)

    def __getitem__(self, indices):
        assert isinstance(indices, np.ndarray)
        assert indices.dtype.kind == "i"
        self.asked.append(len(indices))
        return self.array[indices]


class Listed(Made):
    """The same rows as lists of Python's numbers."""

    def __getitem__(self, indices):
        return super().__getitem__(indices).tolist()


def trained(make_network, X, y, X_val, y_val, **options):
    network = make_network(Adam(0.01))
    history = train_network(network, X, y, X_val, y_val, 3, 8, seed=4, on_epoch=None, **options)
    return network, {name: values for name, values in history.items() if name != "seconds"}


@pytest.mark.parametrize("kind", [Made, Listed])
def test_rows_that_are_made_train_to_the_same_bits(make_network, data, kind):
    X, y = data
    expected, seen = trained(make_network, X, y, X[:9], y[:9])
    network, history = trained(make_network, kind(X), y, kind(X[:9]), y[:9])
    assert np.array_equal(network.parameters, expected.parameters)
    assert history == seen
    assert np.array_equal(network.predict(kind(X)), expected.predict(X))
    assert np.array_equal(network.predict_proba(kind(X)), expected.predict_proba(X))


def test_an_epoch_asks_for_each_batch_once_and_never_for_all(make_network, data):
    rows = Made(data[0])
    train_network(make_network(SGD(0.1)), rows, data[1], num_epochs=2, batch_size=8, on_epoch=None)
    assert rows.asked == [1, *2 * [8, 8, 8, 8, 8, 8, 2]]  # one row to try the network with


def test_arrays_of_every_layout_train_to_the_same_bits(make_network, data, tmp_path):
    X, y = data
    expected, _ = trained(make_network, X, y, X[:9], y[:9])
    unaligned = np.frombuffer(b"." + X.tobytes(), np.uint8)[1:].view(X.dtype).reshape(X.shape)
    assert not unaligned.flags.aligned
    np.save(tmp_path / "X.npy", X)
    for other in (unaligned, np.load(tmp_path / "X.npy", mmap_mode="r"), np.asfortranarray(X)):
        network, _ = trained(make_network, other, y, other[:9], y[:9])
        assert np.array_equal(network.parameters, expected.parameters)


def spoilt(change):
    class Spoilt(Made):
        def __getitem__(self, indices):
            return change(super().__getitem__(indices).copy(), indices)

    return Spoilt


def with_nan(rows, indices):
    rows[indices == 7] = np.nan
    return rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_nan, "X_train must be finite"),
        (lambda rows, indices: rows[:, :3], r"a row for each of the \d+ indices, shape \(\d+, 4\)"),
        (lambda rows, indices: rows[:-1] if len(rows) > 1 else rows, "a row for each of the 8"),
        (lambda rows, indices: rows.astype(str), "must be an array of real numbers"),
    ],
)
def test_what_is_asked_of_arrays_is_asked_of_each_batch(make_network, data, change, words):
    with pytest.raises(ChainruleError, match=words):
        trained(make_network, spoilt(change)(data[0]), data[1], None, None)


def test_rows_of_another_shape_are_refused_at_the_door(make_network, data):
    rows = Made(data[0])
    rows.shape = (50, 2, 2)
    with pytest.raises(ChainruleError, match=r"X_train must have shape \(batch, features\)"):
        trained(make_network, rows, data[1], None, None)
    rows.shape = (49, 4)
    with pytest.raises(ChainruleError, match=r"got shape \(49, 4\) and 50 rows"):
        trained(make_network, rows, data[1], None, None)


def test_training_needs_no_validation(make_network, data):
    history = train_network(make_network(SGD(0.1)), *data, num_epochs=2, on_epoch=None)
    assert len(history["loss"]) == 2
    assert np.isnan(history["val_loss"]).all()


class Listening(Made):
    """Rows that want to know the epoch."""

    def __init__(self, array):
        super().__init__(array)
        self.told = []

    def begin_epoch(self, epoch):
        self.told.append((epoch, len(self.asked)))


def test_rows_that_listen_are_told_each_epoch_before_its_first_batch(make_network, data):
    X, X_val = Listening(data[0]), Listening(data[0])
    options = {"num_epochs": 4, "batch_size": 25, "on_epoch": None}
    train_network(make_network(SGD(0.1)), X, data[1], X_val, data[1], start=(1, 1), **options)
    assert X.told == [(1, 1), (2, 2), (3, 4)]  # of the first epoch one batch is left
    assert X_val.told == []


def misaligned(X):
    """Return the same array at an odd address, as a file may hold it."""
    memory = np.empty(X.nbytes + 1, np.uint8)
    moved = memory[1:].view(X.dtype).reshape(X.shape)
    moved[...] = X
    return moved


@pytest.mark.parametrize(
    "kept", [np.ascontiguousarray, np.asfortranarray, lambda X: np.repeat(X, 2, 0)[::2], misaligned]
)
def test_a_batch_is_gathered_without_a_copy_of_the_whole(kept):
    X, indices = kept(np.arange(400_000.0).reshape(20_000, 20)), np.array([3, 0, 19_999])
    tracemalloc.start()
    try:
        batch = checks.gathered(X, indices)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(batch, X[indices])
    assert most < X.nbytes / 10
