"""Weight decay pulls the weights towards 0, and never the biases."""

import numpy as np
import pytest

from chainrule import SGD, AdamW


def test_without_gradients_the_weights_move_and_the_biases_do_not(make_network, make_optimizer):
    network = make_network(make_optimizer())
    weights, biases = network.weights_slice, slice(network.weights_slice.stop, None)
    network.parameters[...] = np.linspace(0.5, 1, network.parameters.size)
    before = network.parameters.copy()
    for _ in range(3):
        network.optimizer.update(network.parameters, np.zeros_like(network.gradients))
    assert (network.parameters[weights] < before[weights]).all()
    np.testing.assert_array_equal(network.parameters[biases], before[biases])


@pytest.mark.parametrize("optimizer", [SGD(0.5, weight_decay=0.1), AdamW(0.5, weight_decay=0.1)])
def test_a_step_without_gradient_takes_the_share_rate_times_decay(make_network, optimizer):
    network = make_network(optimizer, dtype=np.float64)
    network.parameters[...] = 2
    optimizer.update(network.parameters, network.gradients)
    np.testing.assert_allclose(network.parameters[network.weights_slice], 2 * (1 - 0.5 * 0.1))


def test_giving_an_optimizer_to_a_network_names_its_weights(make_network, make_optimizer):
    network, optimizer = make_network(), make_optimizer()
    assert optimizer.decayed == slice(None)
    network.optimizer = optimizer
    assert optimizer.decayed == network.weights_slice == slice(0, 4 * 6 + 6 * 3)


def test_without_decay_weights_and_biases_follow_one_rule(make_network):
    network = make_network(SGD(0.1))
    before = network.parameters.copy()
    network.optimizer.update(network.parameters, np.ones_like(before))
    np.testing.assert_allclose(network.parameters, before - 0.1, rtol=1e-6, atol=1e-7)
