"""The command ``chainrule``: each command has a file that parses, calls and prints."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

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

__all__ = ["COMMANDS", "main"]

COMMANDS = (compare, train, resume, evaluate, predict, export, check, lesson, lab, data)


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
    complain(sentence)
    return WRONG_INPUT


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


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
