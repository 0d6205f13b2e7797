"""An IDX file gives exactly what was written, or one error that names it."""

import gzip
import os
import stat
import struct
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from chainrule.checks import ChainruleError
from chainrule.data.idx import idx_bytes, read_idx, write_idx

TYPES = ("uint8", "int8", "int16", "int32", "float32", "float64")
IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@given(
    st.sampled_from(TYPES).flatmap(
        lambda dtype: st_numpy.arrays(dtype, st_numpy.array_shapes(max_dims=4, min_side=0))
    )
)
def test_every_type_and_shape_comes_back(array):
    for content in (idx_bytes(array), gzip.compress(idx_bytes(array))):
        again = read_idx(content)
        assert again.dtype == array.dtype
        assert again.dtype.isnative
        np.testing.assert_array_equal(again, array)


def test_bytes_are_those_of_the_format():
    assert idx_bytes(np.array([[1, -2]], np.int16)) == bytes.fromhex(
        "00000b02 00000001 00000002 0001 fffe"
    )


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_files_come_back(tmp_path, name):
    write_idx(tmp_path / name, IMAGES)
    np.testing.assert_array_equal(read_idx(tmp_path / name), IMAGES)
    is_gzip = (tmp_path / name).read_bytes()[:2] == b"\x1f\x8b"
    assert is_gzip == name.endswith(".gz")


def test_equal_arrays_give_equal_gzip_files(tmp_path):
    write_idx(tmp_path / "a.gz", IMAGES)
    write_idx(tmp_path / "b.gz", IMAGES)
    packed = (tmp_path / "a.gz").read_bytes()
    assert packed == (tmp_path / "b.gz").read_bytes()
    assert packed[3:8] == bytes(5), "a gzip header without file name and time"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_no_file_that_was_cut_short_is_accepted(pack):
    content = pack(idx_bytes(IMAGES))
    for length in range(len(content)):
        with pytest.raises(ChainruleError, match="school"):
            read_idx(content[:length], name="school")


@pytest.mark.parametrize("extra", [b"\0", b"more"])
def test_no_file_that_goes_on_is_accepted(extra):
    content = idx_bytes(IMAGES)
    for longer in (content + extra, gzip.compress(content + extra)):
        with pytest.raises(ChainruleError, match="more follow"):
            read_idx(longer)
    with pytest.raises(ChainruleError, match="cannot be read"):
        read_idx(gzip.compress(content) + b"more")


def test_no_flipped_bit_in_a_gzip_file_changes_a_pixel():
    packed = gzip.compress(idx_bytes(IMAGES), mtime=0)
    for bit in range(8 * len(packed)):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            array = read_idx(bytes(flipped))
        except ChainruleError:
            continue
        np.testing.assert_array_equal(array, IMAGES)  # a bit of the time stamp, say


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=64))
def test_any_bytes_give_an_array_or_one_error(content):
    for start in (b"", b"\0\0\x08", b"\x1f\x8b"):
        with suppress(ChainruleError):
            assert isinstance(read_idx(start + content), np.ndarray)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("sizes", [(2**32 - 1,), (2**31, 2**31, 2**31), (10**9,)])
def test_a_header_that_lies_takes_no_memory(pack, sizes):
    header = bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    tracemalloc.start()
    with pytest.raises(ChainruleError, match="declares"):
        read_idx(pack(header + bytes(1000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_bomb_is_not_unpacked_beyond_what_it_declares():
    bomb = gzip.compress(idx_bytes(IMAGES) + bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(ChainruleError, match="more follow"):
        read_idx(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_more_than_the_limit_is_refused():
    assert read_idx(idx_bytes(IMAGES), limit=24).shape == IMAGES.shape
    with pytest.raises(ChainruleError, match="at most 23 bytes"):
        read_idx(idx_bytes(IMAGES), limit=23)


@pytest.mark.parametrize("content", [b"", b"<!DO", b"\0\0\x07\x01", b"\0\0\x08\0", b"\0\0\x08\xff"])
def test_another_kind_of_file_is_named_with_its_first_bytes(tmp_path, content):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(ChainruleError, match="expected an IDX file") as raised:
        read_idx(path)
    assert str(path) in str(raised.value)
    assert repr(content) in str(raised.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ChainruleError, match="expected an IDX file") as raised:
            read_idx(path)
        assert str(path) in str(raised.value)


@pytest.mark.parametrize("array", [np.zeros(3, np.int64), np.array(1.0), np.array(["a"])])
def test_what_idx_cannot_hold_is_refused_and_nothing_is_written(tmp_path, array):
    with pytest.raises(ChainruleError, match="an IDX file holds uint8"):
        write_idx(tmp_path / "labels", array)
    assert not list(tmp_path.glob("*labels*"))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    write_idx(folder / "images", IMAGES)

    def full(_):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_idx(folder / "images", IMAGES + 1)
    assert [path.name for path in folder.iterdir()] == ["images"]
    np.testing.assert_array_equal(read_idx(folder / "images"), IMAGES)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640)])
def test_files_have_the_mode_of_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_idx(tmp_path / "images", IMAGES)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "images").stat().st_mode) == mode
