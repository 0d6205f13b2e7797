"""``chainrule compare``: train one network for each optimizer and compare them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import ChainruleError
from chainrule.cli.shared import DONE, add_data_options, add_training_options, manner
from chainrule.experiments.settings import Settings, settings_from
from chainrule.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from chainrule.experiments.run_folder import RunFolder


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "compare",
        help="train one network for each optimizer and compare them",
        description="Train one network for each optimizer, all from the same start and on the "
        "same batches, and write models, figures, metrics.json and report.html into a run folder.",
    )
    parser.set_defaults(run=_compare, parser=parser)
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
    add_training_options(parser)
    add("--train-size", metavar="N", type=int,
        help="images to train on (default: 20000, or all if there are fewer)")  # fmt: skip
    add("--split-seed", metavar="N", type=int, default=0,
        help="draws validation set and subset, the same for every run (default: 0)")  # fmt: skip
    add_data_options(parser)
    add("--threads", metavar="N", type=int, default=1,
        help="BLAS threads of a run; another number gives other bits (default: 1)")  # fmt: skip
    add("--jobs", metavar="N", type=int,
        help="runs at once; changes no result (default: as many as there are cores)")  # fmt: skip
    add("--backend", choices=["processes", "dask"], default="processes",
        help="where the runs go: processes of this machine, or a Dask cluster")  # fmt: skip
    add("--scheduler", metavar="ADDRESS",
        help="of the Dask cluster, such as tcp://127.0.0.1:8786")  # fmt: skip
    add("--out", metavar="DIR", type=Path, help="the run folder (default: runs/compare-TIME)")
    add("--resume", metavar="DIR", type=Path,
        help="go on with the comparison in this run folder, with its own settings")  # fmt: skip
    add("--quiet", action="store_true", help="show nothing but errors")


def _compare(options: argparse.Namespace) -> int:
    from chainrule.experiments.compare import compare, resume

    if (options.backend == "dask") != (options.scheduler is not None):
        raise ChainruleError("--backend dask and --scheduler ADDRESS go together: give both.")
    how = manner(options) | {"jobs": options.jobs, "scheduler": options.scheduler}
    if options.resume is not None:
        _check_resume(options)
        is_given = options.data != options.parser.get_default("data")
        folder = resume(options.resume, data=options.data if is_given else None, **how)
    else:
        options.learning_rates = _learning_rates(options.learning_rates, options.optimizers)
        options.seeds = _seeds(options.seeds)
        folder = compare(settings_from(Settings, vars(options)), out=options.out, **how)
    return show_comparison(folder, options)


def show_comparison(folder: RunFolder, options: argparse.Namespace) -> int:
    """Print how a comparison ended; return the exit status."""
    from chainrule.experiments.words import kept_words, result_of

    if options.quiet:
        return DONE
    print(f"\n{folder.words_of_data()}")
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
    for run in folder.metrics["runs"]:
        if kept := kept_words(run, folder.metrics["settings"]["epochs"]):
            print(f"{run['lane']} {kept}.")
    if len(folder.metrics["summary"]) < len(folder.metrics["runs"]):
        _print_means(folder.metrics["summary"])
    print(f"\n{result_of(folder.metrics, folder.split.title)}")
    print(f"\nreport: {folder.path / 'report.html'}")
    return DONE


def _check_resume(options: argparse.Namespace) -> None:
    """Refuse settings beside --resume: the run folder has its own."""
    free = {"resume", "data", "jobs", "backend", "scheduler", "quiet", "run", "parser"}
    for name, value in vars(options).items():
        if name not in free and value != options.parser.get_default(name):
            raise ChainruleError(
                f"--resume goes on with the settings of {options.resume}, and only --data, "
                f"--jobs, --backend, --scheduler and --quiet go with it; got {name}={value!r}."
            )


def _learning_rates(texts: Sequence[str], optimizers: Sequence[str]) -> dict[str, list[float]]:
    """Read "adam=0.0003,0.001 sgd=0.05"; a bare number or list is for every optimizer.

    Without a text it is the optimizer's own rate.
    """
    if len(set(optimizers)) < len(optimizers):
        raise ChainruleError(f"Each optimizer is compared once, got {' '.join(optimizers)}.")
    rates = {name: [OPTIMIZERS[name][1]] for name in optimizers}
    for text in texts:
        name, _, numbers = text.rpartition("=")
        if name and name not in rates:
            raise ChainruleError(
                f"--learning-rate {text} names no optimizer of this run: {', '.join(rates)}."
            )
        try:
            values = [float(number) for number in numbers.split(",")]
        except ValueError:
            raise ChainruleError(
                f"--learning-rate takes 0.05, adam=0.0005 or adam=0.0003,0.001, got {text!r}."
            ) from None
        rates.update({name: values} if name else dict.fromkeys(rates, values))
    return rates


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


def _print_means(summary: Sequence[dict[str, Any]]) -> None:
    print(f"\n{'mean of test accuracy':<24}{'rate':>8}{'runs':>6}{'mean':>9}{'min':>9}{'max':>9}")
    for row in summary:
        shares = (row[f"test_accuracy_{word}"] for word in ("mean", "min", "max"))
        print(
            f"{row['optimizer']:<24}{row['learning_rate']:>8g}{row['runs']:>6}"
            + "".join(f"{share:>9.2%}" for share in shares)
        )
