"""An optimizer moves the parameters, given their gradients; each rule reads as in its paper.

Parameters, gradients and every moment are flat vectors of one length. The rules are defined as
PyTorch defines them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from chainrule import checks
from chainrule.checks import Array, ChainruleError

LearningRate: TypeAlias = float | Callable[[int], float]


class Optimizer:
    """What all rules share: the rate, the count of steps, weight decay and the moments.

    Parameters
    ----------
    learning_rate : float or callable
        A number, or a function of the step; the first step is 0.
    weight_decay : float
        Pulls the weights, and never the biases, towards 0.

    Attributes
    ----------
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

    # rule(parameters, gradients, rate, decay, *moments) moves one block of `parameters` in place.
    rule: Callable[..., None]

    # A block's parameters, gradients, moments and temporaries stay in the cache together.
    block_size = 16_384

    def __init__(self, learning_rate: LearningRate, weight_decay: float) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = checks.real_number("weight_decay", weight_decay, at_least=0)
        self.decayed = slice(None)
        self.state: dict[str, Array] = {}
        self.t = 0
        self.rate = self.rate_of_step(0)

    def update(self, parameters: Array, gradients: Array) -> Array:
        """Do one step: move `parameters` (n,) in place along `gradients` (n,), and return them."""
        checks.flat_vectors(self, parameters, gradients)
        self.rate = self.rate_of_step(self.t)
        self.t += 1
        state = self._moments_like(parameters)
        for block, decay in self._blocks(len(parameters)):
            moments = (moment[block] for moment in state)
            self.rule(parameters[block], gradients[block], self.rate, decay, *moments)
        return parameters

    def rate_of_step(self, step: int) -> float:
        """Return the learning rate of `step`; the first step is 0."""
        if not callable(self.learning_rate):
            return checks.real_number("learning_rate", self.learning_rate, at_least=0)
        try:
            rate = self.learning_rate(step)
        except TypeError as error:
            raise ChainruleError(
                f"learning_rate must be a number or a function of the step alone, got "
                f"{self.learning_rate!r}: partial(cosine_rate, initial=0.05, total_steps=1000)?"
            ) from error
        return checks.real_number(f"learning_rate at step {step}", rate, at_least=0)

    def _moments_like(self, parameters: Array) -> list[Array]:
        for name in self.moments:
            moment = self.state.setdefault(name, np.zeros_like(parameters))
            if moment.shape != parameters.shape:
                raise ChainruleError(
                    f"This {type(self).__name__} has moved {moment.size} parameters before and now "
                    f"got {parameters.size}: give each network its own optimizer."
                )
            self.state[name] = moment.astype(parameters.dtype, copy=False)
        return [self.state[name] for name in self.moments]

    def _blocks(self, size: int) -> Iterator[tuple[slice, float]]:
        """Yield slices that cover the parameters, each with the decay that holds there."""
        start, stop, _ = self.decayed.indices(size)
        for first, last, decay in (
            (0, start, 0.0),
            (start, stop, self.weight_decay),
            (stop, size, 0.0),
        ):
            for begin in range(first, last, self.block_size):
                yield slice(begin, min(begin + self.block_size, last)), decay


class SGD(Optimizer):
    """Stochastic gradient descent, θ ← θ - α g (Robbins and Monro 1951).

    With momentum μ it follows the velocity v ← μ v + g (Polyak 1964); Nesterov's form looks
    ahead, g + μ v (Sutskever et al. 2013). `weight_decay` adds λ θ to the gradient.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, weight_decay)
        self.momentum = checks.real_number("momentum", momentum, at_least=0, below=1)
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ChainruleError("nesterov=True needs a momentum above 0, for example 0.9.")
        self.moments = ("velocity",) if momentum else ()

    def rule(
        self,
        parameters: Array,
        gradients: Array,
        rate: float,
        decay: float,
        velocity: Array | None = None,
    ) -> None:
        if decay:
            gradients = gradients + decay * parameters
        if velocity is not None:
            velocity *= self.momentum
            velocity += gradients
            gradients = gradients + self.momentum * velocity if self.nesterov else velocity
        parameters -= rate * gradients


class RMSProp(Optimizer):
    """Divide each gradient by the running root of its mean square (Hinton 2012, lecture 6e).

    v ← β v + (1 - β) g²,  θ ← θ - α g / (√v + ε); `weight_decay` adds λ θ to the gradient.
    """

    moments = ("v",)

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta: float = 0.99,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, weight_decay)
        self.beta = checks.real_number("beta", beta, at_least=0, below=1)
        self.epsilon = checks.real_number("epsilon", epsilon, above=0)

    def rule(
        self, parameters: Array, gradients: Array, rate: float, decay: float, v: Array
    ) -> None:
        if decay:
            gradients = gradients + decay * parameters
        v *= self.beta
        v += (1 - self.beta) * gradients * gradients
        parameters -= rate * gradients / (np.sqrt(v) + self.epsilon)


class Adam(Optimizer):
    """Adaptive moment estimation (Kingma and Ba 2015, Algorithm 1).

    m ← β₁ m + (1 - β₁) g        the mean of the gradient
    v ← β₂ v + (1 - β₂) g²       the mean of its square
    m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ)      both corrected for their start at 0
    θ ← θ - α m̂ / (√v̂ + ε)

    `weight_decay` adds λ θ to the gradient; `AdamW` decays apart from it.
    """

    moments = ("m", "v")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, weight_decay)
        self.beta1 = checks.real_number("beta1", beta1, at_least=0, below=1)
        self.beta2 = checks.real_number("beta2", beta2, at_least=0, below=1)
        self.epsilon = checks.real_number("epsilon", epsilon, above=0)

    def rule(
        self, parameters: Array, gradients: Array, rate: float, decay: float, m: Array, v: Array
    ) -> None:
        if decay:
            gradients = gradients + decay * parameters
        m *= self.beta1
        m += (1 - self.beta1) * gradients
        v *= self.beta2
        v += (1 - self.beta2) * gradients * gradients
        m_hat = m / (1 - self.beta1**self.t)
        v_hat = v / (1 - self.beta2**self.t)
        parameters -= rate * m_hat / (np.sqrt(v_hat) + self.epsilon)


class AdamW(Adam):
    """Adam with decoupled weight decay, θ ← (1 - α λ) θ first (Loshchilov and Hutter 2019)."""

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, weight_decay)

    def rule(
        self, parameters: Array, gradients: Array, rate: float, decay: float, m: Array, v: Array
    ) -> None:
        parameters *= 1 - rate * decay
        super().rule(parameters, gradients, rate, 0.0, m, v)


def constant_rate(step: int, initial: float) -> float:
    """Return `initial` at every step; the same as to pass the number."""
    return initial


def step_rate(step: int, initial: float, every: int, factor: float = 0.1) -> float:
    """Multiply the rate by `factor` once in `every` steps."""
    return initial * factor ** (step // every)


def cosine_rate(step: int, initial: float, total_steps: int, final: float = 0.0) -> float:
    """Fall from `initial` to `final` along half a cosine (Loshchilov and Hutter 2017, eq. 5)."""
    return _half_cosine(initial, final, min(step / total_steps, 1))


def one_cycle_rate(
    step: int,
    peak: float,
    total_steps: int,
    warmup: float = 0.3,
    initial_divisor: float = 25.0,
    final_divisor: float = 1e4,
) -> float:
    """Rise to `peak` in the share `warmup` of the steps, then fall, each along half a cosine.

    It starts at ``peak / initial_divisor`` and ends, at the step ``total_steps - 1``, at that
    divided by `final_divisor` (Smith and Topin 2019, in the form of PyTorch's OneCycleLR).
    """
    initial = peak / initial_divisor
    top, last = warmup * total_steps - 1, total_steps - 1
    if step < top:
        return _half_cosine(initial, peak, step / top)
    return _half_cosine(peak, initial / final_divisor, min((step - top) / (last - top), 1))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class OptimizerChoice(NamedTuple):
    """One row of `OPTIMIZERS`: how it is made, and its rate for the course's network."""

    constructor: Callable[..., Optimizer]
    learning_rate: float


OPTIMIZERS: dict[str, OptimizerChoice] = {
    "sgd": OptimizerChoice(SGD, 0.05),
    "momentum": OptimizerChoice(partial(SGD, momentum=0.9), 0.005),
    "nesterov": OptimizerChoice(partial(SGD, momentum=0.9, nesterov=True), 0.005),
    "rmsprop": OptimizerChoice(RMSProp, 0.0005),
    "adam": OptimizerChoice(Adam, 0.0005),
    "adamw": OptimizerChoice(AdamW, 0.0005),
}


def create_optimizer(
    name: str, learning_rate: LearningRate | None = None, **options: Any
) -> Optimizer:
    """Return the optimizer that `name` stands for in `OPTIMIZERS`, by default at the rate there."""
    if name not in OPTIMIZERS:
        raise ChainruleError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {name!r}.")
    choice = OPTIMIZERS[name]
    return choice.constructor(
        choice.learning_rate if learning_rate is None else learning_rate, **options
    )
