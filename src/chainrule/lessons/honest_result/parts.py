"""Lesson 5: the cases, hints and wrong answers of its parts."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from chainrule.lessons.honest_result import mistakes
from chainrule.lessons.lesson import Case, Part, Rng, small, wide, wrong_answers

# ---- split ----

SEEDS = 300  # splits of seven images: each pair of them then validates, all but surely


def _split_cases(rng: np.random.Generator) -> list[Case]:
    sizes = ((20, 6), (30, 1), (25, 20), (400, 100))
    return [{"count": n, "val_size": v, "rng": Rng(int(rng.integers(100)))} for n, v in sizes]


def _run_split(split: Any, case: Case) -> tuple[Any, ...]:
    """Return what every right split has, whatever it draws."""
    again = copy.deepcopy(case["rng"])
    train, val = _two_arrays(split(**case))
    drawn = np.concatenate([train.ravel(), val.ravel()])
    repeated = _two_arrays(split(case["count"], case["val_size"], again))
    pairs = {
        tuple(sorted(_two_arrays(split(7, 2, np.random.default_rng(seed)))[1].ravel().tolist()))
        for seed in range(SEEDS)
    }
    return (
        np.zeros(train.shape, train.dtype),
        np.zeros(val.shape, val.dtype),
        bool(np.isin(np.arange(case["count"]), drawn).all()),
        len(np.unique(drawn)) == len(drawn),
        all(map(np.array_equal, (train, val), repeated)),
        len(pairs),
    )


def _two_arrays(both: Any) -> list[Any]:
    if not (isinstance(both, tuple | list) and len(both) == 2):
        raise TypeError("split must return two arrays, train and val")
    return [np.asarray(part) for part in both]


SPLIT = Part(
    name="split",
    cases=_split_cases,
    outputs=(
        "train",
        "val",
        "'each image is in one of the two'",
        "'no image is there twice'",
        "'an equal generator gives an equal split'",
        "'of seven images, so many of the 21 pairs have validated in 300 splits'",
    ),
    run=_run_split,
    hints=(
        "How do you put count cards into two heaps, so that no card is missing or there twice, and "
        "chance decides?",
        "Shuffle all indices once, and cut the shuffled row at val_size.",
        "order = rng.permutation(count); return order[val_size:], order[:val_size]",
    ),
    wrong_answers=wrong_answers(mistakes.Split),
)

# ---- standardise ----


def _standardise_cases(rng: np.random.Generator) -> list[Case]:
    def case(n_train: int, n_test: int, pixels: int) -> Case:
        return {
            "X_train": np.round(rng.uniform(0, 1, (n_train, pixels)), 2),
            "X_test": np.round(rng.uniform(0.5, 2, (n_test, pixels)), 2),
        }

    edge = case(4, 3, 3)
    edge["X_train"][:, 0] = 0.25  # a pixel that never varies in training, and does in the test set
    usual = [case(3, 2, 2), edge, case(2, 1, 4)]
    spread = {"X_train": rng.standard_normal((12, 5)), "X_test": wide(rng, 11, 5)}
    faint = {"X_train": small(rng, 12, 5), "X_test": np.zeros((11, 5))}
    faint["X_test"] += faint["X_train"].mean() + small(rng, 11, 5) / 10_000  # all but the mean
    return [*usual, spread, faint]


STANDARDISE = Part(
    name="standardise",
    cases=_standardise_cases,
    outputs=("X_train", "X_test"),
    hints=(
        "Which images do you know before anybody shows you a test image?",
        "Measure mean and deviation once, over all of X_train, and use them for both arrays.",
        "mean, deviation = X_train.mean(), X_train.std(); then (X - mean) / deviation for both",
    ),
    wrong_answers=wrong_answers(mistakes.Standardise),
)

# ---- choose_rate ----


def _shares(*rows: tuple[float, ...]) -> Any:
    """Return accuracies in 64ths, whose means are exact: what ties here ties in every sum."""
    return np.array(rows) / 64


MANY_RATES = np.array([0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1.0])


def _sweep(rates: Any, val_accuracies: Any, **test: Any) -> Case:
    return {"rates": np.array(rates), "val_accuracies": val_accuracies, **test}


def _rate_cases(rng: np.random.Generator) -> list[Case]:
    lucky = _shares((57, 57, 57), (50, 60, 62), (54, 63, 57), (59, 40, 64))
    # The smallest of the equally good rates comes neither first nor last.
    tied = _shares(
        (44, 60, 46, 50), (40, 60, 50, 50), (49, 50, 51, 50), (30, 64, 20, 61), (53, 47, 50, 50)
    )
    # Of those that diverged one is the first, one the best without the lost runs, and one the best
    # with 0 for them.
    nan = np.nan
    diverged = _shares(
        (40, 41, 42, 41),
        (50, nan, 51, 49),
        (nan, 64, nan, 63),
        (nan, 62, 61, 63),
        (44, 40, 42, 44),
        (20, 22, 21, 23),
    )
    close = _shares((806, 802), (809, 807), (805, 810)) / 16  # 0.004 and 0.0005 below the best
    one_seed = _shares((50,), (51,))
    drawn = [rng.integers(40, 65, shape) / 64 for shape in ((5, 3), (6, 5), (8, 4), (7, 6))]
    return [
        _sweep([0.1, 0.5, 0.02, 0.3], lucky),
        _sweep([0.03, 0.3, 0.01, 0.5, 0.1], tied),
        _sweep([0.01, 1.0, 0.3, 0.5, 0.1, 0.001], diverged),
        _sweep([0.05, 0.5, 0.2], close),
        _sweep([0.05, 0.2], one_seed),
        *(_sweep(rng.permutation(MANY_RATES)[: len(table)], table) for table in drawn),
        _sweep([0.03, 0.002 / 7, 0.3, 30], _shares((50, 52), (60, 62), (40, 51), (20, 30))),
        _sweep([0.03, 150 / 7, 2000 / 7, 0.3], _shares((50, 52), (40, 51), (60, 62), (20, 30))),
    ]


CHOOSE_RATE = Part(
    name="choose_rate",
    cases=_rate_cases,
    outputs=("rate",),
    hints=(
        "A rate was run with several seeds. Which one number stands for it?",
        "Take the mean over axis 1; np.nanmax passes over NaN, np.argmax does not. Then pick the "
        "smallest of the rates that reach the maximum.",
        "means = val_accuracies.mean(axis=1); return rates[means == np.nanmax(means)].min()",
    ),
    wrong_answers=wrong_answers(mistakes.ChooseRate),
)

# ---- honest_result ----


def _result_cases(rng: np.random.Generator) -> list[Case]:
    def case(rates: Any, validation: Any, test: Any) -> Case:
        return _sweep(rates, validation, test_accuracies=test)

    def drawn(rates: int, seeds: int) -> Case:
        tables = rng.integers(40, 65, (2, rates, seeds)) / 64
        return case(rng.permutation(MANY_RATES)[:rates], *tables)

    # The rate that is best on validation is not the one that is best on the test set.
    validation = _shares((60, 62), (58, 56), (50, 51))
    test = _shares((55, 59), (62, 60), (40, 49))
    diverged = _shares((50, 48, 49), (62, 63, np.nan), (60, 59, 64), (20, 30, 25))
    later = _shares((49, 50, 45), (63, 62, np.nan), (58, 63, 57), (28, 22, 21))
    one_seed = rng.permutation(np.arange(40, 45))[:, np.newaxis] / 64
    tied = _shares((50, 52), (51, 51), (53, 49), (40, 44))
    tests = _shares((49, 53), (50, 47), (48, 52), (45, 41))
    return [
        case([0.1, 0.5, 0.02], validation, test),
        case([0.001, 1.0, 0.1, 0.01], diverged, later),
        case([0.3, 0.03, 0.1, 0.01, 0.2], one_seed, one_seed[::-1] - 1 / 128),
        case([0.3, 0.03, 0.1, 0.01], tied, tests),
        drawn(7, 4),
        drawn(8, 5),
        drawn(6, 3),
        case([0.1, 2000 / 7, 0.02], validation[[1, 0, 2]], test / 7),
        case([0.1, 3e-4, 0.02], validation[[1, 0, 2]], test / 7000),
    ]


HONEST_RESULT = Part(
    name="honest_result",
    cases=_result_cases,
    outputs=("rate", "mean", "low", "high"),
    hints=(
        "Which of the two tables may have a say in the choice, and which only in the report?",
        "Let choose_rate see the validation table; then take the row of that rate from the test "
        "table.",
        "rate = choose_rate(rates, val_accuracies); test = test_accuracies[rates == rate]; return "
        "rate, test.mean(), test.min(), test.max()",
    ),
    wrong_answers=wrong_answers(mistakes.HonestResult),
)

# ---- paired_interval ----


def _paired_cases(rng: np.random.Generator) -> list[Case]:
    def case(seeds: int, ahead: float) -> Case:
        seed_effect = rng.normal(0.95, 0.01, seeds)
        return {
            "a": np.round(seed_effect + rng.normal(ahead, 0.002, seeds), 4),
            "b": np.round(seed_effect + rng.normal(0, 0.002, seeds), 4),
        }

    usual = [case(3, 0.004), case(2, 0), case(5, -0.01), case(10, 0.001)]
    percent = {"a": rng.normal(95, 0.5, 31), "b": rng.normal(83, 0.5, 31)}
    close = {"a": rng.normal(0.95, 0.01, 3), "b": rng.normal(0.95, 0.01, 3)}
    return [*usual, percent, close]


PAIRED_INTERVAL = Part(
    name="paired_interval",
    cases=_paired_cases,
    outputs=("mean", "low", "high"),
    hints=(
        "The two runs of a seed share weights and batches. What is left of the seed's luck in "
        "a - b?",
        "Go on with the n differences alone: their mean, their deviation with ddof=1, divided by "
        "the root of n, times T_95[n - 1].",
        "half = T_95[n - 1] * differences.std(ddof=1) / np.sqrt(n)",
    ),
    wrong_answers=wrong_answers(mistakes.PairedInterval),
)

# ---- claim ----


def _claim_cases(rng: np.random.Generator) -> list[Case]:
    seeds = np.array([0.93, 0.968, 0.958, 0.931, 0.96, 0.947])  # far apart: pairing takes that out

    def case(*points: int) -> Case:
        """Return accuracies whose differences are these numbers of hundredths of a point."""
        b = seeds[: len(points)]
        return {"a": b + np.array(points) / 10_000, "b": b}

    return [
        case(40, 50, 45),
        case(30, -20, 40, 10),  # the mean and three of four seeds for a
        case(-41, -39, -60, -50, -45),
        case(-10, -40, 10, -20),
        {"a": np.array([0.5, 0.75, 0.625]), "b": np.array([0.5, 0.75, 0.625])},  # 0 to 0
        case(90, 80, 5),  # every seed for a, and yet too few of them
        case(20, 30, 10, 25, 15, -2),  # one seed against, and yet enough
        case(60, -5, -6),  # the mean for a, two of three seeds for b
        case(300, 302, 298, 301, 299, 300),  # enough even without pairs
        case(12, 22, 32),  # not enough, unless the deviation divides by n or t has n degrees
        case(-93, -193, -293),  # with n in the deviation it is not enough either
        case(-4, 2, 6, 10, 14, 20),  # more than 1.96 standard errors, and less than one deviation
    ]


CLAIM = Part(
    name="claim",
    cases=_claim_cases,
    outputs=("claim",),
    hints=(
        "What would have to be true of every number in the interval before you may say 'a is "
        "better'?",
        "Ask paired_interval for low and high: both above 0, both below, or neither.",
        "_, low, high = paired_interval(a, b); return int(low > 0) - int(high < 0)",
    ),
    wrong_answers=wrong_answers(mistakes.Claim),
)

PARTS = (SPLIT, STANDARDISE, CHOOSE_RATE, HONEST_RESULT, PAIRED_INTERVAL, CLAIM)
