"""Programmes that are killed while they train on a small dataset."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def start(stripes, tmp_path):
    """Return a function that starts ``chainrule`` in a session of its own."""
    started = []

    def run(*arguments, **options):
        process = subprocess.Popen(
            [sys.executable, "-m", "chainrule", *map(str, arguments)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"CHAINRULE_DATA": str(stripes)},
            **options,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def whole(stripes, tmp_path_factory):
    """Return a function that runs ``chainrule`` to its end, and returns the run folder."""

    def run(*arguments):
        folder = tmp_path_factory.mktemp("whole") / "run"
        words = [*map(str, arguments), "--data", str(stripes), "--out", str(folder), "--quiet"]
        subprocess.run([sys.executable, "-m", "chainrule", *words], check=True)
        return folder

    return run
