"""An optimizer moves the parameters, given their gradients; each rule reads as in its paper.

Parameters, gradients and every moment are flat vectors of one length. The rules are defined as
PyTorch defines them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from chainrule import checks
from chainrule.checks import Array, LearningRate


class Optimizer:
    """What all rules share: the rate, the count of steps, weight decay and the moments.

    Attributes
    ----------
    learning_rate : float or callable
        A number, or a function of the step; the first step is 0.
    weight_decay : float
        Pulls the weights, and never the biases, towards 0: λ θ is added to the gradient, or,
        where `decoupled`, θ shrinks by α λ θ before the step.
    t : int
        Steps done.
    rate : float
        The learning rate of the last step.
    decayed : slice
        The part of the parameters that decays; a `Network` sets it to its weights.
    state : dict of str to array
        One vector for each name in `moments`, made at the first step.
    """

    moments: tuple[str, ...] = ()
    decoupled = False
    learning_rate: LearningRate
    weight_decay: float

    # rule(parameters, gradients, rate, *moments) moves one block of the parameters in place.
    rule: Callable[..., None]

    # A block's parameters, gradients, moments and temporaries stay in the cache together.
    block_size = 131_072

    def __post_init__(self) -> None:
        checks.hyperparameters(self)
        self.t, self.rate = 0, checks.learning_rate(self.learning_rate, 0)
        self.state: dict[str, Array] = {}
        self.decayed = slice(None)

    def update(self, parameters: Array, gradients: Array) -> Array:
        """Do one step: move `parameters` (n,) in place along `gradients` (n,), and return them."""
        checks.flat_vectors(self, parameters, gradients, self.state)
        state = self.state or {name: np.zeros_like(parameters) for name in self.moments}
        self.state = {name: m.astype(parameters.dtype, copy=False) for name, m in state.items()}
        self.rate = checks.learning_rate(self.learning_rate, self.t)
        self.t += 1
        if self.weight_decay and self.decoupled:
            parameters[self.decayed] *= 1 - self.rate * self.weight_decay
        elif self.weight_decay:
            gradients = gradients.copy()
            gradients[self.decayed] += self.weight_decay * parameters[self.decayed]
        for start in range(0, len(parameters), self.block_size):
            block = slice(start, start + self.block_size)
            moments = (moment[block] for moment in self.state.values())
            self.rule(parameters[block], gradients[block], self.rate, *moments)
        return parameters


@dataclass(eq=False)
class SGD(Optimizer):
    """Stochastic gradient descent, θ ← θ - α g (Robbins and Monro 1951).

    With momentum μ it follows the velocity v ← μ v + g (Polyak 1964); Nesterov's form looks
    ahead, g + μ v (Sutskever et al. 2013).
    """

    learning_rate: LearningRate = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.moments = ("velocity",) if self.momentum else ()

    def rule(self, theta: Array, g: Array, rate: float, velocity: Array | None = None) -> None:
        if velocity is not None:
            velocity *= self.momentum
            velocity += g
            g = g + self.momentum * velocity if self.nesterov else velocity
        theta -= rate * g


@dataclass(eq=False)
class RMSProp(Optimizer):
    """Divide each gradient by the running root of its mean square (Hinton 2012, lecture 6e).

    v ← β v + (1 - β) g²,  θ ← θ - α g / (√v + ε)
    """

    learning_rate: LearningRate = 0.001
    beta: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    moments = ("v",)

    def rule(self, theta: Array, g: Array, rate: float, v: Array) -> None:
        v *= self.beta
        v += (1 - self.beta) * g * g
        theta -= rate * g / (np.sqrt(v) + self.epsilon)


@dataclass(eq=False)
class Adam(Optimizer):
    """Adaptive moment estimation (Kingma and Ba 2015, Algorithm 1).

    m ← β₁ m + (1 - β₁) g        the mean of the gradient
    v ← β₂ v + (1 - β₂) g²       the mean of its square
    m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ)      both corrected for their start at 0
    θ ← θ - α m̂ / (√v̂ + ε)
    """

    learning_rate: LearningRate = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    moments = ("m", "v")

    def rule(self, theta: Array, g: Array, rate: float, m: Array, v: Array) -> None:
        m *= self.beta1
        m += (1 - self.beta1) * g
        v *= self.beta2
        v += (1 - self.beta2) * g * g
        # α m̂ / (√v̂ + ε), ordered as ibid., end of section 2: fewer passes, a seventh of its time.
        root = math.sqrt(1 - self.beta2**self.t)
        theta -= rate * root / (1 - self.beta1**self.t) * m / (np.sqrt(v) + self.epsilon * root)


@dataclass(eq=False)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, Algorithm 2)."""

    weight_decay: float = 0.01

    decoupled = True


def constant_rate(step: int, initial: float) -> float:
    """Return `initial` at every step; the same as to pass the number."""
    return initial


def step_rate(step: int, initial: float, every: int, factor: float = 0.1) -> float:
    """Multiply the rate by `factor` once in `every` steps."""
    return initial * factor ** (step // every)


def cosine_rate(step: int, initial: float, total_steps: int, final: float = 0.0) -> float:
    """Fall from `initial` to `final` along half a cosine (Loshchilov and Hutter 2017, eq. 5)."""
    return _half_cosine(initial, final, min(step / total_steps, 1))


def one_cycle_rate(step: int, peak: float, total_steps: int, warmup: float = 0.3) -> float:
    """Rise to `peak` in the share `warmup` of the steps, then fall, each along half a cosine.

    It starts at peak / 25 and ends, at the step ``total_steps - 1``, at a ten-thousandth of that
    (Smith and Topin 2019, in the form of PyTorch's OneCycleLR).
    """
    initial, final = peak / 25, peak / 25 / 1e4
    top, last = warmup * total_steps - 1, total_steps - 1
    if top > 0 and step <= top:
        return _half_cosine(initial, peak, step / top)
    return _half_cosine(peak, final, min((step - top) / (last - top), 1) if last > top else 1)


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


# By name: how it is made, and its default rate, which is for the course's network.
OPTIMIZERS: dict[str, tuple[Callable[..., Optimizer], float]] = {
    "sgd": (SGD, 0.05),
    "momentum": (partial(SGD, momentum=0.9), 0.005),
    "nesterov": (partial(SGD, momentum=0.9, nesterov=True), 0.005),
    "rmsprop": (RMSProp, 0.0005),
    "adam": (Adam, 0.0005),
    "adamw": (AdamW, 0.0005),
}


def create_optimizer(name: str, learning_rate: LearningRate | None = None) -> Optimizer:
    """Return the optimizer that `name` stands for in `OPTIMIZERS`, by default at the rate there."""
    constructor, default_rate = OPTIMIZERS[checks.one_of("optimizer", name, OPTIMIZERS)]
    return constructor(learning_rate=default_rate if learning_rate is None else learning_rate)
