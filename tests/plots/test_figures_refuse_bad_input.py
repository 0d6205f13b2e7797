"""One sentence that says what was expected and what came."""

import numpy as np
import pytest
from figure_cases import IMAGES, LABELS, NAN, PREDICTED, PROBABILITIES, WEIGHTS, counts, history

from chainrule import plots
from chainrule.checks import ChainruleError

FLAT = IMAGES.reshape(30, -1)
BAD_PIXELS = np.where(np.arange(784) == 5, np.nan, FLAT)
GOOD = history(0.97)

CASES = {
    "no images": (lambda: plots.samples(np.empty((0, 28, 28)), []), r"\(0, 28, 28\)"),
    "no pixels": (lambda: plots.samples(FLAT[:, :0], LABELS), r"\(30, 0\)"),
    "not square": (lambda: plots.samples(FLAT[:, 1:], LABELS), r"\(30, 783\)"),
    "one image": (lambda: plots.samples(IMAGES[0], LABELS[:28]), r"\(28, 28\)"),
    "nan pixels": (lambda: plots.samples(BAD_PIXELS, LABELS), "NaN"),
    "text pixels": (lambda: plots.samples(np.full((2, 4), "a"), [0, 1]), "numbers"),
    "labels short": (lambda: plots.samples(IMAGES, LABELS[1:]), r"\(30,\).*\(29,\)"),
    "labels one-hot": (lambda: plots.samples(IMAGES, np.eye(30)), "one-hot"),
    "no samples": (lambda: plots.samples(IMAGES, LABELS, num_samples=0), "num_samples"),
    "bad rng": (lambda: plots.samples(IMAGES, LABELS, rng="a"), "rng"),
    "101 samples": (
        lambda: plots.samples(np.zeros((200, 4)), np.zeros(200, int), num_samples=101),
        "at most 100.*101",
    ),
    "101 pictures": (
        lambda: plots.predictions(np.zeros((101, 4)), np.zeros(101, int), np.zeros(101, int)),
        "at most 100.*101",
    ),
    "predicted short": (lambda: plots.predictions(IMAGES, LABELS, PREDICTED[1:]), "predicted"),
    "probabilities short": (
        lambda: plots.predictions(IMAGES, LABELS, PREDICTED, PROBABILITIES[1:]),
        r"\(29, 10\)",
    ),
    "logits": (
        lambda: plots.mistakes(IMAGES, LABELS, PREDICTED, 9 * PROBABILITIES),
        "predict_proba",
    ),
    "nan probabilities": (
        lambda: plots.mistakes(IMAGES, LABELS, PREDICTED, PROBABILITIES * NAN),
        "from 0 to 1",
    ),
    "class beyond the columns": (
        lambda: plots.mistakes(IMAGES, LABELS, PREDICTED + 5, PROBABILITIES),
        "0 to 9",
    ),
    "no histories": (lambda: plots.training_comparison([], []), "0 histories and 0 labels"),
    "too few labels": (
        lambda: plots.training_comparison([GOOD, GOOD], ["Adam"]),
        "2 histories and 1 labels",
    ),
    "one history": (lambda: plots.training_comparison(GOOD, ["Adam"]), r"\[history\]"),
    "one label": (lambda: plots.training_comparison([GOOD], "Adam"), "brackets"),
    "no dict": (lambda: plots.training_comparison([[1, 2]], ["Adam"]), "dict of lists.*list"),
    "no loss": (
        lambda: plots.training_comparison([{"val_accuracy": [0.9]}], ["Adam"]),
        "Adam.*'loss'.*val_accuracy",
    ),
    "per cent": (
        lambda: plots.training_comparison([{"loss": [1], "val_accuracy": [97.0]}], ["Adam"]),
        "share from 0 to 1, got 97",
    ),
    "one class": (lambda: plots.training_comparison([GOOD], ["Adam"], classes=1), "classes"),
    "no groups": (lambda: plots.curves_with_bands({}), "grouped"),
    "an empty group": (lambda: plots.curves_with_bands({"Adam": []}), "at least one"),
    "groups in a list": (lambda: plots.curves_with_bands([[GOOD]]), "grouped"),
    "another quantity": (
        lambda: plots.curves_with_bands({"Adam": [GOOD]}, quantity="speed"),
        "val_accuracy.*'speed'",
    ),
    "no rates": (lambda: plots.accuracy_by_learning_rate({"Adam": {}}), "grouped"),
    "a number for a list": (
        lambda: plots.accuracy_by_learning_rate({"Adam": {0.1: 0.9}}),
        "grouped",
    ),
    "rate of zero": (
        lambda: plots.accuracy_by_learning_rate({"Adam": {0.0: [0.9]}}),
        "learning rate of Adam.*above 0",
    ),
    "rate per cent": (
        lambda: plots.accuracy_by_learning_rate({"Adam": {0.1: [97]}}),
        "rate 0.1.*got 97",
    ),
    "not a square matrix": (lambda: plots.confusion(counts()[1:]), r"square.*\(9, 10\)"),
    "shares": (lambda: plots.confusion(counts() / 3), "shares"),
    "negative counts": (lambda: plots.confusion(-counts()), "from 0 up"),
    "nan counts": (lambda: plots.confusion(counts() * NAN), "counts"),
    "only zeros": (lambda: plots.confusion(np.zeros((3, 3))), "at least one image"),
    "too few names": (lambda: plots.confusion(counts(), classes=["a"]), "10 classes.*1 names"),
    "another image shape": (
        lambda: plots.first_layer(WEIGHTS, (28, 27)),
        r"\(784, 70\).*\(28, 27\)",
    ),
    "flat image shape": (lambda: plots.first_layer(WEIGHTS, (784,)), r"\(784,\)"),
    "nan weights": (lambda: plots.first_layer(WEIGHTS * NAN, (28, 28)), "diverged"),
    "no units": (lambda: plots.first_layer(WEIGHTS[:, :0], (28, 28)), "at least one"),
    "not a figure": (lambda: plots.confusion(counts(), figure="a"), "matplotlib Figure, got str"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_clear_sentence(case):
    call, message = CASES[case]
    with pytest.raises(ChainruleError, match=message) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_bad_input_leaves_a_given_figure_as_it_was():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots()
    with pytest.raises(ChainruleError):
        plots.confusion(np.zeros((3, 3)), figure=figure)
    assert len(figure.axes) == 1
