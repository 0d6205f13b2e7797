"""The SHA-256 of the IDX bytes decides what a folder holds, whatever the files are called."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from tiny_mnist import KERAS, some_images, write_folder, write_npz

from chainrule.checks import ChainruleError
from chainrule.data.dataset import MNIST
from chainrule.data.idx import idx_bytes, write_idx
from chainrule.data.mnist import load_dataset

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = MNIST


def refused(path):
    with pytest.raises(ChainruleError) as raised:
        load_dataset(path)
    return str(raised.value)


def test_the_real_folder_is_mnist(mnist_folder):
    dataset = load_dataset(mnist_folder)
    assert (dataset.name, dataset.title, dataset.classes) == ("MNIST", "MNIST", tuple(range(10)))
    assert (dataset.source, dataset.place) == ("path", str(mnist_folder))
    assert dataset.image_shape == (28, 28)
    assert dataset.sha256 == {name: known.sha256 for name, known in MNIST.items()}
    assert dataset.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(dataset.test_labels).tolist() == [
        *(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
    ]
    assert not dataset.is_sample
    assert not dataset.auto


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dotted", [False, True])
def test_every_spelling_of_the_names_is_read(tmp_path, tiny, suffix, dotted):
    folder = tmp_path / "downloads"
    names = {name.replace("-idx", ".idx") if dotted else name: tiny[name] for name in tiny}
    write_folder(folder, names, suffix)
    assert load_dataset(str(folder)).name == "MNIST"


def test_an_npz_file_is_read(tmp_path, tiny):
    dataset = load_dataset(write_npz(tmp_path / "mnist.npz", tiny))
    assert dataset.name == "MNIST"
    np.testing.assert_array_equal(dataset.test_labels, tiny[TEST_LABELS])


def test_a_folder_where_no_checksum_is_known_is_another_dataset(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        TRAIN_IMAGES: rng.integers(0, 256, (9, 5, 4), dtype=np.uint8),
        TRAIN_LABELS: np.array([0, 1, 2] * 3, np.uint8),
        TEST_IMAGES: rng.integers(0, 256, (3, 5, 4), dtype=np.uint8),
        TEST_LABELS: np.array([2, 0, 1], np.uint8),
    }
    dataset = load_dataset(write_folder(tmp_path / "letters", arrays))
    assert (dataset.name, dataset.title, dataset.classes) == ("letters", "letters", (0, 1, 2))
    assert dataset.image_shape == (5, 4)
    assert dataset.train_labels.dtype == np.int64
    assert set(dataset.sha256) == set(MNIST)
    assert not set(dataset.sha256.values()) & {known.sha256 for known in MNIST.values()}


def test_mnists_shapes_alone_do_not_make_mnist(tmp_path, tiny):
    folder = write_folder(tmp_path / "fashion", some_images(seed=1))
    assert load_dataset(folder).name == "fashion"


@pytest.mark.parametrize("name", MNIST)
def test_one_file_that_is_not_mnists_among_three_that_are_is_damaged(tmp_path, tiny, name):
    folder = write_folder(tmp_path / "mnist", tiny)
    write_idx(folder / name, np.roll(tiny[name], 1))
    message = refused(folder)
    assert str(folder / name) in message
    assert "SHA-256" in message


@pytest.mark.parametrize("name", MNIST)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_cut_short_is_named(tmp_path, tiny, name, suffix):
    path = write_folder(tmp_path / "mnist", tiny, suffix) / f"{name}{suffix}"
    path.write_bytes(path.read_bytes()[:-4])
    assert str(path) in refused(path.parent)


def test_a_wrong_checksum_of_gzip_is_named(tmp_path, tiny):
    path = write_folder(tmp_path / "mnist", tiny) / f"{TRAIN_IMAGES}.gz"
    packed = bytearray(gzip.compress(idx_bytes(tiny[TRAIN_IMAGES])))
    packed[-8] ^= 1
    path.write_bytes(packed)
    path.with_suffix("").unlink()
    message = refused(path.parent)
    assert str(path) in message
    assert "CRC" in message


@pytest.mark.parametrize("name", MNIST)
def test_a_missing_file_is_named(tmp_path, tiny, name):
    folder = write_folder(tmp_path / "mnist", tiny)
    (folder / name).unlink()
    message = refused(folder)
    assert name in message
    assert "missing" in message


def test_folders_that_are_missing_or_empty_are_named(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (tmp_path / "nothing", empty):
        assert str(path) in refused(path)
    assert "found none" in refused(empty)


@pytest.mark.parametrize("source", ["", 7, None, b"mnist"])
def test_a_source_that_is_none_names_those_that_are(source):
    assert "auto, cache, network, openml, sample or the path" in refused(source)


@pytest.mark.parametrize("source", ["mnits", "~nobody-of-this-name/mnist"])
def test_a_misspelt_source_is_a_path_that_is_missing(source):
    assert f"there is no {source}" in refused(source)


def shorter(arrays):
    arrays[TRAIN_LABELS] = arrays[TRAIN_LABELS][:-1]


def one_hot(arrays):
    arrays[TEST_LABELS] = np.eye(10, dtype=np.uint8)[arrays[TEST_LABELS]]


def fractions(arrays):
    arrays[TRAIN_LABELS] = arrays[TRAIN_LABELS].astype(np.float32)


def negative(arrays):
    arrays[TRAIN_LABELS] = arrays[TRAIN_LABELS].astype(np.int8) - 1


def outside(arrays):
    arrays[TEST_LABELS] = arrays[TEST_LABELS] + 1


def empty(arrays):
    arrays[TEST_IMAGES], arrays[TEST_LABELS] = arrays[TEST_IMAGES][:0], arrays[TEST_LABELS][:0]


def flat(arrays):
    arrays[TRAIN_IMAGES] = arrays[TRAIN_IMAGES].reshape(-1, 784)


def not_bytes(arrays):
    arrays[TRAIN_IMAGES] = arrays[TRAIN_IMAGES] / np.float32(255)


def smaller(arrays):
    arrays[TEST_IMAGES] = arrays[TEST_IMAGES][:, :14, :14]


WRONG = {
    shorter: "must have shape (40,), as many as examples, got (39,)",
    one_hot: "argmax(axis=1)",
    fractions: "got dtype float32",
    negative: "from 0 up, got -1",
    outside: "among the classes of the training labels, 0 to 9, got 10",
    empty: "got uint8 of the shape (0, 28, 28)",
    flat: "got uint8 of the shape (40, 784)",
    not_bytes: "got float32 of the shape (40, 28, 28)",
    smaller: "must be of one size, got (28, 28) and (14, 14)",
}


@pytest.mark.parametrize("write", [write_folder, write_npz])
@pytest.mark.parametrize(("change", "message"), WRONG.items())
def test_images_and_labels_that_do_not_belong_together(tmp_path, write, change, message):
    arrays = some_images()
    change(arrays)
    path = tmp_path / "wrong.npz"
    write(path, arrays)
    found = refused(path)
    assert message in found
    assert str(path) in found


def test_numpys_own_integers_are_welcome_in_npz_files(tmp_path):
    arrays = {name: array.astype(np.int64) for name, array in some_images().items()}
    dataset = load_dataset(write_npz(tmp_path / "school.npz", arrays))
    assert dataset.name == "school"
    assert dataset.train_images.dtype == np.uint8


def test_npz_files_that_are_none_are_named(tmp_path, tiny):
    whole = write_npz(tmp_path / "mnist.npz", tiny).read_bytes()
    cases = {
        "page.npz": b"<!DOCTYPE html>",
        "short.npz": whole[:-100],
        "flipped.npz": whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:],
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        assert str(tmp_path / name) in refused(tmp_path / name)
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    assert "x_train" in refused(tmp_path / "other.npz")


class Trap:
    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


def test_reading_an_npz_file_runs_no_code(tmp_path, home):
    np.savez(tmp_path / "trap.npz", **dict.fromkeys(KERAS, np.array([Trap()])))
    assert "cannot be read" in refused(tmp_path / "trap.npz")
    assert not (home / "sprung").exists()


def test_a_folder_of_torchvision_with_both_forms_is_read(tmp_path, tiny):
    folder = write_folder(tmp_path / "raw", tiny)
    write_folder(folder, tiny, ".gz")
    assert load_dataset(folder).name == "MNIST"
