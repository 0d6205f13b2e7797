"""A validation set passes the steps of a pipeline, and gives the scores that it gives by hand."""

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.interop.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
SETTINGS = {"early_stopping": True, "learning_rate_init": 0.01, "random_state": 0}


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def data(load, as_frame):
    X, y = load(return_X_y=True, as_frame=True)
    if not as_frame:
        X, y = X.to_numpy(), y.to_numpy()
    return train_test_split(X, y, random_state=0)


def pipeline(model, scaler=None, **requests):
    model = model.set_fit_request(X_val=True, y_val=True, **requests)
    steps = [("scale", scaler or StandardScaler()), ("mlp", model)]
    return Pipeline(steps, transform_input=["X_val"])


@pytest.mark.parametrize("as_frame", [False, True])
@pytest.mark.parametrize("out", ["default", "pandas"])
@pytest.mark.parametrize(
    ("kind", "load"), [(MLPClassifier, load_wine), (MLPRegressor, load_diabetes)]
)
def test_the_scores_are_those_by_hand(kind, load, as_frame, out):
    X, X_val, y, y_val = data(load, as_frame)
    scaler = StandardScaler().set_output(transform=out)
    pipe = pipeline(kind(max_iter=20, **SETTINGS), scaler).fit(X, y, X_val=X_val, y_val=y_val)
    scaler = StandardScaler().set_output(transform=out).fit(X)
    by_hand = kind(max_iter=20, **SETTINGS)
    by_hand.fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    assert pipe[-1].validation_scores_ == by_hand.validation_scores_
    assert pipe[-1].val_loss_curve_ == by_hand.val_loss_curve_
    assert pipe[-1].best_validation_score_ == pytest.approx(pipe.score(X_val, y_val), rel=1e-12)


def test_labels_of_the_validation_may_be_of_another_dtype():
    X, X_val, y, y_val = data(load_wine, as_frame=True)
    pipe = pipeline(MLPClassifier(max_iter=5, **SETTINGS))
    expected = pipe.fit(X, y, X_val=X_val, y_val=y_val)[-1].validation_scores_
    for dtype in ("Int64", "float", "category"):
        pipe.fit(X, y, X_val=X_val, y_val=y_val.astype(dtype))
        assert pipe[-1].validation_scores_ == expected


def test_in_a_search_with_weights():
    X, X_val, y, y_val = data(load_wine, as_frame=False)
    weights = np.linspace(0.5, 1, len(y))
    model = MLPClassifier(max_iter=20, **SETTINGS).set_score_request(sample_weight=True)
    scaler = StandardScaler().set_fit_request(sample_weight=True)
    pipe = pipeline(model, scaler, sample_weight=True)
    if hasattr(pipe, "set_score_request"):  # scikit-learn 1.6 asks the pipeline too
        pipe.set_score_request(sample_weight=True)
    search = GridSearchCV(pipe, {"mlp__alpha": [0.0, 0.01]}, cv=3)
    search.fit(X, y, X_val=X_val, y_val=y_val, sample_weight=weights)
    best = search.best_estimator_[-1]
    assert len(best.validation_scores_) == best.n_iter_
    assert best.best_validation_score_ > 0.8


def test_columns_in_another_order_are_refused():
    X, X_val, y, y_val = data(load_wine, as_frame=True)
    with pytest.raises(ValueError, match="X_val, y_val: The feature names should match"):
        MLPClassifier(max_iter=2).fit(X, y, X_val=X_val[X.columns[::-1]], y_val=y_val)
