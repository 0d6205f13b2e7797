"""Dropout, class weights, validation curves, dtypes and an activation for each layer."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris

from chainrule import Dense, Dropout, LeakyReLU, Network, ReLU, Tanh
from chainrule.interop.sklearn import MLPClassifier, MLPRegressor
from chainrule.interop.sklearn.targets import (
    half_poisson_deviance,
    half_squared_error,
    sigmoid_crossentropy_with_logits,
)
from chainrule.proof.audit import numerical_gradient

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def iris():
    return load_iris(return_X_y=True)


def kinds(estimator):
    return [type(layer) for layer in estimator.network_]


def test_dropout_follows_each_hidden_layer(iris):
    classifier = MLPClassifier((8, 6), dropout=0.25, max_iter=2, random_state=0).fit(*iris)
    assert kinds(classifier) == [Dense, ReLU, Dropout, Dense, ReLU, Dropout, Dense]
    assert [layer.rate for layer in classifier.network_ if type(layer) is Dropout] == [0.25, 0.25]
    one = MLPClassifier((8, 6), dropout=[0, 0.5], max_iter=2).fit(*iris)
    assert kinds(one) == [Dense, ReLU, Dense, ReLU, Dropout, Dense]
    assert (one.predict_proba(iris[0]) == one.predict_proba(iris[0])).all()


def test_an_activation_for_each_layer(iris):
    names = ("tanh", "identity", "leaky_relu", "relu")
    classifier = MLPClassifier((5, 5, 5, 5), activation=names, max_iter=2).fit(*iris)
    assert kinds(classifier) == [Dense, Tanh, Dense, Dense, LeakyReLU, Dense, ReLU, Dense]


def test_class_weights_move_the_border():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 1)) + np.repeat([0, 1], 200)[:, np.newaxis]
    y = np.repeat([0, 1], 200)
    shares = [
        MLPClassifier(class_weight=weight, max_iter=100, random_state=0).fit(X, y).predict(X).mean()
        for weight in ({0: 10}, None, {1: 10})
    ]
    assert shares[0] + 0.1 < shares[1] < shares[2] - 0.1


def test_balanced_classes_weigh_the_same_whatever_their_size(iris):
    X, y = iris
    rows = np.r_[0:50, 50:60, 100:150]
    counts = np.bincount(y[rows])
    by_hand = {k: len(rows) / (3 * count) for k, count in enumerate(counts)}
    one, other = (
        MLPClassifier(class_weight=weight, max_iter=5, random_state=0).fit(X[rows], y[rows])
        for weight in ("balanced", by_hand)
    )
    assert np.allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-9)


def test_a_weight_of_zero_is_as_if_the_row_were_not_there(iris):
    X, y = iris
    weights = np.random.default_rng(0).integers(2, size=len(X))
    one = MLPClassifier(max_iter=5, batch_size=16, random_state=0).fit(X, y, weights)
    other = MLPClassifier(max_iter=5, batch_size=16, random_state=0).fit(
        X[weights > 0], y[weights > 0]
    )
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-9)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_validation_curves(kind):
    X, y = load_iris(return_X_y=True)
    estimator = kind(max_iter=7, random_state=0).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert len(estimator.val_loss_curve_) == len(estimator.loss_curve_) == 7
    assert estimator.validation_scores_[-1] == pytest.approx(estimator.score(X[1::2], y[1::2]))
    assert estimator.history_["val_loss"] == estimator.val_loss_curve_
    if kind is MLPClassifier:
        assert estimator.history_["val_accuracy"] == pytest.approx(estimator.validation_scores_)
    without = kind(max_iter=7, random_state=0).fit(X[::2], y[::2])
    assert without.val_loss_curve_ is None
    assert without.validation_scores_ is None
    assert without.loss_curve_ == estimator.loss_curve_


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    ("given", "asked", "kept"),
    [
        (np.float32, None, np.float32),
        (np.float64, None, np.float64),
        (np.int32, None, np.float64),
        (np.float64, np.float32, np.float32),
        (np.float32, "float64", np.float64),
    ],
)
def test_the_dtype_is_decided_once(kind, given, asked, kept):
    X, y = load_digits(n_class=3, return_X_y=True)
    estimator = kind(max_iter=2, dtype=asked).fit(X[:90].astype(given), y[:90])
    assert all(array.dtype == kept for array in estimator.coefs_ + estimator.intercepts_)
    answer = estimator.predict_proba if kind is MLPClassifier else estimator.predict
    assert answer(X[:5].astype(np.float32)).dtype == kept
    assert answer(X[:5]).dtype == kept
    estimator.partial_fit(X[:90].astype(np.float32), y[:90])
    assert estimator.coefs_[0].dtype == kept


def test_arrays_are_views_to_write_into(iris):
    classifier = MLPClassifier(max_iter=2).fit(*iris)
    classifier.coefs_[0][:] = 0
    assert np.ptp(classifier.predict_proba(iris[0]), axis=0).max() == 0


def test_fit_writes_into_no_argument():
    X, y = load_diabetes(return_X_y=True)
    weights = np.arange(len(X)) % 3 + 0.5
    before = [array.copy() for array in (X, y, weights)]
    MLPRegressor(max_iter=2).fit(X, y, weights, X_val=X, y_val=y)
    for one, other in zip(before, (X, y, weights), strict=True):
        assert one.tobytes() == other.tobytes()


def test_network_is_a_network(iris):
    classifier = MLPClassifier(max_iter=2).fit(*iris)
    assert type(classifier.network_) is Network
    assert np.allclose(
        classifier.network_.predict_proba(iris[0]), classifier.predict_proba(iris[0])
    )


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (half_squared_error, np.array([[0.3, -2], [1, 0], [4, 4]])),
        (sigmoid_crossentropy_with_logits, np.array([[0, 1], [1, 0], [1, 1]])),
        (half_poisson_deviance, np.array([[0, 3], [1, 0], [2, 5]])),
    ],
)
@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 0.5])])
def test_gradients_against_differences(loss, targets, weights):
    outputs = np.random.default_rng(0).normal(size=(3, 2))
    _, gradient = loss(outputs, targets, weights)
    scale = 2 if loss is half_squared_error else 1  # its value is a mean over the two outputs
    numeric = numerical_gradient(lambda point: loss(point, targets, weights)[0], outputs)
    assert np.allclose(gradient, scale * numeric, rtol=1e-7, atol=1e-9)


def test_the_sigmoids_loss_does_not_overflow():
    loss, gradient = sigmoid_crossentropy_with_logits(np.array([[1e4], [-1e4]]), [[0], [1]])
    assert loss == 1e4
    assert gradient.ravel().tolist() == [0.5, -0.5]
