"""Chainrule's estimators and scikit-learn's, side by side: the same settings, data and seeds.

    pip install -e '.[sklearn]'
    python -m benchmarks.estimators                # ten seeds: a minute or two
    python -m benchmarks.estimators --fast         # the rules compiled, with the extra [fast]
    python -m benchmarks.estimators --profile      # where the time of a step goes

Seed k splits the data (a quarter is the test part, which only judges) and is the random_state of
both. X is standardised on the training part, the target of diabetes as well. Both classes stand at
their defaults. The two take turns at who fits first. The interval is that of the paired difference
over the seeds, by Student's t; a time is that of `fit`, and the ratio is that of the medians.
"""

import argparse
import statistics
import time
import warnings

import numpy as np
from scipy.stats import t as students_t
from sklearn import datasets, neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from benchmarks.bare import seconds_of_a_step
from benchmarks.profile import operation_times, time_of_products
from chainrule import Dense
from chainrule.interop import sklearn as chainrule_estimators
from chainrule.training import epoch_batches

DATASETS = ("iris", "wine", "breast_cancer", "digits", "diabetes")
TEST_PART = 0.25
CONFIDENCE = 0.95
BATCH = 200  # both classes' default; all examples where there are fewer


def main() -> None:
    """Read the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators")
    parser.add_argument("--seeds", type=int, default=10, help="default: 10")
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=DATASETS)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--fast", action="store_true", help="compile the rules of the optimizers")
    parser.add_argument("--profile", action="store_true", help="where the time of a step goes")
    options = parser.parse_args()
    if options.fast:
        from chainrule.compiled import compile_rules

        compile_rules()
    warnings.simplefilter("ignore", ConvergenceWarning)
    lines = profile if options.profile else table
    print("\n".join(lines(options.datasets, range(options.seeds), options.dtype)))


def table(names, seeds, dtype="float64"):
    """Return the lines of the table, in Markdown."""
    lines = [
        "| data | measure | scikit-learn | Chainrule | difference, 95 % interval "
        "| epochs | seconds a fit | time |",
        "|:--|:--|--:|--:|:--|--:|--:|--:|",
    ]
    for name in names:
        pairs = [fit_pair(name, seed, dtype) for seed in seeds]
        lines.append(row(name, *(np.array(side) for side in zip(*pairs, strict=True))))
    return lines


def row(name, theirs, ours):
    """Return a line; each side has a row (score, epochs, seconds) for each seed."""
    middle, half_width = interval(ours[:, 0] - theirs[:, 0])
    (_, their_epochs, their_seconds), (_, our_epochs, our_seconds) = (
        np.median(side, axis=0) for side in (theirs, ours)
    )
    low, high = middle - half_width, middle + half_width
    cells = [
        name.replace("_", " "),
        "R²" if name == "diabetes" else "accuracy",
        f"{theirs[:, 0].mean():.4f}",
        f"{ours[:, 0].mean():.4f}",
        f"{middle:+.4f}, {low:+.4f} to {high:+.4f}",
        f"{their_epochs:.0f} and {our_epochs:.0f}",
        f"{their_seconds:.3f} and {our_seconds:.3f}",
        f"{our_seconds / their_seconds:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def interval(differences):
    """Return the mean and half the width of its confidence interval."""
    count = len(differences)
    if count < 2:
        return float(np.mean(differences)), float("nan")
    error = np.std(differences, ddof=1) / np.sqrt(count)
    return float(np.mean(differences)), float(
        error * students_t.ppf((1 + CONFIDENCE) / 2, count - 1)
    )


def fit_pair(name, seed, dtype="float64"):
    """Return (score, epochs, seconds) of scikit-learn's estimator and of Chainrule's."""
    X_train, X_test, y_train, y_test = split(name, seed, dtype)
    houses = [neural_network, chainrule_estimators]
    results = {}
    for house in houses if seed % 2 else reversed(houses):
        estimator = getattr(house, kind_for(name))(random_state=seed)
        started = time.perf_counter()
        estimator.fit(X_train, y_train)
        seconds = time.perf_counter() - started
        results[house] = (estimator.score(X_test, y_test), estimator.n_iter_, seconds)
    return [results[house] for house in houses]


def profile(names, seeds, dtype="float64"):
    """Return the lines of a table of the microseconds of a step, in Markdown.

    The first two are the time of a whole fit, divided by its steps, median over the seeds. "Bare
    calls" is a loop that makes the same NumPy calls and nothing else. The operations are timed
    inside steps of one trained network; what they leave of Chainrule's step is "all else".
    """
    lines = [
        "| data | scikit-learn | Chainrule | bare calls | products alone | biases and ReLU | loss "
        "| update | all else |",
        f"|:--|{'--:|' * 8}",
    ]
    for name in names:
        X, _, y, _ = split(name, 0, dtype)
        steps = -(-len(X) // BATCH)
        pairs = np.array([fit_pair(name, seed, dtype) for seed in seeds])  # (seeds, 2, 3)
        theirs, ours = np.median(pairs[:, :, 2] / pairs[:, :, 1], axis=0) / steps * 1e6
        estimator = getattr(chainrule_estimators, kind_for(name))(random_state=0).fit(X, y)
        targets = estimator._encode(y)
        bare = statistics.median(
            seconds_of_a_step(estimator, X, targets, BATCH) * 1e6 for _ in seeds
        )
        parts = operations_of(estimator._network, X, targets)
        cells = [theirs, ours, bare, *parts, ours - sum(parts)]
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(f'{c:.0f}' for c in cells)} |")
    return lines


def operations_of(network, X, targets):
    """Return the µs of products, of the rest of the layers, of the loss and of the update."""
    batches = epoch_batches(len(X), BATCH, 0, 0)  # the last of them smaller: so the mean counts
    times = operation_times(network, X, targets, batches)
    mean = {name: statistics.fmean(calls) * 1e6 for name, calls in times.items()}
    layers = sum(µs for name, µs in mean.items() if name.endswith(("forward", "backward")))
    products = statistics.fmean(
        time_of_products(products_of(network, X.take(batch, axis=0))) for batch in batches
    )
    return products, layers - products, mean["loss"], mean["update"]


def products_of(network, X):
    """Return (a, b, out) of each product of a step on X."""
    outputs = network.activations(X)
    products = []
    for place, layer in enumerate(network):
        if isinstance(layer, Dense):
            x, dy = (X if place == 0 else outputs[place - 1]), outputs[place]
            pairs = [(x, layer.weights), (x.T, dy), *([(dy, layer.weights.T)] if place else [])]
            products += [(a, b, np.empty((len(a), b.shape[1]), X.dtype)) for a, b in pairs]
    return products


def kind_for(name):
    """Return the name of the estimator that suits a dataset."""
    return "MLPRegressor" if name == "diabetes" else "MLPClassifier"


def split(name, seed, dtype):
    """Return the two parts of a dataset, standardised on the first."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    strata = None if name == "diabetes" else y
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=TEST_PART, random_state=seed, stratify=strata
    )
    scaler = StandardScaler().fit(X_train)
    X_train, X_test = (scaler.transform(part).astype(dtype) for part in (X_train, X_test))
    if name == "diabetes":
        mean, deviation = y_train.mean(), y_train.std()
        y_train, y_test = (y_train - mean) / deviation, (y_test - mean) / deviation
    return X_train, X_test, y_train, y_test


if __name__ == "__main__":
    main()
