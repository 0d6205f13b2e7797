"""Keras on JAX: `fit` with its own shuffling, seeded alike; its batches are others."""

import time
from functools import partial

import keras


class Peer:
    """A Sequential of Dense layers; the loss takes logits and integer labels."""

    def __init__(self, work):
        keras.utils.set_random_seed(work.seed)
        self.work = work
        *hidden, classes = work.sizes[1:]
        self.model = keras.Sequential(
            [keras.Input((work.sizes[0],))]
            + [keras.layers.Dense(units, activation="relu") for units in hidden]
            + [keras.layers.Dense(classes)]
        )
        optimizer = {
            "adam": partial(keras.optimizers.Adam, epsilon=1e-8),  # as the others have it
            "sgd": keras.optimizers.SGD,
        }[work.optimizer]
        self.model.compile(
            optimizer(work.learning_rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        self._set_weights()

    def _set_weights(self):
        self.model.set_weights([array for start in self.work.start() for array in start])

    def prepare(self):
        """Do a whole batch and one of the last one's size, then put everything back."""
        rows = self.work.batch_size + len(self.work.X_train) % self.work.batch_size
        X, y = self.work.X_train[:rows], self.work.y_train[:rows]
        self.model.fit(X, y, batch_size=self.work.batch_size, verbose=0)
        self._set_weights()
        for variable in self.model.optimizer.variables:
            if variable is not self.model.optimizer.learning_rate:
                variable.assign(keras.ops.zeros(variable.shape, variable.dtype))

    def train(self, epochs=None):
        started = time.perf_counter()
        self.model.fit(
            self.work.X_train,
            self.work.y_train,
            batch_size=self.work.batch_size,
            epochs=len(epochs or range(self.work.epochs)),
            verbose=0,
        )
        return time.perf_counter() - started

    def predict(self, X):
        return self.model.predict(X, batch_size=1_000, verbose=0).argmax(axis=1)
