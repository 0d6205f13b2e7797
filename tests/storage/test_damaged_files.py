"""A damaged file gives exactly what was written, or one error that names the file."""

import numpy as np
import pytest

from chainrule import ChainruleError, Dense, Network, load_model, save_model
from chainrule.storage.models import Model


def facts(model):
    """Return everything that a model says, as values that can be compared."""
    network = model.network
    layers = [(type(layer), repr(layer)) for layer in network]
    beside = (model.preprocessing, model.training, model.classes, model.data)
    return network.parameters.tobytes(), network.dtype, network.loss, layers, beside


@pytest.fixture
def saved(tmp_path):
    """Return the path of a small file, its bytes and what it says."""
    model = Model(Network([Dense(2, 3)]), {"mean": 0.1307}, {"seed": 1}, [0, 1, 2], {"name": "a"})
    path = tmp_path / "small.npz"
    save_model(path, model)
    return path, path.read_bytes(), facts(model)


def outcome(path):
    """Return what the file says, or the message with which it is refused."""
    try:
        return facts(load_model(path))
    except ChainruleError as error:
        return str(error)


def assert_refused_or_identical(path, expected):
    came = outcome(path)
    assert came == expected or path.name in came


@pytest.mark.long
def test_no_flipped_bit_changes_a_value(saved):
    path, content, expected = saved
    for flip in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[flip // 8] ^= 1 << flip % 8
        path.write_bytes(damaged)
        assert_refused_or_identical(path, expected)


def test_a_flipped_bit_of_a_parameter_is_found_and_its_member_named(saved):
    path, content, _ = saved
    value = load_model(path).network[0].weights.tobytes()
    damaged = bytearray(content)
    damaged[content.index(value) + 5] ^= 0x10
    path.write_bytes(damaged)
    with pytest.raises(ChainruleError, match=r"small\.npz.*0\.weights"):
        load_model(path)


def test_a_truncated_file_is_refused_wherever_it_ends(saved):
    path, content, _ = saved
    for length in {*range(0, len(content), 13), *range(0, len(content), len(content) // 16)}:
        path.write_bytes(content[:length])
        with pytest.raises(ChainruleError, match=r"small\.npz"):
            load_model(path)


def test_bytes_set_to_zero_change_no_value(saved):
    path, content, expected = saved
    for start in range(0, len(content), 16):
        path.write_bytes(content[:start] + bytes(16) + content[start + 16 :])
        assert_refused_or_identical(path, expected)


def test_a_swapped_sector_changes_no_value(saved):
    path, content, expected = saved
    half = len(content) // 2
    path.write_bytes(content[half:] + content[:half])
    assert_refused_or_identical(path, expected)


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x05\x06" + bytes(18), b"\x93NUMPY\x01\x00", b"<html>404</html>", bytes(1000)],
    ids=["nothing", "an empty zip", "an npy file", "a page", "zeros"],
)
def test_what_is_no_model_file_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(ChainruleError, match=r"other\.npz is not a model file"):
        load_model(path)


def test_another_npz_is_refused_with_its_name(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(ChainruleError, match=r"other\.npz .* no member 'header'"):
        load_model(tmp_path / "other.npz")


def test_parameters_of_another_training_are_refused(saved, members, write, npy):
    path, _, _ = saved
    parts = members(path)
    parts["0.weights.npy"] = npy(np.ones((2, 3), np.float32))
    write(path, parts)
    with pytest.raises(ChainruleError, match=r"small\.npz .*SHA-256"):
        load_model(path)
