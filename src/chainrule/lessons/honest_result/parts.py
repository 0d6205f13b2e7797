"""Lesson 5: the cases, hints and wrong answers of its parts."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.lessons.honest_result import solution
from chainrule.lessons.lesson import Case, Part, Rng, WrongAnswer
from chainrule.proof.faults import FAULTS

T_95 = solution.T_95
choose_rate: Any = solution.choose_rate
paired_interval: Any = solution.paired_interval

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


def _trained_on_all(count: int, val_size: int, rng: Any) -> Any:
    return np.arange(count), rng.permutation(count)[:val_size]


def _two_orders(count: int, val_size: int, rng: Any) -> Any:
    return rng.permutation(count)[val_size:], rng.permutation(count)[:val_size]


def _with_replacement(count: int, val_size: int, rng: Any) -> Any:
    val = rng.integers(0, count, val_size)
    return np.delete(np.arange(count), np.unique(val))[: count - val_size], val


def _not_drawn(count: int, val_size: int, rng: Any) -> Any:
    return np.arange(val_size, count), np.arange(val_size)


def _drawn_anew(count: int, val_size: int, rng: Any) -> Any:
    order = np.random.default_rng().permutation(count)
    return order[val_size:], order[:val_size]


def _one_block(count: int, val_size: int, rng: Any) -> Any:
    first = rng.integers(0, count - val_size + 1)
    val = np.arange(first, first + val_size)
    return np.setdiff1d(np.arange(count), val), val


def _swapped(count: int, val_size: int, rng: Any) -> Any:
    order = rng.permutation(count)
    return order[:val_size], order[val_size:]


def _one_lost(count: int, val_size: int, rng: Any) -> Any:
    order = rng.permutation(count)
    return order[val_size + 1 :], order[:val_size]


def _too_few_drawn(count: int, val_size: int, rng: Any) -> Any:
    order = rng.permutation(count - 1)
    return np.append(order[val_size:], count - 1), order[:val_size]


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
    wrong_answers=(
        WrongAnswer(
            "trained-on-all",
            _trained_on_all,
            "The images that validate train as well: take them out of train, or validation "
            "rewards learning by heart.",
        ),
        WrongAnswer(
            "overlapping-split",
            _two_orders,
            "Two draws overlap: some images train and validate, others do neither. Shuffle once, "
            "and cut that one order in two.",
        ),
        WrongAnswer(
            "train-and-val-swapped",
            _swapped,
            "The two heaps are swapped: train comes first and has count - val_size indices.",
        ),
        WrongAnswer(
            "drawn-with-replacement",
            _with_replacement,
            "Some image is drawn twice: rng.integers and rng.choice put each one back. Use "
            "rng.permutation.",
        ),
        WrongAnswer(
            "not-drawn",
            _not_drawn,
            "The same images validate whatever the generator: the first ones, which in a sorted "
            "file are of one class, or those of a seed of your own. Shuffle with rng, then cut.",
        ),
        WrongAnswer(
            "drawn-anew",
            _drawn_anew,
            "The validation images are drawn anew at each call (fault F8 of the course), so that "
            "no two numbers can be compared. Draw with the rng that comes in, and no other.",
        ),
        WrongAnswer(
            "one-block",
            _one_block,
            "You draw where a block of neighbours begins, not which images: in a sorted file "
            "neighbours are of one class. Shuffle all indices.",
        ),
        WrongAnswer(
            "one-image-lost",
            _one_lost,
            "One image is in neither heap: the second cut must begin where the first one ends, at "
            "val_size.",
        ),
        WrongAnswer(
            "last-image-never-validates",
            _too_few_drawn,
            "The last image can never validate: shuffle all count indices, 0 to count - 1.",
        ),
    ),
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
    return [case(3, 2, 2), edge, case(2, 1, 4)]


def _each_by_its_own(X_train: Any, X_test: Any) -> Any:
    return tuple((X - X.mean()) / X.std() for X in (X_train, X_test))


def _test_left_out(X_train: Any, X_test: Any) -> Any:
    return (X_train - X_train.mean()) / X_train.std(), X_test


def _each_pixel(X_train: Any, X_test: Any) -> Any:
    mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / deviation, (X_test - mean) / deviation


def _each_image(X_train: Any, X_test: Any) -> Any:
    return tuple(
        (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
        for X in (X_train, X_test)
    )


def _by_variance(X_train: Any, X_test: Any) -> Any:
    return tuple((X - X_train.mean()) / X_train.var() for X in (X_train, X_test))


def _not_centred(X_train: Any, X_test: Any) -> Any:
    return X_train / X_train.std(), X_test / X_train.std()


def _sample_deviation(X_train: Any, X_test: Any) -> Any:
    deviation = X_train.std(ddof=1)
    return tuple((X - X_train.mean()) / deviation for X in (X_train, X_test))


def _bracket_lost(X_train: Any, X_test: Any) -> Any:
    return tuple(X - X_train.mean() / X_train.std() for X in (X_train, X_test))


STANDARDISE = Part(
    name="standardise",
    cases=_standardise_cases,
    outputs=("X_train", "X_test"),
    hints=(
        "Which images do you know before anybody shows you a test image?",
        "Measure mean and deviation once, over all of X_train, and use them for both arrays.",
        "mean, deviation = X_train.mean(), X_train.std(); then (X - mean) / deviation for both",
    ),
    wrong_answers=(
        WrongAnswer(
            "statistics-from-test",
            FAULTS["statistics-from-test"].part,
            "Mean and deviation are measured on the test images as well, which must stay unseen. "
            "Take both from X_train alone.",
        ),
        WrongAnswer(
            "each-by-its-own",
            _each_by_its_own,
            "The test images are standardised by their own mean and deviation: the same grey then "
            "means one thing in training and another in the test. Use those of X_train for both.",
        ),
        WrongAnswer(
            "test-left-out",
            _test_left_out,
            "X_test comes back as it was: the network would see pixels on another scale than in "
            "training.",
        ),
        WrongAnswer(
            "tiny-deviation",
            FAULTS["tiny-deviation"].part,
            "Each pixel is divided by its own deviation + 1e-9 (fault F4 of the course): one that "
            "never varied in training explodes in the test. One mean and one deviation for all.",
        ),
        WrongAnswer(
            "each-pixel-by-its-own",
            _each_pixel,
            "Each pixel has its own mean and deviation here, and one that never varies is divided "
            "by 0. Leave out axis=0: one number each, over all pixels.",
        ),
        WrongAnswer(
            "each-image-by-its-own",
            _each_image,
            "Each image is standardised by itself, so that a faint one looks like a dark one. One "
            "mean and one deviation, of all of X_train.",
        ),
        WrongAnswer(
            "variance-for-deviation",
            _by_variance,
            "Divided by the variance: take its root, np.std.",
        ),
        WrongAnswer(
            "not-centred",
            _not_centred,
            "The mean is not subtracted: do that first, then divide.",
        ),
        WrongAnswer(
            "bracket-lost",
            _bracket_lost,
            "A bracket is missing: X - mean / deviation divides the mean alone.",
        ),
        WrongAnswer(
            "sample-deviation",
            _sample_deviation,
            "Take np.std as it is, without ddof=1. Over millions of pixels it is all the same; in "
            "these small arrays it shows.",
        ),
    ),
)

# ---- choose_rate ----


def _shares(*rows: tuple[float, ...]) -> Any:
    """Return accuracies in 64ths, whose means are exact: what ties here ties in every sum."""
    return np.array(rows) / 64


MANY_RATES = np.array([0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1.0])


def _rate_cases(rng: np.random.Generator) -> list[Case]:
    lucky = _shares((57, 57, 57), (50, 60, 62), (54, 63, 57), (59, 40, 64))
    # The smallest of the equally good rates comes neither first nor last.
    tied = _shares(
        (44, 60, 46, 50), (40, 60, 50, 50), (49, 50, 51, 50), (30, 64, 20, 61), (53, 47, 50, 50)
    )
    # Of those that diverged one is the first, one the best without the lost runs, and one the best
    # with 0 for them.
    nan = math.nan
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
        {"rates": np.array([0.1, 0.5, 0.02, 0.3]), "val_accuracies": lucky},
        {"rates": np.array([0.03, 0.3, 0.01, 0.5, 0.1]), "val_accuracies": tied},
        {"rates": np.array([0.01, 1.0, 0.3, 0.5, 0.1, 0.001]), "val_accuracies": diverged},
        {"rates": np.array([0.05, 0.5, 0.2]), "val_accuracies": close},
        {"rates": np.array([0.05, 0.2]), "val_accuracies": one_seed},
        *(
            {"rates": rng.permutation(MANY_RATES)[: len(table)], "val_accuracies": table}
            for table in drawn
        ),
    ]


def _usable(val_accuracies: Any) -> Any:
    """Return the accuracies with -1 for each run of a rate at which one diverged."""
    lost = np.isnan(val_accuracies).any(axis=1, keepdims=True)
    return np.where(lost, -1.0, val_accuracies)


def _smallest_best(rates: Any, scores: Any) -> Any:
    return rates[scores == scores.max()].min()


def _best_single_seed(rates: Any, val_accuracies: Any) -> Any:
    return _smallest_best(rates, _usable(val_accuracies).max(axis=1))


def _worst_seed(rates: Any, val_accuracies: Any) -> Any:
    return _smallest_best(rates, _usable(val_accuracies).min(axis=1))


def _first_seed_alone(rates: Any, val_accuracies: Any) -> Any:
    return _smallest_best(rates, _usable(val_accuracies)[:, 0])


def _index_for_rate(rates: Any, val_accuracies: Any) -> Any:
    return float(np.argmax(_usable(val_accuracies).mean(axis=1)))


def _accuracy_for_rate(rates: Any, val_accuracies: Any) -> Any:
    return _usable(val_accuracies).mean(axis=1).max()


def _over_rates(rates: Any, val_accuracies: Any) -> Any:
    return rates[np.argmax(val_accuracies.mean(axis=0))]


def _diverged_chosen(rates: Any, val_accuracies: Any) -> Any:
    means = val_accuracies.mean(axis=1)
    if np.isnan(means).any():
        return rates[np.argmax(means)]
    return _smallest_best(rates, means)


def _diverged_forgiven(rates: Any, val_accuracies: Any) -> Any:
    return _smallest_best(rates, np.nanmean(val_accuracies, axis=1))


def _diverged_as_zero(rates: Any, val_accuracies: Any) -> Any:
    return _smallest_best(rates, np.nan_to_num(val_accuracies).mean(axis=1))


def _last_of_the_best(rates: Any, val_accuracies: Any) -> Any:
    means = _usable(val_accuracies).mean(axis=1)
    return rates[np.flatnonzero(means == means.max())[-1]]


def _almost_the_best(rates: Any, val_accuracies: Any) -> Any:
    means = _usable(val_accuracies).mean(axis=1)
    return rates[means >= means.max() - 0.01].min()


def _first_of_the_best(rates: Any, val_accuracies: Any) -> Any:
    return rates[np.argmax(_usable(val_accuracies).mean(axis=1))]


def _largest_of_the_best(rates: Any, val_accuracies: Any) -> Any:
    means = _usable(val_accuracies).mean(axis=1)
    return rates[means == means.max()].max()


def _argmax(rates: Any, val_accuracies: Any) -> Any:
    return rates[np.argmax(val_accuracies.mean(axis=1))]


def _by_median(rates: Any, val_accuracies: Any) -> Any:
    return _smallest_best(rates, np.median(_usable(val_accuracies), axis=1))


def _lowest(rates: Any, val_accuracies: Any) -> Any:
    means = val_accuracies.mean(axis=1)
    return rates[means == np.nanmin(means)].min()


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
    wrong_answers=(
        WrongAnswer(
            "rate-of-the-best-seed",
            _best_single_seed,
            "You take the rate of the luckiest single run: with more seeds any rate gets a lucky "
            "one. Average over the seeds first.",
        ),
        WrongAnswer(
            "rate-of-the-worst-seed",
            _worst_seed,
            "You compare the worst run of each rate. The mean over the seeds is asked for.",
        ),
        WrongAnswer(
            "one-seed-alone",
            _first_seed_alone,
            "Only the first seed has a say: average over all of them, axis=1.",
        ),
        WrongAnswer(
            "median-of-the-seeds",
            _by_median,
            "You compare medians; the mean over the seeds is asked for.",
        ),
        WrongAnswer(
            "index-for-rate",
            _index_for_rate,
            "That is the place of the best rate in the list: return rates[place].",
        ),
        WrongAnswer(
            "accuracy-for-rate",
            _accuracy_for_rate,
            "That is the best mean accuracy: return the rate that reached it.",
        ),
        WrongAnswer(
            "mean-over-the-rates",
            _over_rates,
            "You average over the rates, which leaves one number a seed. The seeds are axis 1.",
        ),
        WrongAnswer(
            "argmax-alone",
            _argmax,
            "np.argmax takes NaN for the largest number, and the first of several that are equal: "
            "the rate that diverged wins. Use np.nanmax, and take the smallest rate of a tie.",
        ),
        WrongAnswer(
            "diverged-chosen",
            _diverged_chosen,
            "The rate that diverged is chosen: np.max and np.argmax take NaN for the largest. "
            "Leave such a rate out, with np.nanmax.",
        ),
        WrongAnswer(
            "diverged-forgiven",
            _diverged_forgiven,
            "np.nanmean forgets the run that diverged and praises the rate for the others. A rate "
            "that sometimes diverges is out: take the mean as it is, NaN.",
        ),
        WrongAnswer(
            "diverged-as-0",
            _diverged_as_zero,
            "A run that diverged counts as 0 here, so that a rate with many good seeds may still "
            "win. Such a rate is out: take the mean as it is, NaN.",
        ),
        WrongAnswer(
            "first-of-a-tie",
            _first_of_the_best,
            "Of equally good rates the first one in the list is taken; the smallest is asked for.",
        ),
        WrongAnswer(
            "last-of-a-tie",
            _last_of_the_best,
            "Of equally good rates the last one in the list is taken; the smallest is asked for. "
            "In a loop >= lets a later one in.",
        ),
        WrongAnswer(
            "largest-of-a-tie",
            _largest_of_the_best,
            "Of equally good rates the largest is taken; the smallest is asked for: it is farther "
            "from where training diverges.",
        ),
        WrongAnswer(
            "almost-as-good",
            _almost_the_best,
            "Rates that are almost as good as the best are taken for equally good, by rounding or "
            "a tolerance. Compare the means as they are.",
        ),
        WrongAnswer(
            "worst-rate",
            _lowest,
            "You take the lowest accuracy. For a loss that would be right.",
        ),
    ),
)

# ---- honest_result ----


def _result_cases(rng: np.random.Generator) -> list[Case]:
    # The rate that is best on validation is not the one that is best on the test set.
    validation = _shares((60, 62), (58, 56), (50, 51))
    test = _shares((55, 59), (62, 60), (40, 49))
    diverged = _shares((50, 48, 49), (62, 63, 61), (60, 59, 64), (20, 30, 25))
    diverged[1, 2] = np.nan
    later = _shares((49, 50, 45), (63, 62, 0), (58, 63, 57), (28, 22, 21))
    later[1, 2] = np.nan
    one_seed = rng.permutation(np.arange(40, 45))[:, np.newaxis] / 64
    others = one_seed[::-1] - 1 / 128
    tied = _shares((50, 52), (51, 51), (53, 49), (40, 44))
    tests = _shares((49, 53), (50, 47), (48, 52), (45, 41))

    def drawn(rates: int, seeds: int) -> Case:
        val, test = rng.integers(40, 65, (2, rates, seeds)) / 64
        return {
            "rates": rng.permutation(MANY_RATES)[:rates],
            "val_accuracies": val,
            "test_accuracies": test,
        }

    return [
        {
            "rates": np.array([0.1, 0.5, 0.02]),
            "val_accuracies": validation,
            "test_accuracies": test,
        },
        {
            "rates": np.array([0.001, 1.0, 0.1, 0.01]),
            "val_accuracies": diverged,
            "test_accuracies": later,
        },
        {
            "rates": np.array([0.3, 0.03, 0.1, 0.01, 0.2]),
            "val_accuracies": one_seed,
            "test_accuracies": others,
        },
        {
            "rates": np.array([0.3, 0.03, 0.1, 0.01]),
            "val_accuracies": tied,
            "test_accuracies": tests,
        },
        drawn(7, 4),
        drawn(8, 5),
        drawn(6, 3),
    ]


def _row(rates: Any, rate: Any, accuracies: Any) -> Any:
    return accuracies[np.flatnonzero(rates == rate)[0]]


def _chosen_on_test(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    rate = choose_rate(rates, test_accuracies)
    test = _row(rates, rate, test_accuracies)
    return rate, test.mean(), test.min(), test.max()


def _validation_reported(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    rate = choose_rate(rates, val_accuracies)
    val = _row(rates, rate, val_accuracies)
    return rate, val.mean(), val.min(), val.max()


def _best_of_seeds(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    rate = choose_rate(rates, val_accuracies)
    test = _row(rates, rate, test_accuracies)
    return rate, test.max(), test.min(), test.max()


def _seed_of_validation(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    rate = choose_rate(rates, val_accuracies)
    test = _row(rates, rate, test_accuracies)
    return rate, test[np.argmax(_row(rates, rate, val_accuracies))], test.min(), test.max()


def _over_all_rates(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    rate = choose_rate(rates, val_accuracies)
    finished = test_accuracies[~np.isnan(test_accuracies)]
    return rate, finished.mean(), finished.min(), finished.max()


def _best_test_mean(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    rate = choose_rate(rates, val_accuracies)
    test = _row(rates, choose_rate(rates, test_accuracies), test_accuracies)
    return rate, test.mean(), test.min(), test.max()


def _tie_by_place(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    best = np.nanargmax(val_accuracies.mean(axis=1))
    test = test_accuracies[best]
    return rates[best], test.mean(), test.min(), test.max()


def _row_of_sorted(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    rate = choose_rate(rates, val_accuracies)
    test = test_accuracies[np.searchsorted(np.sort(rates), rate)]
    return rate, test.mean(), test.min(), test.max()


def _ends_swapped(rates: Any, val_accuracies: Any, test_accuracies: Any) -> Any:
    rate = choose_rate(rates, val_accuracies)
    test = _row(rates, rate, test_accuracies)
    return rate, test.mean(), test.max(), test.min()


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
    wrong_answers=(
        WrongAnswer(
            "chosen-on-test",
            _chosen_on_test,
            "The rate is chosen on the test accuracies (fault F8 of the course): the test set has "
            "then taken part, and its number is too good. Choose on val_accuracies.",
        ),
        WrongAnswer(
            "best-test-reported",
            _best_test_mean,
            "The rate is chosen on validation, but the numbers are those of the rate that did best "
            "on the test set. Report the row of the rate that you return.",
        ),
        WrongAnswer(
            "validation-reported",
            _validation_reported,
            "You report the validation accuracies: they chose the rate, and flatter it. Report the "
            "test accuracies of the same rate.",
        ),
        WrongAnswer(
            "best-of-seeds",
            _best_of_seeds,
            "The best seed stands where the mean belongs: more seeds would make it better and "
            "better. Report test.mean().",
        ),
        WrongAnswer(
            "one-seed-reported",
            _seed_of_validation,
            "The test accuracy of a single seed, the best one on validation, stands where the mean "
            "over all seeds belongs.",
        ),
        WrongAnswer(
            "all-rates-mixed",
            _over_all_rates,
            "Mean, low and high are taken over all rates: take the row of the chosen one alone.",
        ),
        WrongAnswer(
            "first-of-a-tie",
            _tie_by_place,
            "Of equally good rates the first one in the list is taken; choose_rate takes the "
            "smallest. Call it.",
        ),
        WrongAnswer(
            "row-of-sorted-rates",
            _row_of_sorted,
            "The row is looked up among the sorted rates, but the tables are in the order of "
            "rates: take the row where rates == rate.",
        ),
        WrongAnswer(
            "ends-swapped",
            _ends_swapped,
            "low and high are swapped.",
        ),
    ),
)

# ---- paired_interval ----


def _paired_cases(rng: np.random.Generator) -> list[Case]:
    def case(seeds: int, ahead: float) -> Case:
        seed_effect = rng.normal(0.95, 0.01, seeds)
        return {
            "a": np.round(seed_effect + rng.normal(ahead, 0.002, seeds), 4),
            "b": np.round(seed_effect + rng.normal(0, 0.002, seeds), 4),
        }

    return [case(3, 0.004), case(2, 0), case(5, -0.01), case(10, 0.001)]


def _ends(mean: Any, half: Any) -> Any:
    return mean, mean - half, mean + half


def _unpaired(a: Any, b: Any) -> Any:
    n = len(a)
    spread = np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / n)
    return _ends(a.mean() - b.mean(), T_95[n - 1] * spread)


def _unpaired_pooled(a: Any, b: Any) -> Any:
    n = len(a)
    spread = np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / n)
    return _ends(a.mean() - b.mean(), T_95[2 * n - 2] * spread)


def _population(a: Any, b: Any) -> Any:
    d = a - b
    return _ends(d.mean(), T_95[len(d) - 1] * d.std() / np.sqrt(len(d)))


def _missing_root(a: Any, b: Any) -> Any:
    d = a - b
    return _ends(d.mean(), T_95[len(d) - 1] * d.std(ddof=1))


def _root_forgotten(a: Any, b: Any) -> Any:
    d = a - b
    return _ends(d.mean(), T_95[len(d) - 1] * d.std(ddof=1) / len(d))


def _variance(a: Any, b: Any) -> Any:
    d = a - b
    return _ends(d.mean(), T_95[len(d) - 1] * d.var(ddof=1) / np.sqrt(len(d)))


def _one_freedom_too_many(a: Any, b: Any) -> Any:
    d = a - b
    return _ends(d.mean(), T_95[len(d)] * d.std(ddof=1) / np.sqrt(len(d)))


def _normal_quantile(a: Any, b: Any) -> Any:
    d = a - b
    return _ends(d.mean(), 1.96 * d.std(ddof=1) / np.sqrt(len(d)))


def _two_standard_errors(a: Any, b: Any) -> Any:
    d = a - b
    return _ends(d.mean(), 2 * d.std(ddof=1) / np.sqrt(len(d)))


def _no_quantile(a: Any, b: Any) -> Any:
    d = a - b
    return _ends(d.mean(), d.std(ddof=1) / np.sqrt(len(d)))


def _range(a: Any, b: Any) -> Any:
    d = a - b
    return d.mean(), d.min(), d.max()


def _reversed(a: Any, b: Any) -> Any:
    return paired_interval(b, a)


def _without_sign(a: Any, b: Any) -> Any:
    d = np.abs(a - b)
    return _ends(d.mean(), T_95[len(d) - 1] * d.std(ddof=1) / np.sqrt(len(d)))


def _sorted_first(a: Any, b: Any) -> Any:
    return paired_interval(np.sort(a), np.sort(b))


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
    wrong_answers=(
        WrongAnswer(
            "unpaired-difference",
            _unpaired,
            "The spreads of a and of b are added as if the seeds were different ones: the luck "
            "that a seed gives to both stays in. Subtract first, then take the deviation of a - b.",
        ),
        WrongAnswer(
            "unpaired-pooled",
            _unpaired_pooled,
            "That is the interval for two groups of different seeds, with 2 n - 2 degrees of "
            "freedom. These are pairs: go on with the n differences a - b.",
        ),
        WrongAnswer(
            "population-deviation",
            _population,
            "The deviation divides by n, and is too small for a few seeds, whose mean was fitted "
            "to them: use ddof=1.",
        ),
        WrongAnswer(
            "missing-root-n",
            _missing_root,
            "That is where single differences lie, not where their mean does: divide the "
            "deviation by the root of n.",
        ),
        WrongAnswer(
            "divided-by-n",
            _root_forgotten,
            "Divided by n: the deviation of a mean falls with the root of n.",
        ),
        WrongAnswer(
            "variance-for-deviation",
            _variance,
            "The variance stands where the deviation belongs: its unit is points squared.",
        ),
        WrongAnswer(
            "n-degrees-of-freedom",
            _one_freedom_too_many,
            "T_95 is looked up at n: n differences have n - 1 degrees of freedom.",
        ),
        WrongAnswer(
            "normal-quantile",
            _normal_quantile,
            "1.96 holds for a deviation that is known; yours is estimated from a few seeds. Use "
            "T_95[n - 1].",
        ),
        WrongAnswer(
            "two-standard-errors",
            _two_standard_errors,
            "Twice the standard error is the rule for many seeds; for a few it is too narrow. Use "
            "T_95[n - 1].",
        ),
        WrongAnswer(
            "no-quantile",
            _no_quantile,
            "mean ± one standard error holds in about two of three cases: multiply by T_95[n - 1].",
        ),
        WrongAnswer(
            "range-for-interval",
            _range,
            "Lowest and highest difference are no interval of the mean: they move apart as seeds "
            "are added. Take mean ± t s / √n.",
        ),
        WrongAnswer(
            "sign-flipped",
            _reversed,
            "The sign is flipped: a - b is asked for.",
        ),
        WrongAnswer(
            "sign-lost",
            _without_sign,
            "The sign of the differences is lost: without it one setting always seems ahead.",
        ),
        WrongAnswer(
            "sorted-apart",
            _sorted_first,
            "a and b are sorted apart, so that a run is paired with another seed's. Keep their "
            "order.",
        ),
    ),
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


def _sign_of_mean(a: Any, b: Any) -> Any:
    return int(np.sign((a - b).mean()))


def _by_best_seed(a: Any, b: Any) -> Any:
    return int(np.sign(a.max() - b.max()))


def _by_majority(a: Any, b: Any) -> Any:
    return int(np.sign(np.sign(a - b).sum()))


def _by_every_seed(a: Any, b: Any) -> Any:
    return int((a > b).all()) - int((a < b).all())


def _by_ranges(a: Any, b: Any) -> Any:
    return int(a.min() > b.max()) - int(a.max() < b.min())


def _claim_reversed(a: Any, b: Any) -> Any:
    _, low, high = paired_interval(a, b)
    return int(high < 0) - int(low > 0)


def _zero_end_counts(a: Any, b: Any) -> Any:
    _, low, high = paired_interval(a, b)
    return 1 if low >= 0 else -1 if high <= 0 else 0


def _wrong_end(a: Any, b: Any) -> Any:
    _, low, high = paired_interval(a, b)
    return 1 if high > 0 else -1 if low < 0 else 0


def _only_better(a: Any, b: Any) -> Any:
    _, low, _ = paired_interval(a, b)
    return int(low > 0)


def _claim_by(interval: Callable[[Any, Any], Any]) -> Callable[[Any, Any], int]:
    """Return a claim that is right but for its interval."""

    def answer(a: Any, b: Any) -> int:
        _, low, high = interval(a, b)
        return int(low > 0) - int(high < 0)

    return answer


def _worse_otherwise(a: Any, b: Any) -> Any:
    _, low, _ = paired_interval(a, b)
    return 1 if low > 0 else -1


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
    wrong_answers=(
        WrongAnswer(
            "sign-of-the-mean",
            _sign_of_mean,
            "The mean difference always points somewhere, as a coin does. Claim only what the "
            "whole interval says.",
        ),
        WrongAnswer(
            "best-seeds-compared",
            _by_best_seed,
            "The best run of each is compared, which is luck against luck. Use paired_interval.",
        ),
        WrongAnswer(
            "majority-of-seeds",
            _by_majority,
            "More seeds for one side is not enough: three of four is what a coin often gives. Use "
            "the interval.",
        ),
        WrongAnswer(
            "every-seed",
            _by_every_seed,
            "That asks every seed to agree; the question is where the mean lies. Look at the ends "
            "of the interval.",
        ),
        WrongAnswer(
            "ranges-apart",
            _by_ranges,
            "Whether the two ranges overlap is not the question: the seeds move both together. "
            "Look at the interval of the difference.",
        ),
        WrongAnswer(
            "unpaired-claim",
            _claim_by(_unpaired),
            "The interval is that of unpaired runs, too wide here: the luck of a seed is in both. "
            "Use paired_interval.",
        ),
        WrongAnswer(
            "population-deviation",
            _claim_by(_population),
            "The interval is too narrow: the deviation divides by n. Use paired_interval, whose "
            "deviation has ddof=1.",
        ),
        WrongAnswer(
            "n-degrees-of-freedom",
            _claim_by(_one_freedom_too_many),
            "The interval is too narrow: T_95 is looked up at n, and n differences have n - 1 "
            "degrees of freedom. Use paired_interval.",
        ),
        WrongAnswer(
            "normal-quantile",
            _claim_by(_normal_quantile),
            "The interval is too narrow for so few seeds: 1.96 or 2 stands where T_95[n - 1] "
            "belongs. Use paired_interval.",
        ),
        WrongAnswer(
            "claim-reversed",
            _claim_reversed,
            "1 and -1 are swapped: a - b above 0 means that a is better.",
        ),
        WrongAnswer(
            "end-at-zero-counts",
            _zero_end_counts,
            "An interval that ends at 0 includes no difference at all: ask for low > 0, not >=.",
        ),
        WrongAnswer(
            "wrong-end",
            _wrong_end,
            "You look at the wrong end: 'a is better' needs the low end above 0.",
        ),
        WrongAnswer(
            "worse-never-said",
            _only_better,
            "b can be better too: return -1 if the high end lies below 0.",
        ),
        WrongAnswer(
            "not-better-is-not-worse",
            _worse_otherwise,
            "That a is not shown to be better does not make b better: return 0 where the interval "
            "includes 0.",
        ),
    ),
)

PARTS = (SPLIT, STANDARDISE, CHOOSE_RATE, HONEST_RESULT, PAIRED_INTERVAL, CLAIM)
