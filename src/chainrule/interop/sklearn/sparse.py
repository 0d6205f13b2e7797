"""Sparse tables, whose rows become dense a batch at a time."""

from __future__ import annotations

from typing import Any

from scipy.sparse import issparse

from chainrule.checks import Array, Rows


class SparseRows:
    """A sparse matrix as examples: ``X[indices]`` gives dense rows, of the same numbers.

    Parameters
    ----------
    matrix : CSR matrix or array, shape (n, features)
    """

    def __init__(self, matrix: Any) -> None:
        self.matrix, self.shape = matrix, matrix.shape

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, indices: Any) -> Array:
        dense: Array = self.matrix[indices].toarray()
        return dense


def rows_of(X: Any) -> Any:
    """Return X if it is dense, else what gives its rows dense, and finite."""
    return Rows("X", SparseRows(X), None) if issparse(X) else X
