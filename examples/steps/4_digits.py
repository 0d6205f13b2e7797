"""Classes: softmax and cross-entropy, and a hundred handwritten digits learned by heart.

Run: python examples/steps/4_digits.py
"""

from itertools import pairwise

import numpy as np

from chainrule.data import load_mnist, preprocess_mnist

SIZES = (784, 256, 128, 64, 10)  # pixels, neurons of three hidden layers, classes
RATE = 0.05  # how far a step goes where the slope is 1
NUDGE = 1e-5

X_train, y_train, X_val, y_val, X_test, y_test = preprocess_mnist(*load_mnist())
X, y = X_train[:100], y_train[:100]  # (batch, in) and (batch,): images, and their digits


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


def softmax_crossentropy(logits, y):
    """Return the mean of -log(probability of the right class), and its slopes."""
    rows = np.arange(len(y))  # (batch,)
    shifted = logits - logits.max(axis=1, keepdims=True)  # (batch, 10) - (batch, 1)
    sums = np.exp(shifted).sum(axis=1, keepdims=True)  # (batch, 1)
    losses = np.log(sums[:, 0]) - shifted[rows, y]  # (batch,)
    dz = np.exp(shifted) / sums  # (batch, 10) / (batch, 1): the probabilities
    dz[rows, y] -= 1  # less 1 for the right class
    return losses.mean(), dz / len(y)


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


def predict(weights, biases, X):
    return forward(weights, biases, X)[-1].argmax(axis=1)  # (batch,)


def loss_now():
    return softmax_crossentropy(forward(weights, biases, X)[-1], y)[0]


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


weights, biases = draw(np.random.default_rng(0))
print("shapes", " -> ".join(str(one.shape) for one in forward(weights, biases, X)))
for step in range(1, 31):
    a = forward(weights, biases, X)
    loss, dz = softmax_crossentropy(a[-1], y)
    dW, db = backward(weights, a, dz)
    if step in (1, 3, 10, 30):
        far = [f"{far_from_nudging(s[:5], p[:5]):.0e}" for s, p in zip(db, biases)]
        print(f"step {step}: loss {loss:.4f}, from nudging at most")
        print("  db1 to db4, five of each", *far)
        right = (predict(weights, biases, X) == y).mean()
        right_of_new = (predict(weights, biases, X_val) == y_val).mean()
        print(f"  right {right:.0%}, of images it does not learn from {right_of_new:.1%}")
    for parameter, slopes in zip(weights + biases, dW + db):
        parameter -= RATE * slopes  # downhill
