"""The bridge to scikit-learn's callbacks, which came with version 1.9; before it, nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["CallbackSupportMixin", "Told", "with_callbacks"]

Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: this scikit-learn has no callbacks."""

    def with_callbacks(method: Method) -> Method:
        """Return the method as it is."""
        return method


class Told:
    """Tells the callbacks of an estimator, if it has any, how its training goes.

    Parameters
    ----------
    estimator : BaseMLP
    epochs : int
        At most so many follow.
    X, y, sample_weight : arrays
        The training data as the user gave it.
    """

    def __init__(self, estimator: Any, epochs: int, X: Any, y: Any, sample_weight: Any) -> None:
        weights = None if sample_weight is None else {"sample_weight": sample_weight}
        self.data = {"estimator": estimator, "X": X, "y": y, "metadata": weights}
        self.fit: Any = None
        self.epoch: Any = None
        if hasattr(estimator, "_init_callback_context"):
            self.fit = estimator._init_callback_context(max_subtasks=epochs)
            self.fit.call_on_fit_task_begin(**self.data)
        self.is_heard = hasattr(estimator, "_skl_callbacks")

    def epoch_begins(self) -> None:
        """Tell that an epoch begins."""
        if self.fit and self.is_heard:
            self.epoch = self.fit.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(**self.data)

    def epoch_ends(self) -> bool:
        """Tell that the epoch has ended; return whether a callback asks to stop."""
        return self.epoch is not None and self._end(self.epoch)

    def fit_ends(self) -> None:
        """Tell that training is over."""
        if self.fit:
            self._end(self.fit)

    def _end(self, task: Any) -> bool:
        estimator = self.data["estimator"]
        return task.call_on_fit_task_end(
            **self.data,
            reconstruction_attributes=lambda: {"_network": estimator._network.copy()},
        )
