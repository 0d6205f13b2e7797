"""The command ``chainrule``: it parses, calls and prints."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from chainrule import __version__
from chainrule.checks import ChainruleError
from chainrule.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from chainrule.experiments.run_folder import RunFolder

DONE, CHECK_SAID_NO, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
DATA_HELP = (
    "auto, cache, network, openml, sample, or a folder of IDX files (default: auto, "
    "which takes the first that is there)"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status.

    0 done, 1 the check said no, 2 wrong input or use, 130 and 143 on signals.
    """
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except ChainruleError as error:
        return _fail(str(error))
    except BrokenPipeError:  # the reader of stdout has gone, as in "chainrule ... | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        return _fail(f"{error.filename or 'A file'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        return INTERRUPTED


def _fail(sentence: str) -> int:
    print(f"chainrule: error: {sentence}", file=sys.stderr)
    return WRONG_INPUT


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _notice(quiet: bool) -> Callable[[str], None]:
    """Return what takes notices: stderr, or nothing."""
    return (lambda message: None) if quiet else partial(print, file=sys.stderr)


# ---- what can be asked ----


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chainrule",
        description="A neural network written from scratch in NumPy: train it, watch it, trust it.",
    )
    parser.add_argument("--version", action="version", version=f"chainrule {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_compare(commands)
    _add_data(commands)
    return parser


def _add_compare(commands: Any) -> None:
    parser = commands.add_parser(
        "compare",
        help="train one network for each optimizer and compare them",
        description="Train one network for each optimizer, all from the same start and on the "
        "same batches, and write models, figures and metrics.json into a run folder.",
    )
    parser.set_defaults(run=_compare)
    add = parser.add_argument
    add("--optimizers", nargs="+", metavar="NAME", default=["adam", "sgd"], choices=OPTIMIZERS,
        help=f"of {', '.join(OPTIMIZERS)} (default: adam sgd)")  # fmt: skip
    add("--learning-rate", nargs="+", metavar="RATE", default=[], dest="learning_rates",
        help="0.05 for all, adam=0.0005 for one, adam=0.0003,0.001 for a grid "
        "(default: each optimizer's own)")  # fmt: skip
    add("--seeds", nargs="+", metavar="SEED", default=["0"],
        help="draw weights and order of batches: 0 1 2 or 0..9 (default: 0)")  # fmt: skip
    add("--batch-size", nargs="+", metavar="N", type=int, default=[64], dest="batch_sizes",
        help="images in a batch (default: 64)")  # fmt: skip
    add("--hidden", nargs="+", metavar="N", type=int, default=[256, 128, 64],
        help="units of the hidden layers (default: 256 128 64)")  # fmt: skip
    add("--epochs", metavar="N", type=int, default=20, help="default: 20")
    add("--train-size", metavar="N", type=int,
        help="images to train on (default: 20000, or all if there are fewer)")  # fmt: skip
    add("--split-seed", metavar="N", type=int, default=0,
        help="draws validation set and subset, the same for every run (default: 0)")  # fmt: skip
    add("--data", metavar="SOURCE", default="auto", help=DATA_HELP)
    add("--threads", metavar="N", type=int, default=1,
        help="BLAS threads of a run; another number gives other bits (default: 1)")  # fmt: skip
    add("--jobs", metavar="N", type=int,
        help="runs at once; changes no result (default: as many as there are cores)")  # fmt: skip
    add("--out", metavar="DIR", type=Path, help="the run folder (default: runs/compare-TIME)")
    add("--quiet", action="store_true", help="show nothing but errors")


def _add_data(commands: Any) -> None:
    parser = commands.add_parser(
        "data",
        help="see, fetch, verify or clear the MNIST files",
        description="See, fetch, verify or clear the MNIST files.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, run, text in (
        ("status", _data_status, "show which data there is, and where"),
        ("fetch", _data_fetch, "download MNIST into the cache, and verify it"),
        ("verify", _data_verify, "compare the files with MNIST's SHA-256"),
        ("clear", _data_clear, "remove the files that Chainrule has downloaded"),
    ):
        action = actions.add_parser(name, help=text, description=f"{text.capitalize()}.")
        action.set_defaults(run=run)
        action.add_argument("--quiet", action="store_true", help="show nothing but errors")
        if name == "verify":
            action.add_argument("folder", nargs="?", type=Path, help="default: the cache")


# ---- what is done ----


def _compare(options: argparse.Namespace) -> int:
    from chainrule.experiments.compare import Settings, compare, learning_rates

    settings = Settings(
        data=options.data,
        learning_rates=learning_rates(options.learning_rates, options.optimizers),
        batch_sizes=options.batch_sizes,
        seeds=_seeds(options.seeds),
        hidden=options.hidden,
        epochs=options.epochs,
        train_size=options.train_size,
        split_seed=options.split_seed,
        threads=options.threads,
    )
    folder = compare(
        settings,
        out=options.out,
        jobs=options.jobs,
        say=_notice(options.quiet),
        progress=not options.quiet,
    )
    if not options.quiet:
        _print_comparison(folder)
    return DONE


def _seeds(texts: Sequence[str]) -> list[int]:
    """Read "0 1 2" or "0..9"."""
    seeds: list[int] = []
    for text in texts:
        first, dots, last = text.partition("..")
        try:
            seeds += range(int(first), int(last) + 1) if dots else [int(first)]
        except ValueError:
            raise ChainruleError(f"--seeds takes 0 1 2 or 0..9, got {text!r}.") from None
    if not seeds or len(set(seeds)) < len(seeds):
        raise ChainruleError(f"--seeds takes each seed once, got {' '.join(texts)}.")
    return seeds


def _print_comparison(folder: RunFolder) -> None:
    data = folder.metrics["data"]
    print(
        f"\n{folder.split.title}: {data['train']:,} images to train on, "
        f"{data['validation']:,} to validate, {data['test']:,} to test"
    )
    print(f"\n{'run':<24}{'rate':>8}{'validation':>12}{'test':>9}{'loss':>8}{'seconds':>9}")
    for run in folder.metrics["runs"]:
        start = f"{run['lane']:<24}{run['learning_rate']:>8g}"
        if run["status"] == "finished":
            print(
                f"{start}{run['val_accuracy']:>12.2%}{run['test_accuracy']:>9.2%}"
                f"{run['test_loss']:>8.3f}{run['train_seconds']:>9.1f}"
            )
        else:
            print(f"{start}   diverged at step {run['stopped']['step']}")
    if len(folder.metrics["summary"]) < len(folder.metrics["runs"]):
        _print_means(folder.metrics["summary"])
    print(f"\nmodels, figures and metrics.json: {folder.path}")


def _print_means(summary: Sequence[dict[str, Any]]) -> None:
    print(f"\n{'mean of test accuracy':<24}{'rate':>8}{'runs':>6}{'mean':>9}{'min':>9}{'max':>9}")
    for row in summary:
        shares = (row[f"test_accuracy_{word}"] for word in ("mean", "min", "max"))
        print(
            f"{row['optimizer']:<24}{row['learning_rate']:>8g}{row['runs']:>6}"
            + "".join(f"{share:>9.2%}" for share in shares)
        )


def _data_status(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import cache_status

    for place in cache_status():
        size = sum(report.size for report in place.files)
        megabytes = f", {size / 1e6:.1f} MB" if size else ""
        print(f"{place.name:<16}{place.state}{megabytes}\n{'':<16}{place.path}")
    return DONE


def _data_fetch(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import fetch

    fetched = fetch(notice=_notice(options.quiet))
    if not options.quiet:
        if fetched.files:
            print(f"MNIST fetched from {fetched.mirror}, verified, kept in {fetched.folder}")
        else:
            print(f"MNIST is whole in {fetched.folder} already.")
    return DONE


def _data_verify(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import verify

    reports = verify(options.folder)
    if not options.quiet:
        for report in reports:
            reason = f"  {report.reason}" if report.reason else ""
            print(f"{report.name:<26}{report.verdict}{reason}")
    return DONE if all(report.verdict == "ok" for report in reports) else CHECK_SAID_NO


def _data_clear(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import clear

    cleared = clear()
    if not options.quiet:
        count = len(cleared.files)
        print(f"{count} file{'' if count == 1 else 's'} removed, {cleared.size / 1e6:.1f} MB")
    return DONE
