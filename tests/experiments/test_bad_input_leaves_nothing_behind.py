import gzip
import shutil

import numpy as np
import pytest

from chainrule import cli
from chainrule.data.idx import write_idx

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.fixture
def refused(working_folder, capsys):
    """Return a function that runs a command that must fail; it returns the sentence."""

    def run(*arguments):
        before = sorted(working_folder.rglob("*"))
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as usage:  # argparse
            status = usage.code
        captured = capsys.readouterr()
        assert status == 2
        assert captured.out == ""
        assert "Traceback" not in captured.err
        assert sorted(working_folder.rglob("*")) == before
        return captured.err

    return run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "epochs must be a whole number from 1 up, got 0"),
        (["--batch-size", "-5"], "batch size must be a whole number from 1 up, got -5"),
        (["--optimizers", "adan"], "adan"),
        (["--learning-rate", "fast"], "'fast'"),
        (["--learning-rate", "-1"], "learning_rate must be a number at least 0"),
        (["--learning-rate", "nan"], "learning_rate must be a number"),
        (["--learning-rate", "rmsprop=0.1"], "no optimizer of this run"),
        (["--seeds", "x"], "'x'"),
        (["--seeds", "1", "1"], "once"),
        (["--seeds", "5..1"], "once"),
        (["--seeds", "-1"], "seed must be a whole number from 0 up"),
        (["--hidden", "0"], "hidden must be a whole number from 1 up, got 0"),
        (["--train-size", "0"], "train size must be a whole number from 1 up, got 0"),
        (["--train-size", "1000"], "1,000 is more than the 210"),
        (["--threads", "0"], "threads"),
        (["--jobs", "0"], "jobs"),
        (["--optimizers", "sgd", "sgd"], "once"),
    ],
)
def test_of_an_option(refused, stripes, arguments, words):
    assert words in refused("compare", "--data", stripes, *arguments)


def broken(folder, how):
    """Damage a folder of IDX files in one way."""
    images, labels = folder / IMAGES, folder / LABELS
    content = images.read_bytes()
    numbers = np.frombuffer(labels.read_bytes(), np.uint8, offset=8)
    match how:
        case "missing":
            shutil.rmtree(folder)
        case "empty":
            for path in folder.iterdir():
                path.unlink()
        case "one file less":
            labels.unlink()
        case "truncated":
            images.write_bytes(content[:-100])
        case "truncated gzip":
            images.unlink()
            (folder / f"{IMAGES}.gz").write_bytes(gzip.compress(content)[:-100])
        case "wrong magic":
            images.write_bytes(b"\x89PNG" + content[4:])
        case "other length":
            write_idx(labels, numbers[:-1].copy())
        case "float labels":
            write_idx(labels, numbers.astype(np.float32))
        case "one-hot labels":
            write_idx(labels, np.eye(3, dtype=np.uint8)[numbers])
        case "labels outside the classes":
            write_idx(folder / "t10k-labels-idx1-ubyte", np.full(60, 7, np.uint8))
        case "no images":
            write_idx(images, np.zeros((0, 8, 6), np.uint8))
            write_idx(labels, np.zeros(0, np.uint8))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("missing", "there is no"),
        ("empty", "found none of"),
        ("one file less", LABELS),
        ("truncated", IMAGES),
        ("truncated gzip", IMAGES),
        ("wrong magic", IMAGES),
        ("other length", "as many"),
        ("float labels", "labels"),
        ("one-hot labels", "labels"),
        ("labels outside the classes", "classes"),
        ("no images", "images"),
    ],
)
def test_of_a_data_folder(refused, stripes, tmp_path_factory, how, words):
    folder = shutil.copytree(stripes, tmp_path_factory.mktemp("broken") / "stripes")
    broken(folder, how)
    sentence = refused("compare", "--data", folder)
    assert sentence.startswith("chainrule: error: ")
    assert sentence.count("\n") == 1
    assert words in sentence


def test_of_an_output_folder_that_holds_something(refused, stripes, working_folder):
    (working_folder / "out").mkdir()
    (working_folder / "out" / "thesis.txt").write_text("years of work")
    assert "holds something" in refused("compare", "--data", stripes, "--out", "out")


@pytest.mark.parametrize("out", ["file", "file/below", "/proc/self/out"])
def test_of_an_output_folder_that_cannot_be_made(refused, stripes, working_folder, out):
    (working_folder / "file").write_text("")
    sentence = refused("compare", "--data", stripes, "--out", out)
    assert "folder" in sentence
    assert "another" in sentence


@pytest.mark.parametrize(
    ("shape", "arguments", "words"),
    [
        ((8, 1), ["--distort"], "Images of 8x1 pixels (height x width) cannot be distorted"),
        ((1500, 1500), [], "576,041,538"),
        ((4, 4), ["--hidden", "20000", "20000"], "400,"),
    ],
)
def test_of_images_that_no_network_here_takes(refused, tmp_path_factory, shape, arguments, words):
    path = tmp_path_factory.mktemp("data") / "own.npz"
    images, labels = np.zeros((12, *shape), np.uint8), np.arange(12, dtype=np.uint8) % 2
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    for command in ("train", "compare"):
        assert words in (said := refused(command, "--data", path, *arguments))
        assert "checkpoint" not in said


def test_a_batch_larger_than_the_set_works(compare):
    assert compare("--batch-size", "100000", "--out", "out") == 0
