"""One table gives every optimizer its name; another name is an error that lists them."""

import numpy as np
import pytest

from chainrule import OPTIMIZERS, SGD, Adam, AdamW, ChainruleError, RMSProp, create_network
from chainrule.optimizers import create_optimizer

KINDS = {"sgd": SGD, "momentum": SGD, "nesterov": SGD, "rmsprop": RMSProp, "adam": Adam}


def test_the_names():
    assert list(OPTIMIZERS) == ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_name_makes_its_optimizer_at_its_rate(name):
    optimizer = create_network(name, sizes=(4, 3)).optimizer
    assert type(optimizer) is {**KINDS, "adamw": AdamW}[name]
    assert optimizer.rate == OPTIMIZERS[name][1]
    if type(optimizer) is SGD:
        assert optimizer.momentum == (0 if name == "sgd" else 0.9)
        assert optimizer.nesterov == (name == "nesterov")


def test_the_rates_of_the_course():
    assert OPTIMIZERS["adam"][1] == 0.0005
    assert OPTIMIZERS["sgd"][1] == 0.05


@pytest.mark.parametrize("name", ["Adam", "sdg", "", None])
def test_another_name_is_an_error_that_lists_the_names(name):
    with pytest.raises(ChainruleError, match=r"sgd, momentum, nesterov, rmsprop, adam, adamw"):
        create_network(name)


def test_the_rate_may_be_given_as_a_number_or_a_function():
    assert create_optimizer("adam", 0.3).rate == 0.3
    optimizer = create_optimizer("sgd", lambda step: 0.2 / (step + 1))
    optimizer.update(np.zeros(3), np.zeros(3))
    assert optimizer.rate == 0.2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SGD(momentum=1), "momentum must be a number at least 0 and below 1, got 1"),
        (lambda: SGD(momentum=-0.1), "momentum"),
        (lambda: SGD(nesterov=True), "needs a momentum"),
        (lambda: SGD(weight_decay=-1), "weight_decay must be a number at least 0, got -1"),
        (lambda: RMSProp(beta=1), "beta must be"),
        (lambda: RMSProp(epsilon=0), "epsilon must be a number above 0, got 0"),
        (lambda: Adam(beta1=1.0), "beta1"),
        (lambda: Adam(beta2="a"), "beta2 .* got 'a'"),
        (lambda: Adam(epsilon=-1e-8), "epsilon"),
        (lambda: AdamW(weight_decay=float("nan")), "weight_decay .* got nan"),
    ],
)
def test_settings_outside_their_bounds_are_errors_that_name_them(make, words):
    with pytest.raises(ChainruleError, match=words):
        make()
