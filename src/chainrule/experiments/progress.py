"""Progress of lanes that run in other processes: a bar a lane, or plain lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import Manager
from threading import Thread
from typing import Any

from chainrule.experiments.lanes import Report


@contextmanager
def shown_progress(lanes: Sequence[str], epochs: int) -> Iterator[Report]:
    """Yield a `Report` that any process may call; what it reports is shown on stderr."""
    show = _bars if sys.stderr.isatty() else _lines
    with Manager() as manager:
        events = manager.Queue()
        thread = Thread(target=show, args=(events, lanes, epochs), daemon=True)
        thread.start()
        try:
            yield _Sender(events)
        finally:
            with suppress(OSError, EOFError):  # a signal to all processes ends the manager too
                events.put(None)
            thread.join()


class _Sender:
    """The end of the queue that the lanes hold; unlike a function in a function it pickles."""

    def __init__(self, events: Any) -> None:
        self.events = events

    def __call__(self, lane: str, epochs_done: int, loss: float, accuracy: float) -> None:
        self.events.put((lane, epochs_done, loss, accuracy))


def _until_closed(events: Any) -> Iterator[tuple[str, int, float, float]]:
    with suppress(OSError, EOFError):
        yield from iter(events.get, None)


def _bars(events: Any, lanes: Sequence[str], epochs: int) -> None:
    from tqdm import tqdm

    width = max(map(len, lanes))
    bars = {
        lane: tqdm(total=epochs, desc=f"{lane:<{width}}", position=i, unit="epoch")
        for i, lane in enumerate(lanes)
    }
    for lane, epochs_done, loss, accuracy in _until_closed(events):
        bars[lane].set_postfix_str(f"loss {loss:.4f}, validation {accuracy:.2%}", refresh=False)
        bars[lane].update(epochs_done - bars[lane].n)
    for bar in bars.values():
        bar.close()


def _lines(events: Any, lanes: Sequence[str], epochs: int) -> None:
    for lane, epochs_done, loss, accuracy in _until_closed(events):
        print(
            f"{lane}  epoch {epochs_done}/{epochs}  loss {loss:.4f}  "
            f"validation accuracy {accuracy:.2%}",
            file=sys.stderr,
            flush=True,
        )
