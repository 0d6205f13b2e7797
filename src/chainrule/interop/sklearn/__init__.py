"""Chainrule's networks as scikit-learn's `MLPClassifier` and `MLPRegressor`: one import to swap.

They take scikit-learn's parameters, in its order, and train through `train_network`; with
`solver="lbfgs"` through SciPy's loop.
"""

from chainrule.checks import extra

extra("sklearn", "sklearn")

from chainrule.interop.sklearn.classifier import MLPClassifier  # noqa: E402
from chainrule.interop.sklearn.files import load_estimator, model_of  # noqa: E402
from chainrule.interop.sklearn.regressor import MLPRegressor  # noqa: E402

__all__ = ["MLPClassifier", "MLPRegressor", "load_estimator", "model_of"]
