"""Randomness is an argument; equal arguments give equal bits, and the global state is not used."""

import numpy as np
import pytest

from chainrule import (
    OPTIMIZERS,
    SGD,
    Dense,
    Dropout,
    Network,
    ReLU,
    create_network,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    train_network,
)

SIZES = (4, 6, 3)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_rng_is_the_same_start_whatever_the_optimizer(name):
    start = create_network(name, rng=3, sizes=SIZES).parameters
    np.testing.assert_array_equal(start, create_network("sgd", rng=3, sizes=SIZES).parameters)
    assert (start != create_network(name, rng=4, sizes=SIZES).parameters).any()


def test_an_int_and_its_generator_are_the_same_start():
    generator = np.random.default_rng(3)
    first = create_network(rng=generator, sizes=SIZES).parameters
    np.testing.assert_array_equal(first, create_network(rng=3, sizes=SIZES).parameters)
    assert (first != create_network(rng=generator, sizes=SIZES).parameters).any()


def test_layers_draw_in_order_and_with_dropout_the_same_weights():
    generator = np.random.default_rng(9)
    first, second = he_normal(generator, 4, 5), he_normal(generator, 5, 3)
    plain = Network([Dense(4, 5), ReLU(), Dense(5, 3)], rng=9)
    dropping = Network([Dropout(), Dense(4, 5), Dropout(), Dense(5, 3)], rng=9)
    for network, layers in ((plain, (0, 2)), (dropping, (1, 3))):
        np.testing.assert_array_equal(network[layers[0]].weights, first.astype(np.float32))
        np.testing.assert_array_equal(network[layers[1]].weights, second.astype(np.float32))


def test_the_float32_start_is_the_float64_one_rounded():
    double, single = (
        Network([Dense(4, 5), Dense(5, 3)], rng=3, dtype=dtype).parameters
        for dtype in (np.float64, np.float32)
    )
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_weights_that_were_drawn_or_set_before_stay():
    drawn, given = Dense(4, 5, rng=8), Dense(5, 3)
    given.weights = np.full((5, 3), 2)
    weights = drawn.weights.copy()
    network = Network([drawn, given], rng=0)
    np.testing.assert_array_equal(network[0].weights, weights)
    np.testing.assert_array_equal(network[1].weights, 2)


def test_two_dropouts_of_one_network_drop_different_inputs_and_the_same_in_an_equal_network():
    first, second = (Network([Dropout(), Dropout()], rng=1) for _ in range(2))
    ones = np.ones((8, 8), np.float32)
    masks = [[layer.forward(ones, training=True) for layer in net] for net in (first, second)]
    assert (masks[0][0] != masks[0][1]).any()
    np.testing.assert_array_equal(masks[0], masks[1])


def test_a_dropout_with_its_own_rng_keeps_it():
    mine = np.random.default_rng(5)
    assert Network([Dropout(0.5, rng=mine)])[0].rng is mine


def test_a_dropout_draws_from_a_child_and_not_from_the_generator_that_was_given():
    given = np.random.default_rng(5)
    network = Network([Dropout(0.5)], rng=given)
    state = given.bit_generator.state
    network.forward(np.ones((4, 4)), training=True)
    assert given.bit_generator.state == state


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    y = Dropout(rate, rng=0).forward(np.ones((400, 400), np.float32), training=True)
    assert np.mean(y == 0) == pytest.approx(rate, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.03)
    np.testing.assert_array_equal(np.unique(y[y > 0]), [np.float32(1) / np.float32(1 - rate)])


def test_dropout_is_the_identity_in_prediction_and_draws_nothing(data):
    network = Network([Dropout(0.5)], rng=0)
    state = network[0].rng.bit_generator.state
    np.testing.assert_array_equal(network.forward(data[0]), data[0])
    network.predict(data[0])
    assert network[0].rng.bit_generator.state == state


@pytest.mark.parametrize(
    ("initializer", "variance", "limit"),
    [
        (he_normal, 2 / 300, None),
        (he_uniform, 2 / 300, (6 / 300) ** 0.5),
        (glorot_normal, 2 / 500, None),
        (glorot_uniform, 2 / 500, (6 / 500) ** 0.5),
        (lecun_normal, 1 / 300, None),
    ],
)
def test_each_initialiser_has_the_variance_of_its_source(initializer, variance, limit):
    weights = initializer(np.random.default_rng(0), 300, 200)
    assert weights.shape == (300, 200)
    assert abs(weights.mean()) < 4 * (variance / weights.size) ** 0.5
    assert weights.var() == pytest.approx(variance, rel=0.03)
    if limit:
        assert 0.99 * limit < np.abs(weights).max() <= limit


def test_biases_start_at_0(make_network):
    network = make_network()
    assert not network.parameters[network.weights_slice.stop :].any()
    assert network.parameters[network.weights_slice].all()


def global_state():
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return name, keys.tobytes(), rest


def test_numpys_global_state_is_neither_read_nor_moved(data):
    def run():
        layers = [Dense(4, 5), Dropout(), Dense(5, 3)]
        network = Network(layers, optimizer=SGD(0.1))
        train_network(network, *data, *data, 2, 8, on_epoch=None)
        return network.parameters

    np.random.seed(1)  # noqa: NPY002
    before = global_state()
    first = run()
    assert global_state() == before
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(run(), first)
