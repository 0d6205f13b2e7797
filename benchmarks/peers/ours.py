"""Chainrule itself: `train_network` on the public layers, nothing else."""

from chainrule import create_network, train_network
from chainrule.optimizers import create_optimizer


class Peer:
    """The network of `create_network`, which draws the weights that all peers start from.

    With `compiled` the optimizer's rule is compiled by Numba (extra ``[fast]``).
    """

    def __init__(self, work, compiled=False):
        self.work = work
        if compiled:
            from chainrule.compiled import compile_rules

            compile_rules()
        self.network = create_network(work.optimizer, rng=work.seed, sizes=work.sizes)
        self.network.optimizer = create_optimizer(work.optimizer, work.learning_rate)

    def prepare(self):
        two_batches = 2 * self.work.batch_size
        X, y = self.work.X_train[:two_batches], self.work.y_train[:two_batches]
        self._train(self.network.copy(), X, y, epochs=1)

    def train(self, epochs=None):
        work, epochs = self.work, epochs or range(self.work.epochs)
        return self._train(self.network, work.X_train, work.y_train, epochs.stop, epochs.start)

    def _train(self, network, X, y, epochs, first=0):
        history = train_network(
            network,
            X,
            y,
            X[:1],  # an image is enough: `seconds` leaves validation out
            y[:1],
            epochs,
            self.work.batch_size,
            seed=self.work.seed,
            start=(first, 0),
            on_epoch=None,
        )
        return history["seconds"][-1]

    def predict(self, X):
        return self.network.predict(X)

    def predictor(self, X):
        return lambda: self.network.predict(X)
