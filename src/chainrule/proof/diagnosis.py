"""What judges the parts: losses, optimizers, training loops and scaling."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import (
    Array,
    Integers,
    Loss,
    SupportsUpdate,
)
from chainrule.layers import (
    Layer,
)
from chainrule.losses import softmax, softmax_crossentropy_with_logits
from chainrule.network import Network
from chainrule.optimizers import Optimizer
from chainrule.proof.audit import audit, proof_copy
from chainrule.proof.health import check_health
from chainrule.proof.verdicts import Finding, Verdict, is_close

__all__ = [
    "check_health",
    "diagnose_batch_law",
    "diagnose_dtype",
    "diagnose_loss",
    "diagnose_optimizer",
    "diagnose_scaling",
    "diagnose_training",
]

BATCH_LAW = "batch law"
DTYPE = "dtype check"
LOSS = "softmax loss"
OPTIMIZER = "optimizer fingerprint and state"
TRAINING = "order and pairing"
SCALING = "scaling check"

# ---- the batch law, and the dtype ----

BATCH_SIZES = (1, 2, 7, 64)


@np.errstate(all="ignore")  # a verdict tells of what is not finite
def diagnose_batch_law(network: Network, X: ArrayLike, y: ArrayLike) -> Verdict:
    """Check that a batch of B copies of one example has its gradient and its loss, for every B.

    Parameters
    ----------
    network : Network
        Stays as it is.
    X : array, shape (batch, features)
        The first example is used.
    y : what the network's loss takes
    """
    judged = proof_copy(network)
    x = checks.examples("X", X, np.float64)[:1]
    label = np.asarray(y)[:1]
    start = judged.parameters.copy()
    single_loss = math.nan
    single: Array = np.empty(0)
    for count in BATCH_SIZES:
        judged.parameters[...] = start  # should a layer move them
        loss, gradients = judged.loss_and_gradients(
            np.repeat(x, count, axis=0), np.repeat(label, count, axis=0)
        )
        if count == 1:
            single_loss, single = loss, gradients.copy()
            if not single.any() or not np.isfinite(single).all():
                words = "The gradient of one example is zero or not finite: nothing is proved."
                return Verdict(BATCH_LAW, False, "nothing-proved", words)
            continue
        finding = _batch_finding(gradients, single, loss, single_loss, count)
        if finding:
            return Verdict(BATCH_LAW, False, finding.cause, finding.words)
    sizes = ", ".join(str(count) for count in BATCH_SIZES)
    words = f"A batch of B copies of one example has its gradient, for B = {sizes}."
    return Verdict(BATCH_LAW, True, "", words)


def _batch_finding(
    gradients: Array, single: Array, loss: float, single_loss: float, count: int
) -> Finding | None:
    if is_close(gradients, single):
        if math.isclose(loss, single_loss, rel_tol=1e-9):
            return None
        return Finding(
            "loss-not-averaged",
            f"A batch of {count} copies of one example costs {loss:.4g}, one {single_loss:.4g}.",
        )
    copies = f"A batch of {count} copies of one example has"
    if is_close(gradients, count * single):
        return Finding(
            "never-averaged",
            f"{copies} {count} times its gradient: the batch is never averaged, and the step grows "
            "with the batch.",
        )
    if is_close(gradients, single / count):
        return Finding(
            "averaged-twice",
            f"{copies} 1/{count} of its gradient: the batch is averaged twice, and the step "
            "shrinks with the batch.",
        )
    return Finding("mixed-examples", f"{copies} another gradient: examples affect each other.")


@np.errstate(all="ignore")  # a verdict tells of what is not finite
def diagnose_dtype(network: Network, X: ArrayLike, y: ArrayLike) -> Verdict:
    """Check that everything has the dtype of the parameters: each output, and each gradient."""
    judged = network.copy()
    judged[0].needs_input_gradient = True
    wanted = judged.dtype
    x: Any = checks.examples("X", X, wanted)
    for i, layer in enumerate(judged):
        x = layer.forward(x)
        if x.dtype != wanted:
            return _dtype_verdict(f"The output of layer {i}, {layer},", x.dtype, wanted)
    gradient: Any = judged.loss(x, y)[1]
    if gradient.dtype != wanted:
        return _dtype_verdict("The gradient that the loss returns", gradient.dtype, wanted)
    for i in reversed(range(len(judged))):
        gradient = judged[i].backward(gradient)
        if gradient is not None and gradient.dtype != wanted:
            name = f"The gradient of the input of layer {i}, {judged[i]},"
            return _dtype_verdict(name, gradient.dtype, wanted)
    return Verdict(DTYPE, True, "", f"Everything is {wanted}, as the parameters are.")


def _dtype_verdict(name: str, came: Any, wanted: Any) -> Verdict:
    return Verdict(
        DTYPE,
        False,
        "float64-creep" if came == np.float64 else "dtype-changes",
        f"{name} is {came}, the parameters are {wanted}: from there on everything is, at another "
        "speed and size in memory.",
    )


# ---- the softmax loss ----


def diagnose_loss(loss: Loss) -> Verdict:
    """Check a softmax cross-entropy on logits: exact values, ±1e4 included, gradient and mean.

    Parameters
    ----------
    loss : callable
        ``loss(logits, labels) -> (loss, grad_logits)``.
    """
    with np.errstate(all="ignore"):
        finding = _loss_values(loss) or _loss_mean(loss) or _loss_gradient(loss)
    if finding:
        return Verdict(LOSS, False, finding.cause, finding.words)
    words = "Exact from logits of -1e4 to 1e4, ln 10 at zero logits, and the gradient is its own."
    return Verdict(LOSS, True, "", words)


def _loss_values(loss: Loss) -> Finding | None:
    logits = np.random.default_rng(0).standard_normal((1, 10))
    uniform, plain = _one_loss(loss, np.zeros((1, 10)), 3), _one_loss(loss, logits, 3)
    if not _is_exact(plain, _exact_loss(logits, 3)):
        return _wrong_value(loss, logits, plain)
    if not _is_exact(uniform, math.log(10)):
        words = f"Zero logits cost {uniform:.6g}, not ln 10 = {math.log(10):.6g}."
        return Finding("not-ln-10", words)
    for gap in (50.0, 1e3, 1e4):
        sure = np.zeros((1, 10))
        sure[0, 3] = gap
        for name, scaled in (("large", sure), ("far below zero", sure - gap)):
            came = _one_loss(loss, scaled, 7)
            if not math.isfinite(came):
                return Finding(
                    "softmax-without-shift",
                    f"The loss is {came} where logits are {name} ({gap:g} apart): exp overflows "
                    "beyond 709; subtract each row's maximum first.",
                )
            if not _is_exact(came, gap):
                return Finding(
                    "log-plus-epsilon",
                    f"A sure and wrong prediction, {gap:g} apart, costs {came:.4g}, not {gap:g}: "
                    f"the loss is capped at -ln({math.exp(-came):.0e}); a small number is added "
                    "to the probability, and the gradient is not that of this loss.",
                )
    return None


def _wrong_value(loss: Loss, logits: Array, came: float) -> Finding:
    sure = np.zeros((1, 10))
    sure[0, 3] = 50
    twice = softmax(logits)
    if math.isclose(came, _exact_loss(twice, 3), rel_tol=1e-6):
        return Finding(
            "softmax-twice",
            f"A sure and right prediction still costs {_one_loss(loss, sure, 3):.4g}, not 0: the "
            "softmax is applied twice, first to the logits and then to its own result.",
        )
    if 0 < abs(came - _exact_loss(logits, 3)) < 1e-6:
        return Finding(
            "log-plus-epsilon",
            f"The loss differs from the exact one by {came - _exact_loss(logits, 3):.1e}: a small "
            f"number is added to the probability. A sure and wrong prediction costs at most "
            f"{_one_loss(loss, 20 * sure, 7):.4g}, and the gradient is not that of this loss.",
        )
    return Finding(
        "wrong-loss", f"The loss is {came:.6g}, exactly it is {_exact_loss(logits, 3):.6g}."
    )


def _loss_mean(loss: Loss) -> Finding | None:
    logits = np.random.default_rng(1).standard_normal((1, 10))
    (one, gradient), count = loss(logits, np.array([3])), 7
    many, gradients = loss(np.repeat(logits, count, axis=0), np.full(count, 3))
    return _batch_finding(gradients.sum(axis=0), gradient[0], many, one, count)


def _loss_gradient(loss: Loss) -> Finding | None:
    draw = np.random.default_rng(2)
    network = Network([Layer()], loss=loss)
    found = audit(network, draw.standard_normal((20, 10)), np.arange(20) % 10)  # of every class
    verdict = found.rows[-1].verdict
    words = f"The gradient that the loss returns {verdict}."
    return None if found.passed else Finding(found.verdict.cause, words)


def _one_loss(loss: Loss, logits: Array, label: int) -> float:
    return float(loss(logits, np.array([label]))[0])


def _exact_loss(logits: Array, label: int) -> float:
    largest = float(logits.max())
    total = math.fsum(math.exp(z - largest) for z in logits[0].tolist())
    return math.log(total) + largest - float(logits[0, label])


def _is_exact(came: float, exact: float) -> bool:
    return abs(came - exact) <= 8 * float(np.finfo(np.float64).eps) * max(1.0, exact)


# ---- optimizers ----

FINGERPRINT_STEPS = 60
SCALES = (1e-6, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e6)
CONSTANT = slice(0, 2 * len(SCALES))  # the parameters whose gradients stay; those of others change
CHANGING = np.repeat((1e-3, 1.0, 1e3), 2)  # the sizes of those


@np.errstate(all="ignore")  # a verdict tells of what is not finite
def diagnose_optimizer(optimizer: SupportsUpdate) -> Verdict:
    """Check an optimizer by its fingerprint under constant gradients, its memory and its state.

    The state must not grow, `t` must count steps, and each step must be the one that the rule
    gives: under constant gradients from 1e-6 to 1e6 of both signs (for Adam each has the length
    rate · |g| / (|g| + epsilon)), and under gradients that change. The rule is known by its
    hyperparameters (beta1 and beta2: Adam; beta: RMSProp; momentum: SGD); of any other optimizer
    the state alone is judged.

    Parameters
    ----------
    optimizer : object with ``update(parameters, gradients) -> parameters``
        Copies are used, those of Chainrule's as if they were new; weight decay is left out.
    """
    run = _run_optimizer(optimizer)
    finding = _state_finding(run) or _fingerprint_finding(run)
    if finding:
        return Verdict(OPTIMIZER, False, finding.cause, finding.words)
    law = "the rule of this optimizer is not known, its steps are not judged"
    if _expected_steps(run.optimizer, run.gradients, run.rates) is not None:
        law = f"each of {FINGERPRINT_STEPS} steps has the length that the rule gives"
    words = f"The state keeps its size, t counts steps, and {law}."
    return Verdict(OPTIMIZER, True, "", words)


@dataclass(frozen=True)
class _Run:
    """What an optimizer did."""

    optimizer: Any
    gradients: Array  # (steps, n)
    rates: Array  # (steps, 1)
    steps: Array  # (steps, n): how far each parameter was moved down
    positions: list[Array]
    held: list[int]  # numbers that the optimizer holds after each step
    counted: int  # how far t has gone

    @property
    def t(self) -> Array:
        """The count of each step, from 1, as a column."""
        return np.arange(1.0, len(self.steps) + 1)[:, np.newaxis]


def _run_optimizer(given: Any) -> _Run:
    optimizer = copy.deepcopy(given)
    if getattr(optimizer, "weight_decay", 0):
        optimizer.weight_decay = 0.0
    if isinstance(optimizer, Optimizer):
        optimizer.__post_init__()  # as new
    constant = [sign * scale for scale in SCALES for sign in (1, -1)]
    draw = np.random.default_rng(0).standard_normal((FINGERPRINT_STEPS, len(CHANGING)))
    gradients = np.hstack([np.tile(constant, (FINGERPRINT_STEPS, 1)), CHANGING * draw])
    parameters = np.arange(gradients.shape[1], dtype=np.float64)
    start, size = getattr(optimizer, "t", 0), parameters.size
    # Every vector is kept, so that none can take the place, and the id, of an earlier one.
    vectors, held, rates = [], [], []
    positions: list[Array] = [parameters.copy()]
    for step in range(FINGERPRINT_STEPS):
        parameters = optimizer.update(parameters, gradients[step].copy())
        vectors.append(parameters)
        positions.append(np.array(parameters, np.float64))
        held.append(_numbers_held(optimizer) // size)
        rates.append([_rate(optimizer, start + step)])
    counted = getattr(optimizer, "t", start + FINGERPRINT_STEPS) - start
    steps = -np.diff(positions, axis=0)
    return _Run(optimizer, gradients, np.array(rates), steps, positions, held, counted)


def _rate(optimizer: Any, step: int) -> float:
    """Return the learning rate of a step that was just done."""
    rate = getattr(optimizer, "learning_rate", math.nan)
    return float(getattr(optimizer, "rate", rate(step) if callable(rate) else rate))


def _numbers_held(optimizer: Any) -> int:
    """Return the size of all arrays that an optimizer holds, each counted once."""
    arrays: dict[int, int] = {}
    waiting: list[Any] = [vars(optimizer)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, np.ndarray):
            arrays[id(value)] = value.size
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return sum(arrays.values())


def _state_finding(run: _Run) -> Finding | None:
    steps = len(run.steps)
    if not run.rates.any():
        words = "The learning rate is 0: nothing moves, and nothing is proved."
        return Finding("nothing-proved", words)
    if run.held[-1] > run.held[4]:
        return Finding(
            "id-keyed-state",
            f"After {steps} steps the optimizer holds {run.held[-1]} vectors, after one "
            f"{run.held[0]}: its state grows; is it found by the id() of arrays that are replaced "
            "at every step?",
        )
    whole = all(np.array_equal(position, np.trunc(position)) for position in run.positions)
    if whole:
        return Finding(
            "integer-parameters",
            f"After {steps} steps every parameter is still a whole number: are they kept in an "
            "array of integers, which cuts off each step?",
        )
    if run.counted != steps:
        return Finding(
            "t-per-layer",
            f"After {steps} steps t is {run.counted}, {run.counted / steps:g} for each step: does "
            "it count layers?",
        )
    return None


def _expected_steps(rule: Any, gradients: Array, rates: Array) -> Array | None:
    """Return (steps, n): the steps of a known optimizer, by its paper."""
    mean, square = np.zeros((2, gradients.shape[1]))
    steps = []
    for t, g in enumerate(gradients, start=1):
        if hasattr(rule, "beta1"):  # Adam: Kingma and Ba 2015, Algorithm 1
            mean = rule.beta1 * mean + (1 - rule.beta1) * g
            square = rule.beta2 * square + (1 - rule.beta2) * g**2
            root = np.sqrt(square / (1 - rule.beta2**t))
            steps.append(mean / (1 - rule.beta1**t) / (root + rule.epsilon))
        elif hasattr(rule, "beta"):  # RMSProp: Hinton 2012, lecture 6e
            square = rule.beta * square + (1 - rule.beta) * g**2
            steps.append(g / (np.sqrt(square) + rule.epsilon))
        elif hasattr(rule, "momentum"):  # SGD: Polyak 1964, Sutskever et al. 2013
            mean = rule.momentum * mean + g
            steps.append(g + rule.momentum * mean if getattr(rule, "nesterov", False) else mean)
        else:
            return None
    return rates * np.array(steps)


def _fingerprint_finding(run: _Run) -> Finding | None:
    rule, gradients, rates = run.optimizer, run.gradients, run.rates
    expected = _expected_steps(rule, gradients, rates)
    if expected is None or _same_steps(run, expected):
        return None
    first = _expected_steps(rule, gradients.reshape(1, -1), np.ones((1, 1)))
    if first is not None and _same_steps(run, rates * first.reshape(gradients.shape)):
        return Finding(
            "state-lost",
            "Each step is that of a first step: the moments are not kept from one step to the "
            "next, or not used.",
        )
    if hasattr(rule, "beta1"):
        return _adam_finding(run) or _wrong_step(run, expected)
    return _wrong_step(run, expected)


def _adam_finding(run: _Run) -> Finding | None:
    rule = run.optimizer
    swapped = SimpleNamespace(beta1=rule.beta2, beta2=rule.beta1, epsilon=rule.epsilon)
    if _same_steps(run, _expected_steps(swapped, run.gradients, run.rates)):
        return Finding(
            "betas-swapped",
            "The mean of the gradient forgets as its square should, and the square as the mean: "
            f"beta1 = {rule.beta1:g} and beta2 = {rule.beta2:g} are swapped.",
        )
    peak = float(np.nanmax(np.abs(run.steps / run.rates)[:, 2 * SCALES.index(1.0)]))
    for cause, words, steps in _adam_mistakes(run):
        if _same_steps(run, steps, CONSTANT):
            seen = f"Steps up and down differ by {2 * rule.epsilon:.0e}."
            if abs(peak - 1) > 0.005:
                seen = f"Under a constant gradient the longest step is {peak:.2f} times the rate."
            return Finding(cause, f"{words} {seen}")
    return None


def _wrong_step(run: _Run, expected: Array) -> Finding:
    errors = np.abs(run.steps - expected) / np.maximum(np.abs(expected), run.rates * 1e-9)
    step, place = np.unravel_index(int(errors.argmax()), expected.shape)
    return Finding(
        "wrong-step",
        f"Step {step + 1} under the gradient {run.gradients[step, place]:g} is "
        f"{run.steps[step, place]:.6g}, the rule gives {expected[step, place]:.6g}.",
    )


def _same_steps(run: _Run, steps: Any, part: slice = slice(None)) -> bool:
    # Positions are rounded: a step is known to a few eps of where it leads to.
    slack = 8 * np.finfo(np.float64).eps * np.maximum(1, np.abs(run.positions[1:]))
    errors = np.abs(run.steps[:, part] - steps)
    return bool(np.all(errors <= 1e-9 * np.abs(steps) + slack[:, part]))


def _adam_mistakes(run: _Run) -> list[tuple[str, str, Array]]:
    """Return known mistakes in Adam: the cause, its words, and its steps where g is constant."""
    rule, g, t, rate = run.optimizer, run.gradients[:, CONSTANT], run.t, run.rates
    epsilon, size = rule.epsilon, np.abs(g)
    mean, root = 1 - rule.beta1**t, np.sqrt(1 - rule.beta2**t)
    drift = (
        "epsilon is added to the parameter, not to the root: a bracket is missing, and every "
        "parameter drifts by epsilon."
    )
    return [
        (
            "no-bias-correction",
            "The moments are not corrected for their start at 0.",
            rate * mean * g / (root * size + epsilon),
        ),
        (
            "bias-correction-multiplied",
            "The moments are multiplied by 1 - βᵗ instead of divided.",
            rate * mean**2 * g / (root**2 * size + epsilon),
        ),
        (
            "no-power-of-t",
            "The moments are divided by 1 - β instead of 1 - βᵗ: the power of t is missing.",
            rate * mean / (1 - rule.beta1) * g / (root / np.sqrt(1 - rule.beta2) * size + epsilon),
        ),
        ("epsilon-on-parameter", drift, rate * np.sign(g) + epsilon + 0 * t),
        ("epsilon-on-parameter", drift, rate * np.sign(g) - epsilon + 0 * t),
        (
            "epsilon-in-root",
            "epsilon is added within the root, not to it.",
            rate * g / np.sqrt(g * g + epsilon) + 0 * t,
        ),
    ]


# ---- training loops and data ----


def diagnose_training(train: Callable[..., Any]) -> Verdict:
    """Check a training loop: each epoch each example once, with its label, in a new order.

    The loop is run on images that are known apart, and what the loss gets to see is written
    down. The optimizer's `t` must count on from epoch to epoch.

    Parameters
    ----------
    train : callable
        Called as `train_network`: ``train(network, X_train, y_train, X_val, y_val, num_epochs,
        batch_size, seed=..., on_epoch=None)``.
    """
    count, batch_size, epochs = 23, 5, 3
    images = np.eye(count)
    labels = np.arange(count) * 5 % count
    witness = _Witness(count)
    network = Network([Layer()], loss=witness.loss, optimizer=witness)
    train(network, images, labels, 2 * images, labels, epochs, batch_size, seed=0, on_epoch=None)
    finding = witness.finding(labels, epochs)
    if finding:
        return Verdict(TRAINING, False, finding.cause, finding.words)
    words = "Each epoch trains on each image once, with its own label, in a new order."
    return Verdict(TRAINING, True, "", words)


class _Witness:
    """A loss that writes down which images and labels it sees, and an optimizer that counts."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.batches: list[tuple[Integers, Integers]] = []  # of which a step was made
        self.shown: tuple[Integers, Integers] | None = None  # by the loss, since the last step
        self.images = 0  # of training, shown by the loss
        self.t = self.on_validation = self.twice = 0  # steps
        self.times: list[int] = []

    def loss(self, outputs: Array, labels: Any) -> tuple[float, Array]:
        self.shown = outputs.argmax(axis=1), np.array(labels)
        self.is_validation = bool(outputs.max() > 1)  # those images are twice as bright
        self.images += len(outputs) * (not self.is_validation)
        return softmax_crossentropy_with_logits(outputs, labels)

    def update(self, parameters: Array, gradients: Array) -> Array:
        self.t += 1
        self.times.append(self.t)
        if self.shown is None:
            self.twice += 1
        else:
            self.on_validation += self.is_validation
            self.batches.append(self.shown)
        self.shown = None
        return parameters

    def finding(self, labels: Integers, epochs: int) -> Finding | None:
        if sum(len(images) for images, _ in self.batches) < epochs * self.count <= self.images:
            return Finding(
                "optimizer-replaced",
                f"The loss saw {self.images} images, but the optimizer made {len(self.times)} "
                "steps: is it replaced by another one?",
            )
        if self.twice:
            words = (
                f"{self.twice} of {len(self.times)} steps are made on a batch that had its step."
            )
            return Finding("steps-twice", words)
        if self.on_validation:
            return Finding(
                "trains-on-validation",
                f"{self.on_validation} of {len(self.times)} steps are made on validation images: "
                "what was trained on cannot tell how the network does on new images.",
            )
        for images, given in self.batches:
            for image, label in zip(images, given, strict=True):
                if label != labels[image]:
                    owner = int(np.flatnonzero(labels == label)[0])
                    return Finding(
                        "labels-shuffled-apart",
                        f"Image {image} was trained with the label of image {owner}: images and "
                        "labels are shuffled apart; draw one order and use it for both.",
                    )
        return self._order_finding(epochs) or self._time_finding()

    def _order_finding(self, epochs: int) -> Finding | None:
        size = len(self.batches) // epochs
        parts = [self.batches[size * epoch : size * (epoch + 1)] for epoch in range(epochs)]
        orders = [[image for images, _ in part for image in images.tolist()] for part in parts]
        for epoch, order in enumerate(orders, start=1):
            seen = np.bincount(order, minlength=self.count)
            if (seen != 1).any():
                image = int(np.argmax(seen != 1))
                return Finding(
                    "examples-missed",
                    f"In epoch {epoch} image {image} was trained on {seen[image]} times, not once: "
                    "is the last, smaller batch left out, or are batches drawn with replacement?",
                )
        if all(order == orders[0] for order in orders):
            return Finding("never-shuffled", "Every epoch has the same order.")
        groups = [{frozenset(images.tolist()) for images, _ in part} for part in parts]
        if all(group == groups[0] for group in groups):
            return Finding(
                "batches-only-shuffled",
                "Every epoch has the same batches in another order: only the order of batches is "
                "shuffled; shuffle the images before they are cut into batches.",
            )
        return None

    def _time_finding(self) -> Finding | None:
        for step, (before, after) in enumerate(pairwise(self.times), start=2):
            if after != before + 1:
                return Finding(
                    "t-restarted",
                    f"At step {step} the optimizer's t goes from {before} to {after}: it is "
                    "restarted with each epoch while the moments are kept, and Adam's corrections "
                    "make the first steps of each epoch too long.",
                )
        return None


def diagnose_scaling(preprocess: Callable[[Array, Array], tuple[Array, Array]]) -> Verdict:
    """Check what standardises images: statistics of the training images alone, nothing explodes.

    Parameters
    ----------
    preprocess : callable
        ``preprocess(X_train, X_test) -> (X_train, X_test)``, pixels from 0 to 1, shape (n, pixels).
    """
    draw = np.random.default_rng(0)
    train, test, other = draw.random((60, 12)), draw.random((20, 12)), 0.1 * draw.random((20, 12))
    train[:, 0] = 0.0  # the edge of MNIST: constant in training, not in the test set
    with np.errstate(all="ignore"):
        finding = _scaling_finding(preprocess, train, test, other)
    if finding:
        return Verdict(SCALING, False, finding.cause, finding.words)
    words = (
        "Mean and deviation come from the training images alone, serve both sets, and a pixel that "
        "never varied in training stays small."
    )
    return Verdict(SCALING, True, "", words)


def _scaling_finding(
    preprocess: Callable[[Array, Array], tuple[Array, Array]],
    train: Array,
    test: Array,
    other: Array,
) -> Finding | None:
    scaled, scaled_test = (np.asarray(part) for part in preprocess(train.copy(), test.copy()))
    if not (np.isfinite(scaled).all() and np.isfinite(scaled_test).all()):
        words = "NaN or infinity comes out: is something divided by a deviation of 0?"
        return Finding("not-finite", words)
    largest = float(np.abs(scaled_test).max())
    if largest > 1e3:
        pixel = int(np.unravel_index(np.abs(scaled_test).argmax(), scaled_test.shape)[1])
        return Finding(
            "tiny-deviation",
            f"Pixel {pixel} never varied in training, and becomes {largest:.1e} deviations in the "
            "test set: a tiny number is added to a deviation of 0; leave such pixels at 0.",
        )
    again, _ = preprocess(train.copy(), other.copy())
    _, itself = preprocess(train.copy(), train.copy())
    if not (is_close(np.asarray(again), scaled) and is_close(np.asarray(itself), scaled)):
        return Finding(
            "statistics-from-test",
            "What comes out depends on which images are in the test set: mean and deviation are "
            "taken from it; take them from the training images.",
        )
    _, part = preprocess(train.copy(), test[:5].copy())
    if not is_close(np.asarray(part), scaled_test[:5]):
        return Finding(
            "statistics-from-test",
            "A test image comes out otherwise when others are tested with it: mean and deviation "
            "are taken from the test set; take them from the training images.",
        )
    mean, deviation = float(scaled.mean()), float(scaled.std())
    if abs(mean) > 0.1 or not 0.8 < deviation < 1.25:
        return Finding(
            "not-standardised",
            f"The training images come out with mean {mean:.2g} and deviation {deviation:.2g}, not "
            "0 and 1.",
        )
    return None
