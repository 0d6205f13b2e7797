"""``chainrule lab``: a local page on which a network thinks."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import ChainruleError, extra
from chainrule.cli.shared import DONE, SOURCES, notice
from chainrule.terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainrule.data.dataset import Dataset
    from chainrule.lab.networks import Lab

PORT = 8765


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "lab",
        help="open a local page: draw a digit, watch it flow, walk the chain rule backwards",
        description="Serve a page on this machine alone: draw a digit and watch a real network "
        "read it, walk the chain rule backwards through it with the real arrays, look at its "
        "mistakes. Without a run folder two networks are trained at the first start and kept.",
    )
    parser.set_defaults(run=_lab)
    add = parser.add_argument
    add("folder", metavar="RUN", type=Path, nargs="?",
        help="the run folder whose networks are shown (default: two of the lab's own)")  # fmt: skip
    add("--port", metavar="N", type=int, default=PORT,
        help=f"default: {PORT}; a taken one gives way to the next that is free")  # fmt: skip
    add("--data", metavar="SOURCE",
        help=f"{SOURCES} (default: what the run was trained on, else auto)")  # fmt: skip
    add("--export", metavar="DIR", type=Path,
        help="write a static copy for any file server into a new folder, and end")  # fmt: skip
    add("--no-browser", action="store_true", help="print the address, and open no browser")
    add("--quiet", action="store_true", help="show nothing but errors, and open no browser")


def _lab(options: argparse.Namespace) -> int:
    if not 1 <= options.port <= 65_535:
        raise ChainruleError(f"--port must lie from 1 to 65535, got {options.port}.")
    for module in ("starlette", "uvicorn", "PIL.Image"):
        extra(module, "lab")
    from chainrule.experiments.ready_made import READER
    from chainrule.lab import export, server
    from chainrule.lab.behind import training

    say = notice(options.quiet)
    if options.export is not None:
        export.check_folder(options.export)
        export.export(_opened(options), options.export)
        say(f"A static copy of the lab stands in {options.export}: put it on any file server.")
        return DONE
    server.check_event_loop()
    lab = _opened(options)
    listener = server.listen(options.port, say)

    def on_ready(address: str) -> None:
        if not options.quiet:
            print(f"The lab is at {address} (Ctrl-C ends it).", flush=True)
        if not (options.no_browser or options.quiet) and _has_screen():
            webbrowser.open(address)

    behind: AbstractContextManager[None] = nullcontext()
    if options.folder is None and READER.id not in lab.networks:
        say("The network to draw on is trained meanwhile; the page takes it when it is ready.")
        behind = training(READER, lab, say)
    with behind:
        server.serve(lab, listener, on_ready)
    return DONE


def _opened(options: argparse.Namespace) -> Lab:
    """Return data and networks, trained now where there are none yet."""
    from chainrule.experiments.ready_made import READER
    from chainrule.lab import networks

    say = notice(options.quiet)
    dataset = _dataset(options, say)
    networks.check_dataset(dataset)
    if options.folder is not None:
        found = networks.networks_of_run(options.folder, dataset, say)
    else:
        # A copy holds both; on the served page the one that takes a minute comes later.
        later = () if options.export is not None else (READER,)
        found = networks.networks_of_first_start(
            dataset, say, progress=not options.quiet, later=later
        )
    for network in found.values():
        say(f"{network.title}: {network.accuracy_words}")
    return networks.Lab(dataset, found)


def _dataset(options: argparse.Namespace, say: Callable[[str], None]) -> Dataset:
    """Return the images to show: those that the run's networks were trained on, unless told."""
    from chainrule.data.mnist import load_dataset
    from chainrule.experiments.run_folder import dataset_of_model
    from chainrule.reading.classifier import ImageClassifier

    models = [] if options.folder is None else sorted(options.folder.glob("models/*.npz"))
    if not models:
        return load_dataset(options.data or "auto", notice=say)
    return dataset_of_model(ImageClassifier.load(models[0]), options.data, say)


def _has_screen() -> bool:
    """Whether a browser would open a window, not take over the terminal."""
    has_windows = sys.platform in ("darwin", "win32")
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    return is_terminal(sys.stdout) and (has_windows or any(map(os.environ.get, displays)))
