"""Lanes on a real Dask scheduler with two real worker processes, one of them killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from chainrule.checks import ChainruleError
from chainrule.experiments.compare import compare
from chainrule.experiments.settings import Settings

pytest.importorskip("distributed", reason="the extra [dask] is not installed")


@pytest.fixture
def settings(mnist_folder):
    return Settings(
        data=str(mnist_folder),
        learning_rates={"adam": [0.0005], "sgd": [0.05]},
        batch_sizes=[64],
        seeds=[0, 1, 2],
        hidden=[64],
        epochs=6,
        train_size=3000,
        split_seed=0,
        threads=1,
    )


@pytest.fixture
def dask(tmp_path):
    """Return a function that starts a part of a cluster; all parts end with the test."""
    parts = []

    def start(part, *arguments):
        command = [sys.executable, "-m", "dask", part, *arguments]
        with (tmp_path / f"{part}-{len(parts)}.log").open("w") as log:
            parts.append(subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log))
        return parts[-1]

    yield start
    for part in parts:
        part.kill()
        part.wait()


@pytest.fixture
def scheduler(dask, tmp_path):
    """Start a scheduler on loopback; return its address."""
    file = tmp_path / "scheduler.json"
    place = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
    dask("scheduler", *place, "--scheduler-file", str(file))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if file.exists() and file.read_text():
            return json.loads(file.read_text())["address"]
        time.sleep(0.05)
    raise AssertionError("the scheduler did not start")


@pytest.fixture
def workers(dask, scheduler, tmp_path):
    options = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--host", "127.0.0.1")
    return [
        dask("worker", scheduler, *options, "--local-directory", str(tmp_path / name))
        for name in ("one", "two")
    ]


def checksums(run):
    return {record["lane"]: record["parameters_sha256"] for record in run.metrics["runs"]}


@pytest.mark.long
def test_a_killed_worker_loses_nothing_and_changes_no_bit(settings, scheduler, workers, tmp_path):
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=30)
    metrics = tmp_path / "cluster" / "metrics.json"
    killed = []

    def kill_one_in_the_middle():
        while not (metrics.exists() and json.loads(metrics.read_text())["runs"]):
            time.sleep(0.01)
        os.kill(workers[0].pid, signal.SIGKILL)
        killed.append(len(json.loads(metrics.read_text())["runs"]))

    killer = threading.Thread(target=kill_one_in_the_middle, daemon=True)
    killer.start()
    on_cluster = compare(settings, out=tmp_path / "cluster", scheduler=scheduler)
    killer.join(timeout=10)
    here = compare(settings, out=tmp_path / "here", jobs=1, progress=False)
    assert killed
    assert killed[0] < 6, "the worker was killed too late to matter"
    assert checksums(on_cluster) == checksums(here)
    assert len(checksums(here)) == 6


def test_a_scheduler_that_does_not_answer_is_said_and_nothing_is_left(settings, tmp_path):
    with pytest.raises(ChainruleError, match=r"No Dask scheduler answers at 'tcp://127.0.0.1:1'"):
        compare(settings, out=tmp_path / "out", scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "out").exists()


def test_a_scheduler_without_workers_is_said(settings, scheduler, tmp_path):
    with pytest.raises(ChainruleError, match="has no worker"):
        compare(settings, out=tmp_path / "out", scheduler=scheduler)


@pytest.mark.parametrize("address", ["", "nonsense://", "127.0.0.1"])
def test_an_address_that_is_none_is_said(settings, tmp_path, address):
    with pytest.raises(ChainruleError, match="Dask scheduler"):
        compare(settings, out=tmp_path / "out", scheduler=address)
