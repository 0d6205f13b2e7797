"""solver='lbfgs' is SciPy's L-BFGS on the flat vector: all examples at once, in float64."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_iris, load_wine, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from chainrule import checks
from chainrule.interop import sklearn as ours
from chainrule.interop.sklearn import MLPClassifier, MLPRegressor
from chainrule.interop.sklearn.base import Data
from chainrule.interop.sklearn.lbfgs import Objective
from chainrule.proof.audit import numerical_gradient

IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
WEIGHTS = np.linspace(0.5, 2, 150)


def problems():
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    yield MLPClassifier(5), X, y
    yield MLPClassifier(5), X, y > 0
    yield MLPClassifier(5), *make_multilabel_classification(150, 4, random_state=0)
    yield MLPRegressor(5), X, y
    yield MLPRegressor(5), X, X[:, :3] ** 2
    yield MLPRegressor("poisson", 5), X, X[:, :2] ** 2


def objective(estimator, X, y, weights=None, alpha=0.7):
    X, y = estimator._check_targets(X, y, fresh=True)
    estimator._begin(Data(X, y))
    return Objective(estimator._network, X, estimator._encode(y), weights, alpha)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(
    ("estimator", "X", "y"), list(problems()), ids=lambda one: str(np.shape(one))
)
def test_the_gradient_is_that_of_the_value_over_all_slices(estimator, X, y, weights, monkeypatch):
    monkeypatch.setattr(checks, "ROWS_AT_ONCE", 40)  # and a last slice of 30
    estimator.set_params(activation="tanh", random_state=0)
    of = objective(estimator, X, y, weights)
    point = of.network.parameters.copy()
    _, gradient = of(point)
    numeric = numerical_gradient(lambda theta: of(theta)[0], point)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_it_is_what_scikit_learn_minimises(kind):
    """From the same weights, value for value: its loss_ holds the penalty."""
    X, y = scale(IRIS[0]), IRIS[1]
    settings = {"solver": "lbfgs", "alpha": 0.7, "hidden_layer_sizes": 5, "max_iter": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn 1.6 itself uses what SciPy deprecates
        theirs = getattr(neural_network, kind)(**settings, random_state=0).fit(X, y)
        mine = getattr(ours, kind)(**settings).fit(X, y)
    mine.coefs_, mine.intercepts_ = theirs.coefs_, theirs.intercepts_
    of = Objective(mine._network, X, mine._encode(y), None, mine.alpha)
    assert of(mine._network.parameters)[0] == pytest.approx(theirs.loss_, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_small_table_is_learned_to_the_end(dtype):
    X, y = load_wine(return_X_y=True)
    X = scale(X).astype(dtype)
    classifier = MLPClassifier(solver="lbfgs", random_state=0).fit(X, y)
    assert classifier.score(X, y) == 1
    assert classifier.coefs_[0].dtype == dtype
    assert classifier.n_iter_ == len(classifier.loss_curve_)
    assert classifier.loss_ < 0.01
    assert np.all(np.diff(classifier.loss_curve_[:10]) < 0)


def test_float32_is_minimised_in_float64():
    X, y = scale(DIABETES[0]), scale(DIABETES[1])
    single, double = (
        MLPRegressor(solver="lbfgs", hidden_layer_sizes=5, tol=1e-6, dtype=dtype, random_state=0)
        .set_params(max_iter=1000)
        .fit(X.astype(np.float32), y)
        for dtype in ("float32", "float64")
    )
    assert single.n_iter_ > 100  # in float32 it ends earlier: the loss stands still at 7 digits
    assert abs(single.score(X, y) - double.score(X, y)) < 0.05


def test_the_curve_is_that_of_the_weights():
    X, y = IRIS
    classifier = MLPClassifier(solver="lbfgs", max_iter=7, random_state=0)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
        classifier.fit(X, y, X_val=X, y_val=y)
    assert classifier.n_iter_ == 7
    assert classifier.val_loss_curve_ == pytest.approx(classifier.loss_curve_, rel=1e-12)
    assert classifier.validation_scores_[-1] == classifier.score(X, y)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("limit", [{"max_iter": 5}, {"max_fun": 5}])
def test_a_limit_ends_it_with_a_warning(kind, limit):
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
        estimator = kind(solver="lbfgs", random_state=0, **limit).fit(*IRIS)
    assert 1 <= estimator.n_iter_ <= 5


def test_tol_ends_it_without_a_warning():
    loose, strict = (
        MLPClassifier(solver="lbfgs", tol=tol, random_state=0).fit(*IRIS) for tol in (0.1, 1e-4)
    )
    assert loose.n_iter_ < strict.n_iter_


def test_warm_start_goes_on_from_the_weights():
    X, y = IRIS
    settings = {"solver": "lbfgs", "warm_start": True, "random_state": 0}
    with pytest.warns(ConvergenceWarning):
        classifier = MLPClassifier(**settings, max_iter=10).fit(X, y)
    first = classifier.loss_
    with pytest.warns(ConvergenceWarning):
        classifier.set_params(max_iter=15).fit(X, y)
    assert classifier.n_iter_ == 15
    assert len(classifier.loss_curve_) == 25
    assert classifier.loss_curve_[10] < first
    classifier.set_params(solver="adam", max_iter=300).fit(X, y)  # another solver may go on
    assert classifier.score(X, y) > 0.95


def test_the_same_weights_as_with_rows_repeated():
    X, y = IRIS
    weights = np.arange(150) % 3
    settings = {"solver": "lbfgs", "hidden_layer_sizes": 5, "random_state": 0, "max_iter": 20}
    rows = np.repeat(np.arange(150), weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        one = MLPClassifier(**settings).fit(X, y, sample_weight=weights)
        other = MLPClassifier(**settings).fit(X[rows], y[rows])
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_what_does_not_go_with_it_is_said(kind):
    with pytest.raises(ValueError, match=r"dropout draws anew .* dropout=0, or solver='adam'"):
        kind(solver="lbfgs", dropout=0.1).fit(*IRIS)
    with pytest.raises(AttributeError, match="partial_fit"):
        kind(solver="lbfgs").partial_fit(*IRIS)
    with pytest.warns(UserWarning, match="early_stopping has no effect with solver='lbfgs'"):
        fitted = kind(solver="lbfgs", tol=0.1, early_stopping=True).fit(*IRIS)
    assert fitted.validation_scores_ is None
    alone = kind(solver="lbfgs", tol=0.1, random_state=0).fit(*IRIS)
    with pytest.warns(UserWarning, match="early_stopping has no effect"):
        fitted.set_params(random_state=0).fit(*IRIS)
    assert fitted.predict(IRIS[0]).tobytes() == alone.predict(IRIS[0]).tobytes()


def test_a_search_may_try_all_solvers():
    grid = {"solver": ["lbfgs", "sgd", "adam"], "alpha": [1e-4, 1.0]}
    classifier = MLPClassifier(learning_rate_init=0.1, max_iter=200, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search = GridSearchCV(classifier, grid, cv=3).fit(*IRIS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_numbers_without_end_are_an_error_and_leave_the_weights():
    X = np.full((10, 2), 1e300)
    with pytest.raises(ValueError, match="Solver produced non-finite"):
        MLPRegressor(solver="lbfgs").fit(X, np.arange(10))


def test_verbose_says_each_iteration(capsys):
    with pytest.warns(ConvergenceWarning):
        MLPClassifier(solver="lbfgs", max_iter=3, verbose=True).fit(*IRIS)
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        "Iteration 1",
        "Iteration 2",
        "Iteration 3",
    ]


@pytest.mark.skipif(not hasattr(MLPClassifier, "set_callbacks"), reason="scikit-learn before 1.9")
def test_a_callback_may_stop_it():
    class Stop:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context):
            return context.task_name == "epoch" and estimator.n_iter_ == 4

    classifier = MLPClassifier(solver="lbfgs", random_state=0).set_callbacks(Stop()).fit(*IRIS)
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 4


def test_an_interrupt_keeps_the_iterations_that_are_done(monkeypatch):
    tell = MLPClassifier._tell_epoch

    def interrupted(self, held_out):
        tell(self, held_out)
        if self.n_iter_ == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(MLPClassifier, "_tell_epoch", interrupted)
    classifier = MLPClassifier(solver="lbfgs", random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        classifier.fit(*IRIS)
    monkeypatch.undo()
    with pytest.warns(ConvergenceWarning):
        other = MLPClassifier(solver="lbfgs", random_state=0, max_iter=3).fit(*IRIS)
    assert classifier.predict_proba(IRIS[0]).tobytes() == other.predict_proba(IRIS[0]).tobytes()
