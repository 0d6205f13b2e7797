"""Where joblib starts no process, lanes run one after the other, with the same bits."""

import json

import pytest

BEGINNING = """
import sys
from chainrule.cli import main
if __name__ == "__main__":
"""
THREADS = f"""{BEGINNING}
    import threading, joblib
    from chainrule.experiments import backends
    whole = backends.run_lane
    def run_lane(*what, **how):
        assert threading.current_thread() is threading.main_thread()
        return whole(*what, **how)
    backends.run_lane = run_lane
    with joblib.parallel_config(backend="threading"):
        status = main(sys.argv[1:])
    sys.exit(status)
"""
SEMAPHORES = f"""{BEGINNING}
    import _multiprocessing  # as where there is no /dev/shm
    def missing(*what, **how):
        raise OSError(38, "Function not implemented")
    _multiprocessing.SemLock = missing
    sys.exit(main(sys.argv[1:]))
"""
DAEMON = f"""{BEGINNING}
    import multiprocessing
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=main, args=[sys.argv[1:]], daemon=True)
    process.start()
    process.join()
    sys.exit(process.exitcode)
"""
OTHER_THREAD = f"""{BEGINNING}
    import threading
    ended = []
    thread = threading.Thread(target=lambda: ended.append(main(sys.argv[1:])))
    thread.start()
    thread.join()
    sys.exit(ended[0])
"""


def results(folder):
    """Return the parameters by lane of the run with seed 0, once its report is there."""
    assert (folder / "report.html").exists()
    runs = json.loads((folder / "metrics.json").read_text())["runs"]
    return {run["lane"]: run["parameters_sha256"] for run in runs if run["seed"] == 0}


@pytest.mark.parametrize(
    ("code", "variables"),
    [
        (THREADS, {}),
        (SEMAPHORES, {}),
        (DAEMON, {}),
        (OTHER_THREAD, {}),
        (f"{BEGINNING}    sys.exit(main(sys.argv[1:]))", {"JOBLIB_MULTIPROCESSING": "0"}),
    ],
    ids=["threads", "semaphores", "daemon", "other thread", "variable"],
)
def test_the_bits_are_those_of_processes(run, small, compared, tmp_path, code, variables):
    words = ("compare", *small, "--jobs", 2, "--out", tmp_path / "run")
    ended = run(*words, start=("-W", "error", "-c", code), **variables)
    assert ended.returncode == 0, ended.stderr
    assert results(tmp_path / "run") == results(compared)
    assert ended.stderr.count("epoch 1/1") == 2  # each lane tells how far it is


def test_a_signal_keeps_what_is_done(run, small, tmp_path):
    code = (
        "import os, signal, sys\n"
        "from chainrule.cli import main\n"
        "from chainrule.experiments import progress\n"
        "def stop(line):\n"
        "    progress.tell = print\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "progress.tell = stop\n"
        "sys.exit(main())"
    )
    words = ("compare", *small[:2], "--epochs", 500, "--jobs", 2, "--out", tmp_path / "run")
    ended = run(*words, start=("-c", code), JOBLIB_MULTIPROCESSING="0")
    assert ended.returncode == 143, ended.stderr
    assert "a checkpoint of adam-seed0. To go on: " in ended.stderr


def test_a_temporary_folder_of_a_long_name_is_no_hindrance(run, small, compared, tmp_path):
    long = tmp_path / ("long" * 25)
    long.mkdir()
    words = ("compare", *small, "--jobs", 2, "--out", tmp_path / "run")
    ended = run(*words, TMPDIR=str(long))
    assert ended.returncode == 0, ended.stderr
    assert results(tmp_path / "run") == results(compared)
