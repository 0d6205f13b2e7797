"""The threads of BLAS, which multiplies the matrices: one is quickest where the products are small.

On a machine in use, threads of a product wait for each other longer than they compute. They are
counted for the whole process, so that whoever asks for one thread shares one controller, made once.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# A product of up to this many multiplications gains little from a second thread: that of the
# course's first layer, (64, 784) @ (784, 256).
SMALL_PRODUCT = 64 * 784 * 256
MOST_THREADS = 64  # of OpenBLAS as NumPy's wheels have it, on however many processors
SETTINGS = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "OMP_NUM_THREADS",
)


class _Limit:
    """One thread for as long as anybody asks for it; then as many as before.

    Where BLAS has one pool for the process, the first who asks limits it, and the last one
    restores it. Where it has one for each thread (OpenMP), each limits and restores its own.
    """

    def __init__(self) -> None:
        self.lock, self.holders = threading.Lock(), 0
        self.shared: Any = None  # the controllers of the two kinds
        self.own: Any = None
        self.of_process: Any = None
        self.of_thread = threading.local()

    def found(self) -> bool:
        """Whether threadpoolctl is there; it looks for the BLAS libraries once."""
        if self.shared is None:
            try:
                from threadpoolctl import ThreadpoolController
            except ImportError:
                return False
            every = ThreadpoolController().select(user_api="blas")
            self.own = every.select(threading_layer="openmp")
            own = {library.filepath for library in self.own.lib_controllers}
            paths = [library.filepath for library in every.lib_controllers]
            self.shared = every.select(filepath=[path for path in paths if path not in own])
        return True

    def enter(self) -> bool:
        """Count one more who asks; return whether there is somebody who can limit."""
        with self.lock:
            self.holders += 1
            if not self.found():
                return False
            self.of_thread.limits = [*self._own_limits(), self.own.limit(limits=1)]
            if self.holders == 1:
                before, limit = self.shared.info(), self.shared.limit(limits=1)
                self.of_process = limit if self.shared.info() != before else None
            return True

    def leave(self) -> None:
        """Count one less; the last one restores what was."""
        with self.lock:
            self.holders -= 1
            if self._own_limits():
                self.of_thread.limits.pop().restore_original_limits()
            if self.holders == 0 and self.of_process is not None:
                self._let_any_thread_limit()  # this one, to restore
                self.of_process.restore_original_limits()
                self._let_any_thread_limit()
                self.of_process = None

    def _own_limits(self) -> list[Any]:
        return getattr(self.of_thread, "limits", [])

    def _let_any_thread_limit(self) -> None:
        # From 3.8 on threadpoolctl lets only the thread that set a limit last change it, and what
        # others ask for is left undone without a word: a user's own limit, or its end.
        for library in self.shared.lib_controllers:
            if hasattr(library, "clear_controlling_thread"):
                library.clear_controlling_thread(force=True)


_LIMIT = _Limit()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS compute with one thread within the block, in the whole process.

    Training of small networks is hardly slower so on an idle machine, and many times quicker on
    one that is in use. It needs threadpoolctl, which the extra ``[mnist]`` brings; without it the
    block runs as it is, and one warning says so. Blocks may overlap, in threads as well: when the
    last one ends, the number of threads is what it was.

    Examples
    --------
    >>> import chainrule
    >>> with chainrule.one_thread():
    ...     pass  # chainrule.train_network(...)
    """
    if not _LIMIT.enter():
        warnings.warn(
            "one_thread has no effect without the package threadpoolctl: pip install "
            "threadpoolctl, or set OPENBLAS_NUM_THREADS=1 before Python starts.",
            stacklevel=3,
        )
    try:
        yield
    finally:
        _LIMIT.leave()


@contextmanager
def one_thread_for(multiplications: int) -> Iterator[None]:
    """Do as `one_thread`, but only for small products, and not where the user set a number.

    Parameters
    ----------
    multiplications : int
        Of the largest product of a step: batch times rows times columns of the weights.
    """
    if multiplications > SMALL_PRODUCT or _set_by_user():
        yield
        return
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


def _set_by_user() -> bool:
    """Whether somebody has chosen a number of threads: by a variable, or within Python."""
    if any(os.environ.get(name) for name in SETTINGS):
        return True
    with _LIMIT.lock:
        if _LIMIT.holders or not _LIMIT.found():
            return False
        is_told = hasattr(os, "sched_getaffinity")
        processors = len(os.sched_getaffinity(0)) if is_told else os.cpu_count() or 1
        usual = {1, processors, min(processors, MOST_THREADS)}
        found = {one["num_threads"] for one in [*_LIMIT.shared.info(), *_LIMIT.own.info()]}
        return found == {1} or not found <= usual
