"""Pipelines, searches, calibration, inspection, pickles and callbacks take the estimators."""

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule.interop.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture
def classifier():
    return MLPClassifier(max_iter=80, learning_rate_init=0.01, random_state=0)


def test_pipeline(iris, classifier):
    X, y = iris
    assert make_pipeline(StandardScaler(), classifier).fit(X, y).score(X, y) > 0.95


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_finds_the_same_in_other_processes(iris, classifier, n_jobs):
    X, y = iris
    grid = {"alpha": [0.001, 1.0], "dropout": [0.0, 0.2], "activation": ["relu", "tanh"]}
    search = GridSearchCV(classifier, grid, cv=3, n_jobs=n_jobs).fit(X, y)
    assert search.best_score_ > 0.9
    alone = GridSearchCV(classifier, grid, cv=3).fit(X, y)
    assert (
        search.cv_results_["mean_test_score"].tolist()
        == alone.cv_results_["mean_test_score"].tolist()
    )


def test_cross_val_score(iris, classifier):
    scores = cross_val_score(make_pipeline(StandardScaler(), classifier), *iris, cv=5)
    assert scores.mean() > 0.9


def test_calibration_with_weights(iris, classifier):
    X, y = iris
    calibrated = CalibratedClassifierCV(classifier, cv=3).fit(X, y, sample_weight=np.ones(len(X)))
    assert np.allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    assert calibrated.score(X, y) > 0.9


def test_permutation_importance_finds_the_one_feature_that_counts(classifier):
    X = np.random.default_rng(0).normal(size=(300, 4))
    fitted = classifier.fit(X, X[:, 2] > 0)
    importances = permutation_importance(fitted, X, X[:, 2] > 0, n_repeats=3, random_state=0)
    assert importances.importances_mean.argmax() == 2


def test_columns_of_a_frame_and_set_output():
    frame = pd.DataFrame({"size": [1.0, 2, 3, 4] * 10, "colour": ["red", "blue"] * 20})
    columns = ColumnTransformer(
        [
            ("size", StandardScaler(), ["size"]),
            ("colour", OneHotEncoder(sparse_output=False), ["colour"]),
        ]
    )
    model = make_pipeline(columns, MLPClassifier(max_iter=200, learning_rate_init=0.05))
    model.set_output(transform="pandas").set_params(mlpclassifier__random_state=0)
    model.fit(frame, frame["colour"])
    assert (model.predict(frame) == frame["colour"]).all()
    assert list(model[-1].feature_names_in_) == [
        "size__size",
        "colour__colour_blue",
        "colour__colour_red",
    ]


def test_names_of_a_frame_are_kept_and_asked_for(iris, classifier):
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert classifier.fit(frame, y).feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(frame[list("bacd")])


def test_clone_takes_the_parameters_and_nothing_learned(iris):
    classifier = MLPClassifier(dropout=(0.1,), class_weight={0: 2}, dtype=np.float32, max_iter=2)
    copy = clone(classifier.fit(*iris))
    assert copy.get_params() == classifier.get_params()
    assert not hasattr(copy, "coefs_")
    assert not hasattr(copy, "network_")


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_pickle_predicts_and_goes_on_bit_for_bit(kind, tmp_path):
    X, y = load_iris(return_X_y=True)
    fitted = kind(max_iter=3, dropout=0.2, random_state=0).fit(X, y)
    joblib.dump(fitted, tmp_path / "it.joblib")
    read = joblib.load(tmp_path / "it.joblib")
    assert read.predict(X).tobytes() == fitted.predict(X).tobytes()
    for estimator in (read, fitted):
        estimator.partial_fit(X, y)
    assert read._network.parameters.tobytes() == fitted._network.parameters.tobytes()


def test_ensembles(iris, classifier):
    X, y = iris
    small = clone(classifier).set_params(max_iter=10)
    for ensemble in (
        BaggingClassifier(small, n_estimators=3, random_state=0),
        AdaBoostClassifier(small, n_estimators=2, random_state=0),
        VotingClassifier([("a", small), ("b", clone(small).set_params(random_state=1))]),
    ):
        assert ensemble.fit(X, y).score(X, y) > 0.5
    X, y = load_diabetes(return_X_y=True)
    MultiOutputRegressor(MLPRegressor(max_iter=2)).fit(X, np.column_stack([y, y]))


def test_predicting_writes_nothing_so_that_threads_may(iris, classifier):
    X, y = iris
    first = classifier.set_params(max_iter=2).fit(X, y)._network[0]
    before = first.x
    classifier.predict(X)
    classifier.score(X, y)
    assert first.x is before


# ---- callbacks ----

has_callbacks = pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9),
    reason="callbacks came with scikit-learn 1.9",
)


@has_callbacks
def test_scoring_monitor_sees_every_epoch(iris, classifier):
    from sklearn.callback import ScoringMonitor

    X, y = iris
    monitor = ScoringMonitor(scoring="accuracy")
    classifier.set_params(max_iter=5).set_callbacks(monitor)
    frame = pd.DataFrame(X, columns=list("abcd"))
    weights = np.linspace(0.5, 1, len(X))
    classifier.fit(frame, y, sample_weight=weights)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in rows] == [0, 1, 2, 3, 4]
    assert rows[-1]["accuracy"] == classifier.score(frame, y, weights)
    assert rows[0]["accuracy"] != rows[-1]["accuracy"]


@has_callbacks
def test_progress_bar(iris, classifier, capsys):
    from sklearn.callback import ProgressBar

    pytest.importorskip("rich")
    classifier.set_params(max_iter=5).set_callbacks(ProgressBar()).fit(*iris)
    assert "MLPClassifier - fit" in capsys.readouterr().out


@has_callbacks
def test_a_callback_may_stop_training(iris, classifier):
    ended = []

    class Stop:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context):
            ended.append(context.task_name)
            return len(ended) == 3

    classifier.set_callbacks(Stop()).fit(*iris)
    assert classifier.n_iter_ == 3
    assert ended == ["epoch", "epoch", "epoch", "fit"]


@has_callbacks
def test_callbacks_reach_into_a_search(iris, classifier):
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring="accuracy")
    search = GridSearchCV(classifier.set_params(max_iter=2), {"alpha": [0.1, 1.0]}, cv=2)
    classifier.set_callbacks(monitor)
    search.fit(*iris)
    assert len([row for row in monitor.get_logs("all") if row.data]) >= 1
