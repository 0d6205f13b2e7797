"""Classes are the numbers that there are: from 1, in tens, as code points; never the gaps."""

import json

import numpy as np
import pytest
from other_data import done, refused, write_bars
from PIL import Image

from chainrule import (
    Dense,
    Network,
    create_network,
    load_mnist,
    load_model,
    preprocess_mnist,
    save_model,
    train_network,
)
from chainrule.data.dataset import MNIST
from chainrule.data.idx import read_idx, write_idx
from chainrule.data.mnist import load_dataset
from chainrule.lab import answers
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab, named
from chainrule.lab.walk.batch import batch_of
from chainrule.lab.walk.cards import cards_of
from chainrule.lab.words import sentence
from chainrule.plots import alt_text, confusion, mistakes, predictions, samples
from chainrule.reading.classifier import ImageClassifier
from chainrule.storage.models import Model

LETTERS, TENS, KANA = range(1, 27), range(0, 100, 10), (12354, 12356, 12358)
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = MNIST


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("numbers", [LETTERS, TENS, KANA], ids=["letters", "tens", "kana"])
def test_from_training_to_the_answer_a_class_has_the_number_of_its_labels(numbers, working_folder):
    data = write_bars(working_folder / "data", numbers, shape=(30, 5), dtype=np.int32)
    numbers = list(numbers)
    where = ("--data", data)
    done("compare", *where, "--epochs", 30, "--hidden", 32, "--jobs", 1, "--optimizers", "adam",
         "--learning-rate", 0.01, "--out", "run")  # fmt: skip
    metrics = json.loads((working_folder / "run/metrics.json").read_text())
    assert metrics["data"]["classes"] == numbers
    assert np.shape(metrics["runs"][0]["confusion_matrix"]) == (len(numbers), len(numbers))
    assert load_model("run/models/adam-seed0.npz").classes == numbers
    for figure in ("samples", "confusion_adam-seed0", "predictions", "mistakes"):
        assert described(f"run/figures/{figure}.png")

    model = "run/models/adam-seed0.npz"
    judged = json.loads(done("evaluate", model, *where, "--json").stdout)
    assert [row["class"] for row in judged["classes"]] == numbers
    assert all(row["images"] == 4 for row in judged["classes"])
    assert judged["test_accuracy"] == metrics["runs"][0]["test_accuracy"] > 0.9

    images, labels = read_idx(data / TEST_IMAGES), read_idx(data / TEST_LABELS)
    Image.fromarray(images[-1]).save("last.png")
    answer = json.loads(done("predict", model, "last.png", "--raw", "--json").stdout)
    assert answer["class"] == labels[-1]
    assert done("check", model, *where).stdout


def described(path):
    """Return the alt text of a picture."""
    return Image.open(path).text["Description"]


def test_pictures_name_classes_by_their_numbers(working_folder):
    data = write_bars(working_folder / "data", KANA, dtype=np.int32)
    done("compare", "--data", data, "--epochs", 1, "--hidden", 4, "--jobs", 1, "--out", "run")
    figures = {path.stem: described(path) for path in working_folder.glob("run/figures/*.png")}
    for name in ("samples", "confusion_adam-seed0", "predictions", "mistakes"):
        assert any(str(number) in figures[name] for number in KANA), figures[name]


def test_builders_take_the_names_of_classes():
    images, labels, predicted = np.eye(4).reshape(4, 2, 2), np.arange(4) % 2, np.zeros(4, int)
    sure, classes = np.full((4, 2), 0.5), ["A", "B"]
    words = [
        alt_text(samples(images, labels, classes=classes)),
        alt_text(predictions(images, labels, predicted, sure, classes=classes)),
        alt_text(mistakes(images, labels, predicted, sure, classes=classes)),
        alt_text(confusion([[2, 0], [2, 0]], classes=classes)),
    ]
    assert all("B" in text for text in words)
    assert all("B taken for A" in text for text in words[1:])


def test_a_training_goes_on_with_the_same_classes(working_folder):
    data = write_bars(working_folder / "data", LETTERS)
    done("train", "--data", data, "--epochs", 2, "--hidden", 4, "--out", "run")
    before = load_model("run/models/adam-seed0.npz")
    done("resume", "run")
    assert load_model("run/models/adam-seed0.npz").classes == before.classes == list(LETTERS)


def test_a_run_of_a_version_that_made_classes_of_gaps_is_read_as_then(working_folder):
    data = write_bars(working_folder / "data", LETTERS)
    done("train", "--data", data, "--epochs", 1, "--hidden", 4, "--out", "run")
    path = working_folder / "run/metrics.json"
    metrics = json.loads(path.read_text())
    del metrics["data"]["classes"], metrics["data"]["turned"]
    matrix = np.pad(metrics["runs"][0]["confusion_matrix"], ((1, 0), (1, 0)))
    metrics["runs"][0]["confusion_matrix"] = matrix.tolist()
    path.write_text(json.dumps(metrics))
    assert "has ended already" in done("resume", "run").stderr

    model = load_model("run/models/adam-seed0.npz")
    old = Network([Dense(48, 27)])
    save_model("old.npz", Model(old, model.preprocessing, {}, list(range(27)), model.data))
    judged = json.loads(done("evaluate", "old.npz", "--data", data, "--json").stdout)
    assert [row["images"] for row in judged["classes"]] == [0, *[4] * 26]


@pytest.mark.parametrize(
    "classes",
    [list(KANA), [str(number) for number in KANA], list(reversed(KANA)), [], ["a", "i", "u"]],
    ids=["numbers", "texts", "another order", "none", "words"],
)
def test_a_model_is_judged_by_what_its_file_calls_the_classes(working_folder, classes):
    data = write_bars(working_folder / "data", KANA, dtype=np.int32, shape=(3, 3))
    dataset = load_dataset(data)
    network = Network([Dense(9, 3)])
    network[0].weights[:] = np.kron(np.eye(3), np.ones((3, 1)))  # the brightest row wins
    if classes == list(reversed(KANA)):
        network[0].weights[:] = network[0].weights[:, ::-1]
    save_model("it.npz", Model(network, classes=classes, data={"sha256": dataset.sha256}))
    judged = json.loads(done("evaluate", "it.npz", "--data", data, "--json").stdout)
    assert judged["accuracy"] == 1
    assert [row["class"] for row in judged["classes"]] == (classes or [0, 1, 2])


def test_a_model_of_other_classes_is_refused(working_folder):
    data = write_bars(working_folder / "data", KANA, dtype=np.int32, shape=(3, 3))
    prepared = {"mean": 0.0, "std": 1.0}
    save_model("it.npz", Model(Network([Dense(9, 3)]), prepared, classes=[1, 2, 3]))
    for command in ("evaluate", "check"):
        sentence = refused(command, "it.npz", "--data", data)
        assert "knows 3 classes (1 to 3), but data has 3 (12354, 12356, 12358)" in sentence


def test_a_test_label_that_is_no_class_of_the_training_is_refused(working_folder):
    data = write_bars(working_folder / "data", TENS)
    labels = read_idx(data / TEST_LABELS)
    labels[:2] = 35, 70
    write_idx(data / TEST_LABELS, labels)
    sentence = refused("train", "--data", data)
    assert "must be among the classes of the training labels, 0, 10, 20, 30, …, 90" in sentence
    assert "got 35" in sentence


@pytest.mark.parametrize(
    ("numbers", "each", "words"),
    [([7], 16, "two classes at least"), (range(0, 2002, 2), 4, "1,001 different numbers")],
    ids=["one", "a thousand and one"],
)
def test_what_can_hardly_be_classes_is_refused_before_the_training(
    working_folder, numbers, each, words
):
    data = write_bars(working_folder / "data", numbers, each=each, dtype=np.int32)
    assert words in refused("train", "--data", data, "--out", "run")
    assert not (working_folder / "run").exists()


def test_train_network_learns_what_load_mnist_returns(working_folder, capsys):
    data = write_bars(working_folder / "data", LETTERS, shape=(28, 28))
    loaded = load_mnist(data)
    assert "labels 0 to 25 stand for the classes 1 to 26" in capsys.readouterr().out
    *training, _, y_test = preprocess_mnist(*loaded, verbose=False)
    network = create_network("adam", sizes=(784, 16, 26))
    history = train_network(network, *training, 2, on_epoch=None)
    assert len(history["loss"]) == 2
    classes = np.array(load_dataset(data).classes)
    np.testing.assert_array_equal(classes[y_test], read_idx(data / TEST_LABELS))


def test_nothing_is_said_where_positions_are_the_numbers(working_folder, capsys):
    load_mnist(write_bars(working_folder / "data", range(3)))
    assert "stand for" not in capsys.readouterr().out


def test_the_lab_shows_the_numbers(working_folder):
    data = write_bars(working_folder / "data", TENS, shape=(28, 28))
    done("train", "--data", data, "--epochs", 1, "--hidden", 4, "--out", "run")
    dataset, path = load_dataset(data), working_folder / "run/models/adam-seed0.npz"
    network = named("it", "it", ImageClassifier.load(path), dataset)
    lab = Lab(dataset, {"it": network})
    assert answers.lab(lab, Asked({}, {}))["classes"] == [str(number) for number in TENS]
    batch = batch_of(network, lab.images[[3]], lab.labels[[3]])
    question = cards_of(batch)["cards"][0]["ask"]["question"]
    assert "30" in sentence(question)
