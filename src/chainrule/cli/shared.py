"""What the commands share: exit statuses, options, and how they say things."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chainrule.checks import ChainruleError
from chainrule.terminal import Say, command, tell

DONE, CHECK_SAID_NO, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
MODEL_HELP = "a model file (.npz), or a run folder: it stands for its best on validation"
PATIENCE = 5  # of early stopping, where none is given: a quarter of the usual 20 epochs
SOURCES = (
    "auto, cache, network, openml, sample, a folder of IDX files, an .npz file as Keras has it, or "
    "a folder of pictures, one subfolder a class"
)
DATA_HELP = f"{SOURCES} (default: auto, which takes the first that is there)"


def notice(quiet: bool) -> Say:
    """Return what takes notices: stderr, or nothing."""
    return (lambda message: None) if quiet else tell


def manner(options: argparse.Namespace) -> dict[str, Any]:
    """Return how a training tells of itself: where notices go, and whether progress is shown."""
    return {"say": notice(options.quiet), "progress": not options.quiet}


def complain(sentence: str) -> None:
    """Say on stderr what went wrong."""
    tell(f"chainrule: error: {sentence}")


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add --json and --quiet."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--quiet", action="store_true",
        help="show nothing but errors, and the JSON where that is asked for")  # fmt: skip


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add what a training and a comparison have in common beyond the basic settings."""
    add = parser.add_argument
    add("--weight-decay", metavar="NUMBER", type=float,
        help="pulls the weights towards 0 (default: the optimizer's own, 0.01 for adamw, else "
        "none)")  # fmt: skip
    add("--momentum", metavar="NUMBER", type=float,
        help="for sgd, momentum and nesterov; the others have none to set (default: the "
        "optimizer's own, 0.9 for momentum and nesterov)")  # fmt: skip
    add("--early-stopping", metavar="PATIENCE", type=int, nargs="?", const=PATIENCE,
        help="stop after so many epochs in a row without a better validation accuracy "
        f"({PATIENCE} where no number is given), and keep the network of the best epoch "
        "(default: train every epoch, keep the last)")  # fmt: skip
    add("--distort", metavar="STRENGTH", type=float, nargs="?", const=1.0, default=0.0,
        help="train on distorted copies, new ones in every epoch (strength: 1)")  # fmt: skip


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add --data, and how the pictures of a folder are scaled."""
    parser.add_argument("--data", metavar="SOURCE", default="auto", help=DATA_HELP)
    add_size_options(parser)


def add_size_options(parser: argparse.ArgumentParser) -> None:
    """Add --size and --crop."""
    parser.add_argument("--size", metavar="HxW", type=_size,
        help="scale the pictures of a folder to this height and width, such as 28x28; what remains "
        "has the grey of the picture's border (default: they have one size)")  # fmt: skip
    parser.add_argument("--crop", action="store_true",
        help="with --size: fill the size, and cut off what is too long of a picture")  # fmt: skip


def _size(text: str) -> list[int]:
    """Read "28x28"."""
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"height and width such as 28x28 are needed, got {text!r}")
    return [int(height), int(width)]


def model_file(path: Path, say: Say) -> Path:
    """Return the model that a path stands for: a run folder stands for the best on validation."""
    if not path.is_dir():
        return path
    from chainrule.experiments.metrics import checked_metrics
    from chainrule.experiments.run_folder import model_path
    from chainrule.experiments.statistics import better_run, finished

    runs = finished(checked_metrics(path, kind=None)["runs"])
    if not runs:
        raise ChainruleError(
            f"{path} stands for the best of its models, but no run in it has finished: go on with "
            f"{command('resume', path)}, or name a model file."
        )
    best = better_run(runs)
    found = model_path(path, best["lane"])
    only = "the model of this run" if len(runs) == 1 else f"the best of {len(runs)} on validation"
    say(f"{found}: {only}, {best['val_accuracy']:.2%} there.")
    return found


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both are there, and one file: to write the first would replace the second."""
    return one.exists() and other.exists() and one.samefile(other)


def show(options: argparse.Namespace, result: Any, lines: Sequence[str]) -> None:
    """Print a result as --json and --quiet ask: as JSON, as lines, or not at all."""
    if options.json:
        print(json.dumps(result, indent=1, allow_nan=False))
    elif not options.quiet:
        print("\n".join(lines))
