"""Each planted bug gets the verdict that names it, and healthy code passes the same tool."""

import numpy as np
import pytest

from chainrule import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    ChainruleError,
    RMSProp,
    softmax_crossentropy_with_logits,
    train_batch,
)
from chainrule.proof.diagnosis import (
    diagnose_loss,
    diagnose_optimizer,
    diagnose_scaling,
    diagnose_training,
)
from chainrule.proof.faults import FAULTS, JUDGES, find_fault
from chainrule.training import epoch_batches

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
    "dropout-unscaled": "divides by the share that is kept",
    "update-before-passing": "before the gradient has passed on",
    "float64-creep": "is float64, the parameters are float32",
    "softmax-without-shift": "subtract each row's maximum first",
    "log-plus-epsilon": "costs at most 20.72",
    "softmax-twice": "still costs 1.461, not 0: the softmax is applied twice",
    "id-keyed-state": "its state grows",
    "state-lost": "Each step is that of a first step",
    "betas-swapped": "beta1 = 0.9 and beta2 = 0.999 are swapped",
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
    "trains-on-validation": "15 of 30 steps are made on validation images",
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


class WithoutMomentum(Adam):
    def rule(self, theta, g, rate, m, v):
        theta -= rate * g / (np.abs(g) + self.epsilon)


class MeanOfSizes(Adam):
    def rule(self, theta, g, rate, m, v):
        m += (1 - self.beta1) * (np.abs(g) - m)
        v += (1 - self.beta2) * (g * g - v)
        m_hat, v_hat = m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)
        theta -= rate * np.sign(g) * m_hat / (np.sqrt(v_hat) + self.epsilon)


class SlightlyLong(SGD):
    factor = 1 + 1e-8

    def rule(self, theta, g, rate):
        theta -= self.factor * rate * g


class HardlyLong(SlightlyLong):
    factor = 1 + 1e-10


class Counting:
    """A learner's own optimizer: a rate, a count, and nothing from Chainrule."""

    momentum, t = 0.0, 0

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def update(self, parameters, gradients):
        self.t += 1
        return parameters - self.learning_rate * gradients


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
        (WithoutMomentum(0.01), "state-lost"),
        (MeanOfSizes(0.01), "wrong-step"),
        (SlightlyLong(0.01), "wrong-step"),
        (HardlyLong(0.01), ""),
        (SGD(lambda step: 0.01 / (1 + step)), ""),
        (Adam(lambda step: 0.001 * step), ""),
        (Counting(0.1), ""),
        (Unknown(), ""),
    ],
)
def test_other_optimizers(optimizer, cause):
    verdict = diagnose_optimizer(optimizer)
    assert verdict.cause == cause
    assert verdict.passed == (not cause)
    assert getattr(optimizer, "t", 0) == 0  # a copy was judged


@pytest.mark.parametrize("optimizer", [SGD(0.0), Adam(0.0)])
def test_a_rate_of_0_gets_its_own_sentence(optimizer):
    verdict = diagnose_optimizer(optimizer)
    assert not verdict.passed
    assert verdict.cause == "nothing-proved"
    assert verdict.sentence.startswith("The learning rate is 0")


@pytest.mark.parametrize("make", [SGD, Adam, Counting])
def test_an_optimizer_that_was_used_is_judged_as_a_new_one(make):
    optimizer = make(0.01)
    optimizer.update(np.ones(28), np.ones(28))
    used = optimizer.t
    verdict = diagnose_optimizer(optimizer)
    assert verdict.passed, verdict
    assert optimizer.t == used
    small = make(0.01)
    small.update(np.ones(3), np.ones(3))
    assert diagnose_optimizer(small).passed


@pytest.mark.parametrize("wrong", range(10))
def test_a_loss_wrong_for_one_class_is_found(wrong):
    def loss(logits, labels):
        value, gradient = softmax_crossentropy_with_logits(logits, labels)
        return value, gradient * np.where(np.asarray(labels) == wrong, 1.1, 1)[:, np.newaxis]

    assert diagnose_loss(loss).cause == "differs"


def changed(change):
    """Return the loss with its value and gradient changed: `change(value, gradient, logits)`."""

    def loss(logits, labels):
        return change(*softmax_crossentropy_with_logits(logits, labels), logits)

    return loss


@pytest.mark.parametrize(
    ("loss", "cause", "words"),
    [
        (
            changed(lambda value, gradient, logits: (min(value, 30.0), gradient)),
            "log-plus-epsilon",
            "50 apart, costs 30, not 50: the loss is capped at -ln(9e-14)",
        ),
        (
            changed(lambda value, gradient, logits: (value + (not logits.any()), gradient)),
            "not-ln-10",
            "Zero logits cost 3.30259, not ln 10 = 2.30259.",
        ),
        (
            changed(lambda value, gradient, logits: (value, gradient / len(logits))),
            "averaged-twice",
            "A batch of 7 copies of one example has 1/7 of its gradient",
        ),
        (
            changed(lambda value, gradient, logits: (value * len(logits), gradient)),
            "loss-not-averaged",
            "A batch of 7 copies of one example costs",
        ),
    ],
)
def test_a_loss_that_is_wrong_in_one_place_is_told_where(loss, cause, words):
    verdict = diagnose_loss(loss)
    assert verdict.cause == cause
    assert words in verdict.sentence


def loop_with(step):
    """Return a loop over the right batches that does `step(network, X, y, epoch)` with each."""

    def train(network, X, y, X_val, y_val, num_epochs, batch_size, *, seed, on_epoch):
        for epoch in range(num_epochs):
            for batch in epoch_batches(len(X), batch_size, seed, epoch):
                step(network, X[batch], y[batch], epoch)

    return train


def step_twice(network, X, y, epoch):
    train_batch(network, X, y)
    network.optimizer.update(network.parameters, network.gradients)


def replace_the_optimizer(network, X, y, epoch):
    if epoch == 1:
        network.optimizer = Adam()
    train_batch(network, X, y)


def look_again(network, X, y, epoch):
    train_batch(network, X, y)
    network.loss(network.forward(X), y)


@pytest.mark.parametrize(
    ("step", "cause"),
    [(step_twice, "steps-twice"), (replace_the_optimizer, "optimizer-replaced"), (look_again, "")],
)
def test_a_step_for_each_batch(step, cause):
    assert diagnose_training(loop_with(step)).cause == cause


def standardise_each_by_itself(X_train, X_test):
    return tuple((X - X.mean()) / X.std() for X in (X_train, X_test))


@pytest.mark.parametrize(
    ("preprocess", "cause"),
    [
        (standardise_each_by_itself, "statistics-from-test"),
        (lambda train, test: (train, test), "not-standardised"),
        (lambda train, test: (train - train.mean(), test - train.mean()), "not-standardised"),
        (lambda train, test: (train / train.std(), test / train.std()), "not-standardised"),
        (lambda train, test: (train / train[:, :1], test), "not-finite"),
    ],
)
def test_scaling_that_does_not_standardise(preprocess, cause):
    assert diagnose_scaling(preprocess).cause == cause


def test_a_loop_that_does_not_shuffle_is_told_so():
    def train(network, X, y, X_val, y_val, num_epochs, batch_size, *, seed, on_epoch):
        for _ in range(num_epochs):
            for first in range(0, len(X), batch_size):
                part = slice(first, first + batch_size)
                train_batch(network, X[part], y[part])

    assert diagnose_training(train).cause == "never-shuffled"


def test_a_loop_that_draws_with_replacement_misses_examples():
    def train(network, X, y, X_val, y_val, num_epochs, batch_size, *, seed, on_epoch):
        rng = np.random.default_rng(seed)
        for _ in range(num_epochs * 5):
            part = rng.integers(0, len(X), batch_size)
            train_batch(network, X[part], y[part])

    assert diagnose_training(train).cause == "examples-missed"
