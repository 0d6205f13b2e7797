"""Each planted bug gets the verdict that names it, and healthy code passes the same tool."""

import numpy as np
import pytest

from chainrule import OPTIMIZERS, SGD, Adam, AdamW, ChainruleError, RMSProp
from chainrule.diagnosis import diagnose_optimizer, diagnose_training
from chainrule.faults import FAULTS, JUDGES, find_fault

# What the words must say, apart from the name of the cause.
WORDS = {
    "averaged-twice": "1/9 of the numerical gradient: is the batch averaged twice?",
    "never-averaged": "2 times its gradient: the batch is never averaged",
    "sign-flipped": "opposite sign",
    "transposed-gradient": "transpose of the numerical gradient",
    "bias-wrong-axis": "sum over the wrong axis",
    "missing-bias-sum": "is the sum over the batch missing?",
    "missing-mask": "is the mask missing?",
    "mask-from-gradient": "masked where the gradient of the output is negative",
    "update-before-passing": "before the gradient has passed on",
    "float64-creep": "is float64, the parameters are float32",
    "softmax-without-shift": "subtract each row's maximum first",
    "log-plus-epsilon": "costs at most 20.72",
    "softmax-twice": "still costs 1.461, not 0: the softmax is applied twice",
    "id-keyed-state": "its state grows",
    "t-per-layer": "After 60 steps t is 240",
    "t-restarted": "t goes from 5 to 1",
    "no-bias-correction": "6.57 times the rate",
    "bias-correction-multiplied": "multiplied by 1 - βᵗ instead of divided",
    "no-power-of-t": "the power of t is missing",
    "epsilon-on-parameter": "every parameter drifts by epsilon",
    "integer-parameters": "still a whole number",
    "labels-shuffled-apart": "images and labels are shuffled apart",
    "batches-only-shuffled": "only the order of batches is shuffled",
    "examples-missed": "is the last, smaller batch left out",
    "tiny-deviation": "a tiny number is added to a deviation of 0",
    "statistics-from-test": "depends on which images are in the test set",
}


def test_the_bank_holds_what_the_tests_know():
    assert list(FAULTS) == list(WORDS)
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert fault.tool in JUDGES
        assert fault.symptom
        assert fault.explanation
        assert fault.part is not fault.healthy


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_verdict_names_the_bug(fault):
    verdict = fault.diagnose()
    assert not verdict.passed
    assert verdict.cause == fault.name
    assert verdict.tool == fault.tool
    assert WORDS[fault.name] in verdict.sentence


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_healthy_part_passes_the_same_tool(fault):
    verdict = fault.diagnose_healthy()
    assert verdict.passed, verdict
    assert verdict.cause == ""


def test_no_two_bugs_get_the_same_words():
    sentences = [fault.diagnose().sentence for fault in FAULTS.values()]
    assert len(set(sentences)) == len(sentences)
    for name, words in WORDS.items():
        assert [words in sentence for sentence in sentences].count(True) == 1, name


def test_a_name_that_is_not_in_the_bank():
    with pytest.raises(ChainruleError, match=r"must be one of averaged-twice, .*, got 'none'"):
        find_fault("none")


# ---- the tools on their own ----


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_of_the_table_has_its_fingerprint(name):
    constructor, rate = OPTIMIZERS[name]
    verdict = diagnose_optimizer(constructor(learning_rate=rate))
    assert verdict.passed, verdict
    assert "has the length that the rule gives" in verdict.sentence


class WrongVelocity(SGD):
    def rule(self, theta, g, rate, velocity):
        velocity[...] = self.momentum * velocity + (1 - self.momentum) * g
        theta -= rate * velocity


class WrongMean(RMSProp):
    def rule(self, theta, g, rate, v):
        v[...] = self.beta * v + g * g
        theta -= rate * g / (np.sqrt(v) + self.epsilon)


class RootedEpsilon(Adam):
    def rule(self, theta, g, rate, m, v):
        m[...] = self.beta1 * m + (1 - self.beta1) * g
        v[...] = self.beta2 * v + (1 - self.beta2) * g * g
        m_hat, v_hat = m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)
        theta -= rate * m_hat / np.sqrt(v_hat + self.epsilon)


class Unknown:
    def update(self, parameters, gradients):
        return parameters - 0.1 * np.sign(gradients)


@pytest.mark.parametrize(
    ("optimizer", "cause"),
    [
        (WrongVelocity(0.1, momentum=0.9), "wrong-step"),
        (WrongMean(0.01), "wrong-step"),
        (RootedEpsilon(0.01), "epsilon-in-root"),
        (AdamW(0.01, weight_decay=0.1), ""),
        (Unknown(), ""),
    ],
)
def test_other_optimizers(optimizer, cause):
    verdict = diagnose_optimizer(optimizer)
    assert verdict.cause == cause
    assert verdict.passed == (not cause)
    assert getattr(optimizer, "t", 0) == 0  # a copy was judged


def test_a_loop_that_does_not_shuffle_is_told_so():
    def train(network, X, y, X_val, y_val, num_epochs, batch_size, *, seed, on_epoch):
        from chainrule import train_batch

        for _ in range(num_epochs):
            for first in range(0, len(X), batch_size):
                part = slice(first, first + batch_size)
                train_batch(network, X[part], y[part])

    assert diagnose_training(train).cause == "never-shuffled"


def test_a_loop_that_draws_with_replacement_misses_examples():
    def train(network, X, y, X_val, y_val, num_epochs, batch_size, *, seed, on_epoch):
        from chainrule import train_batch

        rng = np.random.default_rng(seed)
        for _ in range(num_epochs * 5):
            part = rng.integers(0, len(X), batch_size)
            train_batch(network, X[part], y[part])

    assert diagnose_training(train).cause == "examples-missed"
