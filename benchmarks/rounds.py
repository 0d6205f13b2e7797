"""Rounds: every job once, in turn, then again, so that the machine's moods fall on all alike."""

import json
import statistics
import tempfile
import time
from itertools import groupby
from pathlib import Path

from benchmarks.processes import Failed, run_child, run_command
from benchmarks.quality import MARKS


def rotated(jobs, places):
    """Return the jobs in the same circle, begun so many places later."""
    places %= len(jobs)
    return jobs[places:] + jobs[:places]


def measure_rounds(jobs, repeats, timeout, say, measure=None):
    """Measure the jobs of a row in rounds; yield a record for each measurement.

    Within a case the peers follow each other, each round beginning with another; the seed is the
    number of the round. A job that fails is not tried again: its record has "failed", the reason.

    Parameters
    ----------
    jobs : list of Job
    repeats : int
    timeout : float
        Seconds that a measurement may take.
    say : callable
        Takes a line of progress.
    measure : callable, optional
        ``measure(job, seed, timeout)`` returns a dict with "value": the seam for tests.
    """
    measure = measure or measure_job
    failed = set()
    for repeat in range(repeats):
        for _, group in groupby(jobs, key=lambda job: job.case):
            for job in rotated(list(group), repeat):
                if job.key in failed:
                    continue
                record = dict(zip(("row", "case", "peer", "threads"), job.key, strict=True))
                record |= {"unit": job.unit, "seed": repeat, "work": job.work}
                try:
                    record |= measure(job, repeat, timeout)
                    heard = f"{record['value']:.4g} {job.unit}"
                except Failed as error:
                    failed.add(job.key)
                    record["failed"] = str(error)
                    heard = f"failed: {error}"
                say(f"round {repeat + 1} of {repeats}  {job.name}  {heard}")
                yield record


def measure_job(job, seed, timeout):
    """Return what one measurement of a job gives."""
    if job.measure != "command":
        return run_child(job, seed, timeout)
    with tempfile.TemporaryDirectory(prefix="chainrule-benchmark-") as folder:
        out = Path(folder) / "out"
        places = {"SEED": str(seed), "OUT": str(out), "STARTED": str(time.monotonic())}
        command = [places.get(word, word) for word in job.settings["command"]]
        result = run_command(command, job.threads, timeout, watch_memory=job.unit == "MB")
        if job.unit == "MB" and not result["peaks"]:
            raise Failed("no /proc on this system to read peak memory from")
        result["value"] = result["peaks"][0] if job.unit == "MB" else result["seconds"]
        metrics = out / "metrics.json"
        facts = json.loads(metrics.read_text()) if metrics.exists() else {}
        if "runs" in facts:
            result["accuracy"] = statistics.fmean(run["test_accuracy"] for run in facts["runs"])
        if "seconds_to" in facts:
            first, later = (facts["seconds_to"].get(f"{mark:.1%}") for mark in MARKS)
            if first is None:
                raise Failed(f"{max(facts['val_accuracies']):.2%} of the validation images at most")
            result |= {"value": first, "later_seconds": later}
        return result
