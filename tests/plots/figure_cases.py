"""Every builder with made-up data, for tests of what all figures have in common."""

import math

import numpy as np

from chainrule import plots


def history(end, epochs=20, worst=0.9):
    """Return a history whose accuracy rises to `end`."""
    rise = 1 - np.exp(-np.arange(epochs) / 3)
    return {
        "loss": list(0.5 * np.exp(-np.arange(epochs) / 4) + 0.002),
        "val_loss": list(0.3 - 0.2 * rise),
        "accuracy": list(worst + (end - worst) * rise),
        "val_accuracy": list(worst + (end - worst) * rise),
        "seconds": list(np.arange(1.0, epochs + 1)),
    }


def without_validation(**more):
    """Return a history of training alone."""
    nothing = [math.nan] * 20
    return history(0.97) | {"val_loss": nothing, "val_accuracy": nothing} | more


def digits(count=30, seed=0):
    """Return images, labels, predicted classes (every fifth wrong) and probabilities."""
    rng = np.random.default_rng(seed)
    images = rng.random((count, 28, 28), dtype=np.float32)
    labels = rng.integers(0, 10, count)
    predicted = np.where(np.arange(count) % 5 == 0, (labels + 1) % 10, labels)
    probabilities = np.full((count, 10), 0.01)
    probabilities[np.arange(count), predicted] = 0.91
    return images, labels, predicted, probabilities


def counts(classes=10, seed=0):
    """Return a confusion matrix with a diagonal some hundred times its errors."""
    rng = np.random.default_rng(seed)
    return rng.poisson(3, (classes, classes)) + np.diag(rng.integers(800, 1100, classes))


IMAGES, LABELS, PREDICTED, PROBABILITIES = digits()
FOLDERS = [f"a class with the name of a folder, number {index}" for index in range(8)]
FOLDERS += ["W" * 200, "category 9"]  # names of classes
EMPTY = {"loss": [], "val_accuracy": []}
NAN = math.nan
WEIGHTS = np.random.default_rng(0).normal(0, 0.1, (784, 70))
RATES = {
    "Adam": {0.0001: [0.95, 0.951], 0.001: [0.97, 0.972], 0.01: [0.96, 0.9]},
    "SGD": {0.001: [0.6, 0.62], 0.1: [0.968, 0.965], 1.0: [0.1, NAN]},
}
LONG_TITLE = "Training compared: the embedded sample of 5,000 MNIST images, which is not full MNIST"
ALL = ["SGD", "momentum", "Nesterov", "RMSProp", "Adam", "AdamW", "my own rule", "another rule"]

CASES = {
    "samples": lambda **figure: plots.samples(IMAGES, LABELS, **figure),
    "one sample": lambda **figure: plots.samples(IMAGES[:1], LABELS[:1], **figure),
    "wide samples": lambda **figure: plots.samples(IMAGES[:, :14], LABELS, **figure),
    "distorted": lambda **figure: plots.distorted(IMAGES[:17], **figure),
    "comparison": lambda **figure: plots.training_comparison(
        [history(0.97), history(0.965)], ["Adam", "SGD"], classes=10, **figure
    ),
    "long title": lambda **figure: plots.training_comparison(
        [history(0.97), history(0.965)], ["Adam", "SGD"], title=LONG_TITLE, **figure
    ),
    "one epoch": lambda **figure: plots.training_comparison(
        [history(0.97, 1), history(0.965, 1)], ["Adam", "SGD"], **figure
    ),
    "diverged": lambda **figure: plots.training_comparison(
        [history(0.97), {"loss": [0.5, 40, NAN], "val_accuracy": [0.8, 0.1, 0.1]}, EMPTY],
        ["Adam", "SGD", "RMSProp"],
        classes=10,
        **figure,
    ),
    "nothing finished": lambda **figure: plots.training_comparison(
        [EMPTY, {}], ["Adam", "SGD"], classes=10, **figure
    ),
    "not validated": lambda **figure: plots.training_comparison(
        [without_validation()], ["network"], classes=10, **figure
    ),
    "one of two validated": lambda **figure: plots.training_comparison(
        [history(0.97), without_validation()], ["Adam", "SGD"], **figure
    ),
    "no accuracy": lambda **figure: plots.training_comparison(
        [without_validation(accuracy=[NAN] * 20)], ["network"], **figure
    ),
    "eight rules": lambda **figure: plots.training_comparison(
        [history(0.97 - 0.01 * index) for index in range(8)], ALL, classes=10, **figure
    ),
    "many lanes": lambda **figure: plots.training_comparison(
        [history(0.97 - 0.001 * index, 60) for index in range(20)],
        [f"{name}-seed{seed}" for name in ("adam", "sgd") for seed in range(10)],
        **figure,
    ),
    "bands": lambda **figure: plots.curves_with_bands(
        {"Adam": [history(0.97), history(0.96)], "SGD": [history(0.95), history(0.94, 5), EMPTY]},
        **figure,
    ),
    "rates": lambda **figure: plots.accuracy_by_learning_rate(RATES, classes=10, **figure),
    "every rate diverged": lambda **figure: plots.accuracy_by_learning_rate(
        {"Adam": {0.1: [NAN, None], 1: [NAN]}}, **figure
    ),
    "crowded rates": lambda **figure: plots.accuracy_by_learning_rate(
        {"Adam": {0.001 * factor: [0.97 - 0.001 * factor] for factor in range(1, 13)}}, **figure
    ),
    "nine empty lanes": lambda **figure: plots.training_comparison(
        [EMPTY] * 9, [f"adam-seed{seed}" for seed in range(9)], **figure
    ),
    "two classes": lambda **figure: plots.confusion(
        [[980, 20], [3, 997]], classes=["cat", "dog"], **figure
    ),
    "ten classes": lambda **figure: plots.confusion(counts(), **figure),
    "long names": lambda **figure: plots.confusion(
        counts(), classes=[f"a long name, {index}" for index in range(10)], **figure
    ),
    "very long names": lambda **figure: plots.confusion(counts(), classes=FOLDERS, **figure),
    "samples of folders": lambda **figure: plots.samples(
        IMAGES, LABELS, num_samples=10, classes=FOLDERS, **figure
    ),
    "predictions of folders": lambda **figure: plots.predictions(
        IMAGES[:10], LABELS[:10], PREDICTED[:10], PROBABILITIES[:10], classes=FOLDERS, **figure
    ),
    "mistakes of folders": lambda **figure: plots.mistakes(
        IMAGES, LABELS, PREDICTED, PROBABILITIES, classes=FOLDERS, **figure
    ),
    "26 classes": lambda **figure: plots.confusion(counts(26), **figure),
    "47 classes": lambda **figure: plots.confusion(counts(47), **figure),
    "predictions": lambda **figure: plots.predictions(
        IMAGES[:10], LABELS[:10], PREDICTED[:10], PROBABILITIES[:10], **figure
    ),
    "thirty predictions": lambda **figure: plots.predictions(
        IMAGES, LABELS + 20, PREDICTED + 20, **figure
    ),
    "mistakes": lambda **figure: plots.mistakes(IMAGES, LABELS, PREDICTED, PROBABILITIES, **figure),
    "no mistake": lambda **figure: plots.mistakes(
        IMAGES, LABELS, LABELS, PROBABILITIES[:, 0], **figure
    ),
    "first layer": lambda **figure: plots.first_layer(WEIGHTS, (28, 28), **figure),
    "three units": lambda **figure: plots.first_layer(WEIGHTS[:, :3], (28, 28), **figure),
}
