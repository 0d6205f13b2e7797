"""Mini-batches: many small steps in place of one, out of the same images.

Run: python examples/steps/5_sgd.py
"""

from itertools import pairwise

import numpy as np

from chainrule.data import load_mnist, preprocess_mnist

SIZES = (784, 256, 128, 64, 10)  # pixels, neurons of three hidden layers, classes
RATE = 0.05  # how far a step goes where the slope is 1
EPOCHS = 2  # how often each image is used

X_train, y_train, X_val, y_val, X_test, y_test = preprocess_mnist(*load_mnist())
chosen = np.random.default_rng(0).permutation(len(X_train))[:20_000]  # (images,)
X, y = X_train[chosen], y_train[chosen]  # (images, in) and (images,)


def draw(rng):
    """Return weights from N(0, 2 / n_in) and biases of 0, an array for each layer."""
    weights, biases = [], []
    for n_in, n_out in pairwise(SIZES):
        W = rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)  # (in, out)
        weights.append(W.astype(np.float32))  # half the memory of float64
        biases.append(np.zeros(n_out, np.float32))
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


def train(batch_size):
    """Train a fresh network, and return the loss of each batch."""
    weights, biases = draw(np.random.default_rng(0))
    losses = []
    for epoch in range(EPOCHS):
        order = np.random.default_rng([0, epoch]).permutation(len(X))  # (images,)
        for first in range(0, len(X), batch_size):
            batch = order[first : first + batch_size]  # (batch,)
            a = forward(weights, biases, X[batch])
            loss, dz = softmax_crossentropy(a[-1], y[batch])
            losses.append(loss)
            dW, db = backward(weights, a, dz)
            for parameter, slopes in zip(weights + biases, dW + db):
                parameter -= RATE * slopes  # downhill
        right = (predict(weights, biases, X_val) == y_val).mean()
        print(f"  epoch {epoch + 1}, {len(losses)} steps: right {right:.1%} of validation")
    return losses


for batch_size in (len(X), 64):
    print(f"batches of {batch_size}")
    losses = train(batch_size)
    print(f"  loss of the first batch {losses[0]:.4f}, of the last {losses[-1]:.4f}")
