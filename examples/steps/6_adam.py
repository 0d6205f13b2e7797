"""Rules: momentum, RMSProp and Adam turn the same slopes into other steps.

Run: python examples/steps/6_adam.py
"""

from itertools import pairwise

import numpy as np

from chainrule.data import load_mnist, preprocess_mnist

SIZES = (784, 256, 128, 64, 10)  # pixels, neurons of three hidden layers, classes
BATCH = 64
EPOCHS = 1  # how often each image is used

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


# A rule returns the step of one array of parameters. It is given their slopes g, two arrays m and v
# of the same shape to remember things in, the number t of this step, and the rate.


def sgd(g, m, v, t, rate):
    return rate * g


def momentum(g, m, v, t, rate, mu=0.9):
    m[...] = mu * m + g  # like a ball that rolls
    return rate * m


def rmsprop(g, m, v, t, rate, beta=0.99, epsilon=1e-8):
    v[...] = beta * v + (1 - beta) * g**2  # the mean of g², the older the fainter
    return rate * g / (np.sqrt(v) + epsilon)


def adam(g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m[...] = beta1 * m + (1 - beta1) * g  # the mean of g
    v[...] = beta2 * v + (1 - beta2) * g**2  # the mean of g²
    m_hat = m / (1 - beta1**t)  # both begin at 0: too small at first
    v_hat = v / (1 - beta2**t)
    return rate * m_hat / (np.sqrt(v_hat) + epsilon)


RULES = {sgd: 0.05, momentum: 0.005, rmsprop: 0.0005, adam: 0.0005}  # and their rates


def train(rule, rate):
    """Train a fresh network by a rule, and return the loss of each batch."""
    weights, biases = draw(np.random.default_rng(0))
    parameters = weights + biases
    means = [np.zeros_like(one) for one in parameters]  # m, for each array
    squares = [np.zeros_like(one) for one in parameters]  # v, for each array
    losses = []
    for epoch in range(EPOCHS):
        order = np.random.default_rng([0, epoch]).permutation(len(X))  # (images,)
        for first in range(0, len(X), BATCH):
            batch = order[first : first + BATCH]  # (batch,)
            a = forward(weights, biases, X[batch])
            loss, dz = softmax_crossentropy(a[-1], y[batch])
            losses.append(loss)
            dW, db = backward(weights, a, dz)
            memory = zip(dW + db, means, squares)
            steps = [rule(g, m, v, len(losses), rate) for g, m, v in memory]
            for parameter, step in zip(parameters, steps):
                parameter -= step
            if len(losses) == 1:
                lengths = np.abs(steps[0]) / rate  # (in, out) of the first layer
                middle, longest = np.median(lengths), lengths.max()
                print(f"  first step / rate: median {middle:.4f}, longest {longest:.4f}")
        right = (predict(weights, biases, X_val) == y_val).mean()
        print(f"  epoch {epoch + 1}, {len(losses)} steps: right {right:.1%} of validation")
    return losses


for rule, rate in RULES.items():
    print(f"{rule.__name__}, rate {rate}")
    losses = train(rule, rate)
    print(
        f"  loss of the first batch {losses[0]:.4f}, of the last 100 {np.mean(losses[-100:]):.4f}"
    )
