"""A file that was made to harm runs no code, and takes no more memory than its size allows."""

import tracemalloc
import zipfile

import numpy as np
import pytest

from chainrule import ChainruleError, load_model, save_model

TEN_TO_13 = 10**13


@pytest.fixture
def path(tmp_path, model):
    path = tmp_path / "model.npz"
    save_model(path, model)
    return path


def refusal(path):
    """Return the message with which the file is refused, having taken little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ChainruleError) as caught:
            load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert path.name in str(caught.value)
    return str(caught.value)


def dense(n_in, n_out):
    return {"type": "Dense", "n_in": n_in, "n_out": n_out}


@pytest.mark.parametrize(
    "layers",
    [
        [dense(TEN_TO_13, 1)],
        [dense(1, TEN_TO_13)],
        [dense(10**7, 10**6)],
        [dense(100, 100)] * 2000,
        [dense(TEN_TO_13, 1), dense(-TEN_TO_13, 1)],
        [dense(TEN_TO_13, 1), dense(float("nan"), 1)],
        [dense(3 * 10**7, "a")],
        [dense(10**7, [0])],
        [dense(1e308, 1e308)],
        [dense(10**400, 1)],
        [dense(None, 1)],
    ],
    ids=[
        "in",
        "out",
        "both",
        "many layers",
        "evened out by a negative",
        "hidden by NaN",
        "multiplied text",
        "multiplied list",
        "infinite",
        "400 digits",
        "null",
    ],
)
def test_a_header_that_declares_too_much_allocates_nothing(path, change_header, layers):
    change_header(path, layers=layers)
    refusal(path)


def test_a_member_that_declares_too_much_allocates_nothing(path, members, write):
    parts = members(path)
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000,), }"
    padded = head.ljust(128 - 10 - 1) + b"\n"
    parts["0.biases.npy"] = b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded
    write(path, parts)
    assert "0.biases" in refusal(path)


def test_a_large_header_is_refused_before_it_is_read(path, members, write, npy):
    parts = members(path)
    parts["header.npy"] = npy(np.zeros(2_000_000, np.uint8))
    write(path, parts)
    assert "header declares 2,000,128 bytes" in refusal(path)


def test_a_large_member_is_refused_before_it_is_read(path, members, write, npy):
    parts = members(path)
    parts["0.biases.npy"] = npy(np.zeros(4_000_000, np.float32))
    write(path, parts)
    assert "0.biases" in refusal(path)


class Harm:
    """Unpickling this object would raise."""

    def __reduce__(self):
        return pytest.fail, ("code of the file was run",)


@pytest.mark.parametrize("name", ["header.npy", "0.weights.npy"])
def test_an_array_of_objects_is_refused_and_runs_no_code(path, members, write, npy, name):
    parts = members(path)
    parts[name] = npy(np.array([Harm()] * 12, object), allow_pickle=True)
    write(path, parts)
    assert name.removesuffix(".npy") in refusal(path)


def test_compressed_members_are_refused(path, members, write):
    write(path, members(path), zipfile.ZIP_DEFLATED)
    assert "compressed" in refusal(path)


@pytest.mark.parametrize("name", ["0.gain.npy", "7.weights.npy", "readme.txt", "../escape.npy"])
def test_an_extra_member_is_refused(path, members, write, npy, name):
    write(path, {**members(path), name: npy(np.ones(1, np.float32))})
    assert name in refusal(path)


@pytest.mark.parametrize("name", ["header.npy", "0.weights.npy", "6.biases.npy"])
def test_a_missing_member_is_refused(path, members, write, name):
    parts = members(path)
    del parts[name]
    write(path, parts)
    assert name.removesuffix(".npy") in refusal(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["header.npy", "0.weights.npy"])
def test_a_member_that_is_there_twice_is_refused(path, members, write, name):
    parts = members(path)
    write(path, [*parts.items(), (name, parts[name])])
    assert name.removesuffix(".npy") in refusal(path)


@pytest.mark.parametrize(
    "array",
    [
        np.ones((4, 3), np.float32),
        np.ones((3, 4), np.float64),
        np.ones((3, 4), ">f4"),
        np.ones((3, 4), np.int32),
        np.asfortranarray(np.ones((3, 4), np.float32)),
        np.ones((3, 5), np.float32),
        np.float32(1),
    ],
    ids=["transposed", "float64", "big-endian", "int32", "fortran", "wider", "scalar"],
)
def test_a_member_of_another_shape_or_dtype_is_refused(path, members, write, npy, array):
    parts = members(path)
    parts["0.weights.npy"] = npy(array)
    write(path, parts)
    assert "0.weights" in refusal(path)


@pytest.mark.parametrize("spare", [b"\0", b"more"])
def test_bytes_behind_an_array_are_refused(path, members, write, spare):
    parts = members(path)
    parts["0.weights.npy"] += spare
    write(path, parts)
    refusal(path)


def test_another_version_of_npy_is_refused(path, members, write):
    parts = members(path)
    old = parts["0.weights.npy"]
    parts["0.weights.npy"] = old[:6] + b"\x02\x00" + old[8:10] + b"\0\0" + old[10:]
    write(path, parts)
    assert "npy 1.0" in refusal(path)


def test_a_newer_version_says_to_upgrade(path, change_header):
    change_header(path, version=2)
    message = refusal(path)
    for word in ("version 2", "reads 1", "upgrade"):
        assert word in message


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "another"},
        {"version": None},
        {"dtype": "float16"},
        {"dtype": "object"},
        {"loss": "os.system"},
        {"layers": []},
        {"layers": {}},
        {"layers": "Dense"},
        {"layers": [{"type": "Layer"}]},
        {"layers": [{"type": "Conv"}]},
        {"layers": [{"n_in": 3, "n_out": 4}]},
        {"layers": [{"type": "Dropout", "rate": 2}]},
        {"layers": [{"type": "ReLU", "slope": 1}]},
        {"parameters_sha256": "0" * 64},
        {"parameters_sha256": None},
    ],
    ids=str,
)
def test_a_header_that_says_what_cannot_be_is_refused(path, change_header, changes):
    change_header(path, **changes)
    refusal(path)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_header_that_is_no_header_is_refused(path, members, write, npy, text):
    parts = members(path)
    parts["header.npy"] = npy(np.frombuffer(text, np.uint8))
    write(path, parts)
    refusal(path)


def test_a_header_may_not_choose_another_initialiser_or_generator(path, change_header):
    layers = [{"type": "Dropout", "rate": 0.5, "rng": 5}]
    change_header(path, layers=layers)
    refusal(path)
