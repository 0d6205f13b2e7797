"""A folder of pictures is a dataset: its subfolders are the classes, and keep their names."""

import os
import unicodedata

import numpy as np
import pytest
from PIL import Image
from some_pictures import picture, write_pictures

from chainrule.checks import ChainruleError
from chainrule.data import image_folder
from chainrule.data import pictures as pictures_module
from chainrule.data.dataset import MNIST, MOST_CLASSES
from chainrule.data.idx import idx_sha256
from chainrule.data.mnist import cache_status, load_dataset, verify
from chainrule.data.pictures import read_scaled
from chainrule.data.split import split_dataset
from chainrule.terminal import tell


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path / "pets")


@pytest.fixture
def refused():
    """Return a function that loads what must be refused, and returns the one sentence."""

    def refused(folder, **options):
        with pytest.raises(ChainruleError) as raised:
            load_dataset(folder, notice=None, **options)
        return str(raised.value)

    return refused


def rows(images):
    return {image.tobytes() for image in images}


class TestClasses:
    def test_are_called_as_their_folders(self, folder):
        dataset = load_dataset(folder)
        assert (dataset.name, dataset.source, dataset.place) == ("pets", "path", str(folder))
        assert dataset.classes == ("cat", "dog")
        for images, labels in (
            (dataset.train_images, dataset.train_labels),
            (dataset.test_images, dataset.test_labels),
        ):
            for image, label in zip(images, labels, strict=True):
                of_class = {picture(1000 * label + j).tobytes() for j in range(5)}
                assert image.tobytes() in of_class

    def test_are_numbers_where_every_name_is_one(self, tmp_path):
        folder = write_pictures(tmp_path / "digits", ("10", "007", "2"))
        assert load_dataset(folder).classes == (2, 7, 10)
        (folder / "2").rename(folder / "two")
        assert load_dataset(folder).classes == ("007", "10", "two")

    def test_stay_names_where_two_are_one_number(self, tmp_path):
        assert load_dataset(write_pictures(tmp_path / "digits", ("1", "01"))).classes == ("01", "1")

    def test_have_one_form_of_their_accents_and_nothing_that_moves_a_cursor(self, tmp_path):
        names = [unicodedata.normalize("NFD", "Äpfel"), "a\nb", "\x1b[31m", os.fsdecode(b"caf\xe9")]
        dataset = load_dataset(write_pictures(tmp_path / "odd", names))
        assert dataset.classes == ("\\x1b[31m", "a\\nb", "caf\\udce9", "Äpfel")

    def test_hold_the_pictures_of_folders_inside_them(self, folder):
        write_pictures(folder / "cat", ["siamese"], first=500)
        dataset = load_dataset(folder)
        assert dataset.classes == ("cat", "dog")
        assert len(dataset.train_images) + len(dataset.test_images) == 15

    def test_keep_their_names_on_the_way_to_training(self, folder):
        split = split_dataset(load_dataset(folder), 4)
        assert split.classes == ("cat", "dog")
        assert split.preprocessing["pictures"] == {"rule": "scaled", "way": "fit"}


class TestTheTestPart:
    def test_is_drawn_from_each_class(self, tmp_path):
        folder = write_pictures(tmp_path / "pets", count=10)
        (folder / "dog" / "0.png").unlink()
        dataset = load_dataset(folder)
        assert np.bincount(dataset.train_labels).tolist() == [8, 8]
        assert np.bincount(dataset.test_labels).tolist() == [2, 1]
        assert not rows(dataset.train_images) & rows(dataset.test_images)

    def test_does_not_depend_on_the_order_in_the_file_system(self, folder, tmp_path, monkeypatch):
        first = load_dataset(folder)
        scandir = os.scandir
        monkeypatch.setattr(os, "scandir", lambda path: list(scandir(path))[::-1])
        assert load_dataset(folder).sha256 == first.sha256
        folder.rename(tmp_path / "moved")
        assert load_dataset(tmp_path / "moved").sha256 == first.sha256

    def test_is_the_folder_test_where_there_is_one(self, tmp_path):
        write_pictures(tmp_path / "pets" / "Train", count=4)
        write_pictures(tmp_path / "pets" / "test", count=2, first=100)
        dataset = load_dataset(tmp_path / "pets")
        of_test = (100, 101, 1100, 1101)
        assert rows(dataset.test_images) == {picture(seed).tobytes() for seed in of_test}
        assert len(dataset.train_images) == 8

    def test_may_lack_a_class_and_the_others_keep_their_place(self, tmp_path):
        write_pictures(tmp_path / "pets" / "train", ("cat", "dog", "owl"))
        write_pictures(tmp_path / "pets" / "test", ("cat", "owl"), first=100)
        assert set(load_dataset(tmp_path / "pets").test_labels) == {0, 2}

    def test_mixes_the_classes(self, tmp_path):
        labels = load_dataset(write_pictures(tmp_path / "pets", count=40)).train_labels
        assert 0 < labels[:16].sum() < 16


class TestIdentity:
    def test_is_that_of_the_idx_bytes(self, folder):
        dataset = load_dataset(folder)
        labels = dataset.train_labels.astype(np.uint8)
        assert list(dataset.sha256) == list(MNIST)
        assert dataset.sha256["train-images-idx3-ubyte"] == idx_sha256(dataset.train_images)
        assert dataset.sha256["train-labels-idx1-ubyte"] == idx_sha256(labels)

    def test_has_the_numbers_themselves_for_labels(self, tmp_path):
        dataset = load_dataset(write_pictures(tmp_path / "tens", ("10", "20")))
        labels = (10 * (dataset.train_labels + 1)).astype(np.uint8)
        assert dataset.sha256["train-labels-idx1-ubyte"] == idx_sha256(labels)

    def test_changes_with_one_picture(self, folder):
        before = load_dataset(folder).sha256
        Image.fromarray(picture(77)).save(folder / "cat" / "0.png")
        assert load_dataset(folder).sha256 != before


class TestWhatIsLeftBehind:
    @pytest.mark.parametrize(
        "name", [".DS_Store", "Thumbs.db", "._0.png", "desktop.ini", ".ipynb_checkpoints/0.png"]
    )
    def test_by_systems_is_no_picture(self, folder, name):
        before, said = load_dataset(folder).sha256, []
        for place in (folder, folder / "cat"):
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(b"?")
        assert load_dataset(folder, notice=said.append).sha256 == before
        assert said == []

    def test_by_people_is_told(self, folder):
        said = []
        (folder / "cat" / "IMG_1.MOV").write_bytes(b"?")
        (folder / "labels.csv").write_bytes(b"?")
        assert len(load_dataset(folder, notice=said.append).train_images) == 8
        (sentence,) = said
        assert "2 files" in sentence
        assert "labels.csv" in sentence

    def test_beside_train_and_test_is_told(self, tmp_path):
        for name in ("train", "test", "valid"):
            write_pictures(tmp_path / "pets" / name, first=sum(map(ord, name)))
        said = []
        load_dataset(tmp_path / "pets", notice=said.append)
        assert [sentence.rpartition("/")[2] for sentence in said] == ["valid"]


def test_suffixes_may_be_in_capitals(tmp_path):
    folder = write_pictures(tmp_path / "pets", suffix=".PNG")
    assert len(load_dataset(folder).train_images) == 8


class TestScaling:
    def save(self, tmp_path, pixels, name="it.png"):
        Image.fromarray(np.asarray(pixels, np.uint8)).save(tmp_path / name)
        return tmp_path / name

    def test_leaves_a_picture_of_the_size_as_it_is(self, tmp_path):
        path = self.save(tmp_path, picture(0))
        for way in ("fit", "crop"):
            np.testing.assert_array_equal(read_scaled(path, (6, 8), way), picture(0))
        np.testing.assert_array_equal(read_scaled(path), picture(0))

    def test_fits_the_whole_picture_in_on_its_own_ground(self, tmp_path):
        pixels = np.full((20, 40), 200)
        pixels[4:16, 8:32] = 0
        scaled = read_scaled(self.save(tmp_path, pixels), (10, 10), "fit")
        assert (scaled[[0, 1, 8, 9]] == 200).all()
        assert (scaled[4, 3:7] == 0).all()

    def test_crops_the_middle(self, tmp_path):
        pixels = np.zeros((10, 30))
        pixels[:, 10:20] = 255
        assert read_scaled(self.save(tmp_path, pixels), (5, 5), "crop")[:, 1:4].min() == 255

    def test_takes_the_form_of_a_line(self, tmp_path):
        assert read_scaled(self.save(tmp_path, np.zeros((1, 300))), (8, 8)).shape == (8, 8)

    @pytest.mark.parametrize("drawn", [0, 255])
    def test_puts_what_is_transparent_on_the_ground_that_shows_it(self, tmp_path, drawn):
        pixels = np.zeros((8, 8, 4))
        pixels[2:6, 2:6] = (drawn, drawn, drawn, 255)
        scaled = read_scaled(self.save(tmp_path, pixels))
        assert scaled[3, 3] == drawn
        assert scaled[0, 0] == 255 - drawn

    def test_turns_upright_as_exif_says(self, tmp_path):
        image = Image.fromarray(picture(0, (80, 60)))
        exif = image.getexif()
        exif[0x0112] = 6
        image.save(tmp_path / "it.png", exif=exif)
        np.testing.assert_array_equal(
            read_scaled(tmp_path / "it.png", (60, 80)), np.rot90(picture(0, (80, 60)), -1)
        )

    @pytest.mark.parametrize("mode", ["1", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16"])
    def test_makes_every_mode_grey(self, tmp_path, mode):
        if mode == "I;16":
            image = Image.fromarray(np.full((6, 8), 32_768, np.uint16))
        else:
            image = Image.new("RGB", (8, 6), (128, 128, 128)).convert(mode)
        image.save(tmp_path / "it.tif" if mode not in ("LA", "P") else tmp_path / "it.png")
        (path,) = tmp_path.glob("it.*")
        scaled = read_scaled(path, (3, 4))
        assert scaled.shape == (3, 4)
        if mode != "1":  # dithered
            assert np.abs(scaled - 128.0).max() < 4

    def test_is_for_all_pictures_of_a_folder(self, folder):
        Image.fromarray(picture(5, (30, 20))).save(folder / "cat" / "9.jpg")
        dataset = load_dataset(folder, size=(12, 9), crop=True)
        assert dataset.image_shape == (12, 9)
        assert dataset.pictures == {"rule": "scaled", "way": "crop"}

    def test_is_asked_for_where_pictures_have_several_sizes(self, folder, refused):
        Image.fromarray(picture(5, (30, 20))).save(folder / "cat" / "9.jpg")
        sentence = refused(folder)
        assert "30x20" in sentence
        assert "6x8" in sentence
        assert "--size" in sentence

    def test_is_for_pictures_alone(self, refused):
        assert "leave it out" in refused("sample", size=(8, 8))
        assert "--size" in refused("sample", crop=True)

    @pytest.mark.parametrize("size", [(8,), (8, 8, 8), 8, "28x28", (0, 8), (8.5, 8)])
    def test_is_height_and_width(self, folder, refused, size):
        assert refused(folder, size=size).startswith("size must be")


class TestBadInput:
    def test_one_class(self, tmp_path, refused):
        sentence = refused(write_pictures(tmp_path / "archive", ["PetImages"]))
        assert f"name {tmp_path}/archive/PetImages" in sentence

    def test_a_class_of_one_picture(self, folder, refused):
        for i in range(1, 5):
            (folder / "dog" / f"{i}.png").unlink()
        sentence = refused(folder)
        assert "dog has 1 picture" in sentence
        assert str(folder / "dog" / "0.png") in sentence

    def test_a_class_without_pictures(self, folder, refused):
        (folder / "owl").mkdir()
        assert "owl has no picture" in refused(folder)

    def test_pictures_without_classes(self, tmp_path, refused):
        (tmp_path / "pets").mkdir()
        Image.fromarray(picture(0)).save(tmp_path / "pets" / "it.png")
        assert "pets has no subfolder" in refused(tmp_path / "pets")

    def test_train_without_test(self, tmp_path, refused):
        write_pictures(tmp_path / "pets" / "train")
        write_pictures(tmp_path / "pets" / "valid")
        assert "train, valid, but train and test are both needed" in refused(tmp_path / "pets")

    def test_a_class_to_test_alone(self, tmp_path, refused):
        write_pictures(tmp_path / "pets" / "train")
        write_pictures(tmp_path / "pets" / "test", ("cat", "owl"))
        assert "owl is a class to test" in refused(tmp_path / "pets")

    def test_no_picture_to_test(self, tmp_path, refused):
        write_pictures(tmp_path / "pets" / "train")
        (tmp_path / "pets" / "test" / "cat").mkdir(parents=True)
        assert "no picture to test" in refused(tmp_path / "pets")

    @pytest.mark.parametrize("content", [b"", b"nonsense", b"\x89PNG\r\n\x1a\n" + bytes(20)])
    def test_a_picture_that_cannot_be_decoded(self, folder, refused, content):
        (folder / "dog" / "3.png").write_bytes(content)
        assert str(folder / "dog" / "3.png") in refused(folder)

    def test_a_picture_that_was_cut_short(self, tmp_path, refused):
        folder = write_pictures(tmp_path / "pets", shape=(90, 90))
        path = folder / "dog" / "3.png"
        path.write_bytes(path.read_bytes()[:5000])
        assert f"{path} is damaged" in refused(folder)

    def test_a_bomb_is_seen_before_it_is_decoded(self, folder, refused, monkeypatch):
        monkeypatch.setattr("chainrule.data.pictures.MOST_PIXELS", 40)
        assert "at most 40 are read" in refused(folder)

    def test_two_pictures_of_one_name(self, folder, refused):
        Image.fromarray(picture(0)).save(folder / "cat" / "0.jpg")
        assert "0.jpg and 0.png have one name" in refused(folder)

    @pytest.mark.parametrize(
        ("target", "words"),
        [
            ("../../other.png", "leaves"),
            ("../dog/none.png", "a link to nothing"),
            ("..", "a link to a folder"),
        ],
    )
    def test_a_link_that_leads_astray(self, folder, refused, target, words):
        Image.fromarray(picture(0)).save(folder.parent / "other.png")
        (folder / "cat" / "link.png").symlink_to(target)
        sentence = refused(folder)
        assert words in sentence
        assert "link.png" in sentence

    def test_a_link_inside_is_followed(self, folder):
        (folder / "cat" / "link.png").symlink_to("4.png")
        assert len(load_dataset(folder, notice=None).train_images) == 9

    def test_a_link_to_the_folder_is_followed(self, folder, tmp_path):
        (tmp_path / "link").symlink_to(folder)
        assert load_dataset(tmp_path / "link").sha256 == load_dataset(folder).sha256

    def test_more_classes_than_a_matrix_shows(self, tmp_path, refused):
        for i in range(MOST_CLASSES + 1):
            (tmp_path / "many" / f"class {i}").mkdir(parents=True)
            (tmp_path / "many" / f"class {i}" / "it.png").touch()
        assert "at most 1,000 classes" in refused(tmp_path / "many")

    def test_more_bytes_than_are_read(self, folder, refused, monkeypatch):
        monkeypatch.setattr(image_folder, "LIMIT", 479)
        assert "--size" in refused(folder)

    def test_a_size_that_takes_more_bytes_than_are_read(self, folder, refused):
        assert "take 100.0 GB" in refused(folder, size=(100_000, 100_000))

    def test_neither_idx_nor_pictures(self, tmp_path, refused):
        (tmp_path / "notes").mkdir()
        assert "expected the four IDX files" in refused(tmp_path)


class TestDoubts:
    def said(self, folder):
        said = []
        load_dataset(folder, notice=said.append)
        return said

    def test_of_a_good_folder_there_are_none(self, folder):
        assert self.said(folder) == []

    def test_a_test_picture_that_was_trained_on(self, tmp_path):
        write_pictures(tmp_path / "pets" / "train")
        write_pictures(tmp_path / "pets" / "test", first=100)
        Image.fromarray(picture(2)).save(tmp_path / "pets" / "test" / "cat" / "copy.png")
        (sentence,) = self.said(tmp_path / "pets")
        assert "the test accuracy flatters" in sentence
        assert "copy.png" in sentence
        assert "train/cat/2.png" in sentence

    def test_a_picture_in_two_classes(self, folder):
        for name in ("5.png", "6.png"):  # one of them is drawn to train on at least
            Image.fromarray(picture(1)).save(folder / "dog" / name)
        assert any("also in another class" in sentence for sentence in self.said(folder))

    def test_a_picture_of_nothing(self, folder):
        Image.new("L", (8, 6), 255).save(folder / "dog" / "5.png")
        (sentence,) = self.said(folder)
        assert "one grey throughout" in sentence


class TestProgress:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        for module in (image_folder, pictures_module):
            monkeypatch.setattr(module, "SECONDS", (-1, -1))

    def test_is_told_in_lines(self, folder):
        said = []
        load_dataset(folder, notice=said.append)
        assert said[0] == "0 of 10 pictures read"
        assert len(said) == 10

    def test_is_a_bar_in_a_terminal(self, folder, monkeypatch, capsys):
        monkeypatch.setattr(image_folder, "is_terminal", lambda stream: True)
        monkeypatch.setenv("TERM", "xterm")
        load_dataset(folder, notice=tell)
        assert "0/10" in capsys.readouterr().err

    def test_is_nothing_where_nothing_is_to_be_said(self, folder, capsys):
        load_dataset(folder, notice=None)
        assert capsys.readouterr() == ("", "")


def test_the_variable_may_name_such_a_folder(folder, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(folder))
    assert load_dataset("auto").classes == ("cat", "dog")
    assert load_dataset("auto", size=(3, 4)).image_shape == (3, 4)
    assert cache_status()[0].state == "a folder of pictures"


def test_there_is_nothing_to_verify_it_with(folder):
    with pytest.raises(ChainruleError, match="is a folder of pictures"):
        verify(folder)
