"""What cannot be trained on is refused, in scikit-learn's words where it has some."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from chainrule.interop.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
X, Y = load_iris(return_X_y=True)


def with_value(value):
    changed = X.copy()
    changed[3, 1] = value
    return changed


@BOTH
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (with_value(np.nan), "Input X contains NaN"),
        (with_value(np.inf), "Input X contains infinity"),
        (X.astype(str).astype(object) + "a", "could not convert string to float"),
        (X[:, 0], "Expected 2D array, got 1D array instead"),
        (X[:0], "Found array with 0 sample"),
        (X[:, :0], "0 feature"),
        (X[:20], "inconsistent numbers of samples"),
        (X + 1j, "Complex data not supported"),
    ],
    ids=["nan", "inf", "text", "1d", "no rows", "no columns", "short", "complex"],
)
def test_x(kind, data, words):
    y = Y[: len(data)] if len(data) == 0 else Y
    with pytest.raises(ValueError, match=words):
        kind(max_iter=2).fit(data, y)


@BOTH
def test_more_features_than_at_fit(kind):
    fitted = kind(max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match=r"X has 5 features, but .* expecting 4 features"):
        fitted.predict(np.column_stack([X, Y]))
    with pytest.raises(ValueError, match="X has 3 features"):
        fitted.partial_fit(X[:, :3], Y)


def test_classes_may_be_text_and_numbers_may_not():
    names = np.array(["setosa", "versicolor", "virginica"])[Y]
    classifier = MLPClassifier(max_iter=3, early_stopping=True).fit(X, names)
    assert set(classifier.predict(X)) <= set(names)
    with pytest.raises(ValueError, match=r"could not convert string to float|dtype='numeric'"):
        MLPRegressor().fit(X, names)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MLPClassifier().fit(X, Y + 0.5)


@BOTH
def test_one_row(kind):
    assert np.isfinite(kind(max_iter=3).fit(X[:1], Y[:1]).predict(X[:2])).all()
    assert len(kind(max_iter=3).fit(X, Y).predict(X[:1])) == 1


@BOTH
@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.zeros(150), "must contain at least one non-zero number"),
        (-np.ones(150), "Negative values in data passed to `sample_weight`"),
        (np.full(150, np.nan), "NaN"),
        (np.ones(149), r"sample_weight.shape == \(149,\), expected \(150,\)"),
        (np.ones((150, 2)), "must be 1D array or scalar"),
    ],
    ids=["zeros", "negative", "nan", "short", "2d"],
)
def test_sample_weights(kind, weights, words):
    with pytest.raises(ValueError, match=words):
        kind().fit(X, Y, sample_weight=weights)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({0: -1}, "class_weight must hold finite numbers from 0 up, .* got {0: -1}"),
        ({0: 0, 1: 0, 2: 0}, "not all of them 0"),
        ("even", "The 'class_weight' parameter of MLPClassifier must be"),
    ],
)
def test_class_weights(weights, words):
    with pytest.raises(ValueError, match=words):
        MLPClassifier(class_weight=weights).fit(X, Y)


@BOTH
def test_validation_data(kind):
    with pytest.raises(ValueError, match="X_val came without y_val: pass both or neither"):
        kind().fit(X, Y, X_val=X)
    with pytest.raises(ValueError, match="y_val came without X_val: pass both or neither"):
        kind().fit(X, Y, y_val=Y)
    with pytest.raises(ValueError, match="X_val, y_val: X has 3 features"):
        kind().fit(X, Y, X_val=X[:, :3], y_val=Y)
    with pytest.raises(ValueError, match="X_val, y_val: Input X contains NaN"):
        kind().fit(X, Y, X_val=np.full_like(X, np.nan), y_val=Y)
    with pytest.raises(ValueError, match="X_val, y_val: Found input variables with inconsistent"):
        kind().fit(X, Y, X_val=X, y_val=Y[:-1])
    with pytest.raises(ValueError, match="Increase 'validation_fraction'"):
        kind(early_stopping=True).fit(X[::15], Y[::15])


def test_labels_that_were_not_there():
    with pytest.raises(ValueError, match=r"X_val, y_val: .* classes not in `self.classes_`"):
        MLPClassifier().fit(X, Y, X_val=X, y_val=Y + 1)
    classifier = MLPClassifier().partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"classes not in `self.classes_`"):
        classifier.partial_fit(X, Y + 1)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(X, Y)


@BOTH
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hidden_layer_sizes": (5, 0)}, r"hidden_layer_sizes must be > 0, got \[5, 0\]"),
        ({"activation": "swish"}, "The 'activation' parameter"),
        ({"activation": ("relu", "swish"), "hidden_layer_sizes": (5, 5)}, "got 'swish'"),
        ({"activation": ("relu", "relu")}, "one for each of the 1 hidden layers, got 2"),
        ({"dropout": 1.0}, "The 'dropout' parameter"),
        ({"dropout": (0.1, 2), "hidden_layer_sizes": (5, 5)}, "dropout must be a share .* got 2"),
        ({"dtype": "float16"}, "dtype must be float32 or float64, got 'float16'"),
        ({"momentum": 1.0}, "The 'momentum' parameter"),
        ({"solver": "newton"}, "The 'solver' parameter"),
        ({"random_state": -1}, "Seed must be between 0|random_state"),
    ],
    ids=str,
)
def test_parameters(kind, settings, words):
    with pytest.raises(ValueError, match=words):
        kind(**settings).fit(X, Y)


@BOTH
def test_not_fitted(kind):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError, match="not fitted yet"):
        kind().predict(X)
    with pytest.raises(AttributeError, match="not fitted yet: call fit first"):
        kind().network_  # noqa: B018


def test_partial_fit_and_early_stopping():
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        MLPRegressor(early_stopping=True).partial_fit(X, Y)


def test_a_batch_larger_than_the_data_is_clipped_and_told():
    with pytest.warns(UserWarning, match="It is going to be clipped"):
        MLPRegressor(batch_size=500, max_iter=2).fit(X, Y)


def test_negative_counts():
    with pytest.raises(ValueError, match="y must not be negative"):
        MLPRegressor(loss="poisson").fit(X, Y - 1)
