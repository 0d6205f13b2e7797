"""How many digits the networks of `chainrule train --recipe record-small` read wrongly.

    python -m benchmarks.record runs/record-0 runs/record-1 runs/record-2
    python -m benchmarks.record --held-out --strengths 0.25 0.5 1 runs/held-10 runs/held-11
    python -m benchmarks.record --digits runs/record-0 runs/record-1 runs/record-2

Each argument is the run folder of one training. Rows are the single networks, their committee
(the mean of their probabilities), and both again where a network answers for 16 distorted copies
of each digit and the mean of its answers counts.

The digits are MNIST's 10,000 test images, or, with --held-out, the images that the trainings set
aside: there the strength of the copies was chosen. With --digits they are scikit-learn's 1,797
(`load_digits`), other people's hands in 8x8 pixels, enlarged and brought into MNIST's form by
`centre`. The table goes to standard output; --figure draws the digits that the committee reads
wrongly.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.handwriting.__main__ import check
from chainrule import plots
from chainrule.data.distort import Distorted
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset
from chainrule.experiments.metrics import checked_metrics
from chainrule.experiments.run_folder import model_path
from chainrule.losses import softmax_crossentropy_with_logits
from chainrule.reading.centring import centre
from chainrule.reading.classifier import ImageClassifier

COPIES = 16


def main():
    """Read the command line, judge, and print the table."""
    options = parser().parse_args()
    runs = [checked_metrics(folder, "train") for folder in options.folders]
    dataset = load_dataset("auto")
    networks = [
        network_of(folder, run, dataset) for folder, run in zip(options.folders, runs, strict=True)
    ]
    split = split_of(runs[0], dataset)
    name, X, y = digits(split, options)
    print(f"{len(y):,} {name}\n")
    print("| what answers | wrong, each | mean error | cross-entropy |")
    print("| --- | --- | --- | --- |")
    single = np.array([network.predict_proba(X) for network in networks])
    show("one network", single, y)
    show(f"committee of {len(networks)}", single.mean(axis=0, keepdims=True), y)
    for strength in options.strengths:
        copies = np.array([over_copies(network, X, split, strength) for network in networks])
        with_copies = f"{COPIES} copies of strength {strength:g}"
        show(f"one network, {with_copies}", copies, y)
        show(f"committee, {with_copies}", copies.mean(axis=0, keepdims=True), y)
    if options.figure:
        draw(options.figure, single.mean(axis=0), X, y, split)


def network_of(folder, run, dataset):
    """Return the network of a run that may be judged on the test images."""
    (entry,) = run["runs"]
    classifier = ImageClassifier.load(model_path(folder, entry["lane"]))
    check(classifier, dataset)
    return classifier.network


def split_of(run, dataset):
    """Return the images as the training of a run had them."""
    settings = run["settings"]
    size = settings["validation_size"]
    return split_dataset(dataset, run["data"]["train"], settings["split_seed"], size)


def digits(split, options):
    """Return what the images are called, their rows, and the right answers."""
    if options.digits:
        from sklearn.datasets import load_digits

        found = load_digits()
        images = np.array([centre(enlarged(one), light_on_dark=True) for one in found.images])
        return "images of load_digits", split.standardisation.apply(images), found.target
    if options.held_out:
        return f"held-out images of {split.title}", split.X_val, split.y_val
    return f"test images of {split.title}", split.X_test, split.y_test


def enlarged(image):
    """Return a digit of 8x8 pixels from 0 to 16 in 280x280 bytes, as `handwriting` does."""
    grey = Image.fromarray(np.rint(image / 16 * 255).astype(np.uint8))
    return np.asarray(grey.resize((280, 280), Image.Resampling.BICUBIC))


def over_copies(network, X, split, strength):
    """Return the mean of the probabilities that a network gives distorted copies."""
    copies = Distorted(X, split.image_shape, seed=0, strength=strength)
    mean = np.zeros((len(X), len(split.classes)))
    for epoch in range(COPIES):
        copies.begin_epoch(epoch)
        mean += network.predict_proba(copies) / COPIES
    return mean


def show(name, probabilities, y):
    """Print a row: probabilities (answers, n, classes), and what is right (n,)."""
    wrong = (probabilities.argmax(axis=2) != y).sum(axis=1)
    with np.errstate(divide="ignore"):
        losses = [softmax_crossentropy_with_logits(np.log(one), y)[0] for one in probabilities]
    each = ", ".join(map(str, wrong))
    print(f"| {name} | {each} | {wrong.mean() / len(y):.3%} | {np.mean(losses):.4f} |", flush=True)


def draw(path, probabilities, X, y, split):
    """Draw the digits that are read wrongly, the surest first."""
    predicted = probabilities.argmax(axis=1)
    title = f"{np.count_nonzero(predicted != y)} digits read wrongly, the surest answers first"
    images = split.images(X)
    figure = plots.mistakes(images, y, predicted, probabilities, num_mistakes=100, title=title)
    plots.save_figure(figure, path)


def parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.record",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("folders", nargs="+", metavar="RUN", type=Path, help="run folders of chainrule train")
    which = parser.add_mutually_exclusive_group().add_argument
    which("--held-out", action="store_true", help="the images that were set aside, not the test's")
    which("--digits", action="store_true", help="scikit-learn's load_digits, not MNIST's test")
    add("--strengths", nargs="*", metavar="S", type=float, default=[0.5],
        help="of the distorted copies (default: 0.5)")  # fmt: skip
    add("--figure", metavar="FILE", type=Path, help="draw what the committee reads wrongly")
    return parser


if __name__ == "__main__":
    main()
