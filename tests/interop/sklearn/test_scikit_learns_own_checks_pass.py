"""scikit-learn's own checks of an estimator pass; what is expected to fail has a reason."""

import pytest
import sklearn
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule.interop.sklearn import MLPClassifier, MLPRegressor

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
OF_BOTH = [
    {},
    {"hidden_layer_sizes": (30, 20), "activation": ("leaky_relu", "tanh")},
    {"hidden_layer_sizes": [], "learning_rate_init": 0.1, "alpha": 0.01},
    {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1, "activation": "tanh"},
    {"solver": "sgd", "learning_rate_init": 0.01, "nesterovs_momentum": False},
    {"dtype": "float32"},
    {"dropout": 0.1, "shuffle": False},
    {"early_stopping": True, "validation_fraction": 0.3},
    {"solver": "lbfgs", "hidden_layer_sizes": 20, "tol": 1e-3},
]
OF_CLASSIFIERS = [{"class_weight": "balanced"}]
EQUIVALENCE = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]
NO_PARTIAL_FIT = "partial_fit does not support early_stopping=True, as in scikit-learn's own class"
TOO_EARLY = (
    "with a class that weighs a ten-millionth of the other, the accuracy on the split is perfect "
    "after a few epochs, and no later epoch is better"
)
WITH_PARTIAL_FIT = [
    "check_estimators_partial_fit_n_features",
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
]


def expected_failures(estimator):
    """Return the checks that cannot pass with these settings, each with its reason."""
    if estimator.early_stopping:
        reason = "the split draws rows, and there are more where rows repeat"
        failures = dict.fromkeys(EQUIVALENCE, reason)
        if isinstance(estimator, MLPClassifier):
            failures["check_class_weight_classifiers"] = TOO_EARLY
        return failures | dict.fromkeys(WITH_PARTIAL_FIT, NO_PARTIAL_FIT)
    if estimator.dropout:
        reason = "each row draws its own mask, and there are more where rows repeat"
        return dict.fromkeys(EQUIVALENCE, reason)
    if estimator.dtype:
        reason = "the check asks for seven digits, and float32 rounds to seven"
        return dict.fromkeys(EQUIVALENCE, reason)
    return {}


def checks():
    """Return scikit-learn's parametrization; strict, and a list, where it is older than that."""
    estimators = [
        *(kind(**settings) for kind in (MLPClassifier, MLPRegressor) for settings in OF_BOTH),
        *(MLPClassifier(**settings) for settings in OF_CLASSIFIERS),
    ]
    strict = {"xfail_strict": True} if VERSION >= (1, 8) else {}
    mark = parametrize_with_checks(estimators, expected_failed_checks=expected_failures, **strict)
    names, values = mark.mark.args
    return pytest.mark.parametrize(names, list(values), **mark.mark.kwargs)


@pytest.mark.filterwarnings("ignore")  # the checks turn to errors those that they mean
@checks()
def test_check(estimator, check):
    check(estimator)
