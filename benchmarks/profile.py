"""Where the time of Chainrule's step goes, operation by operation, beside the bare products."""

import math
import statistics
import time

import numpy as np

from benchmarks.peers.floor import Peer as Floor
from benchmarks.peers.ours import Peer as Ours

STEPS = 300


def profile_step(work):
    """Return the operations of a step and the median of a whole step, in µs.

    Each operation is timed inside real steps, one after the other, by way of the public layers.
    A whole step is timed without that, in `train_network`; what is left of it when the operations
    are taken away is called "checks, counts and calls".

    Returns
    -------
    operations : list of dict
        name, median and least, and floor where the operation is a product (else None).
    step : float
    """
    peer = Ours(work)
    peer.prepare()
    step = _whole_step(peer)
    batches = [batch for batch in work.batches(0) if len(batch) == work.batch_size]
    times = operation_times(peer.network, work.X_train, work.y_train, batches)
    floors = _floors(work)
    operations = [
        {
            "name": name,
            "median": statistics.median(calls) * 1e6,
            "least": min(calls) * 1e6,
            "floor": floors.get(name),
        }
        for name, calls in times.items()
    ]
    known = sum(operation["median"] for operation in operations)
    operations.append(
        {"name": "checks, counts and calls", "median": step - known, "least": None, "floor": None}
    )
    return operations, step


def _whole_step(peer):
    """Return the median over epochs of a step in `train_network`, in µs."""
    steps = math.ceil(len(peer.work.X_train) / peer.work.batch_size)
    return statistics.median(peer.train() / peer.work.epochs for _ in range(3)) / steps * 1e6


def operation_times(network, X, y, batches):
    """Return by name of operation the seconds of each call, over real steps on the batches."""
    times = {}
    last = 0.0

    def done(name):
        nonlocal last
        now = time.perf_counter()
        times.setdefault(name, []).append(now - last)
        last = time.perf_counter()

    names = [f"{number} {type(layer).__name__}" for number, layer in enumerate(network)]
    for count in range(STEPS):
        last = time.perf_counter()
        batch = batches[count % len(batches)]
        x, labels = X.take(batch, axis=0), y.take(batch, axis=0)
        done("gather")
        for name, layer in zip(names, network, strict=True):
            x = layer.forward(x, True)
            done(f"{name} forward")
        _, gradient = network.loss(x, labels)
        done("loss")
        for name, layer in zip(reversed(names), reversed(list(network)), strict=True):
            gradient = layer.backward(gradient)
            done(f"{name} backward")
        network.optimizer.update(network.parameters, network.gradients)
        done("update")
    return times


def _floors(work):
    """Return by name of operation the median of its products alone, in µs."""
    floor = Floor(work)
    products = iter(floor.full)
    forward = [[next(products)] for _ in floor.weights]
    # dW of every layer, and dx of every layer but the first
    backward = [
        [next(products) for _ in range(2 if number else 1)] for number in range(len(forward))
    ]
    floors = {}
    for number in range(len(forward)):
        place = 2 * number  # a ReLU stands between any two
        floors[f"{place} Dense forward"] = time_of_products(forward[number])
        floors[f"{place} Dense backward"] = time_of_products(backward[number])
    return floors


def time_of_products(products):
    """Return the median over many rounds of the time of all products (a, b, out), in µs."""
    times = []
    for _ in range(STEPS):
        started = time.perf_counter()
        for a, b, out in products:
            np.matmul(a, b, out=out)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e6
