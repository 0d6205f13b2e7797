"""model_of takes a pipeline of scalers: its model takes the raw table, wherever it goes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from chainrule import load_model, save_model
from chainrule.checks import ChainruleError
from chainrule.interop.sklearn import MLPClassifier, MLPRegressor, load_estimator, model_of
from chainrule.reading.classifier import ImageClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_classification(1000, 6, n_informative=4, n_classes=3, random_state=0)
X = np.column_stack([X * [1, 10, 1000, 0.01, 5, 1] + [0, 50, 30000, -3, 1, 2], np.full(1000, 7)])
SCALERS = {
    "standard": [StandardScaler()],
    "without mean": [StandardScaler(with_mean=False)],
    "without deviation": [MinMaxScaler(), StandardScaler(with_std=False)],
    "range": [MinMaxScaler((-1, 2))],
    "both": [MinMaxScaler(), "passthrough", StandardScaler()],
}


def pipeline(scalers, dtype=None, kind=MLPClassifier):
    settings = {"hidden_layer_sizes": (20,), "max_iter": 30, "learning_rate_init": 0.01}
    return make_pipeline(*scalers, kind(**settings, dtype=dtype, random_state=0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("y", [Y, Y > 0], ids=["three classes", "two"])
@pytest.mark.parametrize("scalers", SCALERS.values(), ids=SCALERS)
def test_onnx_takes_the_raw_table(scalers, y, dtype, tmp_path):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    from chainrule.interop.onnx import export_onnx

    fitted = pipeline(scalers, dtype).fit(X, y)
    save_model(tmp_path / "it.npz", model_of(fitted))
    export_onnx(ImageClassifier.load(tmp_path / "it.npz", tables=True), tmp_path / "it.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "it.onnx")
    came = session.run(None, {"rows": X.astype(np.float32)})[0]
    expected = fitted.predict_proba(X)
    assert expected.max() > 0.9
    np.testing.assert_allclose(came, expected, atol=2e-5)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("scalers", SCALERS.values(), ids=SCALERS)
def test_the_file_loads_as_a_pipeline_again(scalers, kind, tmp_path):
    fitted = pipeline(scalers, kind=kind).fit(pd.DataFrame(X, columns=list("abcdefg")), Y)
    save_model(tmp_path / "it.npz", model_of(fitted))
    assert load_model(tmp_path / "it.npz").columns == list("abcdefg")
    read = load_estimator(tmp_path / "it.npz")
    assert isinstance(read, Pipeline)
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    np.testing.assert_allclose(read.predict(frame), fitted.predict(frame), rtol=1e-9)
    assert read.score(frame, Y) == pytest.approx(fitted.score(frame, Y))
    with pytest.raises(ValueError, match="feature names should match"):
        read.predict(frame[list("bacdefg")])
    save_model(tmp_path / "again.npz", model_of(read))
    again = load_estimator(tmp_path / "again.npz")
    assert again.predict(frame).tobytes() == read.predict(frame).tobytes()


def test_a_pipeline_without_scalers_is_its_estimator(tmp_path):
    fitted = pipeline(["passthrough"]).fit(X, Y)
    assert model_of(fitted).preprocessing == {}
    save_model(tmp_path / "it.npz", model_of(fitted))
    assert isinstance(load_estimator(tmp_path / "it.npz"), MLPClassifier)


def test_images_keep_their_shape(tmp_path):
    fitted = pipeline([StandardScaler()]).fit(X[:, :6], Y)
    save_model(tmp_path / "it.npz", model_of(fitted, image_shape=(2, 3)))
    images = ImageClassifier.load(tmp_path / "it.npz")
    came = images.probabilities(X[:, :6].reshape(-1, 2, 3))
    np.testing.assert_allclose(came, fitted.predict_proba(X[:, :6]), atol=2e-5)


def refused(estimator, words):
    with pytest.raises(ChainruleError, match=words):
        model_of(estimator)


def test_what_cannot_be_part_of_it_is_said():
    plain = pipeline([StandardScaler()]).fit(X, Y)
    words = pipeline([OneHotEncoder(handle_unknown="ignore")]).fit(X[:, :2].round(), Y)
    refused(words, r"before the estimator can be .* got OneHotEncoder\(.*pass pipeline\[-1\]")
    clipped = pipeline([MinMaxScaler(clip=True)]).fit(X, Y)
    refused(clipped, r"MinMaxScaler that does not clip, got MinMaxScaler\(clip=True\)")
    search = GridSearchCV(plain, {"mlpclassifier__alpha": [0.1]}, cv=2).fit(X, Y)
    refused(search, r"got GridSearchCV: .* search.best_estimator_")
    assert model_of(search.best_estimator_).preprocessing
    refused(make_pipeline(StandardScaler()).fit(X), "got Pipeline")
    numbers = TransformedTargetRegressor(MLPRegressor(max_iter=2)).fit(
        *load_diabetes(return_X_y=True)
    )
    refused(numbers, "got TransformedTargetRegressor")


@pytest.mark.parametrize("given", [pipeline([StandardScaler()]), MLPClassifier()])
def test_what_is_not_fitted_is_said(given):
    with pytest.raises(ValueError, match="not fitted yet"):
        model_of(given)


@pytest.mark.parametrize("preprocessing", [{"mean": [0.0] * 7}, {"mean": [0.0] * 6, "std": [1.0]}])
def test_a_scaler_that_does_not_fit_the_table_is_an_error(preprocessing, tmp_path):
    from dataclasses import replace

    model = replace(model_of(pipeline([]).fit(X, Y)), preprocessing=preprocessing)
    save_model(tmp_path / "it.npz", model)
    with pytest.raises(ChainruleError, match=r"the (mean|std) in .*it.npz must"):
        load_estimator(tmp_path / "it.npz")
