"""How Chainrule speaks: to streams of any encoding or none, and in commands that can be pasted."""

# ruff: noqa: RUF001  (these signs are the subject)

from __future__ import annotations

import codecs
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TypeAlias
from unicodedata import combining, east_asian_width

Say: TypeAlias = Callable[[str], None]  # takes what a user should know

PLAIN = "chainrule.plain"  # the way in which a stream takes what its encoding lacks
IN_ASCII = {"−": "-", "–": "-", "…": "...", "“": '"', "”": '"', "×": "x", "√": "sqrt"}
IN_ASCII |= {"²": "^2", "ᵀ": "^T", "ᵗ": "^t", "Σ": "sum", "β": "beta"}


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Say a sign in ASCII; a byte in a file's name that is no UTF-8 comes out as it is."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign, behind = error.object[error.start], error.start + 1
    if "\udc80" <= sign <= "\udcff":
        return bytes([ord(sign) & 0xFF]), behind
    return IN_ASCII.get(sign) or sign.encode("ascii", "backslashreplace").decode(), behind


codecs.register_error(PLAIN, _plain)


@contextmanager
def open_streams() -> Iterator[None]:
    """While it is open, stdout and stderr are there, and take every word and every name."""
    from pathlib import Path

    _fill_the_first_numbers()
    with ExitStack() as stack:
        for name, redirected in (("stdout", redirect_stdout), ("stderr", redirect_stderr)):
            stream: Any = getattr(sys, name)
            if stream is None or getattr(stream, "closed", False):  # pythonw, a service, ">&-"
                nowhere = Path(os.devnull).open("w", encoding="utf-8", errors=PLAIN)  # noqa: SIM115
                stack.enter_context(redirected(stack.enter_context(nowhere)))
            elif hasattr(stream, "reconfigure"):  # a notebook's stream takes everything
                _let_wait(stream, stack)
                stack.callback(_let_go, stream, stream.errors)
                stream.reconfigure(errors=PLAIN)
        yield


def _fill_the_first_numbers() -> None:
    """Open the null device in the place of a closed stdin, stdout or stderr.

    Else the next file, a model say, gets its number, and with it what a child or a library prints.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it takes the lowest number


def _let_wait(stream: Any, stack: ExitStack) -> None:
    """Let a stream wait until its reader takes more; some callers hand on one that does not."""
    with suppress(AttributeError, OSError, ValueError):  # no file is behind it
        number = stream.fileno()
        if not os.get_blocking(number):
            os.set_blocking(number, True)
            stack.callback(os.set_blocking, number, False)


def _let_go(stream: Any, errors: str) -> None:
    """Write what is left, and let the stream take words as before."""
    with suppress(ValueError):  # somebody has closed it
        try:
            stream.reconfigure(errors=errors)
        except OSError:  # the reader has gone, or the disk is full: Python would try again
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal; it may be None, closed, or able to write and no more."""
    with suppress(AttributeError, ValueError):
        return bool(stream.isatty())
    return False


def tell(message: object) -> None:
    """Print what is no result on stderr; where nobody hears it, work goes on."""
    if sys.stderr is not None:  # print would take stdout
        with suppress(OSError, ValueError):
            print(message, file=sys.stderr)


def sayable(words: str) -> str:
    """Return words as stdout can take them."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return words.encode(encoding, PLAIN).decode(encoding, "replace")


def columns_of(words: str) -> int:
    """Return how many columns of a terminal words take: Chinese letters have two, accents none."""
    return sum(
        0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in words
    )


def padded(words: str, columns: int) -> str:
    """Return words with blanks behind them, up to this number of columns."""
    return words + " " * (columns - columns_of(words))


def command(*words: object) -> str:
    """Return a command of this programme, called as it was called now, to be pasted.

    A path-like object among the words is never taken for an option.
    """
    return pasted(*_programme(), *words)


def pasted(*words: object) -> str:
    """Return words as a line for the shell, each of them quoted where it must be."""
    texts = [_of_path(word) if isinstance(word, os.PathLike) else str(word) for word in words]
    if os.name == "nt":
        from subprocess import list2cmdline

        return list2cmdline(texts)
    return " ".join(map(_quoted, texts))


def _of_path(path: os.PathLike[str]) -> str:
    text = os.fspath(path)
    return f".{os.sep}{text}" if text.startswith("-") else text


def _quoted(word: str) -> str:
    if not any("\ud800" <= letter <= "\udfff" for letter in word):
        return shlex.quote(word)
    as_they_are = {*range(32, 127)} - {*b"'\\"}
    letters = (chr(b) if b in as_they_are else f"\\{b:03o}" for b in word.encode("utf-8", PLAIN))
    return f"$'{''.join(letters)}'"  # so bash, zsh and the POSIX of 2024 read any byte


def _programme() -> list[str]:
    """Return the words by which this programme was called."""
    from pathlib import Path
    from shutil import which

    called = Path(sys.argv[0])
    if called == Path(__file__).with_name("__main__.py"):
        return sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]  # python -m chainrule
    if called.stem != "chainrule" or which("chainrule") == sys.argv[0]:
        return ["chainrule"]
    return [sys.argv[0]]
