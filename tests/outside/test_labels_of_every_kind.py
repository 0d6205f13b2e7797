"""Whatever labels scikit-learn's own class takes, this one takes, predicts and keeps in a file."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from chainrule import save_model
from chainrule.checks import ChainruleError
from chainrule.interop.sklearn import MLPClassifier, load_estimator, model_of
from chainrule.storage.models import Model, load_model

X, codes = load_iris(return_X_y=True, as_frame=True)
X = X.convert_dtypes()
words = np.array(["setosa", "versicolor", "virgïnica"])[codes]
days = pd.to_timedelta(codes, unit="D")
OWN_ORDER = pd.CategoricalDtype(["virgïnica", "setosa", "versicolor", "unused"], ordered=True)
LABELS = {
    "object": pd.Series(words, dtype=object),
    "string": pd.Series(words).astype("string"),
    "category": pd.Series(words).astype(OWN_ORDER),
    "category of ints": (codes + 5).astype("category"),
    "category of bools": (codes == 1).astype("category"),
    "Int64": codes.astype("Int64"),
    "Float64": codes.astype("Float64"),
    "boolean": (codes == 1).astype("boolean"),
    "bool": codes == 1,
    "float": codes + 1.0,
    "negative ints": codes - 1,
    "int8": codes.astype("int8"),
    "uint64": codes.astype("uint64") + np.uint64(2**63),
    "dates": pd.Timestamp("2024-02-29 12:00") + days,
    "dates in nanoseconds": (pd.Timestamp("2024-02-29") + days).astype("datetime64[ns]"),
    "spans of time": days,
    "a column of a frame": pd.DataFrame({"kind": words}),
    "an index of its own": pd.Series(words, index=np.random.default_rng(0).permutation(150)),
    "a list": words.tolist(),
    "big-endian": codes.to_numpy().astype(">i4"),
    "not UTF-8": pd.Series(np.where(codes == 0, "\udcfc", words), dtype=object),
}


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:A column-vector y")
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_labels(y, early_stopping, tmp_path):
    plain = np.asarray(y).ravel()
    model = MLPClassifier(
        max_iter=30, learning_rate_init=0.01, random_state=0, early_stopping=early_stopping
    ).fit(X, y)
    said = model.predict(X)
    assert model.classes_.tolist() == sorted(set(plain.tolist()))
    assert model.score(X, y) == np.mean(said == plain) > 0.6
    save_model(tmp_path / "it.npz", model_of(model))
    again = load_estimator(tmp_path / "it.npz")
    assert again.predict(X).tolist() == said.tolist()
    assert again.score(X, y) == model.score(X, y)


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_labels_in_parts(y):
    model = MLPClassifier(random_state=0)
    rows = y.iloc if hasattr(y, "iloc") else np.asarray(y)
    for part in (slice(0, 50), slice(50, 150)):
        model.partial_fit(X[part], rows[part], classes=np.unique(np.asarray(y)))
    assert set(model.predict(X).tolist()) <= set(np.asarray(y).ravel().tolist())


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("labels", ["int64", "datetime64[zz]", "O", 3, None, {"a": 1}], ids=str)
def test_a_file_with_other_dates_than_it_says_is_refused(labels, tmp_path):
    model = model_of(MLPClassifier(max_iter=2, tol=9, n_iter_no_change=1).fit(X, LABELS["dates"]))
    save_model(tmp_path / "it.npz", model)
    assert load_model(tmp_path / "it.npz").classes[0].startswith("2024-02-29T12:00:00")
    changed = Model(model.network, classes=model.classes, training={"labels": labels})
    save_model(tmp_path / "it.npz", changed)
    with pytest.raises(ChainruleError, match=r"it\.npz is damaged: its classes .* the dtype"):
        load_estimator(tmp_path / "it.npz")
