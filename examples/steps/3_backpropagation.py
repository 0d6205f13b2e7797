"""Three layers: what one layer hands back is where the layer before it begins.

Run: python examples/steps/3_backpropagation.py
"""

from itertools import pairwise

import numpy as np

SIZES = (3, 8, 6, 2)  # numbers in, neurons of two hidden layers, numbers out
RATE = 0.3  # how far a step goes where the slope is 1
NUDGE = 1e-5

rng = np.random.default_rng(1)
X = rng.standard_normal((20, 3))  # (batch, in): 20 examples of three numbers
target = np.abs(X[:, :2])  # (batch, out): the first two, without their sign


def draw(rng):
    """Return weights from N(0, 2 / n_in) and biases of 0, an array for each layer."""
    weights, biases = [], []
    for n_in, n_out in pairwise(SIZES):
        W = rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)  # (in, out)
        weights.append(W)
        biases.append(np.zeros(n_out))
    return weights, biases


def forward(weights, biases, X):
    """Return what goes into each layer, and last what comes out of the last one."""
    a = [X]
    for W, b in zip(weights, biases):
        z = a[-1] @ W + b  # (batch, in) @ (in, out) + (out,)
        a.append(np.maximum(z, 0))  # (batch, out); ReLU: nothing below 0
    a[-1] = z  # the last layer has no ReLU: any number may come out
    return a


def squared_error(answer):
    """Return the loss, a mean, and its slopes along the answers."""
    difference = answer - target  # (batch, out)
    return (difference**2).mean(), 2 * difference / difference.size


def backward(weights, a, dz):
    """Return the slopes along all parameters: the chain rule, from layer to layer."""
    dW, db = [], []
    for k in reversed(range(len(weights))):
        dW.insert(0, a[k].T @ dz)  # (in, batch) @ (batch, out): summed over the batch
        db.insert(0, dz.sum(axis=0))  # (out,)
        if k > 0:
            da = dz @ weights[k].T  # (batch, out) @ (out, in)
            dz = da * (a[k] > 0)  # (batch, in), which is (batch, out) one layer earlier
    return dW, db


def loss_now():
    return squared_error(forward(weights, biases, X)[-1])[0]


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


weights, biases = draw(rng)
print("shapes", " -> ".join(str(one.shape) for one in forward(weights, biases, X)))
for step in range(1, 1001):
    a = forward(weights, biases, X)
    loss, dz = squared_error(a[-1])
    dW, db = backward(weights, a, dz)
    if step in (1, 10, 100, 1000):
        print(f"step {step}: loss {loss:.4f}, from nudging at most")
        for name, slopes, parameters in ("dW", dW, weights), ("db", db, biases):
            far = [f"{far_from_nudging(s, p):.0e}" for s, p in zip(slopes, parameters)]
            print(f"  {name}1 to {name}3", *far)
    for parameter, slopes in zip(weights + biases, dW + db):
        parameter -= RATE * slopes  # downhill
