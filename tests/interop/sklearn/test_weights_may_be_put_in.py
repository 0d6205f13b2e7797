"""coefs_ and intercepts_ are lists to read, to write into and to assign, as scikit-learn's are."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris

from chainrule.checks import ChainruleError
from chainrule.interop.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])


@pytest.fixture
def pair(kind):
    """Return two estimators that know nothing of each other."""
    return [
        kind(hidden_layer_sizes=(7, 5), max_iter=5, random_state=seed).fit(X, Y) for seed in (0, 1)
    ]


def outputs(estimator):
    return estimator._outputs(X)


@BOTH
def test_whole_lists_are_taken(pair):
    one, other = pair
    other.coefs_ = [coef.copy() for coef in one.coefs_]
    other.intercepts_ = tuple(one.intercepts_)
    assert outputs(other).tobytes() == outputs(one).tobytes()
    one.coefs_[0][:] = 0
    assert other.coefs_[0].any()  # values were copied, no arrays shared


@BOTH
def test_one_array_is_taken(pair):
    one, other = pair
    for i in range(3):
        other.coefs_[i] = one.coefs_[i].astype(np.float32)
        other.intercepts_[i - 3] = one.intercepts_[i - 3].tolist()
    np.testing.assert_allclose(outputs(other), outputs(one), rtol=1e-5, atol=1e-5)


@BOTH
def test_slices_and_sums_in_place(pair):
    one, other = pair
    other.coefs_[1:] = one.coefs_[1:]
    assert (other.coefs_[2] == one.coefs_[2]).all()
    before = one.coefs_[0].copy()
    one.coefs_[0] += 1
    assert (one.coefs_[0] == before + 1).all()


@BOTH
def test_averaging_two_models(pair):
    one, other = pair
    mean = copy.deepcopy(one)
    mean.coefs_ = [(a + b) / 2 for a, b in zip(one.coefs_, other.coefs_, strict=True)]
    assert (mean.coefs_[0] == (one.coefs_[0] + other.coefs_[0]) / 2).all()
    assert (mean.coefs_[0] != one.coefs_[0]).any()


@BOTH
def test_what_does_not_fit_is_refused_and_nothing_is_written(pair):
    one, _ = pair
    before = one._network.parameters.copy()
    ones = [np.ones_like(coef) for coef in one.coefs_]
    with pytest.raises(ChainruleError, match=r"coefs_ must be 3 arrays, .* got 2"):
        one.coefs_ = ones[:2]
    with pytest.raises(ChainruleError, match=r"array of coefs_ must have shape \(7, 5\), got \(5,"):
        one.coefs_ = [ones[0], ones[1].T, ones[2]]
    with pytest.raises(ChainruleError, match=r"array of intercepts_ must have shape \(5,\), got"):
        one.intercepts_[1] = 0
    with pytest.raises(ChainruleError, match=r"array of real numbers"):
        one.coefs_[0] = ones[0].astype(str)
    with pytest.raises(ChainruleError, match="array of coefs_ must be finite, but row 2"):
        one.coefs_ = [*ones[:2], np.where(np.arange(5)[:, np.newaxis] == 2, np.nan, ones[2])]
    with pytest.raises(ChainruleError, match="coefs_ must be 3 arrays"):
        one.coefs_ = 3
    with pytest.raises(IndexError):
        one.coefs_[3] = ones[0]
    assert one._network.parameters.tobytes() == before.tobytes()


@BOTH
def test_numbers_too_large_for_float32_are_refused(kind):
    estimator = kind(max_iter=2, dtype="float32").fit(X, Y)
    with pytest.raises(ChainruleError, match="must be finite"):
        estimator.intercepts_[0] = np.full(100, 1e300)


@BOTH
def test_without_a_network_there_is_nothing_to_assign_to(kind):
    with pytest.raises(AttributeError, match="not fitted yet: call fit first"):
        kind().coefs_ = [np.ones((4, 100)), np.ones((100, 1))]


@BOTH
def test_the_lists_are_lists(pair):
    one, _ = pair
    assert isinstance(one.coefs_, list)
    for again in (copy.deepcopy(one.coefs_), pickle.loads(pickle.dumps(one.coefs_))):
        again[0] = np.zeros((4, 7))
        assert not again[0].any()
    assert one.coefs_[0].any()


@BOTH
def test_training_goes_on_from_what_was_put_in(pair):
    one, other = pair
    other.coefs_, other.intercepts_ = one.coefs_, one.intercepts_
    before = other.coefs_[0].copy()
    other.set_params(learning_rate_init=1e-6).partial_fit(X, Y)
    np.testing.assert_allclose(other.coefs_[0], before, atol=1e-4)
