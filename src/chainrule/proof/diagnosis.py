"""What judges the parts: losses, optimizers, training loops and scaling."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import Array, Integers, Loss, SupportsUpdate
from chainrule.layers import Layer
from chainrule.losses import softmax, softmax_crossentropy_with_logits
from chainrule.network import Network
from chainrule.optimizers import Optimizer
from chainrule.proof.audit import audit, proof_copy
from chainrule.proof.health import check_health as check_health
from chainrule.proof.slopes import is_close
from chainrule.proof.verdicts import Finding, require, tool, wrong

BATCH_LAW, DTYPE, LOSS = "batch law", "dtype check", "softmax loss"
OPTIMIZER, TRAINING = "optimizer fingerprint and state", "order and pairing"
SCALING = "scaling check"

# ---- the batch law, and the dtype ----

BATCH_SIZES = (1, 2, 7, 64)


@tool(BATCH_LAW)
def diagnose_batch_law(network: Network, X: ArrayLike, y: ArrayLike) -> str:
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
    x, label = checks.examples("X", X, np.float64)[:1], np.asarray(y)[:1]
    start = judged.parameters.copy()
    for count in BATCH_SIZES:
        judged.parameters[...] = start  # should a layer move them
        batch = np.repeat(x, count, axis=0), np.repeat(label, count, axis=0)
        loss, gradient = judged.loss_and_gradients(*batch)
        if count == 1:
            one = loss, gradient.copy()
            require(gradient.any() and np.isfinite(gradient).all(), "nothing-proved/batch")
        _hold_batch_law(count, one, (loss, gradient))
    sizes = ", ".join(map(str, BATCH_SIZES))
    return f"A batch of B copies of one example has its gradient, for B = {sizes}."


def _hold_batch_law(count: int, one: tuple[float, Array], copies: tuple[float, Array]) -> None:
    """Compare loss and gradient of one example with those of a batch of its copies."""
    (loss, gradient), (their_loss, theirs) = one, copies
    is_same = is_close(theirs, gradient)
    if is_same:
        as_dear = math.isclose(their_loss, loss, rel_tol=1e-9)
        require(as_dear, "loss-not-averaged", count=count, many=their_loss, one=loss)
    else:
        require(not is_close(theirs, count * gradient), "never-averaged/copies", count=count)
        require(not is_close(theirs, gradient / count), "averaged-twice/copies", count=count)
        raise wrong("mixed-examples", count=count)


@tool(DTYPE)
def diagnose_dtype(network: Network, X: ArrayLike, y: ArrayLike) -> str:
    """Check that everything has the dtype of the parameters: each output, and each gradient."""
    wanted = network.dtype
    for name, array in _everything(network.copy(), checks.examples("X", X, wanted), y):
        if array.dtype != wanted:
            finding = wrong("dtype-changes", name=name, came=array.dtype, wanted=wanted)
            is_longer = array.dtype == np.float64
            raise Finding("float64-creep", finding.words) if is_longer else finding
    return f"Everything is {wanted}, as the parameters are."


def _everything(network: Network, x: Any, y: ArrayLike) -> Iterator[tuple[str, Any]]:
    """Yield every output and every gradient of a batch, each with its name."""
    network[0].needs_input_gradient = True
    for i, layer in enumerate(network):
        x = layer.forward(x)
        yield f"The output of layer {i}, {layer},", x
    gradient: Any = network.loss(x, y)[1]
    yield "The gradient that the loss returns", gradient
    for i, layer in reversed(list(enumerate(network))):
        gradient = layer.backward(gradient)
        if gradient is not None:
            yield f"The gradient of the input of layer {i}, {layer},", gradient


# ---- the softmax loss ----


@tool(LOSS)
def diagnose_loss(loss: Loss) -> str:
    """Check a softmax cross-entropy on logits: exact values, ±1e4 included, gradient and mean.

    Parameters
    ----------
    loss : callable
        ``loss(logits, labels) -> (loss, grad_logits)``.
    """
    _hold_values(loss)
    logits, count = np.random.default_rng(1).standard_normal((1, 10)), 7
    one, gradient = loss(logits, np.array([3]))
    many, gradients = loss(np.repeat(logits, count, axis=0), np.full(count, 3))
    _hold_batch_law(count, (one, gradient[0]), (many, gradients.sum(axis=0)))

    X = np.random.default_rng(2).standard_normal((20, 10))
    found = audit(Network([Layer()], loss=loss), X, np.arange(20) % 10)  # of every class
    if not found.passed:
        words = f"The gradient that the loss returns {found.rows[-1].verdict}."
        raise Finding(found.verdict.cause, words)
    return "Exact from logits of -1e4 to 1e4, ln 10 at zero logits, and the gradient is its own."


def _hold_values(loss: Loss) -> None:
    """Compare the cost of one example with what it is exactly."""

    def cost(logits: Array, label: int) -> float:
        return float(loss(logits, np.array([label]))[0])

    zeros, sure = np.zeros((1, 10)), np.eye(1, 10, 3)
    logits = np.random.default_rng(0).standard_normal((1, 10))
    uniform, plain, exact = cost(zeros, 3), cost(logits, 3), _exact_cost(logits)
    if not _is_exact(plain, exact):
        if math.isclose(plain, _exact_cost(softmax(logits)), rel_tol=1e-6):
            raise wrong("softmax-twice", sure=cost(50 * sure, 3))
        if 0 < abs(plain - exact) < 1e-6:
            raise wrong("log-plus-epsilon", error=plain - exact, most=cost(1e3 * sure, 7))
        raise wrong("wrong-loss", came=plain, exact=exact)
    require(_is_exact(uniform, math.log(10)), "not-ln-10", came=uniform, exact=math.log(10))
    for gap in (50.0, 1e3, 1e4):
        for place, lowest in (("large", 0.0), ("far below zero", -gap)):
            came = cost(gap * sure + lowest, 7)
            facts = {"gap": gap, "came": came, "place": place, "least": math.exp(-came)}
            require(math.isfinite(came), "softmax-without-shift", **facts)
            require(_is_exact(came, gap), "log-plus-epsilon/cap", **facts)


def _exact_cost(logits: Array) -> float:
    """Return the loss of one example of class 3."""
    return math.log(math.fsum(map(math.exp, logits[0].tolist()))) - float(logits[0, 3])


def _is_exact(came: float, exact: float) -> bool:
    return abs(came - exact) <= 8 * float(np.finfo(np.float64).eps) * max(1.0, exact)


# ---- optimizers ----

FINGERPRINT_STEPS = 60
SCALES = (1e-6, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e6)  # of gradients that stay, of both signs
CHANGING = np.repeat((1e-3, 1.0, 1e3), 2)  # of gradients that change


@tool(OPTIMIZER)
def diagnose_optimizer(optimizer: SupportsUpdate) -> str:
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
    run = _Run(optimizer)
    _hold_state(run)
    return f"The state keeps its size, t counts steps, and {_hold_steps(run)}."


class _Run:
    """What an optimizer does in some steps: constant gradients come first, then changing ones."""

    def __init__(self, given: Any) -> None:
        self.rule = optimizer = copy.deepcopy(given)
        if getattr(optimizer, "weight_decay", 0):
            optimizer.weight_decay = 0.0
        if isinstance(optimizer, Optimizer):
            optimizer.__post_init__()  # as new
        constant = [sign * scale for scale in SCALES for sign in (1, -1)]
        draw = np.random.default_rng(0).standard_normal((FINGERPRINT_STEPS, len(CHANGING)))
        self.gradients = np.hstack([np.tile(constant, (FINGERPRINT_STEPS, 1)), CHANGING * draw])
        # Every vector is kept, so that none can take the place, and the id, of an earlier one.
        vectors = [np.arange(self.gradients.shape[1], dtype=np.float64)]
        positions, rates = [vectors[0].copy()], []
        start, schedule = getattr(optimizer, "t", 0), getattr(optimizer, "learning_rate", math.nan)
        self.held: list[int] = []  # vectors, after each step
        for step, gradient in enumerate(self.gradients):
            vectors.append(optimizer.update(vectors[-1], gradient.copy()))
            positions.append(np.array(vectors[-1], np.float64))
            held = {id(array): array.size for array in _arrays(vars(optimizer))}
            self.held.append(sum(held.values()) // gradient.size)
            rate = schedule(start + step) if callable(schedule) else schedule
            rates.append([float(getattr(optimizer, "rate", rate))])
        self.t = getattr(optimizer, "t", start + FINGERPRINT_STEPS) - start
        self.rates, self.positions = np.array(rates), np.array(positions)  # a row for each step
        self.steps = -np.diff(positions, axis=0)  # how far each parameter was moved down

    def has(self, steps: Array) -> bool:
        """Return whether these are the steps that were made, but for rounding."""
        # Positions are rounded: a step is known to a few eps of where it leads to.
        slack = 8 * np.finfo(np.float64).eps * np.maximum(1, np.abs(self.positions[1:]))
        return bool(np.all(np.abs(self.steps - steps) <= 1e-9 * np.abs(steps) + slack))


def _arrays(value: Any) -> Iterator[Array]:
    """Yield the arrays in dicts, lists and tuples, one in the other."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _arrays(one)


def _hold_state(run: _Run) -> None:
    steps, held = len(run.gradients), run.held
    require(run.rates.any(), "nothing-proved/rate")
    require(held[-1] <= held[4], "id-keyed-state", steps=steps, last=held[-1], first=held[0])
    is_whole = np.array_equal(run.positions, np.trunc(run.positions))
    require(not is_whole, "integer-parameters", steps=steps)
    require(run.t == steps, "t-per-layer", steps=steps, t=run.t, each=run.t / steps)


def _laws(rule: Any, g: Array, rates: Array) -> Iterator[tuple[str, Array]]:
    """Yield the steps of a known optimizer, and then those of known mistakes in it, by cause."""
    if hasattr(rule, "beta1"):
        yield from _adams(rule, g, rates)
    elif hasattr(rule, "beta"):  # RMSProp: Hinton 2012, lecture 6e
        yield "", rates * (g / (np.sqrt(_mean(g**2, rule.beta)) + rule.epsilon))
    elif hasattr(rule, "momentum"):  # SGD: Polyak 1964, Sutskever et al. 2013
        velocity = _faded(g, rule.momentum)
        is_ahead = getattr(rule, "nesterov", False)
        yield "", rates * (g + rule.momentum * velocity if is_ahead else velocity)


def _adams(rule: Any, g: Array, rates: Array) -> Iterator[tuple[str, Array]]:
    """Yield the steps of Adam (Kingma and Ba 2015, Algorithm 1), and those of its mistakes."""
    beta1, beta2, epsilon = rule.beta1, rule.beta2, rule.epsilon
    held = [(1 - beta1**t, 1 - beta2**t) for t in range(1, len(g) + 1)]  # of all, by m and by v
    mean, square = np.array(held).T[..., np.newaxis]
    m, v = _mean(g, beta1) / mean, _mean(g**2, beta2) / square
    yield "", rates * (m / (np.sqrt(v) + epsilon))
    swapped = _mean(g, beta2) / square / (np.sqrt(_mean(g**2, beta1) / mean) + epsilon)
    yield "betas-swapped", rates * swapped
    yield "no-bias-correction", rates * mean * m / (np.sqrt(square * v) + epsilon)
    yield "bias-correction-multiplied", rates * mean**2 * m / (square * np.sqrt(v) + epsilon)
    mean, square = mean / (1 - beta1), square / (1 - beta2)
    yield "no-power-of-t", rates * mean * m / (np.sqrt(square * v) + epsilon)
    yield "epsilon-on-parameter", rates * m / np.sqrt(v) + epsilon
    yield "epsilon-on-parameter", rates * m / np.sqrt(v) - epsilon
    yield "epsilon-in-root", rates * m / np.sqrt(v + epsilon)


def _faded(values: Array, beta: float) -> Array:
    """Return the sum of what came up to each step, in which all fades by beta with each step."""
    return np.array(list(accumulate(values, lambda kept, new: beta * kept + new)))


def _mean(values: Array, beta: float) -> Array:
    return _faded((1 - beta) * values, beta)


def _hold_steps(run: _Run) -> str:
    """Compare each step with the law of the optimizer, and return in words what was compared."""
    rule, g, rates = run.rule, run.gradients, run.rates
    laws = _laws(rule, g, rates)
    expected = next(laws, ("", None))[1]
    if expected is None:
        return "the rule of this optimizer is not known, its steps are not judged"
    if run.has(expected):
        return f"each of {len(g)} steps has the length that the rule gives"
    _, first = next(_laws(rule, g.reshape(1, -1), np.ones((1, 1))))
    require(not run.has(rates * first.reshape(g.shape)), "state-lost")
    for cause, steps in laws:
        if run.has(steps):
            peak = float(np.nanmax(np.abs(run.steps / rates)[:, 2 * SCALES.index(1.0)]))
            seen = f"Steps up and down differ by {2 * rule.epsilon:.0e}."
            if abs(peak - 1) > 0.005:
                seen = f"Under a constant gradient the longest step is {peak:.2f} times the rate."
            raise wrong(cause, seen=seen, beta1=rule.beta1, beta2=rule.beta2)
    errors = np.abs(run.steps - expected) / np.maximum(np.abs(expected), rates * 1e-9)
    at = np.unravel_index(int(errors.argmax()), expected.shape)
    facts = {"gradient": g[at], "came": run.steps[at], "given": expected[at]}
    raise wrong("wrong-step", step=at[0] + 1, **facts)


# ---- training loops and data ----


@tool(TRAINING)
def diagnose_training(train: Callable[..., Any]) -> str:
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
    images, labels = np.eye(count), np.arange(count) * 5 % count
    witness = _Witness()
    network = Network([Layer()], loss=witness.loss, optimizer=witness)
    train(network, images, labels, 2 * images, labels, epochs, batch_size, seed=0, on_epoch=None)
    _hold_batches(witness, labels, epochs)
    return "Each epoch trains on each image once, with its own label, in a new order."


class _Witness:
    """A loss that writes down which images and labels it sees, and an optimizer that counts."""

    def __init__(self) -> None:
        self.t = self.images = 0  # steps; images of training that the loss has shown
        self.shown: Any = None  # by the loss, since the last step
        self.steps: list[tuple[int, Any]] = []  # t, and what was shown before it

    def loss(self, outputs: Array, labels: Any) -> tuple[float, Array]:
        is_validation = bool(outputs.max() > 1)  # those images are twice as bright
        self.shown = outputs.argmax(axis=1).tolist(), np.array(labels).tolist(), is_validation
        self.images += 0 if is_validation else len(outputs)
        return softmax_crossentropy_with_logits(outputs, labels)

    def update(self, parameters: Array, gradients: Array) -> Array:
        self.t += 1
        self.steps.append((self.t, self.shown))
        self.shown = None
        return parameters


def _hold_batches(witness: _Witness, labels: Integers, epochs: int) -> None:
    """Look at what each step was made on, and at the order of it."""
    steps, count = len(witness.steps), len(labels)
    batches = [shown for _, shown in witness.steps if shown]
    trained = sum(len(images) for images, *_ in batches)
    is_seen = trained >= epochs * count or witness.images < epochs * count
    require(is_seen, "optimizer-replaced", images=witness.images, steps=steps)
    twice, on_validation = steps - len(batches), sum(is_val for *_, is_val in batches)
    require(not twice, "steps-twice", twice=twice, steps=steps)
    require(not on_validation, "trains-on-validation", count=on_validation, steps=steps)
    for images, given, _ in batches:
        for image, label in zip(images, given, strict=True):
            if label != labels[image]:
                owner = int(np.flatnonzero(labels == label)[0])
                raise wrong("labels-shuffled-apart", image=image, owner=owner)
    size = len(batches) // epochs
    parts = [[images for images, *_ in batches[size * e : size * (e + 1)]] for e in range(epochs)]
    orders = [list(chain(*part)) for part in parts]
    for epoch, order in enumerate(orders, start=1):
        seen = np.bincount(order, minlength=count)
        image = int(np.argmax(seen != 1))
        require(seen[image] == 1, "examples-missed", epoch=epoch, image=image, times=seen[image])
    require(any(order != orders[0] for order in orders), "never-shuffled")
    groups = [set(map(frozenset, part)) for part in parts]
    require(any(group != groups[0] for group in groups), "batches-only-shuffled")
    for step, ((before, _), (after, _)) in enumerate(pairwise(witness.steps), start=2):
        require(after == before + 1, "t-restarted", step=step, before=before, after=after)


@tool(SCALING)
def diagnose_scaling(preprocess: Callable[[Array, Array], tuple[Array, Array]]) -> str:
    """Check what standardises images: statistics of the training images alone, nothing explodes.

    Parameters
    ----------
    preprocess : callable
        ``preprocess(X_train, X_test) -> (X_train, X_test)``, pixels from 0 to 1, shape (n, pixels).
    """
    draw = np.random.default_rng(0)
    train, test, other = draw.random((60, 12)), draw.random((20, 12)), 0.1 * draw.random((20, 12))
    train[:, 0] = 0.0  # the edge of MNIST: constant in training, not in the test set

    def scale(beside: Array) -> tuple[Array, Array]:
        scaled, scaled_beside = preprocess(train.copy(), beside.copy())
        return np.asarray(scaled), np.asarray(scaled_beside)

    scaled, scaled_test = scale(test)
    is_finite = np.isfinite(scaled).all() and np.isfinite(scaled_test).all()
    require(is_finite, "not-finite/scaling")
    sizes = np.abs(scaled_test).max(axis=0)
    pixel, largest = int(sizes.argmax()), float(sizes.max())
    require(largest <= 1e3, "tiny-deviation", pixel=pixel, largest=largest)
    is_apart = is_close(scale(other)[0], scaled) and is_close(scale(train)[1], scaled)
    require(is_apart, "statistics-from-test")
    require(is_close(scale(test[:5])[1], scaled_test[:5]), "statistics-from-test/part")
    mean, deviation = float(scaled.mean()), float(scaled.std())
    is_standard = abs(mean) <= 0.1 and 0.8 < deviation < 1.25
    require(is_standard, "not-standardised", mean=mean, deviation=deviation)
    praise = "Mean and deviation come from the training images alone, serve both sets, and a pixel "
    return praise + "that never varied in training stays small."
