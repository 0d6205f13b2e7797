"""Lesson 4: the cases, hints and wrong answers of its parts."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from chainrule.lessons.lesson import Case, Part, WrongAnswer, small, wide, wrong_answers
from chainrule.lessons.momentum_to_adam import mistakes

wrong: Any = mistakes  # plain Python without annotations


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


def _long_cases(rng: np.random.Generator, learning_rate: float, **settings: Any) -> list[Case]:
    """Return forty steps, of numbers of all sizes: what ends or begins anew after some shows."""
    return [
        _case(wide(rng, 12), wide(rng, 40, 12), learning_rate=learning_rate, **settings),
        _case(small(rng, 12), small(rng, 40, 12), learning_rate=learning_rate / 1000, **settings),
    ]


def _in_float32(case: Case) -> Case:
    return {
        name: value.astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in case.items()
    }


def _mistakes(bank: type, right: type) -> tuple[WrongAnswer, ...]:
    """Return the wrong answers of one optimizer, and those of any optimizer."""
    return (
        *wrong_answers(bank, partial(wrong.variant, right)),
        *wrong_answers(wrong.AnyOptimizer, lambda mixin: type(right.__name__, (mixin, right), {})),
    )


_optimizer_part = partial(
    Part, outputs=("positions",), run=run_steps, changes=("parameters",), keeps_dtype=True
)

# ---- momentum ----


def _momentum_cases(rng: np.random.Generator) -> list[Case]:
    slopes = [[1.0, -2.0, 0.0], [1.0, -1.0, 0.5], [1.0, 1.0, -3.0]]
    steep = [[30.0, 0.01, 0.0, -2.0], [-20.0, 0.03, 0.0, 1.0], [10.0, -0.02, 0.0, 3.0]]
    return [
        _case([1.0, -2.0, 0.5], slopes, learning_rate=0.1, momentum=0.9),
        _case([0.5, -0.3, 2.0, 1.0], steep, learning_rate=0.01, momentum=0.5),
        _drawn_case(rng, 3, 5, learning_rate=np.array([0.1, 0.1, 0.01]), momentum=0.8),
        _drawn_case(rng, 4, 3, moved=0.5),
        _drawn_case(rng, 5, 3, optimizers=2, learning_rate=0.2, momentum=0.9),
        _in_float32(_drawn_case(rng, 3, 4, learning_rate=0.1, momentum=0.9)),
        *_long_cases(rng, learning_rate=0.1, momentum=0.9),
    ]


MOMENTUM = _optimizer_part(
    name="Momentum",
    cases=_momentum_cases,
    hints=(
        "What must the optimizer remember from one step to the next, and what does it move along?",
        "First make the new velocity from the old one and the gradients, and keep it in self; then "
        "go along it, learning_rate times.",
        "self.velocity = self.momentum * self.velocity + gradients",
    ),
    wrong_answers=_mistakes(wrong.Momentum, wrong.MomentumByLaw),
)

# ---- RMSProp and Adam ----


def _scaled_cases(rng: np.random.Generator, steps: int, betas: Sequence[Case]) -> list[Case]:
    """Return cases whose gradients differ in size, most of all in the `steps` of the second."""
    usual, short, other = betas
    slopes = [[1.0, -2.0, 0.5], [1.0, -1.0, 0.5], [1.0, 1.0, -3.0]]
    steep = [
        [300.0, 0.0001, 0.0, -2.0],
        [-200.0, 0.0003, 0.0, 1.0],
        [100.0, -0.0002, 0.0, 3.0],
        [50.0, 0.0005, 0.0, -1.0],
    ]
    return [
        _case([1.0, -2.0, 0.5], slopes, learning_rate=0.1, **usual, epsilon=0.01),
        _case([0.5, -0.3, 2.0, 1.0], steep[:steps], learning_rate=0.01, **short, epsilon=0.001),
        _drawn_case(rng, 3, 5, moved=0.5),
        _drawn_case(rng, 3, 5, learning_rate=np.array([0.1, 0.1, 0.02]), **other, epsilon=0.1),
        _drawn_case(rng, 5, 3, optimizers=2, learning_rate=0.2, **usual, epsilon=0.01),
        _in_float32(_drawn_case(rng, 3, 4, learning_rate=0.1, **usual, epsilon=0.01)),
        *_long_cases(rng, learning_rate=0.1, **usual, epsilon=0.01),
    ]


RMSPROP = _optimizer_part(
    name="RMSProp",
    cases=partial(_scaled_cases, steps=3, betas=[{"beta": beta} for beta in (0.9, 0.8, 0.3)]),
    hints=(
        "How large has each parameter's gradient been of late, whatever its sign?",
        "Keep in self.v the running mean of gradients**2, entry by entry; divide the gradients by "
        "its root plus epsilon.",
        "self.v = self.beta * self.v + (1 - self.beta) * gradients**2",
    ),
    wrong_answers=_mistakes(wrong.RMSProp, wrong.RMSPropByLaw),
)

_BETAS = ((0.9, 0.99), (0.8, 0.9), (0.3, 0.45))  # 1 % beta is 1 - beta above a half
ADAM = _optimizer_part(
    name="Adam",
    cases=partial(_scaled_cases, steps=4, betas=[{"beta1": a, "beta2": b} for a, b in _BETAS]),
    hints=(
        "Which three things does it remember, and what do m and v hold after the first step, when "
        "they began at 0?",
        "Count t first. Update m and v; divide copies of them by 1 - beta1**t and 1 - beta2**t; "
        "move along m_hat over the root of v_hat plus epsilon.",
        "m_hat = self.m / (1 - self.beta1**self.t); v_hat likewise; parameters - "
        "self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)",
    ),
    wrong_answers=_mistakes(wrong.Adam, wrong.AdamByLaw),
)

PARTS = (MOMENTUM, RMSPROP, ADAM)
