"""What is trained, and on what: the settings of a comparison, and those of one training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import pairwise, product
from typing import Any, ClassVar, TypeAlias, TypeVar

from chainrule import checks
from chainrule.checks import ChainruleError, Initializer, LearningRate
from chainrule.data.distort import Distortions
from chainrule.layers import (
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
    glorot_normal,
    he_normal,
)
from chainrule.network import Network
from chainrule.optimizers import (
    OPTIMIZERS,
    Optimizer,
    cosine_rate,
    create_optimizer,
    one_cycle_rate,
    step_rate,
)

TRAIN_SIZE = 20_000  # images, where nothing else is asked for

Rates: TypeAlias = Mapping[str, Sequence[float]]  # by optimizer
EitherSettings: TypeAlias = "Settings | TrainingSettings"
AnySettings = TypeVar("AnySettings", "Settings", "TrainingSettings")

# By name: the layer, and the initialiser that its paper goes with.
ACTIVATIONS: dict[str, tuple[type[Layer], Initializer]] = {
    "relu": (ReLU, he_normal),
    "leaky-relu": (LeakyReLU, he_normal),
    "sigmoid": (Sigmoid, glorot_normal),
    "tanh": (Tanh, glorot_normal),
}

# By name: the learning rate at each step, given the rate asked for and the steps of the training.
SCHEDULES: dict[str, Callable[[float, int], LearningRate]] = {
    "constant": lambda rate, steps: rate,
    "step": lambda rate, steps: partial(step_rate, initial=rate, every=math.ceil(steps / 3)),
    "cosine": lambda rate, steps: partial(cosine_rate, initial=rate, total_steps=steps),
    "one-cycle": lambda rate, steps: partial(one_cycle_rate, peak=rate, total_steps=steps),
}

HAVE_MOMENTUM = [name for name in OPTIMIZERS if hasattr(create_optimizer(name), "momentum")]

# By name: settings of a training that were fixed by held-out images, as docs/record.md tells.
RECIPES: dict[str, dict[str, Any]] = {
    "record-small": {
        "hidden": [1000, 500],
        "batch_size": 128,
        "learning_rate": 0.001,
        "schedule": "cosine",
        "epochs": 150,
        "distort": 1.0,
        "train_size": 60_000,
        "validation_size": 0,
    },
}


@dataclass(frozen=True)
class Lane:
    """What distinguishes one training from the others of a comparison.

    `weight_decay` and `momentum` are None where the optimizer keeps its own, or has none.
    """

    name: str
    optimizer: str
    learning_rate: float
    batch_size: int
    seed: int
    weight_decay: float | None = None
    momentum: float | None = None

    def make_optimizer(self, rate: LearningRate) -> Optimizer:
        """Return the optimizer, moving at this rate."""
        constructor, _ = OPTIMIZERS[checks.one_of("optimizer", self.optimizer, OPTIMIZERS)]
        options = {"weight_decay": self.weight_decay, "momentum": self.momentum}
        given = {name: value for name, value in options.items() if value is not None}
        return constructor(learning_rate=rate, **given)


def lanes_of(rates: Rates, batch_sizes: Sequence[int], seeds: Sequence[int]) -> list[Lane]:
    """Return every combination, in the order given; the names grow only where it is a grid."""
    is_grid = len(batch_sizes) > 1 or any(len(several) > 1 for several in rates.values())
    lanes = []
    for optimizer, several in rates.items():
        for rate, batch_size, seed in product(several, batch_sizes, seeds):
            setting = f"-lr{rate:g}-b{batch_size}" if is_grid else ""
            name = f"{optimizer}{setting}-seed{seed}"
            lanes.append(Lane(name, optimizer, rate, batch_size, seed))
    return lanes


@dataclass(frozen=True)
class Settings:
    """What is compared, and on what; every field stands in metrics.json.

    Attributes
    ----------
    data : str
        A source of `load_dataset`.
    size : sequence of int or None
        Height and width to which the pictures of a folder are scaled.
    crop : bool
        How, as in `load_dataset`.
    learning_rates : dict of str to list of float
        The optimizers, each with its rates.
    batch_sizes, seeds, hidden : list of int
        Every combination of optimizer, rate, batch size and seed is a lane.
    epochs : int
    train_size : int or None
        Images to train on; None takes 20,000, or all if there are fewer.
    split_seed : int
        Draws validation set and subset, the same for every lane.
    threads : int
        BLAS threads a lane computes with.
    weight_decay : float or None
        Of every optimizer; None leaves each its own.
    momentum : float or None
        Of the optimizers in `HAVE_MOMENTUM`; None leaves each its own.
    early_stopping : int or None
        A lane ends once so many epochs in a row have brought no better validation accuracy, and
        its network is that of the best epoch; None trains them all and takes the last.
    distort : float
        Strength of the distortions of the training images; 0 trains on them as they are.
    """

    validation_size: ClassVar[int | None] = None  # as many as a training sets aside by default

    data: str
    size: Sequence[int] | None = field(default=None, kw_only=True)
    crop: bool = field(default=False, kw_only=True)
    learning_rates: dict[str, list[float]]
    batch_sizes: list[int]
    seeds: list[int]
    hidden: list[int]
    epochs: int
    train_size: int | None
    split_seed: int
    threads: int
    weight_decay: float | None = None
    momentum: float | None = None
    early_stopping: int | None = None
    distort: float = 0.0

    def __post_init__(self) -> None:
        for optimizer, rates in self.learning_rates.items():
            for rate in rates:
                create_optimizer(optimizer, rate)
        for lane in self.lanes:
            lane.make_optimizer(lane.learning_rate)
        if self.momentum is not None and not set(HAVE_MOMENTUM) & set(self.learning_rates):
            raise ChainruleError(
                f"momentum is for {', '.join(HAVE_MOMENTUM)}, and there is none to set in "
                f"{', '.join(self.learning_rates)}: leave it out, or train one of those."
            )
        Distortions().times(self.distort)
        for name, values, at_least in (
            ("batch size", self.batch_sizes, 1),
            ("hidden", self.hidden, 1),
            ("seed", self.seeds, 0),
            ("epochs", [self.epochs], 1),
            ("threads", [self.threads], 1),
            ("train size", [] if self.train_size is None else [self.train_size], 1),
            ("split seed", [self.split_seed], 0),
            ("early stopping", [] if self.early_stopping is None else [self.early_stopping], 1),
        ):
            for value in values:
                checks.whole_number(name, value, at_least=at_least)

    @property
    def lanes(self) -> list[Lane]:
        """Every combination of optimizer, rate, batch size and seed."""
        return [
            replace(
                lane,
                weight_decay=self.weight_decay,
                momentum=self.momentum if lane.optimizer in HAVE_MOMENTUM else None,
            )
            for lane in lanes_of(self.learning_rates, self.batch_sizes, self.seeds)
        ]


@dataclass(frozen=True)
class TrainingSettings:
    """What is trained, and on what; every field stands in metrics.json and in the model file.

    Attributes
    ----------
    data : str
        A source of `load_mnist`.
    hidden : list of int
        Units of each hidden layer; none at all leaves softmax regression.
    activation : str
        A name in `ACTIVATIONS`; it follows every hidden layer.
    optimizer : str
        A name in `OPTIMIZERS`.
    learning_rate : float
    schedule : str
        A name in `SCHEDULES`: how the rate changes from step to step.
    dropout : float
        The rate of a Dropout behind every activation; 0 puts none there.
    epochs, batch_size : int
    train_size : int or None
        Images to train on; None takes 20,000, or all if there are fewer.
    split_seed, seed : int
        The first draws validation set and subset, the second weights and order.
    dtype : str
        ``"float32"`` or ``"float64"``.
    threads : int
        BLAS threads.
    checkpoint_every : int or None
        Steps from one checkpoint to the next; None keeps the end of an epoch, at most every
        five seconds.
    log : str or None
        ``"tensorboard"`` writes TensorBoard's files beside the record.
    weight_decay, momentum, early_stopping
        As in `Settings`.
    distort : float
        Strength of the distortions of the training images; 0 trains on them as they are.
    validation_size : int or None
        Images to set aside; None sets 5,000 aside, or an eighth if that is less, and 0 none.
    """

    data: str
    size: Sequence[int] | None = field(default=None, kw_only=True)
    crop: bool = field(default=False, kw_only=True)
    hidden: list[int]
    activation: str
    optimizer: str
    learning_rate: float
    schedule: str
    dropout: float
    epochs: int
    batch_size: int
    train_size: int | None
    split_seed: int
    seed: int
    dtype: str
    threads: int
    checkpoint_every: int | None = None
    log: str | None = None
    weight_decay: float | None = None
    momentum: float | None = None
    early_stopping: int | None = None
    distort: float = 0.0
    validation_size: int | None = None

    def __post_init__(self) -> None:
        for name, came, known in (
            ("activation", self.activation, list(ACTIVATIONS)),
            ("optimizer", self.optimizer, list(OPTIMIZERS)),
            ("schedule", self.schedule, list(SCHEDULES)),
        ):
            if came not in known:
                raise ChainruleError(f"{name} must be one of {', '.join(known)}, got {came!r}.")
        checks.real_number("dropout", self.dropout, at_least=0, below=1)
        checks.float_dtype(self.dtype)
        if self.checkpoint_every is not None:
            checks.whole_number("checkpoint every", self.checkpoint_every, at_least=1)
        if self.validation_size is not None:
            checks.whole_number("validation size", self.validation_size)
            if self.validation_size == 0 and self.early_stopping is not None:
                raise ChainruleError(
                    "early stopping looks at validation images, and validation size is 0: leave "
                    "one of them out."
                )
        if self.log == "tensorboard":
            checks.extra("tensorboardX", "logs")
        self.as_comparison()

    def as_comparison(self) -> Settings:
        """Return the comparison that has this training as its one lane, which checks the rest."""
        lanes = {
            "learning_rates": {self.optimizer: [self.learning_rate]},
            "batch_sizes": [self.batch_size],
            "seeds": [self.seed],
        }
        return settings_from(Settings, vars(self) | lanes)

    def network(self, n_in: int, n_out: int, images: int) -> Network:
        """Return the network before its first step, given features, classes and images."""
        activation, initializer = ACTIVATIONS[self.activation]
        sizes = (n_in, *self.hidden, n_out)
        *hidden, last = (Dense(*shape, initializer) for shape in pairwise(sizes))
        layers: list[Layer] = []
        for dense in hidden:
            layers += [dense, activation()]
            if self.dropout:
                layers.append(Dropout(self.dropout))
        steps = self.epochs * math.ceil(images / self.batch_size)
        rate = SCHEDULES[self.schedule](self.learning_rate, steps)
        (lane,) = self.as_comparison().lanes
        optimizer = lane.make_optimizer(rate)
        return Network([*layers, last], optimizer=optimizer, rng=self.seed, dtype=self.dtype)


def settings_from(kind: type[AnySettings], named: Mapping[str, Any]) -> AnySettings:
    """Return settings of this kind out of what is named; what they do not know is left out."""
    return kind(**{one.name: named[one.name] for one in fields(kind) if one.name in named})
