import json
import shutil
import sys

import onnx
import pytest


@pytest.fixture
def model(bars_model, working_folder):
    """Return the name of a model file in the working folder."""
    shutil.copy(bars_model, "model.npz")
    return "model.npz"


def test_the_file_stands_beside_the_model(run, model):
    status, out, err = run("export", model, "--to", "onnx")
    assert (status, err) == (0, "")
    assert out.startswith("model.onnx: ONNX opset 17")
    assert "in:  images, float32 (batch, 8, 6), pixels from 0 to 1" in out
    onnx.checker.check_model("model.onnx", full_check=True)


def test_json_says_what_goes_in_and_out(run, model):
    _, out, _ = run("export", model, "--to", "onnx", "--out", "other.onnx", "--json")
    result = json.loads(out)
    assert result["file"] == "other.onnx"
    assert result["output"] == {"name": "probabilities", "shape": ["batch", 3]}
    assert run("export", model, "--quiet") == (0, "", "")


def test_an_older_file_is_replaced_whole_or_not_at_all(run, model, monkeypatch, working_folder):
    (working_folder / "model.onnx").write_text("older")
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "full")))
        status, _, err = run("export", model)
    assert status == 2
    assert "cannot be written to model.onnx (full)" in err
    assert (working_folder / "model.onnx").read_text() == "older"
    assert len(list(working_folder.iterdir())) == 2
    assert run("export", model)[0] == 0
    onnx.load("model.onnx")


def test_the_model_is_not_replaced(refused, model):
    assert "would replace the model" in refused("export", model, "--out", "model.npz")


def test_a_folder_that_is_not_there_is_refused(refused, model):
    assert "cannot be written to nowhere/it.onnx" in refused(
        "export", model, "--out", "nowhere/it.onnx"
    )


def test_another_format_is_refused(run, model):
    status, _, err = run("export", model, "--to", "pickle")
    assert status == 2
    assert "invalid choice: 'pickle'" in err


def test_the_missing_extra_is_named(refused, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "pip install 'chainrule[onnx]'" in refused("export", model)
