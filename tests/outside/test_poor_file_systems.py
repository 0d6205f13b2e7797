"""A disk that is full, a folder that is gone, a system that cannot rename: nothing is lost."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from run_commands import ended, is_one_sentence, started

from chainrule import load_model
from chainrule.cli import main
from chainrule.storage.files import replacing

FEW = ["--hidden", "4", "--epochs", "2", "--quiet", "--out", "run"]
WORDS = {
    "train": ["train", "--checkpoint-every", "3", *FEW],
    "compare": ["compare", "--optimizers", "sgd", "--jobs", "1", *FEW],
}


@pytest.fixture
def run(stripes, tmp_path, monkeypatch):
    """Return a function that runs a command in an empty folder; it returns the status."""
    monkeypatch.chdir(tmp_path)
    return lambda kind: main([*WORDS[kind], "--data", str(stripes)])


def parameters(folder="run"):
    """Return the bits of each model in a run folder, which must be whole."""
    models = sorted(Path(folder, "models").glob("*.npz"))
    return [load_model(path).network.parameters.tobytes() for path in models]


class Limit:
    """Let a call succeed so many times, and fail from then on."""

    def __init__(self, call, times, number):
        self.call, self.left, self.number = call, times, number

    def __call__(self, *what, **how):
        self.left -= 1
        if self.left < 0:
            raise OSError(self.number, os.strerror(self.number))
        return self.call(*what, **how)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("train", errno.EDQUOT),
        pytest.param("compare", errno.ENOSPC, marks=pytest.mark.long),
    ],
)
def test_a_disk_that_is_full_at_any_write_costs_a_sentence_and_what_was_not_yet_written(
    run, capsys, monkeypatch, kind, number
):
    assert run(kind) == 0
    whole = parameters()
    for times in range(20):
        shutil.rmtree("run", ignore_errors=True)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", Limit(os.fsync, times, number))
            status = run(kind)
        if status == 0:
            break
        errors = capsys.readouterr().err
        assert is_one_sentence(errors)
        assert os.strerror(number) in errors
        assert "run/" in errors
        assert not list(Path("run").rglob(".*"))
        set(parameters())
        again = main(["resume", "run", "--quiet"]) if Path("run").exists() else run(kind)
        assert again == 0
        assert parameters() == whole
    assert times >= 5
    assert status == 0


CANNOT_RENAME_OVER = """
import os
number, replace = int(os.environ["NUMBER"]), os.replace
def poor(part, path, **how):
    if os.path.exists(path):
        raise OSError(number, os.strerror(number), str(part), None, str(path))
    replace(part, path, **how)
os.replace = poor
"""

CANNOT_SYNC = """
import os
number = int(os.environ["NUMBER"])
def poor(descriptor):
    raise OSError(number, os.strerror(number))
os.fsync = poor
"""


@pytest.mark.parametrize(
    ("before", "number"),
    [
        (CANNOT_RENAME_OVER, errno.EPERM),  # sshfs
        (CANNOT_RENAME_OVER, errno.EBUSY),  # a file that is mounted into a container
        (CANNOT_RENAME_OVER, errno.ENOSYS),  # a bucket
        (CANNOT_SYNC, errno.EINVAL),
        (CANNOT_SYNC, errno.ENOSYS),
    ],
)
def test_a_system_that_cannot_rename_over_a_file_or_sync_one_is_enough(
    run, stripes, tmp_path, before, number
):
    assert run("train") == 0
    whole = parameters()
    for words in ([*WORDS["train"], "--data", stripes], ["resume", "run", "--quiet"]):
        if words[0] == "train":
            shutil.rmtree("run")
        process = started(*words, cwd=tmp_path, before=before, NUMBER=number)
        assert ended(process) == (0, "")
        assert parameters() == whole
        assert not list(Path("run").rglob(".*"))


def fail_to_rename(number):
    def replace(part, path):
        raise OSError(number, os.strerror(number), str(part), None, str(path))

    return replace


@pytest.mark.parametrize("number", [errno.EPERM, errno.EXDEV, errno.EEXIST])
def test_the_old_file_is_written_over(tmp_path, monkeypatch, number):
    path = tmp_path / "file"
    path.write_bytes(b"an old and longer one")
    monkeypatch.setattr(os, "replace", fail_to_rename(number))
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_if_that_fails_too_the_whole_new_one_stays_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", fail_to_rename(errno.ENOSYS))
    monkeypatch.setattr(shutil, "copyfileobj", Limit(shutil.copyfileobj, 0, errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"), replacing(path) as file:
        file.write(b"new")
    (part,) = (one for one in tmp_path.iterdir() if one != path)
    assert part.read_bytes() == b"new"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENOSPC])
def test_another_error_while_renaming_leaves_the_old_file(tmp_path, monkeypatch, number):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", fail_to_rename(number))
    with pytest.raises(OSError, match=os.strerror(number)) as caught, replacing(path) as file:
        file.write(b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_written_through_a_link(tmp_path, monkeypatch):
    path, target = tmp_path / "link", tmp_path / "target"
    target.write_bytes(b"somebody's")
    path.symlink_to(target)
    monkeypatch.setattr(os, "replace", fail_to_rename(errno.EPERM))
    with pytest.raises(OSError, match="not permitted"), replacing(path) as file:
        file.write(b"new")
    assert target.read_bytes() == b"somebody's"


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path, monkeypatch):
    with pytest.raises(OSError, match="No such file") as gone, replacing(tmp_path / "no" / "file"):
        pass
    assert gone.value.filename == str(tmp_path / "no" / "file")
    monkeypatch.setattr(os, "fsync", Limit(os.fsync, 0, errno.ENOSPC))
    with pytest.raises(OSError, match="No space") as full, replacing(tmp_path / "file"):
        pass
    assert full.value.filename == str(tmp_path / "file")


@pytest.mark.parametrize("name", ["a" * 255, "ü" * 127])
def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path, name):
    with replacing(tmp_path / name) as file:
        file.write(b"new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


ENDLESS = ["--hidden", 4, "--epochs", 1_000_000, "--quiet", "--out", "run"]


@pytest.mark.parametrize("kind", ["train", "compare"])
def test_a_folder_that_is_removed_in_the_midst_ends_the_run_in_one_sentence(
    stripes, tmp_path, kind
):
    words = [kind, "--data", stripes, *ENDLESS, *(["--jobs", 2] if kind == "compare" else [])]
    process = started(*words, cwd=tmp_path)
    record = tmp_path / "run" / "record.jsonl"
    while not (record.exists() and b'"epoch"' in record.read_bytes()):
        assert process.poll() is None
    (tmp_path / "run").rename(tmp_path / "gone")
    status, errors = ended(process)
    assert status == 2
    assert is_one_sentence(errors)
    assert "run/record.jsonl" in errors or "run/checkpoints" in errors
    assert "No such file or directory" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["gone"]


@pytest.mark.skipif(os.getuid() == 0, reason="a superuser may write everywhere")
@pytest.mark.parametrize("out", ["locked", "locked/run"])
def test_a_folder_that_cannot_be_written_is_found_before_the_data_is_read(
    tmp_path, monkeypatch, capsys, out
):
    monkeypatch.chdir(tmp_path)
    Path("locked").mkdir(0o555)
    assert main(["train", "--data", "nowhere", "--out", out]) == 2
    errors = capsys.readouterr().err
    assert is_one_sentence(errors)
    assert f"The run folder {out} cannot be made: locked cannot be written" in errors


def test_a_folder_that_is_said_to_be_read_only_is_found_before_the_data_is_read(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert main(["train", "--data", "nowhere", "--out", "run"]) == 2
    assert "The run folder run cannot be made: . cannot be written;" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["/proc/run", "link"])
def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(run, tmp_path, stripes, capsys, out):
    Path("link").symlink_to("nowhere/at/all")
    assert main(["train", "--data", str(stripes), "--out", out]) == 2
    errors = capsys.readouterr().err
    assert is_one_sentence(errors)
    assert f"The run folder {out} cannot be made" in errors


def test_a_run_folder_that_became_read_only_stays_as_it_is(run, capsys, monkeypatch):
    assert run("train") == 0
    before = {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()}
    opened = Path.open

    def read_only(path, mode="r", *more, **how):
        if mode != "r" and mode != "rb" and "run" in path.parts:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opened(path, mode, *more, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", read_only)
        assert main(["resume", "run"]) == 2
    errors = capsys.readouterr().err
    assert is_one_sentence(errors)
    assert "Read-only file system" in errors
    assert {path: path.read_bytes() for path in before} == before
