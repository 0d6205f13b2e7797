"""A model of a table is one in every command and file, however many columns there are."""

import json

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from safetensors import safe_open
from sklearn.datasets import load_iris, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import Dense, Network, cli, load_model, save_model
from chainrule.checks import ChainruleError
from chainrule.interop.sklearn import MLPClassifier, MLPRegressor, load_estimator, model_of
from chainrule.reading.classifier import ImageClassifier


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def classifier(X, y, **settings):
    return MLPClassifier((8,), max_iter=3, tol=1, n_iter_no_change=1, **settings).fit(X, y)


def digits(columns=784):
    rng = np.random.default_rng(0)
    return rng.random((30, columns)), np.arange(30) % 3


def exported(capsys, *arguments):
    assert cli.main(["export", "it.npz", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def refusal(capsys, *arguments):
    assert cli.main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


TABLES = {
    "iris": load_iris(return_X_y=True),
    "wine": load_wine(return_X_y=True),
    "square": digits(9),
    "as wide as MNIST": digits(),
}


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(("X", "y"), TABLES.values(), ids=TABLES)
def test_onnx_takes_the_rows_of_a_table(X, y, capsys):
    fitted = classifier(X, y, learning_rate_init=1e-5)
    save_model("it.npz", model_of(fitted))
    assert exported(capsys)["input"] == {"name": "rows", "shape": ["batch", X.shape[1]]}
    assert ImageClassifier.load("it.npz", tables=True).image_shape is None
    session = onnxruntime.InferenceSession("it.onnx", providers=["CPUExecutionProvider"])
    (said,) = session.run(None, {"rows": X.astype(np.float32)})
    np.testing.assert_allclose(said, fitted.predict_proba(X), atol=1e-4)


def test_the_words_of_export_are_those_of_a_table(capsys):
    save_model("it.npz", model_of(classifier(*digits())))
    assert cli.main(["export", "it.npz"]) == 0
    out, err = capsys.readouterr()
    assert "in:  rows, float32 (batch, 784), columns\n" in out
    assert "pixel" not in out + err
    assert "columns go in as they are" in err
    assert "pixel" not in onnx.load("it.onnx").doc_string.lower()


@pytest.fixture
def frame():
    """Return iris in columns with names that are not all ASCII."""
    X, y = load_iris(return_X_y=True, as_frame=True)
    return X.set_axis(["length (cm)", "Länge", "长度", ""], axis=1), y


def test_the_names_of_columns_reach_every_file(frame, capsys):
    names = list(frame[0].columns)
    save_model("it.npz", model_of(classifier(*frame)))
    assert load_model("it.npz").columns == names
    exported(capsys)
    properties = {entry.key: entry.value for entry in onnx.load("it.onnx").metadata_props}
    assert json.loads(properties["columns"]) == names
    exported(capsys, "--to", "safetensors")
    with safe_open("it.safetensors", framework="numpy") as file:
        assert json.loads(file.metadata()["columns"]) == names


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_columns_in_another_order_are_refused_after_loading_too(kind):
    X, y = load_iris(return_X_y=True, as_frame=True)
    fitted = kind(max_iter=3, tol=1, n_iter_no_change=1).fit(X, y)
    save_model("it.npz", model_of(fitted))
    again = load_estimator("it.npz")
    assert again.feature_names_in_.tolist() == list(X.columns)
    assert again.predict(X).tolist() == fitted.predict(X).tolist()
    with pytest.raises(ValueError, match="feature names should match"):
        again.predict(X[X.columns[::-1]])


PAIRS = pd.MultiIndex.from_product([["a", "b"], [1, 2]])


@pytest.mark.parametrize("columns", [range(4), PAIRS], ids=["numbers", "pairs"])
def test_names_that_are_no_text_are_no_names(columns):
    X, y = load_iris(return_X_y=True, as_frame=True)
    X = X.set_axis(columns, axis=1)
    save_model("it.npz", model_of(classifier(X, y)))
    assert load_model("it.npz").columns == []
    assert not hasattr(load_estimator("it.npz"), "feature_names_in_")


def test_images_are_refused_in_one_sentence_before_anything_is_read(capsys):
    save_model("it.npz", model_of(classifier(*digits())))
    for words in (
        ["predict", "it.npz", "nowhere.png"],
        ["predict", "it.npz", "nowhere.png", "--raw"],
        ["evaluate", "it.npz", "--data", "nowhere"],
        ["check", "it.npz", "--data", "nowhere"],
    ):
        assert "it.npz takes the 784 columns of a table, and images" in refusal(capsys, *words)


def test_pixels_in_columns_are_images_where_that_is_said(capsys):
    fitted = classifier(*digits(48))
    save_model("it.npz", model_of(fitted, image_shape=(8, 6)))
    assert exported(capsys)["input"] == {"name": "images", "shape": ["batch", 8, 6]}
    assert not hasattr(load_estimator("it.npz"), "feature_names_in_")
    with pytest.raises(ChainruleError, match=r"height and width of 48 pixels.*\(8, 8\)"):
        model_of(fitted, image_shape=(8, 8))


@pytest.mark.parametrize(("inputs", "shape"), [(4, [2, 2]), (13, [13]), (784, [28, 28])])
def test_a_file_that_names_nothing_is_read_as_before(inputs, shape, capsys):
    save_model("it.npz", Network([Dense(inputs, 3)]))
    assert exported(capsys)["input"] == {"name": "images", "shape": ["batch", *shape]}


def test_what_holds_an_estimator_is_refused_with_what_to_do():
    search = GridSearchCV(MLPClassifier((8,), max_iter=2, tol=9), {"alpha": [0.0]}, cv=3)
    for holder in (search, make_pipeline(StandardScaler(), search)):
        with pytest.raises(ChainruleError, match=r"pass that alone, such as search.best_estim"):
            model_of(holder)
