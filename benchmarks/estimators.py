"""Chainrule's estimators and scikit-learn's, side by side: the same settings, data and seeds.

    pip install -e '.[sklearn]'
    python -m benchmarks.estimators                # ten seeds: a minute or two
    python -m benchmarks.estimators --fast         # the rules compiled, with the extra [fast]

Seed k splits the data (a quarter is the test part, which only judges) and is the random_state of
both. X is standardised on the training part, the target of diabetes as well. Both classes stand at
their defaults. The two take turns at who fits first. The interval is that of the paired difference
over the seeds, by Student's t; a time is that of `fit`, and the ratio is that of the medians.
"""

import argparse
import time
import warnings

import numpy as np
from scipy.stats import t as students_t
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from chainrule.interop import sklearn as chainrule_estimators
from sklearn import datasets, neural_network

DATASETS = ("iris", "wine", "breast_cancer", "digits", "diabetes")
TEST_PART = 0.25
CONFIDENCE = 0.95


def main() -> None:
    """Read the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators")
    parser.add_argument("--seeds", type=int, default=10, help="default: 10")
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=DATASETS)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--fast", action="store_true", help="compile the rules of the optimizers")
    options = parser.parse_args()
    if options.fast:
        from chainrule.interop.numba import compile_rules

        compile_rules()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("\n".join(table(options.datasets, range(options.seeds), options.dtype)))


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
    kind = "MLPRegressor" if name == "diabetes" else "MLPClassifier"
    houses = [neural_network, chainrule_estimators]
    results = {}
    for house in houses if seed % 2 else reversed(houses):
        estimator = getattr(house, kind)(random_state=seed)
        started = time.perf_counter()
        estimator.fit(X_train, y_train)
        seconds = time.perf_counter() - started
        results[house] = (estimator.score(X_test, y_test), estimator.n_iter_, seconds)
    return [results[house] for house in houses]


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
