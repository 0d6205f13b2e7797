"""Without a home, as in a container under any user number, all works and nothing is strewn."""

import os
import stat
import tempfile
from pathlib import Path

import pytest
from other_data import done, refused, run, write_bars

NOBODY = """
import pwd
def getpwuid(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = getpwuid
"""
HOMES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "MPLCONFIGDIR")
WHERE = (
    "import sys; from chainrule.data.cache import cache_folder; print(cache_folder()); sys.exit()"
)
QUICK = ("--epochs", 1, "--hidden", 4)


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def nobody(tmp_path):
    """What makes every process that is started one of a user without home and passwd entry."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(NOBODY)
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    # not in tmp_path, which is too long for the sockets that lie among the temporary files
    with tempfile.TemporaryDirectory() as temporary:
        yield {"drop": HOMES, "PYTHONPATH": path, "TMPDIR": Path(temporary)}


def strewn(folder, *expected):
    return sorted({path.name for path in folder.iterdir()} - set(expected))


def test_every_command_works_and_leaves_nothing_in_the_working_folder(working_folder, nobody):
    write_bars(working_folder / "data", range(3))
    where = ("--data", "data")
    process = done("train", *where, *QUICK, "--out", "run", **nobody)
    assert "Matplotlib created" not in process.stderr
    assert (working_folder / "run/figures/confusion.png").exists()
    done("compare", *where, *QUICK, "--out", "both", **nobody)
    done("evaluate", "run/models/adam-seed0.npz", *where, **nobody)
    assert "cache" in done("data", "status", **nobody).stdout
    done("data", "clear", **nobody)
    assert not strewn(working_folder, "data", "run", "both")
    assert not list(nobody["TMPDIR"].glob("matplotlib-*"))


def test_the_cache_is_a_folder_of_the_users_own_among_the_temporary_files(working_folder, nobody):
    done("train", "--data", "sample", *QUICK, "--out", "run", **nobody)
    (folder,) = nobody["TMPDIR"].glob("chainrule-*")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    kept = sorted(path.name for path in (folder / "mnist/sample").iterdir())
    assert len(kept) == 4
    assert not strewn(working_folder, "run")
    done("data", "clear", **nobody)
    assert not folder.exists()


def test_the_networks_of_the_lab_stand_in_that_folder_too(nobody):
    before = """
from types import SimpleNamespace
from chainrule.experiments.ready_made import place_of
print(place_of(SimpleNamespace(sha256={}, is_turned=False)))
"""
    printed = done("data", "status", before=before, **nobody).stdout.splitlines()[0]
    assert Path(printed).is_relative_to(nobody["TMPDIR"])


@pytest.mark.parametrize("obstacle", ["a link", "a file", "open to all"])
def test_what_somebody_else_has_put_there_is_not_used(nobody, obstacle, tmp_path):
    place = nobody["TMPDIR"] / f"chainrule-{os.getuid()}"
    if obstacle == "a link":
        place.symlink_to(tmp_path)
    elif obstacle == "a file":
        place.touch()
    else:
        place.mkdir()
        place.chmod(0o777)
    sentence = refused("data", "status", **nobody)
    assert "set XDG_CACHE_HOME to a folder that can be written" in sentence


def test_neither_is_what_belongs_to_somebody_else(nobody):
    before = "import os\nown = os.getuid()\nos.getuid = lambda: own + 1"
    place = nobody["TMPDIR"] / f"chainrule-{os.getuid() + 1}"
    place.mkdir(0o700)
    assert "XDG_CACHE_HOME" in refused("data", "status", before=before, **nobody)


@pytest.mark.parametrize("name", ["HOME", "XDG_CACHE_HOME"])
def test_a_relative_home_is_none(working_folder, nobody, name):
    printed = done(before=WHERE, **{**nobody, name: "somewhere"}).stdout.strip()
    assert Path(printed).is_relative_to(nobody["TMPDIR"])
    assert not strewn(working_folder)


def test_a_home_that_cannot_be_written_costs_a_sentence(working_folder, nobody):
    process = done("train", "--data", "sample", *QUICK, "--out", "run", **nobody, HOME="/proc")
    said = [line for line in process.stderr.splitlines() if "Nothing can be kept in" in line]
    assert len(said) == 1
    assert said[0].startswith("Nothing can be kept in /proc/.cache/chainrule/mnist/sample")
    assert not strewn(working_folder, "run")
    assert run("data", "clear", **nobody, HOME="/proc").returncode == 0


def test_a_path_that_an_older_platformdirs_leaves_relative_is_none(working_folder, nobody):
    older = "import platformdirs\nplatformdirs.user_cache_dir = lambda *_, **__: '~/.cache/it'\n"
    printed = done(before=older + WHERE, **nobody).stdout.strip()
    assert Path(printed).is_relative_to(nobody["TMPDIR"])
