"""An optimizer of your own: anything with update(parameters, gradients) -> parameters.

Run: python examples/own_optimizer.py
"""

import numpy as np

from chainrule import create_network, train_network


class Lion:
    """Step by the sign of a mean of gradients (Chen et al. 2023, Algorithm 2, no decay)."""

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.99):
        self.learning_rate, self.beta1, self.beta2 = learning_rate, beta1, beta2
        self.m = 0.0

    def update(self, parameters, gradients):
        direction = np.sign(self.beta1 * self.m + (1 - self.beta1) * gradients)
        self.m = self.beta2 * self.m + (1 - self.beta2) * gradients
        return parameters - self.learning_rate * direction


def stripes(count, rng):
    """Return pictures (count, 64) of noise with one bright row, and which of the eight rows."""
    row = rng.integers(0, 8, count)
    pictures = rng.standard_normal((count, 8, 8))
    pictures[np.arange(count), row] += 1.0
    return pictures.reshape(count, 64), row


rng = np.random.default_rng(0)
X, y = stripes(2_000, rng)
X_val, y_val = stripes(1_000, rng)

network = create_network(sizes=(64, 32, 8))
network.optimizer = Lion()
train_network(network, X, y, X_val, y_val, num_epochs=10)
