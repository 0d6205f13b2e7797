"""What the commands share: exit statuses, options, and how they say things."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chainrule.terminal import tell

DONE, CHECK_SAID_NO, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
SOURCES = (
    "auto, cache, network, openml, sample, a folder of IDX files, an .npz file as Keras has it, or "
    "a folder of pictures, one subfolder a class"
)
DATA_HELP = f"{SOURCES} (default: auto, which takes the first that is there)"


def notice(quiet: bool) -> Callable[[str], None]:
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


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add --data, and how the pictures of a folder are scaled."""
    parser.add_argument("--data", metavar="SOURCE", default="auto", help=DATA_HELP)
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


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both are there, and one file: to write the first would replace the second."""
    return one.exists() and other.exists() and one.samefile(other)


def show(options: argparse.Namespace, result: Any, lines: Sequence[str]) -> None:
    """Print a result as --json and --quiet ask: as JSON, as lines, or not at all."""
    if options.json:
        print(json.dumps(result, indent=1, allow_nan=False))
    elif not options.quiet:
        print("\n".join(lines))
