"""The classes stand in for scikit-learn's: the same parameters, attributes and shapes."""

import inspect

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.neural_network import MLPRegressor as ScikitLearnsRegressor

from chainrule.interop import sklearn as ours
from chainrule.interop.sklearn.base import Data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EXTRAS = {
    "MLPClassifier": ["dropout", "class_weight", "dtype"],
    "MLPRegressor": ["dropout", "dtype"],
}
ATTRIBUTES = [
    *("best_loss_", "best_validation_score_", "coefs_", "intercepts_", "loss_", "loss_curve_"),
    *("n_features_in_", "n_iter_", "n_layers_", "n_outputs_", "out_activation_", "t_"),
    "validation_scores_",
]
SMALL = {"hidden_layer_sizes": (7, 5), "max_iter": 3, "random_state": 0}


def parameters(kind):
    return list(inspect.signature(kind).parameters.values())


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_the_parameters_and_their_order_and_defaults(name):
    theirs = parameters(getattr(neural_network, name))
    mine = parameters(getattr(ours, name))
    if name == "MLPRegressor" and theirs[0].name != "loss":  # it came with scikit-learn 1.7
        assert mine.pop(0).name == "loss"
    for one, other in zip(theirs, mine, strict=False):
        assert (one.name, one.default, one.kind) == (other.name, other.default, other.kind)
    more = mine[len(theirs) :]
    assert [one.name for one in more] == EXTRAS[name]
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in more)


def problems():
    X, y = load_iris(return_X_y=True)
    yield "MLPClassifier", X, y
    yield "MLPClassifier", X[:100], y[:100] + 5
    yield "MLPClassifier", *make_multilabel_classification(n_classes=4, random_state=0)
    X, y = load_diabetes(return_X_y=True)
    yield "MLPRegressor", X, y
    yield "MLPRegressor", X, np.column_stack([y, -y, y])


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(("name", "X", "y"), list(problems()), ids=lambda value: np.shape(value))
def test_the_attributes_have_the_same_types_and_shapes(name, X, y, early_stopping):
    theirs, mine = (
        getattr(house, name)(early_stopping=early_stopping, **SMALL).fit(X, y)
        for house in (neural_network, ours)
    )
    for attribute in ATTRIBUTES:
        one, other = getattr(theirs, attribute), getattr(mine, attribute)
        assert (one is None) == (other is None), attribute
        if isinstance(one, list):
            assert [np.shape(part) for part in one] == [np.shape(part) for part in other]
    for attribute in ("n_features_in_", "n_iter_", "n_layers_", "n_outputs_", "t_"):
        assert getattr(theirs, attribute) == getattr(mine, attribute)
    assert theirs.out_activation_ == mine.out_activation_
    for method in ("predict", "predict_proba", "predict_log_proba"):
        if hasattr(theirs, method):
            one, other = (getattr(estimator, method)(X) for estimator in (theirs, mine))
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
    if name == "MLPClassifier":
        assert (theirs.classes_ == mine.classes_).all()


def parts(estimator):
    return [*estimator.coefs_, *estimator.intercepts_]


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2, 100)])
@pytest.mark.parametrize("alpha", [0, 3])
def test_equal_weights_move_as_scikit_learns_do(solver, learning_rate, weights, alpha):
    """With the batches in the order of the data only rounding and epsilon differ."""
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:100] * 20, (y[:100] - 150) / 80
    settings = {"solver": solver, "learning_rate": learning_rate, "alpha": alpha, "random_state": 0}
    settings |= {"learning_rate_init": 0.01, "power_t": 0.2, "max_iter": 20, "epsilon": 1e-12}
    settings |= {"batch_size": 32, "shuffle": False}  # the last one holds 4
    if learning_rate == "invscaling":  # Chainrule's momentum holds gradients, theirs steps
        settings |= {"momentum": 0, "nesterovs_momentum": False}
    accepts = "sample_weight" in inspect.signature(ScikitLearnsRegressor.fit).parameters
    if weights is not None and not accepts:
        pytest.skip("this scikit-learn has no sample_weight here")
    more = {} if weights is None else {"sample_weight": weights}
    theirs, mine = ScikitLearnsRegressor(**settings), ours.MLPRegressor(**settings)
    mine._begin(Data(*mine._check_targets(X, y, fresh=True)))
    theirs.set_params(max_iter=1, learning_rate_init=1e-300).partial_fit(X, y)  # it stands still
    theirs.set_params(**settings)
    for one, other in zip(parts(mine), parts(theirs), strict=True):
        one[...] = other
    del theirs._optimizer
    theirs.t_ = 0
    for _ in range(20):
        mine.partial_fit(X, y, **more)
        theirs.partial_fit(X, y, **more)
    for one, other in zip(parts(mine), parts(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    if not alpha:  # their curve holds the penalty
        np.testing.assert_allclose(mine.loss_curve_, theirs.loss_curve_[1:], rtol=1e-6)


@pytest.mark.parametrize("kind", [ours.MLPClassifier, ours.MLPRegressor])
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_weights_start_in_scikit_learns_range(kind, activation):
    X, y = load_iris(return_X_y=True)
    settings = {"activation": activation, "hidden_layer_sizes": 200, "random_state": 0}
    settings |= {"learning_rate_init": 1e-9, "max_iter": 1}  # it stands still
    theirs, mine = (
        getattr(house, kind.__name__)(**settings).fit(X, y) for house in (neural_network, ours)
    )
    for one, other in zip(theirs.coefs_, mine.coefs_, strict=True):
        assert np.ptp(one) == pytest.approx(np.ptp(other), rel=0.02)


def test_one_class_fits():
    X, _ = load_iris(return_X_y=True)
    for settings in ({}, {"solver": "lbfgs"}, {"early_stopping": True, "class_weight": "balanced"}):
        classifier = ours.MLPClassifier(max_iter=20, **settings).fit(X, np.full(150, "a"))
        assert set(classifier.predict(X)) == {"a"}
        assert classifier.predict_proba(X).tolist() == [[1.0]] * 150
        assert classifier.score(X, np.full(150, "a")) == 1


def test_a_second_fit_needs_the_classes_of_the_first():
    X, y = load_iris(return_X_y=True)
    classifier = ours.MLPClassifier(max_iter=2, warm_start=True).fit(X, y)
    for other in (y // 2, y + 1):
        with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
            classifier.fit(X, other)
    classifier.partial_fit(X[:50], y[:50])  # parts may lack some


def test_the_names_that_others_read():
    X, y = load_iris(return_X_y=True)
    classifier = ours.MLPClassifier(solver="sgd", learning_rate_init=0.01, max_iter=3).fit(X, y)
    assert classifier._optimizer.learning_rate == 0.01
    assert classifier._no_improvement_count == 0
    with pytest.raises(AttributeError):
        classifier._optimizer = None


def test_progress_is_printed_as_scikit_learn_prints_it(capsys):
    X, y = load_iris(return_X_y=True)
    settings = SMALL | {"verbose": True, "early_stopping": True, "tol": 10, "n_iter_no_change": 1}
    shapes = []
    for house in (neural_network, ours):
        house.MLPClassifier(**settings).fit(X, y)
        lines = capsys.readouterr().out.splitlines()
        shapes.append(["".join(c for c in line if not c.isdigit()) for line in lines])
    assert shapes[0] == shapes[1]
    assert shapes[0]


def test_poisson_learns_counts():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = rng.poisson(np.exp(X[:, 0]))
    regressor = ours.MLPRegressor(loss="poisson", max_iter=100, learning_rate_init=0.01)
    regressor.set_params(random_state=0).fit(X, y)
    assert regressor.out_activation_ == "exp"
    assert (regressor.predict(X) > 0).all()
    assert np.corrcoef(np.log(regressor.predict(X)), X[:, 0])[0, 1] > 0.95
