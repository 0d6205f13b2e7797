"""Whole networks, three epochs from the same weights on the same batches: PyTorch's losses."""

import numpy as np
import pytest

from chainrule import (
    SGD,
    Adam,
    AdamW,
    Dense,
    Dropout,
    LeakyReLU,
    Network,
    ReLU,
    RMSProp,
    Sigmoid,
    Tanh,
    mean_squared_error,
    softmax_crossentropy_with_logits,
    train_batch,
    train_network,
)
from chainrule.training import epoch_batches

torch = pytest.importorskip("torch", reason="the oracle needs PyTorch: install chainrule[oracle]")
torch.set_num_threads(1)  # for tensors this small threads only wait

EPOCHS, BATCH_SIZE, SEED = 3, 16, 5

ACTIVATIONS = {
    "ReLU": (ReLU, torch.nn.ReLU),
    "LeakyReLU": (LeakyReLU, torch.nn.LeakyReLU),
    "Sigmoid": (Sigmoid, torch.nn.Sigmoid),
    "Tanh": (Tanh, torch.nn.Tanh),
}
OPTIMIZERS = {
    "SGD": (lambda: SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "Nesterov": (
        lambda: SGD(0.05, momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    ),
    "RMSProp": (lambda: RMSProp(0.005), lambda p: torch.optim.RMSprop(p, 0.005)),
    "Adam": (lambda: Adam(0.005), lambda p: torch.optim.Adam(p, 0.005)),
    "AdamW": (
        lambda: AdamW(0.005, weight_decay=0.1),
        lambda p: torch.optim.AdamW(
            [
                {"params": [tensor for tensor in p if tensor.ndim == 2], "weight_decay": 0.1},
                {"params": [tensor for tensor in p if tensor.ndim == 1], "weight_decay": 0.0},
            ],
            0.005,
        ),
    ),
}
LOSSES = {
    "softmax": (softmax_crossentropy_with_logits, torch.nn.functional.cross_entropy),
    "squares": (mean_squared_error, torch.nn.functional.mse_loss),
}


@pytest.fixture(params=LOSSES)
def losses(request):
    return LOSSES[request.param]


@pytest.fixture
def data(losses):
    """Return 150 examples, so that the last batch of an epoch is smaller."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((150, 8))
    y = X[:, :3].argmax(axis=1) if losses is LOSSES["softmax"] else np.sin(X[:, :3])
    return X, y


def make_pair(names, losses, optimizer):
    """Return a network of ours, and PyTorch's module and optimizer, with equal weights."""
    make_optimizer, make_their_optimizer = OPTIMIZERS[optimizer]
    layers, modules, n_in = [], [], 8
    for name in names:
        kind, their_kind = ACTIVATIONS[name]
        layers += [Dense(n_in, 12), kind(), Dropout(0.0)]
        modules += [torch.nn.Linear(n_in, 12, dtype=torch.float64), their_kind()]
        n_in = 12
    layers.append(Dense(n_in, 3))
    modules.append(torch.nn.Linear(n_in, 3, dtype=torch.float64))
    network = Network(
        layers, loss=losses[0], optimizer=make_optimizer(), rng=SEED, dtype=np.float64
    )
    dense = [layer for layer in network if isinstance(layer, Dense)]
    with torch.no_grad():
        for layer, linear in zip(dense, modules[::2], strict=True):
            linear.weight.copy_(torch.tensor(layer.weights.T.copy()))
            linear.bias.copy_(torch.tensor(layer.biases))
    module = torch.nn.Sequential(*modules)
    return network, module, make_their_optimizer(list(module.parameters()))


def losses_of_pytorch(module, optimizer, loss, X, y):
    """Return the loss of each batch, epoch by epoch, and the loss over all after each epoch."""
    X, y = torch.tensor(X), torch.tensor(y)
    of_batches, after_epochs = [], []
    for epoch in range(EPOCHS):
        of_batches.append([])
        for batch in epoch_batches(len(X), BATCH_SIZE, SEED, epoch):
            optimizer.zero_grad()
            value = loss(module(X[batch]), y[batch])
            value.backward()
            optimizer.step()
            of_batches[-1].append(value.item())
        with torch.no_grad():
            after_epochs.append(loss(module(X), y).item())
    return of_batches, after_epochs


def assert_the_same_losses(names, losses, optimizer, data):
    network, module, their_optimizer = make_pair(names, losses, optimizer)
    other = network.copy()
    of_batches, after_epochs = losses_of_pytorch(module, their_optimizer, losses[1], *data)
    X, y = data

    mine = [
        [train_batch(network, X[batch], y[batch]) for batch in batches]
        for batches in (epoch_batches(len(X), BATCH_SIZE, SEED, epoch) for epoch in range(EPOCHS))
    ]
    np.testing.assert_allclose(mine, of_batches, rtol=1e-10)
    assert after_epochs[-1] < after_epochs[0], "it learns"

    history = train_network(other, X, y, X, y, EPOCHS, BATCH_SIZE, seed=SEED, on_epoch=None)
    sizes = [len(batch) for batch in epoch_batches(len(X), BATCH_SIZE, SEED, 0)]
    np.testing.assert_allclose(
        history["loss"], np.average(of_batches, axis=1, weights=sizes), rtol=1e-10
    )
    np.testing.assert_allclose(history["val_loss"], after_epochs, rtol=1e-10)
    difference = np.abs(np.divide(mine, of_batches) - 1).max()
    print(f"{'-'.join(names)}, {losses[0].__name__}, {optimizer}: {difference:.1e}")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name, losses, data):
    assert_the_same_losses([name, name], losses, "Adam", data)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer, losses, data):
    assert_the_same_losses(list(ACTIVATIONS), losses, optimizer, data)
