"""Lesson 5: an honest result.

Write the body of each function; the docstring says what goes in and what comes out. Keep the names
of functions and arguments. Then ask, in this folder:

    chainrule lesson check 5
"""

import numpy as np

# Half the width of a 95 % interval, in standard deviations of the mean: Student's t by degrees of
# freedom, which are one less than the number of values.
T_95 = {
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262,
    10: 2.228, 11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110,
    18: 2.101, 19: 2.093, 20: 2.086, 21: 2.080, 22: 2.074, 23: 2.069, 24: 2.064, 25: 2.060,
    26: 2.056, 27: 2.052, 28: 2.048, 29: 2.045, 30: 2.042,
}  # fmt: skip


def split(count, val_size, rng):
    """Draw which of `count` images validate; the others train.

    Each image goes into exactly one of the two, and every choice of images is equally likely. The
    same generator gives the same split: draw with `rng` and with nothing else.

    count     how many images there are
    val_size  how many of them validate, from 1 to count - 1
    rng       numpy.random.Generator
    returns   train  (count - val_size,) integers, indices of images, in any order
              val    (val_size,) integers
    """
    # solution
    order = rng.permutation(count)  # (count,)
    return order[val_size:], order[:val_size]
    # end


def standardise(X_train, X_test):
    """Subtract the mean and divide by the standard deviation of the training pixels.

    One mean and one deviation for all pixels together, the deviation as np.std gives it. The
    arguments stay as they are.

    X_train  (n_train, pixels)
    X_test   (n_test, pixels)
    returns  the two arrays, standardised
    """
    # solution
    mean, deviation = X_train.mean(), X_train.std()
    return (X_train - mean) / deviation, (X_test - mean) / deviation
    # end


def choose_rate(rates, val_accuracies):
    """Return the rate whose validation accuracy, averaged over the seeds, is the highest.

    NaN stands for a run that diverged: a rate with such a run is out, and at least one rate has
    none. Of rates that are equally good, take the smallest. The rates come in any order.

    rates           (rates,)
    val_accuracies  (rates, seeds)
    returns         one of the rates
    """
    # solution
    means = val_accuracies.mean(axis=1)  # (rates,), NaN where a run diverged
    best = np.nanmax(means)
    return rates[means == best].min()
    # end


def honest_result(rates, val_accuracies, test_accuracies):
    """Choose a rate on validation as choose_rate does, and report the test accuracies at it.

    rates            (rates,), all different
    val_accuracies   (rates, seeds)
    test_accuracies  (rates, seeds)
    returns          rate  the one chosen
                     mean  of the test accuracies at that rate, over its seeds
                     low   the lowest of them
                     high  the highest of them
    """
    # solution
    rate = choose_rate(rates, val_accuracies)
    test = test_accuracies[rates == rate]  # (1, seeds)
    return rate, test.mean(), test.min(), test.max()
    # end


def paired_interval(a, b):
    """Return the mean of a - b, seed by seed, and the 95 % interval of that mean.

    The interval is mean ± t s / √n, with n seeds, t = T_95[n - 1] from above, and s the standard
    deviation of the n differences with n - 1 in its denominator.

    a        (seeds,) accuracies of one setting, from 2 to 31 seeds
    b        (seeds,) accuracies of another, for the same seeds in the same order
    returns  mean, low, high
    """
    # solution
    differences = a - b  # (seeds,)
    n = len(differences)
    mean = differences.mean()
    half = T_95[n - 1] * differences.std(ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half
    # end


def claim(a, b):
    """Say what the accuracies a and b, paired by seed, allow to claim.

    a        (seeds,)
    b        (seeds,)
    returns  1 if the whole 95 % interval of a - b lies above 0: a is better;
             -1 if the whole interval lies below 0: b is better;
             0 if 0 lies in it or at its end: these runs do not tell
    """
    # solution
    _, low, high = paired_interval(a, b)
    return int(low > 0) - int(high < 0)
    # end
