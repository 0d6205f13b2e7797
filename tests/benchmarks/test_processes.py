"""A child's answer, its failure and its time limit; the threads that it is given."""

import sys

import pytest
from benchmarks.jobs import Job
from benchmarks.processes import Failed, run_child, run_command
from benchmarks.threads import VARIABLES, environment_of


def test_every_library_hears_of_the_number_of_threads():
    assert {environment_of(2)[name] for name in VARIABLES} == {"2"}


def test_what_a_command_says_last_is_the_reason_of_its_failure():
    with pytest.raises(Failed, match="ZeroDivisionError"):
        run_command([sys.executable, "-c", "1 / 0"], threads=1, timeout=60)


def test_a_command_that_takes_too_long_is_ended():
    with pytest.raises(Failed, match="not done within"):
        run_command([sys.executable, "-c", "import time; time.sleep(60)"], 1, timeout=0.5)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_of_each_process_is_seen():
    code = (
        "import subprocess, sys, time; subprocess.run([sys.executable, '-c', "
        "'x = bytearray(100_000_000); import time; time.sleep(0.3)'])"
    )
    result = run_command([sys.executable, "-c", code], 1, 60, watch_memory=True)
    assert len(result["peaks"]) == 2
    assert result["peaks"][0] > 100 > result["peaks"][1]


def test_a_child_that_cannot_do_its_job_says_why():
    job = Job("main", "SGD", "chainrule", 1, "train", "s", {"arrays": "/no/such/folder"})
    with pytest.raises(Failed, match="FileNotFoundError"):
        run_child(job, seed=0, timeout=60)
