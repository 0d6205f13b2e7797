"""Beside a kink there is no derivative: such entries are recognised, skipped and counted."""

import numpy as np
import pytest

from chainrule import Dense, Layer, LeakyReLU, Network, ReLU, audit, mean_squared_error


class OwnReLU(Layer):
    """A kink that the audit cannot know of."""

    def forward(self, x, training=False):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, grad_y):
        return grad_y * (self.x > 0)


class HardTanh(Layer):
    """Its kinks are not at 0."""

    def forward(self, x, training=False):
        self.x = x
        return np.clip(x, -1, 1)

    def backward(self, grad_y):
        return grad_y * (np.abs(self.x) < 1)


class FlippedReLU(OwnReLU):
    def backward(self, grad_y):
        return -super().backward(grad_y)


def network_and_batch(layer, place, distance):
    """Return a network and a batch of which one input of `layer` lies beside `place`."""
    X = np.random.default_rng(1).standard_normal((5, 4)) + 0.3
    X[2, 1] = place + distance
    return Network([layer, Dense(4, 3)], loss=mean_squared_error, rng=2), X, np.ones((5, 3))


@pytest.mark.parametrize("distance", [1e-6, -1e-6, 3e-8])
@pytest.mark.parametrize(
    ("layer", "place"),
    [(ReLU, 0), (LeakyReLU, 0), (OwnReLU, 0), (HardTanh, 1), (HardTanh, -1)],
)
def test_one_entry_beside_a_kink_is_skipped(layer, place, distance):
    found = audit(*network_and_batch(layer(), place, distance))
    assert found.passed, found
    assert [row.skipped for row in found.rows] == [0, 0, 1]
    assert found.rows[-1].checked == found.rows[-1].size - 1


@pytest.mark.parametrize("layer", [ReLU, LeakyReLU, OwnReLU])
def test_an_example_on_a_kink_gives_its_place_to_another(layer):
    found = audit(*network_and_batch(layer(), 0, 0))
    assert found.passed, found
    assert found.replaced == 1
    assert "1 examples beside a kink replaced" in str(found)


@pytest.mark.parametrize("layer", [ReLU, OwnReLU])
@pytest.mark.parametrize("distance", [1e-4, -1e-4, 2.5e-5, 1.4e-3])
def test_a_smaller_step_stays_clear_of_the_kink(layer, distance):
    found = audit(*network_and_batch(layer(), 0, distance))
    assert found.passed
    assert found.rows[-1].skipped == 0


def test_a_wrong_gradient_is_not_excused_by_a_kink():
    found = audit(*network_and_batch(FlippedReLU(), 0, 1e-6))
    assert not found.passed
    assert "layer 0, FlippedReLU()" in found.verdict.sentence
    assert found.rows[-1].skipped == 0


def test_smooth_layers_skip_nothing():
    rng = np.random.default_rng(4)
    found = audit(Network([Dense(4, 3)], rng=2), rng.standard_normal((5, 4)), [0, 1, 2, 1, 0])
    assert found.passed
    assert sum(row.skipped for row in found.rows) == 0
    assert found.replaced == 0
