"""The command ``chainrule``: each command has a file that parses, calls and prints."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import numpy as np

from chainrule import __version__
from chainrule.checks import ChainruleError
from chainrule.cli import (
    check,
    compare,
    data,
    evaluate,
    export,
    lab,
    lesson,
    predict,
    resume,
    train,
)
from chainrule.cli.shared import DONE, INTERRUPTED, WRONG_INPUT, complain
from chainrule.experiments.stopping import hearing
from chainrule.terminal import open_streams

__all__ = ["COMMANDS", "main"]

COMMANDS = (compare, train, resume, evaluate, predict, export, check, lesson, lab, data)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status.

    0 done, 1 the check said no, 2 wrong input or use, 130 and 143 on signals.
    """
    with (
        open_streams(),
        hearing(_terminate, signal.SIGTERM),
        np.errstate(all="warn", under="ignore"),  # NumPy's own way, whatever a caller has set
    ):
        try:
            options = _parsed(arguments)
            status: int = options.run(options)
            with suppress(AttributeError):  # a caller's own stream may be able to write alone
                sys.stdout.flush()
            return status
        except ChainruleError as error:
            return _fail(str(error))
        except BrokenPipeError:  # the reader of stdout has gone, as in "chainrule ... | head"
            return DONE
        except OSError as error:
            return _fail(f"{error.filename or 'A file'}: {error.strerror or error}.")
        except KeyboardInterrupt:
            return INTERRUPTED


def _fail(sentence: str) -> int:
    complain(sentence)
    return WRONG_INPUT


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, left = parser.parse_known_args(arguments)
    if hasattr(options, "paths") and not any(one.startswith("-") for one in left):
        options.paths += map(Path, left)  # argparse leaves what stands behind an option among them
    elif left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chainrule",
        description="A neural network written from scratch in NumPy: train it, watch it, trust it.",
    )
    parser.add_argument("--version", action="version", version=f"chainrule {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser
