"""Bad input is one helpful sentence: what was expected, what came, what to do."""

import numpy as np
import pytest

from chainrule import (
    SGD,
    ChainruleError,
    Dense,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    mean_squared_error,
    softmax_crossentropy_with_logits,
    train_batch,
    train_network,
)
from chainrule.checks import finite


@pytest.fixture
def train(make_network, data):
    """Return a trainer that takes the arguments that are to be wrong."""
    X, y = data
    arguments = {"X_train": X, "y_train": y, "X_val": X, "y_val": y, "num_epochs": 1}

    def train(**wrong):
        network = make_network(SGD(0.1))
        before = network.parameters.copy()
        with pytest.raises(ChainruleError) as caught:
            train_network(network, **{**arguments, "on_epoch": None, **wrong})
        np.testing.assert_array_equal(network.parameters, before)
        return str(caught.value)

    return train


def broken(X, value):
    X = X.copy()
    X[7, 2] = value
    return X


X_ERRORS = {
    "images of 2x2": (lambda X: X.reshape(-1, 2, 2), ["(50, 2, 2)", "Flatten", "reshape"]),
    "one image": (lambda X: X[0], ["(batch, features)", "(4,)"]),
    "another width": (lambda X: X[:, :3], ["Dense(4, 6)", "(batch, 4)", "3)"]),
    "empty": (lambda X: X[:0], ["is empty", "(0, 4)", "at least one example"]),
    "no features": (lambda X: X[:, :0], ["is empty", "(50, 0)"]),
    "NaN": (lambda X: broken(X, np.nan), ["finite", "row 7", "NaN"]),
    "infinity": (lambda X: broken(X, np.inf), ["finite", "row 7", "infinity"]),
    "minus infinity": (lambda X: broken(X, -np.inf), ["finite", "row 7"]),
    "text": (lambda X: X.astype(str), ["real numbers", "dtype <U"]),
    "complex": (lambda X: X + 1j, ["real numbers", "complex"]),
    "None": (lambda X: None, ["numbers"]),
    "ragged": (lambda X: [[1, 2, 3, 4], [1]], ["array of numbers", "rows that differ"]),
}
Y_ERRORS = {
    "one-hot": (lambda y: np.eye(3, dtype=int)[y], ["one-hot", "argmax", "(50, 3)"]),
    "float": (lambda y: y.astype(float), ["integers", "float64", "astype(int)"]),
    "text": (lambda y: y.astype(str), ["integers", "dtype <U", "astype(int)"]),
    "bool": (lambda y: y > 1, ["integers", "bool"]),
    "too few": (lambda y: y[:-1], ["(50,)", "(49,)"]),
    "a column": (lambda y: y[:, np.newaxis], ["(50,)", "(50, 1)"]),
    "too great": (lambda y: y + 1, ["0 to 2", "3 outputs", "1 to 3"]),
    "negative": (lambda y: y - 1, ["0 to 2", "-1 to 1"]),
    "None": (lambda y: None, ["integers"]),
    "ragged": (lambda y: [[1], [1, 2]] * 25, []),
}


@pytest.mark.parametrize("part", ["train", "val"])
@pytest.mark.parametrize(("spoil", "words"), X_ERRORS.values(), ids=X_ERRORS)
def test_inputs(train, data, part, spoil, words):
    message = train(**{f"X_{part}": spoil(data[0])})
    for word in words if words[0].startswith("Dense") else [*words, f"X_{part}"]:
        assert word in message


@pytest.mark.parametrize("part", ["train", "val"])
@pytest.mark.parametrize(("spoil", "words"), Y_ERRORS.values(), ids=Y_ERRORS)
def test_labels(train, data, part, spoil, words):
    message = train(**{f"y_{part}": spoil(data[1])})
    for word in [*words, f"y_{part}"]:
        assert word in message


@pytest.mark.parametrize("name", ["num_epochs", "batch_size"])
@pytest.mark.parametrize("value", [0, -64, 1.5, "10", None, True, np.float64(2)])
def test_counts(train, name, value):
    assert train(**{name: value}) == f"{name} must be a whole number from 1 up, got {value!r}."


@pytest.mark.parametrize("seed", [-1, 0.5, None, "0", np.random.default_rng(0)])
def test_seed(train, seed):
    assert train(seed=seed).startswith("seed must be a whole number from 0 up, got")


def test_the_wrong_width_of_a_whole_set_is_told_with_its_own_name(train, data):
    assert "X_train" in train(X_train=data[0][:, :3])


def test_a_network_without_optimizer_is_shown_how_to_give_one(make_network, data):
    for attempt in (
        lambda: train_batch(make_network(), *data),
        lambda: train_network(make_network(), *data, *data, 1, on_epoch=None),
    ):
        with pytest.raises(ChainruleError, match=r"needs an optimizer.*network.optimizer = Adam"):
            attempt()


def test_layers_that_do_not_fit_are_named_with_both_shapes(data):
    class Folding(Layer):
        """Of another's layer nothing is known before it runs."""

        def forward(self, x, training=False):
            return x[:, :5]

    network = Network([Dense(4, 6), Folding(), ReLU(), Dense(6, 3)], optimizer=SGD(0.1))
    with pytest.raises(ChainruleError, match=r"Dense\(6, 3\) .*\(batch, 6\), got \(50, 5\)"):
        train_batch(network, *data)


def test_sizes_that_do_not_fit_are_found_where_the_network_is_made():
    words = (
        r"layer 2, Dense\(32, 10\), takes 32 features, but layer 0, Dense\(784, 64\), gives 64: "
        r"make the two numbers equal\."
    )
    layers = [Dense(784, 64), ReLU(), Dense(32, 10)]
    with pytest.raises(ChainruleError, match=words):
        Network(layers)
    assert not any(layer.in_network for layer in layers)  # nothing half done
    layers[2] = Dense(64, 10)
    Network(layers)


@pytest.mark.parametrize(("spoil", "words"), Y_ERRORS.values(), ids=Y_ERRORS)
def test_labels_of_one_batch(make_network, data, spoil, words):
    X, y = data
    with pytest.raises(ChainruleError) as caught:
        train_batch(make_network(SGD(0.1)), X, spoil(y))
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([1.0], r"shape \(2,\), got \(1,\)"),
        ([[1.0], [1.0]], r"got \(2, 1\)"),
        ([1.0, -1.0], "not negative"),
        ([0.0, 0.0], "not all zero"),
        ([1.0, np.nan], "finite"),
        ([1.0, np.inf], "finite"),
        (["a", "b"], "real numbers"),
    ],
)
@pytest.mark.parametrize("loss", [softmax_crossentropy_with_logits, mean_squared_error])
def test_sample_weights(loss, weights, words):
    y = [0, 1] if loss is softmax_crossentropy_with_logits else np.ones((2, 3))
    with pytest.raises(ChainruleError, match=f"sample_weight .*{words}"):
        loss(np.ones((2, 3)), y, weights)


def test_sample_weights_whose_sum_overflows_are_not_a_loss_of_0():
    outputs = np.zeros((2, 3), np.float32)
    with np.errstate(over="ignore"):
        loss, _ = softmax_crossentropy_with_logits(outputs, [0, 1], [3e38, 3e38])
    assert loss == pytest.approx(np.log(3))


@pytest.mark.parametrize(
    "logits", [np.ones(3), np.ones((2, 2, 2)), "ab"], ids=["1-D", "3-D", "text"]
)
def test_logits_that_are_no_batch_of_rows(logits):
    with pytest.raises(ChainruleError, match="logits"):
        softmax_crossentropy_with_logits(logits, [0, 1])


@pytest.mark.parametrize("targets", [np.zeros(2), np.zeros((2, 2)), np.zeros((1, 3)), 0.0])
def test_targets_are_never_broadcast(targets):
    with pytest.raises(ChainruleError, match=r"targets must have the outputs' shape \(2, 3\)"):
        mean_squared_error(np.ones((2, 3)), targets)


def test_a_column_of_targets_is_hinted_at():
    with pytest.raises(ChainruleError, match=r"targets\[:, np.newaxis\]"):
        mean_squared_error(np.ones((2, 1)), [1.0, 2.0])


def test_whole_numbers_as_outputs_do_not_round_the_targets():
    assert mean_squared_error(np.array([[1, 2]]), np.array([[0.5, 2.5]]))[0] == 0.25


@pytest.mark.parametrize("slope", [np.nan, np.inf, "0.1", None])
def test_a_slope_that_is_not_finite(slope):
    with pytest.raises(ChainruleError, match="slope must be a number that is finite"):
        LeakyReLU(slope)


def test_a_callable_that_cannot_be_called_is_told_before_the_first_step(train):
    assert "on_epoch" in train(on_epoch=True)


def test_a_loss_that_cannot_be_called_is_told_at_once():
    with pytest.raises(ChainruleError, match="loss"):
        Network([Layer()], loss="mse")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("large", [1.0, 1e30], ids=["", "whose squares overflow"])
def test_a_number_that_is_not_finite_is_found_beside_any_others(bad, large):
    for X in (np.full((3, 5), large, np.float32), np.full((5, 3), large).T):
        with np.errstate(all="raise"):
            finite("X", X)
        X[2, 1] = bad
        with pytest.raises(ChainruleError, match="row 2 holds NaN or infinity"):
            finite("X", X)
