"""A script as others write it runs after the one changed import, and with scikit-learn's own."""

import subprocess
import sys

import pytest

SCRIPT = """
import warnings

import joblib
import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import classification_report, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    learning_curve,
    train_test_split,
    validation_curve,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.simplefilter("error")
warnings.simplefilter("ignore", ConvergenceWarning)
warnings.simplefilter("ignore", DeprecationWarning)  # of scikit-learn 1.6 itself
rng = np.random.default_rng(1)
n = 400
df = pd.DataFrame(
    {
        "age": rng.integers(18, 90, n).astype(float),
        "income": rng.lognormal(10, 0.5, n),
        "job": pd.Categorical(rng.choice(["nurse", "cook", "clerk"], n)),
        "postcode": rng.integers(1000, 1060, n).astype(str),
    }
)
df.loc[::17, "income"] = np.nan
y = np.where((df["age"] > 50) ^ (df["job"] == "cook"), "yes", "no")

numbers = make_pipeline(SimpleImputer(), StandardScaler())
words = OneHotEncoder(handle_unknown="ignore")
prep = ColumnTransformer(
    [
        ("num", numbers, make_column_selector(dtype_include="number")),
        ("cat", words, make_column_selector(dtype_exclude="number")),
    ]
)
pipe = Pipeline([("prep", prep), ("mlp", MLPClassifier(max_iter=300, random_state=42))])
X_train, X_test, y_train, y_test = train_test_split(df, y, stratify=y, random_state=42)

grid = {
    "mlp__hidden_layer_sizes": [(16,), (16, 8)],
    "mlp__solver": ["adam", "lbfgs"],
    "mlp__alpha": np.logspace(-2, 0, 2),
}
search = GridSearchCV(
    pipe,
    grid,
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    scoring={"auc": "roc_auc", "f1": "f1_macro"},
    refit="auc",
    n_jobs=2,
    error_score="raise",
)
search.fit(X_train, y_train)
print(pd.DataFrame(search.cv_results_)[["params", "mean_test_auc", "mean_test_f1"]].shape)
best = search.best_estimator_
print(classification_report(y_test, best.predict(X_test)))
auc = roc_auc_score(y_test == "yes", best.predict_proba(X_test)[:, 1])

names, values = "mlp__alpha", [1e-3, 1.0]
train_scores, val_scores = validation_curve(pipe, df, y, param_name=names, param_range=values, cv=3)
sizes, *_ = learning_curve(pipe, df, y, train_sizes=[0.5, 1.0], cv=3)
print(train_scores.mean(axis=1), val_scores.mean(axis=1), sizes)

settings = {"mlp__learning_rate_init": [0.001, 0.01], "mlp__activation": ["relu", "logistic"]}
draws = RandomizedSearchCV(pipe, settings, n_iter=2, cv=2, random_state=0, error_score="raise")
draws.fit(df, y)

calibrated = CalibratedClassifierCV(best, cv=3).fit(X_train, y_train)
print(calibrated.predict_proba(X_test)[:2])

mlp = best[-1]
print([w.shape for w in mlp.coefs_], mlp.n_layers_, mlp.n_iter_, mlp.loss_, mlp.out_activation_)
twin = MLPClassifier(hidden_layer_sizes=mlp.hidden_layer_sizes, max_iter=1, random_state=0)
twin.fit(best[:-1].transform(X_train), y_train)
twin.coefs_ = [w.copy() for w in mlp.coefs_]
twin.intercepts_ = [b.copy() for b in mlp.intercepts_]
assert (twin.predict(best[:-1].transform(X_test)) == best.predict(X_test)).all()

price = df["age"] * 3 + rng.normal(0, 5, n)
prep_age = ColumnTransformer([("num", StandardScaler(), ["age"])])
small = MLPRegressor(hidden_layer_sizes=(10,), solver="lbfgs", random_state=0)
reg = make_pipeline(prep_age, small)
r2 = reg.fit(df, price).score(df, price)

joblib.dump(best, "model.joblib")
assert (joblib.load("model.joblib").predict(df) == best.predict(df)).all()
print("END", round(auc, 3), round(r2, 3))
"""
SWAP = ("from sklearn.neural_network import", "from chainrule.interop.sklearn import")
EXPORT = """
from chainrule import save_model
from chainrule.interop.sklearn import load_estimator, model_of

save_model("model.npz", model_of(best[-1]))
again = load_estimator("model.npz")
assert (again.predict(best[:-1].transform(X_test)) == best.predict(X_test)).all()
print("EXPORTED")
"""


def run(script, folder):
    (folder / "script.py").write_text(script)
    command = [sys.executable, "script.py"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.long
def test_one_import_is_changed(tmp_path):
    assert SCRIPT.count(SWAP[0]) == 1
    theirs = run(SCRIPT, tmp_path)
    mine = run(SCRIPT.replace(*SWAP) + EXPORT, tmp_path)
    assert mine.endswith("EXPORTED\n")
    ends = [
        line.split()[1:] for text in (theirs, mine) for line in text.splitlines() if "END" in line
    ]
    for one, other in zip(*ends, strict=True):  # area under the curve, and R²
        assert float(other) > float(one) - 0.05
