"""Signals that end a training between two steps, so that nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Parent:
    """The process that a worker works for, and the file by which it asks the worker to stop."""

    pid: int
    asks: Path


class StopSignals:
    """While it is open, the first SIGINT or SIGTERM is noted; a second one ends at once.

    What `hearing` says of ignored signals and of threads holds here.

    Parameters
    ----------
    parent : Parent, optional
        In a worker: what it asks for counts as SIGTERM, and its death ends the worker.
    tell : callable, optional
        Called at the first signal.

    Attributes
    ----------
    number : int or None
        Of the signal that came.
    """

    def __init__(
        self, parent: Parent | None = None, *, tell: Callable[[], None] | None = None
    ) -> None:
        self.number: int | None = None
        self._parent, self._tell = parent, tell
        self._hearing = hearing(self._note, *NUMBERS)

    def __enter__(self) -> Self:
        self._hearing.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._hearing.__exit__(None, None, None)

    def heed_parent(self) -> None:
        """Hear whether the parent asks to stop; end at once if it has died.

        Another run may be writing then where it wrote.
        """
        if self._parent is None:
            return
        if self._parent.pid not in (os.getppid(), os.getpid()):
            os._exit(1)
        if self._parent.asks.exists():
            self.number = signal.SIGTERM

    def end(self) -> None:
        """End as the noted signal asks, if one has come.

        Raises
        ------
        KeyboardInterrupt
            For SIGINT.
        SystemExit
            For SIGTERM, with the status 143.
        """
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number is not None:
            raise SystemExit(128 + self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        is_second, self.number = self.number is not None, number
        if is_second:
            self.end()
        if self._tell is not None:
            self._tell()


@contextmanager
def hearing(handler: Callable[[int, FrameType | None], object], *numbers: int) -> Iterator[None]:
    """Let `handler` take signals.

    One that was ignored before stays ignored, and one that is not Python's stays whose it is. In
    a thread other than the main one, which gets no signals, nothing changes.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        heard = [n for n in numbers if signal.getsignal(n) not in (signal.SIG_IGN, None)]
        before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


@contextmanager
def held() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back: one that comes meanwhile is heard at the end.

    Processes that are started meanwhile never hear any, of those of the terminal either. On
    Windows nothing is held.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
