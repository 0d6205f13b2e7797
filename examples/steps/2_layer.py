"""A layer and a batch: many neurons, many examples, and the same few lines.

Run: python examples/steps/2_layer.py
"""

import numpy as np

RATE = 0.3  # how far a step goes where the slope is 1
NUDGE = 1e-5

rng = np.random.default_rng(1)
X = rng.standard_normal((20, 3))  # (batch, in): 20 examples of three numbers
target = np.abs(X[:, :2])  # (batch, out): the first two, without their sign
W = rng.standard_normal((3, 2))  # (in, out): a column for each neuron
b = np.zeros(2)  # (out,)


def forward(W, b, X):
    z = X @ W + b  # (batch, in) @ (in, out) + (out,)
    return np.maximum(z, 0)  # (batch, out); ReLU: nothing below 0


def squared_error(answer):
    """Return the loss, a mean, and its slopes along the answers."""
    difference = answer - target  # (batch, out)
    return (difference**2).mean(), 2 * difference / difference.size  # one number; (batch, out)


def backward(X, a, da):
    """Return the slopes of the loss along W and b: the chain rule, link by link."""
    dz = da * (a > 0)  # (batch, out)
    dW = X.T @ dz  # (in, batch) @ (batch, out): summed over the batch
    db = dz.sum(axis=0)  # (out,)
    return dW, db


def loss_now():
    return squared_error(forward(W, b, X))[0]


def far_from_nudging(slopes, parameter):
    """Return how far slopes are at most from their definition, number by number."""
    differences = np.zeros_like(parameter)
    for place in np.ndindex(parameter.shape):
        kept = parameter[place]
        parameter[place] = kept + NUDGE
        above = loss_now()
        parameter[place] = kept - NUDGE
        below = loss_now()
        parameter[place] = kept
        differences[place] = slopes[place] - (above - below) / (2 * NUDGE)
    return np.abs(differences).max()


print(f"shapes {X.shape} @ {W.shape} + {b.shape} -> {forward(W, b, X).shape}")
for step in range(1, 101):
    a = forward(W, b, X)  # (batch, out)
    loss, da = squared_error(a)
    dW, db = backward(X, a, da)
    if step in (1, 10, 100):
        far = [f"{far_from_nudging(s, p):.0e}" for s, p in ((dW, W), (db, b))]
        print(f"step {step}: loss {loss:.4f}, dW and db from nudging at most", *far)
    W -= RATE * dW  # downhill
    b -= RATE * db
