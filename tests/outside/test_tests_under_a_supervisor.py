"""Tests that interrupt programmes pass where SIGINT is ignored: under nohup, "&", some CI."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
INTERRUPTS = (
    "tests/lab/test_networks_by_the_command.py"
    "::test_a_signal_ends_the_lab_at_once_whoever_is_connected[2-130]"
)
IGNORING = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "os.execv(sys.executable, [sys.executable, '-m', 'pytest', *sys.argv[1:]])"
)


def test_a_programme_is_interrupted_though_the_supervisor_ignores_sigint():
    words = ["-q", "-p", "no:cacheprovider", INTERRUPTS]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    ran = subprocess.run(
        [sys.executable, "-c", IGNORING, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
