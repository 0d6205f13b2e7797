"""``chainrule train``: train one network of any shape."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import ChainruleError, TrainingDiverged
from chainrule.cli.shared import (
    CHECK_SAID_NO,
    DONE,
    add_data_options,
    add_output_options,
    add_training_options,
    complain,
    manner,
    show,
)
from chainrule.experiments.settings import (
    ACTIVATIONS,
    RECIPES,
    SCHEDULES,
    TrainingSettings,
    settings_from,
)
from chainrule.optimizers import OPTIMIZERS

SETTINGS = [one.name for one in fields(TrainingSettings)]
FREE = ["epochs", "train_size", "seed", "data", "threads", "checkpoint_every", "log"]

if TYPE_CHECKING:
    from chainrule.experiments.run_folder import RunFolder


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        help="train one network of any shape",
        description="Train one network of any shape, and write model, figures and metrics.json "
        "into a run folder. Where the settings are those of a comparison, so are the weights.",
    )
    parser.set_defaults(run=_train, parser=parser)
    add = parser.add_argument
    add("--recipe", choices=RECIPES,
        help="settings that held-out images have fixed, to train on all of MNIST")  # fmt: skip
    add("--hidden", nargs="*", metavar="N", type=int, default=[256, 128, 64],
        help="units of the hidden layers; or none (default: 256 128 64)")  # fmt: skip
    add("--activation", choices=ACTIVATIONS, default="relu",
        help="after each hidden layer (default: relu); weights start as He for both relu, "
        "as Glorot for the others")  # fmt: skip
    add("--optimizer", choices=OPTIMIZERS, default="adam", help="default: adam")
    add("--learning-rate", metavar="RATE", type=float,
        help="default: the optimizer's own, 0.0005 for adam, 0.05 for sgd")  # fmt: skip
    add("--schedule", choices=SCHEDULES, default="constant",
        help="how the rate changes: step takes a tenth after each third of the training, cosine "
        "falls to 0, one-cycle rises to the rate and falls (default: constant)")  # fmt: skip
    add("--dropout", metavar="RATE", type=float, default=0.0,
        help="share of the hidden outputs to drop while training (default: 0)")  # fmt: skip
    add("--epochs", metavar="N", type=int, help="default: 20, or the recipe's")
    add("--batch-size", metavar="N", type=int, default=64, help="default: 64")
    add("--train-size", metavar="N", type=int,
        help="images to train on (default: 20000, or all if there are fewer)")  # fmt: skip
    add("--split-seed", metavar="N", type=int, default=0,
        help="draws validation set and subset (default: 0)")  # fmt: skip
    add("--seed", metavar="N", type=int, default=0,
        help="draws weights, order of batches and dropout (default: 0)")  # fmt: skip
    add("--dtype", choices=("float32", "float64"), default="float32", help="default: float32")
    add_training_options(parser)
    add("--validation-size", metavar="N", type=int,
        help="images to set aside; 0 trains on all of them (default: 5000, or an eighth of them "
        "if that is less)")  # fmt: skip
    add("--checkpoint-every", metavar="N", type=int,
        help="steps from one checkpoint to the next (default: the end of an epoch, at most every "
        "five seconds); 'chainrule resume' goes on from the last")  # fmt: skip
    add("--log", choices=("tensorboard",),
        help="write TensorBoard's files beside the run's record.jsonl")  # fmt: skip
    add_data_options(parser)
    add("--threads", metavar="N", type=int, default=1,
        help="BLAS threads; another number gives other bits (default: 1)")  # fmt: skip
    add("--out", metavar="DIR", type=Path, help="the run folder (default: runs/train-TIME)")
    add_output_options(parser)


def _train(options: argparse.Namespace) -> int:
    from chainrule.experiments.train import train

    if options.recipe is not None:
        _follow(options)
    if options.epochs is None:
        options.epochs = 20
    if options.learning_rate is None:
        options.learning_rate = OPTIMIZERS[options.optimizer][1]
    settings = settings_from(TrainingSettings, vars(options))
    return show_training(train(settings, out=options.out, **manner(options)), options)


def _follow(options: argparse.Namespace) -> None:
    """Take the settings of a recipe; all but its size and length are as they are."""
    recipe = RECIPES[options.recipe]
    for name in SETTINGS:
        came, default = getattr(options, name), options.parser.get_default(name)
        if came == default:
            setattr(options, name, recipe.get(name, default))
        elif name not in FREE:
            raise ChainruleError(
                f"--recipe {options.recipe} says how to train, and only --epochs, --train-size, "
                f"--seed, --data and how it is run and kept go with it; got {name}={came!r}."
            )


def show_training(folder: RunFolder, options: argparse.Namespace) -> int:
    """Print how a training ended; return the exit status."""
    from chainrule.experiments.metrics import as_json
    from chainrule.experiments.run_folder import model_path

    (run,) = folder.metrics["runs"]
    model = model_path(folder.path, run["lane"]) if run["status"] == "finished" else None
    where = {"folder": str(folder.path), "model": model and str(model)}
    show(options, where | as_json(folder.metrics), _lines(folder, run, model))
    if stopped := run["stopped"]:
        divergence = TrainingDiverged(stopped["step"], stopped["layer"], stopped["learning_rate"])
        complain(f"{divergence} {folder.words_of_best(run)}")
        return CHECK_SAID_NO
    return DONE


def _lines(folder: RunFolder, run: Mapping[str, Any], model: Path | None) -> list[str]:
    from chainrule.experiments.words import WHY_BELOW, kept_words

    split = folder.split
    sizes = [split.X_train.shape[1], *folder.metrics["settings"]["hidden"], len(split.classes)]
    parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    lines = [
        folder.words_of_data(),
        f"network {'-'.join(map(str, sizes))}, {parameters:,} parameters",
    ]
    if model is None:
        return [*lines, f"metrics.json, without a model: {folder.path}"]
    if kept := kept_words(run, folder.metrics["settings"]["epochs"]):
        lines.append(kept)
    if folder.metrics["settings"].get("distort"):
        accuracy = run["history"]["accuracy"][(run.get("kept_epoch") or 0) - 1]
        lines.append(f"accuracy {accuracy:.2%} on distorted copies: {WHY_BELOW}")
    validation = f"validation accuracy {run['val_accuracy']:.2%}, " if len(split.y_val) else ""
    return [
        *lines,
        f"{validation}test accuracy "
        f"{run['test_accuracy']:.2%}, test loss {run['test_loss']:.3f}, "
        f"trained in {run['train_seconds']:.1f} s",
        f"model: {model}",
        f"figures and metrics.json: {folder.path}",
    ]
