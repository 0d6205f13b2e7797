"""A dataset of other sizes and another number of classes goes through every command."""

import json

import numpy as np
import pytest
from PIL import Image

from chainrule.data.idx import read_idx


def test_compare(run, bars):
    arguments = ("--data", bars, "--epochs", 1, "--jobs", 1, "--hidden", 8, "--out", "out")
    status, out, _ = run("compare", *arguments)
    assert status == 0
    assert out.startswith("\nbars: 210 images to train on, 30 to validate, 60 to test")


def test_evaluate(run, bars_model, bars):
    status, out, _ = run("evaluate", bars_model, "--data", bars)
    assert status == 0
    assert "60 test images of bars: test accuracy" in out
    assert out.splitlines()[-4].split() == ["0", "1", "2"]  # the head of the confusion matrix


def test_predict_takes_raw_pictures(run, bars_model, bars):
    images = read_idx(bars / "t10k-images-idx3-ubyte")
    _, out, _ = run("evaluate", bars_model, "--data", bars, "--json")
    assert json.loads(out)["accuracy"] > 0.9
    right = 0
    for label in range(3):
        Image.fromarray(images[label]).save("it.png")
        status, out, _ = run("predict", bars_model, "it.png", "--raw", "--json")
        assert status == 0
        assert len(json.loads(out)["probabilities"]) == 3
        right += json.loads(out)["class"] == label
    assert right == 3


def test_predict_does_not_centre_by_a_rule_that_is_not_theirs(refused, bars_model):
    Image.new("L", (6, 8)).save("it.png")
    sentence = refused("predict", bars_model, "it.png")
    assert "takes images of 8x6 pixels" in sentence
    assert "add --raw" in sentence


def test_height_and_width_are_not_taken_for_each_other(refused, bars_model):
    Image.fromarray(np.zeros((6, 8), np.uint8)).save("it.png")
    assert "it.png has 6x8 pixels" in refused("predict", bars_model, "it.png", "--raw")


def test_export(run, bars_model, bars, working_folder):
    runtime = pytest.importorskip("onnxruntime")
    status, out, _ = run("export", bars_model, "--to", "onnx", "--out", "bars.onnx", "--json")
    assert status == 0
    assert json.loads(out)["input"]["shape"] == ["batch", 8, 6]
    images = read_idx(bars / "t10k-images-idx3-ubyte").astype(np.float32) / 255
    session = runtime.InferenceSession("bars.onnx", providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(None, {"images": images})
    labels = read_idx(bars / "t10k-labels-idx1-ubyte")
    _, out, _ = run("evaluate", bars_model, "--data", bars, "--json")
    assert np.mean(probabilities.argmax(axis=1) == labels) == json.loads(out)["accuracy"]
    assert [path.name for path in working_folder.iterdir()] == ["bars.onnx"]
