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
from typing import Any, Self

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Parent:
    """The process that a worker works for, and the file by which it asks the worker to stop."""

    pid: int
    asks: Path


class StopSignals:
    """While it is open, the first SIGINT or SIGTERM is noted; a second one ends at once.

    A signal that was ignored before stays ignored. In a thread other than the main one, which
    gets no signals, it does nothing.

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
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            heard = [n for n in NUMBERS if signal.getsignal(n) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def heed_parent(self) -> None:
        """Hear whether the parent asks to stop; end at once if it has died.

        Another run may be writing then where it wrote.
        """
        if self._parent is None:
            return
        if os.getppid() != self._parent.pid:
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
