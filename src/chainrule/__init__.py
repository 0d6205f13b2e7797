"""Chainrule: a neural network written from scratch in NumPy.

The names of `__all__` are the public ones. The core is imported at once and needs NumPy alone;
the files around it are imported when one of their names is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from chainrule.checks import ChainruleError, TrainingDiverged
from chainrule.layers import (
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
)
from chainrule.losses import mean_squared_error, softmax, softmax_crossentropy_with_logits
from chainrule.network import Network, create_network, forward, predict
from chainrule.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    RMSProp,
    constant_rate,
    cosine_rate,
    one_cycle_rate,
    step_rate,
)
from chainrule.training import (
    History,
    print_epoch,
    train_batch,
    train_network,
)

if TYPE_CHECKING:
    from chainrule.data import load_mnist, preprocess_mnist
    from chainrule.proof.audit import audit, numerical_gradient
    from chainrule.reading.evaluation import (
        accuracy,
        confusion_matrix,
        evaluate_network,
        plot_training_comparison,
        visualize_mnist_samples,
        visualize_predictions,
    )
    from chainrule.storage.models import (
        Checkpoint,
        load_checkpoint,
        load_model,
        save_checkpoint,
        save_model,
    )
    from chainrule.threads import one_thread

__version__ = "0.1.0"

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "ChainruleError",
    "Checkpoint",
    "Dense",
    "Dropout",
    "History",
    "Layer",
    "LeakyReLU",
    "Network",
    "RMSProp",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "TrainingDiverged",
    "accuracy",
    "audit",
    "confusion_matrix",
    "constant_rate",
    "cosine_rate",
    "create_network",
    "evaluate_network",
    "forward",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "load_checkpoint",
    "load_mnist",
    "load_model",
    "mean_squared_error",
    "numerical_gradient",
    "one_cycle_rate",
    "one_thread",
    "plot_training_comparison",
    "predict",
    "preprocess_mnist",
    "print_epoch",
    "save_checkpoint",
    "save_model",
    "softmax",
    "softmax_crossentropy_with_logits",
    "step_rate",
    "train_batch",
    "train_network",
    "visualize_mnist_samples",
    "visualize_predictions",
]

_IMPORTED_ON_FIRST_USE = {
    "Checkpoint": "storage.models",
    "accuracy": "reading.evaluation",
    "audit": "proof.audit",
    "confusion_matrix": "reading.evaluation",
    "evaluate_network": "reading.evaluation",
    "load_checkpoint": "storage.models",
    "load_mnist": "data",
    "load_model": "storage.models",
    "numerical_gradient": "proof.audit",
    "one_thread": "threads",
    "plot_training_comparison": "reading.evaluation",
    "preprocess_mnist": "data",
    "save_checkpoint": "storage.models",
    "save_model": "storage.models",
    "visualize_mnist_samples": "reading.evaluation",
    "visualize_predictions": "reading.evaluation",
}


def __getattr__(name: str) -> Any:
    if name not in _IMPORTED_ON_FIRST_USE:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    return getattr(import_module(f"chainrule.{_IMPORTED_ON_FIRST_USE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
