"""A layer of your own, with a parameter that is learned: proved first, then trained.

Run: python examples/own_layer.py
"""

import numpy as np

from chainrule import Adam, Dense, Layer, Network, numerical_gradient, train_network


class PReLU(Layer):
    """y = x where x > 0, else slope · x; each unit learns its slope (He et al. 2015)."""

    def __init__(self, units):
        self.parameters["slopes"] = np.full(units, 0.25)

    def forward(self, x, training=False):
        self.x = x
        return np.where(x > 0, x, self.parameters["slopes"] * x)

    def backward(self, grad_y):
        self.gradients["slopes"][...] = np.sum(grad_y * np.minimum(self.x, 0), axis=0)
        return np.where(self.x > 0, grad_y, self.parameters["slopes"] * grad_y)


def two_moons(count, rng):
    """Return points (count, 2) on two half circles that interlock, and which circle each is on."""
    side = rng.integers(0, 2, count)
    angle = rng.uniform(0, np.pi, count)
    x = np.where(side == 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(side == 0, np.sin(angle), 0.5 - np.sin(angle))
    return np.column_stack([x, y]) + 0.1 * rng.standard_normal((count, 2)), side


def largest_difference(network, X, y):
    """Return how far backpropagation is from the definition of the derivative, at the worst."""
    network = network.astype(np.float64)
    _, analytic = network.loss_and_gradients(X, y)

    def loss_at(parameters):
        network.parameters[...] = parameters
        return network.loss(network.forward(X), y)[0]

    numeric = numerical_gradient(loss_at, network.parameters)
    return np.abs(analytic - numeric).max()


rng = np.random.default_rng(0)
X, y = two_moons(1_000, rng)
X_val, y_val = two_moons(500, rng)

network = Network([Dense(2, 16), PReLU(16), Dense(16, 2)], optimizer=Adam(learning_rate=0.01))
print(network)
print(f"largest error of a gradient: {largest_difference(network, X[:20], y[:20]):.1e}")
train_network(network, X, y, X_val, y_val, num_epochs=10)
print("slopes learned:", network[1].parameters["slopes"].round(2))
