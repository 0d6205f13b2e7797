"""``chainrule resume``: go on with a run that was stopped."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chainrule.checks import ChainruleError
from chainrule.cli import compare, train
from chainrule.cli.shared import add_output_options, manner


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "resume",
        help="go on with a run that was stopped",
        description="Go on with a training or a comparison that was stopped, from its last "
        "checkpoint, with its own settings. On the same machine it ends with the same bits as if "
        "it had never been stopped.",
    )
    parser.set_defaults(run=_resume)
    add = parser.add_argument
    add("folder", metavar="RUN", type=Path, help="the run folder")
    add("--data", metavar="SOURCE",
        help="where its data is now, if it was moved; it is told by its SHA-256")  # fmt: skip
    add("--threads", metavar="N", type=int,
        help="BLAS threads of a training, if others than before; other bits then")  # fmt: skip
    add("--jobs", metavar="N", type=int,
        help="runs of a comparison at once (default: as many as there are cores)")  # fmt: skip
    add_output_options(parser)


def _resume(options: argparse.Namespace) -> int:
    from chainrule.experiments.compare import resume as resume_comparison
    from chainrule.experiments.metrics import checked_metrics, kind_of
    from chainrule.experiments.train import resume as resume_training

    how = manner(options) | {"data": options.data}
    if kind_of(checked_metrics(options.folder, kind=None)) == "train":
        if options.jobs is not None:
            raise ChainruleError("--jobs is for a comparison, and this run is one training.")
        folder = resume_training(options.folder, threads=options.threads, **how)
        return train.show_training(folder, options)
    if options.threads is not None or options.json:
        raise ChainruleError("--threads and --json are for a training, this is a comparison.")
    folder = resume_comparison(options.folder, jobs=options.jobs, **how)
    return compare.show_comparison(folder, options)
