"""A network behaves as the list of its layers, and answers what it is asked."""

import numpy as np
import pytest

from chainrule import (
    ChainruleError,
    Dense,
    Layer,
    Network,
    ReLU,
    create_network,
    forward,
    mean_squared_error,
    predict,
    softmax,
)


def test_it_is_the_list_of_its_layers(make_network):
    network = make_network()
    assert len(network) == 3
    assert [type(layer) for layer in network] == [Dense, ReLU, Dense]
    assert network[-1] is network[2]
    assert list(network[:2]) == [network[0], network[1]]
    assert network[1] in network
    assert network.index(network[2]) == 2


def test_repr_shows_shapes_and_counts():
    text = repr(create_network())
    for word in (
        "242,762 parameters",
        "float32",
        "Dense(784, 256)",
        "200,960",
        "(784, 256)",
        "(256,)",
        "ReLU()",
        "Dense(64, 10)",
        "650",
    ):
        assert word in text
    assert len(text.splitlines()) == 1 + 7


def test_activations_are_the_output_of_every_layer_without_x(make_network, data):
    network, (X, _) = make_network(), data
    first, second, third = network.activations(X)
    np.testing.assert_allclose(first, X @ network[0].weights + network[0].biases, rtol=1e-6)
    np.testing.assert_array_equal(second, np.maximum(first, 0))
    np.testing.assert_array_equal(third, network.forward(X))


def test_the_courses_functions_are_the_methods(make_network, data):
    network, (X, _) = make_network(), data
    for came, expected in zip(forward(network, X), network.activations(X), strict=True):
        np.testing.assert_array_equal(came, expected)
    np.testing.assert_array_equal(predict(network, X), network.predict(X))


def test_predictions_are_the_classes_of_the_greatest_logit(make_network, data):
    network, (X, _) = make_network(), data
    logits = network.forward(X)
    classes = network.predict(X)
    assert classes.dtype.kind == "i"
    np.testing.assert_array_equal(classes, logits.argmax(axis=1))
    np.testing.assert_allclose(network.predict_proba(X), softmax(logits), rtol=1e-6)


def test_mean_squared_error_predicts_outputs_and_refuses_probabilities(make_network, data):
    network, (X, _) = make_network(loss=mean_squared_error), data
    np.testing.assert_array_equal(network.predict(X), network.forward(X))
    with pytest.raises(ChainruleError, match=r"predict_proba .*mean_squared_error.* predict"):
        network.predict_proba(X)


@pytest.mark.parametrize("count", [1, 999, 1000, 1001, 2500])
def test_prediction_works_in_slices_of_at_most_1000_rows(count):
    class Counting(Layer):
        rows = ()

        def forward(self, x, training=False):
            self.rows += (len(x),)
            return x

    network = Network([Counting()])
    X = np.random.default_rng(0).standard_normal((count, 3)).astype(np.float32)
    np.testing.assert_array_equal(network.predict(X), X.argmax(axis=1))
    assert sum(network[0].rows) == count
    assert max(network[0].rows) <= 1000


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.ones((2, 2, 2)), r"X must have shape \(batch, features\), got .*Flatten"),
        (np.ones(4), r"X must have shape \(batch, features\), got \(4,\)"),
        (np.ones((0, 4)), "X is empty"),
        ([[1, 2, 3, np.nan]], "X must be finite, but row 0"),
        (np.ones((3, 5)), r"Dense\(4, 6\) takes an input of shape \(batch, 4\)"),
        ([["a"] * 4], "X must be an array of real numbers"),
    ],
)
def test_predict_says_what_is_wrong_with_x(make_network, X, words):
    with pytest.raises(ChainruleError, match=words):
        make_network().predict(X)


def test_loss_and_gradients_drops_nothing_and_does_no_step(make_network, data):
    network = create_network(sizes=(4, 3))
    before = network.parameters.copy()
    loss, gradients = network.loss_and_gradients(*data)
    assert loss == network.loss(network.forward(data[0]), data[1])[0]
    assert gradients is network.gradients
    np.testing.assert_array_equal(network.parameters, before)


def test_the_courses_network():
    network = create_network()
    shapes = [layer.weights.shape for layer in network if isinstance(layer, Dense)]
    assert shapes == [(784, 256), (256, 128), (128, 64), (64, 10)]
    assert [type(layer) for layer in network] == [Dense, ReLU] * 3 + [Dense]
    assert network.parameters.size == 242_762
    assert network.optimizer.rate == 0.05


@pytest.mark.parametrize(
    ("sizes", "words"),
    [((4,), "at least one layer"), ((4, 0), "n_out must be"), ((2.5, 3), "n_in must be .* 2.5")],
)
def test_sizes_that_make_no_network_are_errors(sizes, words):
    with pytest.raises(ChainruleError, match=words):
        create_network(sizes=sizes)


@pytest.mark.parametrize("rng", [-1, 1.5, None, True, np.random.RandomState(0)])
def test_an_rng_that_is_none_is_an_error(rng):
    with pytest.raises(ChainruleError, match="rng, if it is not a Generator, must be a whole"):
        create_network(rng=rng, sizes=(4, 3))
