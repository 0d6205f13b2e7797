"""What classifier and regressor share: from parameters to a network, and its training."""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import scipy.optimize
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as ScikitLearnsOwn
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.optimize import _check_optimize_result
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    check_non_negative,
    validate_data,
)

from chainrule.checks import Array, Integers, Loss, TrainingDiverged, float_dtype, slices
from chainrule.interop.sklearn.callbacks import CallbackSupportMixin, Told, with_callbacks
from chainrule.interop.sklearn.lbfgs import Objective
from chainrule.interop.sklearn.sparse import rows_of
from chainrule.interop.sklearn.views import Views
from chainrule.layers import (
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
    glorot_uniform,
)
from chainrule.network import Network
from chainrule.optimizers import SGD, Adam, Optimizer
from chainrule.threads import one_thread_for
from chainrule.training import History, loss_and_accuracy, train_network

ACTIVATIONS: dict[str, type[Layer] | None] = {
    "identity": None,
    "logistic": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
}
SMALLEST_RATE = 1e-6  # an adaptive rate is not divided further: scikit-learn's number
NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)


@dataclass(frozen=True, eq=False)
class Data:
    """A part of the data: X (n, features), y as the user gave it, the weights if there are any."""

    X: Any  # an array, or a CSR matrix
    y: Any
    weights: Array | None = None

    @property
    def count(self) -> int:
        """The number of examples."""
        return int(self.X.shape[0])

    def weight(self, chosen: Any) -> float:
        """Return the sum of the chosen rows' weights: their number, where they have none."""
        return float(len(chosen) if self.weights is None else self.weights[chosen].sum())

    def rows(self, chosen: Any) -> Data:
        """Return the chosen rows."""
        weights = None if self.weights is None else self.weights[chosen]
        return Data(self.X[chosen], self.y[chosen], weights)


@dataclass(eq=False, repr=False)
class BaseMLP(CallbackSupportMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A multi-layer perceptron with scikit-learn's interface; see its two subclasses.

    The fields are the parameters, each class with its own before those here: the constructor that
    they make has them all by name, as scikit-learn's clone and get_params read them.
    """

    # The bounds and the words of the installed scikit-learn, then what is Chainrule's own.
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **ScikitLearnsOwn._parameter_constraints,
        "activation": [StrOptions(set(ACTIVATIONS)), list, tuple],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
        "dtype": "no_validation",
    }

    _: KW_ONLY
    solver: str = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000

    # ---- what a subclass says ----

    @abstractmethod
    def _check_targets(
        self, X: Any, y: Any, fresh: bool, all_classes: bool = False
    ) -> tuple[Any, Any]:
        """Return X and y, checked as scikit-learn does.

        A fresh fit learns the classes; with `all_classes` each that is known has to be there.
        """

    @abstractmethod
    def _encode(self, y: Any) -> Array | Integers:
        """Return y as the network takes it."""

    @abstractmethod
    def _head(self, y: Any) -> tuple[int, str, type[Network], Loss]:
        """Return the number of outputs, their activation, the kind of network and its loss."""

    @abstractmethod
    def _score_of(self, outputs: Array, data: Data) -> float:
        """Return accuracy or R² of the network's outputs."""

    def _class_weights(self, data: Data) -> Array | None:
        """Return a weight for each example, from its class."""
        return None

    def _strata(self, y: Any) -> Any:
        """Return by what the validation split is balanced."""
        return None

    # ---- what has been learned ----

    @property
    def coefs_(self) -> Views:
        """The weights of each Dense layer, (in, out): views; assigned values are copied in."""
        layers = self._fitted_network()
        return Views("coefs_", [one.weights for one in layers if isinstance(one, Dense)])

    @coefs_.setter
    def coefs_(self, values: Any) -> None:
        self.coefs_[:] = values

    @property
    def intercepts_(self) -> Views:
        """The biases of each Dense layer, (out,): views; assigned values are copied in."""
        layers = self._fitted_network()
        return Views("intercepts_", [one.biases for one in layers if isinstance(one, Dense)])

    @intercepts_.setter
    def intercepts_(self, values: Any) -> None:
        self.intercepts_[:] = values

    @property
    def n_layers_(self) -> int:
        """Input, hidden layers and output."""
        return len(self.coefs_) + 1

    @property
    def loss_curve_(self) -> list[float]:
        """The mean loss of each epoch, as trained, without the penalty."""
        self._fitted_network()
        return self.history_["loss"]

    @property
    def loss_(self) -> float:
        """The loss of the last epoch; NaN for a model that was read from a file."""
        return self.loss_curve_[-1] if self.loss_curve_ else np.nan

    @property
    def val_loss_curve_(self) -> list[float] | None:
        """The loss on the validation data after each epoch; None without such data."""
        self._fitted_network()
        values = self.history_["val_loss"]
        return None if np.isnan(values).all() else values

    @property
    def network_(self) -> Network:
        """The trained `Network`, as a model file holds it.

        It is the estimator's own, but for two classes and for the squared error: there it is a
        copy with the two outputs, or the loss, that Chainrule's files know.
        """
        return self._fitted_network()

    @property
    def _optimizer(self) -> Any:
        """What moves the parameters, with `learning_rate`: a name that others read as well."""
        return self._fitted_network().optimizer

    def _fitted_network(self) -> Network:
        # A property that is not there yet must be an AttributeError, for hasattr to say so.
        if "_network" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: call fit first.")
        return self._network

    # ---- prediction ----

    def _outputs(self, X: Any) -> Array:
        """Return the outputs of the last Dense layer, (n, n_outputs_)."""
        check_is_fitted(self)
        kinds = [np.float64, np.float32]
        X = validate_data(self, X, accept_sparse="csr", dtype=kinds, reset=False)
        return self._forward(rows_of(X))

    def _forward(self, X: Any) -> Array:
        # Copies of the layers share their parameters, not what forward keeps: threads may predict.
        layers = [copy.copy(layer) for layer in self._network]
        parts = []
        for part in slices(X):
            rows = X[part].astype(self._network.dtype, copy=False)
            for layer in layers:
                rows = layer.forward(rows)
            parts.append(rows)
        return np.concatenate(parts)

    # ---- training ----

    def _can_go_on(self) -> bool:
        """Check that the solver trains in batches; without one there is no partial_fit."""
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit trains in batches and solver='lbfgs' takes all examples at once: "
                "pass solver='adam' or 'sgd'."
            )
        return True

    @with_callbacks  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Train on examples and what they are.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n, features)
            Rows of a sparse one become dense a batch at a time.
        y : array-like, shape (n,) or (n, outputs)
            Labels, or 0 and 1 for each of several labels; of a regressor numbers.
        sample_weight : array-like, shape (n,), optional
            An example of weight zero is left out.
        X_val, y_val : array-likes, optional
            To validate on after each epoch: `val_loss_curve_`, `validation_scores_`.

        Returns
        -------
        estimator
            Itself.
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @available_if(_can_go_on)  # type: ignore[untyped-decorator]
    @with_callbacks  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch more; n calls do what `fit` does in n epochs, bit for bit.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        estimator
            Itself.
        """
        return self._fit(X, y, sample_weight, goes_on=True)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any = None,
        y_val: Any = None,
        *,
        goes_on: bool = False,
    ) -> Self:
        """Train on X and y; `goes_on` is a single epoch more, as of partial_fit."""
        if goes_on and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        if self.solver == "lbfgs":
            self._check_lbfgs()
        fresh = "_network" not in vars(self) or not (self.warm_start or goes_on)
        given = (X, y, sample_weight)
        X, y = self._check_targets(X, y, fresh, all_classes=not goes_on)
        train = _with_weight(Data(X, y, self._check_weights(sample_weight, X)))
        if fresh:
            self._begin(train)
        self._check_same_layers()
        train, held_out = self._held_out(train, X_val, y_val)
        if not goes_on:
            self._look_anew()
        train = _with_weight(self._weighted(train))
        held_out = None if held_out is None else self._weighted(held_out)
        epochs = 1 if goes_on else self.max_iter
        told = Told(self, epochs, *given)
        self._train(train, held_out, epochs, told)
        is_at_the_end = self.n_iter_ == self.max_iter and self.solver != "lbfgs"
        if is_at_the_end and not (goes_on or self._has_stopped):
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        if self.early_stopping and self._best is not None:
            self._network.parameters = self._best
        told.fit_ends()
        return self

    def _check_weights(self, sample_weight: Any, X: Array) -> Array | None:
        if sample_weight is None:
            return None
        weights = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        check_non_negative(weights, "`sample_weight`")
        if not weights.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
        return weights

    def _weighted(self, data: Data) -> Data:
        """Return the data with the product of sample weights and class weights."""
        weights = self._class_weights(data)
        if weights is None:
            return data
        weights = weights if data.weights is None else weights * data.weights
        return Data(data.X, data.y, weights.astype(data.X.dtype))

    # ---- from parameters to a network ----

    def _begin(self, train: Data) -> None:
        """Build the network, and forget all that was learned."""
        self.n_outputs_, self.out_activation_, kind, loss = self._head(train.y)
        seed = self.random_state
        drawn = check_random_state(seed).randint(2**31 - 1)
        # An int is the seed of Network and of train_network as it stands.
        self._seed = int(seed) if isinstance(seed, Integral) else int(drawn)
        self._layers_asked = self._layers_from_parameters()
        layers = self._build(train.X.shape[1], self.n_outputs_)
        self._network = kind(layers, loss=loss, rng=self._seed, dtype=train.X.dtype)
        self._forget()

    def _forget(self) -> None:
        """Set what counts epochs to its start."""
        self.history_ = History()
        self.n_iter_ = self.t_ = 0
        self.validation_scores_: list[float] | None = None
        self._look_anew()

    def _look_anew(self) -> None:
        """Forget how good it was: the data of a second fit may be other data."""
        self._no_improvement_count = self._cuts = 0
        self._best: Array | None = None
        self.best_loss_: float | None = None
        self.best_validation_score_: float | None = None

    def _build(self, n_in: int, n_out: int) -> list[Layer]:
        """Return the layers; weights start in scikit-learn's range, biases at 0."""
        sizes, activations, rates = self._layers_asked
        initializer = glorot_logistic if self.activation == "logistic" else glorot_uniform
        layers: list[Layer] = []
        shapes = list(pairwise((n_in, *sizes, n_out)))
        for shape, activation, rate in zip(shapes, activations, rates, strict=False):
            layers.append(Dense(*shape, initializer=initializer))
            kind = ACTIVATIONS[activation]
            layers += [] if kind is None else [kind()]
            layers += [Dropout(rate)] if rate else []
        return [*layers, Dense(*shapes[-1], initializer=initializer)]

    def _layers_from_parameters(self) -> tuple[list[int], list[str], list[float]]:
        """Return size, activation and dropout of each hidden layer."""
        sizes = np.atleast_1d(np.asarray(self.hidden_layer_sizes)).tolist()
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        activations = _one_each("activation", self.activation, len(sizes))
        for activation in activations:
            if activation not in ACTIVATIONS:
                raise ValueError(
                    f"activation must be one of {', '.join(ACTIVATIONS)} for each hidden layer, "
                    f"got {activation!r}."
                )
        rates = _one_each("dropout", self.dropout, len(sizes))
        for rate in rates:
            if not (isinstance(rate, Real) and 0 <= float(rate) < 1):
                raise ValueError(
                    f"dropout must be a share from 0 to below 1 for each hidden layer, got {rate}."
                )
        return sizes, activations, rates

    def _check_lbfgs(self) -> None:
        """Check what goes with L-BFGS, and what has no effect."""
        if any(self._layers_from_parameters()[2]):
            raise ValueError(
                "solver='lbfgs' compares losses, which dropout draws anew each time: pass "
                "dropout=0, or solver='adam'."
            )
        if self.early_stopping:
            warnings.warn(
                "early_stopping has no effect with solver='lbfgs', as in scikit-learn: it ends by "
                "tol, max_iter or max_fun.",
                stacklevel=5,
            )

    def _check_same_layers(self) -> None:
        asked = self._layers_from_parameters()
        if asked != self._layers_asked:
            raise ValueError(
                "warm_start and partial_fit go on with the network as it is, with sizes, "
                f"activations and dropout {self._layers_asked}, the parameters now say {asked}: "
                "set them back, or fit with warm_start=False."
            )

    def _make_optimizer(self) -> Optimizer:
        """Return the optimizer of the parameters, with the state of the one before, if alike."""
        made: Optimizer
        if self.solver == "adam":
            made = Adam(self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon, self.alpha)
        else:
            is_nesterov = self.nesterovs_momentum and self.momentum > 0
            made = SGD(self._rate(), self.momentum, is_nesterov, self.alpha)
        before: Any = self._network.optimizer
        if type(before) is type(made) and before.moments == made.moments:
            made.state = {name: _writable(moment) for name, moment in before.state.items()}
            made.t = before.t
        return made

    def _rate(self) -> float:
        """Return the learning rate of the next epoch."""
        if self.solver == "sgd" and self.learning_rate == "invscaling":
            return self.learning_rate_init / (self.t_ + 1) ** self.power_t
        return self.learning_rate_init / 5**self._cuts

    def _validated(self, X: Any, y: Any, fresh: bool, **settings: Any) -> tuple[Any, Any]:
        """Return X, an array or a CSR matrix, and y; a fresh fit learns the columns."""
        dtype: Any = [np.float64, np.float32] if self.dtype is None else float_dtype(self.dtype)
        if not fresh:
            dtype = self._network.dtype
        settings |= {"accept_sparse": "csr", "multi_output": True}
        return validate_data(self, X, y, dtype=dtype, reset=fresh, **settings)

    # ---- epochs ----

    def _held_out(self, train: Data, X_val: Any, y_val: Any) -> tuple[Data, Data | None]:
        """Return what to train on, and what to validate on."""
        if (X_val is None) != (y_val is None):
            missing, there = ("X_val", "y_val") if X_val is None else ("y_val", "X_val")
            raise ValueError(f"{there} came without {missing}: pass both or neither.")
        if X_val is not None:
            try:
                return train, Data(*self._check_targets(X_val, y_val, fresh=False))
            except ValueError as error:
                raise ValueError(f"X_val, y_val: {error}") from error
        if not self.early_stopping or self.solver == "lbfgs":
            return train, None
        rows, held_out = train_test_split(
            np.arange(train.count),
            random_state=self._seed,
            test_size=self.validation_fraction,
            stratify=self._strata(train.y),
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        return train.rows(rows), train.rows(held_out)

    def _train(self, train: Data, held_out: Data | None, epochs: int, told: Told) -> None:
        """Train for at most so many epochs."""
        self.n_iter_, self._has_stopped = 0, False
        self.history_.sums = np.zeros(3)  # an epoch that did not end is forgotten
        at_once = self.solver == "lbfgs"
        rows = slices(train.X)[0].stop if at_once else self._batch_size(train.count)
        rows = min(rows, train.count)
        try:
            with one_thread_for(rows * max(weights.size for weights in self.coefs_)):
                if at_once:
                    self._minimise(train, held_out, told)
                else:
                    self._train_in_batches(train, held_out, epochs, rows, told)
        except TrainingDiverged as error:
            if self._best is None:
                raise ValueError(f"{NOT_FINITE} {error}") from error
            self._note_divergence()
            warnings.warn(f"{error} The best weights before are restored.", stacklevel=3)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=3)

    def _train_in_batches(
        self, train: Data, held_out: Data | None, epochs: int, batch_size: int, told: Told
    ) -> None:
        """Train through the one loop that Chainrule has."""
        done = len(self.loss_curve_)
        optimizer = self._network.optimizer = self._make_optimizer()

        def begin_epoch(batches: list[Integers]) -> Iterator[Integers]:
            told.epoch_begins()
            for batch in batches if self.shuffle else _in_order(batches):
                optimizer.weight_decay = float(self.alpha) / train.weight(batch)
                yield batch

        def end_epoch(epoch: int, history: History) -> bool:
            self._count_epoch(train.count, held_out)
            return told.epoch_ends() or self._has_stopped

        train_network(
            self._network,
            *self._as_taken(train),
            *self._as_taken(held_out),
            done + epochs,
            batch_size,
            seed=self._seed,
            start=(done, 0),
            sample_weight=train.weights,
            history=self.history_,
            on_epoch=end_epoch,
            progress=begin_epoch,
        )

    def _minimise(self, train: Data, held_out: Data | None, told: Told) -> None:
        """Train by L-BFGS, whose loop is SciPy's; each of its iterations is an epoch."""
        network, validation = self._network, self._as_taken(held_out)
        objective = Objective(network, *self._as_taken(train), train.weights, float(self.alpha))
        before = self.history_.seconds

        def note_losses() -> None:
            val = (np.nan, np.nan)
            if held_out is not None:
                val = loss_and_accuracy(network, *validation)
            norm = float(np.linalg.norm(objective.network.gradients))
            self.history_.seconds = before + objective.seconds
            self.history_.append(objective.loss, np.nan, *val, np.nan, norm, self.history_.seconds)

        def end_iteration(parameters: Array) -> None:
            told.epoch_begins()
            network.parameters = parameters
            note_losses()
            self._tell_epoch(held_out)
            if told.epoch_ends():
                self._has_stopped = True
                raise StopIteration

        limits = {"maxiter": self.max_iter, "maxfun": self.max_fun, "gtol": self.tol}
        result = scipy.optimize.minimize(
            objective,
            network.parameters.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            callback=end_iteration,
            options=limits,
        )
        if not np.isfinite(result.fun):
            raise ValueError(NOT_FINITE)
        if not self.loss_curve_:  # it was the best already
            note_losses()
        if not self._has_stopped:
            _check_optimize_result("lbfgs", result, self.max_iter)

    def _as_taken(self, data: Data | None) -> tuple[Any, Any]:
        """Return X and y as the network takes them; of no data, None twice."""
        return (None, None) if data is None else (rows_of(data.X), self._encode(data.y))

    def _batch_size(self, count: int) -> int:
        if isinstance(self.batch_size, str):  # "auto"
            return min(200, count)
        if self.batch_size > count:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=4,
            )
        return min(self.batch_size, count)

    def _count_epoch(self, count: int, held_out: Data | None) -> None:
        """Note an epoch that has ended, and decide whether it was the last."""
        self.t_ += count
        self._note_gain(self._tell_epoch(held_out))
        if self._no_improvement_count > self.n_iter_no_change:
            self._stop_or_cut_the_rate()
        self._optimizer.learning_rate = self._rate()

    def _tell_epoch(self, held_out: Data | None) -> float:
        """Count an epoch, and note and say how good it was; return the score, NaN without one."""
        self.n_iter_ += 1
        self._say(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
        if held_out is None:
            return np.nan
        score = self._score_of(self._forward(rows_of(held_out.X)), held_out)
        self.validation_scores_ = [*(self.validation_scores_ or []), score]
        self._say(f"Validation score: {score:f}")
        return score

    def _note_divergence(self) -> None:
        """Count the epoch in which training stopped being finite: its numbers are NaN."""
        self.n_iter_ += 1
        self._has_stopped = True
        self.history_.append(*[np.nan] * 6, self.history_.seconds)
        self.validation_scores_ = [*(self.validation_scores_ or []), np.nan]

    def _note_gain(self, score: float) -> None:
        """Count the epochs that brought less than `tol`, and keep the best."""
        if self.early_stopping:
            best = -np.inf if self.best_validation_score_ is None else self.best_validation_score_
            is_gain = score >= best + self.tol
            self.best_validation_score_ = max(best, score)
            if score > best:
                self._best = self._network.parameters.copy()
        else:
            best = np.inf if self.best_loss_ is None else self.best_loss_
            is_gain = not self.loss_ > best - self.tol
            self.best_loss_ = min(best, self.loss_)
        self._no_improvement_count = 0 if is_gain else self._no_improvement_count + 1

    def _stop_or_cut_the_rate(self) -> None:
        what = "Validation score" if self.early_stopping else "Training loss"
        message = (
            f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} "
            "consecutive epochs."
        )
        if self.solver == "sgd" and self.learning_rate == "adaptive":
            if self._rate() > SMALLEST_RATE:
                self._cuts += 1
                self._no_improvement_count = 0
                self._say(f"{message} Setting learning rate to {self._rate():f}")
                return
            message += " Learning rate too small."
        self._has_stopped = True
        self._say(f"{message} Stopping.")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _say(self, message: str) -> None:
        if self.verbose:
            print(message)


def _writable(array: Any) -> Any:
    """Return the array, or a copy where it is read-only, as joblib maps it into memory."""
    return array if array.flags.writeable else array.copy()


def glorot_logistic(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Draw from Glorot's range divided by the root of 3, as scikit-learn does for 'logistic'."""
    return glorot_uniform(rng, n_in, n_out) / np.sqrt(3)


def _with_weight(data: Data) -> Data:
    """Leave out the rows whose weight is zero: they then change nothing at all."""
    if data.weights is None or data.weights.all():
        return data
    return data.rows(data.weights > 0)


def _in_order(batches: list[Integers]) -> Iterator[Integers]:
    """Yield batches of the same sizes, in the order of the data."""
    first = 0
    for batch in batches:
        yield np.arange(first, first + len(batch))
        first += len(batch)


def _one_each(name: str, value: Any, layers: int) -> list[Any]:
    """Return one value for each hidden layer, given one for all or a sequence."""
    if not isinstance(value, list | tuple):
        return [value] * layers
    if len(value) != layers:
        raise ValueError(
            f"{name} must be one value, or one for each of the {layers} hidden layers, got "
            f"{len(value)}: {value!r}."
        )
    return list(value)


def copied(network: Network, kind: type[Network], loss: Loss, last: Dense) -> Network:
    """Return a network of another kind and loss, of copies of the layers but for the last."""
    layers = [copy.deepcopy(layer) for layer in network[:-1]]
    return kind([*layers, copy.deepcopy(last)], loss=loss, dtype=network.dtype)


def dense_of(weights: Array, biases: Array) -> Dense:
    """Return a Dense layer that holds copies of weights (in, out) and biases (out,)."""
    layer = Dense(*weights.shape)
    layer.parameters.update(weights=weights.copy(), biases=biases.copy())
    layer.drawn = True
    return layer
