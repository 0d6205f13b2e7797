"""Proofs of derivatives: backpropagation against the definition of the derivative."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule import checks
from chainrule.checks import Array, ChainruleError, Integers, Loss, Seed
from chainrule.layers import Layer
from chainrule.network import Network
from chainrule.proof.slopes import Comparison, Slopes, by_example
from chainrule.proof.verdicts import (
    AUDIT,
    DIRECTIONS,
    ENTRIES,
    PROJECTIONS,
    RIGHT,
    UNPROVED,
    Audit,
    AuditRow,
    Evidence,
    Finding,
    Verdict,
    constant_factor,
    known_fault,
    praise,
    sentence,
)

__all__ = ["Audit", "AuditRow", "Verdict", "audit", "numerical_gradient", "proof_copy"]

# The error of a central difference is about h² from the formula and eps / h from rounding:
# the sum is smallest near the cube root of eps (Nocedal and Wright 2006, §8.1).
STEP = float(np.cbrt(np.finfo(np.float64).eps))


def numerical_gradient(function: Callable[[Array], float], x: Array, step: float = STEP) -> Array:
    """Return the gradient of a scalar function at x by central differences, in float64.

    Each entry is (f(x + h) - f(x - h)) / 2h, where h is `step` times max(1, |entry|).

    Parameters
    ----------
    function : callable
        ``function(x) -> float``; gets a float64 copy of x, which it must not keep.
    x : array, any shape
        Not changed.
    step : float
        Relative width of the difference.

    Returns
    -------
    array, float64, the shape of x

    Examples
    --------
    >>> numerical_gradient(lambda x: float((x**2).sum()), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    if not step > 0:
        raise ChainruleError(f"step must be a number above 0, got {step!r}.")
    point = np.array(x, dtype=np.float64)
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        here = float(point[index])
        h = step * max(1.0, abs(here))
        point[index] = here + h
        above = function(point)
        point[index] = here - h
        below = function(point)
        point[index] = here
        gradient[index] = (above - below) / ((here + h) - (here - h))
    return gradient


# ---- the gradient audit ----

MOST_ENTRIES = 4_000  # of parameters and input together; more are judged by projections
SAMPLED = 30  # entries of a wrong array that explain what is wrong with it
FEW, ENOUGH = 3, 7  # examples: in so few, a share 1/B may be anything; they are repeated to 7


def audit(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    method: str = "auto",
    rng: Seed = 0,
) -> Audit:
    """Compare every gradient of a network, and that of its input, with the numerical gradient.

    Done in float64 on a copy, with Dropout off. An entry is right where

        |analytic - numeric| <= 1e-6 max(|analytic|, |numeric|, 0.01 largest |gradient|)

    with the largest gradient of its array. Beside a kink (a ReLU that switches within the step)
    there is no derivative to compare with: such an entry is skipped and counted, and an example
    that lies on a kink as a whole gives its place to another one of the batch, unless most do.
    Networks of more than a few thousand parameters are judged by their derivatives along random
    directions in each array. An array whose gradient is zero, analytically and numerically, or of
    which less than half could be compared, is not passed. A layer with a generator `rng`, such as
    Dropout, is judged alone as well, as it is while training, with the same draw at every point.

    Parameters
    ----------
    network : Network
        Of any layers, a learner's own as well; it stays as it is.
    X : array, shape (batch, features)
        A few examples are enough, and quicker. Three or fewer are repeated until they are seven:
        a wrong mean over the batch cannot be seen in a batch of one, nor told from another factor
        in a batch of two.
    y : integers, shape (batch,), or what the network's loss takes
    method : {"auto", "entries", "projections"}
        By default the size of the network decides.
    rng : int or numpy.random.Generator
        Draws the directions.

    Returns
    -------
    Audit
        ``passed``, ``rows``, ``verdict``; ``print`` shows a table.

    Examples
    --------
    >>> from chainrule import Dense, Network, Tanh
    >>> network = Network([Dense(3, 4), Tanh(), Dense(4, 2)])
    >>> audit(network, np.eye(3), [0, 1, 1]).passed
    True
    """
    if method not in ("auto", ENTRIES, PROJECTIONS):
        raise ChainruleError(
            f"method must be 'auto', '{ENTRIES}' or '{PROJECTIONS}', got {method!r}."
        )
    judged = proof_copy(network)
    X = checks.examples("X", X, np.float64)
    labels = by_example(y, len(X))
    if labels is not None and len(X) <= FEW:
        rows = np.resize(np.arange(len(X)), ENOUGH)
        X, y = X[rows], labels[rows]
    if method == "auto":
        size = judged.parameters.size + X.size
        method = ENTRIES if size <= MOST_ENTRIES else PROJECTIONS
    with np.errstate(all="ignore"):  # a verdict tells of what is not finite
        return _Auditor(judged, X, y, method, checks.generator(rng)).audit()


def proof_copy(network: Network) -> Network:
    """Return a copy in float64 that computes the gradient of its input as well."""
    if not isinstance(network, Network):
        raise ChainruleError(
            f"A proof takes a Network, got {network!r}: put the layers into one, "
            "Network([Dense(3, 2)])."
        )
    judged = network.astype(np.float64)
    judged.optimizer = None
    judged[0].needs_input_gradient = True
    return judged


class _Auditor(Slopes):
    """One audit: the analytic gradients, what is wrong with them, and who is to blame."""

    def __init__(
        self, *given: Any, is_part: bool = False, cotangent: Array | None = None, **more: Any
    ) -> None:
        super().__init__(*given, **more)
        self.is_part = is_part  # a layer or the loss alone, of a network that was judged
        self.cotangent = cotangent  # the gradient of the outputs, where a layer is judged alone
        self.moved: list[int] = []  # layers whose backward moves their own parameters

    # ---- the analytic gradients, and what makes all comparison idle ----

    def _forward(self) -> Finding | None:
        """Run each layer and the loss twice; return what is wrong with them, if anything is."""
        x, spoilt = self.X, ""
        for i in range(len(self.network)):
            given, name = x.copy(), self._layer(i)
            try:
                y, again = self.layer(i, given), self.layer(i, x.copy())
            except ChainruleError:
                raise
            except Exception as error:  # whatever a learner's layer may raise
                return _stopped("forward", name, error)
            if not isinstance(y, np.ndarray):
                came = "None" if y is None else f"a {type(y).__name__}"
                words = f"forward of {name}, returns {came}, not an array: does it end with return?"
                return Finding("returns-no-array", words)
            if y.dtype != np.float64:
                return Finding(
                    "casts-inside",
                    f"{name} gives {y.dtype} for float64: it casts inside its forward, and so "
                    "cannot be proved.",
                )
            if not _same(given, x):
                return _writes(f"forward of {name},", "its input")
            if not _same(y, again):
                return Finding(
                    "random-forward",
                    f"forward of {name}, gives another output for the same input: it draws at "
                    "random although training is False, or keeps something from call to call.",
                )
            if not (spoilt or np.isfinite(y).all()):
                spoilt = f" The first output that is not finite is that of {name}."
            x = y
        return self._loss_finding(x, spoilt)

    def _loss_finding(self, outputs: Array, spoilt: str) -> Finding | None:
        given = outputs.copy()
        try:
            value, gradient = self.network.loss(given, self.y)
            again, _ = self.network.loss(outputs.copy(), self.y)
        except ChainruleError:
            raise
        except Exception as error:  # whatever a learner's loss may raise
            return Finding("loss-stops", f"The loss stops: {type(error).__name__}: {error}.")
        if not math.isfinite(value):
            words = f"The loss is {value}: nothing can be compared.{spoilt}"
            return Finding("not-finite", words)
        if not _same(given, outputs):
            return _writes("The loss", "the outputs")
        if value != again:
            return Finding("random-forward", "The loss gives another value for the same outputs.")
        if np.shape(gradient) != outputs.shape:
            return Finding(
                "no-logits-gradient",
                f"The loss must return its gradient, shape {outputs.shape}, beside its value, got "
                f"{'None' if gradient is None else f'shape {np.shape(gradient)}'}.",
            )
        return None

    def _backward(self) -> Finding | None:
        """Run backward twice: the first time from gradients of 0, the second after a first."""
        start = {key: array.copy() for key, array in self.arrays.items() if key[0] >= 0}
        passes: list[dict[tuple[int, str], Array]] = []
        for _ in range(2):
            came: dict[tuple[int, str], Array] = {}
            inputs = self.run()
            gradient: Any = np.array(self.network.loss(inputs[-1], self.y)[1], np.float64)
            for i in reversed(range(len(self.network))):
                given, layer = gradient.copy(), self.network[i]
                try:
                    grad_x = layer.backward(given)
                except Exception as error:  # whatever a learner's layer may raise
                    return _stopped("backward", self._layer(i), error)
                if grad_x is None or np.shape(grad_x) != np.shape(inputs[i]):
                    return self._no_input_gradient(i, grad_x)
                if not _same(given, gradient):
                    return _writes(f"backward of {self._layer(i)},", "the gradient it is given")
                gradient = np.array(grad_x, np.float64)
                arrays = {**layer.gradients, "input": gradient}
                came |= {(i, name): np.array(array, np.float64) for name, array in arrays.items()}
            passes.append(came)
            self.moved = sorted({k[0] for k, a in start.items() if (a != self.arrays[k]).any()})
            for key, array in start.items():
                self.arrays[key][...] = array
        checks.views(self.network)
        for (i, name), array in self.arrays.items():
            self.analytic[i, name] = came[max(i, 0), name].reshape(array.shape)
        return None if self.moved else self._unsteady(*passes)

    def _unsteady(self, first: dict[Any, Array], second: dict[Any, Array]) -> Finding | None:
        """Return the layer whose second backward gives another gradient than the first."""
        for (i, name), array in first.items():
            if _same(array, second[i, name]):
                continue
            if _same(2 * array, second[i, name]):
                return Finding(
                    "gradients-add-up",
                    f"backward of {self._layer(i)}, adds the gradient of its {name} to that of the "
                    "step before: write it, self.gradients[name][...] = .",
                )
            return Finding(
                "random-backward",
                f"backward of {self._layer(i)}, gives another gradient of its {name} for the same "
                "batch: it draws at random, or keeps something from the step before.",
            )
        return None

    def _no_input_gradient(self, i: int, gradient: Any) -> Finding:
        came = "None" if gradient is None else f"shape {np.shape(gradient)}"
        return Finding(
            "no-input-gradient",
            f"backward of {self._layer(i)}, must return the gradient of its input, got {came}: "
            "does it end with return?",
        )

    # ---- the verdict ----

    def audit(self) -> Audit:
        """Judge every array, and explain what is wrong."""
        spoilt = self._forward()
        if not spoilt:
            if not self.is_part:
                self.leave_kinks()
            spoilt = self._backward()
        if spoilt:
            return self._unchecked(spoilt)
        self.remember()
        compared = {key: self._compare_array(key) for key in self.arrays}
        findings = {key: self._judge(key, found) for key, found in compared.items()}
        blame = RIGHT
        if any(finding.cause for finding in findings.values()) or self.moved:
            blame = self._blame_self(findings) if self.is_part else self._blame(findings)
        rows = [self._row(key, compared[key], findings[key]) for key in self.arrays]
        if not self.is_part:
            drawn, late = self._while_training()
            rows, blame = rows + drawn, blame if blame.cause else late
        words = blame.words if blame.cause else praise(rows)
        verdict = Verdict(AUDIT, not blame.cause, blame.cause, words)
        return Audit(self.method, len(self.X), tuple(rows), verdict, self.replaced)

    def _while_training(self) -> tuple[list[AuditRow], Finding]:
        """Judge each layer that draws at random alone, as it is while training."""
        rows: list[AuditRow] = []
        blame = RIGHT
        for i in reversed(self.draws):
            part = self._layer_alone(i, self.inputs[i], self.inputs[i + 1].shape, training=True)
            if part.verdict.cause in UNPROVED:  # all may be dropped
                continue
            finding = self._blame_part(i, part)
            if finding.cause and not blame.cause:
                blame = Finding(finding.cause, f"While training: {finding.words}")
            name = self._layer(i)
            rows += [replace(row, layer=name, name=f"{row.name}, training") for row in part.rows]
        return rows, blame

    def _unchecked(self, finding: Finding) -> Audit:
        if finding.cause == "backward-stops" and not self.is_part:
            finding = self._blame({})
        rows = tuple(
            AuditRow(self._layer(key[0]), key[1], array.size, 0, 0, math.nan, finding.cause, "?")
            for key, array in self.arrays.items()
        )
        verdict = Verdict(AUDIT, False, finding.cause, finding.words)
        return Audit(self.method, len(self.X), rows, verdict)

    def _row(self, key: tuple[int, str], found: Comparison, finding: Finding) -> AuditRow:
        decided = found.is_decided
        error = float(np.max(found.errors[decided], initial=0)) if decided.any() else math.nan
        size, checked = self.arrays[key].size, int(decided.sum())
        skipped = len(decided) - checked
        layer, name = self._layer(key[0]), key[1]
        return AuditRow(layer, name, size, checked, skipped, error, finding.cause, finding.words)

    def _layer(self, i: int) -> str:
        return "the network" if i < 0 else f"layer {i}, {self.network[i]}"

    def _compare_array(self, key: tuple[int, str]) -> Comparison:
        if self.method == ENTRIES:
            return self.entries(key, np.arange(self.arrays[key].size))
        return self.directions(key)

    def _judge(self, key: tuple[int, str], found: Comparison) -> Finding:
        """Return what is wrong with the gradient of one array, or that it is right."""
        analytic = self.analytic[key]
        if not np.isfinite(analytic).all():
            return Finding("not-finite", "holds NaN or infinity")
        if found.is_flat:
            return Finding(
                "nothing-proved",
                "is zero, analytically and numerically: this batch proves nothing; are all units "
                "dead, or is the loss 0?",
            )
        if len(found.wrong):
            return self._explain(key, found)
        needed = DIRECTIONS if self.method == PROJECTIONS else (analytic.size + 1) // 2
        if analytic.size and found.is_decided.sum() < needed:
            return Finding(
                "nobody-checked",
                f"could be compared in {found.is_decided.sum()} of {len(found.errors)} places: the "
                "others lie beside a kink or below rounding; give another batch",
            )
        return RIGHT

    def _explain(self, key: tuple[int, str], found: Comparison) -> Finding:
        """Return what is wrong with an array that is wrong, as far as it shows at once."""
        if self.method == ENTRIES:
            return self._known(key, found) or self._worst(key, found)
        seen = found.is_decided
        if not self.analytic[key].any():
            return self._explain_closely(key)
        factor = constant_factor(found.analytic[seen], found.numeric[seen], len(self.X))
        return factor or Finding("differs", "differs along random directions")

    def _explain_closely(self, key: tuple[int, str]) -> Finding:
        """Look at entries of a large array that is wrong; that takes longer."""
        sample = self.entries(key, self._sample(self.analytic[key]))
        if len(sample.wrong):
            return self._known(key, sample) or self._worst(key, sample)
        return self._worst(key, self.entries(key, np.array([self._locate(key)])))

    def _known(self, key: tuple[int, str], found: Comparison) -> Finding | None:
        seen, analytic = found.is_decided, self.analytic[key]
        index, numeric = found.index[seen], found.numeric[seen]
        kept = 1 - getattr(self.network[0], "rate", math.nan) if self.training else None
        return known_fault(Evidence(analytic, index, numeric, len(self.X), self.cotangent, kept))

    def _worst(self, key: tuple[int, str], found: Comparison) -> Finding:
        worst = int(np.argmax(np.where(found.is_decided, found.errors, -1)))
        place = np.unravel_index(found.index[worst], self.analytic[key].shape)
        where = ", ".join(str(int(i)) for i in place)
        analytic, numeric = found.analytic[worst], found.numeric[worst]
        return Finding(
            "differs",
            f"differs at entry ({where}): analytic {analytic:.9g}, numeric {numeric:.9g}, "
            f"difference {analytic - numeric:.1e}",
        )

    def _sample(self, analytic: Array) -> Integers:
        """Return some entries: the largest gradients, and others at random."""
        size = analytic.size
        largest = np.argsort(-np.abs(analytic), axis=None)[: SAMPLED // 2]
        drawn = self.rng.choice(size, min(size, SAMPLED // 2), replace=False)
        return np.unique(np.concatenate([largest, drawn]))

    def _locate(self, key: tuple[int, str]) -> int:
        """Return a wrong entry of a large array, by halving what holds it."""
        first, last = 0, self.arrays[key].size
        while last - first > 1:
            middle = (first + last) // 2
            is_left = len(self.directions(key, slice(first, middle)).wrong) > 0
            first, last = (first, middle) if is_left else (middle, last)
        return first

    # ---- who is to blame ----

    def _blame_self(self, findings: dict[tuple[int, str], Finding]) -> Finding:
        for key in [key for key, finding in findings.items() if finding.cause == "differs"]:
            if self.method == PROJECTIONS:
                findings[key] = self._explain_closely(key)
        return self._own_blame(findings)

    def _own_blame(self, findings: dict[tuple[int, str], Finding]) -> Finding:
        wrong = [(key, finding) for key, finding in reversed(findings.items()) if finding.cause]
        wrong.sort(key=lambda pair: pair[1].cause in UNPROVED)
        for (i, name), finding in wrong:
            return Finding(finding.cause, sentence(self._layer(i), name, finding.words))
        return RIGHT

    def _blame(self, findings: dict[tuple[int, str], Finding]) -> Finding:
        """Judge the loss and every layer alone; return the first fault, counted from the loss.

        The gradients below a fault are wrong as well, without a fault of their layers: their
        findings are changed to say so.
        """
        blame = RIGHT
        wrong: dict[tuple[int, str], AuditRow] = {}
        for i, part in self._parts():
            wrong |= {(i, row.name): row for row in part.rows if row.cause not in ("", *UNPROVED)}
            if not blame.cause:
                blame = self._blame_part(i, part)
        for key, finding in list(findings.items()):
            own = wrong.get((max(key[0], 0), key[1]))  # the network's input is that of layer 0
            if own and finding.cause not in ("", *UNPROVED):
                findings[key] = Finding(own.cause, own.verdict)
            elif finding.cause in ("differs", "rounded-to-float32") and blame.cause:
                findings[key] = Finding("fault-above", f"{finding.words}; the fault lies above")
            elif finding.cause == "differs" and self.method == PROJECTIONS:
                findings[key] = self._explain_closely(key)
        return blame if blame.cause else self._own_blame(findings)

    def _parts(self) -> Iterator[tuple[int, Audit]]:
        """Yield an audit of the loss alone, and of each layer alone, from the last to the first."""
        inputs = self.run()
        yield len(self.network), self._alone(Layer(), inputs[-1], self.network.loss, self.y)
        for i in reversed(range(len(self.network))):
            x, output = inputs[i], inputs[i + 1]
            part = self._layer_alone(i, x, output.shape)
            if part.verdict.cause == "backward-stops" and output.ndim == 2:
                # With as many examples as outputs a sum over the wrong axis fits, and is known.
                count = output.shape[1]
                square = self._layer_alone(i, np.resize(x, (count, *x.shape[1:])), (count, count))
                part = part if square.passed else square
            yield i, part

    def _layer_alone(
        self, i: int, x: Array, shape: tuple[int, ...], training: bool = False
    ) -> Audit:
        cotangent = self.rng.standard_normal(shape)
        layer = copy.deepcopy(self.network[i])
        return self._alone(layer, x, _linear_loss(cotangent), None, cotangent, training)

    def _alone(
        self,
        layer: Layer,
        x: Array,
        loss: Loss,
        y: Any,
        cotangent: Array | None = None,
        training: bool = False,
    ) -> Audit:
        network = Network([layer], loss=loss, dtype=np.float64)
        network[0].needs_input_gradient = True
        method = ENTRIES if network.parameters.size + x.size <= MOST_ENTRIES // 4 else PROJECTIONS
        part = _Auditor(
            network, x, y, method, self.rng, is_part=True, cotangent=cotangent, training=training
        )
        return part.audit()

    def _blame_part(self, i: int, part: Audit) -> Finding:
        name = self._layer(i) if i < len(self.network) else "the loss"
        wrong = [row for row in part.rows if row.cause not in ("", *UNPROVED)]
        if i in self.moved:
            is_late = any(row.name == "input" for row in wrong)
            return _updates_first(name) if is_late else _updates(name)
        if not wrong:
            return RIGHT
        if i == len(self.network):
            words = wrong[-1].verdict.rstrip(".")
            end = "" if words.endswith("?") else "."
            return Finding(
                wrong[-1].cause, f"The gradient of the logits, which the loss returns, {words}{end}"
            )
        if wrong[0].verdict == "?":
            words = part.verdict.sentence.replace("layer 0", f"layer {i}", 1)
            return Finding(wrong[0].cause, words)
        return Finding(wrong[0].cause, sentence(name, wrong[0].name, wrong[0].verdict))


def _updates_first(name: str) -> Finding:
    return Finding(
        "update-before-passing",
        f"backward of {name}, moves its own parameters before the gradient has passed on: the "
        "gradient of its input is taken with weights that are new already.",
    )


def _updates(name: str) -> Finding:
    return Finding(
        "update-in-backward",
        f"backward of {name}, moves its own parameters: layers compute, optimizers move.",
    )


def _same(one: Array, other: Array) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _stopped(method: str, name: str, error: Exception) -> Finding:
    words = f"{method} of {name}, stops: {type(error).__name__}: {error}."
    return Finding(f"{method}-stops", words)


def _writes(who: str, what: str) -> Finding:
    words = f"{who} writes into {what}: that is another's; make a new array."
    return Finding("writes-into-argument", words)


def _linear_loss(cotangent: Array) -> Loss:
    """Return the loss whose gradient is `cotangent`, whatever the outputs are."""
    return lambda outputs, y: (float(np.sum(cotangent * outputs)), cotangent)
