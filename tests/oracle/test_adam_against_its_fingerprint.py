"""Under a constant gradient g Adam's step is rate · |g| / (|g| + epsilon), here in 50 digits."""

import numpy as np
import pytest

from chainrule import Adam, AdamW

mpmath = pytest.importorskip("mpmath", reason="the oracle needs mpmath: install chainrule[oracle]")

STEPS = 2_000
RATE, EPSILON = 1e-3, 1e-8


def fingerprint(gradients):
    """Return the length of the step for each gradient as it is stored."""
    with mpmath.workdps(50):
        sizes = [abs(mpmath.mpf(float(gradient))) for gradient in gradients]
        return np.array([float(RATE * size / (size + EPSILON)) for size in sizes])


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_each_of_2000_steps_has_the_length_of_the_fingerprint(kind, dtype, tolerance):
    gradients = np.array([sign * 10.0**k for k in range(-6, 7) for sign in (1, -1)], dtype)
    expected = -np.sign(gradients) * fingerprint(gradients)
    optimizer, largest = kind(RATE, epsilon=EPSILON, weight_decay=0), 0.0
    for _ in range(STEPS):
        moved = optimizer.update(np.zeros_like(gradients), gradients)  # from 0: the step, unrounded
        largest = max(largest, np.abs(moved / expected - 1).max())
    assert largest < tolerance
    print(f"{kind.__name__} {dtype.__name__}: largest relative error {largest:.1e}")
