"""The course's formulas in plain NumPy, in our words, with its faults mended.

As there: float64, a shuffled copy of all images each epoch, one-hot labels, new arrays at every
operation, the gradient of the input in every layer. Mended: the batch mean is taken once, Adam's
state belongs to its layer, and steps are counted once.
"""

import time

import numpy as np


class Dense:
    """y = x W + b."""

    def __init__(self, weights, biases):
        self.parameters = {"weights": weights.astype(float), "biases": biases.astype(float)}

    def forward(self, x):
        self.x = x
        return np.dot(x, self.parameters["weights"]) + self.parameters["biases"]

    def backward(self, grad_y):
        self.gradients = {
            "weights": np.dot(self.x.T, grad_y),
            "biases": np.sum(grad_y, axis=0),
        }
        return np.dot(grad_y, self.parameters["weights"].T)


class ReLU:
    """y = max(0, x)."""

    parameters: dict = {}  # noqa: RUF012  (it has none)

    def forward(self, x):
        self.x = x
        return np.maximum(0, x)

    def backward(self, grad_y):
        return grad_y * (self.x > 0).astype(float)


def crossentropy_gradient(logits, labels):
    """Return loss and gradient for the softmax of the logits, by way of one-hot labels."""
    one_hot = np.zeros_like(logits)
    one_hot[np.arange(len(logits)), labels] = 1
    exponentials = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    probabilities = exponentials / np.sum(exponentials, axis=1, keepdims=True)
    loss = -np.sum(one_hot * np.log(probabilities + 1e-9)) / len(logits)
    return loss, (probabilities - one_hot) / len(logits)


class SGD:
    """θ - α g."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def step(self, layers):
        for layer in layers:
            for name, theta in layer.parameters.items():
                layer.parameters[name] = theta - self.learning_rate * layer.gradients[name]


class Adam:
    """Its paper's rule, with a state for each layer and name."""

    def __init__(self, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.beta1, self.beta2 = beta1, beta2
        self.m, self.v, self.t = {}, {}, 0

    def step(self, layers):
        self.t += 1
        for number, layer in enumerate(layers):
            for name, theta in layer.parameters.items():
                key, g = (number, name), layer.gradients[name]
                m = self.beta1 * self.m.get(key, 0) + (1 - self.beta1) * g
                v = self.beta2 * self.v.get(key, 0) + (1 - self.beta2) * g**2
                self.m[key], self.v[key] = m, v
                m_hat = m / (1 - self.beta1**self.t)
                v_hat = v / (1 - self.beta2**self.t)
                change = self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
                layer.parameters[name] = theta - change


class Peer:
    """Dense and ReLU layers, trained on float64 images."""

    def __init__(self, work):
        self.work = work
        self.X, self.y = work.X_train.astype(float), work.y_train
        layers = [layer for start in work.start() for layer in (Dense(*start), ReLU())]
        self.layers = layers[:-1]
        self.optimizer = {"adam": Adam, "sgd": SGD}[work.optimizer](work.learning_rate)

    def prepare(self):
        self._gradients(self.X[: self.work.batch_size], self.y[: self.work.batch_size])

    def train(self):
        started = time.perf_counter()
        for epoch in range(self.work.epochs):
            order = self.work.order(epoch)
            X, y = self.X[order], self.y[order]
            for first in range(0, len(X), self.work.batch_size):
                rows = slice(first, first + self.work.batch_size)
                self._gradients(X[rows], y[rows])
                self.optimizer.step(self.layers)
        return time.perf_counter() - started

    def _gradients(self, X, y):
        loss, gradient = crossentropy_gradient(self._forward(X), y)
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return loss

    def _forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def predict(self, X):
        return self._forward(X).argmax(axis=1)
