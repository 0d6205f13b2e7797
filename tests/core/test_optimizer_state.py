"""State is one vector a moment, found again at every step; blocks are for speed alone."""

import numpy as np
import pytest

from chainrule import SGD, Adam, ChainruleError, RMSProp


def run(optimizer, size=23, steps=4, decayed=slice(0, 10), dtype=np.float32):
    rng = np.random.default_rng(0)
    parameters = rng.standard_normal(size).astype(dtype)
    optimizer.decayed = decayed
    for _ in range(steps):
        optimizer.update(parameters, rng.standard_normal(size).astype(dtype))
    return parameters


@pytest.mark.parametrize("block_size", [1, 2, 3, 7, 9, 10, 11, 13, 22, 23, 24, 1000])
def test_the_size_of_the_blocks_does_not_change_a_bit(make_optimizer, block_size):
    optimizer = make_optimizer()
    optimizer.block_size = block_size
    np.testing.assert_array_equal(run(optimizer), run(make_optimizer()))


@pytest.mark.parametrize(
    "decayed", [slice(None), slice(0, 0), slice(3, 17), slice(22, 23), slice(0, 10)]
)
def test_decay_holds_in_its_slice_and_nowhere_else(make_optimizer, decayed):
    undecaying, blocks = make_optimizer(), make_optimizer()
    undecaying.weight_decay = 0.0
    blocks.block_size = 4
    inside = np.zeros(23, bool)
    inside[decayed] = True
    expected = np.where(inside, run(make_optimizer(), decayed=slice(None)), run(undecaying))
    np.testing.assert_array_equal(run(blocks, decayed=decayed), expected)


def test_the_decay_boundary_may_lie_inside_one_of_many_blocks(make_optimizer):
    size, boundary = 2 * make_optimizer().block_size + 5, make_optimizer().block_size + 3
    one_block = make_optimizer()
    one_block.block_size = size
    np.testing.assert_array_equal(
        run(make_optimizer(), size, decayed=slice(0, boundary)),
        run(one_block, size, decayed=slice(0, boundary)),
    )


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (SGD, []),
        (lambda: SGD(momentum=0.9), ["velocity"]),
        (RMSProp, ["v"]),
        (Adam, ["m", "v"]),
    ],
)
def test_state_is_one_vector_a_moment_and_constant_in_size(make, names):
    optimizer = make()
    assert optimizer.state == {}
    run(optimizer, steps=1)
    vectors = dict(optimizer.state)
    run(optimizer, steps=5)
    assert list(optimizer.state) == names
    for name, vector in optimizer.state.items():
        assert vector is vectors[name]
        assert vector.shape == (23,)


def test_t_counts_steps_not_blocks_or_layers(make_network, make_optimizer, data):
    network = make_network(make_optimizer())
    network.optimizer.block_size = 2
    for _ in range(3):
        network.loss_and_gradients(*data)
        network.optimizer.update(network.parameters, network.gradients)
    assert network.optimizer.t == 3


def test_an_optimizer_of_one_network_refuses_one_of_another_size():
    adam = Adam()
    run(adam, size=23)
    with pytest.raises(ChainruleError, match=r"23 parameters before .* 24: .* its own optimizer"):
        run(adam, size=24)


def test_a_refused_update_leaves_the_optimizer_as_it_was():
    adam = Adam()
    run(adam, size=23, steps=4)
    with pytest.raises(ChainruleError):
        adam.update(np.ones(24, np.float32), np.ones(24, np.float32))
    assert adam.t == 4


@pytest.mark.parametrize(
    ("parameters", "gradients", "words"),
    [
        (np.ones((2, 2)), np.ones((2, 2)), r"two flat vectors .*\(2, 2\)"),
        (np.ones(3, int), np.ones(3), "vectors of floats, got .*int"),
        (np.ones(3), np.ones(2), "one length"),
        (np.ones(1), np.ones(3), "one length"),
        (np.ones(3), np.ones(3, np.float32), "float32 must have one length and dtype"),
    ],
)
def test_vectors_that_do_not_match_are_an_error(make_optimizer, parameters, gradients, words):
    with pytest.raises(ChainruleError, match=words):
        make_optimizer().update(parameters, gradients)


def test_lists_are_refused_in_a_sentence():
    with pytest.raises(ChainruleError, match="flat vectors"):
        Adam().update([1.0, 2.0], [0.5, 0.5])
