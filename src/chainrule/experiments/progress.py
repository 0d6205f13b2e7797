"""Progress of lanes that run in other processes: a bar a lane, or plain lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias

from chainrule.experiments.lanes import Report

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# Lane, epochs done, loss and validation accuracy; None is the end.
Events: TypeAlias = "SimpleQueue[tuple[str, int, float, float] | None]"


@contextmanager
def shown_progress(lanes: Sequence[str], epochs: int, wanted: bool) -> Iterator[Report | None]:
    """Yield a `Report` that any process may call, to be shown on stderr; None if not wanted."""
    if not (wanted and lanes):
        yield None
        return
    events: Events = SimpleQueue()
    show = _bars if sys.stderr.isatty() else _lines
    shower = Thread(target=show, args=(events, lanes, epochs), daemon=True)
    key = os.urandom(16)
    with Listener(authkey=key) as listener:
        Thread(target=_accept, args=(listener, events), daemon=True).start()
        shower.start()
        try:
            yield _Sender(listener.address, key)
        finally:
            events.put(None)
            shower.join()


class _Sender:
    """What the lanes hold; unlike a function in a function it pickles, and connects when used."""

    def __init__(self, address: Any, key: bytes) -> None:
        self.address, self.key = address, key
        self._connection: Connection[Any, Any] | None = None

    def __call__(self, lane: str, epochs_done: int, loss: float, accuracy: float) -> None:
        with suppress(OSError, EOFError):  # nobody looks on any more
            if self._connection is None:
                self._connection = Client(self.address, authkey=self.key)
            self._connection.send((lane, epochs_done, loss, accuracy))
            self._connection.recv()  # so that what was reported is shown before the end

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_connection": None}


def _accept(listener: Listener, events: Events) -> None:
    """Let every lane that connects be read by a thread of its own, until the listener closes."""
    while True:
        try:
            connection = listener.accept()
        except AuthenticationError:
            continue
        except (OSError, EOFError):
            return
        Thread(target=_receive, args=(connection, events), daemon=True).start()


def _receive(connection: Connection[Any, Any], events: Events) -> None:
    with suppress(OSError, EOFError), connection:
        while True:
            events.put(connection.recv())
            connection.send(None)


def _bars(events: Events, lanes: Sequence[str], epochs: int) -> None:
    from tqdm import tqdm

    width = max(map(len, lanes))
    bars = {
        lane: tqdm(total=epochs, desc=f"{lane:<{width}}", position=i, unit="epoch")
        for i, lane in enumerate(lanes)
    }
    for lane, epochs_done, loss, accuracy in iter(events.get, None):
        bars[lane].set_postfix_str(f"loss {loss:.4f}, validation {accuracy:.2%}", refresh=False)
        bars[lane].update(epochs_done - bars[lane].n)
    for bar in bars.values():
        bar.close()


def _lines(events: Events, lanes: Sequence[str], epochs: int) -> None:
    for lane, epochs_done, loss, accuracy in iter(events.get, None):
        print(
            f"{lane}  epoch {epochs_done}/{epochs}  loss {loss:.4f}  "
            f"validation accuracy {accuracy:.2%}",
            file=sys.stderr,
            flush=True,
        )
