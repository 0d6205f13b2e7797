"""The NumPy calls of an estimator's step and nothing else: no layer, no check, no history.

One hidden layer with ReLU, Adam, weight decay; softmax, logistic or squared error. It shows what
is left to save for a program that makes the same calls in the same order.
"""

import math
import time

import numpy as np

from chainrule.training import epoch_batches

EPOCHS = 60


def seconds_of_a_step(estimator, X, y, batch_size):
    """Return the mean time of a step, the shuffling of each epoch included."""
    step, _ = bare_step(estimator, X, y)
    steps = 0
    started = time.perf_counter()
    for epoch in range(EPOCHS):
        for batch in epoch_batches(len(X), batch_size, 0, epoch):
            steps += 1
            step(batch, steps)
    return (time.perf_counter() - started) / steps


def bare_step(estimator, X, y):
    """Return step(batch, t), and the vector of the parameters that it moves.

    The vector starts as a copy of those of the fitted estimator; y is as its network takes it.
    """
    weights, biases = estimator.coefs_, estimator.intercepts_
    theta = np.concatenate([part.ravel() for part in (*weights, *biases)])
    g, m, v = (np.zeros_like(theta) for _ in range(3))
    W1, W2, b1, b2 = _views(theta, weights, biases)
    dW1, dW2, db1, db2 = _views(g, weights, biases)
    decayed, zero = slice(0, W1.size + W2.size), np.zeros_like(b1)
    loss_of = {"softmax": _crossentropy, "logistic": _logistic, "identity": _squared}[
        estimator.out_activation_
    ]
    multiply = np.multiply if W2.shape[1] == 1 else np.matmul
    rate, beta1, beta2 = estimator.learning_rate_init, estimator.beta_1, estimator.beta_2

    def step(batch, t):
        x, target = X.take(batch, axis=0), y.take(batch, axis=0)
        z = x @ W1
        np.add(z, b1, out=z)
        a = np.maximum(z, zero)
        outputs = a @ W2
        np.add(outputs, b2, out=outputs)
        dy = loss_of(outputs, target)
        np.matmul(a.T, dy, out=dW2)
        dy.sum(axis=0, out=db2)
        dz = multiply(dy, W2.T) * (z > 0)
        np.matmul(x.T, dz, out=dW1)
        dz.sum(axis=0, out=db1)
        gradient = g.copy()
        gradient[decayed] += estimator.alpha / len(batch) * theta[decayed]
        np.multiply(m, beta1, out=m)
        np.add(m, (1 - beta1) * gradient, out=m)
        np.multiply(v, beta2, out=v)
        np.add(v, (1 - beta2) * gradient * gradient, out=v)
        root = math.sqrt(1 - beta2**t)
        moved = rate * root / (1 - beta1**t) * m / (np.sqrt(v) + estimator.epsilon * root)
        np.subtract(theta, moved, out=theta)

    return step, theta


def _views(vector, weights, biases):
    parts = [*weights, *biases]
    stops = np.cumsum([part.size for part in parts])
    return [
        vector[stop - part.size : stop].reshape(part.shape)
        for part, stop in zip(parts, stops, strict=True)
    ]


def _crossentropy(logits, labels):
    rows = np.arange(len(logits))
    shifted = logits - logits.T.copy().max(axis=0)[:, np.newaxis]
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1)
    float((np.log(sums) - shifted[rows, labels]).sum())
    gradient = exponentials / sums[:, np.newaxis]
    gradient[rows, labels] -= 1
    return gradient / len(logits)


def _logistic(logits, targets):
    targets = targets.reshape(logits.shape)
    float((np.logaddexp(0, logits) - logits * targets).sum())
    return (np.exp(-np.logaddexp(0, -logits)) - targets) / len(logits)


def _squared(outputs, targets):
    difference = outputs - targets
    float((difference * difference).sum())
    return difference / len(outputs)
