"""Under a constant gradient g every step of Adam has length rate · |g| / (|g| + epsilon)."""

import numpy as np
import pytest

from chainrule import Adam, AdamW


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize("epsilon", [1e-8, 1e-3])
def test_every_step_has_the_length_of_the_fingerprint(kind, epsilon):
    gradients = np.array([1e-9, 1e-6, 0.1, 1.0, 1e6])
    gradients[::2] *= -1
    rate = 0.01
    optimizer = kind(rate, epsilon=epsilon, weight_decay=0)
    parameters = np.zeros_like(gradients)
    for _ in range(300):
        before = parameters.copy()
        optimizer.update(parameters, gradients)
        length = rate * np.abs(gradients) / (np.abs(gradients) + epsilon)
        np.testing.assert_allclose(parameters - before, -np.sign(gradients) * length, rtol=1e-9)


def test_the_peak_step_over_the_rate_is_one_for_any_scale_of_the_gradient():
    optimizer, parameters = Adam(1.0), np.zeros(1)
    steps = []
    for _ in range(100):
        before = parameters.copy()
        optimizer.update(parameters, np.array([12.5]))
        steps.append(abs(parameters - before).item())
    assert max(steps) == pytest.approx(1.00, abs=1e-6)
    assert min(steps) == pytest.approx(1.00, abs=1e-6)
