"""Names that are not UTF-8, from an old camera or an archive, are read, written and printed."""

import json
import os
import shutil

import numpy as np
import pytest

STRICT = {"PYTHONIOENCODING": "utf-8:strict"}  # as most terminals; the C locale is laxer
OTHER = os.fsdecode(b"\xfc")  # a letter of Latin-1, which is no UTF-8


def said_of(path):
    """Return how a path looks in what was said."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder under such a name."""
    folder = tmp_path_factory.mktemp("names") / f"b{OTHER}cher"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"this file system takes no such names ({error})")
    return folder


@pytest.fixture(scope="module")
def made(run, small, place, stripes):
    """Return the run folder of a comparison, whose name and data have such names."""
    data, out = place / f"streifen-{OTHER}", place / f"lauf-{OTHER}"
    shutil.copytree(stripes, data)
    options = ("--data", data, *small[2:], "--optimizers", "adam", "--seeds", 0, 1, "--jobs", 2)
    ended = run("compare", *options, "--out", out, **STRICT)
    assert ended.returncode == 0, ended.stderr
    assert f"report: {said_of(out / 'report.html')}" in ended.stdout
    return out


def test_a_run_keeps_such_names_and_goes_on(run, made):
    settings = json.loads((made / "metrics.json").read_text("utf-8"))["settings"]
    assert os.fsencode(settings["data"]).endswith(b"streifen-\xfc")
    (made / "report.html").unlink()
    ended = run("resume", made, **STRICT)
    assert ended.returncode == 0, ended.stderr
    page = (made / "report.html").read_text("utf-8")
    assert "streifen-\\374" in page  # in the command that repeats it


@pytest.mark.parametrize("to", ["onnx", "safetensors"])
def test_a_model_is_exported_under_such_a_name(run, made, to):
    pytest.importorskip(to)
    target = made.parent / f"modell-{OTHER}.{to}"
    words = ("export", made / "models" / "adam-seed0.npz", "--to", to, "--out", target)
    ended = run(*words, **STRICT)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"{said_of(target)}: ")
    assert target.exists()
    said = run(*words, "--json", **STRICT)
    assert os.fsencode(json.loads(said.stdout)["file"]) == os.fsencode(target)


def test_a_picture_is_read_and_written_under_such_a_name(run, made):
    from PIL import Image

    picture, prepared = (made.parent / f"{name}-{OTHER}.png" for name in ("ziffer", "fertig"))
    with picture.open("wb") as file:
        Image.fromarray(np.full((8, 6), 90, np.uint8)).save(file, format="PNG")
    model = made / "models" / "adam-seed0.npz"
    ended = run("predict", model, picture, "--raw", "--save-prepared", prepared, **STRICT)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"{said_of(picture)}: ")
    assert prepared.exists()


def test_what_is_wrong_is_told_of_such_a_name(run, place):
    ended = run("evaluate", place / "nothing.npz", **STRICT)
    assert ended.returncode == 2
    assert said_of(place) in ended.stderr
    assert "Traceback" not in ended.stderr
