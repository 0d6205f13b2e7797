"""Arrays of a step reuse the memory of the step before where Dask tells malloc to give it back."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    "CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", {}),
    reason="glibc alone reads the variable",
)
FAULTS = """
import resource, sys

def faults(folder):
    '''Return how often the system had to hand out a page of memory, in 140 steps of a lane.'''
    from chainrule.data.mnist import load_dataset
    from chainrule.data.split import split_dataset, trainable
    from chainrule.experiments.lanes import Lane, run_lane

    dataset = load_dataset(folder)
    split = split_dataset(dataset, trainable(dataset))
    lane = Lane("adam-seed0", "adam", 0.001, 16, 0)
    for _ in range(2):  # the first may let the heap grow
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        run_lane(lane, split, hidden=[1000], epochs=10, threads=1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
"""
HERE = "print(faults(sys.argv[1]))"
ON_DASK = """
if __name__ == "__main__":
    from distributed import Client, LocalCluster

    place = {"host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(n_workers=1, threads_per_worker=1, **place) as cluster:
        with Client(cluster) as client:
            print(client.submit(faults, sys.argv[1]).result())
"""


def faults(programme, folder, stripes, **variables):
    path = folder / "programme.py"
    path.write_text(FAULTS + programme)
    ran = subprocess.run(
        [sys.executable, path, stripes],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ran.stdout)


def test_where_the_variable_is_inherited(stripes, tmp_path):
    # As by what a notebook with a Dask cluster starts; each step would need some 370 pages.
    assert faults(HERE, tmp_path, stripes, MALLOC_TRIM_THRESHOLD_="65536") < 140 * 100


def test_on_a_dask_worker(stripes, tmp_path):
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    assert faults(ON_DASK, tmp_path, stripes) < 140 * 100


def test_malloc_is_left_alone_where_nobody_has_set_it(monkeypatch):
    from chainrule.experiments import lanes

    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    monkeypatch.setattr(lanes, "ctypes", None)
    lanes._let_malloc_reuse_memory()


def test_another_system_has_another_malloc(monkeypatch):
    from chainrule.experiments import lanes

    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    lanes._let_malloc_reuse_memory()
