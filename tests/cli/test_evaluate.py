import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from written import changed_model, write_bars

from chainrule import load_model, save_model
from chainrule.data.dataset import MNIST
from chainrule.reading.classifier import ImageClassifier
from chainrule.reading.evaluation import precision_and_recall
from chainrule.reading.judge import doubt_of

FULL = {name: known.sha256 for name, known in MNIST.items()}
SAMPLE = {name: name for name in MNIST}


def test_it_repeats_what_training_has_measured(run, trained, bars):
    folder, metrics = trained()
    status, out, _ = run("evaluate", f"{folder}/models/adam-seed0.npz", "--data", bars, "--json")
    result = json.loads(out)
    assert status == 0
    assert result["test_accuracy"] == result["accuracy"] == metrics["runs"][0]["test_accuracy"]
    assert result["loss"] == pytest.approx(metrics["runs"][0]["test_loss"])
    assert result["confusion_matrix"] == metrics["runs"][0]["confusion_matrix"]
    assert result["doubt"] is None


def test_it_repeats_it_on_mnist(run, mnist_model, mnist_folder):
    metrics = json.loads((mnist_model.parent.parent / "metrics.json").read_text())
    (record,) = metrics["runs"]
    _, out, _ = run("evaluate", mnist_model, "--data", mnist_folder)
    assert f"10,000 test images of MNIST: test accuracy {record['test_accuracy']:.2%}" in out


def test_precision_and_recall_are_those_of_the_matrix():
    precision, recall = precision_and_recall([[6, 2, 0], [1, 9, 0], [0, 0, 0]])
    np.testing.assert_allclose(precision, [6 / 7, 9 / 11, np.nan])
    np.testing.assert_allclose(recall, [6 / 8, 9 / 10, np.nan])


def test_they_are_told_for_each_class(run, bars_model, bars):
    _, out, _ = run("evaluate", bars_model, "--data", bars, "--json")
    result = json.loads(out)
    matrix = np.array(result["confusion_matrix"])
    for i, row in enumerate(result["classes"]):
        assert (row["class"], row["images"]) == (i, 20)
        assert row["recall"] == matrix[i, i] / 20
        assert row["precision"] == matrix[i, i] / matrix[:, i].sum()


def test_what_is_not_defined_is_null_and_a_dash(run, bars_model, bars):
    biased = changed_model(bars_model, bias=[1e6, 0, 0])
    _, out, _ = run("evaluate", biased, "--data", bars, "--json")
    assert [row["precision"] for row in json.loads(out)["classes"]] == [1 / 3, None, None]
    _, out, _ = run("evaluate", biased, "--data", bars)
    assert "1                 20          -    0.00%" in out


def test_quiet_says_nothing(run, bars_model, bars):
    assert run("evaluate", bars_model, "--data", bars, "--quiet") == (0, "", "")


class TestTheName:
    """An accuracy is a test accuracy only where the images cannot have been trained on."""

    def doubt(self, trained_on, data, *, trained_source="path", source="path"):
        classifier = ImageClassifier(
            "model.npz", None, None, list(range(10)), 784, (28, 28),
            {"sha256": trained_on, "source": trained_source, "title": "its data"}, {},
        )  # fmt: skip
        dataset = SimpleNamespace(
            sha256=data, is_sample=source == "sample", title="these", name="MNIST"
        )
        return doubt_of(classifier, dataset)

    def test_is_given_on_the_models_own_data(self):
        assert self.doubt(FULL, FULL) == ""
        sample = {"trained_source": "sample", "source": "sample"}
        assert self.doubt(SAMPLE, SAMPLE, **sample) == ""

    def test_is_refused_to_a_full_model_on_the_sample(self):
        doubt = self.doubt(FULL, SAMPLE, source="sample")
        assert "MNIST training images" in doubt

    def test_is_given_to_a_model_of_the_sample_on_mnist(self):
        assert self.doubt(SAMPLE, FULL, trained_source="sample") == ""

    def test_is_refused_on_another_dataset_that_is_called_mnist(self):
        other = FULL | {"t10k-images-idx3-ubyte": "other"}
        assert "another dataset" in self.doubt(SAMPLE, other, trained_source="sample")
        assert "another dataset" in self.doubt(FULL, other)

    def test_is_refused_on_the_training_images(self):
        images = "train-images-idx3-ubyte"
        same = FULL | {"t10k-images-idx3-ubyte": FULL[images]}
        for trained_on in (FULL, same):
            assert "was trained on" in self.doubt(trained_on, same)

    @pytest.mark.parametrize("silent", [None, {}])
    def test_is_refused_to_a_model_that_does_not_say(self, silent):
        assert "does not say" in self.doubt(silent, FULL)

    def test_stands_in_what_is_printed(self, run, bars_model, tmp_path):
        other = write_bars(tmp_path / "others", seed=1)
        status, out, _ = run("evaluate", bars_model, "--data", other)
        assert status == 0
        assert "60 test images of others: accuracy " in out
        assert "NOT a test accuracy: others is another dataset" in out
        assert "(bars)" in out
        _, out, _ = run("evaluate", bars_model, "--data", other, "--json")
        result = json.loads(out)
        assert result["test_accuracy"] is None
        assert result["accuracy"] > 0.5
        assert result["trained_on"] == "bars"


def test_images_of_another_size_are_refused(refused, bars_model, tmp_path):
    other = write_bars(tmp_path / "others", shape=(6, 8))
    sentence = refused("evaluate", bars_model, "--data", other)
    assert "takes images of 8x6 pixels" in sentence
    assert "6x8" in sentence


def test_another_number_of_classes_is_refused(refused, bars_model, tmp_path):
    other = write_bars(tmp_path / "others", classes=2)
    assert "knows 3 classes (0 to 2), but others has 2 (0, 1)" in refused(
        "evaluate", bars_model, "--data", other
    )


def test_a_model_without_preprocessing_takes_pixels_as_they_are(run, bars_model, bars):
    _, _, err = run("evaluate", changed_model(bars_model, preprocessing={}), "--data", bars)
    assert "names no preprocessing" in err


def test_preprocessing_of_each_pixel_is_the_same(run, bars_model, bars):
    _, whole, _ = run("evaluate", bars_model, "--data", bars, "--json")
    once = load_model(bars_model).preprocessing
    lists = {key: [value] * 48 for key, value in once.items()}
    changed = changed_model(bars_model, preprocessing=lists)
    _, single, _ = run("evaluate", changed, "--data", bars, "--json")
    assert json.loads(single)["loss"] == pytest.approx(json.loads(whole)["loss"], rel=1e-5)


class TestBadModels:
    """Each command that takes a model refuses it with one sentence."""

    @pytest.fixture(params=["evaluate", "predict", "export"])
    def refusal(self, request, refused, bars, bars_model):
        shutil.copy(bars / "t10k-labels-idx1-ubyte", "some.png")
        more = {
            "evaluate": ("--data", bars),
            "predict": ("some.png", "--raw"),
            "export": ("--to", "onnx"),
        }[request.param]
        return lambda model: refused(request.param, model, *more)

    def test_missing(self, refusal):
        assert "nowhere.npz cannot be opened" in refusal("nowhere.npz")

    def test_a_folder(self, refusal, tmp_path):
        (tmp_path / "empty").mkdir()
        assert "is not a run folder" in refusal(tmp_path / "empty")

    def test_something_else(self, refusal, bars):
        assert "is not a model file" in refusal(bars / "t10k-images-idx3-ubyte")

    def test_truncated(self, refusal, bars_model, tmp_path):
        (tmp_path / "half.npz").write_bytes(bars_model.read_bytes()[:-200])
        assert "half.npz is not a model file" in refusal("half.npz")

    def test_a_flipped_bit(self, refusal, bars_model, tmp_path):
        content = bytearray(bars_model.read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / "bit.npz").write_bytes(content)
        assert "bit.npz is not a model file" in refusal("bit.npz")

    def test_of_a_newer_format(self, refusal, bars_model, monkeypatch):
        model = load_model(bars_model)
        with monkeypatch.context() as patched:
            patched.setattr("chainrule.storage.models.VERSION", 2)
            save_model("newer.npz", model)
        sentence = refusal("newer.npz")
        assert "format version 2" in sentence
        assert "upgrade Chainrule" in sentence

    @pytest.mark.parametrize(
        "header",
        [
            {"preprocessing": {"mean": 0.1}},
            {"preprocessing": {"mean": [0.1] * 5, "std": 0.3}},
            {"preprocessing": {"mean": "dark", "std": 0.3}},
            {"preprocessing": {"mean": float("inf"), "std": 0.3}},
            {"preprocessing": [1]},
            {"data": [1]},
            {"data": {"sha256": "abc"}},
            {"data": {"image_shape": [8, 7]}},
            {"data": {"image_shape": "8x6"}},
            {"classes": [1, 2]},
            {"classes": {"0": "zero"}},
            {"bias": [np.nan, 0, 0]},
        ],
        ids=str,
    )
    def test_with_a_header_of_nonsense(self, refusal, bars_model, header):
        assert "is damaged" in refusal(changed_model(bars_model, **header))
