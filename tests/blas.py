"""How many threads BLAS has now."""

from threadpoolctl import threadpool_info


def blas_threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}
