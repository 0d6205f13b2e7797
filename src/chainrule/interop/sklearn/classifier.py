"""`MLPClassifier`: scikit-learn's interface, Chainrule's network."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import expit
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from chainrule.checks import Array, Integers, Loss
from chainrule.interop.sklearn.base import BaseMLP, Data, copied, dense_of
from chainrule.interop.sklearn.callbacks import with_callbacks
from chainrule.interop.sklearn.targets import TargetNetwork, sigmoid_crossentropy_with_logits
from chainrule.losses import softmax, softmax_crossentropy_with_logits
from chainrule.network import Network


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """A multi-layer perceptron for classes, in place of scikit-learn's.

    More than two classes end in a softmax; two classes, or several labels at once, in a sigmoid.
    With scikit-learn 1.9 or newer, `set_callbacks` takes its `ProgressBar` and `ScoringMonitor`.

    Parameters
    ----------
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
    class_weight : dict, 'balanced' or None, default=None
        What each class counts; 'balanced' makes all classes of a call count alike.
    dtype : {None, float32, float64}, default=None
        Of the parameters; with None float32 stays float32 and everything else is float64.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
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
        The accuracy on the validation data after each epoch, and the best with early stopping.
    history_ : History
        What `train_network` saw, an epoch a value.
    network_ : Network
        The trained network, ready for `save_model`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from chainrule.interop.sklearn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = MLPClassifier(max_iter=300, random_state=0).fit(X, y)
    >>> bool(classifier.score(X, y) > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    _: KW_ONLY
    dropout: Any = 0.0
    class_weight: Any = None
    dtype: Any = None

    @available_if(BaseMLP._can_go_on)  # type: ignore[untyped-decorator]
    @with_callbacks  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch more; n calls do what `fit` does in n epochs, bit for bit.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like, shape (n_classes,)
            All classes that will come; needed at the first call.

        Returns
        -------
        estimator
            Itself.
        """
        if _check_partial_fit_first_call(self, classes):
            of = y if type_of_target(y).startswith("multilabel") else classes
            self._learn_classes(of)
        return self._fit(X, y, sample_weight, goes_on=True)

    def predict(self, X: Any) -> Any:
        """Return the label of each row of X (n,), or 0 and 1 for each of several labels."""
        return self._labels(self._outputs(X))

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class in the order of `classes_`, (n, n_classes)."""
        outputs = self._outputs(X)
        if self.out_activation_ == "softmax":
            return softmax(outputs)
        probabilities: Array = expit(outputs)
        if self._is_multilabel:
            return probabilities
        return np.hstack([1 - probabilities, probabilities])

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`, (n, n_classes)."""
        with np.errstate(divide="ignore"):  # the logarithm of a probability of 0 is -inf
            return np.log(self.predict_proba(X))

    # ---- labels ----

    @property
    def _is_multilabel(self) -> bool:
        return self._label_binarizer.y_type_.startswith("multilabel")

    def _learn_classes(self, y: Any) -> None:
        self._label_binarizer = LabelBinarizer().fit(y)
        self.classes_ = self._label_binarizer.classes_

    def _check_targets(
        self, X: Any, y: Any, fresh: bool, all_classes: bool = False
    ) -> tuple[Any, Any]:
        X, y = self._validated(X, y, fresh)
        check_classification_targets(y)
        y = y.toarray() if hasattr(y, "toarray") else y
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        are_known = hasattr(self, "classes_") and "_network" not in vars(self)  # by partial_fit
        if fresh and not are_known:
            self._learn_classes(y)
            return X, y
        classes = unique_labels(y)
        if not fresh and all_classes and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )
        return X, y

    def _encode(self, y: Any) -> Array | Integers:
        if self.out_activation_ == "softmax":
            return np.searchsorted(self.classes_, y)
        targets: Array = self._label_binarizer.transform(y).astype(self._network.dtype)
        return targets

    def _labels(self, outputs: Array) -> Any:
        if self.out_activation_ == "softmax":
            return self.classes_[outputs.argmax(axis=1)]
        is_on = outputs > 0  # where the sigmoid is above one half
        return is_on.astype(int) if self._is_multilabel else self.classes_[is_on[:, 0].astype(int)]

    def _class_weights(self, data: Data) -> Array | None:
        if self.class_weight is None:
            return None
        if self.class_weight == "balanced" and not self._is_multilabel:
            return self._balance(data)
        weights: Array = compute_sample_weight(self.class_weight, data.y)
        if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() > 0):
            raise ValueError(
                "class_weight must hold finite numbers from 0 up, not all of them 0, got "
                f"{self.class_weight!r}."
            )
        return weights

    def _balance(self, data: Data) -> Array:
        """Return weights by which all classes count alike, sample weights included."""
        codes = np.searchsorted(self.classes_, data.y)
        sums = np.bincount(codes, data.weights, len(self.classes_))
        weights: Array = sums.sum() / (np.count_nonzero(sums) * sums[codes])
        return weights

    def _strata(self, y: Any) -> Any:
        return y if self.out_activation_ == "logistic" and not self._is_multilabel else None

    # ---- the network ----

    def _head(self, y: Any) -> tuple[int, str, type[Network], Loss]:
        if self._is_multilabel:
            return len(self.classes_), "logistic", TargetNetwork, sigmoid_crossentropy_with_logits
        if len(self.classes_) == 2:
            return 1, "logistic", TargetNetwork, sigmoid_crossentropy_with_logits
        return len(self.classes_), "softmax", Network, softmax_crossentropy_with_logits

    def _score_of(self, outputs: Array, data: Data) -> float:
        right = self._labels(outputs) == data.y
        return float(np.average(right if right.ndim == 1 else right.all(1), weights=data.weights))

    @property
    def network_(self) -> Network:
        """The trained `Network`; of two classes with two logits, 0 and z.

        For softmax([0, z]) is [1 - sigmoid(z), sigmoid(z)].
        """
        network = self._fitted_network()
        if self.out_activation_ == "softmax" or self._is_multilabel:
            return network
        w, b = network[-1].weights, network[-1].biases
        pair = dense_of(np.hstack([np.zeros_like(w), w]), np.append(np.zeros_like(b), b))
        return copied(network, Network, softmax_crossentropy_with_logits, pair)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
