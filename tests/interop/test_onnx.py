"""Two other programmes compute from the exported file what Chainrule computes."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from chainrule import Dense, Dropout, Layer, LeakyReLU, Network, ReLU, Sigmoid, Tanh
from chainrule.checks import ChainruleError
from chainrule.data.idx import read_idx
from chainrule.data.preprocess import Standardisation
from chainrule.interop.onnx import export_onnx
from chainrule.reading.classifier import ImageClassifier
from chainrule.storage.models import Model, save_model

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def images(mnist_folder):
    """Return 1,000 test images of MNIST, as bytes."""
    return read_idx(mnist_folder / "t10k-images-idx3-ubyte.gz")[:1000]


@pytest.fixture
def classifier(tmp_path):
    """Return a function that writes a model file and reads it back as a classifier."""

    def classifier(network, preprocessing=None):
        preprocessing = preprocessing or {"mean": 0.1307, "std": 0.3081}
        save_model(tmp_path / "model.npz", Model(network, preprocessing=preprocessing))
        return ImageClassifier.load(tmp_path / "model.npz")

    return classifier


def by_runtime(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": images})[0]


def by_reference(path, images):
    return ReferenceEvaluator(str(path)).run(None, {"images": images})[0]


def assert_same(classifier, path, images, tolerance=TOLERANCE):
    """Compare the two with Chainrule; the images are bytes, the graph takes pixels from 0 to 1."""
    pixels = images.astype(np.float32) / 255
    expected = classifier.probabilities(images)
    assert expected.max() > 0.5  # the probabilities tell something
    for evaluate in (by_runtime, by_reference):
        came = evaluate(path, pixels)
        assert came.dtype == np.float32
        assert came.shape == expected.shape
        assert np.abs(came - expected).max() <= tolerance


def network(*hidden, dtype=np.float32):
    built = Network([Dense(784, 40), *hidden, Dense(40, 10)], rng=1, dtype=dtype)
    built.parameters *= 3  # untrained logits are small: sharpen them, but not their rounding
    return built


@pytest.mark.parametrize(
    "layers",
    [
        [ReLU()],
        [LeakyReLU(0.2)],
        [Sigmoid(), Dense(40, 40), Sigmoid()],
        [Tanh()],
        [Dropout(0.5), Tanh(), Dropout(0.3)],
        [],
    ],
    ids=str,
)
def test_every_layer(classifier, images, tmp_path, layers):
    made = classifier(network(*layers))
    export_onnx(made, tmp_path / "it.onnx")
    assert_same(made, tmp_path / "it.onnx", images)


def test_a_trained_network(mnist_folder, images, tmp_path):
    from chainrule import cli

    arguments = ["--data", mnist_folder, "--epochs", 2, "--train-size", 4000, "--quiet"]
    assert cli.main([str(x) for x in ("train", *arguments, "--out", tmp_path / "out")]) == 0
    path = tmp_path / "out" / "models" / "adam-seed0.npz"
    assert cli.main(["export", str(path), "--quiet"]) == 0
    made = ImageClassifier.load(path)
    assert_same(made, path.with_suffix(".onnx"), images)
    labels = read_idx(mnist_folder / "t10k-labels-idx1-ubyte.gz")[:1000]
    pixels = images.astype(np.float32) / 255
    right = by_runtime(path.with_suffix(".onnx"), pixels).argmax(axis=1) == labels
    assert right.mean() > 0.85


def test_standardisation_of_each_pixel_with_constant_ones(classifier, images, tmp_path):
    each = Standardisation.of(images, per_pixel=True)
    assert (each.std == 0).any()
    header = {"mean": each.mean.tolist(), "std": each.std.tolist()}
    made = classifier(network(ReLU()), header)
    export_onnx(made, tmp_path / "it.onnx")
    odd = images.copy()
    odd[:, 0, 0] = 200  # a pixel that never varied in training must not explode
    # Rare pixels lie many deviations out: logits of some hundreds, rounded to float32.
    logits = np.abs(made.network.forward(made.inputs(odd))).max()
    assert_same(made, tmp_path / "it.onnx", odd, tolerance=4 * np.finfo(np.float32).eps * logits)


def test_a_float64_network(classifier, images, tmp_path):
    made = classifier(network(Tanh(), dtype=np.float64))
    export_onnx(made, tmp_path / "it.onnx")
    assert_same(made, tmp_path / "it.onnx", images)


@pytest.mark.parametrize("count", [1, 2, 333])
def test_any_number_of_images(classifier, images, tmp_path, count):
    made = classifier(network(ReLU()))
    export_onnx(made, tmp_path / "it.onnx")
    assert_same(made, tmp_path / "it.onnx", images[:count])


def test_the_file_says_what_it_is(classifier, tmp_path):
    made = classifier(network(ReLU()))
    export_onnx(made, tmp_path / "it.onnx")
    model = onnx.load(tmp_path / "it.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    (given,) = model.graph.input
    shape = [side.dim_param or side.dim_value for side in given.type.tensor_type.shape.dim]
    assert shape == ["batch", 28, 28]
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(properties["classes"]) == list(range(10))
    assert len(properties["parameters_sha256"]) == 64
    assert not [node for node in model.graph.node if node.op_type == "Dropout"]


def test_the_same_model_gives_the_same_bytes(classifier, tmp_path):
    made = classifier(network(ReLU()))
    for name in ("one.onnx", "two.onnx"):
        export_onnx(made, tmp_path / name)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


def test_an_own_layer_is_refused(classifier, tmp_path):
    class Own(Layer):
        pass

    made = classifier(network(ReLU()))
    made.network.layers = (*made.network.layers, Own())
    with pytest.raises(ChainruleError, match="has no operator in ONNX"):
        export_onnx(made, tmp_path / "it.onnx")
    assert not (tmp_path / "it.onnx").exists()
