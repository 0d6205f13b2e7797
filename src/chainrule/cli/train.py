"""``chainrule train``: train one network of any shape."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli.shared import (
    CHECK_SAID_NO,
    DATA_HELP,
    DONE,
    add_output_options,
    complain,
    notice,
    show,
)
from chainrule.layers import Dense
from chainrule.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from chainrule.experiments.single import Training


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        help="train one network of any shape",
        description="Train one network of any shape, and write model, figures and metrics.json "
        "into a run folder. Where the settings are those of a comparison, so are the weights.",
    )
    parser.set_defaults(run=_train)
    add = parser.add_argument
    add("--hidden", nargs="*", metavar="N", type=int, default=[256, 128, 64],
        help="units of the hidden layers; or none (default: 256 128 64)")  # fmt: skip
    add("--activation", choices=("relu", "leaky-relu", "sigmoid", "tanh"), default="relu",
        help="after each hidden layer (default: relu); weights start as He for both relu, "
        "as Glorot for the others")  # fmt: skip
    add("--optimizer", choices=OPTIMIZERS, default="adam", help="default: adam")
    add("--learning-rate", metavar="RATE", type=float,
        help="default: the optimizer's own, 0.0005 for adam, 0.05 for sgd")  # fmt: skip
    add("--schedule", choices=("constant", "step", "cosine", "one-cycle"), default="constant",
        help="how the rate changes: step takes a tenth after each third of the training, cosine "
        "falls to 0, one-cycle rises to the rate and falls (default: constant)")  # fmt: skip
    add("--dropout", metavar="RATE", type=float, default=0.0,
        help="share of the hidden outputs to drop while training (default: 0)")  # fmt: skip
    add("--epochs", metavar="N", type=int, default=20, help="default: 20")
    add("--batch-size", metavar="N", type=int, default=64, help="default: 64")
    add("--train-size", metavar="N", type=int,
        help="images to train on (default: 20000, or all if there are fewer)")  # fmt: skip
    add("--split-seed", metavar="N", type=int, default=0,
        help="draws validation set and subset (default: 0)")  # fmt: skip
    add("--seed", metavar="N", type=int, default=0,
        help="draws weights, order of batches and dropout (default: 0)")  # fmt: skip
    add("--dtype", choices=("float32", "float64"), default="float32", help="default: float32")
    add("--checkpoint-every", metavar="N", type=int,
        help="steps from one checkpoint to the next (default: the end of an epoch, at most every "
        "five seconds); 'chainrule resume' goes on from the last")  # fmt: skip
    add("--log", choices=("tensorboard",),
        help="write TensorBoard's files beside the run's record.jsonl")  # fmt: skip
    add("--data", metavar="SOURCE", default="auto", help=DATA_HELP)
    add("--threads", metavar="N", type=int, default=1,
        help="BLAS threads; another number gives other bits (default: 1)")  # fmt: skip
    add("--out", metavar="DIR", type=Path, help="the run folder (default: runs/train-TIME)")
    add_output_options(parser)


def _train(options: argparse.Namespace) -> int:
    from chainrule.experiments.single import TrainingSettings, train

    rate = options.learning_rate
    settings = TrainingSettings(
        data=options.data,
        hidden=options.hidden,
        activation=options.activation,
        optimizer=options.optimizer,
        learning_rate=OPTIMIZERS[options.optimizer][1] if rate is None else rate,
        schedule=options.schedule,
        dropout=options.dropout,
        epochs=options.epochs,
        batch_size=options.batch_size,
        train_size=options.train_size,
        split_seed=options.split_seed,
        seed=options.seed,
        dtype=options.dtype,
        threads=options.threads,
        checkpoint_every=options.checkpoint_every,
        log=options.log,
    )
    training = train(
        settings, out=options.out, say=notice(options.quiet), progress=not options.quiet
    )
    return show_training(training, options)


def show_training(training: Training, options: argparse.Namespace) -> int:
    """Print how a training ended; return the exit status."""
    show(options, _as_json(training), _lines(training))
    if training.divergence:
        best = training.folder.words_of_best(training.record)
        complain(f"{training.divergence} {best}")
        return CHECK_SAID_NO
    return DONE


def _as_json(training: Training) -> dict[str, Any]:
    """Return metrics.json, and where the files are."""
    metrics = json.loads((training.folder.path / "metrics.json").read_text())
    model = training.model and str(training.model)
    return {"folder": str(training.folder.path), "model": model, **metrics}


def _lines(training: Training) -> list[str]:
    record, data = training.record, training.folder.metrics["data"]
    sizes = [layer.n_out for layer in training.network if isinstance(layer, Dense)]
    shape = "-".join(str(size) for size in (training.network[0].n_in, *sizes))
    lines = [
        f"{training.folder.split.title}: {data['train']:,} images to train on, "
        f"{data['validation']:,} to validate, {data['test']:,} to test",
        f"network {shape}, {training.network.parameters.size:,} parameters",
    ]
    if training.model is None:
        return [*lines, f"metrics.json, without a model: {training.folder.path}"]
    return [
        *lines,
        f"validation accuracy {record['val_accuracy']:.2%}, test accuracy "
        f"{record['test_accuracy']:.2%}, test loss {record['test_loss']:.3f}, "
        f"trained in {record['train_seconds']:.1f} s",
        f"model: {training.model}",
        f"figures and metrics.json: {training.folder.path}",
    ]
