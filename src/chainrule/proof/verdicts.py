"""What the proofs say: findings and their words, verdicts, and the table of an audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from chainrule.proof.slopes import DIRECTIONS, PROJECTIONS, TOLERANCE, Slopes

AUDIT = "gradient audit"
UNPROVED = ("nothing-proved", "nobody-checked")  # not passed, but no fault was seen either

Given = ParamSpec("Given")


class Finding(Exception):
    """What is wrong: its short name and its words. What looks for it raises it, or returns it."""

    def __init__(self, cause: str, words: str) -> None:
        super().__init__(cause, words)
        self.cause, self.words = cause, words

    def __bool__(self) -> bool:
        return bool(self.cause)


RIGHT = Finding("", "right")


def wrong(key: str, **facts: Any) -> Finding:
    """Return the finding that `WORDS` holds under a key, with the facts in their places."""
    return Finding(key.partition("/")[0], WORDS[key].format(**facts))


def require(law: object, key: str, **facts: Any) -> None:
    """Raise the finding that `WORDS` holds under a key, unless the law is kept."""
    if not law:
        raise wrong(key, **facts)


def found(look: Callable[Given, None], *given: Given.args, **named: Given.kwargs) -> Finding:
    """Return what a function raises as wrong, or that all is right."""
    try:
        look(*given, **named)
    except Finding as finding:
        return finding
    return RIGHT


def tool(name: str) -> Callable[[Callable[Given, str]], Callable[Given, Verdict]]:
    """Make a tool of a function that raises what is wrong, or returns the words if nothing is."""

    def made(look: Callable[Given, str]) -> Callable[Given, Verdict]:
        @wraps(look)
        def judge(*given: Given.args, **named: Given.kwargs) -> Verdict:
            try:
                with np.errstate(all="ignore"):  # a verdict tells of what is not finite
                    return Verdict(name, True, "", look(*given, **named))
            except Finding as finding:
                return Verdict(name, False, finding.cause, finding.words)

        return judge

    return made


@dataclass(frozen=True)
class Verdict:
    """What a tool found.

    Attributes
    ----------
    tool : str
        Who judged, such as "gradient audit".
    passed : bool
    cause : str
        The short name of what is wrong, such as "averaged-twice"; empty where nothing is.
    sentence : str
        The verdict in words.
    """

    tool: str
    passed: bool
    cause: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class AuditRow:
    """One array of the audit.

    Attributes
    ----------
    layer : str
        Such as "layer 2, Dense(128, 64)", or "the network" for its input.
    name : str
        Of the array: "weights", "biases", "input", or what a layer calls it; of a layer that draws
        at random while training, "input, training" as well.
    size : int
        Entries of the array.
    checked, skipped : int
        Entries (or, by projections, directions) that were compared, and that were not because
        they lie beside a kink or below the rounding of the loss.
    largest_error : float
        The largest |analytic - numeric| over max(|analytic|, |numeric|, floor); right is up to
        `TOLERANCE`. The floor is a hundredth of the largest gradient of the array; by projections
        the size that the projection is expected to have.
    cause, verdict : str
        "" and "right", or what is wrong.
    """

    layer: str
    name: str
    size: int
    checked: int
    skipped: int
    largest_error: float
    cause: str
    verdict: str

    @property
    def passed(self) -> bool:
        """Whether the gradient of this array is proved."""
        return not self.cause

    @property
    def is_wrong(self) -> bool:
        """Whether a fault was seen."""
        return self.cause not in ("", *UNPROVED)

    @property
    def sentence(self) -> str:
        """What is to be said of this array."""
        comma = "," if "," in self.layer else ""  # layer 2, Dense(128, 64), is
        return self.said_of(f"{self.name} of {self.layer}{comma}")

    def said_of(self, what: str) -> str:
        """Return the sentence, with other words for whose gradient it is."""
        return f"The gradient of the {what} {self.verdict}{'' if self.verdict[-1] in '?.' else '.'}"


@dataclass(frozen=True)
class Audit:
    """The gradient of every parameter and of the input, against the numerical gradient.

    Attributes
    ----------
    method : str
        "entries" (each entry of each array) or "projections" (random directions in each array).
    examples : int
        Of the batch that was used.
    replaced : int
        Examples beside a kink (entry by entry: on a kink) that gave their place to others.
    verdict : Verdict
        Of all rows; where some are wrong, what the first fault is, counted from the loss.
    rows : tuple of AuditRow
    """

    method: str
    examples: int
    replaced: int
    verdict: Verdict
    rows: tuple[AuditRow, ...]

    @classmethod
    def of(cls, slopes: Slopes, rows: Sequence[AuditRow], blame: Finding) -> Audit:
        """Return the audit of these arrays, with its verdict."""
        entries, error = sum(row.size for row in rows), max(row.largest_error for row in rows)
        praise = f"Every gradient is right: {len(rows)} arrays, {entries:,} entries, largest error "
        praise += f"{error:.1e}, allowed {TOLERANCE:g}."
        verdict = Verdict(AUDIT, not blame, blame.cause, blame.words if blame else praise)
        return cls(slopes.method, len(slopes.X), slopes.replaced, verdict, tuple(rows))

    @property
    def passed(self) -> bool:
        """Whether every array was checked and is right."""
        return self.verdict.passed

    @property
    def table(self) -> str:
        """A line for each array, and what is wrong with it."""
        how = "every entry by itself"
        if self.method == PROJECTIONS:
            how = f"too large entry by entry: {DIRECTIONS} random directions in each array"
        head = ("layer", "array", "entries", "checked", "skipped", "largest error", "verdict")
        cells = [
            (row.layer, row.name, f"{row.size:,}", f"{row.checked:,}", f"{row.skipped:,}",
             f"{row.largest_error:.1e}", row.cause or "right")
            for row in self.rows
        ]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        layout = "  ".join(map("{{:{}{}}}".format, "<<>>>><", widths))
        lines = [layout.format(*line).rstrip() for line in (head, *cells)]
        failed = [row for row in self.rows if row.verdict not in ("right", "?")]
        remarks = [f"{row.name} of {row.layer}: the gradient {row.verdict}" for row in failed]
        title = f"Gradient audit in float64 on {self.examples} examples, {how}"
        if self.replaced:
            what = "1 example" if self.replaced == 1 else f"{self.replaced} examples"
            title += f"; {what} beside a kink replaced by others of the batch"
        return "\n".join([title, "", *lines, *([""] if remarks else []), *remarks])

    def __str__(self) -> str:
        return f"{self.table}\n\n{self.verdict.sentence}"


# By cause: what is said of it. What follows a slash tells the ways to say it apart.
WORDS = {
    # ---- the audit: what makes all comparison idle ----
    **dict.fromkeys(("forward-stops", "loss-stops", "backward-stops"), "{who} stops: {error}."),
    "returns-no-array": "{who} returns {came}, not an array: does it end with return?",
    "casts-inside": "{layer} gives {dtype} for float64: it casts inside its forward, and so cannot "
    "be proved.",
    "writes-into-argument": "{who} writes into {what}: that is another's; make a new array.",
    "random-forward": "{who} gives another output for the same input: it draws at "
    "random although training is False, or keeps something from call to call.",
    "not-finite/loss": "The loss is {value}: nothing can be compared.{first}",
    "random-forward/loss": "The loss gives another value for the same outputs.",
    "no-logits-gradient": "The loss must return its gradient, shape {shape}, beside its value, got "
    "{came}.",
    "no-input-gradient": "{who} must return the gradient of its input, got {came}: "
    "does it end with return?",
    "gradients-add-up": "backward of {layer}, adds the gradient of its {name} to that of the step "
    "before: write it, self.gradients[name][...] = .",
    "random-backward": "backward of {layer}, gives another gradient of its {name} for the same "
    "batch: it draws at random, or keeps something from the step before.",
    "update-before-passing": "backward of {layer}, moves its own parameters before the gradient "
    "has passed on: the gradient of its input is taken with weights that are new already.",
    "update-in-backward": "backward of {layer}, moves its own parameters: layers compute, "
    "optimizers move.",
    # ---- the audit: one array, after "The gradient of ..." ----
    "not-finite": "holds NaN or infinity",
    "nothing-proved": "is zero, analytically and numerically: this batch proves nothing; are all "
    "units dead, or is the loss 0?",
    "nobody-checked": "could be compared in {checked} of {places} places: the others lie beside a "
    "kink or below rounding; give another batch",
    "zero-gradient": "is zero, the numerical gradient is not: is it written at all?",
    "no-influence": "is not zero, but the loss does not change with it: is it cut off to whole "
    "numbers, or not used at all?",
    "dropout-unscaled": "is {kept} times the numerical gradient: forward divides by the share that "
    "is kept, 1 - rate; so must backward.",
    "sign-flipped": "has the opposite sign of the numerical gradient: is a minus lost?",
    "averaged-twice": "is 1/{batch} of the numerical gradient: is the batch averaged twice?",
    "never-averaged": "is {batch} times the numerical gradient: is the batch never averaged?",
    "constant-factor": "is {factor:.6g} times the numerical gradient: is a constant factor lost?",
    "rounded-to-float32": "is off by up to {error:.0e} of its largest entry, nearly everywhere: it "
    "looks rounded to float32; is something cast?",
    "transposed-gradient": "is the transpose of the numerical gradient: xᵀ dy, not dyᵀ x",
    "mask-from-gradient": "is masked where the gradient of the output is negative, not where the "
    "input is: use the mask that forward saw",
    "missing-bias-sum": "is that of one example alone: is the sum over the batch missing?",
    "bias-wrong-axis": "is a sum over the wrong axis: sum over the batch, axis 0, for each output",
    "missing-mask": "passes where the unit was switched off, and the numerical gradient is 0: is "
    "the mask missing?",
    "differs": "differs at entry ({place}): analytic {analytic:.9g}, numeric {numeric:.9g}, "
    "difference {difference:.1e}",
    "differs/directions": "differs along random directions",
    "fault-above": "{words}; the fault lies above",
    # ---- the batch law, and the dtype ----
    "nothing-proved/batch": "The gradient of one example is zero or not finite: nothing is proved.",
    "loss-not-averaged": "A batch of {count} copies of one example costs {many:.4g}, one "
    "{one:.4g}.",
    "never-averaged/copies": "A batch of {count} copies of one example has {count} times its "
    "gradient: the batch is never averaged, and the step grows with the batch.",
    "averaged-twice/copies": "A batch of {count} copies of one example has 1/{count} of its "
    "gradient: the batch is averaged twice, and the step shrinks with the batch.",
    "mixed-examples": "A batch of {count} copies of one example has another gradient: examples "
    "affect each other.",
    "dtype-changes": "{name} is {came}, the parameters are {wanted}: from there on everything is, "
    "at another speed and size in memory.",
    # ---- the softmax loss ----
    "softmax-twice": "A sure and right prediction still costs {sure:.4g}, not 0: the softmax is "
    "applied twice, first to the logits and then to its own result.",
    "log-plus-epsilon": "The loss differs from the exact one by {error:.1e}: a small number is "
    "added to the probability. A sure and wrong prediction costs at most {most:.4g}, and the "
    "gradient is not that of this loss.",
    "wrong-loss": "The loss is {came:.6g}, exactly it is {exact:.6g}.",
    "not-ln-10": "Zero logits cost {came:.6g}, not ln 10 = {exact:.6g}.",
    "softmax-without-shift": "The loss is {came} where logits are {place} ({gap:g} apart): exp "
    "overflows beyond 709; subtract each row's maximum first.",
    "log-plus-epsilon/cap": "A sure and wrong prediction, {gap:g} apart, costs {came:.4g}, not "
    "{gap:g}: the loss is capped at -ln({least:.0e}); a small number is added to the probability, "
    "and the gradient is not that of this loss.",
    # ---- optimizers ----
    "nothing-proved/rate": "The learning rate is 0: nothing moves, and nothing is proved.",
    "id-keyed-state": "After {steps} steps the optimizer holds {last} vectors, after one {first}: "
    "its state grows; is it found by the id() of arrays that are replaced at every step?",
    "integer-parameters": "After {steps} steps every parameter is still a whole number: are they "
    "kept in an array of integers, which cuts off each step?",
    "t-per-layer": "After {steps} steps t is {t}, {each:g} for each step: does it count layers?",
    "state-lost": "Each step is that of a first step: the moments are not kept from one step to "
    "the next, or not used.",
    "betas-swapped": "The mean of the gradient forgets as its square should, and the square as the "
    "mean: beta1 = {beta1:g} and beta2 = {beta2:g} are swapped.",
    "no-bias-correction": "The moments are not corrected for their start at 0. {seen}",
    "bias-correction-multiplied": "The moments are multiplied by 1 - βᵗ instead of divided. {seen}",
    "no-power-of-t": "The moments are divided by 1 - β instead of 1 - βᵗ: the power of t is "
    "missing. {seen}",
    "epsilon-on-parameter": "epsilon is added to the parameter, not to the root: a bracket is "
    "missing, and every parameter drifts by epsilon. {seen}",
    "epsilon-in-root": "epsilon is added within the root, not to it. {seen}",
    "wrong-step": "Step {step} under the gradient {gradient:g} is {came:.6g}, the rule gives "
    "{given:.6g}.",
    # ---- training loops and data ----
    "optimizer-replaced": "The loss saw {images} images, but the optimizer made {steps} steps: is "
    "it replaced by another one?",
    "steps-twice": "{twice} of {steps} steps are made on a batch that had its step.",
    "trains-on-validation": "{count} of {steps} steps are made on validation images: what was "
    "trained on cannot tell how the network does on new images.",
    "labels-shuffled-apart": "Image {image} was trained with the label of image {owner}: images "
    "and labels are shuffled apart; draw one order and use it for both.",
    "examples-missed": "In epoch {epoch} image {image} was trained on {times} times, not once: is "
    "the last, smaller batch left out, or are batches drawn with replacement?",
    "never-shuffled": "Every epoch has the same order.",
    "batches-only-shuffled": "Every epoch has the same batches in another order: only the order of "
    "batches is shuffled; shuffle the images before they are cut into batches.",
    "t-restarted": "At step {step} the optimizer's t goes from {before} to {after}: it is "
    "restarted with each epoch while the moments are kept, and Adam's corrections make the first "
    "steps of each epoch too long.",
    "not-finite/scaling": "NaN or infinity comes out: is something divided by a deviation of 0?",
    "tiny-deviation": "Pixel {pixel} never varied in training, and becomes {largest:.1e} "
    "deviations in the test set: a tiny number is added to a deviation of 0; leave such pixels at "
    "0.",
    "statistics-from-test": "What comes out depends on which images are in the test set: mean and "
    "deviation are taken from it; take them from the training images.",
    "statistics-from-test/part": "A test image comes out otherwise when others are tested with it: "
    "mean and deviation are taken from the test set; take them from the training images.",
    "not-standardised": "The training images come out with mean {mean:.2g} and deviation "
    "{deviation:.2g}, not 0 and 1.",
}
