"""A model file is written whole or not at all."""

import os
import stat
import sys

import numpy as np
import pytest

from chainrule import load_model, save_model
from chainrule.storage.files import replacing


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path, network, monkeypatch):
    path = tmp_path / "m.npz"
    save_model(path, network)
    before = path.read_bytes()

    def write_array(file, *arguments, **options):
        file.write(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", write_array)
    with pytest.raises(OSError, match="No space left"):
        save_model(path, network)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_any_error_removes_the_temporary_file(tmp_path, error):
    def write_half():
        with replacing(tmp_path / "m") as file:
            file.write(b"half")
            assert len(list(tmp_path.iterdir())) == 1
            raise error

    with pytest.raises(error):
        write_half()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder_without_a_name_is_an_error_of_the_system(name):
    with pytest.raises(IsADirectoryError), replacing(name):
        pass


def test_until_it_is_whole_the_old_file_stands_and_the_temporary_one_lies_beside(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace

    def seen(name, call):
        def wrapped(*args, **options):
            order.append(name)
            return call(*args, **options)

        return wrapped

    monkeypatch.setattr(os, "fsync", seen("fsync", fsync))
    monkeypatch.setattr(os, "replace", seen("replace", replace))
    with replacing(tmp_path / "m") as file:
        file.write(b"new")
    assert order[:2] == ["fsync", "replace"]


def test_a_file_that_cannot_be_synced_is_not_put_in_place(tmp_path, monkeypatch):
    def fsync(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output"), replacing(tmp_path / "m") as file:
        file.write(b"new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_the_mode_follows_the_umask(tmp_path, network, umask, mode):
    before = os.umask(umask)
    try:
        save_model(tmp_path / "m.npz", network)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "m.npz").stat().st_mode) == mode


def test_a_folder_that_is_missing_is_the_operating_systems_error(tmp_path, network):
    with pytest.raises(FileNotFoundError):
        save_model(tmp_path / "none" / "m.npz", network)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_leaves_nothing_behind(tmp_path, network):
    (tmp_path / "m.npz").mkdir()
    with pytest.raises(OSError, match=r"m\.npz"):
        save_model(tmp_path / "m.npz", network)
    assert [path.name for path in tmp_path.iterdir()] == ["m.npz"]


def test_replacing_an_older_model(tmp_path, network):
    path = tmp_path / "m.npz"
    for value in (1, 2):
        network.parameters[...] = value
        save_model(path, network)
    np.testing.assert_array_equal(load_model(path).network.parameters, 2)
