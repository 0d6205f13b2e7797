"""What judges the parts: losses, optimizers, training loops, scaling, and a network's health."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import (
    Array,
    Integers,
    Loss,
    Seed,
    SupportsUpdate,
    TrainingDiverged,
)
from chainrule.gradcheck import Finding, Verdict, audit, is_close, proof_copy
from chainrule.layers import (
    Dense,
    Layer,
    ReLU,
    Sigmoid,
    Tanh,
    glorot_normal,
    he_normal,
)
from chainrule.losses import softmax, softmax_crossentropy_with_logits
from chainrule.network import Network
from chainrule.optimizers import Adam, create_optimizer
from chainrule.training import train_batch

BATCH_LAW = "batch law"
DTYPE = "dtype check"
LOSS = "softmax loss"
OPTIMIZER = "optimizer fingerprint and state"
TRAINING = "order and pairing"
SCALING = "scaling check"
HEALTH = "health check"

# ---- the batch law, and the dtype ----

BATCH_SIZES = (1, 2, 7, 64)


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
    found = audit(network, draw.standard_normal((6, 10)), draw.integers(0, 10, 6))
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


def diagnose_optimizer(optimizer: SupportsUpdate) -> Verdict:
    """Check an optimizer by its fingerprint under constant gradients, and by its state.

    The state must not grow, `t` must count steps, and each step must have the length that the
    rule gives: for Adam rate · |g| / (|g| + epsilon) at every step, for gradients from 1e-6 to
    1e6 of both signs. The rule is known by its hyperparameters (beta1 and beta2: Adam; beta:
    RMSProp; momentum: SGD); of any other optimizer the state alone is judged.

    Parameters
    ----------
    optimizer : object with ``update(parameters, gradients) -> parameters``
        Fresh, with a constant rate. Copies are used; weight decay is left out.
    """
    run = _run_constant_gradients(copy.deepcopy(optimizer))
    finding = _state_finding(run) or _fingerprint_finding(run)
    if finding:
        return Verdict(OPTIMIZER, False, finding.cause, finding.words)
    law = "the rule of this optimizer is not known, its steps are not judged"
    if _expected_steps(run) is not None:
        law = f"each of {FINGERPRINT_STEPS} steps has the length that the rule gives"
    words = f"The state keeps its size, t counts steps, and {law}."
    return Verdict(OPTIMIZER, True, "", words)


@dataclass(frozen=True)
class _Run:
    """What an optimizer did under constant gradients."""

    optimizer: Any
    gradients: Array  # (n,)
    steps: Array  # (steps, n): how far each parameter was moved down
    positions: list[Array]
    held: list[int]  # numbers that the optimizer holds after each step

    @property
    def t(self) -> Array:
        """The count of each step, from 1, as a column."""
        return np.arange(1.0, len(self.steps) + 1)[:, np.newaxis]


def _run_constant_gradients(optimizer: Any) -> _Run:
    if getattr(optimizer, "weight_decay", 0):
        optimizer.weight_decay = 0.0
    gradients = np.array([sign * scale for scale in SCALES for sign in (1, -1)])
    parameters = np.arange(len(gradients), dtype=np.float64)
    # Every vector is kept, so that none can take the place, and the id, of an earlier one.
    vectors = []
    held: list[int] = []
    positions: list[Array] = [parameters.copy()]
    with np.errstate(all="ignore"):
        for _ in range(FINGERPRINT_STEPS):
            parameters = optimizer.update(parameters, gradients.copy())
            vectors.append(parameters)
            positions.append(np.array(parameters, np.float64))
            held.append(_numbers_held(optimizer))
    return _Run(optimizer, gradients, -np.diff(positions, axis=0), positions, held)


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
    size, steps = len(run.gradients), len(run.steps)
    if run.held[-1] > run.held[4]:
        return Finding(
            "id-keyed-state",
            f"After {steps} steps the optimizer holds {run.held[-1] // size} vectors, after one "
            f"{run.held[0] // size}: its state grows; is it found by the id() of arrays that are "
            "replaced at every step?",
        )
    whole = all(np.array_equal(position, np.trunc(position)) for position in run.positions)
    if whole:
        return Finding(
            "integer-parameters",
            f"After {steps} steps every parameter is still a whole number: are they kept in an "
            "array of integers, which cuts off each step?",
        )
    t = getattr(run.optimizer, "t", steps)
    if t != steps:
        return Finding(
            "t-per-layer",
            f"After {steps} steps t is {t}, {t / steps:g} for each step: does it count layers?",
        )
    return None


def _expected_steps(run: _Run) -> Array | None:
    """Return (steps, n): the lengths that the rule of a known optimizer gives."""
    rule, g, t = run.optimizer, run.gradients, run.t
    rate = float(getattr(rule, "rate", getattr(rule, "learning_rate", math.nan)))
    if hasattr(rule, "beta1"):
        return np.broadcast_to(rate * g / (np.abs(g) + rule.epsilon), run.steps.shape)
    if hasattr(rule, "beta"):
        return rate * g / (np.sqrt(1 - rule.beta**t) * np.abs(g) + rule.epsilon)
    if hasattr(rule, "momentum"):
        mu = rule.momentum
        velocity = (1 - mu**t) / (1 - mu) * g
        return rate * (g + mu * velocity if getattr(rule, "nesterov", False) else velocity)
    return None


def _fingerprint_finding(run: _Run) -> Finding | None:
    expected = _expected_steps(run)
    if expected is None or _same_steps(run, expected):
        return None
    if hasattr(run.optimizer, "beta1"):
        one = np.abs(run.steps[:, 2 * SCALES.index(1.0)])
        peak = float(one.max()) / float(run.optimizer.learning_rate)
        for cause, words, steps in _adam_mistakes(run):
            if _same_steps(run, steps):
                seen = f"Steps up and down differ by {2 * run.optimizer.epsilon:.0e}."
                if abs(peak - 1) > 0.005:
                    seen = (
                        f"Under a constant gradient the longest step is {peak:.2f} times the rate."
                    )
                return Finding(cause, f"{words} {seen}")
    errors = np.abs(run.steps - expected) / np.abs(expected)
    step, place = np.unravel_index(int(errors.argmax()), expected.shape)
    return Finding(
        "wrong-step",
        f"Step {step + 1} under the gradient {run.gradients[place]:g} is "
        f"{run.steps[step, place]:.6g}, the rule gives {expected[step, place]:.6g}.",
    )


def _same_steps(run: _Run, steps: Array) -> bool:
    # Positions are rounded: a step is known to a few eps of where it leads to.
    slack = 8 * np.finfo(np.float64).eps * np.maximum(1, np.abs(run.positions[1:]))
    return bool(np.all(np.abs(run.steps - steps) <= 1e-9 * np.abs(steps) + slack))


def _adam_mistakes(run: _Run) -> list[tuple[str, str, Array]]:
    """Return known mistakes in Adam: the cause, its words, and the steps (steps, n) it takes."""
    rule, g, t = run.optimizer, run.gradients, run.t
    rate, epsilon, size = float(rule.learning_rate), rule.epsilon, np.abs(g)
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
        self.batches: list[tuple[Integers, Integers]] = []
        self.t = 0
        self.times: list[int] = []

    def loss(self, outputs: Array, labels: Any) -> tuple[float, Array]:
        if outputs.max() == 1:  # the validation images are twice as bright
            self.batches.append((outputs.argmax(axis=1), np.array(labels)))
        return softmax_crossentropy_with_logits(outputs, labels)

    def update(self, parameters: Array, gradients: Array) -> Array:
        self.t += 1
        self.times.append(self.t)
        return parameters

    def finding(self, labels: Integers, epochs: int) -> Finding | None:
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
        if len(self.times) < len(self.batches):
            words = f"{len(self.batches)} batches, but {len(self.times)} steps of the optimizer."
            return Finding("optimizer-replaced", words)
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
    return None


# ---- health checks ----

TINY_BATCH, TINY_STEPS = 8, 300
FRESH_NETWORKS = 5  # the loss before training varies from draw to draw; their mean is judged


def check_health(network: Network, X: ArrayLike, y: ArrayLike, *, rng: Seed = 0) -> list[Verdict]:
    """Look for what is legal and yet wrong; one verdict for each question.

    The loss at zero logits; the loss of a fresh network; whether a tiny batch can be overfitted;
    dead units of each ReLU; how far one step moves each layer, relative to its weights.

    Parameters
    ----------
    network : Network
        Stays as it is.
    X : array, shape (batch, features)
        A few hundred examples, prepared as for training.
    y : integers, shape (batch,), or what the network's loss takes
    rng : int or numpy.random.Generator
        Draws the weights of the fresh network.
    """
    X = checks.examples("X", X, network.dtype)
    y = np.asarray(y)
    draw = checks.generator(rng)
    fresh = [_fresh_copy(network, draw) for _ in range(FRESH_NETWORKS)]
    verdicts = [_tiny_batch(fresh[0], X, y), *_dead_units(network, X), *_step_sizes(network, X, y)]
    if network.is_classifier:
        verdicts = [_zero_logits(network, X, y), _first_loss(fresh, X, y), *verdicts]
    return verdicts


def _health(passed: bool, cause: str, words: str) -> Verdict:
    return Verdict(HEALTH, passed, "" if passed else cause, words)


def _fresh_copy(network: Network, rng: np.random.Generator) -> Network:
    """Return a copy whose Dense layers are drawn anew; other layers stay as they are."""
    fresh = network.copy()
    follower = [*list(fresh)[1:], None]
    for layer, after in zip(fresh, follower, strict=True):
        if isinstance(layer, Dense):
            is_curved = isinstance(after, Sigmoid | Tanh)
            draw = glorot_normal if is_curved else he_normal
            layer.weights = draw(rng, layer.n_in, layer.n_out)
            layer.biases = np.zeros(layer.n_out)
    return fresh


def _zero_logits(network: Network, X: Array, y: Array) -> Verdict:
    classes = network.forward(X[:1]).shape[1]
    loss = float(network.loss(np.zeros((len(X), classes)), y)[0])
    exact = math.log(classes)
    words = f"Loss at zero logits: {loss:.6f}, ln {classes} = {exact:.6f}."
    return _health(math.isclose(loss, exact, rel_tol=1e-14), "not-ln-classes", words)


def _first_loss(fresh: Sequence[Network], X: Array, y: Array) -> Verdict:
    outputs = [network.forward(X) for network in fresh]
    pairs = zip(fresh, outputs, strict=True)
    loss = float(np.mean([network.loss(output, y)[0] for network, output in pairs]))
    spread, classes = float(np.std(outputs)), outputs[0].shape[1]
    chance = math.log(classes)
    passed = loss <= 2 * chance
    words = f"Loss before training: {loss:.3f}, allowed is twice ln {classes}, {2 * chance:.3f}."
    if passed and loss > 1.05 * chance:
        words += (
            f" It lies above ln {classes} because He-initialised logits spread (here with a "
            f"deviation of {spread:.2f}): a fresh network is wrong with some confidence."
        )
    if not passed:
        words += " The logits spread too far: are the inputs standardised, the weights too large?"
    return _health(passed, "high-first-loss", words)


def _tiny_batch(fresh: Network, X: Array, y: Array) -> Verdict:
    X, y = X[:TINY_BATCH], y[:TINY_BATCH]
    fresh.optimizer = Adam(0.005)
    first = loss = float(fresh.loss(fresh.forward(X), y)[0])
    steps = 0
    while steps < TINY_STEPS and loss > 0.01 * first and math.isfinite(loss):
        try:
            train_batch(fresh, X, y)
        except TrainingDiverged:
            loss = math.nan
            break
        loss = float(fresh.loss(fresh.forward(X), y)[0])
        steps += 1
    words = f"A batch of {len(X)} is overfitted: loss {first:.3f} to {loss:.3f} in {steps} steps."
    if loss <= 0.01 * first:
        return _health(True, "", words)
    words = (
        f"A batch of {len(X)} cannot be overfitted: loss {first:.3f} to {loss:.3f} in {steps} "
        "steps; do the labels belong to the images, and do the gradients arrive?"
    )
    return _health(False, "cannot-overfit", words)


def _dead_units(network: Network, X: Array) -> Iterator[Verdict]:
    for i, (layer, output) in enumerate(zip(network, network.activations(X), strict=True)):
        if isinstance(layer, ReLU):
            units = output.reshape(len(output), -1)
            dead = int((units <= 0).all(axis=0).sum())
            count = units.shape[1]
            words = f"Dead units of layer {i}, {layer}: {dead} of {count} on {len(X)} examples."
            if dead > count / 2:
                words += " More than half learn nothing: is the rate too high?"
            yield _health(dead <= count / 2, "dead-units", words)


def _step_sizes(network: Network, X: Array, y: Array) -> Iterator[Verdict]:
    stepped = network.copy()
    if stepped.optimizer is None:
        stepped.optimizer = create_optimizer("adam")
    train_batch(stepped, X[:64], y[:64])
    for i, (before, after) in enumerate(zip(network, stepped, strict=True)):
        for name, start in before.parameters.items():
            if np.ndim(start) < 2:
                continue
            size = float(np.linalg.norm(start)) or 1.0
            ratio = float(np.linalg.norm(after.parameters[name] - start)) / size
            words = (
                f"One step moves the {name} of layer {i}, {before}, by {ratio:.1e} of the whole."
            )
            if not ratio > 0:
                words += " They stand still."
            elif ratio > 0.1:
                words += " More than a tenth: is the rate too high?"
            yield _health(0 < ratio <= 0.1, "step-size", words)
