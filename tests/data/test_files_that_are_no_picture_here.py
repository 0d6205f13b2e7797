"""What people take for a picture, told by what is in it and not by its name."""

import base64
import sys

import numpy as np
import pytest
from PIL import Image, features

from chainrule import ChainruleError
from chainrule.data.pictures import FORMATS, STRANGERS, read_photograph, read_picture

# A seven of 160x128 pixels, dark on light.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVVtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAA"
    "AAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABeQABAAAAAAAAAP8AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABo"
    "dmMxAAAAAA5waXRtAAAAAAABAAAA1WlwcnAAAAC2aXBjbwAAAHdodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEA"
    "GEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoBQgIFlupJKa5uAhoMCAAAAMgAAA"
    "AwCEYgABAAdEAcFysGJAAAAAE2NvbHJuY2x4AAEADQAGgAAAABRpc3BlAAAAAAAAAKAAAACAAAAAEHBpeGkAAAAAAwgI"
    "CAAAABdpcG1hAAAAAAAAAAEAAQSBAgMEAAABB21kYXQAAAD7KAGvGUfrYOl+bstJAy9p+ijGQ6vJyM6VezKbHndqXWbb"
    "hrPAjucgK3s4QTAPVRUoIXM0KEzjhuxqlLWk3+KfimOJAYmz2NTxyoIPlNrEbrnlA5qQEOFypbtQubPC6rZoqYfcBerx"
    "TbF1yZfrUN07Z+bbYiBIlUR3I9c1gLFzNheLAnOCA8txGvIrCWMXo2cZjMAru/NM6YZcegqFhwc6gsjIPM+Q9IGsvwD8"
    "5E2hOy3gEj6LN0WVJ545UYj7RpPMVTYhm1ElSxSC6d1hc9YoJSOXDDx9Tx2v4Xp6h9SAHcPzPIcz8bZZnquTP8QNmRH8"
    "Iqca2gtxAA9aZ0A="
)


@pytest.fixture
def without_heic(monkeypatch):
    """Let pi-heif be missing, whether it is installed or not."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    Image.init()
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)


def refusal(folder, content, name="photo.jpg"):
    """Return the sentence that a file with this content gets, whatever it is called."""
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(ChainruleError) as error:
        read_picture(path)
    sentence = str(error.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("name", ["IMG_0001.HEIC", "photo.jpg"])
def test_heic_is_named_with_two_ways_out(without_heic, tmp_path, name):
    sentence = refusal(tmp_path, HEIC, name)
    assert "is a HEIC picture" in sentence
    assert f"expected {', '.join(FORMATS)}" in sentence
    assert "save it as JPEG" in sentence
    assert "pip install 'chainrule[heic]'" in sentence


def test_heic_is_read_where_its_extra_is_installed(tmp_path):
    pytest.importorskip("pi_heif")
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(HEIC)
    picture = read_picture(path)
    assert picture.shape == (128, 160)
    assert picture[0].min() > 0.9
    assert picture.min() < 0.2
    assert read_photograph(path, 1000).shape == (128, 160, 3)
    assert "is damaged" in refusal(tmp_path, HEIC[:400])
    assert "is a film" in refusal(tmp_path, b"\0\0\0\x14ftypqt  ")


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif_is_read_where_pillow_can(tmp_path):
    path = tmp_path / "it.avif"
    Image.fromarray(np.full((20, 30), 200, np.uint8)).convert("RGB").save(path)
    assert read_picture(path).shape == (20, 30)


def test_avif_is_named_where_pillow_cannot(without_heic, tmp_path, monkeypatch):
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    assert "is an AVIF picture" in refusal(tmp_path, b"\0\0\0\x20ftypavif\0\0\0\0avifmif1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "is a PDF document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made by hand -->\n<svg>', "is an SVG drawing"),
        (b"<!DOCTYPE html>\n<html lang=en>", "is a web page"),
        (b"\n\n<html><head><title>404", "is a web page"),
        (b"\0\0\0\x14ftypqt  ", "is a film"),
        (b"PK\3\4", "is not an image that can be read"),
        (b"ftyp", "is not an image that can be read"),
    ],
)
def test_what_it_is_and_what_to_do_is_said(without_heic, tmp_path, content, words):
    sentence = refusal(tmp_path, content)
    assert words in sentence
    assert "expected BMP" in sentence
    remedies = [remedy for _, what, remedy in STRANGERS if f"is {what}," in sentence]
    assert all(sentence.endswith(f": {remedy}.") for remedy in remedies)
    assert len(remedies) == ("not an image" not in words)


def test_a_jpeg_under_the_name_of_another_is_read(tmp_path):
    Image.new("RGB", (30, 20), "white").save(tmp_path / "it.jpg")
    (tmp_path / "it.jpg").rename(tmp_path / "IMG_0001.HEIC")
    assert read_picture(tmp_path / "IMG_0001.HEIC").shape == (20, 30)
