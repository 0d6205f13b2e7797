"""`on_epoch` and `progress` are plain callables."""

import numpy as np
import pytest

from chainrule import SGD, History, mean_squared_error, print_epoch, train_network


def test_on_epoch_is_called_after_each_epoch_with_the_history_so_far(make_network, data):
    seen = []

    def on_epoch(epoch, history):
        assert isinstance(history, History)
        seen.append((epoch, len(history["val_loss"])))

    train_network(make_network(SGD()), *data, *data, 3, 8, on_epoch=on_epoch)
    assert seen == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("answer", [True, "enough", 1])
def test_a_true_answer_ends_training_and_keeps_that_epoch(make_network, data, answer):
    network = make_network(SGD())
    history = train_network(
        network, *data, *data, 5, 8, on_epoch=lambda epoch, history: answer if epoch == 1 else None
    )
    assert len(history["loss"]) == 2
    assert network.optimizer.t == 2 * 7


def test_none_prints_nothing(make_network, data, capsys):
    train_network(make_network(SGD()), *data, *data, 2, 8, on_epoch=None)
    assert capsys.readouterr() == ("", "")


def test_one_line_an_epoch_is_printed_unless_told_otherwise(make_network, data, capsys):
    history = train_network(make_network(SGD()), *data, *data, 2, 8)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert len(lines) == 2
    for epoch, line in enumerate(lines):
        assert f"epoch   {epoch + 1}" in line
        assert f"loss {history['loss'][epoch]:.4f}" in line
        assert f"validation loss {history['val_loss'][epoch]:.4f}" in line
        assert f"validation accuracy {history['val_accuracy'][epoch]:.2%}" in line
        assert line.endswith(f"{history['seconds'][epoch]:.1f} s")


def test_the_line_of_a_network_of_numbers_has_no_accuracy(make_network, data, capsys):
    X, y = data[0], np.eye(3)[data[1]]
    train_network(make_network(SGD(), loss=mean_squared_error), X, y, X, y, 1)
    out = capsys.readouterr().out
    assert "validation loss" in out
    assert "accuracy" not in out
    assert "nan" not in out


def test_the_line_without_validation_says_nothing_of_it(make_network, data, capsys):
    train_network(make_network(SGD()), *data, None, None, 1)
    out = capsys.readouterr().out
    assert out.startswith("epoch   1  loss ")
    assert "validation" not in out
    assert "nan" not in out


def test_print_epoch_counts_from_1(capsys):
    history = History()
    history.append(*[0.5] * 7)
    print_epoch(0, history)
    assert capsys.readouterr().out.startswith("epoch   1  loss 0.5000")


def test_progress_wraps_the_list_of_an_epochs_batches(make_network, data):
    lengths = []

    def progress(batches):
        lengths.append(len(batches))
        return batches

    plain, wrapped = make_network(SGD()), make_network(SGD())
    train_network(plain, *data, *data, 2, 8, on_epoch=None)
    train_network(wrapped, *data, *data, 2, 8, on_epoch=None, progress=progress)
    assert lengths == [7, 7]
    np.testing.assert_array_equal(plain.parameters, wrapped.parameters)


def test_an_error_in_a_callable_is_not_swallowed(make_network, data):
    def on_epoch(epoch, history):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_network(make_network(SGD()), *data, *data, 2, 8, on_epoch=on_epoch)
