"""What is converted is the same data, and an .npz file keeps the names of its classes."""

from pathlib import Path

import numpy as np
import pytest
from some_pictures import write_pictures
from tiny_mnist import write_npz

from chainrule import cli
from chainrule.checks import ChainruleError
from chainrule.data.convert import write_dataset
from chainrule.data.mnist import load_dataset


@pytest.fixture
def pets(tmp_path):
    return load_dataset(write_pictures(tmp_path / "pets"))


def converted(dataset, path, said=None):
    write_dataset(dataset, path, [].append if said is None else said.append)
    return load_dataset(path, notice=None)


@pytest.mark.parametrize("name", ["new.npz", "new"])
def test_it_is_the_same_data(pets, tmp_path, name):
    again = converted(pets, tmp_path / "deep" / name)
    assert again.sha256 == pets.sha256
    np.testing.assert_array_equal(again.test_images, pets.test_images)
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == [name]


def test_an_npz_file_keeps_names_and_what_pictures_need(pets, tmp_path):
    again = converted(pets, tmp_path / "new.npz")
    assert again.classes == ("cat", "dog")
    assert again.pictures == pets.pictures


def test_idx_files_do_not_and_that_is_said(pets, tmp_path):
    said = []
    again = converted(pets, tmp_path / "new", said)
    assert again.classes == (0, 1)
    assert said[0].endswith("the labels stand for 0 cat, 1 dog.")


@pytest.mark.parametrize("name", ["new.npz", "new"])
def test_numbers_stay_what_they_are(tmp_path, name):
    tens = load_dataset(write_pictures(tmp_path / "tens", ("10", "300")))
    said = []
    again = converted(tens, tmp_path / name, said)
    assert (again.classes, again.sha256, said) == ((10, 300), tens.sha256, [])


@pytest.mark.parametrize("name", ["new.npz", "new"])
def test_mnist_stays_mnist(tmp_path, tiny, name):
    again = converted(load_dataset(write_npz(tmp_path / "keras.npz", tiny)), tmp_path / name)
    assert again.name == "MNIST"
    assert again.pictures == {"rule": "mnist"}


@pytest.mark.parametrize("name", ["new.npz", "new"])
def test_what_is_there_stays(pets, tmp_path, name):
    place = tmp_path / name
    if name == "new":
        place.mkdir()
        place = place / "mine.txt"
    place.write_text("mine")
    with pytest.raises(ChainruleError, match="is there already"):
        write_dataset(pets, tmp_path / name, print)
    assert place.read_text() == "mine"


@pytest.mark.parametrize("name", ["new.npz", "new", "cat/new"])
def test_nothing_is_written_among_the_pictures(pets, tmp_path, name):
    with pytest.raises(ChainruleError, match="would become a part of it"):
        write_dataset(pets, tmp_path / "pets" / name, print)
    assert not (tmp_path / "pets" / name).exists()


def test_an_empty_folder_is_filled(pets, tmp_path):
    (tmp_path / "new").mkdir()
    assert converted(pets, tmp_path / "new").sha256 == pets.sha256


@pytest.mark.parametrize("name", ["new.npz", "new"])
def test_nothing_is_left_half_written(pets, tmp_path, monkeypatch, name):
    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chainrule.data.convert.write_idx", fails)
    monkeypatch.setattr(np, "savez_compressed", fails)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ChainruleError, match="No space left"):
        write_dataset(pets, tmp_path / name, print)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", [".", "new.NPZ"])
def test_the_working_folder_is_no_new_one_and_capitals_change_nothing(
    pets, tmp_path, monkeypatch, name
):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    if name == ".":
        with pytest.raises(ChainruleError, match="is there already"):
            write_dataset(pets, Path(name), print)
    else:
        assert converted(pets, Path(name)).classes == ("cat", "dog")
        assert Path(name).is_file()


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    folder = str(write_pictures(tmp_path / "pets"))
    assert cli.main(["data", "convert", folder, "new.npz", "--size", "4x3"]) == 0
    assert capsys.readouterr().out == (
        "new.npz: 8 images to train on and 2 to test, 4x3 pixels, 2 classes (cat, dog)\n"
    )


class TestNamesInAnNpzFile:
    def write(self, path, labels, **members):
        images = np.arange(len(labels), dtype=np.uint8)[:, None, None] + np.zeros((4, 4), np.uint8)
        halves = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
        np.savez(path, **halves, **members)
        return path

    def test_are_those_of_the_labels_that_there_are(self, tmp_path):
        path = self.write(tmp_path / "a.npz", [0, 2, 2, 0], classes=np.array(["x", "y", "z"]))
        assert load_dataset(path).classes == ("x", "z")

    @pytest.mark.parametrize(
        "names", [["x", "y"], ["x", "y", "y"], np.array(["x", "y", "z"], object)]
    )
    def test_are_one_for_each_label_in_text(self, tmp_path, names):
        path = self.write(tmp_path / "a.npz", [0, 1, 2, 0], classes=np.array(names))
        with pytest.raises(ChainruleError, match="a name for each label from 0 to 2"):
            load_dataset(path)

    @pytest.mark.parametrize("classes", [[3, 4], 2, [[1.5]]])
    def test_are_no_numbers(self, tmp_path, classes):
        path = self.write(tmp_path / "a.npz", [3, 4, 3, 4], classes=np.array(classes))
        assert load_dataset(path).classes == (3, 4)

    @pytest.mark.parametrize("pictures", ["?", '{"rule": "rings"}', "[1]", [1, 2], [["a"]]])
    def test_what_is_not_known_of_pictures_is_passed_over(self, tmp_path, pictures):
        path = self.write(tmp_path / "a.npz", [0, 1, 0, 1], pictures=np.array(pictures))
        assert load_dataset(path).pictures == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.csv", "chainrule.interop.sklearn"),
        ("x.ZIP", "unpack it"),
        ("x.xlsx", "is a table"),
        ("x.JPG", "is one picture"),
    ],
)
def test_another_kind_of_file_is_sent_where_it_belongs(tmp_path, name, words):
    (tmp_path / name).write_text("1,2")
    with pytest.raises(ChainruleError, match=words):
        load_dataset(tmp_path / name)


def test_a_folder_may_have_any_name(tmp_path):
    folder = write_pictures(tmp_path / "pets.zip")
    write_dataset(load_dataset(folder), tmp_path / "pets.csv", print)
    assert load_dataset(tmp_path / "pets.csv").sha256 == load_dataset(folder).sha256
