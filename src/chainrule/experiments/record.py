"""The record of a run: one line of JSON for each thing that happened, only ever added to."""

from __future__ import annotations

import errno
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from chainrule import checks
from chainrule.experiments.metrics import as_json
from chainrule.training import KEYS, History

RECORD, TENSORBOARD = "record.jsonl", "tensorboard"


def add_to_record(folder: Path, event: str, **details: Any) -> None:
    """Add a line to the record of a run folder, as one write, so that lanes cannot mix theirs.

    A last line that was torn, by a crash or a full disk, stays as it is, on a line of its own.

    Parameters
    ----------
    folder : Path
    event : str
        What happened: started, epoch, checkpoint, stopped, resumed, diverged or finished.
    **details
        JSON; numbers that are not finite become null.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    line = json.dumps({"time": now, "event": event, **as_json(details)})
    path = folder / RECORD
    with path.open("a+b", buffering=0) as file:
        content = f"{line}\n".encode()
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            content = content if file.read(1) == b"\n" else b"\n" + content
        try:
            written = file.write(content)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        if written < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def read_record(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a run folder's record; torn ones are left out.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of dict
        Empty if there is no record.
    """
    path = folder / RECORD
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    entries = []
    for line in lines:
        with suppress(ValueError):
            entries.append(json.loads(line))
    return [entry for entry in entries if isinstance(entry, dict)]


class TensorBoard:
    """The curves of one lane as TensorBoard reads them (extra ``[logs]``).

    Parameters
    ----------
    folder : Path
        Of the run; the events go to ``tensorboard/<lane>`` in it.
    lane : str
    first_epoch : int
        What an earlier run of the lane wrote from this epoch on is hidden.
    """

    def __init__(self, folder: Path, lane: str, first_epoch: int) -> None:
        writer = checks.extra("tensorboardX", "logs").SummaryWriter
        self.writer = writer(str(folder / TENSORBOARD / lane), purge_step=first_epoch + 1)

    def add(self, epoch: int, history: History) -> None:
        """Write what the history says of its last epoch; TensorBoard counts from 1."""
        for key in KEYS:
            self.writer.add_scalar(key, history[key][-1], epoch + 1)
        self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        self.writer.close()
