"""All parameters lie in one flat vector, weights first; the layers hold views into it."""

import numpy as np
import pytest

from chainrule import ChainruleError, Dense, Layer, Network, ReLU, train_batch


class Scale(Layer):
    """y = s · x: a layer with a vector, a matrix and a scalar, in an awkward order."""

    def __init__(self):
        self.parameters["offset"] = np.float64(4)
        self.parameters["table"] = np.full((2, 3), 5.0)
        self.parameters["scale"] = np.array([1.0, 2.0, 3.0])


def assert_views(network):
    for layer in network:
        for name, view in layer.parameters.items():
            assert np.shares_memory(view, network.parameters)
            assert np.shares_memory(layer.gradients[name], network.gradients)
            assert layer.gradients[name].shape == view.shape


def test_layers_and_vector_share_memory_in_both_directions(make_network):
    network = make_network()
    assert_views(network)
    network.parameters[...] = np.arange(network.parameters.size)
    np.testing.assert_array_equal(network[0].weights, np.arange(24).reshape(4, 6))
    np.testing.assert_array_equal(network[2].biases, [48, 49, 50])
    network[2].biases[1] = -1
    assert network.parameters[49] == -1


def test_every_number_of_the_vector_belongs_to_exactly_one_layer(make_network):
    network = make_network()
    network.parameters[...] = network.gradients[...] = 0
    for layer in network:
        for name in layer.parameters:
            layer.parameters[name] += 1
            layer.gradients[name] += 1
    np.testing.assert_array_equal(network.parameters, 1)
    np.testing.assert_array_equal(network.gradients, 1)


def test_arrays_of_two_axes_come_first_in_order_and_weights_slice_is_theirs(make_network):
    network = make_network()
    weights = [network[0].weights, network[2].weights]
    rest = [network[0].biases, network[2].biases]
    assert network.weights_slice == slice(0, 24 + 18)
    np.testing.assert_array_equal(
        network.parameters, np.concatenate([array.ravel() for array in weights + rest])
    )
    assert network.parameters.flags.c_contiguous
    assert network.parameters.ndim == network.gradients.ndim == 1


class Filters(Layer):
    """A layer with a vector before an array of three axes."""

    def __init__(self):
        self.parameters["offsets"] = np.arange(2.0)
        self.parameters["filters"] = np.full((2, 1, 3), 5.0)


def test_arrays_of_three_axes_are_weights_as_well():
    network = Network([Filters()])
    assert network.weights_slice == slice(0, 6)
    np.testing.assert_array_equal(network.parameters, [5] * 6 + [0, 1])


def test_a_layers_own_values_are_packed_whatever_their_shape():
    network = Network([Scale()])
    np.testing.assert_array_equal(network.parameters, [5] * 6 + [4, 1, 2, 3])
    assert network.weights_slice == slice(0, 6)
    assert network[0].parameters["offset"].shape == ()
    assert_views(network)


def test_a_network_without_parameters_works():
    network = Network([ReLU()])
    assert network.parameters.size == 0
    assert network.weights_slice == slice(0, 0)
    np.testing.assert_array_equal(network.forward([[-1.0, 2.0]]), [[0, 2]])


def test_assigning_weights_copies_the_values_into_the_view(make_network):
    network, values = make_network(), np.ones((4, 6))
    network[0].weights = values
    network[0].biases = np.full(6, 2)
    values[...] = 7
    np.testing.assert_array_equal(network.parameters[:24], 1)
    np.testing.assert_array_equal(network[0].biases, 2)
    assert_views(network)


@pytest.mark.parametrize(("name", "shape"), [("weights", (6, 4)), ("biases", (1, 6))])
def test_assigning_another_shape_is_an_error_and_never_a_broadcast(make_network, name, shape):
    with pytest.raises(ChainruleError, match=rf"{name} of Dense\(4, 6\)"):
        setattr(make_network()[0], name, np.ones(shape))


def test_assigning_the_flat_vector_moves_the_layers(make_network, data):
    network = make_network()
    other = np.linspace(-1, 1, network.parameters.size, dtype=np.float32)
    network.parameters = other
    np.testing.assert_array_equal(network[0].weights.ravel(), other[:24])
    assert_views(network)


def test_training_moves_the_layers_through_the_vector(make_network, make_optimizer, data):
    network = make_network(make_optimizer())
    before = network[2].weights.copy()
    train_batch(network, *data)
    assert (network[2].weights != before).any()
    assert_views(network)


class Rebinding(Dense):
    """A Dense whose `backward` makes the mistake of the test."""

    kind = "gradients"

    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        entries = getattr(self, self.kind)
        entries["weights"] = entries["weights"] + 0
        return grad_x


@pytest.mark.parametrize("kind", ["gradients", "parameters"])
def test_a_rebound_array_is_found_after_the_first_backward(kind, data):
    network = Network([Dense(4, 5), Rebinding(5, 3)])
    network[1].kind = kind
    with pytest.raises(ChainruleError) as caught:
        network.loss_and_gradients(*data)
    for word in ("layer 1", "Rebinding(5, 3)", f"{kind}['weights']", "[...] ="):
        assert word in str(caught.value)


def test_a_gradient_without_a_parameter_is_found(data):
    network = Network([Dense(4, 3)])
    network[0].gradients["extra"] = np.zeros(2)
    with pytest.raises(ChainruleError, match=r"gradients\['extra'\]"):
        network.loss_and_gradients(*data)


def test_a_layer_that_keeps_its_array_under_a_second_name_still_learns_or_is_an_error(data):
    class Gain(Layer):
        def __init__(self):
            self.gain = self.parameters["gain"] = np.ones(4)

        def forward(self, x, training=False):
            self.x = x
            return self.gain * x

        def backward(self, grad_y):
            self.gradients["gain"][...] = (grad_y * self.x).sum(axis=0)
            return grad_y * self.gain

    try:
        network = Network([Gain(), Dense(4, 3)])
        network.parameters[...] = 2
        output = network[0].forward(data[0])
    except ChainruleError:
        return
    np.testing.assert_array_equal(output, 2 * data[0])
