"""From an estimator to a model file, to the commands, and back."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris

from chainrule import Dense, LeakyReLU, Network, ReLU, cli
from chainrule.checks import ChainruleError
from chainrule.data.idx import read_idx
from chainrule.interop.sklearn import MLPClassifier, MLPRegressor, load_estimator, model_of
from chainrule.storage.models import Model, load_model, save_model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = {"hidden_layer_sizes": (9, 7), "activation": ("tanh", "leaky_relu"), "dropout": 0.1}


def fitted():
    yield MLPClassifier(max_iter=3, **SETTINGS), *load_iris(return_X_y=True)
    yield MLPClassifier(max_iter=3, dtype="float32"), *load_breast_cancer(return_X_y=True)
    yield MLPClassifier((), max_iter=3), *load_digits(return_X_y=True)
    yield MLPRegressor(max_iter=3, **SETTINGS), *load_diabetes(return_X_y=True)
    X, y = load_diabetes(return_X_y=True)
    yield MLPRegressor(max_iter=3), X, np.column_stack([y, 2 * y])


@pytest.mark.parametrize(
    ("estimator", "X", "y"), list(fitted()), ids=lambda value: str(np.shape(value))
)
def test_a_model_file_loads_as_the_fitted_estimator(estimator, X, y, tmp_path):
    estimator.fit(X, y)
    save_model(tmp_path / "plain.npz", estimator.network_)
    save_model(tmp_path / "named.npz", model_of(estimator))
    for name in ("plain.npz", "named.npz"):
        read = load_estimator(tmp_path / name)
        assert type(read) is type(estimator)
        assert read.predict(X).tobytes() == estimator.predict(X).tobytes()
        assert (read.n_outputs_, read.out_activation_) == (
            estimator.n_outputs_,
            estimator.out_activation_,
        )
        for one, other in zip(read.coefs_, estimator.coefs_, strict=True):
            assert one.tobytes() == other.tobytes()
        read.partial_fit(X, y)  # goes on


def test_the_file_predicts_what_the_estimator_predicts(tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    classifier = MLPClassifier(max_iter=3, random_state=0).fit(X / X.max(axis=0), y)
    save_model(tmp_path / "it.npz", classifier.network_)
    network = load_model(tmp_path / "it.npz").network
    expected = classifier.predict_proba(X / X.max(axis=0))
    np.testing.assert_allclose(network.predict_proba(X / X.max(axis=0)), expected, rtol=1e-9)


def test_classes_of_a_file_are_kept_in_whatever_order(tmp_path):
    X, y = load_iris(return_X_y=True)
    network = MLPClassifier(max_iter=3, random_state=0).fit(X, y).network_
    names = ["virginica", "setosa", "versicolor"]
    save_model(tmp_path / "it.npz", Model(network, classes=names))
    read = load_estimator(tmp_path / "it.npz")
    assert read.classes_.tolist() == sorted(names)
    assert read.predict(X).tolist() == [names[k] for k in network.predict(X)]


def test_the_commands_read_an_estimators_model_file(mnist_folder, tmp_path, capsys):
    images = read_idx(mnist_folder / "train-images-idx3-ubyte.gz")[:3000].reshape(3000, -1) / 255
    labels = read_idx(mnist_folder / "train-labels-idx1-ubyte.gz")[:3000]
    classifier = MLPClassifier((32,), max_iter=5, dtype="float32", random_state=0).fit(
        images, labels
    )
    path = tmp_path / "digits.npz"
    save_model(path, model_of(classifier, image_shape=(28, 28)))
    arguments = [str(path), "--data", str(mnist_folder), "--json", "--quiet"]
    assert cli.main(["evaluate", *arguments]) == 0
    said = json.loads(capsys.readouterr().out)
    tests = read_idx(mnist_folder / "t10k-images-idx3-ubyte.gz").reshape(10000, -1) / 255
    right = classifier.score(tests, read_idx(mnist_folder / "t10k-labels-idx1-ubyte.gz"))
    assert said["accuracy"] == pytest.approx(right, abs=2e-4)
    assert right > 0.8
    pytest.importorskip("onnx")
    for form in ("onnx", "safetensors"):
        assert cli.main(["export", str(path), "--to", form, "--quiet"]) == 0
        assert path.with_suffix(f".{form}").exists()


def test_what_chainrule_train_wrote_loads_as_an_estimator(mnist_folder, tmp_path):
    pytest.importorskip("matplotlib")  # the command draws its curves
    arguments = ["--data", mnist_folder, "--epochs", 1, "--train-size", 2000, "--quiet"]
    assert cli.main([str(x) for x in ("train", *arguments, "--out", tmp_path / "out")]) == 0
    path = tmp_path / "out" / "models" / "adam-seed0.npz"
    classifier, model = load_estimator(path), load_model(path)
    X = np.random.default_rng(0).normal(size=(20, 784)).astype(np.float32)
    assert (classifier.predict(X) == model.network.predict(X)).all()
    assert classifier.hidden_layer_sizes == (256, 128, 64)


@pytest.mark.parametrize(
    "layers",
    [
        [ReLU(), Dense(4, 3)],
        [Dense(4, 3), ReLU()],
        [Dense(4, 3), ReLU(), ReLU(), Dense(3, 3)],
        [Dense(4, 3), LeakyReLU(0.3), Dense(3, 3)],
    ],
    ids=str,
)
def test_layers_that_the_parameters_cannot_say_are_refused(layers, tmp_path):
    save_model(tmp_path / "it.npz", Network(layers))
    with pytest.raises(ChainruleError, match=r"it.npz holds .* where the estimators have none"):
        load_estimator(tmp_path / "it.npz")


@pytest.mark.parametrize("classes", [["a", "b"], ["a", "b", "b"]])
def test_classes_that_do_not_fit_are_refused(classes, tmp_path):
    save_model(tmp_path / "it.npz", Model(Network([Dense(4, 3)]), classes=classes))
    with pytest.raises(ChainruleError, match="each output needs a class of its own"):
        load_estimator(tmp_path / "it.npz")


def test_losses_that_files_do_not_know_are_refused(tmp_path):
    counts = MLPRegressor(loss="poisson", max_iter=2).fit(*load_iris(return_X_y=True))
    with pytest.raises(ChainruleError, match="is not one of Chainrule's and cannot be saved"):
        save_model(tmp_path / "it.npz", counts.network_)
