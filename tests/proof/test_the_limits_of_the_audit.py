"""Each number of the audit is held from both sides: within it passes, beyond it fails."""

import numpy as np
import pytest

from chainrule import (
    Adam,
    Dense,
    Layer,
    Network,
    Tanh,
    audit,
    softmax_crossentropy_with_logits,
    train_batch,
)

Y = [0, 1, 2, 2, 1, 0]


class Off(Dense):
    """A Dense layer of which one entry of the weights' gradient is off by `error`."""

    def __init__(self, n_in, n_out, place, error):
        super().__init__(n_in, n_out)
        self.place, self.error = place, error

    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        self.gradients["weights"][self.place] += self.error
        return grad_x


class Shrink(Layer):
    def __init__(self, factor):
        self.factor = factor

    def forward(self, x, training=False):
        return self.factor * x

    def backward(self, grad_y):
        return self.factor * grad_y


def inputs(second):
    """Return six examples whose second feature is `second` times the first."""
    X = np.random.default_rng(3).standard_normal((6, 3))
    X[:, 1] = second * X[:, 0]
    return X


def weights_row(layers, X, loss=softmax_crossentropy_with_logits):
    found = audit(Network(layers, loss=loss, rng=1), X, Y)
    return found.rows[0], found


def largest_entry(layers, X):
    network = Network(layers, rng=1, dtype=np.float64)
    network.loss_and_gradients(X, Y)
    gradient = network[0].gradients["weights"]
    place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    return place, float(np.abs(gradient[place]))


@pytest.mark.parametrize(("error", "right"), [(2e-6, False), (-2e-6, False), (5e-7, True)])
def test_a_millionth_of_an_entry_is_allowed(error, right):
    X = inputs(0.005)
    place, size = largest_entry([Dense(3, 4), Tanh(), Dense(4, 3)], X)
    row, found = weights_row([Off(3, 4, place, error * size), Tanh(), Dense(4, 3)], X)
    assert row.passed == found.passed == right


@pytest.mark.parametrize(("error", "right"), [(1.3e-8, False), (-1.3e-8, False), (7e-9, True)])
def test_a_small_entry_is_judged_as_if_it_were_a_hundredth_of_the_largest(error, right):
    X = inputs(0.005)
    X[:, 2] = 0.001 * X[:, 2]
    place, size = largest_entry([Dense(3, 4), Tanh(), Dense(4, 3)], X)
    assert place[0] == 0  # so that the entry below it is 0.5 % of it
    layers = [Off(3, 4, (1, place[1]), error * size), Tanh(), Dense(4, 3)]
    row, found = weights_row(layers, X)
    assert row.passed == found.passed == right


@pytest.mark.parametrize(("error", "right"), [(0.0, True), (5e-9, False), (-5e-9, False)])
def test_what_the_rounding_of_the_loss_hides_is_skipped_and_no_more(error, right):
    # The gradients are about 2e-6, those of the second feature 2e-10; the loss is known to 1e-16.
    layers = [Off(3, 4, (1, 2), error), Shrink(2e-6), Dense(4, 3)]
    row, _ = weights_row(layers, inputs(1e-4))
    assert row.skipped > 0
    assert row.cause == ("" if right else "differs")


@pytest.mark.parametrize(
    ("factor", "cause"), [(1e-6, ""), (1e-9, "nobody-checked"), (1e-13, "nothing-proved")]
)
def test_gradients_are_zero_only_below_the_rounding(factor, cause):
    row, _ = weights_row([Dense(3, 4), Shrink(factor), Dense(4, 3)], inputs(1.0))
    assert row.cause == cause


@pytest.mark.parametrize("wrong", [False, True])
def test_one_wrong_sign_is_found_however_small_the_loss(wrong):
    def scaled(outputs, y):
        loss, gradient = softmax_crossentropy_with_logits(outputs, y)
        return 1e-9 * loss, 1e-9 * gradient

    X = inputs(0.5)
    place, size = largest_entry([Dense(3, 4), Tanh(), Dense(4, 3)], X)
    plain = Network([Dense(3, 4), Tanh(), Dense(4, 3)], rng=1, dtype=np.float64)
    plain.loss_and_gradients(X, Y)
    error = -2e-9 * plain[0].gradients["weights"][place] if wrong else 0.0
    assert size > 0.01
    row, found = weights_row([Off(3, 4, place, error), Tanh(), Dense(4, 3)], X, scaled)
    assert found.passed == row.passed == (not wrong)


def test_a_sure_network_does_not_hide_a_wrong_sign():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.standard_normal((20, 4)) + 4, rng.standard_normal((20, 4)) - 4])
    y = np.repeat([0, 1], 20)
    right = [Dense(4, 8), Tanh(), Dense(8, 6), Tanh(), Dense(6, 2)]
    trained = Network(right, optimizer=Adam(0.01), rng=0)
    for _ in range(1_000):
        train_batch(trained, X, y)

    class OneSign(Dense):
        def backward(self, grad_y):
            grad_x = super().backward(grad_y)
            smallest = np.abs(self.gradients["biases"]).argmin()
            self.gradients["biases"][smallest] *= -1
            return grad_x

    broken = Network([OneSign(4, 8), Tanh(), Dense(8, 6), Tanh(), Dense(6, 2)], rng=0)
    broken.parameters = trained.parameters
    assert audit(trained, X, y).passed
    found = audit(broken, X, y)
    assert [(row.layer[:7], row.name) for row in found.rows if not row.passed] == [
        ("layer 0", "biases")
    ]


def test_a_loss_that_happens_to_be_zero_is_no_better_known():
    rng = np.random.default_rng(0)
    slopes, half = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    cotangent = np.concatenate([slopes, -slopes])

    def linear(outputs, y):
        return float(np.sum(cotangent * outputs)), cotangent

    network = Network([Dense(3, 4), Tanh(), Dense(4, 3)], loss=linear, rng=1)
    found = audit(network, np.concatenate([half, half]), np.zeros(8))
    assert {row.cause for row in found.rows} <= {"", "nothing-proved", "nobody-checked"}
    assert found.rows[-1].passed
