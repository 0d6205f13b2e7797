"""From a folder of pictures to a network, a judgement and an answer, all with the class names."""

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from written import changed_model

from chainrule import load_model
from chainrule.cli import lab
from chainrule.cli.evaluate import MOST_UNREAD
from chainrule.terminal import columns_of

NAMES = ("left", "middle", "日本")


def shape_of(name, rng, height=20, width=16):
    """Return a dark bar at the left, in the middle or at the right of bright ground."""
    pixels = rng.integers(200, 240, (height, width), dtype=np.uint8)
    left = (2 + 5 * NAMES.index(name)) * width // 16
    pixels[2:-2, left : left + width // 4] = rng.integers(0, 90)
    return pixels


@pytest.fixture
def shapes(working_folder):
    rng = np.random.default_rng(0)
    for name in NAMES:
        Path("shapes", name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(shape_of(name, rng)).save(Path("shapes", name, f"{i}.png"))
    return Path("shapes")


@pytest.fixture
def shapes_model(trained, shapes):
    folder, _ = trained("--size", "10x8", "--learning-rate", "0.01", "--epochs", 30, data=shapes)
    return Path(folder, "models", "adam-seed0.npz")


def test_the_names_stand_in_the_metrics_and_the_judgement(run, shapes_model):
    metrics = json.loads((shapes_model.parent.parent / "metrics.json").read_text())
    assert metrics["data"]["classes"] == list(NAMES)
    assert (metrics["settings"]["size"], metrics["settings"]["crop"]) == ([10, 8], False)
    status, out, _ = run("evaluate", shapes_model)
    assert status == 0
    for name in NAMES:
        assert f"\n{name}" in out


def test_predict_prepares_a_picture_as_those_of_the_folder(run, shapes_model):
    rng = np.random.default_rng(1)
    for name in NAMES:
        Image.fromarray(shape_of(name, rng, 200, 160)).save("large.png")
        status, out, err = run("predict", shapes_model, "large.png")
        assert status == 0
        assert out.startswith(f"large.png: {name} (")
        assert "not trained on MNIST" not in err
        assert "Prepared as each picture of shapes was: grey, the whole of it" in err


def test_no_name_in_a_model_file_moves_a_cursor(run, shapes_model):
    names = ["\x1b[31mred", "two\nlines", "plain"]
    data = load_model(shapes_model).data | {"title": "\x1b[2Jgone"}
    model = changed_model(shapes_model, classes=names, data=data)
    Image.fromarray(shape_of(NAMES[0], np.random.default_rng(1))).save("it.png")
    status, out, err = run("predict", model, "it.png")
    assert status == 0
    assert "\x1b" not in out + err
    assert "two\\nlines" in out


def test_bars_begin_in_one_column_whatever_the_letters(run, shapes_model):
    Image.fromarray(shape_of(NAMES[0], np.random.default_rng(1))).save("it.png")
    _, out, _ = run("predict", shapes_model, "it.png")
    starts = {columns_of(line.partition("%")[0]) for line in out.splitlines()[2:]}
    assert len(starts) == 1


def test_resume_scales_alike(run, trained, shapes):
    folder, _ = trained("--size", "10x8", "--crop", data=shapes)
    assert run("resume", folder)[0] == 0


def test_compare_writes_the_names_into_its_report(run, shapes):
    arguments = ("--data", shapes, "--size", "10x8", "--epochs", 1, "--jobs", 1, "--hidden", 8)
    assert run("compare", *arguments, "--out", "out")[0] == 0
    page = Path("out", "report.html").read_text("utf-8")
    assert f"<dd>{', '.join(NAMES)}</dd>" in page
    assert "the whole of each scaled to 10x8 pixels" in page


@pytest.mark.parametrize("size", ["28", "28x", "0x28", "axb", "28x28x28"])
def test_a_size_that_is_none_is_refused(run, size):
    status, _, err = run("train", "--data", "shapes", "--size", size)
    assert status == 2
    assert "28x28" in err


class TestEvaluate:
    def test_takes_the_data_that_the_model_names(self, run, shapes_model):
        metrics = json.loads((shapes_model.parent.parent / "metrics.json").read_text())
        _, out, _ = run("evaluate", shapes_model, "--json")
        assert json.loads(out)["test_accuracy"] == metrics["runs"][0]["test_accuracy"]

    def test_finds_it_from_everywhere_through_the_run_folder(
        self, run, shapes_model, monkeypatch, tmp_path
    ):
        model = shapes_model.absolute()
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert "12 test images of shapes: test accuracy" in run("evaluate", model)[1]

    def test_finds_it_as_it_was_typed_without_the_run_folder(self, run, shapes_model):
        shapes_model.rename("copied.npz")
        assert "12 test images of shapes: test accuracy" in run("evaluate", "copied.npz")[1]

    def test_says_where_it_is_not(self, refused, shapes_model, shapes):
        shapes.rename("moved")
        sentence = refused("evaluate", shapes_model)
        assert "was trained on shapes, and that was not found" in sentence
        assert "--data" in sentence

    def test_says_that_it_is_other_data_by_now(self, refused, shapes_model, shapes):
        (shapes / NAMES[0] / "0.png").unlink()
        assert "shapes is other data" in refused("evaluate", shapes_model)

    def test_finds_the_data_of_any_kind(self, run, bars_model):
        assert "60 test images of bars: test accuracy" in run("evaluate", bars_model)[1]

    def test_knows_its_own_folder_by_its_pictures(self, run, shapes_model, shapes):
        shapes.rename("moved")
        out = run("evaluate", shapes_model, "--data", "moved")[1]
        assert "12 test images of moved: test accuracy" in out

    def test_reads_all_pictures_of_another_folder_as_predict_does(self, run, shapes_model):
        rng = np.random.default_rng(2)
        for name in NAMES[:2]:
            Path("new", name).mkdir(parents=True)
            Image.fromarray(shape_of(name, rng, 200, 160)).save(Path("new", name, "one.jpg"))
        Path("new", NAMES[0], "broken.png").write_bytes(b"?")
        status, out, _ = run("evaluate", shapes_model, "--data", "new", "--json")
        result = json.loads(out)
        assert status == 0
        assert result["accuracy"] == pytest.approx(2 / 3)
        assert result["test_accuracy"] is None
        assert result["classes"][0]["recall"] == 0.5
        assert result["classes"][0]["images"] == 2
        assert list(result["unread"]) == [str(Path("new", NAMES[0], "broken.png"))]
        out = run("evaluate", shapes_model, "--data", "new")[1]
        assert "counted as not right: 1" in out

    def test_refuses_pictures_for_a_model_that_does_not_say_how(self, refused, bars_model, shapes):
        assert "data convert FROM TO" in refused("evaluate", bars_model, "--data", shapes)

    def test_refuses_classes_that_the_model_does_not_know(self, refused, shapes_model, shapes):
        (shapes / NAMES[0]).rename(shapes / "square")
        assert "knows 3 classes" in refused("evaluate", shapes_model, "--data", shapes)


class TestOtherCommands:
    """Where a model is named, its own data is taken, scaled as it was."""

    def test_check(self, run, shapes_model):
        status, out, _ = run("check", shapes_model, "--json")
        assert status in (0, 1)
        assert json.loads(out)["data"] == "shapes"

    def test_lab(self, shapes_model):
        options = Namespace(folder=shapes_model.parent.parent, data=None)
        dataset = lab._dataset(options, print)
        assert (dataset.title, dataset.image_shape) == ("shapes", (10, 8))


class TestPhotographsOfDigits:
    @pytest.fixture
    def photographs(self, mnist_folder, working_folder):
        """Return a folder of ten test digits as ink on paper, and what cannot be read."""
        from chainrule.data.mnist import load_dataset

        dataset = load_dataset(mnist_folder)
        for i in range(10):
            folder = Path("photographs", str(dataset.test_labels[i]))
            folder.mkdir(parents=True, exist_ok=True)
            ink = Image.fromarray(255 - dataset.test_images[i]).resize((168, 168))
            paper = Image.new("L", (300, 260), 255)
            paper.paste(ink, (60, 40))
            paper.save(folder / f"{i}.png")
        Image.new("L", (300, 260), 255).save("photographs/7/blank.png")
        return Path("photographs")

    def test_go_through_the_pipeline_and_the_refused_are_counted(
        self, run, mnist_model, photographs
    ):
        status, out, _ = run("evaluate", mnist_model, "--data", photographs, "--json")
        result = json.loads(out)
        assert status == 0
        assert result["data"]["images"] == 11
        assert result["accuracy"] >= 8 / 11
        assert list(result["unread"]) == [str(Path("photographs/7/blank.png"))]
        assert "MNIST's form" in result["prepared"]

    def test_that_are_not_read_are_named_some_at_a_time(self, run, mnist_model, working_folder):
        Path("blanks/3").mkdir(parents=True)
        for i in range(MOST_UNREAD + 1):
            Image.new("L", (300, 260), 255).save(f"blanks/3/{i}.png")
        out = run("evaluate", mnist_model, "--data", "blanks")[1]
        assert out.count("blanks/3/") == MOST_UNREAD
        assert "  …\n" in out
