"""The list of a network's arrays, as scikit-learn has lists of weights and of biases."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.checks import Array, ChainruleError, finite, of_shape


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
        views = [self[index]] if one else self[index]
        values = [values] if one or not hasattr(values, "__iter__") else list(values)
        if len(values) != len(views):
            raise ChainruleError(
                f"{self.name} must be {len(views)} arrays, one for each layer, got {len(values)}."
            )
        name, checked = f"an array of {self.name}", []
        for view, given in zip(views, values, strict=True):
            with np.errstate(over="ignore"):  # what is too large for float32 is found as infinite
                checked.append(of_shape(name, given, view.shape, view.dtype))
            finite(name, checked[-1])
        for view, array in zip(views, checked, strict=True):
            view[...] = array
