"""A command that is printed can be pasted as it stands: quoted, and of this very programme."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.terminal import command, pasted

NAMES = ["run one", "it's $HOME; `x`", "-dash", "Größe", os.fsdecode(b"lauf-\xfc'\\")]
STOPPED_AT_ONCE = """
import os, signal, sys
from chainrule import cli
from chainrule.experiments.keeping import Keeper
whole = Keeper.progress
def stopped(keeper, batches):
    for batch in whole(keeper, batches):
        yield batch
        os.kill(os.getpid(), signal.SIGTERM)
Keeper.progress = stopped
sys.exit(cli.main())
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_shell_reads_what_was_meant(name):
    line = pasted("printf", "%s", Path(name))
    said = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert os.path.normpath(said) == os.fsencode(name)


@pytest.mark.parametrize("name", ["run one", "-dash"])
def test_the_command_to_go_on_goes_on(run, small, tmp_path, name):
    words = ("train", *small, f"--out={name}")
    ended = run(*words, start=("-c", STOPPED_AT_ONCE), folder=tmp_path)
    assert ended.returncode == 143, ended.stderr
    line = ended.stderr.rpartition("To go on: ")[2].strip()
    assert line.startswith("chainrule resume ")
    _, *words = shlex.split(line)
    assert run(*words, folder=tmp_path).returncode == 0
    assert (tmp_path / name / "models" / "adam-seed0.npz").exists()


def test_it_names_the_programme_as_it_was_called(run, tmp_path):
    by_module = run("lesson", "start", "my lessons", folder=tmp_path).stdout.splitlines()[-1]
    assert shlex.split(by_module)[:3] == [sys.executable, "-m", "chainrule"]
    script = tmp_path / "bin" / "chainrule"
    script.parent.mkdir()
    script.write_text(
        f"#!{sys.executable}\nfrom chainrule.cli import main\nraise SystemExit(main())"
    )
    script.chmod(0o755)
    words = ["lesson", "start", "my lessons"]
    for called, path, named in (
        ("bin/chainrule", os.environ["PATH"], "bin/chainrule"),
        ("chainrule", f"{script.parent}:{os.environ['PATH']}", "chainrule"),
    ):
        environment = {**os.environ, "PATH": path}
        ended = subprocess.run(
            ["sh", "-c", shlex.join([called, *words])],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        line = ended.stdout.splitlines()[-1].strip()
        assert shlex.split(line)[0] == named, ended.stderr
        checked = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, check=False)
        assert checked.returncode == 0  # nothing has been started, so nothing is wrong


def test_python_code_names_the_command():
    assert command("resume", "one") == "chainrule resume one"
