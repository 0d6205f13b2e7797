"""The softmax loss and its gradient against arithmetic of 50 digits, for logits to ±1e4."""

import numpy as np
import pytest

from chainrule import softmax, softmax_crossentropy_with_logits

mpmath = pytest.importorskip("mpmath", reason="the oracle needs mpmath: install chainrule[oracle]")

SCALES = [1e-3, 1.0, 30.0, 1e3, 1e4]


def exactly(logits, labels):
    """Return loss, gradient and softmax of the logits as they are stored, from 50 digits."""
    with mpmath.workdps(50):
        total, probabilities = mpmath.mpf(0), []
        for row, label in zip(logits.tolist(), labels, strict=True):
            exponentials = [mpmath.exp(mpmath.mpf(logit)) for logit in row]
            total += mpmath.log(mpmath.fsum(exponentials)) - mpmath.mpf(row[label])
            whole = mpmath.fsum(exponentials)
            probabilities.append([float(part / whole) for part in exponentials])
        loss = float(total / len(labels))
        one_hot = np.eye(logits.shape[1])[labels]
        gradient = [
            [float((mpmath.mpf(p) - int(hit)) / len(labels)) for p, hit in zip(*rows, strict=True)]
            for rows in zip(probabilities, one_hot, strict=True)
        ]
    return loss, np.array(gradient), np.array(probabilities)


def assert_exact(logits, labels):
    loss, gradient, probabilities = exactly(logits, labels)
    came_loss, came_gradient = softmax_crossentropy_with_logits(logits, labels)
    epsilon = np.finfo(logits.dtype).eps
    assert abs(came_loss - loss) < 4 * epsilon * max(1, loss)
    assert np.abs(came_gradient - gradient).max() < 4 * epsilon / len(labels)
    assert np.abs(softmax(logits) - probabilities).max() < 4 * epsilon
    return abs(came_loss - loss) / (epsilon * max(1, loss))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("batch", "classes"), [(1, 2), (1, 10), (7, 10), (64, 10), (2, 1000)])
def test_random_logits(dtype, scale, batch, classes):
    rng, largest = np.random.default_rng(0), 0.0
    for _ in range(max(2, 60 // batch) if classes < 100 else 2):
        logits = rng.uniform(-scale, scale, (batch, classes)).astype(dtype)
        largest = max(largest, assert_exact(logits, rng.integers(0, classes, batch)))
    print(f"{dtype.__name__}: {largest:.2f} eps of max(1, loss)")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "row",
    [
        [1e4, -1e4, 0.0],
        [-1e4, -1e4, -1e4],
        [1e4, 1e4, 9999.0],
        [1e4, 9999.5, 9990.0],
        [0.0, -0.1, -40.0],
        [0.0, -17.0, -37.0],
        [3.0, 3.0, 3.0],
        [700.0, 710.0, 0.0],
    ],
    ids=str,
)
def test_logits_at_the_edges(dtype, row):
    for label in range(3):
        assert_exact(np.array([row], dtype), [label])
