"""Lesson 5: right answers pass however they are written, and what its page claims holds."""

from fractions import Fraction
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest

from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset
from chainrule.experiments.statistics import t_interval
from chainrule.lessons.honest_result import figures, solution
from chainrule.lessons.honest_result.parts import CLAIM, PARTS, SPLIT
from chainrule.lessons.honest_result.retold import WAYS, first_epoch_at, retold
from chainrule.lessons.honest_result.retold import main as retold_command
from chainrule.lessons.judge import RIGHT, WRONG, judge
from chainrule.plots import alt_text


def judged(part, answer):
    return judge(part, answer, getattr(solution, part.name))


# ---- right answers, differently written ----


def split_by_drawing(count, val_size, rng):
    val = rng.choice(count, size=val_size, replace=False)
    return np.setdiff1d(np.arange(count), val), val


def split_by_shuffling_in_place(count, val_size, rng):
    order = np.arange(count)
    rng.shuffle(order)
    return order[:-val_size], order[-val_size:]


def split_by_random_keys(count, val_size, rng):
    order = np.argsort(rng.random(count))
    return np.sort(order[val_size:]), np.sort(order[:val_size])


def split_card_by_card(count, val_size, rng):
    left = list(range(count))
    val = [left.pop(int(rng.integers(len(left)))) for _ in range(val_size)]
    return left, val


def standardise_in_loops(X_train, X_test):
    total = sum(value for row in X_train for value in row)
    mean = total / X_train.size
    deviation = sqrt(sum((value - mean) ** 2 for row in X_train for value in row) / X_train.size)
    return tuple(
        np.array([[(value - mean) / deviation for value in row] for row in X])
        for X in (X_train, X_test)
    )


def standardise_copies_in_place(X_train, X_test):
    mean, deviation = np.mean(X_train), np.std(X_train)
    both = [X_train.copy(), X_test.copy()]
    for X in both:
        X -= mean
        X /= deviation
    return tuple(both)


def standardise_in_float32(X_train, X_test):
    small = X_train.astype(np.float32)
    mean, deviation = small.mean(), small.std()
    return (small - mean) / deviation, (X_test.astype(np.float32) - mean) / deviation


def standardise_by_moments(X_train, X_test):
    mean = np.einsum("ij->", X_train) / X_train.size
    variance = np.einsum("ij,ij->", X_train, X_train) / X_train.size - mean**2
    return (X_train - mean) / variance**0.5, (X_test - mean) / variance**0.5


def choose_rate_in_loops(rates, val_accuracies):
    best, best_mean = None, None
    for rate, row in sorted(zip(rates.tolist(), val_accuracies.tolist(), strict=True)):
        if any(share != share for share in row):
            continue
        mean = fmean(row)
        if best is None or mean > best_mean:
            best, best_mean = rate, mean
    return best


def choose_rate_by_sorting(rates, val_accuracies):
    means = np.where(np.isnan(val_accuracies).any(axis=1), -1, val_accuracies.mean(axis=1))
    return rates[np.lexsort((rates, -means))[0]]


def choose_rate_by_sums(rates, val_accuracies):
    totals = np.nan_to_num(val_accuracies.sum(axis=1), nan=-np.inf)
    order = np.argsort(rates)
    return rates[order][totals[order].argmax()]


def honest_result_by_place(rates, val_accuracies, test_accuracies):
    rate = choose_rate_in_loops(rates, val_accuracies)
    row = sorted(test_accuracies[rates.tolist().index(rate)].tolist())
    return rate, sum(row) / len(row), row[0], row[-1]


def honest_result_by_the_best_row(rates, val_accuracies, test_accuracies):
    order = np.argsort(rates)
    best = order[np.nanargmax(val_accuracies[order].mean(axis=1))]
    row = test_accuracies[best]
    return rates[best], np.mean(row), np.min(row), np.max(row)


def honest_result_as_float32(rates, val_accuracies, test_accuracies):
    rate = choose_rate_by_sorting(rates, val_accuracies)
    row = test_accuracies[rates == rate].astype(np.float32)
    return rate, row.mean(), row.min(), row.max()


def paired_interval_in_loops(a, b):
    differences = [one - other for one, other in zip(a.tolist(), b.tolist(), strict=True)]
    half = solution.T_95[len(a) - 1] * stdev(differences) / sqrt(len(a))
    return fmean(differences), fmean(differences) - half, fmean(differences) + half


def paired_interval_by_covariance(a, b):
    n = len(a)
    (var_a, cov), (_, var_b) = np.cov(a, b)
    half = solution.T_95[n - 1] * np.sqrt((var_a + var_b - 2 * cov) / n)
    mean = np.mean(a) - np.mean(b)
    return mean, mean - half, mean + half


def paired_interval_from_sums(a, b):
    d, n = np.subtract(a, b), a.size
    squares = ((d - d.sum() / n) ** 2).sum()
    half = solution.T_95[n - 1] * (squares / (n * (n - 1))) ** 0.5
    return np.array(d.sum() / n), d.sum() / n - half, d.sum() / n + half


def claim_in_words(a, b):
    _, low, high = paired_interval_in_loops(a, b)
    if low > 0:
        return 1
    if high < 0:
        return -1
    return 0


def claim_by_signs(a, b):
    _, low, high = solution.paired_interval(a, b)
    return int(np.sign(low)) if low * high > 0 else 0


def claim_by_the_t_statistic(a, b):
    mean, low, high = solution.paired_interval(a, b)
    return np.sign(mean).astype(int) * int(abs(mean) > (high - low) / 2)


RIGHT_ANSWERS = {
    "split": (
        split_by_drawing,
        split_by_shuffling_in_place,
        split_by_random_keys,
        split_card_by_card,
    ),
    "standardise": (
        standardise_in_loops,
        standardise_copies_in_place,
        standardise_in_float32,
        standardise_by_moments,
    ),
    "choose_rate": (choose_rate_in_loops, choose_rate_by_sorting, choose_rate_by_sums),
    "honest_result": (
        honest_result_by_place,
        honest_result_by_the_best_row,
        honest_result_as_float32,
    ),
    "paired_interval": (
        paired_interval_in_loops,
        paired_interval_by_covariance,
        paired_interval_from_sums,
    ),
    "claim": (claim_in_words, claim_by_signs, claim_by_the_t_statistic),
}


@pytest.mark.parametrize(
    ("part", "answer"),
    [(part, answer) for part in PARTS for answer in RIGHT_ANSWERS[part.name]],
    ids=lambda one: getattr(one, "__name__", getattr(one, "name", "")),
)
def test_a_right_answer_passes_however_it_is_written(part, answer):
    result = judged(part, answer)
    assert result.status == RIGHT, result


# ---- what must not pass, and must not be taken for another mistake ----


def smallest_best(rates, scores):
    return rates[scores == np.nanmax(scores)].min()


def rate_by_nansum(rates, val_accuracies):
    return smallest_best(rates, np.nansum(val_accuracies, axis=1) / val_accuracies.shape[1])


def rate_by_a_loop_that_lets_ties_in(rates, val_accuracies):
    best, chosen = -1, None
    for rate, row in zip(rates, val_accuracies, strict=True):
        if row.mean() >= best:
            best, chosen = row.mean(), rate
    return chosen


def rate_by_rounded_means(rates, val_accuracies):
    return smallest_best(rates, np.round(val_accuracies.mean(axis=1), 2))


def rate_within_a_thousandth(rates, val_accuracies):
    means = val_accuracies.mean(axis=1)
    return rates[means >= np.nanmax(means) - 0.001].min()


def rate_by_mean_less_deviation(rates, val_accuracies):
    return smallest_best(rates, val_accuracies.mean(axis=1) - val_accuracies.std(axis=1))


def rate_without_best_and_worst(rates, val_accuracies):
    inner = np.sort(val_accuracies, axis=1)
    inner = inner[:, 1:-1] if inner.shape[1] > 2 else inner
    return smallest_best(rates, inner.mean(axis=1))


def split_by_one_of_ten_global_seeds(count, val_size, rng):
    np.random.seed(int(rng.integers(10)))  # noqa: NPY002
    order = np.random.permutation(count)  # noqa: NPY002
    return order[val_size:], order[:val_size]


def claim_by_one_deviation(a, b):
    mean, deviation = (a - b).mean(), (a - b).std(ddof=1)
    return int(mean > deviation) - int(mean < -deviation)


def claim_by_two_standard_errors(a, b):
    mean, error = (a - b).mean(), (a - b).std(ddof=1) / np.sqrt(len(a))
    return int(mean > 2 * error) - int(mean < -2 * error)


@pytest.mark.parametrize(
    ("name", "answer", "mistake"),
    [
        ("choose_rate", rate_by_nansum, "diverged-as-0"),
        ("choose_rate", rate_by_a_loop_that_lets_ties_in, "last-of-a-tie"),
        ("choose_rate", rate_by_rounded_means, "almost-as-good"),
        ("choose_rate", rate_within_a_thousandth, ""),
        ("choose_rate", rate_by_mean_less_deviation, ""),
        ("choose_rate", rate_without_best_and_worst, ""),
        ("split", split_by_one_of_ten_global_seeds, ""),
        ("claim", claim_by_one_deviation, ""),
        ("claim", claim_by_two_standard_errors, "normal-quantile"),
    ],
)
def test_a_wrong_answer_is_found_and_called_by_no_other_name(name, answer, mistake):
    found = judged(next(part for part in PARTS if part.name == name), answer)
    assert (found.status, found.mistake) == (WRONG, mistake)


# ---- what only this lesson promises ----


def test_a_split_that_is_no_pair_of_arrays_is_said_in_words():
    result = judged(SPLIT, lambda count, val_size, rng: rng.permutation(count))
    assert result.status == WRONG
    assert "two arrays, train and val" in " ".join(result.lines)


def test_numpys_global_generator_is_taken_for_a_new_draw_at_each_call():
    def split(count, val_size, rng):
        order = np.random.permutation(count)  # noqa: NPY002
        return order[val_size:], order[:val_size]

    assert judged(SPLIT, split).mistake == "drawn-anew"


def test_the_interval_is_the_one_that_compare_draws():
    rng = np.random.default_rng(0)
    for seeds in (2, 5, 31):
        a, b = rng.normal(0.95, 0.01, (2, seeds))
        _, low, high = solution.paired_interval(a, b)
        wanted = t_interval((a - b).tolist())
        np.testing.assert_allclose((low, high), wanted, atol=1e-3 * (high - low))


def test_the_table_of_t_holds_a_quantile_for_each_number_of_seeds_up_to_31():
    stdtrit = pytest.importorskip("scipy.special").stdtrit
    assert list(solution.T_95) == list(range(1, 31))
    for freedom, quantile in solution.T_95.items():
        assert quantile == round(float(stdtrit(freedom, 0.975)), 3)


def test_the_cases_of_claim_hold_every_answer():
    cases = CLAIM.cases(np.random.default_rng(0))
    assert {solution.claim(**case) for case in cases} == {-1, 0, 1}


def test_seeds_that_agree_to_the_last_digit_claim_nothing_where_they_are_equal():
    shares = np.array([0.5, 0.75, 0.625])
    assert solution.claim(shares, shares) == 0


def test_the_test_set_would_never_have_chosen_a_lower_number():
    rng = np.random.default_rng(0)
    for _ in range(50):
        validation, test = rng.uniform(0.8, 1, (2, 5, 3))
        _, mean, low, high = solution.honest_result(np.arange(5) / 10, validation, test)
        assert low <= mean <= high
        assert mean <= test.mean(axis=1).max()


def test_the_best_of_k_equal_networks_is_reported_too_high_and_more_so_for_more():
    # The exact mean of the best of k: the sum over x of 1 - F(x)^k, for a small test set.
    images, p = 20, Fraction(9, 10)
    chances = [Fraction(1)]
    for _ in range(images):
        longer = [Fraction(0)] * (len(chances) + 1)
        for right, chance in enumerate(chances):
            longer[right] += chance * (1 - p)
            longer[right + 1] += chance * p
        chances = longer
    below = np.cumsum([float(chance) for chance in chances])
    means = [sum(1 - below[:-1] ** k) / images for k in (1, 2, 5, 10, 100)]
    assert means[0] == pytest.approx(0.9)
    assert means == sorted(means)
    assert means[-1] > 0.99


@pytest.fixture(scope="module")
def sample():
    """Return the embedded sample, whose own loader takes seconds."""
    return load_dataset("sample", notice=None)


def test_averaging_twice_holds_sgd_back_and_the_true_gradient_runs_beside_adam(sample):
    data = split_dataset(sample, 1_000)
    runs = {way: retold(data, way, seed=0, epochs=4) for way in WAYS}
    twice, true, adam = (run.test_accuracy for run in runs.values())
    assert twice < true - 0.3
    assert abs(true - adam) < 0.06
    assert runs["SGD"].history["loss"][0] < runs["SGD, averaged twice"].history["loss"][-1]


def test_the_ways_differ_in_one_thing_each():
    (twice, sgd), (dense, also_sgd), (also_dense, adam) = WAYS.values()
    assert sgd == also_sgd
    assert adam != sgd
    assert dense is also_dense
    assert issubclass(twice, dense)


def test_the_first_epoch_is_counted_from_one_and_may_never_come():
    assert first_epoch_at([0.5, 0.9, 0.95], 0.9) == 2
    assert first_epoch_at([0.5, 0.6], 0.9) is None


@pytest.mark.parametrize("option", [(), ("--per-pixel",)])
def test_the_retold_command_prints_a_line_for_each_way(option, sample, monkeypatch, capsys):
    monkeypatch.setattr("chainrule.data.mnist.load_dataset", lambda source: sample)
    few = ["--seeds", "1", "--epochs", "1", "--train-size", "300"]
    monkeypatch.setattr("sys.argv", ["retold", *few, *option])
    retold_command()
    said = capsys.readouterr().out
    for way in WAYS:
        assert f"\n{way:<20}" in said
    assert "300 to train" in said


def test_the_pictures_say_their_numbers():
    rng = np.random.default_rng(0)
    shares = {"SGD": [0.9, 0.91], "Adam": [0.92, 0.95]}
    by_seed = alt_text(figures.accuracies_by_seed(shares, 1_000))
    assert "SGD: 2 seeds from 90.00% to 91.00%" in by_seed
    bests = rng.binomial(1_000, 0.95, 500) / 1_000
    assert "500 repetitions" in alt_text(figures.best_of(bests, 0.95, 1, 1_000))
    pairs = alt_text(figures.pairs(shares, {"paired": (0.03, 0.01, 0.05)}))
    assert "paired: mean +3.00, from +1.00 to +5.00 points" in pairs
    assert "SGD is ahead in 0" in pairs


def test_the_teachers_page_quotes_the_hints_as_they_are():
    page = Path(__file__).parents[2] / "docs" / "teaching" / "5-honest-result.md"
    rows = [line.split(" | ") for line in page.read_text(encoding="utf-8").splitlines()]
    quoted = [row for row in rows if len(row) == 4 and row[0].startswith("| `")]
    hints = {(part.name, w.name): w.hint for part in PARTS for w in part.wrong_answers}
    assert len(quoted) > 20
    for part, mistake, _, hint in quoted:
        assert hints[part.strip("| `"), mistake.strip("`")] == hint.removesuffix(" |")
