"""`MLPRegressor`: scikit-learn's interface, Chainrule's network."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions

from chainrule.checks import Array, Integers, Loss
from chainrule.interop.sklearn.base import BaseMLP, Data, copied
from chainrule.interop.sklearn.targets import (
    TargetNetwork,
    half_poisson_deviance,
    half_squared_error,
)
from chainrule.losses import mean_squared_error
from chainrule.network import Network


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A multi-layer perceptron for numbers, in place of scikit-learn's.

    With scikit-learn 1.9 or newer, `set_callbacks` takes its `ProgressBar` and `ScoringMonitor`.

    Parameters
    ----------
    loss : {'squared_error', 'poisson'}, default='squared_error'
        Half the squared error, or half the Poisson deviance of the exponential of the outputs,
        for counts.
    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each hidden layer.
    activation : str or sequence of str, default='relu'
        'identity', 'logistic', 'tanh', 'relu' or 'leaky_relu': one for all hidden layers, or one
        for each.
    solver : {'adam', 'sgd', 'lbfgs'}, default='adam'
        'lbfgs' is SciPy's L-BFGS: all examples at once, in float64; for small tables.
    alpha : float, default=0.0001
        Weight decay, as in scikit-learn: alpha times the weights, divided by the size of the batch
        (by the sum of its sample weights), is added to the mean gradient.
    batch_size : int or 'auto', default='auto'
        'auto' is the smaller of 200 and the number of examples.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        'invscaling' divides learning_rate_init by (examples seen + 1) to the power of power_t, at
        the end of each epoch; 'adaptive' divides the rate by 5 instead of stopping. For 'sgd'.
    learning_rate_init : float, default=0.001
    power_t : float, default=0.5
        For 'invscaling'.
    max_iter : int, default=200
        Epochs; of 'lbfgs' iterations.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None, default=None
        An int is the seed of `Network` and of `train_network` as it stands.
    tol : float, default=1e-4
        What counts as an improvement of the loss, or of the validation score; 'lbfgs' ends where
        no part of the gradient is larger.
    verbose : bool, default=False
        Print a line for each epoch.
    warm_start : bool, default=False
        Go on from the last fit, with its weights, the optimizer's state and the count of epochs,
        for as long as the data of the new one take.
    momentum : float, default=0.9
        For 'sgd'; from 0 to below 1.
    nesterovs_momentum : bool, default=True
        For 'sgd'.
    early_stopping : bool, default=False
        Validate after each epoch, stop once the score has not improved for `n_iter_no_change`
        epochs, and restore the weights of the best epoch.
    validation_fraction : float, default=0.1
        Set aside for early stopping, unless `fit` is given `X_val` and `y_val`.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        For 'adam'.
    n_iter_no_change : int, default=10
        Epochs without improvement by `tol` after which training stops.
    max_fun : int, default=15000
        Evaluations of the loss by 'lbfgs'.
    dropout : float or sequence of float, default=0.0
        The share of each hidden layer's outputs that is left out in training: one for all hidden
        layers, or one for each.
    dtype : {None, float32, float64}, default=None
        Of the parameters; with None float32 stays float32 and everything else is float64.

    Attributes
    ----------
    coefs_, intercepts_ : lists of arrays
        Weights (in, out) and biases (out,) of each Dense layer: views, to which one may assign.
    n_iter_ : int
        Epochs of the last call of `fit` or `partial_fit`.
    t_ : int
        Examples seen since the first fit.
    n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As in scikit-learn.
    loss_, loss_curve_, best_loss_
        The training loss: last, of each epoch, the least (None with early stopping or 'lbfgs').
    val_loss_curve_ : list of float, or None
        The loss on the validation data after each epoch.
    validation_scores_, best_validation_score_
        R² on the validation data after each epoch, and the best with early stopping.
    history_ : History
        What `train_network` saw, an epoch a value.
    network_ : Network
        The trained network, ready for `save_model`.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from chainrule.interop.sklearn import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=0)
    >>> regressor = MLPRegressor(learning_rate_init=0.01, max_iter=500, random_state=0).fit(X, y)
    >>> bool(regressor.score(X, y) > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }

    loss: str = "squared_error"
    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    _: KW_ONLY
    dropout: Any = 0.0
    dtype: Any = None

    def predict(self, X: Any) -> Array:
        """Return what is predicted for each row of X, shape (n,) or (n, outputs)."""
        outputs = self._predictions(self._outputs(X))
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _predictions(self, outputs: Array) -> Array:
        return np.exp(outputs) if self.out_activation_ == "exp" else outputs

    def _check_targets(
        self, X: Any, y: Any, fresh: bool, all_classes: bool = False
    ) -> tuple[Any, Any]:
        X, y = self._validated(X, y, fresh, y_numeric=True)
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if not fresh and outputs != self.n_outputs_:
            raise ValueError(f"y has {outputs} outputs, but the fit before had {self.n_outputs_}.")
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("loss='poisson' is for counts: y must not be negative.")
        return X, y

    def _encode(self, y: Any) -> Array | Integers:
        targets: Array = y.reshape(len(y), -1).astype(self._network.dtype, copy=False)
        return targets

    def _head(self, y: Any) -> tuple[int, str, type[Network], Loss]:
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if self.loss == "poisson":
            return outputs, "exp", TargetNetwork, half_poisson_deviance
        return outputs, "identity", TargetNetwork, half_squared_error

    def _score_of(self, outputs: Array, data: Data) -> float:
        return float(r2_score(data.y, self._predictions(outputs), sample_weight=data.weights))

    @property
    def network_(self) -> Network:
        """The trained `Network`, with mean_squared_error in place of its half."""
        network = self._fitted_network()
        if self.out_activation_ == "exp":
            return network
        return copied(network, Network, mean_squared_error, network[-1])
