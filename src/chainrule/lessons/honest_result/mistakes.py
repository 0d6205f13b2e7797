"""Lesson 5: wrong answers, each with the hint that it gets; one without shares the next one's."""

import numpy as np

from chainrule.lessons.honest_result.solution import (
    T_95,
    choose_rate,
    claim,
    honest_result,
    paired_interval,
    split,
    standardise,
)
from chainrule.proof.faults import FAULTS

# ---- split ----


class Split:
    def trained_on_all(count, val_size, rng):
        """The images that validate train as well: take them out of train, or validation rewards
        learning by heart."""
        return np.arange(count), rng.permutation(count)[:val_size]

    def overlapping_split(count, val_size, rng):
        """Two draws overlap: some images train and validate, others do neither. Shuffle once, and
        cut that one order in two."""
        return rng.permutation(count)[val_size:], rng.permutation(count)[:val_size]

    def train_and_val_swapped(count, val_size, rng):
        """The two heaps are swapped: train comes first and has count - val_size indices."""
        return split(count, val_size, rng)[::-1]

    def drawn_with_replacement(count, val_size, rng):
        """Some image is drawn twice: rng.integers and rng.choice put each one back. Use
        rng.permutation."""
        val = rng.integers(0, count, val_size)
        return np.delete(np.arange(count), np.unique(val))[: count - val_size], val

    def not_drawn(count, val_size, rng):
        """The same images validate whatever the generator: the first ones, which in a sorted file
        are of one class, or those of a seed of your own. Shuffle with rng, then cut."""
        return np.arange(val_size, count), np.arange(val_size)

    def drawn_anew(count, val_size, rng):
        """The validation images are drawn anew at each call (fault F8 of the course), so that no
        two numbers can be compared. Draw with the rng that comes in, and no other."""
        return split(count, val_size, np.random.default_rng())

    def one_block(count, val_size, rng):
        """You draw where a block of neighbours begins, not which images: in a sorted file
        neighbours are of one class. Shuffle all indices."""
        val = np.arange(val_size) + rng.integers(0, count - val_size + 1)
        return np.setdiff1d(np.arange(count), val), val

    def one_image_lost(count, val_size, rng):
        """One image is in neither heap: the second cut must begin where the first one ends, at
        val_size."""
        train, val = split(count, val_size, rng)
        return train[1:], val

    def last_image_never_validates(count, val_size, rng):
        """The last image can never validate: shuffle all count indices, 0 to count - 1."""
        train, val = split(count - 1, val_size, rng)
        return np.append(train, count - 1), val


# ---- standardise ----


def scaled(X_train, X_test, mean, deviation):
    return (X_train - mean) / deviation, (X_test - mean) / deviation


class Standardise:
    statistics_from_test = FAULTS["statistics-from-test"].part
    """Mean and deviation are measured on the test images as well, which must stay unseen. Take both
    from X_train alone."""

    def each_by_its_own(X_train, X_test):
        """The test images are standardised by their own mean and deviation: the same grey then
        means one thing in training and another in the test. Use those of X_train for both."""
        return tuple((X - X.mean()) / X.std() for X in (X_train, X_test))

    def test_left_out(X_train, X_test):
        """X_test comes back as it was: the network would see pixels on another scale than in
        training."""
        return standardise(X_train, X_test)[0], X_test

    tiny_deviation = FAULTS["tiny-deviation"].part
    """Each pixel is divided by its own deviation + 1e-9 (fault F4 of the course): one that never
    varied in training explodes in the test. One mean and one deviation for all."""

    def each_pixel_by_its_own(X_train, X_test):
        """Each pixel has its own mean and deviation here, and one that never varies is divided by
        0. Leave out axis=0: one number each, over all pixels."""
        return scaled(X_train, X_test, X_train.mean(axis=0), X_train.std(axis=0))

    def each_image_by_its_own(X_train, X_test):
        """Each image is standardised by itself, so that a faint one looks like a dark one. One mean
        and one deviation, of all of X_train."""
        return tuple(((X.T - X.mean(axis=1)) / X.std(axis=1)).T for X in (X_train, X_test))

    def variance_for_deviation(X_train, X_test):
        """Divided by the variance: take its root, np.std."""
        return scaled(X_train, X_test, X_train.mean(), X_train.var())

    def not_centred(X_train, X_test):
        """The mean is not subtracted: do that first, then divide."""
        return scaled(X_train, X_test, 0, X_train.std())

    def bracket_lost(X_train, X_test):
        """A bracket is missing: X - mean / deviation divides the mean alone."""
        return scaled(X_train, X_test, X_train.mean() / X_train.std(), 1)

    def sample_deviation(X_train, X_test):
        """Take np.std as it is, without ddof=1. Over millions of pixels it is all the same; in
        these small arrays it shows."""
        return scaled(X_train, X_test, X_train.mean(), X_train.std(ddof=1))


# ---- choose_rate ----


def best(rates, scores):
    """Return the rates that are equally good, in their order; NaN is out."""
    return rates[scores == np.nanmax(scores)]


class ChooseRate:
    def rate_of_the_best_seed(rates, val_accuracies):
        """You take the rate of the luckiest single run: with more seeds any rate gets a lucky one.
        Average over the seeds first."""
        return best(rates, val_accuracies.max(axis=1)).min()

    def rate_of_the_worst_seed(rates, val_accuracies):
        """You compare the worst run of each rate. The mean over the seeds is asked for."""
        return best(rates, val_accuracies.min(axis=1)).min()

    def one_seed_alone(rates, val_accuracies):
        """Only the first seed has a say: average over all of them, axis=1."""
        finished = ~np.isnan(val_accuracies).any(axis=1)
        return best(rates[finished], val_accuracies[finished, 0]).min()

    def median_of_the_seeds(rates, val_accuracies):
        """You compare medians; the mean over the seeds is asked for."""
        return best(rates, np.median(val_accuracies, axis=1)).min()

    def index_for_rate(rates, val_accuracies):
        """That is the place of the best rate in the list: return rates[place]."""
        return float(np.nanargmax(val_accuracies.mean(axis=1)))

    def accuracy_for_rate(rates, val_accuracies):
        """That is the best mean accuracy: return the rate that reached it."""
        return np.nanmax(val_accuracies.mean(axis=1))

    def mean_over_the_rates(rates, val_accuracies):
        """You average over the rates, which leaves one number a seed. The seeds are axis 1."""
        return rates[np.argmax(val_accuracies.mean(axis=0))]

    def argmax_alone(rates, val_accuracies):
        """np.argmax takes NaN for the largest number, and the first of several that are equal: the
        rate that diverged wins. Use np.nanmax, and take the smallest rate of a tie."""
        return rates[np.argmax(val_accuracies.mean(axis=1))]

    def diverged_chosen(rates, val_accuracies):
        """The rate that diverged is chosen: np.max and np.argmax take NaN for the largest. Leave
        such a rate out, with np.nanmax."""
        diverged = np.isnan(val_accuracies).any(axis=1)
        return rates[diverged][0] if diverged.any() else choose_rate(rates, val_accuracies)

    def diverged_forgiven(rates, val_accuracies):
        """np.nanmean forgets the run that diverged and praises the rate for the others. A rate that
        sometimes diverges is out: take the mean as it is, NaN."""
        return best(rates, np.nanmean(val_accuracies, axis=1)).min()

    def diverged_as_0(rates, val_accuracies):
        """A run that diverged counts as 0 here, so that a rate with many good seeds may still win.
        Such a rate is out: take the mean as it is, NaN."""
        return best(rates, np.nan_to_num(val_accuracies).mean(axis=1)).min()

    def first_of_a_tie(rates, val_accuracies):
        """Of equally good rates the first one in the list is taken; the smallest is asked for."""
        return best(rates, val_accuracies.mean(axis=1))[0]

    def last_of_a_tie(rates, val_accuracies):
        """Of equally good rates the last one in the list is taken; the smallest is asked for. In a
        loop >= lets a later one in."""
        return best(rates, val_accuracies.mean(axis=1))[-1]

    def largest_of_a_tie(rates, val_accuracies):
        """Of equally good rates the largest is taken; the smallest is asked for: it is farther from
        where training diverges."""
        return best(rates, val_accuracies.mean(axis=1)).max()

    def almost_as_good(rates, val_accuracies):
        """Rates that are almost as good as the best are taken for equally good, by rounding or a
        tolerance. Compare the means as they are."""
        means = val_accuracies.mean(axis=1)
        return rates[means >= np.nanmax(means) - 0.01].min()

    def worst_rate(rates, val_accuracies):
        """You take the lowest accuracy. For a loss that would be right."""
        return choose_rate(rates, -val_accuracies)


# ---- honest_result ----


def report(rates, rate, accuracies):
    row = accuracies[rates == rate]
    return rate, row.mean(), row.min(), row.max()


class HonestResult:
    def chosen_on_test(rates, val_accuracies, test_accuracies):
        """The rate is chosen on the test accuracies (fault F8 of the course): the test set has then
        taken part, and its number is too good. Choose on val_accuracies."""
        return honest_result(rates, test_accuracies, test_accuracies)

    def best_test_reported(rates, val_accuracies, test_accuracies):
        """The rate is chosen on validation, but the numbers are those of the rate that did best on
        the test set. Report the row of the rate that you return."""
        _, *numbers = honest_result(rates, test_accuracies, test_accuracies)
        return choose_rate(rates, val_accuracies), *numbers

    def validation_reported(rates, val_accuracies, test_accuracies):
        """You report the validation accuracies: they chose the rate, and flatter it. Report the
        test accuracies of the same rate."""
        return honest_result(rates, val_accuracies, val_accuracies)

    def best_of_seeds(rates, val_accuracies, test_accuracies):
        """The best seed stands where the mean belongs: more seeds would make it better and better.
        Report test.mean()."""
        rate, _, low, high = honest_result(rates, val_accuracies, test_accuracies)
        return rate, high, low, high

    def one_seed_reported(rates, val_accuracies, test_accuracies):
        """The test accuracy of a single seed, the best one on validation, stands where the mean
        over all seeds belongs."""
        rate, _, low, high = honest_result(rates, val_accuracies, test_accuracies)
        luckiest = np.argmax(val_accuracies[rates == rate])
        return rate, test_accuracies[rates == rate][0, luckiest], low, high

    def all_rates_mixed(rates, val_accuracies, test_accuracies):
        """Mean, low and high are taken over all rates: take the row of the chosen one alone."""
        numbers = (of(test_accuracies) for of in (np.nanmean, np.nanmin, np.nanmax))
        return choose_rate(rates, val_accuracies), *numbers

    def first_of_a_tie(rates, val_accuracies, test_accuracies):
        """Of equally good rates the first one in the list is taken; choose_rate takes the smallest.
        Call it."""
        rate = rates[np.nanargmax(val_accuracies.mean(axis=1))]
        return report(rates, rate, test_accuracies)

    def row_of_sorted_rates(rates, val_accuracies, test_accuracies):
        """The row is looked up among the sorted rates, but the tables are in the order of rates:
        take the row where rates == rate."""
        return report(np.sort(rates), choose_rate(rates, val_accuracies), test_accuracies)

    def ends_swapped(rates, val_accuracies, test_accuracies):
        """low and high are swapped."""
        rate, mean, low, high = honest_result(rates, val_accuracies, test_accuracies)
        return rate, mean, high, low


# ---- paired_interval ----


def with_half(half):
    """Return a paired_interval that ends ``half(differences, n)`` from the mean."""

    def answer(a, b):
        mean, width = (a - b).mean(), half(a - b, len(a))
        return mean, mean - width, mean + width

    return answer


def unpaired(a, b, freedom):
    mean, width = (a - b).mean(), T_95[freedom] * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))
    return mean, mean - width, mean + width


class PairedInterval:
    def unpaired_difference(a, b):
        """The spreads of a and of b are added as if the seeds were different ones: the luck that a
        seed gives to both stays in. Subtract first, then take the deviation of a - b."""
        return unpaired(a, b, len(a) - 1)

    def unpaired_pooled(a, b):
        """That is the interval for two groups of different seeds, with 2 n - 2 degrees of freedom.
        These are pairs: go on with the n differences a - b."""
        return unpaired(a, b, 2 * len(a) - 2)

    population_deviation = with_half(lambda d, n: T_95[n - 1] * d.std() / np.sqrt(n))
    """The deviation divides by n, and is too small for a few seeds, whose mean was fitted to them:
    use ddof=1."""

    missing_root_n = with_half(lambda d, n: T_95[n - 1] * d.std(ddof=1))
    """That is where single differences lie, not where their mean does: divide the deviation by the
    root of n."""

    divided_by_n = with_half(lambda d, n: T_95[n - 1] * d.std(ddof=1) / n)
    """Divided by n: the deviation of a mean falls with the root of n."""

    variance_for_deviation = with_half(lambda d, n: T_95[n - 1] * d.var(ddof=1) / np.sqrt(n))
    """The variance stands where the deviation belongs: its unit is points squared."""

    n_degrees_of_freedom = with_half(lambda d, n: T_95[n] * d.std(ddof=1) / np.sqrt(n))
    """T_95 is looked up at n: n differences have n - 1 degrees of freedom."""

    normal_quantile = with_half(lambda d, n: 1.96 * d.std(ddof=1) / np.sqrt(n))
    """1.96 holds for a deviation that is known; yours is estimated from a few seeds. Use
    T_95[n - 1]."""

    two_standard_errors = with_half(lambda d, n: 2 * d.std(ddof=1) / np.sqrt(n))
    """Twice the standard error is the rule for many seeds; for a few it is too narrow. Use
    T_95[n - 1]."""

    no_quantile = with_half(lambda d, n: d.std(ddof=1) / np.sqrt(n))
    """mean ± one standard error holds in about two of three cases: multiply by T_95[n - 1]."""

    def range_for_interval(a, b):
        """Lowest and highest difference are no interval of the mean: they move apart as seeds are
        added. Take mean ± t s / √n."""
        return (a - b).mean(), (a - b).min(), (a - b).max()

    def sign_flipped(a, b):
        """The sign is flipped: a - b is asked for."""
        return paired_interval(b, a)

    def sign_lost(a, b):
        """The sign of the differences is lost: without it one setting always seems ahead."""
        return paired_interval(np.abs(a - b), 0 * b)

    def sorted_apart(a, b):
        """a and b are sorted apart, so that a run is paired with another seed's. Keep their
        order."""
        return paired_interval(np.sort(a), np.sort(b))


# ---- claim ----


def claim_by(interval):
    """Return a claim that is right but for its interval."""

    def answer(a, b):
        _, low, high = interval(a, b)
        return int(low > 0) - int(high < 0)

    return answer


class Claim:
    def sign_of_the_mean(a, b):
        """The mean difference always points somewhere, as a coin does. Claim only what the whole
        interval says."""
        return int(np.sign((a - b).mean()))

    def best_seeds_compared(a, b):
        """The best run of each is compared, which is luck against luck. Use paired_interval."""
        return int(np.sign(a.max() - b.max()))

    def majority_of_seeds(a, b):
        """More seeds for one side is not enough: three of four is what a coin often gives. Use the
        interval."""
        return int(np.sign(np.sign(a - b).sum()))

    def every_seed(a, b):
        """That asks every seed to agree; the question is where the mean lies. Look at the ends of
        the interval."""
        return int((a > b).all()) - int((a < b).all())

    def ranges_apart(a, b):
        """Whether the two ranges overlap is not the question: the seeds move both together. Look at
        the interval of the difference."""
        return int(a.min() > b.max()) - int(a.max() < b.min())

    unpaired_claim = claim_by(PairedInterval.unpaired_difference)
    """The interval is that of unpaired runs, too wide here: the luck of a seed is in both. Use
    paired_interval."""

    population_deviation = claim_by(PairedInterval.population_deviation)
    """The interval is too narrow: the deviation divides by n. Use paired_interval, whose deviation
    has ddof=1."""

    n_degrees_of_freedom = claim_by(PairedInterval.n_degrees_of_freedom)
    """The interval is too narrow: T_95 is looked up at n, and n differences have n - 1 degrees of
    freedom. Use paired_interval."""

    normal_quantile = claim_by(PairedInterval.normal_quantile)
    """The interval is too narrow for so few seeds: 1.96 or 2 stands where T_95[n - 1] belongs. Use
    paired_interval."""

    def claim_reversed(a, b):
        """1 and -1 are swapped: a - b above 0 means that a is better."""
        return -claim(a, b)

    def end_at_zero_counts(a, b):
        """An interval that ends at 0 includes no difference at all: ask for low > 0, not >=."""
        _, low, high = paired_interval(a, b)
        return 1 if low >= 0 else -1 if high <= 0 else 0

    def wrong_end(a, b):
        """You look at the wrong end: 'a is better' needs the low end above 0."""
        _, low, high = paired_interval(a, b)
        return 1 if high > 0 else -1 if low < 0 else 0

    def worse_never_said(a, b):
        """b can be better too: return -1 if the high end lies below 0."""
        return max(0, claim(a, b))

    def not_better_is_not_worse(a, b):
        """That a is not shown to be better does not make b better: return 0 where the interval
        includes 0."""
        return 1 if claim(a, b) == 1 else -1
