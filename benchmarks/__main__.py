"""Chainrule and its peers, side by side: the same work in one go, again and again.

    pip install torch==2.13.0                  # its CPU build
    pip install -e '.[bench]'
    python -m benchmarks                       # everything: a few hours on a quiet machine
    python -m benchmarks --rows main --epochs 5 --repeats 3
    python -m benchmarks --quick               # does it all run? the numbers mean nothing

Each measurement is a process of its own, with its own number of threads. The peers take turns and
each round begins with another one, so that the machine's moods fall on all alike; what counts is
the ratio of medians within one run. All start from the same weights (He-normal, drawn by
`create_network`) and, where the peer allows, train on the same batches in the same order; round k
uses seed k. The accuracy on the test images stands beside each time, and is marked where it lies
outside the spread of the seeds, so that nobody wins by doing less. A peer that is not installed or
fails is named with the reason. PyTorch means its CPU build.

The rows: quality (from the start of a process to 97 % of the validation images), main (the
course's job), batch (sizes 1 to 1,024), width (64 to 2,048), images (all of
them), predict (one image, 10,000 images), import (imports and help texts), memory (peak), shell
(`chainrule compare` from the shell against the same two trainings in two processes), dask (its
lanes on a Dask cluster), profile (where a step's time goes). They end in results.md, results.json
and training_times.png, whose alt text stands in training_times.txt.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from benchmarks.figure import draw_training_times
from benchmarks.images import Images
from benchmarks.peers import PEERS, reason_to_skip
from benchmarks.results import summarise
from benchmarks.rounds import measure_rounds
from benchmarks.rows import ROWS, Plan
from benchmarks.tables import document
from benchmarks.targets import check_targets
from benchmarks.threads import usable_cores
from chainrule.checks import ChainruleError
from chainrule.experiments.environment import environment
from chainrule.plots import alt_text, save_figure

PACKAGES = ("numpy", "numba", "torch", "jax", "jaxlib", "keras", "scikit-learn", "onnxruntime")
FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "asimd", "sve")  # what BLAS chooses its kernel by


def main():
    """Read the command line, measure, and write the results after every row."""
    options = parser().parse_args()
    out = options.out or Path("runs") / time.strftime("benchmark-%Y%m%d-%H%M%S")
    if out.exists() and any(out.iterdir()):
        raise ChainruleError(f"{out} holds something already: name a new folder with --out.")
    records, skipped = [], skipped_peers(options.peers)
    with tempfile.TemporaryDirectory(prefix="chainrule-benchmark-") as scratch:
        plan = plan_of(options, Images(options.data, Path(scratch)), skipped)
        results = {"environment": environment_now(), "settings": settings_of(options, plan)}
        results["skipped"] = skipped
        signal.signal(signal.SIGTERM, stop)
        try:
            for row in options.rows:
                jobs = ROWS[row](plan)
                for record in measure_rounds(jobs, options.repeats, options.timeout, say):
                    records.append(record)
                write(out, results, records)
        except KeyboardInterrupt:
            say("stopped: what was measured is kept")
            write(out, results, records)
            return 130
    print(f"results: {out / 'results.md'}")
    return 0


def parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rows", nargs="+", metavar="NAME", choices=ROWS, default=list(ROWS),
        help=f"of {', '.join(ROWS)} (default: all)")  # fmt: skip
    add("--peers", nargs="+", metavar="NAME", choices=PEERS,
        help=f"of {', '.join(PEERS)} (default: those that suit the row)")  # fmt: skip
    add("--threads", nargs="+", metavar="N", type=int,
        default=sorted({1, min(2, usable_cores())}),
        help="every peer is measured with each (default: 1 2)")  # fmt: skip
    add("--repeats", metavar="N", type=int, default=5, help="rounds (default: 5)")
    add("--epochs", metavar="N", type=int,
        help="of the rows main, images, shell and dask (default: 20, 5, 20, 20)")  # fmt: skip
    add("--data", metavar="SOURCE", default="auto", help="as chainrule compare takes it")
    add("--timeout", metavar="SECONDS", type=float, default=3_600,
        help="that one measurement may take (default: 3600)")  # fmt: skip
    add("--out", metavar="DIR", type=Path, help="default: runs/benchmark-TIME")
    add("--quick", action="store_true", help="tiny work, to see whether everything runs")
    return parser


def skipped_peers(asked):
    """Return why each peer that was asked for cannot run here."""
    reasons = {name: reason_to_skip(name) for name in asked or PEERS}
    return {name: reason for name, reason in reasons.items() if reason}


def plan_of(options, images, skipped):
    """Return what is to be measured, without the peers that are skipped."""
    peers = None if options.peers is None else tuple(options.peers)
    return Plan(images, tuple(options.threads), peers, options.epochs, options.quick, set(skipped))


def settings_of(options, plan):
    """Return the settings that results.json tells."""
    names = ("rows", "threads", "repeats", "epochs", "quick")
    chosen = {name: getattr(options, name) for name in names}
    title = plan.images.dataset.title
    return {"data": title} | {name: value for name, value in chosen.items() if value is not None}


def environment_now():
    """Return machine and versions."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    found = environment(usable_cores())
    return {"cores": found.pop("threads")} | found | {"flags": processor_flags()} | versions


def processor_flags():
    """Return those of `FLAGS` that the processor has, where the system tells."""
    try:
        words = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return "unknown"
    return " ".join(flag for flag in FLAGS if flag in words)


def write(out, results, records):
    """Write results.json, results.md and the figure."""
    out.mkdir(parents=True, exist_ok=True)
    lines = summarise(records)
    results |= {"lines": lines, "targets": check_targets(lines), "measurements": records}
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "results.md").write_text(document(results))
    figure = draw_training_times(lines)
    if figure is not None:
        save_figure(figure, out / "training_times.png")
        (out / "training_times.txt").write_text(alt_text(figure) + "\n")


def stop(number, frame):
    """Take a request to end like Ctrl-C: the process that is measured ends too."""
    raise KeyboardInterrupt


def say(line):
    """Tell progress on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ChainruleError as error:
        print(f"benchmarks: error: {error}", file=sys.stderr)
        sys.exit(2)
