"""The peak memory of processes, from Linux's own high-water marks."""

import resource
import sys
from pathlib import Path

PROC = Path("/proc")
MEGABYTE = 1e6


def peak_megabytes(process="self"):
    """Return the most memory that a process has had resident, in MB of 10⁶ bytes; None if gone.

    Linux's VmHWM belongs to the program that runs now; `getrusage` would also count what its
    parent held before the program was started.
    """
    try:
        for line in (PROC / str(process) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / MEGABYTE
    except OSError:
        pass
    if process == "self":
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE
    return None


def family(process):
    """Return the numbers of a process and of all that it has started, where /proc tells."""
    found = [process]
    for parent in found:  # grows while it is read
        for tasks in (PROC / str(parent)).glob("task/*/children"):
            try:
                found += [int(word) for word in tasks.read_text().split()]
            except OSError:
                continue
    return found
