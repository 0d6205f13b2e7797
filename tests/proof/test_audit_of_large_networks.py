"""Random directions prove the course's network, and find one wrong array or entry in it."""

import numpy as np
import pytest

from chainrule import Dense, Network, ReLU, audit, create_network


class Averaging(Dense):
    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        for gradient in self.gradients.values():
            gradient /= len(grad_y)
        return grad_x


class OneEntryWrong(Dense):
    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        self.gradients["weights"][77, 33] *= 1.1
        return grad_x


class NoisyGradient(Dense):
    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        noise = np.random.default_rng(0).standard_normal(self.weights.shape)
        self.gradients["weights"] *= 1 + 1e-4 * noise
        return grad_x


def course_network(odd):
    """Return the course's network with `odd` as its second Dense layer."""
    layers = [Dense(784, 256), ReLU(), odd(256, 128), ReLU(), Dense(128, 64), ReLU(), Dense(64, 10)]
    return Network(layers, rng=0)


def batch(count):
    rng = np.random.default_rng(5)
    return rng.standard_normal((count, 784)), rng.integers(0, 10, count)


def test_the_network_of_the_course_is_proved():
    found = audit(create_network("adam"), *batch(16))
    assert found.passed
    assert found.method == "projections"
    assert len(found.rows) == 9
    assert all(row.checked == 3 for row in found.rows)


def test_a_factor_of_one_64th_is_read_off():
    found = audit(course_network(Averaging), *batch(64))
    wrong = {(row.layer, row.name): row.cause for row in found.rows if not row.passed}
    name = "layer 2, Averaging(256, 128)"
    assert wrong == {(name, "weights"): "averaged-twice", (name, "biases"): "averaged-twice"}
    assert found.verdict.sentence == (
        f"The gradient of the weights of {name}, is 1/64 of the numerical gradient: "
        "is the batch averaged twice?"
    )


@pytest.mark.parametrize("odd", [OneEntryWrong, NoisyGradient])
def test_a_single_wrong_weights_gradient_is_found(odd):
    found = audit(course_network(odd), *batch(8))
    wrong = [(row.layer, row.name, row.cause) for row in found.rows if not row.passed]
    assert wrong == [(f"layer 2, {odd.__name__}(256, 128)", "weights", "differs")]
    if odd is OneEntryWrong:
        assert "differs at entry (77, 33)" in found.verdict.sentence


def test_another_generator_draws_other_directions_with_the_same_verdict():
    network, data = create_network("adam"), batch(4)
    first, same, other = (audit(network, *data, rng=rng) for rng in (0, 0, 1))
    assert first == same != other
    assert first.passed
    assert other.passed
