"""Signals that end a training between two steps, so that nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """While it is open, the first SIGINT or SIGTERM is noted; a second one ends at once.

    A signal that was ignored before stays ignored. In a thread other than the main one, which
    gets no signals, it does nothing.

    Parameters
    ----------
    parent : int, optional
        The process that this one works for. Then a second signal does nothing, for a signal to
        all of a terminal's processes reaches it twice, and the parent's death ends it.

    Attributes
    ----------
    number : int or None
        Of the signal that came.
    """

    def __init__(self, parent: int | None = None) -> None:
        self.number: int | None = None
        self._parent = parent
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = _handle(self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _restore(self._before)

    def check_parent(self) -> None:
        """End at once if the parent has died: another run may be writing where it wrote."""
        if self._parent is not None and os.getppid() != self._parent:
            os._exit(1)

    def end(self) -> None:
        """End as the noted signal asks, if one has come.

        Raises
        ------
        KeyboardInterrupt
            For SIGINT.
        SystemExit
            For SIGTERM, with the status 143.
        """
        if self.number is not None:
            raise _ending(self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        is_second, self.number = self.number is not None, number
        if is_second and self._parent is None:
            self.end()


@contextmanager
def handled(finish: Callable[[], None]) -> Iterator[None]:
    """While it is open, call `finish` on the first SIGINT or SIGTERM, then end as it asks.

    A second signal ends `finish` at once.
    """
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) == 1:
            finish()
        raise _ending(number)

    before = _handle(end)
    try:
        yield
    finally:
        _restore(before)


def _handle(handler: Callable[[int, FrameType | None], None]) -> dict[int, Any]:
    """Let `handler` take the signals that are not ignored; return what took them before."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    taken = [n for n in NUMBERS if signal.getsignal(n) is not signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in taken}


def _restore(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)


def _ending(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
