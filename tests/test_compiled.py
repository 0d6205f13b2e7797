"""Compiled by Numba, the rules of the optimizers give the same bits as in NumPy."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from chainrule import (
    SGD,
    Adam,
    AdamW,
    ChainruleError,
    Dense,
    Network,
    ReLU,
    RMSProp,
    cosine_rate,
    train_network,
)
from chainrule.proof.faults import UncorrectedAdam

pytest.importorskip("numba", reason="compiled rules need Numba: install chainrule[fast]")
from chainrule.compiled import compile_rules, restore_rules

RULES = {
    "SGD": lambda: SGD(0.1),
    "SGD with decay": lambda: SGD(0.1, weight_decay=0.1),
    "momentum": lambda: SGD(0.1, momentum=0.9),
    "Nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "RMSProp": lambda: RMSProp(0.01, weight_decay=0.01),
    "Adam": lambda: Adam(0.01),
    "Adam, other settings": lambda: Adam(0.02, beta1=0.5, beta2=0.9, epsilon=1e-3),
    "AdamW": lambda: AdamW(0.01, weight_decay=0.1),
    "a schedule": lambda: Adam(lambda step: cosine_rate(step, 0.01, 50)),
    "a subclass with a rule of its own": lambda: UncorrectedAdam(0.01),
}
SIZE, STEPS = 70_001, 40  # longer than a block of NumPy's form


@pytest.fixture
def compiled():
    """Return a switch that compiles the rules; they are restored after the test."""
    yield compile_rules
    restore_rules()


def parameters_after(optimizer, dtype, steps=STEPS):
    rng = np.random.default_rng(1)
    parameters = rng.standard_normal(SIZE).astype(dtype)
    optimizer.decayed = slice(0, 600)
    for _ in range(steps):
        size = 10.0 ** rng.uniform(-5, 2, SIZE)
        optimizer.update(parameters, (size * rng.standard_normal(SIZE)).astype(dtype))
    return parameters


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_gives_the_same_bits(rule, dtype, compiled):
    plain = RULES[rule]()
    expected = parameters_after(plain, dtype)
    compiled()
    fast = RULES[rule]()
    came = parameters_after(fast, dtype)
    assert came.dtype == dtype
    np.testing.assert_array_equal(came, expected)
    for name, moment in plain.state.items():
        np.testing.assert_array_equal(fast.state[name], moment)


def test_training_gives_the_same_bits(compiled):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((150, 12)).astype(np.float32)
    y = X[:, :3].argmax(axis=1)

    def trained():
        network = Network([Dense(12, 30), ReLU(), Dense(30, 3)], optimizer=Adam(0.01))
        history = train_network(network, X, y, X, y, 3, 16, on_epoch=None)
        return network.parameters, history["loss"]

    expected, expected_loss = trained()
    compiled()
    parameters, loss = trained()
    np.testing.assert_array_equal(parameters, expected)
    assert loss == expected_loss


def test_a_compiled_rule_is_compiled(compiled):
    before = Adam.rule
    compiled()
    assert Adam.rule is not before
    restore_rules()
    assert Adam.rule is before


def test_a_copied_and_a_pickled_optimizer_go_on_by_themselves(compiled):
    compiled()
    optimizer = Adam(0.01)
    parameters_after(optimizer, np.float64, 3)
    others = [copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]
    expected = parameters_after(optimizer, np.float64, 3)
    for other in others:
        assert other.t == 3
        np.testing.assert_array_equal(parameters_after(other, np.float64, 3), expected)


def test_without_numba_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ChainruleError, match=r"pip install 'chainrule\[fast\]'"):
        compile_rules()


def test_importing_it_loads_no_numba():
    code = "import sys, chainrule.compiled; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
