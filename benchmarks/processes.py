"""Processes that are measured: a child that reads a job, or a whole command from the shell."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from benchmarks.memory import family, peak_megabytes
from benchmarks.threads import environment_of

LOOK_EVERY = 0.02  # seconds


class Failed(Exception):
    """A measurement that gave no number; its text says why."""


def run_child(job, seed, timeout):
    """Return what `benchmarks.child` measures for a job."""
    request = json.dumps(job.to_dict() | {"seed": seed})
    command = [sys.executable, "-m", "benchmarks.child"]
    text, _ = _run(command, environment_of(job.threads), timeout, request)
    return json.loads(text.splitlines()[-1])


def run_command(command, threads, timeout, watch_memory=False):
    """Return the seconds from start to end of a command, and the peak memory in MB of each process.

    Memory is looked at only where it is asked for, since looking takes time.
    """
    peaks = {}
    started = time.perf_counter()
    _run(command, environment_of(threads), timeout, peaks=peaks if watch_memory else None)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peaks": sorted(peaks.values(), reverse=True)}


def _run(command, environment, timeout, request="", peaks=None):
    """Run a command to its end; return its output and what it said on stderr."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=said,
            env=environment,
            text=True,
            start_new_session=True,  # so that its own children can be ended with it
        )
        try:
            with process.stdin as stdin:
                stdin.write(request)
            if peaks is None:
                process.wait(timeout)
            else:
                _watch(process, timeout, peaks)
        except subprocess.TimeoutExpired:
            raise Failed(f"not done within {timeout:.0f} s") from None
        except BrokenPipeError:
            process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        texts = [_text(file) for file in (out, said)]
    if process.returncode:
        lines = [line for line in texts[1].splitlines() if line.strip()]
        raise Failed(lines[-1] if lines else f"exit status {process.returncode}")
    return texts


def _watch(process, timeout, peaks):
    """Wait for the end, and keep the last high-water mark of each process of the family."""
    deadline = time.monotonic() + timeout
    while process.poll() is None:
        for member in family(process.pid):
            peak = peak_megabytes(member)
            if peak is not None:
                peaks[member] = peak
        if time.monotonic() > deadline:
            raise subprocess.TimeoutExpired(process.args, timeout)
        time.sleep(LOOK_EVERY)


def _text(file):
    file.seek(0)
    return file.read()
