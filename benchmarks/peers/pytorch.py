"""PyTorch (the CPU build): eager or compiled, its optimizer fused into one kernel or as it comes.

Data and order are tensors from the start of an epoch; `set_flush_denormal` is on, as PyTorch
advises for CPUs that pay for numbers below 1e-38. The loss is not read out.
"""

import time
from copy import deepcopy

import torch
from torch import nn

OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}


class Peer:
    """A Sequential of Linear and ReLU.

    Parameters
    ----------
    work : Work
    fused : bool
        The fused optimizer; else PyTorch's default, which on a CPU loops over the parameters.
    compiled : bool
        Forward, loss and backward through torch.compile.
    """

    def __init__(self, work, fused, compiled=False):
        torch.set_num_threads(work.threads)
        torch.set_num_interop_threads(1)
        torch.set_flush_denormal(True)
        self.work = work
        self.X, self.y = torch.from_numpy(work.X_train), torch.from_numpy(work.y_train)
        layers = []
        for weights, biases in work.start():
            layer = nn.utils.skip_init(nn.Linear, *weights.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(weights.T))
                layer.bias.copy_(torch.from_numpy(biases))
            layers += [layer, nn.ReLU()]
        self.model = nn.Sequential(*layers[:-1])
        self.optimizer = OPTIMIZERS[work.optimizer](
            self.model.parameters(), lr=work.learning_rate, fused=fused or None
        )
        self.loss = torch.compile(self._loss) if compiled else self._loss

    def _loss(self, X, y):
        return nn.functional.cross_entropy(self.model(X), y)

    def prepare(self):
        """Do a step of each size of batch, then put everything back."""
        model, optimizer = deepcopy(self.model.state_dict()), deepcopy(self.optimizer.state_dict())
        whole = torch.arange(min(self.work.batch_size, len(self.X)))
        rest = torch.arange(len(self.X) % self.work.batch_size)
        for batch in (whole, whole, rest, rest):
            if len(batch):
                self._step(batch)
        self.model.load_state_dict(model)
        self.optimizer.load_state_dict(optimizer)

    def train(self, epochs=None):
        started = time.perf_counter()
        for epoch in epochs or range(self.work.epochs):
            order = torch.from_numpy(self.work.order(epoch))
            for batch in order.split(self.work.batch_size):
                self._step(batch)
        return time.perf_counter() - started

    def _step(self, batch):
        loss = self.loss(self.X.index_select(0, batch), self.y.index_select(0, batch))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def predict(self, X):
        with torch.inference_mode():
            return self.model(torch.from_numpy(X)).argmax(1).numpy()

    def predictor(self, X):
        return lambda: self.predict(X)
