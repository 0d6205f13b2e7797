"""One training of any network, and the run folder that it leaves behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from chainrule import checks, plots
from chainrule.checks import ChainruleError, Initializer, LearningRate, TrainingDiverged
from chainrule.data.download import print_notice
from chainrule.data.mnist import load_dataset
from chainrule.data.split import Split, split_dataset
from chainrule.experiments.compare import Settings, load_split_again, train_size_of
from chainrule.experiments.keeping import Keep
from chainrule.experiments.lanes import Lane, Result, run_lane
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
    checkpoint_every : int or None
        Steps from one checkpoint to the next; None keeps the end of an epoch, at most every
        five seconds.
    log : str or None
        ``"tensorboard"`` writes TensorBoard's files beside the record.
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
    checkpoint_every: int | None = None
    log: str | None = None

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
        if self.checkpoint_every is not None:
            checks.whole_number("checkpoint every", self.checkpoint_every, at_least=1)
        if self.log == "tensorboard":
            checks.extra("tensorboardX", "logs")
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
    folder = RunFolder(out, kind="train")
    dataset = load_dataset(settings.data, notice=say)
    train_size = train_size_of(settings.as_comparison(), dataset, say)
    split = split_dataset(dataset, train_size, settings.split_seed)
    folder.open(asdict(settings), split)
    with folder.in_use():
        return _train(folder, settings, say, progress)


def resume(
    path: Path,
    *,
    threads: int | None = None,
    say: Callable[[str], None] = print_notice,
    progress: bool = True,
) -> Training:
    """Go on with a training that was stopped, to the bit as if it had not been.

    Parameters
    ----------
    path : Path
        The run folder of the training; its settings are taken.
    threads : int, optional
        BLAS threads, if others than before; then the bits are others too, and `say` is told.
    say, progress
        As in `train`.

    Returns
    -------
    Training

    Raises
    ------
    ChainruleError
        If the folder is not that of a training, or its data is not to be had.
    """
    folder = RunFolder.reopened(path, kind="train")
    settings = TrainingSettings(**folder.metrics["settings"])
    if threads is not None:
        settings = replace(settings, threads=checks.whole_number("threads", threads, at_least=1))
    with folder.in_use():
        load_split_again(folder, settings.data, settings.split_seed, settings.threads, say)
        if folder.lanes:
            say(f"{path}: this training has ended already; its figures are drawn again.")
        return _train(folder, settings, say, progress)


def train_settings(
    settings: TrainingSettings,
    lane: Lane,
    network: Network,
    split: Split,
    *,
    progress: bool,
    keep: Keep | None = None,
) -> Result:
    """Train the network of the settings as this lane.

    Parameters
    ----------
    settings : TrainingSettings
    lane : Lane
        That of the settings, under the name that is shown.
    network : Network
        As `TrainingSettings.network` makes it; changed in place.
    split : Split
    progress : bool
        Show on stderr how far the training is.
    keep : Keep, optional
        Where and how often it is kept.
    """
    with shown_progress([lane.name], settings.epochs) if progress else nullcontext() as report:
        return run_lane(
            lane,
            split,
            hidden=settings.hidden,
            epochs=settings.epochs,
            threads=settings.threads,
            report=report,
            network=network,
            keep=keep,
        )


def _train(
    folder: RunFolder, settings: TrainingSettings, say: Callable[[str], None], progress: bool
) -> Training:
    """Train from the start or from the checkpoint that is there, unless the run has ended."""
    (lane,) = settings.as_comparison().lanes
    split = folder.split
    network = settings.network(split.X_train.shape[1], split.classes, len(split.X_train))
    keep = replace(
        folder.keep, every=settings.checkpoint_every, tensorboard=settings.log == "tensorboard"
    )
    try:
        if not folder.lanes:
            result = train_settings(settings, lane, network, split, progress=progress, keep=keep)
            folder.add(result, [lane])
        (record,) = folder.metrics["runs"]
        _draw_figures(folder.path / "figures", lane, record, split)
    except BaseException:
        say(folder.abandon())
        raise
    return Training(folder, record, folder.networks.get(lane.name, network), _divergence(record))


def _divergence(record: Mapping[str, Any]) -> TrainingDiverged | None:
    stopped = record["stopped"]
    if stopped is None:
        return None
    return TrainingDiverged(stopped["step"], stopped["layer"], stopped["learning_rate"])


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
    path.mkdir(exist_ok=True)
    for name, figure in figures.items():
        plots.save_figure(figure, path / f"{name}.png")
