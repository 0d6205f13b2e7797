"""The course in one programme: SGD against Adam, judged on images kept for that.

Run: python examples/steps/7_comparison.py
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from chainrule.data import load_mnist, preprocess_mnist

SIZES = (784, 256, 128, 64, 10)  # pixels, neurons of three hidden layers, classes
BATCH = 64
EPOCHS = 3  # how often each image is used

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


def adam(g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m[...] = beta1 * m + (1 - beta1) * g  # the mean of g
    v[...] = beta2 * v + (1 - beta2) * g**2  # the mean of g²
    m_hat = m / (1 - beta1**t)  # both begin at 0: too small at first
    v_hat = v / (1 - beta2**t)
    return rate * m_hat / (np.sqrt(v_hat) + epsilon)


RULES = {sgd: 0.05, adam: 0.0005}  # and their rates


def train(rule, rate):
    """Return a network trained by a rule, the loss of each batch, and what it got right."""
    weights, biases = draw(np.random.default_rng(0))
    parameters = weights + biases
    means = [np.zeros_like(one) for one in parameters]  # m, for each array
    squares = [np.zeros_like(one) for one in parameters]  # v, for each array
    losses, right = [], []
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
        right.append((predict(weights, biases, X_val) == y_val).mean())
        print(f"  epoch {epoch + 1}, {len(losses)} steps: right {right[-1]:.1%} of validation")
    return weights, biases, losses, right


runs = {}
for rule, rate in RULES.items():
    print(f"{rule.__name__}, rate {rate}")
    runs[rule.__name__] = train(rule, rate)

# The validation images say which is better. Then, once, the test images say how good they are.
better = max(runs, key=lambda name: runs[name][-1][-1])
print(f"better on validation images: {better}")
predicted = {name: predict(*run[:2], X_test) for name, run in runs.items()}  # (test,) each
for name, answers in predicted.items():
    right = (answers == y_test).mean()
    doubt = 2 * np.sqrt(right * (1 - right) / len(y_test))  # of so many images
    print(f"{name}: {right:.2%} of the test images right, give or take {doubt:.2%}")

confusion = np.zeros((10, 10), int)  # (true, predicted)
np.add.at(confusion, (y_test, predicted[better]), 1)
mistakes = confusion - np.diag(confusion.diagonal())  # (true, predicted)
true, taken_for = np.unravel_index(mistakes.argmax(), mistakes.shape)
print(
    f"most often: {true} taken for {taken_for}, {mistakes.max()} times of {confusion[true].sum()}"
)

looks = {"sgd": {"color": "#0072B2", "linestyle": "--"}, "adam": {"color": "#D55E00"}}
mosaic = [["loss"] * 4 + ["right"] * 3 + ["mistakes"] * 3, list(range(10))]
figure, axes = plt.subplot_mosaic(mosaic, figsize=(12, 5.5), layout="constrained")
for name, (_, _, losses, right) in runs.items():
    axes["loss"].plot(np.convolve(losses, np.full(100, 0.01), "valid"), **looks[name])
    axes["right"].plot(range(1, EPOCHS + 1), right, marker="o", label=name, **looks[name])
axes["loss"].set(xlabel="step", ylabel="loss, mean of 100 batches")
axes["right"].set(xlabel="epoch", ylabel="right, of validation", xticks=range(1, EPOCHS + 1))
axes["right"].legend()
axes["mistakes"].imshow(mistakes, cmap="Greys")
axes["mistakes"].set(xlabel="read as", ylabel="true", xticks=range(10), yticks=range(10))
for place in range(10):
    axes[place].imshow(X_test[place].reshape(28, 28), cmap="gray")
    axes[place].set(xlabel=f"read as {predicted[better][place]}", xticks=[], yticks=[])
figure.savefig("comparison.png")

# You have written a library. Its names for it: one turn of the loops in forward and backward is
# Dense and ReLU; weights, biases and those two functions are Network; a rule with its m, its v and
# its count of steps is SGD or Adam; train is train_network.
