"""The floor: the matrix products of the same steps with NumPy's BLAS, and nothing else.

A batch of random numbers stays in the cache, every result goes into an array that is there
already, and the first layer's input has no gradient. Nothing is learned.
"""

import time

import numpy as np

ROWS_AT_ONCE = 1_000  # in prediction: as many as stay in the cache


class Peer:
    """The products of a step, x W, xᵀ dy and dy Wᵀ for each layer, as often as there are steps."""

    def __init__(self, work):
        self.work = work
        self.weights = [weights for weights, _ in work.start()]
        self.rng = np.random.default_rng(work.seed)
        self.full = self._step(work.batch_size)
        rest = len(work.X_train) % work.batch_size
        self.rest = self._step(rest) if rest else ()

    def prepare(self):
        for products in (self.full, self.rest):
            self._multiply(products)

    def train(self):
        full_batches = len(self.work.X_train) // self.work.batch_size
        started = time.perf_counter()
        for _ in range(self.work.epochs):
            for _ in range(full_batches):
                self._multiply(self.full)
            self._multiply(self.rest)
        return time.perf_counter() - started

    @staticmethod
    def _multiply(products):
        for a, b, out in products:
            np.matmul(a, b, out=out)

    def _normal(self, *shape):
        return self.rng.standard_normal(shape, dtype=np.float32)

    def _step(self, rows):
        """Return (a, b, out) for each product of a step on `rows` images."""
        forward, backward = [], []
        for number, weights in enumerate(self.weights):
            n_in, n_out = weights.shape
            x, y, grad_y = self._normal(rows, n_in), self._normal(rows, n_out), None
            grad_y = self._normal(rows, n_out)
            forward.append((x, weights, y))
            backward.append((x.T, grad_y, np.empty_like(weights)))
            if number:
                backward.append((grad_y, weights.T, np.empty_like(x)))
        return forward + backward

    def predictor(self, X):
        """Return the forward products for X, in slices whose outputs are there already."""
        products = []
        for first in range(0, len(X), ROWS_AT_ONCE):
            x = X[first : first + ROWS_AT_ONCE]
            for weights in self.weights:
                y = np.empty((len(x), weights.shape[1]), np.float32)
                products.append((x, weights, y))
                x = y
        return lambda: self._multiply(products)
