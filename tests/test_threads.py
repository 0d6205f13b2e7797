"""one_thread: one BLAS thread within the block, as many as before after the last block."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import chainrule
from blas import blas_threads
from chainrule import threads
from chainrule.threads import SMALL_PRODUCT, one_thread, one_thread_for


def test_one_thread_within_and_two_after(two_threads):
    with chainrule.one_thread():
        assert blas_threads() == {1}
        np.ones((64, 64)) @ np.ones((64, 64))
    assert blas_threads() == {2}


def test_an_error_within_restores_the_threads(two_threads):
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert blas_threads() == {2}


@pytest.mark.parametrize("block", [one_thread, partial(one_thread_for, 1)])
def test_blocks_that_overlap_in_threads_leave_what_was(two_threads, block):
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()
    seen = []

    def first():
        with one_thread():
            first_in.set()
            second_in.wait(60)
        first_out.set()

    def second():
        first_in.wait(60)
        with block():
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


def test_afterwards_any_thread_may_limit(two_threads):
    def limited():
        with threadpool_limits(1, user_api="blas"):
            return blas_threads()

    with one_thread():
        pass
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(limited).result() == {1}
    assert blas_threads() == {2}


def test_a_limit_of_the_users_ends_though_another_thread_asked_meanwhile(two_threads):
    def asked():
        with one_thread():
            return blas_threads()

    with ThreadPoolExecutor(1) as pool:  # its thread lives on
        with threadpool_limits(1, user_api="blas"):
            assert pool.submit(asked).result() == {1}
        assert blas_threads() == {2}


def test_what_was_not_limited_is_not_restored(two_threads):
    asked, over = threading.Event(), threading.Event()

    def asks():
        with one_thread():
            asked.set()
            over.wait(60)

    with ThreadPoolExecutor(1) as pool:
        with threadpool_limits(3, user_api="blas"):  # of this thread, which no other can change
            done = pool.submit(asks)
            asked.wait(60)
        over.set()
        done.result()
    assert blas_threads() == {2}


def test_more_processors_than_openblas_is_built_for_are_no_choice_of_the_user(monkeypatch):
    libraries = SimpleNamespace(
        lock=threading.Lock(), holders=0, found=lambda: True, own=SimpleNamespace(info=list)
    )
    monkeypatch.setattr(threads, "_LIMIT", libraries)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(192), raising=False)
    for name in threads.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for numbers, chosen in [
        ([64], False),
        ([64, 1], False),
        ([192], False),
        ([8, 1], True),
        ([1], True),
    ]:
        libraries.shared = SimpleNamespace(
            info=lambda n=numbers: [{"num_threads": one} for one in n]
        )
        assert threads._set_by_user() == chosen
