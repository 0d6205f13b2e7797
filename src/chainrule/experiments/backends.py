"""Where lanes run: in processes of this machine, or on a Dask cluster; the bits are the same."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.data.split import Split
from chainrule.experiments.lanes import Lane, Report, Result, run_lane
from chainrule.experiments.stopping import handled

SECONDS_TO_CONNECT = 3
SECONDS_TO_KEEP = 30  # of a slow disk; a second signal does not wait


def run_in_processes(
    lanes: Sequence[Lane],
    split: Split,
    jobs: int | None,
    report: Report | None,
    **settings: Any,
) -> Iterator[Result]:
    """Run lanes in parallel processes; yield each result as it comes.

    Parameters
    ----------
    lanes : sequence of Lane
    split : Split
        Shared by all processes through a memory map.
    jobs : int, optional
        Lanes at once; by default as many as the cores allow.
    report : callable, optional
        Told after each epoch.
    **settings
        Of `run_lane`, the same for all.
    """
    joblib = checks.extra("joblib")
    at_once = jobs or max(1, joblib.cpu_count() // settings["threads"])
    at_once = max(1, min(at_once, len(lanes)))
    settings["report"] = report
    if at_once > 1:
        settings["parent"] = os.getpid()
    run = run_lane if at_once == 1 else _run_in_worker
    calls = (joblib.delayed(run)(lane, split, **settings) for lane in lanes)
    with _interrupts_ignored():
        results = joblib.Parallel(n_jobs=at_once, return_as="generator_unordered")(calls)
    if at_once == 1:
        yield from results
        return
    try:
        with handled(_keep_lanes):  # at the next step; joblib would kill them where they are
            yield from results
    except BaseException:
        _kill_workers()
        raise


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start processes that a Ctrl-C in the terminal, which goes to all, leaves to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _run_in_worker(lane: Lane, split: Split, **settings: Any) -> Result:
    try:
        return run_lane(lane, split, **settings)
    except SystemExit:
        os._exit(0)  # the lane is kept; joblib's worker would begin the next one


def _keep_lanes() -> None:
    """Let every worker keep its lane and end; give up after some seconds."""
    from joblib.externals.loky import get_reusable_executor

    workers = list(get_reusable_executor(reuse=True)._processes.values())
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + SECONDS_TO_KEEP
    while any(worker.is_alive() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.01)


def _kill_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor(reuse=True).shutdown(kill_workers=True)


def run_on_dask(
    lanes: Sequence[Lane], split: Split, scheduler: str, **settings: Any
) -> Iterator[Result]:
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
                f"'dask worker {scheduler}'."
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
