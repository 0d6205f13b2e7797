"""One training of any network, and the run folder that it leaves behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from chainrule import checks, plots
from chainrule.checks import ChainruleError, Initializer, LearningRate, TrainingDiverged
from chainrule.data.download import print_notice
from chainrule.data.mnist import load_dataset
from chainrule.data.split import Split, split_dataset
from chainrule.experiments.compare import Settings, train_size_of
from chainrule.experiments.lanes import Lane, run_lane
from chainrule.experiments.progress import shown_progress
from chainrule.experiments.run_folder import RunFolder
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
    cosine_rate,
    create_optimizer,
    one_cycle_rate,
    step_rate,
)

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
    """

    data: str
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

    def __post_init__(self) -> None:
        for name, table in (
            ("activation", ACTIVATIONS),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
        ):
            if getattr(self, name) not in table:
                raise ChainruleError(
                    f"{name} must be one of {', '.join(table)}, got {getattr(self, name)!r}."
                )
        checks.real_number("dropout", self.dropout, at_least=0, below=1)
        checks.float_dtype(self.dtype)
        self.as_comparison()

    def as_comparison(self) -> Settings:
        """Return the comparison that has this training as its one lane, which checks the rest."""
        return Settings(
            data=self.data,
            learning_rates={self.optimizer: [self.learning_rate]},
            batch_sizes=[self.batch_size],
            seeds=[self.seed],
            hidden=self.hidden,
            epochs=self.epochs,
            train_size=self.train_size,
            split_seed=self.split_seed,
            threads=self.threads,
        )

    def network(self, n_in: int, n_out: int, images: int) -> Network:
        """Return the network before its first step, given features, classes and images."""
        activation, initializer = ACTIVATIONS[self.activation]
        sizes = (n_in, *self.hidden, n_out)
        layers: list[Layer] = []
        for shape in pairwise(sizes):
            layers += [Dense(*shape, initializer), activation()]
            if self.dropout:
                layers.append(Dropout(self.dropout))
        last = max(i for i, layer in enumerate(layers) if isinstance(layer, Dense))
        steps = self.epochs * math.ceil(images / self.batch_size)
        rate = SCHEDULES[self.schedule](self.learning_rate, steps)
        optimizer = create_optimizer(self.optimizer, rate)
        return Network(layers[: last + 1], optimizer=optimizer, rng=self.seed, dtype=self.dtype)


@dataclass(frozen=True, eq=False)
class Training:
    """A training that has ended.

    Attributes
    ----------
    folder : RunFolder
        Written.
    record : dict
        The entry of this training in metrics.json.
    network : Network
        As trained, or, where it diverged, as it was before the step that could not be done.
    divergence : TrainingDiverged or None
    """

    folder: RunFolder
    record: dict[str, Any]
    network: Network
    divergence: TrainingDiverged | None

    @property
    def model(self) -> Path | None:
        """The model file; there is none where the training diverged."""
        if self.divergence:
            return None
        return self.folder.path / "models" / f"{self.record['lane']}.npz"


def train(
    settings: TrainingSettings,
    *,
    out: Path | None = None,
    say: Callable[[str], None] = print_notice,
    progress: bool = True,
) -> Training:
    """Train one network, judge it, and write the run folder: metrics, model and figures.

    With the settings that `compare` has in common, the parameters are those of its lane, to the
    bit.

    Parameters
    ----------
    settings : TrainingSettings
    out : Path, optional
        The run folder, new or empty; by default runs/train- with date and time.
    say : callable
        Takes the notices.
    progress : bool
        Show on stderr how far it is.

    Returns
    -------
    Training
        Its folder is written, also if the training diverged; then there is no model.

    Raises
    ------
    ChainruleError
        For wrong input; then no folder is left behind.
    """
    for module in ("threadpoolctl", "matplotlib", "tqdm"):
        checks.extra(module)
    (lane,) = settings.as_comparison().lanes
    folder = RunFolder(out, kind="train")
    dataset = load_dataset(settings.data, notice=say)
    train_size = train_size_of(settings.as_comparison(), dataset, say)
    split = split_dataset(dataset, train_size, settings.split_seed)
    network = settings.network(split.X_train.shape[1], split.classes, len(split.X_train))
    folder.open(asdict(settings), split)
    try:
        with shown_progress([lane.name], settings.epochs) if progress else nullcontext() as report:
            result = run_lane(
                lane,
                split,
                hidden=settings.hidden,
                epochs=settings.epochs,
                threads=settings.threads,
                report=report,
                network=network,
            )
        folder.add(result, [lane])
        _draw_figures(folder.path / "figures", lane, result.record, split)
    except BaseException:
        say(folder.abandon())
        raise
    return Training(folder, result.record, network, _divergence(result.record, network))


def _divergence(record: Mapping[str, Any], network: Network) -> TrainingDiverged | None:
    stopped = record["stopped"]
    if stopped is None:
        return None
    rate = getattr(network.optimizer, "rate", math.nan)
    return TrainingDiverged(stopped["step"], stopped["layer"], rate)


def _draw_figures(path: Path, lane: Lane, run: dict[str, Any], split: Split) -> None:
    figures = {
        "training": plots.training_comparison(
            [run["history"]],
            [lane.name],
            classes=split.classes,
            title=f"Training of {lane.name}: {split.title}",
        )
    }
    if run["confusion_matrix"] is not None:
        figures["confusion"] = plots.confusion(
            run["confusion_matrix"],
            title=f"{lane.name}: test accuracy {run['test_accuracy']:.2%}, {split.title}",
        )
    path.mkdir()
    for name, figure in figures.items():
        plots.save_figure(figure, path / f"{name}.png")
