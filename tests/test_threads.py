"""one_thread: one BLAS thread within the block, as many as before after the last block."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import chainrule
from chainrule import threads
from chainrule.threads import SMALL_PRODUCT, one_thread, one_thread_for


def blas_threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


@pytest.fixture
def two_threads(monkeypatch):
    """Let BLAS have two threads, chosen by nobody."""
    for name in threads.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1}, raising=False)
    assert threads._LIMIT.found()
    with threadpool_limits(2, user_api="blas"):
        for library in threads._LIMIT.shared.lib_controllers:
            if hasattr(library, "clear_controlling_thread"):  # any thread may limit again
                library.clear_controlling_thread(force=True)
        yield


def test_one_thread_within_and_two_after(two_threads):
    with chainrule.one_thread():
        assert blas_threads() == {1}
        np.ones((64, 64)) @ np.ones((64, 64))
    assert blas_threads() == {2}


def test_an_error_within_restores_the_threads(two_threads):
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert blas_threads() == {2}


def test_blocks_that_overlap_in_threads_leave_what_was(two_threads):
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()
    seen = []

    def first():
        with one_thread():
            first_in.set()
            second_in.wait(60)
        first_out.set()

    def second():
        first_in.wait(60)
        with one_thread():
            second_in.set()
            first_out.wait(60)
            seen.append(blas_threads())

    both = [threading.Thread(target=one) for one in (first, second)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert seen == [{1}]  # the first is out, the second still asks for one
    assert blas_threads() == {2}


def test_small_products_are_limited_and_large_ones_are_not(two_threads):
    with one_thread_for(SMALL_PRODUCT):
        assert blas_threads() == {1}
    with one_thread_for(SMALL_PRODUCT + 1):
        assert blas_threads() == {2}


def test_a_number_that_the_user_set_is_left_alone(two_threads, monkeypatch):
    with threadpool_limits(3, user_api="blas"), one_thread_for(1):
        assert blas_threads() == {3}
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    with one_thread_for(1):
        assert blas_threads() == {2}


def test_the_controller_is_made_once(two_threads):
    with one_thread():
        pass
    before = threads._LIMIT.shared
    with one_thread(), one_thread_for(1):
        assert blas_threads() == {1}
    assert threads._LIMIT.shared is before


def test_without_threadpoolctl_the_block_runs_and_one_warning_says_so():
    code = (
        "import sys, warnings; sys.modules['threadpoolctl'] = None\n"
        "import chainrule\n"
        "for _ in range(2):\n"
        "    with chainrule.one_thread(): print('ran')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["ran", "ran"]
    assert ran.stderr.count("no effect without the package threadpoolctl") == 1
