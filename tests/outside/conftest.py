"""Programmes that are run as others run them: other streams, names, threads, variables."""

import os
import subprocess
import sys

import pytest

MODULE = ("-m", "chainrule")


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Return a function that runs a command; bytes that are no UTF-8 come back as ``\\xfc``.

    The words after ``sh -c '"$@" ...'`` are `redirected`, and `start` takes Python's own options.
    """
    here = tmp_path_factory.mktemp("here")

    def run(*words, start=MODULE, redirected="", folder=here, **variables):
        line = ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, *start, *words]
        return subprocess.run(
            [word if isinstance(word, bytes) else str(word) for word in line],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "", **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=120,
        )

    return run


@pytest.fixture(scope="session")
def small(stripes):
    """Return the options of a training that ends at once."""
    return ("--data", stripes, "--epochs", 1, "--hidden", 4)


@pytest.fixture(scope="session")
def trained(run, small, tmp_path_factory):
    """Return the run folder of a training."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert run("train", *small, "--out", folder).returncode == 0
    return folder


@pytest.fixture(scope="session")
def compared(run, small, tmp_path_factory):
    """Return the run folder of a comparison in processes of their own."""
    folder = tmp_path_factory.mktemp("compared") / "run"
    ended = run("compare", *small, "--seeds", 0, 1, "--jobs", 2, "--out", folder)
    assert ended.returncode == 0, ended.stderr
    return folder
