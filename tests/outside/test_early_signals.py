"""A signal that comes while a run folder is being made leaves no half of one behind."""

import pytest

KILLED = """
import os, signal, sys
from chainrule.cli import main
from chainrule.experiments import run_folder
whole = getattr(run_folder, sys.argv.pop())
def killed(*what, **how):
    os.kill(os.getpid(), signal.SIGTERM)
    return whole(*what, **how)
setattr(run_folder, whole.__name__, killed)
sys.exit(main())
"""


@pytest.mark.parametrize("command", ["train", "compare"])
@pytest.mark.parametrize("step", ["environment", "write_metrics", "add_to_record", "locked"])
def test_nothing_is_left(run, small, tmp_path, command, step):
    words = (command, *small, "--out", tmp_path / "run", step)
    ended = run(*words, start=("-c", KILLED))
    assert ended.returncode == 143, ended.stderr
    assert "Nothing was kept" in ended.stderr
    assert not (tmp_path / "run").exists()
