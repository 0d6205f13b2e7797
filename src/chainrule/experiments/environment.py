"""What the same bits depend on: versions, BLAS, threads and processor."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def environment(threads: int) -> dict[str, Any]:
    """Return what metrics.json says of machine and versions, given the BLAS threads of a lane."""
    from threadpoolctl import threadpool_info

    libraries: list[dict[str, Any]] = threadpool_info()
    blas = next((library for library in libraries if library["user_api"] == "blas"), {})
    words = (blas.get(key) for key in ("internal_api", "version", "architecture"))
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": " ".join(str(word) for word in words if word) or "unknown",
        "threads": threads,
        "cpu": _processor(),
    }


def changed(before: Mapping[str, Any], threads: int) -> list[tuple[str, Any, Any]]:
    """Return name, value before and value now of all that gives other bits than `before` did."""
    now = environment(threads)
    names = ("numpy", "blas", "threads", "cpu")
    return [(name, before[name], now[name]) for name in names if before[name] != now[name]]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
