"""What a child process does: train, predict, or look where a step's time goes."""

import gc
import statistics
import time

import numpy as np

from benchmarks.memory import peak_megabytes
from benchmarks.peers import PEERS, peer_class
from benchmarks.profile import profile_step
from benchmarks.work import Work, load_arrays

SECONDS_OF_CALLS = 1.0  # a latency is the median of as many calls as fit into this
MOST_CALLS, FEWEST_CALLS = 5_000, 5


def work_of(job):
    """Return the work that a job describes."""
    settings = job["settings"]
    arrays = load_arrays(settings["arrays"])
    names = ("optimizer", "learning_rate", "batch_size", "epochs")
    hidden = settings["hidden"]
    return Work(
        **arrays,
        **{name: settings[name] for name in names},
        sizes=[arrays["X_train"].shape[1], *hidden, int(arrays["y_train"].max()) + 1],
        seed=job["seed"],
        threads=job["threads"],
    )


def _peer_of(job, work):
    return peer_class(job["peer"])(work, **PEERS[job["peer"]].options)


def measure_training(job):
    """Train; return seconds, accuracy, cores kept busy, time to prepare, and peak memory."""
    work = work_of(job)
    peer = _peer_of(job, work)
    prepared, _ = _timed(peer.prepare)
    gc.collect()
    cpu_started, started = time.process_time(), time.perf_counter()
    seconds = peer.train()
    cores = (time.process_time() - cpu_started) / (time.perf_counter() - started)
    peak = peak_megabytes()  # before the test images go through
    result = {"seconds": seconds, "prepare_seconds": prepared, "cores": cores, "peak_mb": peak}
    result["value"] = result[job["settings"].get("value", "seconds")]
    if hasattr(peer, "predict"):
        result["accuracy"] = float(np.mean(peer.predict(work.X_test) == work.y_test))
    return result


def measure_prediction(job):
    """Predict the first `images` of the test images again and again; return the median time."""
    work = work_of(job)
    peer = _peer_of(job, work)
    X = work.X_test[: job["settings"]["images"]].copy()
    predict = peer.predictor(X)
    _times(predict, SECONDS_OF_CALLS / 2)  # to warm up
    gc.collect()
    calls = _times(predict, SECONDS_OF_CALLS)
    scale = {"µs": 1e6, "ms": 1e3}[job["unit"]]
    result = {"value": scale * statistics.median(calls), "least": scale * min(calls)}
    return result | {"calls": len(calls), "peak_mb": peak_megabytes()}


def _times(call, seconds):
    """Return the time of each of as many calls as fit into so many seconds."""
    calls, end = [], time.perf_counter() + seconds
    while len(calls) < FEWEST_CALLS or (len(calls) < MOST_CALLS and time.perf_counter() < end):
        calls.append(_timed(call)[0])
    return calls


def measure_operations(job):
    """Return the time of each operation of Chainrule's step, and that of a whole step."""
    operations, step = profile_step(work_of(job))
    return {"value": step, "operations": operations}


def _timed(call):
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


MEASURES = {
    "train": measure_training,
    "predict": measure_prediction,
    "profile": measure_operations,
}
