"""Where lanes run: in processes of this machine, or on a Dask cluster; the bits are the same."""

from __future__ import annotations

import math
import multiprocessing.resource_tracker
import os
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.compiled import compiles, is_worth_it
from chainrule.data.split import Split
from chainrule.experiments.lanes import Result, run_lane
from chainrule.experiments.progress import shown_progress
from chainrule.experiments.settings import TRAIN_SIZE, Lane, Settings
from chainrule.experiments.stopping import Parent, StopSignals, held
from chainrule.optimizers import Optimizer
from chainrule.terminal import pasted

SECONDS_TO_CONNECT = 3


@contextmanager
def started_ahead(settings: Settings, jobs: int | None) -> Iterator[None]:
    """Start the processes of the lanes before the block, which reads the images and runs them.

    They load what lanes need, and compile the rules that will be worth it, if the images are as
    many and as large as MNIST's. Whether they do changes no result.

    Parameters
    ----------
    settings : Settings
    jobs : int, optional
        As in `run_in_processes`.
    """
    lanes = settings.lanes
    at_once = _processes(jobs, settings.threads, len(lanes))
    if at_once == 1:
        yield
        return
    joblib, sizes = checks.extra("joblib"), (784, *settings.hidden, 10)
    parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    images = settings.train_size or TRAIN_SIZE
    worth = {}
    for lane in lanes:
        optimizer = lane.make_optimizer(lane.learning_rate)
        steps = settings.epochs * math.ceil(images / lane.batch_size)
        if is_worth_it(type(optimizer), parameters, steps):
            worth[lane.optimizer] = optimizer
    parallel = joblib.Parallel(n_jobs=at_once, return_as="generator_unordered")
    get_ready = joblib.delayed(_get_ready)
    ready: Any = ()
    try:
        with _starting():  # held before a signal is heard: joblib warns of results that nobody has
            ready = parallel([get_ready([*worth.values()])] * at_once)
        yield
    except (KeyboardInterrupt, SystemExit):
        _kill_workers()
        raise
    finally:  # after an error too: to kill workers while they answer is not quiet
        with suppress(Exception):  # of workers that were killed
            for _ in ready:
                pass


def _get_ready(optimizers: Sequence[Optimizer]) -> None:
    """Compile rules, in a worker that has loaded this file and so all that lanes need."""
    for optimizer in optimizers:
        compiles(optimizer, np.dtype(np.float32))


def run_in_processes(
    lanes: Sequence[Lane],
    split: Split,
    jobs: int | None,
    progress: bool,
    **settings: Any,
) -> Generator[Result]:
    """Run lanes in parallel processes; yield each result as it comes.

    Parameters
    ----------
    lanes : sequence of Lane
    split : Split
        Shared by all processes through a memory map.
    jobs : int, optional
        Lanes at once; by default as many as the cores allow.
    progress : bool
        Show on stderr how far each lane is.
    **settings
        Of `run_lane`, the same for all.
    """
    at_once = _processes(jobs, settings["threads"], len(lanes))
    names, in_processes = [lane.name for lane in lanes], at_once > 1
    with shown_progress(names, settings["epochs"], progress, in_processes) as report:
        settings["report"] = report
        if not in_processes:
            yield from (run_lane(lane, split, **settings) for lane in lanes)
        else:
            yield from _in_workers(at_once, lanes, split, settings)


def _processes(jobs: int | None, threads: int, lanes: int) -> int:
    """Return how many lanes to run at once: 1, in this very process, where joblib starts no other.

    So it is in a daemon, without semaphores (no /dev/shm), where JOBLIB_MULTIPROCESSING is 0, and
    where a caller has chosen another backend, such as threads.
    """
    with warnings.catch_warnings():  # what they announce is what is wanted
        warnings.simplefilter("ignore")
        joblib, parallel = checks.extra("joblib"), checks.extra("joblib.parallel")
        at_once = max(1, min(jobs or joblib.cpu_count() // threads, lanes))
        backend, _ = parallel.get_active_backend()
        if not isinstance(backend, parallel.LokyBackend):
            return 1
        return int(joblib.effective_n_jobs(at_once))


def _in_workers(
    at_once: int, lanes: Sequence[Lane], split: Split, settings: dict[str, Any]
) -> Iterator[Result]:
    """Run lanes in workers, which a file asks to stop; an error or a signal kills them."""
    import joblib

    parallel = joblib.Parallel(n_jobs=at_once, return_as="generator_unordered")
    with TemporaryDirectory(prefix="chainrule-") as folder:
        parent = Parent(os.getpid(), Path(folder) / "stop")
        run = joblib.delayed(_run_in_worker)
        calls = (run(lane, split, parent, **settings) for lane in lanes)
        with StopSignals(tell=parent.asks.touch) as stop:
            try:
                with _starting():
                    results = parallel(calls)
                yield from (result for result in results if result is not None)
                stop.end()
            except BaseException:
                _kill_workers()
                stop.end()  # by whatever a worker that was killed as well has ended
                raise


def _kill_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    executor = get_reusable_executor(reuse=True)
    with suppress(Empty):  # else loky's thread looks up calls that it has thrown away, and fails
        while True:
            executor._work_ids.get_nowait()
    executor.shutdown(kill_workers=True)


@contextmanager
def _starting() -> Iterator[None]:
    """Let workers that start have no ear for signals; one that comes is heard at the end."""
    from joblib.externals.loky.backend import resource_tracker

    for tracker in (resource_tracker, multiprocessing.resource_tracker):
        tracker.ensure_running()  # else it starts among the workers, and lets go of the signals
    with held():
        yield


def _run_in_worker(lane: Lane, split: Split, parent: Parent, **settings: Any) -> Result | None:
    """Return the result of a lane; None if it was stopped, and is kept, or not begun any more.

    A worker that ended itself would let joblib kill the others, while they keep their lanes.
    """
    try:
        return None if parent.asks.exists() else run_lane(lane, split, parent=parent, **settings)
    except SystemExit:
        return None


def run_on_dask(
    lanes: Sequence[Lane], split: Split, scheduler: str, **settings: Any
) -> Generator[Result]:
    """Run lanes on the workers of a Dask scheduler; yield each result as it comes.

    A lane whose worker dies is run again on another one: it gives the same bits.

    Parameters
    ----------
    lanes : sequence of Lane
    split : Split
        Sent to every worker once.
    scheduler : str
        Its address, such as ``tcp://127.0.0.1:8786``.
    **settings
        Of `run_lane`, the same for all.

    Raises
    ------
    ChainruleError
        If the scheduler does not answer or has no worker.
    """
    distributed = checks.extra("distributed", "dask")
    with _client(distributed.Client, scheduler) as client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise ChainruleError(
                f"The Dask scheduler at {scheduler} has no worker: start one with "
                f"{pasted('dask', 'worker', scheduler)}."
            )
        data = client.scatter(split, broadcast=True)
        futures = [client.submit(_run_on_worker, lane, data, settings) for lane in lanes]
        for future in distributed.as_completed(futures):
            yield future.result()


def _client(connect: Callable[..., Any], scheduler: str) -> Any:
    from urllib.parse import urlsplit

    try:
        place = urlsplit(scheduler if "://" in scheduler else f"tcp://{scheduler}")
        if not (place.hostname and place.port):
            raise ValueError("an address has a host and a port")
        return connect(scheduler, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise ChainruleError(
            f"No Dask scheduler answers at {scheduler!r}: start one with 'dask scheduler', and "
            "give the address that it prints, such as tcp://127.0.0.1:8786."
        ) from error


def _run_on_worker(lane: Lane, split: Split, settings: dict[str, Any]) -> Result:
    # A worker may run several lanes in threads of one process. The number of BLAS threads belongs
    # to the process: set for good, it cannot be put back by one lane under the feet of another.
    checks.extra("threadpoolctl").threadpool_limits(settings["threads"])
    return run_lane(lane, split, **settings)
