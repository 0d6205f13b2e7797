"""A file system that knows no locks: the run goes on without one."""

import errno
import fcntl
import os

import pytest
from run_commands import ended, is_one_sentence, started

from chainrule.cli import main
from chainrule.experiments.run_folder import RunFolder
from chainrule.storage.files import locked

LOCKLESS = """
import errno, fcntl, os
number = getattr(errno, os.environ["ANSWER"])
def flock(*what):
    raise OSError(number, os.strerror(number))
fcntl.flock = flock
"""

ABSENT = ["ENOSYS", "ENOLCK", "EOPNOTSUPP", "EINVAL"]  # Lustre, NFS, SMB, FUSE


def answer(monkeypatch, number):
    def flock(*what):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.parametrize("name", ABSENT)
def test_a_training_goes_on_and_can_be_gone_on_with(stripes, tmp_path, name):
    few = ["--data", stripes, "--hidden", 4, "--epochs", 1, "--out", "run", "--quiet"]
    for words in (["train", *few], ["resume", "run", "--quiet"]):
        process = started(*words, cwd=tmp_path, before=LOCKLESS, ANSWER=name)
        assert ended(process) == (0, "")
    assert (tmp_path / "run" / "models" / "adam-seed0.npz").exists()


@pytest.mark.parametrize("name", ABSENT)
def test_the_lock_is_ours(tmp_path, monkeypatch, name):
    answer(monkeypatch, getattr(errno, name))
    with locked(tmp_path / "lock") as ours:
        assert ours


@pytest.mark.parametrize("name", ["EAGAIN", "EACCES"])
def test_a_lock_that_another_holds_is_not_ours(tmp_path, monkeypatch, name):
    answer(monkeypatch, getattr(errno, name))
    with locked(tmp_path / "lock") as ours:
        assert not ours


def test_a_broken_system_is_named_in_one_sentence_and_leaves_nothing(stripes, tmp_path):
    words = ["train", "--data", stripes, "--out", "run", "--quiet"]
    status, errors = ended(started(*words, cwd=tmp_path, before=LOCKLESS, ANSWER="EIO"))
    assert status == 2
    assert is_one_sentence(errors)
    assert "run/.lock: Input/output error" in errors
    assert not list((tmp_path / "run").glob("[!.]*"))


def test_of_two_that_find_the_folder_empty_one_gets_it(stripes, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    answer(monkeypatch, errno.ENOSYS)
    check = RunFolder._check_empty

    def and_then_another_comes(folder):
        check(folder)
        if (folder.path / ".lock").exists():
            (folder.path / "models").mkdir()

    monkeypatch.setattr(RunFolder, "_check_empty", and_then_another_comes)
    (tmp_path / "run").mkdir()
    assert main(["train", "--data", str(stripes), "--out", "run"]) == 2
    assert "in use by another process" in capsys.readouterr().err
    assert (tmp_path / "run" / "models").exists()
