"""How a process gets its number of threads, whatever library computes in it."""

import os
from pathlib import Path

# OpenMP, OpenBLAS, MKL, Accelerate; the last is where XLA's thread pool takes its size from.
# `--xla_cpu_multi_thread_eigen=false` still leaves JAX with a thread for each core (0.10).
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NPROC",
)


ROOT = Path(__file__).parent.parent  # where `-m benchmarks.child` finds this package


def environment_of(threads):
    """Return the variables of a process that computes with so many threads."""
    places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {
        "PYTHONPATH": os.pathsep.join(places),
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",  # so that each compilation is one
    }
    return os.environ | dict.fromkeys(VARIABLES, str(threads)) | own


def usable_cores():
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
