"""What the tests ask of programmes that were started, stopped or killed."""

import json
import time
from pathlib import Path


def ended(process):
    """Wait for the end; return status and what was said on stderr."""
    _, errors = process.communicate(timeout=600)
    return process.returncode, errors


def the_run(folder):
    """Return the entry of the one run in a run folder's metrics.json."""
    (run,) = json.loads((Path(folder) / "metrics.json").read_text())["runs"]
    return run


def facts(run):
    """Return what must be the same to the bit: all but the seconds."""
    history = {key: values for key, values in run["history"].items() if key != "seconds"}
    return {**run, "history": history, "train_seconds": None}


def results(folder):
    """Return the facts of every run in a run folder."""
    runs = json.loads((Path(folder) / "metrics.json").read_text())["runs"]
    return [facts(run) for run in runs]


def members(session):
    """Return the processes of a session that are alive."""
    alive = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            alive.append(int(path.name))
    return alive


def nobody_left(session):
    """Wait for the last process of a session; return whether all have gone in ten seconds."""
    deadline = time.monotonic() + 10
    while members(session) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not members(session)
