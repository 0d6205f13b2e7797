import base64
import struct
import zlib
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from lab_client import Client
from photographs import as_file, photograph
from PIL import Image

from chainrule import cli
from chainrule.checks import ChainruleError
from chainrule.lab import answers, photos
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab, networks_of_run
from chainrule.lab.words import said, sentence
from chainrule.reading.answer import read


def given(lab, content, name="photo.png", network="adam-seed0"):
    fields = {"network": network, "name": name}
    return photos.picture(lab, Asked(fields, fields), content)


def lab_of(run):
    dataset = cli.lab._dataset(Namespace(folder=run.path, data=None), print)
    return Lab(dataset, networks_of_run(run.path, dataset, print))


@pytest.fixture(scope="module")
def stripes_lab(stripes_run):
    return lab_of(stripes_run)


@pytest.fixture(scope="module")
def shapes_lab(shapes_run):
    return lab_of(shapes_run)


@pytest.mark.parametrize("labels", [(5,), (4, 2), (1, 9, 7)])
def test_a_photograph_is_read_as_predict_reads_it(lab, tmp_path, labels):
    content = as_file(photograph(lab, *labels))
    (tmp_path / "photo.png").write_bytes(content)
    answer = given(lab, content)
    for id, network in lab.networks.items():
        reading = read(network.classifier, tmp_path / "photo.png")
        own = answer["networks"][id]
        assert own["text"] == reading.text
        assert own["predicted"] == reading.best
        assert (own["probabilities"] == reading.probabilities).all()
        doubts = [sentence(one) for one in (*answer["doubts"], *own["doubts"])]
        assert doubts == list(reading.doubts)
        images = [digit["image"] for digit in answer["digits"]]
        assert (images == reading.pictures.reshape(len(labels), -1)).all()


def test_the_stages_are_those_of_the_photograph_no_larger_than_the_page_shows_them(lab, tmp_path):
    content = as_file(photograph(lab, 5))
    (tmp_path / "photo.png").write_bytes(content)
    strokes = read(lab.networks["adam-seed0"].classifier, tmp_path / "photo.png").strokes
    stages = given(lab, content)["stages"]
    assert [stage["name"] for stage in stages] == ["given", "sheet", "light", "ink"]
    arrays = (strokes.picture, strokes.sheet, strokes.flat, strokes.ink)
    for stage, array in zip(stages, arrays, strict=True):
        form = (stage["height"], stage["width"], stage["channels"])
        pixels = np.frombuffer(base64.b64decode(stage["bytes"]), np.uint8).reshape(form)
        assert max(form) <= 480
        assert form[2] == (3 if array.ndim == 3 else 1)
        assert pixels.mean() / 255 == pytest.approx(array.mean(), abs=0.01)


def test_exif_is_followed(lab):
    upright = photograph(lab, 7)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = as_file(np.rot90(upright).copy(), "JPEG", exif=exif, quality=95)
    assert given(lab, turned)["networks"]["adam-seed0"]["text"] == "7"


def test_fed_raw_it_is_the_whole_picture_in_grey(lab):
    picture = photograph(lab, 3)
    raw = np.reshape(given(lab, as_file(picture))["raw"], (28, 28))
    assert not raw[:3].any()
    assert raw[5:23].mean() == pytest.approx(picture.mean() / 255, abs=0.02)


def bomb():
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr))


WRONG = {
    "empty.png": b"",
    "page.png": b"<!doctype html><title>404</title>",
    "photo.heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(500),
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "paper.pdf": b"%PDF-1.4\n",
    "bomb.png": bomb(),
    "cut.png": as_file(np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8))[:4000],
    "blank.png": as_file(np.full((300, 300), 250, np.uint8)),
    "näme <b> & more.png": b"no picture",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_picture_gets_one_sentence_that_names_it_once(lab, lab_server, name):
    with pytest.raises(ChainruleError) as error:
        given(lab, WRONG[name], name)
    sentence = str(error.value)
    assert sentence.startswith(name)
    assert sentence.count(name) == 1
    assert sentence.endswith(".")
    assert Client(lab_server).give(name, WRONG[name]) == (400, {"error": sentence})


def test_nothing_of_a_picture_is_kept(lab, lab_run, lab_server):
    def files():
        return {path: path.stat().st_mtime_ns for path in lab_run.home.rglob("*")}

    before = files()
    assert Client(lab_server).give("photo.png", as_file(photograph(lab, 5)))[0] == 200
    assert files() == before


# ---- networks of other pictures ----


def test_pictures_of_a_folder_are_prepared_as_the_folder_was(shapes_lab, shapes_run):
    path = next(
        path for path in sorted(Path(shapes_run.source, "test").rglob("*")) if path.name == "0.png"
    )
    answer = given(shapes_lab, path.read_bytes(), path.name)
    classifier = shapes_lab.networks["adam-seed0"].classifier
    reading = read(classifier, path)
    assert answer["networks"]["adam-seed0"]["text"] == reading.text
    assert answer["digits"][0]["image"] == reading.pictures[0].ravel().tolist()
    assert [stage["name"] for stage in answer["stages"]] == ["given"]
    assert sentence(answer["words"]) == reading.remark != ""


def test_a_drawing_is_prepared_as_the_folder_was_dark_on_light(shapes_lab, tmp_path):
    drawing = np.zeros((110, 66), np.uint8)
    drawing[20:80, 30:36] = 255
    answer = answers.centre(shapes_lab, drawing_asked(drawing))
    path = tmp_path / "drawing.png"
    Image.fromarray(255 - drawing).save(path)
    classifier = shapes_lab.networks["adam-seed0"].classifier
    assert answer["image"] == classifier.prepared(path).ravel().tolist()
    assert answer["image"][0] == 1
    assert [stage["name"] for stage in answer["stages"]] == ["drawn", "scaled"]


def test_where_no_file_says_how_a_picture_is_only_scaled_and_doubted(stripes_lab):
    picture = np.zeros((80, 60), np.uint8)
    picture[10:20] = 255
    answer = given(stripes_lab, as_file(picture))
    assert answer["doubts"] == [said("photo.unprepared")]
    scaled = np.reshape(answer["digits"][0]["image"], (8, 6))
    assert scaled[1].min() > 0.7
    assert scaled[3:].max() == 0
    drawn = answers.centre(stripes_lab, drawing_asked(picture))
    assert np.allclose(
        np.reshape(drawn["image"], (8, 6)), picture.reshape(8, 10, 6, 10).mean((1, 3)) / 255
    )


def drawing_asked(drawing):
    height, width = drawing.shape
    fields = {"network": "adam-seed0", "width": width, "height": height}
    fields["pixels"] = drawing.ravel().tolist()
    return Asked(fields, fields)
