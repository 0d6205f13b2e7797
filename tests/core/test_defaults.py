"""What an argument is when it is left out: the design's numbers, which results depend on."""

import inspect

import numpy as np
import pytest

import chainrule
from chainrule import (
    SGD,
    Adam,
    AdamW,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    RMSProp,
    Sigmoid,
    Tanh,
    train_network,
)
from chainrule.optimizers import OPTIMIZERS

DEFAULTS = {
    Dense: {"initializer": chainrule.he_normal, "rng": None},
    LeakyReLU: {"slope": 0.01},
    Dropout: {"rate": 0.5, "rng": None},
    SGD: {"learning_rate": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
    RMSProp: {"learning_rate": 0.001, "beta": 0.99, "epsilon": 1e-8, "weight_decay": 0.0},
    Adam: {
        "learning_rate": 0.001,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
    },
    AdamW: {
        "learning_rate": 0.001,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.01,
    },
    Network: {
        "loss": chainrule.softmax_crossentropy_with_logits,
        "optimizer": None,
        "rng": 0,
        "dtype": np.float32,
    },
    chainrule.create_network: {
        "optimizer_type": "sgd",
        "rng": 0,
        "sizes": (784, 256, 128, 64, 10),
    },
    train_network: {
        "X_val": None,
        "y_val": None,
        "num_epochs": 10,
        "batch_size": 64,
        "seed": 0,
        "start": (0, 0),
        "sample_weight": None,
        "history": None,
        "on_epoch": chainrule.print_epoch,
        "progress": None,
    },
    chainrule.step_rate: {"factor": 0.1},
    chainrule.cosine_rate: {"final": 0.0},
    chainrule.one_cycle_rate: {"warmup": 0.3},
}


@pytest.mark.parametrize("door", DEFAULTS, ids=lambda door: door.__name__)
def test_the_defaults_of_every_door(door):
    parameters = inspect.signature(door).parameters.values()
    given = {one.name: one.default for one in parameters if one.default is not one.empty}
    assert given == DEFAULTS[door]


@pytest.mark.parametrize("kind", [Layer, Dense, ReLU, Dropout, LeakyReLU, Sigmoid, Tanh])
def test_forward_is_for_prediction_unless_training_is_asked_for(kind):
    assert inspect.signature(kind.forward).parameters["training"].default is False


def test_the_default_rates_of_the_course_s_network():
    assert {name: rate for name, (_, rate) in OPTIMIZERS.items()} == {
        "sgd": 0.05,
        "momentum": 0.005,
        "nesterov": 0.005,
        "rmsprop": 0.0005,
        "adam": 0.0005,
        "adamw": 0.0005,
    }
