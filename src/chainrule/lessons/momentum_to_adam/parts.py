"""Lesson 4: the cases, hints and wrong answers of its parts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from chainrule.lessons.lesson import Case, Part, WrongAnswer
from chainrule.lessons.momentum_to_adam import solution
from chainrule.optimizers import SGD
from chainrule.proof import faults


def run_steps(optimizer_class: Any, case: Case) -> tuple[Any, ...]:
    """Do one update a row of the gradients; return the parameters after each, (steps, n).

    The gradients come in one array that is filled anew for each step, as those of a `Network` do.
    What an update writes into it ends in the case's gradients, where the judge looks for it. Where
    the case has `moved`, somebody else adds that to the parameters before the last step.
    """
    count, start = case.get("optimizers", 1), case["parameters"]
    with _as_written(optimizer_class):
        optimizers = [_create(optimizer_class, case) for _ in range(count)]
        paths = [[start if count == 1 else start.copy()] for _ in optimizers]
        gradients, positions = np.empty_like(case["gradients"][0]), []
        for step, row in enumerate(case["gradients"]):
            optimizer, path = optimizers[step % count], paths[step % count]
            if isinstance(case.get("learning_rate"), np.ndarray):
                optimizer.learning_rate = float(case["learning_rate"][step])
            if step == len(case["gradients"]) - 1 and "moved" in case:
                path.append(path[-1] + case["moved"])
            gradients[...] = row
            moved = optimizer.update(path[-1], gradients)
            if moved is None:
                return (None,)
            if not isinstance(moved, np.ndarray):
                raise TypeError(f"update must return an array, not a {type(moved).__name__}")
            row[...] = gradients
            path.append(moved)  # none is let go, so that no id comes back
            positions.append(moved.copy())
    return (np.array(positions),)


def _create(optimizer_class: Any, case: Case) -> Any:
    others = ("parameters", "gradients", "optimizers", "moved")
    settings = {name: value for name, value in case.items() if name not in others}
    if isinstance(case.get("learning_rate"), np.ndarray):
        settings["learning_rate"] = float(case["learning_rate"][0])
    return optimizer_class(**settings)


@contextmanager
def _as_written(written: Any) -> Iterator[None]:
    """Let what a class holds be at the end what it was, so that no case sees another's state."""

    def held() -> dict[str, Any]:
        values = getattr(written, "__dict__", {}).items()
        return {name: value for name, value in values if not name.startswith("__")}

    before = copy.deepcopy(held())
    try:
        yield
    finally:
        for name in held().keys() - before.keys():
            delattr(written, name)
        for name, value in before.items():
            setattr(written, name, value)


def _case(parameters: Any, gradients: Any, **settings: Any) -> Case:
    return {**settings, "parameters": np.array(parameters), "gradients": np.array(gradients)}


def _drawn_case(rng: np.random.Generator, steps: int, n: int, **settings: Any) -> Case:
    """Return numbers with one decimal, so that a person can follow them."""
    return _case(
        rng.integers(-20, 21, n) / 10,
        (rng.integers(1, 31, (steps, n)) * rng.choice([-1, 1], (steps, n))) / 10,
        **settings,
    )


def _in_float32(case: Case) -> Case:
    return {
        name: value.astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in case.items()
    }


def _with(base: type, **methods: Callable[..., Any]) -> Callable[..., Any]:
    """Return a class like `base` with other methods: what a learner would have written."""
    return type(base.__name__, (base,), methods)


FLOAT64_HINT = (
    "Something float64 turns float32 parameters into float64: twice the memory and time. It is "
    "state from np.zeros (start from 0.0 or np.zeros_like(gradients)), or np.sqrt of a Python "
    "number: use math.sqrt."
)
OWN_COPY_HINT = (
    "The optimizer moves parameters that it keeps for itself, and not those that it is given. "
    "Begin each step at the argument; keep only the state in self."
)


def _own_copy(base: type) -> Callable[..., Any]:
    """Return a class that moves the parameters of its first step on, whatever it is given."""

    def update(self: Any, parameters: Any, gradients: Any) -> Any:
        self.parameters = getattr(self, "parameters", parameters.copy())
        self.parameters = base.update(self, self.parameters, gradients)  # type: ignore[attr-defined]
        return self.parameters.copy()

    return _with(base, update=update)


SHARED_HINT = (
    "Two optimizers share one state: it hangs on the class. Set it in __init__, on self, so that "
    "each has its own."
)
CHANGED_HINT = (
    "The step is right, but it is worked out inside the array of the gradients, which belongs to "
    "the network. Write the result into an array of its own."
)
BRACKET_HINT = (
    "A bracket is missing: epsilon is added to the quotient and moves every parameter. It belongs "
    "below the line, (root + epsilon)."
)
IN_ROOT_HINT = "Epsilon stands inside the root: take the root first, then add epsilon."

# ---- momentum ----


def _momentum_cases(rng: np.random.Generator) -> list[Case]:
    return [
        _case(
            [1.0, -2.0, 0.5],
            [[1.0, -2.0, 0.0], [1.0, -1.0, 0.5], [1.0, 1.0, -3.0]],
            learning_rate=0.1,
            momentum=0.9,
        ),
        _case(
            [0.5, -0.3, 2.0, 1.0],
            [[30.0, 0.01, 0.0, -2.0], [-20.0, 0.03, 0.0, 1.0], [10.0, -0.02, 0.0, 3.0]],
            learning_rate=0.01,
            momentum=0.5,
        ),
        _drawn_case(rng, 3, 5, learning_rate=np.array([0.1, 0.1, 0.01]), momentum=0.8),
        _drawn_case(rng, 4, 3, moved=0.5),
        _drawn_case(rng, 5, 3, optimizers=2, learning_rate=0.2, momentum=0.9),
        _in_float32(_drawn_case(rng, 3, 4, learning_rate=0.1, momentum=0.9)),
    ]


def _momentum_with(update: Callable[..., Any]) -> Callable[..., Any]:
    return _with(solution.Momentum, update=update)


def _velocity_forgotten(self: Any, parameters: Any, gradients: Any) -> Any:
    velocity = self.momentum * self.velocity + gradients
    return parameters - self.learning_rate * velocity


def _average(self: Any, parameters: Any, gradients: Any) -> Any:
    self.velocity = self.momentum * self.velocity + (1 - self.momentum) * gradients
    return parameters - self.learning_rate * self.velocity


def _rate_in_velocity(self: Any, parameters: Any, gradients: Any) -> Any:
    self.velocity = self.momentum * self.velocity + self.learning_rate * gradients
    return parameters - self.velocity


def _rate_twice(self: Any, parameters: Any, gradients: Any) -> Any:
    self.velocity = self.momentum * self.velocity + self.learning_rate * gradients
    return parameters - self.learning_rate * self.velocity


def _momentum_on_both(self: Any, parameters: Any, gradients: Any) -> Any:
    self.velocity = self.momentum * (self.velocity + gradients)
    return parameters - self.learning_rate * self.velocity


def _moved_before(self: Any, parameters: Any, gradients: Any) -> Any:
    moved = parameters - self.learning_rate * self.velocity
    self.velocity = self.momentum * self.velocity + gradients
    return moved


def _climbing(self: Any, parameters: Any, gradients: Any) -> Any:
    self.velocity = self.momentum * self.velocity + gradients
    return parameters + self.learning_rate * self.velocity


def _velocity_is_gradients(self: Any, parameters: Any, gradients: Any) -> Any:
    if np.ndim(self.velocity) == 0:
        self.velocity = gradients
    else:
        self.velocity = self.momentum * self.velocity + gradients
    return parameters - self.learning_rate * self.velocity


def _velocity_moves_gradients(self: Any, parameters: Any, gradients: Any) -> Any:
    if np.ndim(self.velocity) == 0:
        self.velocity = gradients
    else:
        self.velocity *= self.momentum
        self.velocity += gradients
    return parameters - self.learning_rate * self.velocity


def _adds_to_gradients(self: Any, parameters: Any, gradients: Any) -> Any:
    gradients += self.momentum * self.velocity
    self.velocity = gradients.copy()
    return parameters - self.learning_rate * self.velocity


def _velocity_in_float64(self: Any, parameters: Any, gradients: Any) -> Any:
    if np.ndim(self.velocity) == 0:
        self.velocity = np.zeros(len(parameters))
    self.velocity = self.momentum * self.velocity + gradients
    return parameters - self.learning_rate * self.velocity


class _SharedMomentum(solution.Momentum):
    state: tuple[Any, ...] = (0.0,)

    def update(self, parameters: Any, gradients: Any) -> Any:
        velocity = self.momentum * type(self).state[0] + gradients
        type(self).state = (velocity,)
        return parameters - self.learning_rate * velocity


ALIAS_HINT = (
    "At the first step the velocity becomes the very array of the gradients, and the next batch "
    "overwrites it. Start from 0 or from a copy."
)

MOMENTUM = Part(
    name="Momentum",
    cases=_momentum_cases,
    outputs=("positions",),
    hints=(
        "What must the optimizer remember from one step to the next, and what does it move along?",
        "First make the new velocity from the old one and the gradients, and keep it in self; then "
        "go along it, learning_rate times.",
        "self.velocity = self.momentum * self.velocity + gradients",
    ),
    wrong_answers=(
        WrongAnswer(
            "velocity-not-kept",
            _momentum_with(_velocity_forgotten),
            "Each step sees its own gradients alone: this is plain SGD. The new velocity must be "
            "kept in self for the next step.",
        ),
        WrongAnswer(
            "average-for-sum",
            _momentum_with(_average),
            "The velocity is an average: the gradients are multiplied by 1 - momentum. Here they "
            "are added whole, so that a steady slope gives steps 1 / (1 - momentum) as long.",
        ),
        WrongAnswer(
            "nesterov-instead",
            partial(SGD, momentum=0.9, nesterov=True),
            "This is Nesterov's form, which looks a step ahead: gradients + momentum * velocity. "
            "Here the step goes along the velocity itself.",
        ),
        WrongAnswer(
            "rate-in-velocity",
            _momentum_with(_rate_in_velocity),
            "The learning rate is inside the velocity: all is well until the rate changes, and "
            "then old gradients still have the old rate. Multiply by it where you move.",
        ),
        WrongAnswer(
            "rate-twice",
            _momentum_with(_rate_twice),
            "The learning rate is applied twice, in the velocity and in the step: keep the second.",
        ),
        WrongAnswer(
            "momentum-on-gradients",
            _momentum_with(_momentum_on_both),
            "Momentum multiplies the new gradients as well: it belongs to the old velocity alone. "
            "Look at the brackets.",
        ),
        WrongAnswer(
            "moved-before",
            _momentum_with(_moved_before),
            "The step follows the old velocity and lags behind: make the new one first, then move.",
        ),
        WrongAnswer(
            "sign-flipped",
            _momentum_with(_climbing),
            "The step climbs: it must go against the gradients, with one minus; two cancel out.",
        ),
        WrongAnswer("velocity-is-gradients", _momentum_with(_velocity_is_gradients), ALIAS_HINT),
        WrongAnswer(
            "velocity-in-gradients",
            _momentum_with(_velocity_moves_gradients),
            "The velocity and the gradients are one array, so that what is added to one is added "
            "to both. Start from 0 or from a copy.",
        ),
        WrongAnswer("gradients-changed", _momentum_with(_adds_to_gradients), CHANGED_HINT),
        WrongAnswer("shared-state", _SharedMomentum, SHARED_HINT),
        WrongAnswer(
            "integer-parameters",
            partial(faults.WholeNumberSGD, momentum=0.9),
            "The parameters come back as whole numbers: an array of integers cuts off each step "
            "below 1. Keep them in floats.",
        ),
        WrongAnswer("float64-creep", _momentum_with(_velocity_in_float64), FLOAT64_HINT),
        WrongAnswer("own-copy", _own_copy(solution.Momentum), OWN_COPY_HINT),
    ),
    run=run_steps,
    changes=("parameters",),
    keeps_dtype=True,
)

# ---- RMSProp ----


def _rmsprop_cases(rng: np.random.Generator) -> list[Case]:
    return [
        _case(
            [1.0, -2.0, 0.5],
            [[1.0, -2.0, 0.5], [1.0, -1.0, 0.5], [1.0, 1.0, -3.0]],
            learning_rate=0.1,
            beta=0.9,
            epsilon=0.01,
        ),
        _case(
            [0.5, -0.3, 2.0, 1.0],
            [[300.0, 0.0001, 0.0, -2.0], [-200.0, 0.0003, 0.0, 1.0], [100.0, -0.0002, 0.0, 3.0]],
            learning_rate=0.01,
            beta=0.8,
            epsilon=0.001,
        ),
        _drawn_case(rng, 3, 5, moved=0.5),
        _drawn_case(rng, 3, 5, learning_rate=np.array([0.1, 0.1, 0.02]), beta=0.7, epsilon=0.1),
        _drawn_case(rng, 5, 3, optimizers=2, learning_rate=0.2, beta=0.9, epsilon=0.01),
        _in_float32(_drawn_case(rng, 3, 4, learning_rate=0.1, beta=0.9, epsilon=0.01)),
    ]


class _RMSProp(solution.RMSProp):
    """The solution in two halves, for variants of either."""

    def average(self, gradients: Any) -> None:
        self.v = self.beta * self.v + (1 - self.beta) * gradients**2

    def move(self, parameters: Any, gradients: Any) -> Any:
        return parameters - self.learning_rate * gradients / (np.sqrt(self.v) + self.epsilon)

    def update(self, parameters: Any, gradients: Any) -> Any:
        self.average(gradients)
        return self.move(parameters, gradients)


def _rms_epsilon_in_root(self: Any, parameters: Any, gradients: Any) -> Any:
    return parameters - self.learning_rate * gradients / np.sqrt(self.v + self.epsilon)


def _rms_without_root(self: Any, parameters: Any, gradients: Any) -> Any:
    return parameters - self.learning_rate * gradients / (self.v + self.epsilon)


def _rms_without_epsilon(self: Any, parameters: Any, gradients: Any) -> Any:
    return parameters - self.learning_rate * gradients / np.sqrt(self.v)


def _rms_epsilon_on_parameter(self: Any, parameters: Any, gradients: Any) -> Any:
    return parameters - self.learning_rate * gradients / np.sqrt(self.v) + self.epsilon


def _rms_changes_gradients(self: Any, parameters: Any, gradients: Any) -> Any:
    gradients /= np.sqrt(self.v) + self.epsilon
    return parameters - self.learning_rate * gradients


def _rms_not_squared(self: Any, gradients: Any) -> None:
    self.v = self.beta * self.v + (1 - self.beta) * gradients


def _rms_betas_swapped(self: Any, gradients: Any) -> None:
    self.v = (1 - self.beta) * self.v + self.beta * gradients**2


def _rms_sum(self: Any, gradients: Any) -> None:
    self.v = self.v + gradients**2


def _rms_whole_square(self: Any, gradients: Any) -> None:
    self.v = self.beta * self.v + gradients**2


def _rms_not_kept(self: Any, gradients: Any) -> None:
    self.v = (1 - self.beta) * gradients**2


def _rms_over_parameters(self: Any, gradients: Any) -> None:
    self.v = self.beta * self.v + (1 - self.beta) * np.mean(gradients**2)


def _rms_in_float64(self: Any, gradients: Any) -> None:
    if np.ndim(self.v) == 0:
        self.v = np.zeros(len(gradients))
    self.v = self.beta * self.v + (1 - self.beta) * gradients**2


def _rms_moved_before(self: Any, parameters: Any, gradients: Any) -> Any:
    moved = self.move(parameters, gradients)
    self.average(gradients)
    return moved


def _rms_corrected(self: Any, parameters: Any, gradients: Any) -> Any:
    self.average(gradients)
    self.t = getattr(self, "t", 0) + 1
    v_hat = self.v / (1 - self.beta**self.t)
    return parameters - self.learning_rate * gradients / (np.sqrt(v_hat) + self.epsilon)


class _SharedRMSProp(_RMSProp):
    state: tuple[Any, ...] = (0.0,)

    def average(self, gradients: Any) -> None:
        self.v = self.beta * type(self).state[0] + (1 - self.beta) * gradients**2
        type(self).state = (self.v,)


RMSPROP = Part(
    name="RMSProp",
    cases=_rmsprop_cases,
    outputs=("positions",),
    hints=(
        "How large has each parameter's gradient been of late, whatever its sign?",
        "Keep in self.v the running mean of gradients**2, entry by entry; divide the gradients by "
        "its root plus epsilon.",
        "self.v = self.beta * self.v + (1 - self.beta) * gradients**2",
    ),
    wrong_answers=(
        WrongAnswer("epsilon-in-root", _with(_RMSProp, move=_rms_epsilon_in_root), IN_ROOT_HINT),
        WrongAnswer(
            "no-root",
            _with(_RMSProp, move=_rms_without_root),
            "The gradients are divided by their mean square: its root is missing. Only the root "
            "has the unit of a gradient.",
        ),
        WrongAnswer(
            "gradient-not-squared",
            _with(_RMSProp, average=_rms_not_squared),
            "v averages the gradients, not their squares: it turns negative, and has no root. "
            "Square them first.",
        ),
        WrongAnswer(
            "betas-swapped",
            _with(_RMSProp, average=_rms_betas_swapped),
            "beta and 1 - beta have changed places: the old mean keeps beta of itself, the new "
            "square comes in with the small rest.",
        ),
        WrongAnswer(
            "sum-for-mean",
            _with(_RMSProp, average=_rms_sum),
            "The squares are summed and never forgotten, so that steps only shrink: that is "
            "AdaGrad. Take the running mean.",
        ),
        WrongAnswer(
            "square-added-whole",
            _with(_RMSProp, average=_rms_whole_square),
            "The new square is added whole: v grows to 1 / (1 - beta) times the mean square. "
            "Multiply it by 1 - beta.",
        ),
        WrongAnswer(
            "mean-not-kept",
            _with(_RMSProp, average=_rms_not_kept),
            "Every step forgets the mean square of the steps before: only the sign of a gradient "
            "is left. Keep it in self.v.",
        ),
        WrongAnswer(
            "mean-over-parameters",
            _with(_RMSProp, average=_rms_over_parameters),
            "The mean is taken over the parameters, so that all share one scale. It runs over the "
            "steps: each parameter has a v of its own.",
        ),
        WrongAnswer(
            "no-epsilon",
            _with(_RMSProp, move=_rms_without_epsilon),
            "Epsilon is missing: a parameter whose gradient has always been 0 is divided 0 by 0. "
            "Add it to the root.",
        ),
        WrongAnswer(
            "epsilon-on-parameter", _with(_RMSProp, move=_rms_epsilon_on_parameter), BRACKET_HINT
        ),
        WrongAnswer(
            "moved-before",
            _with(_RMSProp, update=_rms_moved_before),
            "The gradients are divided by the old v, which is 0 at first: a huge step. Make the "
            "new v first, then move.",
        ),
        WrongAnswer(
            "bias-correction-here",
            _with(_RMSProp, update=_rms_corrected),
            "v is corrected for its start at 0, as in Adam: RMSProp as Hinton gave it does not.",
        ),
        WrongAnswer(
            "gradients-changed", _with(_RMSProp, move=_rms_changes_gradients), CHANGED_HINT
        ),
        WrongAnswer("shared-state", _SharedRMSProp, SHARED_HINT),
        WrongAnswer("float64-creep", _with(_RMSProp, average=_rms_in_float64), FLOAT64_HINT),
        WrongAnswer("own-copy", _own_copy(solution.RMSProp), OWN_COPY_HINT),
    ),
    run=run_steps,
    changes=("parameters",),
    keeps_dtype=True,
)

# ---- Adam ----


def _adam_cases(rng: np.random.Generator) -> list[Case]:
    return [
        _case(
            [1.0, -2.0, 0.5],
            [[1.0, -2.0, 0.5], [1.0, -1.0, 0.5], [1.0, 1.0, -3.0]],
            learning_rate=0.1,
            beta1=0.9,
            beta2=0.99,
            epsilon=0.01,
        ),
        _case(
            [0.5, -0.3, 2.0, 1.0],
            [
                [300.0, 0.0001, 0.0, -2.0],
                [-200.0, 0.0003, 0.0, 1.0],
                [100.0, -0.0002, 0.0, 3.0],
                [50.0, 0.0005, 0.0, -1.0],
            ],
            learning_rate=0.01,
            beta1=0.8,
            beta2=0.9,
            epsilon=0.001,
        ),
        _drawn_case(rng, 3, 5, moved=0.5),
        _drawn_case(
            rng,
            3,
            5,
            learning_rate=np.array([0.1, 0.1, 0.02]),
            beta1=0.7,
            beta2=0.95,
            epsilon=0.1,
        ),
        _drawn_case(
            rng, 5, 3, optimizers=2, learning_rate=0.2, beta1=0.9, beta2=0.99, epsilon=0.01
        ),
        _in_float32(_drawn_case(rng, 3, 4, learning_rate=0.1, beta1=0.9, beta2=0.99, epsilon=0.01)),
    ]


class _Adam(solution.Adam):
    """The solution in three parts, for variants of each."""

    def average(self, gradients: Any) -> None:
        self.m = self.beta1 * self.m + (1 - self.beta1) * gradients
        self.v = self.beta2 * self.v + (1 - self.beta2) * gradients**2

    def correct(self) -> tuple[Any, Any]:
        return self.m / (1 - self.beta1**self.t), self.v / (1 - self.beta2**self.t)

    def move(self, parameters: Any, m_hat: Any, v_hat: Any) -> Any:
        return parameters - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)

    def update(self, parameters: Any, gradients: Any) -> Any:
        self.t += 1
        self.average(gradients)
        return self.move(parameters, *self.correct())


def _counted_after(self: Any, parameters: Any, gradients: Any) -> Any:
    self.average(gradients)
    moved = self.move(parameters, *self.correct())
    self.t += 1
    return moved


def _counted_each_number(self: Any, parameters: Any, gradients: Any) -> Any:
    self.average(gradients)
    moved = []
    for i in range(len(parameters)):
        self.t += 1
        m_hat, v_hat = self.correct()
        moved.append(self.move(parameters[i], m_hat[i], v_hat[i]))
    return np.array(moved)


def _corrected_kept(self: Any, parameters: Any, gradients: Any) -> Any:
    self.t += 1
    self.average(gradients)
    self.m, self.v = self.correct()
    return self.move(parameters, self.m, self.v)


def _adam_changes_gradients(self: Any, parameters: Any, gradients: Any) -> Any:
    self.t += 1
    self.average(gradients)
    gradients[...] = self.learning_rate * self.correct()[0]
    gradients /= np.sqrt(self.correct()[1]) + self.epsilon
    return parameters - gradients


def _times_t(self: Any) -> tuple[Any, Any]:
    return self.m / (1 - self.beta1 * self.t), self.v / (1 - self.beta2 * self.t)


def _first_moment_alone(self: Any) -> tuple[Any, Any]:
    return self.m / (1 - self.beta1**self.t), self.v


def _second_moment_alone(self: Any) -> tuple[Any, Any]:
    return self.m, self.v / (1 - self.beta2**self.t)


def _one_beta(self: Any) -> tuple[Any, Any]:
    return self.m / (1 - self.beta1**self.t), self.v / (1 - self.beta1**self.t)


def _moments_swapped(self: Any, parameters: Any, m_hat: Any, v_hat: Any) -> Any:
    return parameters - self.learning_rate * v_hat / (np.sqrt(m_hat) + self.epsilon)


def _adam_epsilon_in_root(self: Any, parameters: Any, m_hat: Any, v_hat: Any) -> Any:
    return parameters - self.learning_rate * m_hat / np.sqrt(v_hat + self.epsilon)


def _epsilon_before_correction(self: Any, parameters: Any, m_hat: Any, v_hat: Any) -> Any:
    root = (np.sqrt(self.v) + self.epsilon) / np.sqrt(1 - self.beta2**self.t)
    return parameters - self.learning_rate * m_hat / root


def _adam_without_root(self: Any, parameters: Any, m_hat: Any, v_hat: Any) -> Any:
    return parameters - self.learning_rate * m_hat / (v_hat + self.epsilon)


def _adam_without_epsilon(self: Any, parameters: Any, m_hat: Any, v_hat: Any) -> Any:
    return parameters - self.learning_rate * m_hat / np.sqrt(v_hat)


def _adam_betas_swapped(self: Any, gradients: Any) -> None:
    self.m = self.beta2 * self.m + (1 - self.beta2) * gradients
    self.v = self.beta1 * self.v + (1 - self.beta1) * gradients**2


def _adam_not_squared(self: Any, gradients: Any) -> None:
    self.m = self.beta1 * self.m + (1 - self.beta1) * gradients
    self.v = self.beta2 * self.v + (1 - self.beta2) * gradients


def _velocity_for_mean(self: Any, gradients: Any) -> None:
    self.m = self.beta1 * self.m + gradients
    self.v = self.beta2 * self.v + (1 - self.beta2) * gradients**2


def _square_of_mean(self: Any, gradients: Any) -> None:
    self.m = self.beta1 * self.m + (1 - self.beta1) * gradients
    self.v = self.beta2 * self.v + (1 - self.beta2) * self.m**2


def _adam_in_float64(self: Any, gradients: Any) -> None:
    if np.ndim(self.m) == 0:
        self.m, self.v = np.zeros(len(gradients)), np.zeros(len(gradients))
    self.m = self.beta1 * self.m + (1 - self.beta1) * gradients
    self.v = self.beta2 * self.v + (1 - self.beta2) * gradients**2


class _SharedAdam(_Adam):
    state: tuple[Any, ...] = (0, 0.0, 0.0)

    def update(self, parameters: Any, gradients: Any) -> Any:
        self.t, self.m, self.v = type(self).state
        moved = super().update(parameters, gradients)
        type(self).state = (self.t, self.m, self.v)
        return moved


ADAM = Part(
    name="Adam",
    cases=_adam_cases,
    outputs=("positions",),
    hints=(
        "Which three things does it remember, and what do m and v hold after the first step, when "
        "they began at 0?",
        "Count t first. Update m and v; divide copies of them by 1 - beta1**t and 1 - beta2**t; "
        "move along m_hat over the root of v_hat plus epsilon.",
        "m_hat = self.m / (1 - self.beta1**self.t); v_hat likewise; parameters - "
        "self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)",
    ),
    wrong_answers=(
        WrongAnswer(
            "no-bias-correction",
            faults.UncorrectedAdam,
            "The moments start at 0 and are not corrected for that: with the usual betas the first "
            "steps are up to 6.57 times too long. Divide m and v by 1 - beta**t.",
        ),
        WrongAnswer(
            "bias-correction-multiplied",
            faults.MultiplyingAdam,
            "The moments are multiplied by 1 - beta**t: they are too small already. Divide.",
        ),
        WrongAnswer(
            "no-power-of-t",
            faults.PowerlessAdam,
            "The correction does not fade: it is 1 - beta at every step. Is the power of t "
            "missing, or is t not counted?",
        ),
        WrongAnswer(
            "times-t",
            _with(_Adam, correct=_times_t),
            "beta is multiplied by t: beta * t exceeds 1 at once. Raise it to the power, beta**t.",
        ),
        WrongAnswer(
            "t-starts-at-0",
            _with(_Adam, update=_counted_after),
            "t is 0 in the first step, and 1 - beta**0 is 0. Count t before you use it.",
        ),
        WrongAnswer(
            "t-per-layer",
            faults.LayerCountingAdam,
            "t grows several times a step, as if it counted layers: the correction fades too soon. "
            "Count it once an update.",
        ),
        WrongAnswer(
            "t-per-number",
            _with(_Adam, update=_counted_each_number),
            "t grows with every number of the vector: each parameter gets another correction. "
            "Count it once an update, outside the loop.",
        ),
        WrongAnswer(
            "id-keyed-state",
            faults.IdKeyedAdam,
            "The moments are looked up by the id of the parameters, an array that is replaced at "
            "every step: they are never found again. Keep them in self.",
        ),
        WrongAnswer(
            "shared-state",
            _SharedAdam,
            SHARED_HINT,
        ),
        WrongAnswer(
            "corrected-moments-kept",
            _with(_Adam, update=_corrected_kept),
            "The corrected moments are kept, and corrected again in the next step. m_hat and v_hat "
            "serve one step; self.m and self.v stay as they are.",
        ),
        WrongAnswer(
            "only-m-corrected",
            _with(_Adam, correct=_first_moment_alone),
            "v is not corrected: it is far too small at first, and the steps too long. Divide it "
            "by 1 - beta2**t.",
        ),
        WrongAnswer(
            "only-v-corrected",
            _with(_Adam, correct=_second_moment_alone),
            "m is not corrected: the first steps are too short. Divide it by 1 - beta1**t.",
        ),
        WrongAnswer(
            "one-beta",
            _with(_Adam, correct=_one_beta),
            "v is corrected with beta1, but it is averaged with beta2.",
        ),
        WrongAnswer(
            "betas-swapped",
            _with(_Adam, average=_adam_betas_swapped),
            "The betas have changed places: m, the mean of the gradient, forgets with beta1, and v "
            "with beta2.",
        ),
        WrongAnswer(
            "moments-swapped",
            _with(_Adam, move=_moments_swapped),
            "m and v have changed places in the step: the mean goes above the line, the root of "
            "the mean square below.",
        ),
        WrongAnswer(
            "gradient-not-squared",
            _with(_Adam, average=_adam_not_squared),
            "v averages the gradients, not their squares: it turns negative, and has no root. "
            "Square them first.",
        ),
        WrongAnswer(
            "square-of-mean",
            _with(_Adam, average=_square_of_mean),
            "v averages the square of m: it must average the square of the gradients.",
        ),
        WrongAnswer(
            "velocity-for-mean",
            _with(_Adam, average=_velocity_for_mean),
            "m is a velocity: the gradients are added whole, and the steps are 1 / (1 - beta1) "
            "times too long. Here m is a mean: multiply them by 1 - beta1.",
        ),
        WrongAnswer(
            "no-root",
            _with(_Adam, move=_adam_without_root),
            "The step is divided by v_hat: its root is missing. Only the root has the unit of a "
            "gradient.",
        ),
        WrongAnswer("epsilon-in-root", _with(_Adam, move=_adam_epsilon_in_root), IN_ROOT_HINT),
        WrongAnswer(
            "epsilon-before-correction",
            _with(_Adam, move=_epsilon_before_correction),
            "Epsilon is added to the root of v, before its correction. Algorithm 1 corrects v "
            "first, takes the root of v_hat, and adds epsilon to that.",
        ),
        WrongAnswer(
            "no-epsilon",
            _with(_Adam, move=_adam_without_epsilon),
            "Epsilon is missing: a parameter whose gradient has always been 0 is divided 0 by 0. "
            "Add it to the root of v_hat.",
        ),
        WrongAnswer("epsilon-on-parameter", faults.DriftingAdam, BRACKET_HINT),
        WrongAnswer(
            "gradients-changed", _with(_Adam, update=_adam_changes_gradients), CHANGED_HINT
        ),
        WrongAnswer("float64-creep", _with(_Adam, average=_adam_in_float64), FLOAT64_HINT),
        WrongAnswer("own-copy", _own_copy(solution.Adam), OWN_COPY_HINT),
    ),
    run=run_steps,
    changes=("parameters",),
    keeps_dtype=True,
)

PARTS = (MOMENTUM, RMSPROP, ADAM)
