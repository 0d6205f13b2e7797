"""A run folder for a model; many pictures, a folder or a pattern; lines, a table or a list."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule import cli
from chainrule.cli import predict as command
from chainrule.data import pictures as pictures_module
from chainrule.data.pictures import pictures_in


def stroke(path, grey=0, mode="L"):
    """Draw a one, 28x28 pixels large after centring."""
    canvas = np.full((100, 80), 255, np.uint8)
    canvas[20:80, 36:44] = grey
    Image.fromarray(canvas).convert(mode).save(path)
    return Path(path)


@pytest.fixture
def pictures(working_folder):
    """Make a folder of pictures, with what else lies in folders; return their names."""
    Path("in").mkdir()
    for name in ("c.png", "a.JPG", "b.bmp"):
        stroke(f"in/{name}")
    for other in ("notes.txt", "._a.jpg", ".DS_Store", "Thumbs.db"):
        Path("in", other).write_text("no picture")
    Path("in/deeper.png").mkdir()
    stroke("in/deeper.png/d.png")
    Path("in/nowhere.png").symlink_to("gone")
    return [str(Path("in", name)) for name in ("a.JPG", "b.bmp", "c.png")]


@pytest.fixture
def several(run, mnist_model):
    """Return a function that predicts; it returns the lines of stdout and stderr."""

    def several(*arguments, status=0):
        came, out, err = run("predict", mnist_model, *arguments)
        assert came == status, err
        return out.splitlines(), err.splitlines()

    return several


def names(lines):
    return [line.partition(": ")[0] for line in lines]


def test_several_pictures_have_a_line_each_in_the_order_given(several, pictures):
    lines, err = several(*reversed(pictures))
    assert names(lines) == list(reversed(pictures))
    assert all(line.endswith(("%)", "%), doubtful")) for line in lines)
    assert all("pictures could not be read" not in line for line in err)


def test_the_answers_are_those_of_each_alone(several, pictures):
    lines, _ = several(*pictures)
    for line, picture in zip(lines, pictures, strict=True):
        assert line.removesuffix(", doubtful") == several(picture)[0][0]


def test_a_folder_is_its_pictures_by_name(several, pictures):
    lines, _ = several("in")
    assert names(lines) == pictures
    assert pictures_in(Path("in")) == [Path(name) for name in pictures]


def test_a_folder_of_one_picture_has_a_line_too(several, working_folder):
    Path("one").mkdir()
    stroke("one/it.png")
    lines, _ = several("one")
    assert names(lines) == ["one/it.png"]


def test_a_pattern_that_no_shell_expanded_is_expanded(several, pictures, working_folder):
    assert names(several("in/[ab].*")[0]) == pictures[:2]
    assert names(several(working_folder / "in" / "c*")[0]) == [str(working_folder / "in/c.png")]


def test_a_file_whose_name_is_a_pattern_is_that_file(several, pictures):
    stroke("in/c[1].png")
    lines, _ = several("in/c[1].png", "in/c.png")
    assert names(lines) == ["in/c[1].png", "in/c.png"]


def test_what_is_named_and_not_there_is_one_sentence(refused, pictures, mnist_model):
    assert "No file matches in/*.gif: correct the pattern" in refused(
        "predict", mnist_model, "in/*.gif"
    )
    Path("empty").mkdir()
    assert "There is no picture in empty" in refused("predict", mnist_model, "in", "empty")


def test_one_that_cannot_be_read_is_said_and_the_rest_goes_on(several, pictures):
    Path("in/b.bmp").write_bytes(b"%PDF-1.7")
    lines, err = several("in", "gone.png", status=2)
    assert names(lines) == [pictures[0], pictures[2]]
    errors = [line for line in err if line.startswith("chainrule: error: ")]
    assert ["in/b.bmp" in errors[0], "gone.png" in errors[1], len(errors)] == [True, True, 2]
    assert err[-1] == "2 of 4 pictures could not be read."


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_one_that_must_not_be_read_is_such_a_one(several, pictures):
    Path("in/b.bmp").chmod(0)
    assert len(several("in", status=2)[0]) == 2


def test_what_holds_for_every_picture_is_said_once(run, bars_model, pictures):
    status, out, err = run("predict", bars_model, "in")
    assert (status, out) == (2, "")
    assert err.count("chainrule: error: ") == 1
    assert "takes images of" in err


def test_the_doubts_of_each_are_said_with_its_name(several, pictures):
    stroke("in/faint.png", grey=215)
    canvas = np.full((300, 300), 255, np.uint8)
    canvas[100:200, 100:200] = 0
    Image.fromarray(canvas).save("in/patch.png")
    lines, err = several("in/c.png", "in/patch.png")
    assert lines[1].endswith(", doubtful")
    assert any(line.startswith("in/patch.png: ") for line in err)
    assert not any(line.startswith("Read as") for line in err)


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_table_is_read_by_the_csv_module(run, mnist_model, pictures):
    odd = 'in/"1,5" \n=\r.png'
    stroke(odd)
    Path("in/b.bmp").write_bytes(b"")
    status, out, _ = run("predict", mnist_model, "in", "--csv")
    assert status == 2
    assert out.splitlines()[0] == "file,text,probability,doubts"
    table = rows(out)
    assert [row["file"] for row in table] == [odd, *pictures]
    listed = json.loads(run("predict", mnist_model, "in", "--json")[1])
    for row, entry in zip(table, listed, strict=True):
        assert row["file"] == entry["image"]
        if "error" in entry:
            assert (row["text"], row["probability"]) == ("", "")
            assert row["doubts"] == entry["error"]
        else:
            assert row["text"] == entry["text"]
            assert float(row["probability"]) == entry["probability"]
            assert row["doubts"] == " ".join(entry["doubts"])
    assert [entry["image"] for entry in listed if "error" in entry] == ["in/b.bmp"]


def test_one_picture_has_a_table_too(run, mnist_model, pictures):
    status, out, _ = run("predict", mnist_model, pictures[0], "--csv", "--quiet")
    assert status == 0
    assert [row["file"] for row in rows(out)] == pictures[:1]


def test_names_that_are_not_utf_8_come_out_as_they_are(mnist_model, working_folder):
    name = b"in/caf\xe9.png"
    Path("in").mkdir()
    stroke("it.png").rename(os.fsdecode(name))
    words = [sys.executable, "-m", "chainrule", "predict", str(mnist_model), "in", "--quiet"]
    for encoding in ("utf-8", "ascii"):
        environment = os.environ | {"PYTHONIOENCODING": encoding}
        table = subprocess.run(
            [*words, "--csv"], stdout=subprocess.PIPE, env=environment, check=True
        ).stdout
        assert table.splitlines()[1].startswith(name + b",")
    (entry,) = json.loads(
        subprocess.run([*words, "--json"], stdout=subprocess.PIPE, check=True).stdout
    )
    assert os.fsencode(entry["image"]) == name


def test_a_list_of_one_is_a_list_where_a_folder_was_named(run, mnist_model, working_folder):
    Path("one").mkdir()
    stroke("one/it.png")
    assert isinstance(json.loads(run("predict", mnist_model, "one", "--json")[1]), list)
    assert isinstance(json.loads(run("predict", mnist_model, "one/it.png", "--json")[1]), dict)


def test_what_does_not_go_together_is_one_sentence(refused, mnist_model, pictures):
    assert "give one of them" in refused("predict", mnist_model, "in", "--csv", "--json")
    sentence = refused("predict", mnist_model, "in", "--save-prepared", "p.png")
    assert "--save-prepared is for one picture" in sentence
    assert "names 3" in sentence


def test_progress_is_said_where_no_line_shows_it(run, mnist_model, pictures, monkeypatch):
    monkeypatch.setattr(pictures_module, "SECONDS", (-1, -1))
    assert "1 of 3 pictures read\n" in run("predict", mnist_model, "in")[2]
    assert "pictures read" not in run("predict", mnist_model, "in", "--quiet")[2]
    monkeypatch.setattr(command, "is_terminal", lambda stream: True)
    assert "pictures read" not in run("predict", mnist_model, "in")[2]
    assert "2 of 3 pictures read\n" in run("predict", mnist_model, "in", "--json")[2]


@pytest.fixture(scope="module")
def compared(tmp_path_factory, bars):
    out = tmp_path_factory.mktemp("run") / "out"
    words = ["compare", "--data", bars, "--epochs", 3, "--hidden", 6, "--jobs", 1, "--quiet"]
    rates = ["--optimizers", "sgd", "adam", "--learning-rate", "sgd=1e-9,1e20", "adam=0.01"]
    assert cli.main([str(word) for word in (*words, *rates, "--out", out)]) == 0
    return out


@pytest.fixture
def copy(compared, working_folder):
    return Path(shutil.copytree(compared, "run"))


def test_a_run_folder_stands_for_its_best_model_on_validation(run, compared, bars):
    runs = json.loads((compared / "metrics.json").read_text())["runs"]
    finished = [one for one in runs if one["status"] == "finished"]
    best = max(finished, key=lambda one: one["val_accuracy"])
    assert best["optimizer"] == "adam"
    status, out, err = run("evaluate", compared, "--data", bars, "--json")
    assert status == 0
    model = compared / "models" / f"{best['lane']}.npz"
    assert json.loads(out)["model"] == str(model)
    said = f"{model}: the best of 2 on validation, {best['val_accuracy']:.2%} there.\n"
    assert said in err


def test_it_does_for_every_command_that_takes_a_model(run, compared, working_folder):
    picture = np.zeros((8, 6), np.uint8)
    picture[2] = 255
    Image.fromarray(picture).save("it.png")
    status, out, err = run("predict", compared, "it.png", "--raw", "--json")
    assert status == 0, err
    assert json.loads(out)["model"].startswith(str(compared / "models" / "adam"))
    status, _, err = run("export", compared, "--to", "safetensors", "--out", "it.safetensors")
    assert status == 0, err


def test_the_test_images_have_no_say_in_it(run, copy, bars):
    path = copy / "metrics.json"
    metrics = json.loads(path.read_text())
    for one in metrics["runs"]:
        if one["status"] == "finished":
            one["test_accuracy"] = 0.0 if one["optimizer"] == "adam" else 1.0
    path.write_text(json.dumps(metrics))
    _, out, _ = run("evaluate", copy, "--data", bars, "--json")
    assert "adam" in Path(json.loads(out)["model"]).name


def test_a_run_folder_without_a_finished_run_is_one_sentence(refused, copy):
    path = copy / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["runs"] = [one for one in metrics["runs"] if one["status"] == "diverged"]
    assert metrics["runs"]
    path.write_text(json.dumps(metrics))
    sentence = refused("predict", copy, "it.png")
    assert "no run in it has finished" in sentence
    assert "chainrule resume run" in sentence or "resume run" in sentence


def test_any_other_folder_is_one_sentence(refused, working_folder):
    Path("other").mkdir()
    assert "other is not a run folder" in refused("predict", "other", "it.png")


def test_options_stand_anywhere_among_the_pictures(run, mnist_model, pictures):
    first, *others = pictures
    status, out, err = run("predict", mnist_model, "--light-on-dark", first, "--json", *others)
    assert status == 0, err
    assert [entry["image"] for entry in json.loads(out)] == pictures


def test_an_option_that_there_is_not_is_no_picture(run, mnist_model, pictures):
    status, _, err = run("predict", mnist_model, "--raw", pictures[0], "--colour", pictures[1])
    assert status == 2
    assert "unrecognized arguments" in err
