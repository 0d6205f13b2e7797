"""A sparse table gives the bits of the dense one, and its rows become dense a batch at a time."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from chainrule import checks
from chainrule.interop.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
X, Y = load_digits(return_X_y=True)
X, Y = X[:300] / 16, Y[:300]


def same(one, other):
    return one._network.parameters.tobytes() == other._network.parameters.tobytes()


def long_indices(matrix):
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    return matrix


def with_duplicates(matrix):
    """Return the same numbers, each as two halves, columns backwards."""
    coo = matrix.tocoo()
    halves = np.tile(coo.data / 2, 2)[::-1], (np.tile(coo.row, 2)[::-1], np.tile(coo.col, 2)[::-1])
    doubled = sparse.coo_array(halves, coo.shape)
    order = np.argsort(doubled.coords[0], kind="stable")
    rows = np.bincount(doubled.coords[0], minlength=coo.shape[0])
    indptr = np.concatenate([[0], np.cumsum(rows)])
    csr = sparse.csr_array((doubled.data[order], doubled.coords[1][order], indptr), coo.shape)
    assert not csr.has_canonical_format
    return csr


def with_zeros(matrix):
    """Return the same numbers, the zeros of the first rows written out."""
    dense = matrix.toarray()
    dense[:9][dense[:9] == 0] = -1
    csr = sparse.csr_array(dense)
    csr.data[csr.data == -1] = 0
    return csr


NAMES = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]
FORMATS = [getattr(sparse, f"{name}_{kind}") for name in NAMES for kind in ("array", "matrix")]


@BOTH
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")  # of dia
@pytest.mark.parametrize("form", [*FORMATS, long_indices, with_duplicates, with_zeros])
def test_every_format_gives_the_bits_of_the_dense_table(kind, form):
    table = form(sparse.csr_array(X))
    settings = {"max_iter": 3, "early_stopping": True, "batch_size": 64, "random_state": 0}
    dense, other = kind(**settings).fit(X, Y), kind(**settings).fit(table, Y)
    assert same(dense, other)
    assert dense.predict(X).tobytes() == other.predict(table).tobytes()
    assert dense.score(X, Y) == other.score(table, Y)


@BOTH
@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd", "learning_rate_init": 0.01},
        {"solver": "adam", "dropout": 0.2},
        {"solver": "lbfgs"},
        {"shuffle": False},
        {"dtype": "float32"},
    ],
    ids=str,
)
def test_every_solver_takes_them(kind, settings):
    table, weights = sparse.csr_array(X), np.arange(len(X)) % 3
    settings = {"max_iter": 5, "random_state": 0} | settings
    one, other = (
        kind(**settings).fit(x, Y, sample_weight=weights, X_val=x[:50], y_val=Y[:50])
        for x in (X, table)
    )
    assert same(one, other)
    assert one.val_loss_curve_ == other.val_loss_curve_
    assert one.validation_scores_ == other.validation_scores_
    if one.solver != "lbfgs":
        assert same(one.partial_fit(X, Y), other.partial_fit(table, Y))


def test_whole_numbers_become_floats():
    table = sparse.csr_array((X * 16).astype(np.int64))
    one, other = (MLPClassifier(max_iter=2, random_state=0).fit(x, Y) for x in (X * 16, table))
    assert same(one, other)


def test_words():
    texts = ["the cat sat", "the dog ran", "a cat purred", "a dog barked"] * 10
    model = make_pipeline(TfidfVectorizer(), MLPClassifier(max_iter=50, learning_rate_init=0.05))
    assert cross_val_score(model, texts, ["cat", "dog"] * 20, n_jobs=2).mean() == 1


@BOTH
def test_the_slices_of_prediction_shrink_where_rows_are_long(kind, monkeypatch):
    fitted = kind(max_iter=2, random_state=0).fit(X, Y)
    expected = fitted.predict(X)
    monkeypatch.setattr(checks, "NUMBERS_AT_ONCE", 64 * 7)
    assert [part.stop - part.start for part in checks.slices(X)] == [7] * 43
    np.testing.assert_allclose(fitted.predict(sparse.csr_array(X)), expected)
    monkeypatch.setattr(checks, "NUMBERS_AT_ONCE", 1)
    np.testing.assert_allclose(fitted.predict(X), expected)


@BOTH
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(kind, value):
    table = sparse.csr_array(X)
    fitted = kind(max_iter=1).fit(table, Y)
    table.data[7] = value
    for call in (lambda: kind().fit(table, Y), lambda: fitted.predict(table)):
        with pytest.raises(ValueError, match="Input X contains"):
            call()


@BOTH
def test_duplicates_whose_sum_is_not_finite_are_refused(kind):
    fitted = kind(max_iter=1).fit(X, Y)
    table = sparse.csr_array(([1e308, 1e308], [1, 1], [0, 2, 2, 2]), shape=(3, 64))
    for call in (lambda: kind().fit(table, [0, 1, 2]), lambda: fitted.predict(table)):
        with pytest.raises(ValueError, match="X must be finite, but row 0 holds NaN or infinity"):
            call()


PROGRAMME = """
import resource
import sys
import numpy as np
from scipy import sparse
from chainrule.interop.sklearn import MLPClassifier

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

rows, early = int(sys.argv[1]), sys.argv[2] == "True"
rng = np.random.default_rng(0)
MLPClassifier((8,), max_iter=1).fit(np.eye(3), [0, 1, 2])  # what is loaded, is
before = peak()
indices, indptr = rng.integers(20_000, size=rows * 20), np.arange(rows + 1) * 20
X = sparse.csr_array((rng.random(rows * 20), indices, indptr), (rows, 20_000))
y = np.arange(rows) % 3
matrix = (X.data.nbytes + X.indices.nbytes + X.indptr.nbytes) / 2**20
for step in ("fit", "predict"):
    if step == "fit":
        model = MLPClassifier((8,), max_iter=1, early_stopping=early).fit(X, y)
    else:
        model.predict(X)
    print(f"{step}: {peak() - before - matrix:.0f} MB above the matrix of {matrix:.0f} MB")
"""


@pytest.mark.parametrize(
    ("rows", "early"),
    [(20_000, False), (20_000, True), pytest.param(200_000, False, marks=pytest.mark.long)],
)
def test_the_table_never_becomes_dense(rows, early, tmp_path):
    """Of 20,000 columns, one number in a thousand set: 32 GB if 200,000 rows were dense."""
    pytest.importorskip("resource")
    command = [sys.executable, "-W", "ignore", "-c", PROGRAMME, str(rows), str(early)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    print(ran.stdout)
    above = [float(line.split()[1]) for line in ran.stdout.splitlines()]
    assert len(above) == 2
    assert max(above) < 300
