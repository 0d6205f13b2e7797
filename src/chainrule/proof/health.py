"""A network's health: what is legal and yet wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import Array, Seed, TrainingDiverged
from chainrule.layers import Dense, ReLU, Sigmoid, Tanh, glorot_normal, he_normal
from chainrule.network import Network
from chainrule.optimizers import Adam, create_optimizer
from chainrule.proof.verdicts import Verdict
from chainrule.training import train_batch

HEALTH = "health check"
TINY_BATCH, TINY_STEPS = 8, 2_000  # as a network of four hidden units needs
FRESH_NETWORKS = 5  # the loss before training varies from draw to draw; the median is judged


@np.errstate(all="ignore")  # a verdict tells of what is not finite
def check_health(network: Network, X: ArrayLike, y: ArrayLike, *, rng: Seed = 0) -> list[Verdict]:
    """Look for what is legal and yet wrong; one verdict for each question.

    The loss at zero logits; the loss of a fresh network; whether a tiny batch can be overfitted;
    dead units of each ReLU; how far one step moves each layer, relative to its weights.

    Parameters
    ----------
    network : Network
        Stays as it is.
    X : array, shape (batch, features)
        A few hundred examples, prepared as for training.
    y : integers, shape (batch,), or what the network's loss takes
    rng : int or numpy.random.Generator
        Draws the weights of the fresh network.
    """
    X = checks.examples("X", X, network.dtype)
    y, draw = np.asarray(y), checks.generator(rng)
    fresh = [_fresh_copy(network, draw) for _ in range(FRESH_NETWORKS)]
    verdicts = [_tiny_batch(fresh[0], X, y), *_dead_units(network, X), *_step_sizes(network, X, y)]
    if network.is_classifier:
        verdicts = [_zero_logits(network, X, y), _first_loss(fresh, X, y), *verdicts]
    return verdicts


def _health(cause: str, passed: bool, words: str, advice: str = ".") -> Verdict:
    """Return a verdict whose words end in a period or, where it is no, in an advice."""
    return Verdict(HEALTH, passed, "" if passed else cause, words + ("." if passed else advice))


def _fresh_copy(network: Network, rng: np.random.Generator) -> Network:
    """Return a copy whose Dense layers are drawn anew; other layers stay as they are."""
    fresh = network.copy()
    for layer, after in zip_longest(fresh, fresh[1:]):
        if isinstance(layer, Dense):
            draw = glorot_normal if isinstance(after, Sigmoid | Tanh) else he_normal
            layer.weights = draw(rng, layer.n_in, layer.n_out)
            layer.biases = np.zeros(layer.n_out)
    return fresh


def _zero_logits(network: Network, X: Array, y: Array) -> Verdict:
    classes = network.forward(X[:1]).shape[1]
    loss = float(network.loss(np.zeros((len(X), classes)), y)[0])
    exact = math.log(classes)
    words = f"Loss at zero logits: {loss:.6f}, ln {classes} = {exact:.6f}"
    return _health("not-ln-classes", math.isclose(loss, exact, rel_tol=1e-14), words)


def _first_loss(fresh: Sequence[Network], X: Array, y: Array) -> Verdict:
    outputs = [network.forward(X) for network in fresh]
    losses = [network.loss(output, y)[0] for network, output in zip(fresh, outputs, strict=True)]
    loss, classes = float(np.median(losses)), outputs[0].shape[1]
    chance = math.log(classes)
    words = f"Loss before training: {loss:.3f}, allowed is twice ln {classes}, {2 * chance:.3f}"
    if 1.05 * chance < loss <= 2 * chance:
        words += f". It lies above ln {classes} because He-initialised logits spread (here with "
        words += f"a deviation of {np.std(outputs):.2f}): "
        words += "a fresh network is wrong with some confidence"
    advice = ". The logits spread too far: are the inputs standardised, the weights too large?"
    return _health("high-first-loss", loss <= 2 * chance, words, advice)


def _tiny_batch(fresh: Network, X: Array, y: Array) -> Verdict:
    X, y = X[:TINY_BATCH], y[:TINY_BATCH]
    fresh.optimizer = Adam(0.005)
    first = loss = float(fresh.loss(fresh.forward(X), y)[0])
    steps = 0
    try:
        while steps < TINY_STEPS and loss > 0.01 * first and math.isfinite(loss):
            train_batch(fresh, X, y)
            loss = float(fresh.loss(fresh.forward(X), y)[0])
            steps += 1
    except TrainingDiverged:
        loss = math.nan
    passed = loss <= 0.01 * first
    can = "is" if passed else "cannot be"
    words = f"A batch of {len(X)} {can} overfitted: loss {first:.3f} to {loss:.3f} in {steps} steps"
    advice = "; do the labels belong to the images, do the gradients arrive, "
    advice += "is the network too narrow or too deep?"
    return _health("cannot-overfit", passed, words, advice)


def _dead_units(network: Network, X: Array) -> Iterator[Verdict]:
    for i, (layer, output) in enumerate(zip(network, network.activations(X), strict=True)):
        if isinstance(layer, ReLU):
            is_dead = (output.reshape(len(output), -1) <= 0).all(axis=0)
            dead, count = int(is_dead.sum()), is_dead.size
            words = f"Dead units of layer {i}, {layer}: {dead} of {count} on {len(X)} examples"
            advice = ". More than half learn nothing: is the rate too high?"
            yield _health("dead-units", dead <= count / 2, words, advice)


def _step_sizes(network: Network, X: Array, y: Array) -> Iterator[Verdict]:
    stepped = network.copy()
    if stepped.optimizer is None:
        stepped.optimizer = create_optimizer("adam")
    try:
        train_batch(stepped, X[:64], y[:64])
    except TrainingDiverged as error:
        yield _health("step-size", False, f"Not one step can be made: {error}", "")
        return
    for i, (before, after) in enumerate(zip(network, stepped, strict=True)):
        for name, start in before.parameters.items():
            if np.ndim(start) >= 2:
                size = float(np.linalg.norm(start)) or 1.0
                ratio = float(np.linalg.norm(after.parameters[name] - start)) / size
                moved = f"One step moves the {name} of layer {i}, {before}, by {ratio:.1e}"
                much = ". More than a tenth: is the rate too high?"
                advice = much if ratio > 0.1 else ". They stand still."
                yield _health("step-size", 0 < ratio <= 0.1, f"{moved} of the whole", advice)
