"""Fitting computes with one BLAS thread where that is quicker, and leaves the process as it was."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from blas import blas_threads
from chainrule.interop.sklearn import MLPClassifier, base

pytestmark = pytest.mark.usefixtures("two_threads")
X = np.random.default_rng(0).normal(size=(60, 4))
y = np.arange(60) % 3


@pytest.fixture
def seen(monkeypatch):
    """Return a list of the BLAS threads that each training saw when it began."""
    seen, train = [], base.train_network

    def train_network(*arguments, **settings):
        seen.append(blas_threads())
        return train(*arguments, **settings)

    monkeypatch.setattr(base, "train_network", train_network)
    return seen


def classifier(**settings):
    return MLPClassifier(max_iter=200, tol=1, n_iter_no_change=1, **settings)


def test_fit_and_partial_fit_have_one_thread_and_leave_two(seen):
    fitted = classifier().fit(X, y)
    assert blas_threads() == {2}
    fitted.partial_fit(X, y)
    assert seen == [{1}, {1}]
    assert blas_threads() == {2}


def test_prediction_is_left_alone(monkeypatch):
    fitted, seen = classifier().fit(X, y), []
    forward = base.BaseMLP._forward
    monkeypatch.setattr(
        base.BaseMLP, "_forward", lambda self, X: seen.append(blas_threads()) or forward(self, X)
    )
    fitted.predict(X)
    assert seen == [{2}]


def test_large_products_keep_their_threads(seen, monkeypatch):
    monkeypatch.setattr("chainrule.threads.SMALL_PRODUCT", 60 * 100 * 4)
    classifier(hidden_layer_sizes=(100,)).fit(X, y)
    classifier(hidden_layer_sizes=(101,)).fit(X, y)
    classifier(hidden_layer_sizes=(101,), batch_size=59).fit(X, y)
    assert seen == [{1}, {2}, {1}]


def test_a_number_of_the_users_is_left_alone(seen, monkeypatch):
    with threadpool_limits(3, user_api="blas"):
        classifier().fit(X, y)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    classifier().fit(X, y)
    assert seen == [{3}, {2}]


def test_an_error_in_training_restores_the_threads():
    with pytest.raises(ValueError, match="non-finite"):
        classifier(solver="sgd", learning_rate_init=1e300).fit(X, y)
    assert blas_threads() == {2}


def test_fits_that_overlap_in_threads_do_not_leave_the_process_at_one_thread(monkeypatch):
    both_in, train, seen = Barrier(2), base.train_network, []

    def train_network(*arguments, **settings):
        both_in.wait(60)
        seen.append(blas_threads())
        return train(*arguments, **settings)

    monkeypatch.setattr(base, "train_network", train_network)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda seed: classifier(random_state=seed).fit(X, y), range(4)))
        assert blas_threads() == {2}
    assert seen == [{1}] * 4


def test_a_search_in_joblibs_threads_leaves_two(seen):
    with parallel_config(backend="threading", n_jobs=2):
        GridSearchCV(classifier(), {"alpha": [0.0, 0.1, 0.2]}, cv=3).fit(X, y)
    assert blas_threads() == {2}
    assert seen == [{1}] * (3 * 3 + 1)
