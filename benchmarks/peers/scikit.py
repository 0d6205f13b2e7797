"""scikit-learn's MLPClassifier: no penalty, no momentum for SGD, no early stopping.

It starts from Chainrule's weights, which its method `_init_coef` hands out, and shuffles with its
own generator, seeded alike: its batches are others.
"""

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


class StartingFrom(MLPClassifier):
    """An MLPClassifier that takes given weights in the place of random ones."""

    def _init_coef(self, fan_in, fan_out, dtype):
        weights, biases = self.given.pop(0)
        return weights.astype(dtype), biases.astype(dtype)


class Peer:
    """MLPClassifier on float32 data, which it keeps."""

    def __init__(self, work):
        self.work = work
        self.model = self._model(work.epochs)
        self.classes = np.unique(work.y_train)

    def _model(self, epochs):
        model = StartingFrom(
            self.work.sizes[1:-1],
            solver=self.work.optimizer,
            alpha=0,
            batch_size=self.work.batch_size,
            learning_rate_init=self.work.learning_rate,
            momentum=0,
            nesterovs_momentum=False,
            max_iter=epochs,
            tol=0,
            n_iter_no_change=epochs + 1,
            # A generator, for an int would give partial_fit the same order in every epoch.
            random_state=np.random.RandomState(self.work.seed),
        )
        model.given = self.work.start()
        return model

    def prepare(self):
        # A label of each class, for the network must have all of its outputs.
        firsts = np.unique(self.work.y_train, return_index=True)[1]
        rows = np.union1d(firsts, np.arange(2 * self.work.batch_size) % len(self.work.y_train))
        self._fit(self._model(1), self.work.X_train[rows], self.work.y_train[rows])

    def train(self, epochs=None):
        """Train; with `epochs`, those alone, which `partial_fit` does one at a time."""
        started = time.perf_counter()
        if epochs is None:
            self._fit(self.model, self.work.X_train, self.work.y_train)
        for _ in epochs or ():
            self.model.partial_fit(self.work.X_train, self.work.y_train, classes=self.classes)
        return time.perf_counter() - started

    @staticmethod
    def _fit(model, X, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", UserWarning)  # a batch larger than the warm-up's data
            model.fit(X, y)

    def predict(self, X):
        return self.model.predict(X)

    def predictor(self, X):
        """Return a call of the starting network, which an epoch at rate 0 has put in place."""
        model = self._model(1).set_params(learning_rate_init=1e-30)
        self._fit(model, self.work.X_train, self.work.y_train)
        return lambda: model.predict(X)
