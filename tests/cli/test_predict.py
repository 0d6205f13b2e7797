import json
import os
import struct
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from written import changed_model

from chainrule.data.idx import read_idx
from chainrule.experiments import ready_made
from chainrule.reading.centring import centring


@pytest.fixture(scope="session")
def digit(mnist_folder):
    """Return a digit of MNIST, a seven of 28x28 bytes, whose centre of mass is the very middle.

    Else a hair's breadth would decide to which of two pixels another file of it is centred.
    """
    images = read_idx(mnist_folder / "t10k-images-idx3-ubyte.gz")
    sevens = images[read_idx(mnist_folder / "t10k-labels-idx1-ubyte.gz") == 7]
    return min(sevens[:200], key=lambda seven: max(np.abs(centring(seven).offset)))


@pytest.fixture(scope="session")
def drawing(digit):
    """Return it as a large picture, dark on light, out of the middle."""
    large = Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC)
    canvas = Image.new("L", (700, 500), 0)
    canvas.paste(large, (390, 30))
    return Image.fromarray(255 - np.asarray(canvas))


@pytest.fixture
def predicted(run, mnist_model):
    """Return a function that predicts; it returns the JSON, what the model got and stderr."""

    def predicted(*arguments, model=mnist_model):
        saved = ("--save-prepared", "prepared.png")
        status, out, err = run("predict", model, *arguments, "--json", *saved)
        assert status == 0, err
        with Image.open("prepared.png") as picture:
            if "--raw" in arguments:
                assert (picture.mode, picture.size) == ("L", (28, 28))
                return json.loads(out), np.asarray(picture), err
            # The last stage, each of whose pixels is ten wide.
            assert (picture.mode, picture.height) == ("RGB", 280)
            return json.loads(out), np.asarray(picture)[5::10, -275::10, 0], err

    return predicted


def save(image, kind):
    """Write the picture as one kind of image file; return its name."""
    grey = np.asarray(image)
    match kind:
        case "png" | "bmp" | "ppm" | "tiff" | "webp" | "gif" | "jpg":
            image.save(f"it.{kind}")
            return f"it.{kind}"
        case "light on dark":
            image = Image.fromarray(255 - grey)
        case "colour":
            image = Image.merge("RGB", [image, image, Image.new("L", image.size, 255)])
        case "alpha":  # the colours under the ground are black, only alpha tells
            image = Image.merge("LA", [Image.new("L", image.size, 0), Image.fromarray(255 - grey)])
        case "palette":
            image = image.convert("P")
        case "palette with alpha":
            image = image.quantize(16)
            light = int(np.asarray(image)[0, 0])
            image.putpalette([0] * 768)  # all black; the ground is transparent
            image.info["transparency"] = light
        case "16 bit":
            image = Image.fromarray(grey.astype(np.uint16) * 257)
        case "1 bit":
            image = image.convert("1", dither=Image.Dither.NONE)
        case "CMYK":
            image.convert("CMYK").save("it.tiff")
            return "it.tiff"
        case "float":
            Image.fromarray(grey.astype(np.float32) / 255).save("it.tiff")
            return "it.tiff"
        case "rotated":
            exif = Image.Exif()
            exif[0x0112] = 6  # to be turned clockwise by a quarter
            image.rotate(90, expand=True).save("it.png", exif=exif)
            return "it.png"
    image.save("it.png")
    return "it.png"


EXACT = ["png", "bmp", "ppm", "tiff", "gif", "light on dark", "palette", "16 bit", "rotated"]
SIMILAR = ["jpg", "webp", "colour", "alpha", "palette with alpha", "1 bit", "CMYK", "float"]


@pytest.mark.parametrize("kind", EXACT + SIMILAR)
def test_any_kind_of_image_is_read(predicted, drawing, digit, kind):
    result, prepared, err = predicted(save(drawing, kind))
    assert result["class"] == 7
    assert sum(row["probability"] for row in result["probabilities"]) == pytest.approx(1)
    assert result["read_as"] == (
        "light ink on dark" if kind == "light on dark" else "dark ink on light"
    )
    assert f"Read as {result['read_as']}" in err
    difference = np.abs(prepared.astype(int) - digit).mean()
    # Enlarged and reduced it is softer; where each grey became black it is bolder too.
    assert difference < (20 if kind == "palette with alpha" else 10)


def test_the_same_picture_gives_the_same_answer(predicted, drawing):
    answers = [predicted(save(drawing, kind))[1] for kind in EXACT]
    assert all((answer == answers[0]).all() for answer in answers)


def test_the_prepared_picture_is_what_the_model_gets(predicted, drawing):
    first, prepared, _ = predicted(save(drawing, "png"))
    Image.fromarray(prepared).save("first.png")
    second, _, err = predicted("first.png", "--raw")
    assert second["probabilities"] == first["probabilities"]
    assert second["read_as"] is None
    assert "Read as" not in err


def test_raw_takes_the_picture_as_it_is(predicted, digit):
    Image.fromarray(digit).save("digit.png")
    right, prepared, _ = predicted("digit.png", "--raw")
    assert right["class"] == 7
    assert (prepared == digit).all()
    Image.fromarray(255 - digit).save("inverted.png")
    _, prepared, _ = predicted("inverted.png", "--raw")
    assert (prepared == 255 - digit).all()


def test_class_and_probabilities_are_printed(run, mnist_model, drawing):
    status, out, err = run("predict", mnist_model, save(drawing, "png"))
    assert status == 0
    first, _, *rows = out.splitlines()
    assert first.startswith("it.png: 7 (")
    assert [row[:1] for row in rows] == list("0123456789")
    assert err == "Read as dark ink on light ground, centred by MNIST's rule.\n"
    assert run("predict", mnist_model, "it.png", "--quiet") == (0, "", "")


def test_a_model_of_other_data_of_this_size_is_warned_of(predicted, mnist_model, drawing):
    other = changed_model(mnist_model, data={"title": "letters"})
    _, _, err = predicted(save(drawing, "png"), model=other)
    assert "not trained on MNIST (letters)" in err


def test_lopsided_ink_is_warned_of(predicted):
    corner = np.zeros((100, 100), np.uint8)
    corner[10:30, 10:30] = 255
    corner[10:90, 10:13] = 255
    corner[87:90, 10:90] = 255
    Image.fromarray(corner).save("corner.png")
    result, prepared, err = predicted("corner.png")
    assert "lopsided" in err
    assert [one for one in result["doubts"] if "lopsided" in one]
    assert prepared.any()


@pytest.fixture
def number(digit):
    """Return the same digit twice in a row, dark on light, in a file."""
    large = Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC)
    canvas = Image.new("L", (800, 500), 0)
    canvas.paste(large, (100, 100))
    canvas.paste(large, (400, 110))
    Image.fromarray(255 - np.asarray(canvas)).save("number.png")
    return "number.png"


def test_a_number_is_read_digit_by_digit(predicted, run, mnist_model, number):
    result, _, _ = predicted(number)
    assert result["text"] == "77"
    assert [one["class"] for one in result["digits"]] == [7, 7]
    assert result["class"] is None
    assert result["probabilities"] is None
    status, out, _ = run("predict", mnist_model, number)
    assert status == 0
    first, *rows = out.splitlines()
    assert first.startswith("number.png: 77: 7 (")
    assert first.count("%") == 2
    assert [row[:1] for row in rows if row] == list("0123456789" * 2)


def test_one_digit_stands_in_the_list_too(predicted, drawing):
    result, _, _ = predicted(save(drawing, "png"))
    assert result["text"] == "7"
    assert result["doubts"] == []
    assert result["digits"] == [
        {name: result[name] for name in ("class", "probability", "probabilities")}
    ]


def test_the_reader_may_say_which_is_the_ink(predicted, run, mnist_model, drawing):
    name = save(drawing, "png")
    assert predicted(name, "--dark-on-light")[0] == predicted(name)[0]
    light = save(drawing, "light on dark")
    assert predicted(light, "--light-on-dark")[0]["class"] == 7
    for one, other in (("--raw", "--light-on-dark"), ("--dark-on-light", "--light-on-dark")):
        status, _, err = run("predict", mnist_model, name, one, other)
        assert status == 2
        assert "not allowed with" in err


class TestBadPictures:
    @pytest.fixture
    def refusal(self, refused, mnist_model):
        return lambda image, *more: refused("predict", mnist_model, image, *more)

    def test_missing(self, refusal):
        assert "There is no image file nowhere.png" in refusal("nowhere.png")

    def test_a_folder(self, refusal, tmp_path):
        assert "There is no picture in" in refusal(tmp_path)

    def test_an_empty_file(self, refusal, tmp_path):
        (tmp_path / "it.png").touch()
        assert "it.png has 0 bytes" in refusal("it.png")

    def test_something_else(self, refusal, mnist_model):
        assert "is not an image that can be read" in refusal(mnist_model)

    def test_a_format_that_would_run_a_programme(self, refusal, tmp_path):
        (tmp_path / "it.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
        assert "is not an image that can be read" in refusal("it.eps")

    def test_truncated(self, refusal, drawing, tmp_path):
        content = (tmp_path / save(drawing, "png")).read_bytes()
        (tmp_path / "it.png").write_bytes(content[: len(content) // 2])
        assert "it.png is damaged" in refusal("it.png")

    @pytest.mark.parametrize("side", [10_001, 20_000, 2_000_000_000])
    def test_huge_before_anything_is_decoded(self, refusal, tmp_path, side):
        (tmp_path / "it.png").write_bytes(png_without_pixels(side, side))
        sentence = refusal("it.png")
        assert f"is {side}x" in sentence or "declares far more" in sentence
        assert "100,000,000" in sentence

    @pytest.mark.parametrize("grey", [0, 128, 255])
    def test_without_ink(self, refusal, grey):
        Image.new("L", (60, 40), grey).save("it.png")
        assert "it.png: The picture is empty" in refusal("it.png")

    def test_of_noise_alone(self, refusal):
        noise = np.random.default_rng(0).normal(128, 5, (400, 400))
        Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save("it.png")
        assert "The picture is empty" in refusal("it.png")

    def test_of_another_size_with_raw(self, refusal, drawing):
        sentence = refusal(save(drawing, "png"), "--raw")
        assert "500x700 pixels" in sentence
        assert "28x28 pixels" in sentence

    def test_nothing_is_written_for_them(self, refusal):
        Image.new("L", (60, 40)).save("it.png")
        refusal("it.png", "--save-prepared", "prepared.png")

    def test_the_picture_itself_is_not_replaced(self, refusal, drawing, tmp_path):
        name = save(drawing, "png")
        content = (tmp_path / name).read_bytes()
        sentence = refusal(name, "--save-prepared", tmp_path / name)
        assert "would replace what is read" in sentence
        assert (tmp_path / name).read_bytes() == content

    def test_a_prepared_picture_that_cannot_be_written(self, refusal, drawing):
        name = save(drawing, "png")
        sentence = refusal(name, "--save-prepared", "nowhere/prepared.png")
        assert "cannot be written to nowhere/prepared.png" in sentence

    def test_pillow_is_missing(self, refusal, drawing, monkeypatch):
        name = save(drawing, "png")
        monkeypatch.setitem(sys.modules, "PIL", None)
        assert "pip install 'chainrule[mnist]'" in refusal(name)


def png_without_pixels(width, height):
    """Return a PNG file that declares a size and ends there."""

    def chunk(name, content=b""):
        checksum = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND")


def test_a_picture_of_48_megapixels_is_read(predicted, drawing):
    large = Image.new("L", (8000, 6000), 255)
    large.paste(drawing.resize((2800, 2000)), (100, 900))
    large.save("large.png", compress_level=1)
    assert predicted("large.png")[0]["class"] == 7


@pytest.fixture
def quick_reader(mnist_folder, tmp_path, monkeypatch):
    """Let the network that reads without being named be trained for an epoch of a few images."""
    monkeypatch.setenv("CHAINRULE_DATA", str(mnist_folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    quick = replace(ready_made.READER, epochs=1, epochs_of_few=1)
    monkeypatch.setattr(ready_made, "READER", quick)
    monkeypatch.setattr(ready_made, "trainable", lambda dataset: 2_000)


def test_without_a_model_a_network_is_trained_once_and_reads(run, drawing, quick_reader):
    name = save(drawing, "png")
    status, out, err = run("predict", name)
    assert (status, out[: len(name) + 2]) == (0, f"{name}: ")
    assert "No model is named: 784-256-128-64-10, to draw on, is trained now on MNIST" in err
    assert "course  epoch 1/1" in err
    status, out, err = run("predict", name, "--json")
    assert "trained" not in err
    again = run("predict", json.loads(out)["model"], name, "--json")[1]
    assert json.loads(again) == json.loads(out)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["seven.pgn"], "There is no image file seven.pgn"),
        (["text.png"], "not an image"),
        (["gone.png", "text.png"], "There is no image file gone.png"),
        (["it.png", "it.png", "--save-prepared", "out.png"], "--save-prepared is for one"),
    ],
)
def test_no_network_is_trained_before_there_is_a_picture_for_it(
    refused, drawing, monkeypatch, arguments, reason
):
    monkeypatch.setattr(ready_made, "reader", None)
    drawing.save("it.png")
    Path("text.png").write_text("not a picture")
    assert reason in refused("predict", *arguments)


def test_a_cache_that_nobody_may_look_into_is_as_an_empty_one(run, drawing, quick_reader, tmp_path):
    if os.name == "nt" or os.getuid() == 0:
        pytest.skip("whoever is root looks everywhere")
    (tmp_path / "cache").mkdir(mode=0)
    drawing.save("it.png")
    status, out, err = run("predict", "it.png")
    assert (status, out[:8]) == (0, "it.png: ")
    assert "trained for this time" in err


def test_own_data_that_no_picture_becomes_is_not_trained_on(refused, drawing, monkeypatch, bars):
    monkeypatch.setenv("CHAINRULE_DATA", str(bars))
    drawing.save("it.png")
    assert "nothing says how one becomes an image of 8x6 pixels" in refused("predict", "it.png")


def test_of_pictures_of_no_digits_it_says_no_word_of_copies(
    run, drawing, quick_reader, monkeypatch
):
    for name in ("0", "1"):
        Path("own", name).mkdir(parents=True)
        for i in range(6):
            Image.new("L", (4, 4), 20 * i).save(f"own/{name}/{i}.png")
    monkeypatch.setenv("CHAINRULE_DATA", "own")
    monkeypatch.setattr(ready_made, "trainable", lambda dataset: 4)
    drawing.save("it.png")
    err = run("predict", "it.png")[2]
    assert "is trained now on own and kept" in err


def test_a_model_without_a_picture_is_asked_for_one(refused, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").touch()
    for model in ("model.npz", "run"):
        assert f"{model} is a model: name the picture" in refused("predict", model)
