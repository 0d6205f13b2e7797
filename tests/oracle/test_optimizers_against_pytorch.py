"""Two hundred steps of every rule, option and schedule as PyTorch takes them."""

from functools import partial

import numpy as np
import pytest

from chainrule import (
    SGD,
    Adam,
    AdamW,
    Dense,
    Network,
    RMSProp,
    cosine_rate,
    one_cycle_rate,
    step_rate,
)

torch = pytest.importorskip("torch", reason="the oracle needs PyTorch: install chainrule[oracle]")
torch.set_num_threads(1)  # for tensors this small threads only wait

STEPS = 200
TOLERANCES = {np.float64: 1e-12, np.float32: 1e-5}
DECAY = 0.02

# Chainrule's rule, PyTorch's rule and the options whose names differ.
RULES = {
    "SGD": (SGD, torch.optim.SGD, {}, {}),
    "momentum": (
        partial(SGD, momentum=0.9),
        partial(torch.optim.SGD, momentum=0.9),
        {},
        {},
    ),
    "Nesterov": (
        partial(SGD, momentum=0.9, nesterov=True),
        partial(torch.optim.SGD, momentum=0.9, nesterov=True),
        {},
        {},
    ),
    "RMSProp": (RMSProp, torch.optim.RMSprop, {}, {}),
    "RMSProp, other beta and epsilon": (
        RMSProp,
        torch.optim.RMSprop,
        {"beta": 0.9, "epsilon": 1e-3},
        {"alpha": 0.9, "eps": 1e-3},
    ),
    "Adam": (Adam, torch.optim.Adam, {}, {}),
    "Adam, other betas and epsilon": (
        Adam,
        torch.optim.Adam,
        {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
        {"betas": (0.5, 0.9), "eps": 1e-3},
    ),
    "AdamW": (AdamW, torch.optim.AdamW, {}, {}),
}

# The same schedule for both; PyTorch changes the rate of the optimizer it is given.
schedulers = torch.optim.lr_scheduler
SCHEDULES = {
    "constant": (lambda rate: rate, None),
    "cosine": (
        lambda rate: partial(cosine_rate, initial=rate, total_steps=STEPS, final=rate / 100),
        lambda moved, rate: schedulers.CosineAnnealingLR(moved, STEPS, eta_min=rate / 100),
    ),
    "step": (
        lambda rate: partial(step_rate, initial=rate, every=60, factor=0.5),
        lambda moved, rate: schedulers.StepLR(moved, 60, gamma=0.5),
    ),
    "one cycle": (
        lambda rate: partial(one_cycle_rate, peak=rate, total_steps=STEPS),
        lambda moved, rate: schedulers.OneCycleLR(moved, rate, STEPS, cycle_momentum=False),
    ),
}


def tensors_of(network):
    """Return a copy of each array of the network as a tensor, weights and biases apart."""
    tensors = [
        {name: torch.tensor(array) for name, array in layer.parameters.items()} for layer in network
    ]
    return [[layer[name] for layer in tensors] for name in ("weights", "biases")]


def largest_difference(rule, schedule, decay, dtype):
    """Return the largest difference after 200 steps over the largest weight."""
    mine, theirs, options, their_options = RULES[rule]
    make_rate, make_scheduler = SCHEDULES[schedule]
    rate = 0.1 if mine is SGD else 0.01
    # The first array alone is longer than a block, so that a block begins within it.
    network = Network([Dense(150, 130), Dense(130, 4), Dense(4, 3)], dtype=dtype)
    network.optimizer = mine(make_rate(rate), weight_decay=decay, **options)

    weights, biases = tensors_of(network)
    groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
    optimizer = theirs(groups, lr=rate, **their_options)
    scheduler = make_scheduler(optimizer, rate) if make_scheduler else None

    rng = np.random.default_rng(0)
    size = 10.0 ** rng.uniform(-3, 1, network.gradients.size)  # gradients of very different sizes
    for _ in range(STEPS):
        network.gradients = size * rng.standard_normal(network.gradients.size) + 0.1
        for layer, *pair in zip(network, weights, biases, strict=True):
            for name, tensor in zip(("weights", "biases"), pair, strict=True):
                tensor.grad = torch.tensor(layer.gradients[name])
        network.optimizer.update(network.parameters, network.gradients)
        optimizer.step()
        if scheduler:
            scheduler.step()

    moved = np.concatenate([tensor.numpy().ravel() for tensor in (*weights, *biases)])
    assert moved.dtype == network.parameters.dtype == dtype
    return np.abs(network.parameters - moved).max() / np.abs(moved).max()


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("decay", [0.0, DECAY], ids=["no decay", "decay"])
@pytest.mark.parametrize("rule", RULES)
def test_200_steps_at_a_constant_rate(rule, decay, dtype):
    difference = largest_difference(rule, "constant", decay, dtype)
    assert difference < TOLERANCES[dtype]
    print(f"{rule}, decay {decay}, {dtype.__name__}: {difference:.1e}")


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("schedule", ["cosine", "step", "one cycle"])
@pytest.mark.parametrize("rule", ["SGD", "momentum", "Nesterov", "RMSProp", "Adam", "AdamW"])
def test_200_steps_of_a_schedule(rule, schedule, dtype):
    difference = largest_difference(rule, schedule, DECAY, dtype)
    assert difference < TOLERANCES[dtype]
    print(f"{rule}, {schedule}, {dtype.__name__}: {difference:.1e}")


@pytest.mark.parametrize("schedule", ["cosine", "step", "one cycle"])
def test_the_rates_themselves(schedule):
    make_rate, make_scheduler = SCHEDULES[schedule]
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler, rate = make_scheduler(optimizer, 0.1), make_rate(0.1)
    for step in range(STEPS):
        assert rate(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-11)
        optimizer.step()
        scheduler.step()
