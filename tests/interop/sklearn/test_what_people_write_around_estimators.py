"""What is written around scikit-learn's estimators, its tables and files, takes these too."""

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from chainrule.interop.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
FRAME = pd.DataFrame(X, columns=list("abcd"))
DIABETES = load_diabetes(return_X_y=True)
ALPHAS = {"alpha": [0.1, 1.0, 10.0]}


def classifier(**settings):
    settings = {"hidden_layer_sizes": 10, "max_iter": 60, "learning_rate_init": 0.02} | settings
    return MLPClassifier(**settings, random_state=0)


def regressor(**settings):
    return MLPRegressor(hidden_layer_sizes=10, max_iter=20, random_state=0, **settings)


@pytest.mark.parametrize("table", [X, FRAME, sparse.csr_array(X)], ids=["array", "frame", "sparse"])
def test_scores_from_other_processes(table):
    alone, jobs = (cross_val_score(classifier(), table, NAMES, n_jobs=n) for n in (1, 2))
    assert alone.tolist() == jobs.tolist()
    assert alone.mean() > 0.8


def test_a_large_table_is_mapped_read_only_into_other_processes():
    large = np.random.default_rng(0).normal(size=(5000, 40))  # more than joblib's megabyte
    for table in (large, sparse.csr_array(large)):
        model = classifier(max_iter=2)
        cross_val_score(model, table, large[:, 0] > 0, n_jobs=2, cv=3, error_score="raise")


def test_a_search_with_several_scorers():
    scoring = ["accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"]
    search = GridSearchCV(classifier(), ALPHAS, scoring=scoring, refit="neg_log_loss", cv=3)
    search.set_params(error_score="raise").fit(FRAME, NAMES)
    assert all(np.isfinite(search.cv_results_[f"mean_test_{one}"]).all() for one in scoring)


@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
def test_a_halving_search(resource):
    most = {} if resource == "n_samples" else {"max_resources": 27}
    search = HalvingGridSearchCV(classifier(), ALPHAS, resource=resource, cv=3, **most)
    search.set_params(error_score="raise", random_state=0).fit(X, NAMES)
    assert search.best_params_["alpha"] in ALPHAS["alpha"]


def test_weights_are_routed_through_a_search():
    with sklearn.config_context(enable_metadata_routing=True):
        model = classifier().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, ALPHAS, cv=3, error_score="raise")
        search.fit(X, Y, sample_weight=np.where(Y == 1, 0.0, 1.0))
    assert 1 not in search.predict(X)


def test_learning_curves_train_on_by_partial_fit():
    for model, data in ((classifier(), (X, Y)), (regressor(), DIABETES)):
        settings = {"exploit_incremental_learning": True, "shuffle": True, "random_state": 0}
        _, scores, _ = learning_curve(model, *data, cv=3, error_score="raise", **settings)
        assert np.isfinite(scores).all()


def test_probabilities_of_each_fold():
    for method, columns in (("predict_proba", 3), ("predict_log_proba", 3), ("predict", None)):
        came = cross_val_predict(classifier(), X, NAMES, method=method, cv=3)
        assert came.shape == ((150, columns) if columns else (150,))
    kept = cross_validate(classifier(), X, Y, return_estimator=True)["estimator"]
    assert len({one.coefs_[0].tobytes() for one in kept}) == 5


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration(method):
    CalibratedClassifierCV(classifier(), method=method, cv=3).fit(FRAME, NAMES).predict_proba(FRAME)
    frozen = FrozenEstimator(classifier().fit(X, NAMES))
    assert CalibratedClassifierCV(frozen, method=method).fit(X, NAMES).score(X, NAMES) > 0.8


def test_thresholds():
    is_last = np.where(Y == 2, "last", "other")
    for kind in (FixedThresholdClassifier, TunedThresholdClassifierCV):
        kind(classifier(), response_method="predict_proba").fit(X, is_last).predict(X)


def test_inspection():
    found = partial_dependence(classifier().fit(FRAME, NAMES), FRAME, ["a"])
    assert found["average"].shape[0] == 3
    found = partial_dependence(regressor().fit(*DIABETES), DIABETES[0], [(0, 1)])
    assert found["average"].ndim == 3
    chosen = SequentialFeatureSelector(classifier(max_iter=5), n_features_to_select=2, cv=2)
    assert chosen.fit(X, Y).transform(X).shape == (150, 2)


def test_ensembles_of_networks():
    two = [("a", classifier()), ("b", classifier(activation="tanh"))]
    for ensemble in (
        VotingClassifier(two, voting="soft", n_jobs=2),
        StackingClassifier(two, final_estimator=classifier(), cv=3),
        BaggingClassifier(classifier(), 4, max_features=0.75, random_state=0),
        OneVsRestClassifier(classifier()),
        OneVsOneClassifier(classifier()),
        OutputCodeClassifier(classifier(), random_state=0),
    ):
        assert ensemble.fit(X, NAMES).score(X, NAMES) > 0.6, ensemble
        ensemble.fit(sparse.csr_array(X), NAMES)


def test_several_outputs():
    both = np.column_stack([NAMES, np.where(Y > 0, "yes", "no")])
    model = MultiOutputClassifier(classifier(), n_jobs=2).fit(X, both)
    assert [part.shape for part in model.predict_proba(X)] == [(150, 3), (150, 2)]
    parts = MultiOutputClassifier(classifier())
    parts.partial_fit(X, both, classes=[np.unique(column) for column in both.T])
    many, labels = make_multilabel_classification(100, random_state=0)
    assert ClassifierChain(classifier()).fit(many, labels).predict(many).shape == labels.shape
    table, y = DIABETES
    RegressorChain(regressor()).fit(table, np.column_stack([y, y]))
    TransformedTargetRegressor(regressor(), func=np.log, inverse_func=np.exp).fit(table, y)


def test_labels_that_are_missing():
    some = np.where(np.arange(150) % 3 == 0, -1, Y)
    assert SelfTrainingClassifier(classifier()).fit(X, some).score(X, Y) > 0.8


# ---- tables and labels of every kind ----


@pytest.mark.parametrize(
    "dtype",
    ["float32", "Float64", "object", pd.SparseDtype("float", 0)],
    ids=str,
)
def test_columns_of_a_frame(dtype):
    table = FRAME.astype(dtype)
    plain = classifier(dtype="float64").fit(FRAME, Y)
    fitted = classifier(dtype="float64").fit(table, Y)
    assert fitted.feature_names_in_.tolist() == list("abcd")
    np.testing.assert_allclose(fitted.predict_proba(table), plain.predict_proba(FRAME), atol=1e-3)


@pytest.mark.parametrize(
    "labels",
    [
        pd.Series(Y, dtype="Int64", index=range(500, 650)),
        pd.Series(NAMES, dtype="category"),
        pd.Series(NAMES, dtype="string"),
        pd.Series(Y > 0, dtype="boolean"),
        NAMES.tolist(),
    ],
    ids=lambda labels: str(getattr(labels, "dtype", "list")),
)
def test_labels_of_a_frame(labels):
    weights = pd.Series(np.ones(150), index=range(900, 1050))
    fitted = classifier(early_stopping=True).fit(FRAME, labels, sample_weight=weights)
    assert fitted.score(FRAME, labels) > 0.5


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda table: table.astype(">f8"),
        lambda table: table.astype(np.longdouble),
        lambda table: np.repeat(table, 2, axis=0)[::2],
        lambda table: table.tolist(),
    ],
    ids=["columns first", "big-endian", "longdouble", "strides", "lists"],
)
def test_arrays_of_every_kind(change):
    table = change(X)
    expected = classifier().fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(classifier().fit(table, Y).predict_proba(table), expected, rtol=1e-6)


def test_what_is_read_only_stays_so():
    table, labels = X.copy(), Y.copy()
    table.setflags(write=False)
    labels.setflags(write=False)
    for solver in ("adam", "lbfgs"):
        assert classifier(solver=solver).fit(table, labels).predict(table).shape == (150,)


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    frame, y = polars.DataFrame(X, schema=list("abcd")), polars.Series(NAMES)
    fitted = classifier(early_stopping=True).fit(frame, y, X_val=frame, y_val=y)
    assert fitted.feature_names_in_.tolist() == list("abcd")
    assert fitted.score(frame, y) > 0.5
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame.select(list("bacd")))
    classifier().partial_fit(frame, y, classes=y.unique())
    scaler = StandardScaler().set_output(transform="polars")
    assert make_pipeline(scaler, classifier()).fit(frame, y).score(frame, y) > 0.8
    GridSearchCV(classifier(), ALPHAS, cv=2, error_score="raise").fit(frame, y)
    weights = polars.Series(np.ones(150))
    regressor().fit(frame, polars.Series(Y).cast(polars.Float64), sample_weight=weights)


# ---- files and copies ----

FITTED = [
    (classifier(dropout=0.1), X, NAMES),
    (classifier(solver="sgd"), X, NAMES),
    (classifier(solver="lbfgs", activation="logistic"), X, NAMES),
    (regressor(early_stopping=True), *DIABETES),
    (regressor(loss="poisson"), *DIABETES),
]


@pytest.mark.parametrize("mode", ["r", "c"])
@pytest.mark.parametrize(("model", "table", "y"), FITTED, ids=lambda one: str(np.shape(one)))
def test_a_model_that_is_mapped_into_memory_predicts_and_goes_on(model, table, y, mode, tmp_path):
    fitted = clone(model).fit(table, y)
    joblib.dump(fitted, tmp_path / "it.joblib")
    read = joblib.load(tmp_path / "it.joblib", mmap_mode=mode)
    assert read.predict(table).tobytes() == fitted.predict(table).tobytes()
    for one in (read, fitted):
        one.set_params(warm_start=True, max_iter=3).fit(table, y)
    assert read.predict(table).tobytes() == fitted.predict(table).tobytes()


@pytest.mark.parametrize(("model", "table", "y"), FITTED, ids=lambda one: str(np.shape(one)))
def test_a_pickle_loads_where_the_package_was_never_imported(model, table, y, tmp_path):
    fitted = make_pipeline(StandardScaler(), clone(model)).fit(table, y)
    (tmp_path / "it.pkl").write_bytes(pickle.dumps((fitted, table[:9])))
    programme = "import pickle; it, X = pickle.load(open('it.pkl', 'rb')); print(*it.predict(X))"
    ran = subprocess.run(
        [sys.executable, "-c", programme], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == [str(one) for one in fitted.predict(table[:9])]


def test_a_clone_of_a_fitted_one_is_as_new():
    fitted = make_pipeline(StandardScaler(), classifier(solver="lbfgs")).fit(X, Y)
    fitted[-1].coefs_[0] = np.ones((4, 10))
    copy = clone(fitted)
    assert not hasattr(copy[-1], "coefs_")
    assert copy.fit(X, Y).score(X, Y) > 0.9
    assert "MLPClassifier" in copy._repr_html_()
