"""The list of a network's arrays, as scikit-learn has lists of weights and of biases."""

from __future__ import annotations

from typing import Any

from chainrule.checks import Array, ChainruleError, of_shape


class Views(list[Array]):
    """Views into a network: to assign to one of them, or to a slice, copies the values into it.

    Parameters
    ----------
    name : str
        As messages call it.
    views : list of arrays
    """

    def __init__(self, name: str = "arrays", views: Any = ()) -> None:
        super().__init__(views)
        self.name = name

    def __setitem__(self, index: Any, values: Any) -> None:
        one = not isinstance(index, slice)
        views, values = ([self[index]], [values]) if one else (self[index], list(values))
        if len(values) != len(views):
            raise ChainruleError(
                f"{self.name} must be {len(views)} arrays, one for each layer, got {len(values)}."
            )
        pairs = list(zip(views, values, strict=True))
        checked = [
            of_shape(f"an array of {self.name}", given, view.shape, view.dtype)
            for view, given in pairs
        ]
        for view, array in zip(views, checked, strict=True):
            view[...] = array
