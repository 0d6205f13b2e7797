"""Progress of lanes that run in other processes: a bar a lane, or plain lines."""

from __future__ import annotations

import math
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
from chainrule.terminal import is_terminal, tell

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# Lane, epochs done, loss and validation accuracy; None is the end.
Events: TypeAlias = "SimpleQueue[tuple[str, int, float, float] | None]"


@contextmanager
def shown_progress(
    lanes: Sequence[str], epochs: int, wanted: bool, in_processes: bool = False
) -> Iterator[Report | None]:
    """Yield a `Report`, to be shown on stderr, or None if not wanted; lanes call it.

    Lanes `in_processes` of their own are heard through a socket, others need none.
    """
    if not (wanted and lanes):
        yield None
        return
    events: Events = SimpleQueue()
    can_move = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
    show = _bars if can_move else _lines
    shower = Thread(target=show, args=(events, lanes, epochs), daemon=True)
    shower.start()
    try:
        if in_processes:
            with _heard(events) as sender:
                yield sender
        else:
            yield lambda *event: events.put(event)
    finally:
        events.put(None)
        shower.join()


@contextmanager
def _heard(events: Events) -> Iterator[_Sender]:
    """Yield what any process may call, to put an event into the queue."""
    key = os.urandom(16)
    try:
        listener = Listener(authkey=key)
    except OSError:  # the name of the temporary folder is too long for that of a socket
        listener = Listener(("127.0.0.1", 0), authkey=key)
    with listener:
        Thread(target=_accept, args=(listener, events), daemon=True).start()
        yield _Sender(listener.address, key)


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
        validation = "" if math.isnan(accuracy) else f", validation {accuracy:.2%}"
        bars[lane].set_postfix_str(f"loss {loss:.4f}{validation}", refresh=False)
        bars[lane].update(epochs_done - bars[lane].n)
    for bar in bars.values():
        bar.close()


def _lines(events: Events, lanes: Sequence[str], epochs: int) -> None:
    for lane, epochs_done, loss, accuracy in iter(events.get, None):
        validation = "" if math.isnan(accuracy) else f"  validation accuracy {accuracy:.2%}"
        tell(f"{lane}  epoch {epochs_done}/{epochs}  loss {loss:.4f}{validation}")
