"""The bank of planted bugs: each a small variant of a real part, and the tool that finds it.

They are the mistakes that teaching code makes in public. A test, a lesson or the command
``chainrule check --planted`` takes a fault from `FAULTS`, lets its tool judge it, and gets a
verdict that names it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.checks import Array, ChainruleError, Integers, Loss
from chainrule.data.preprocess import Standardisation
from chainrule.layers import Dense, Dropout, Layer, ReLU
from chainrule.losses import softmax, softmax_crossentropy_with_logits
from chainrule.network import Network
from chainrule.optimizers import SGD, Adam
from chainrule.proof import diagnosis
from chainrule.proof.audit import audit
from chainrule.proof.diagnosis import BATCH_LAW, DTYPE, LOSS, OPTIMIZER, SCALING, TRAINING
from chainrule.proof.verdicts import AUDIT, Verdict
from chainrule.training import epoch_batches, loss_and_accuracy, train_batch, train_network

COURSE = "the code of the course"

# ---- layers ----


class TwiceAveragingDense(Dense):
    """Divides its gradients by the batch size, which the loss has done already."""

    def backward(self, grad_y: Array) -> Array | None:
        grad_x = super().backward(grad_y)
        for gradient in self.gradients.values():
            gradient /= len(grad_y)
        return grad_x


class WrongAxisDense(Dense):
    """Sums the gradient of the biases over the outputs, not over the batch."""

    def backward(self, grad_y: Array) -> Array | None:
        grad_x = super().backward(grad_y)
        self.gradients["biases"][...] = grad_y.sum(axis=1)
        return grad_x


class UnsummedBiasDense(Dense):
    """Takes the gradient of the biases from the first example, and forgets the sum."""

    def backward(self, grad_y: Array) -> Array | None:
        grad_x = super().backward(grad_y)
        self.gradients["biases"][...] = grad_y[0]
        return grad_x


class TransposedDense(Dense):
    """Computes dyᵀ x for xᵀ dy; a square layer takes it without a word."""

    def backward(self, grad_y: Array) -> Array | None:
        grad_x = super().backward(grad_y)
        self.gradients["weights"][...] = grad_y.T @ self.x
        return grad_x


class SignFlippedDense(Dense):
    """Computes its gradients as if the loss were to be climbed."""

    def backward(self, grad_y: Array) -> Array | None:
        grad_x = super().backward(grad_y)
        for gradient in self.gradients.values():
            np.negative(gradient, out=gradient)
        return grad_x


class EagerDense(Dense):
    """Moves its weights first, and passes the gradient on through the new ones."""

    def backward(self, grad_y: Array) -> Array | None:
        super().backward(grad_y)
        for name, gradient in self.gradients.items():
            self.parameters[name] -= 0.1 * gradient
        return grad_y @ self.weights.T


class UpcastingDense(Dense):
    """Multiplies by a float64 constant array, as NumPy's `randn` and `astype(float)` give it."""

    def forward(self, x: Array, training: bool = False) -> Array:
        return super().forward(x, training) * np.ones(self.n_out)


class GradientMaskedReLU(ReLU):
    """Masks by the sign of the gradient that comes back, not by that of the input."""

    def backward(self, grad_y: Array) -> Array:
        return grad_y * (grad_y > 0)


class UnmaskedReLU(ReLU):
    """Lets the gradient through where the unit was switched off."""

    def backward(self, grad_y: Array) -> Array:
        return grad_y


class UnscaledDropout(Dropout):
    """Masks the gradient, and forgets that forward has divided by 1 - rate."""

    def backward(self, grad_y: Array) -> Array:
        return grad_y * (self.mask > 0)


# ---- losses ----


def summed_crossentropy(logits: Array, labels: ArrayLike) -> tuple[float, Array]:
    """Sum over the batch, and never average."""
    loss, gradient = softmax_crossentropy_with_logits(logits, labels)
    return loss * len(logits), gradient * len(logits)


def unshifted_crossentropy(logits: Array, labels: ArrayLike) -> tuple[float, Array]:
    """Take exp of the logits as they are."""
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return _mean_crossentropy(probabilities, np.asarray(labels))


def capped_crossentropy(logits: Array, labels: ArrayLike) -> tuple[float, Array]:
    """Take log(p + 1e-9), so that log(0) cannot happen."""
    return _mean_crossentropy(softmax(logits), np.asarray(labels), tiny=1e-9)


def twice_softmax_crossentropy(logits: Array, labels: ArrayLike) -> tuple[float, Array]:
    """Take the softmax in the model, and once more in the loss."""
    return softmax_crossentropy_with_logits(softmax(logits), labels)


def _mean_crossentropy(
    probabilities: Array, labels: Integers, tiny: float = 0.0
) -> tuple[float, Array]:
    rows = np.arange(len(probabilities))
    loss = -np.log(probabilities[rows, labels] + tiny).mean()
    gradient = probabilities.copy()
    gradient[rows, labels] -= 1
    return float(loss), gradient / len(rows)


# ---- optimizers ----


class IdKeyedAdam(Adam):
    """Finds its moments by the id of the array, which is another one at every step."""

    def update(self, parameters: Array, gradients: Array) -> Array:
        if self.t == 0:
            self.kept: dict[int, dict[str, Array]] = {}
        self.state = self.kept.get(id(parameters), {})
        moved = super().update(parameters.copy(), gradients)
        self.kept[id(parameters)] = self.state
        return moved


class LayerCountingAdam(Adam):
    """Counts t with every layer: here the vector is four layers."""

    def rule(self, theta: Array, g: Array, rate: float, m: Array, v: Array) -> None:
        edges = np.linspace(0, theta.size, 5).astype(int).tolist()
        for layer, (first, last) in enumerate(pairwise(edges)):
            self.t += layer > 0
            part = slice(first, last)
            super().rule(theta[part], g[part], rate, m[part], v[part])


class ForgetfulAdam(Adam):
    """Makes its moments anew at every step, so that each step is a first step."""

    def update(self, parameters: Array, gradients: Array) -> Array:
        self.state, t = {}, self.t
        self.t = 0
        moved = super().update(parameters, gradients)
        self.t = t + 1
        return moved


class SwappedAdam(Adam):
    """Takes beta1 for the squares and beta2 for the mean."""

    def rule(self, theta: Array, g: Array, rate: float, m: Array, v: Array) -> None:
        m += (1 - self.beta2) * (g - m)
        v += (1 - self.beta1) * (g * g - v)
        m_hat, v_hat = m / (1 - self.beta2**self.t), v / (1 - self.beta1**self.t)
        theta -= rate * m_hat / (np.sqrt(v_hat) + self.epsilon)


class UncorrectedAdam(Adam):
    """Leaves out the correction of the moments for their start at 0."""

    def rule(self, theta: Array, g: Array, rate: float, m: Array, v: Array) -> None:
        self._average(g, m, v)
        theta -= rate * m / (np.sqrt(v) + self.epsilon)

    def _average(self, g: Array, m: Array, v: Array) -> None:
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)


class MultiplyingAdam(UncorrectedAdam):
    """Multiplies by 1 - βᵗ where the paper divides."""

    def rule(self, theta: Array, g: Array, rate: float, m: Array, v: Array) -> None:
        self._average(g, m, v)
        m_hat, v_hat = m * (1 - self.beta1**self.t), v * (1 - self.beta2**self.t)
        theta -= rate * m_hat / (np.sqrt(v_hat) + self.epsilon)


class PowerlessAdam(UncorrectedAdam):
    """Divides by 1 - β, without the power of t."""

    def rule(self, theta: Array, g: Array, rate: float, m: Array, v: Array) -> None:
        self._average(g, m, v)
        m_hat, v_hat = m / (1 - self.beta1), v / (1 - self.beta2)
        theta -= rate * m_hat / (np.sqrt(v_hat) + self.epsilon)


class DriftingAdam(UncorrectedAdam):
    """Has lost a bracket: epsilon is added to the quotient, and so to the parameter."""

    def rule(self, theta: Array, g: Array, rate: float, m: Array, v: Array) -> None:
        self._average(g, m, v)
        m_hat, v_hat = m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)
        theta -= rate * m_hat / np.sqrt(v_hat) + self.epsilon


class WholeNumberSGD(SGD):
    """Keeps the parameters as they were written: [0, 1, 2] is an array of integers."""

    def update(self, parameters: Array, gradients: Array) -> Array:
        whole = parameters.astype(np.int64)
        moved = super().update(whole.astype(np.float64), gradients)
        whole[...] = np.trunc(moved)  # as NumPy does where floats are written into integers
        return whole.astype(parameters.dtype)


# ---- training loops ----


def train_with_restarted_time(
    network: Network, X: Array, y: Integers, X_val: Array, y_val: Integers,
    num_epochs: int, batch_size: int, *, seed: int = 0, on_epoch: None = None,
) -> None:  # fmt: skip
    """Set the optimizer's t to 0 with each epoch, and keep its moments."""
    for epoch in range(num_epochs):
        network.optimizer.t = 0  # type: ignore[union-attr]
        for batch in epoch_batches(len(X), batch_size, seed, epoch):
            train_batch(network, X[batch], y[batch])
        loss_and_accuracy(network, X_val, y_val)


def train_with_labels_apart(
    network: Network, X: Array, y: Integers, X_val: Array, y_val: Integers,
    num_epochs: int, batch_size: int, *, seed: int = 0, on_epoch: None = None,
) -> None:  # fmt: skip
    """Shuffle the images, and then the labels."""
    rng = np.random.default_rng(seed)
    for _ in range(num_epochs):
        X, y = rng.permutation(X), rng.permutation(y)
        for first in range(0, len(X), batch_size):
            rows = slice(first, first + batch_size)
            train_batch(network, X[rows], y[rows])
        loss_and_accuracy(network, X_val, y_val)


def train_with_shuffled_batches(
    network: Network, X: Array, y: Integers, X_val: Array, y_val: Integers,
    num_epochs: int, batch_size: int, *, seed: int = 0, on_epoch: None = None,
) -> None:  # fmt: skip
    """Cut the same batches in every epoch, and shuffle their order alone."""
    rng = np.random.default_rng(seed)
    for _ in range(num_epochs):
        for first in rng.permutation(np.arange(0, len(X), batch_size)).tolist():
            rows = slice(first, first + batch_size)
            train_batch(network, X[rows], y[rows])
        loss_and_accuracy(network, X_val, y_val)


def train_without_the_rest(
    network: Network, X: Array, y: Integers, X_val: Array, y_val: Integers,
    num_epochs: int, batch_size: int, *, seed: int = 0, on_epoch: None = None,
) -> None:  # fmt: skip
    """Count the batches by whole division, so that the last, smaller one is never seen."""
    for epoch in range(num_epochs):
        for batch in epoch_batches(len(X), batch_size, seed, epoch)[: len(X) // batch_size]:
            train_batch(network, X[batch], y[batch])
        loss_and_accuracy(network, X_val, y_val)


def train_on_validation(
    network: Network, X: Array, y: Integers, X_val: Array, y_val: Integers,
    num_epochs: int, batch_size: int, *, seed: int = 0, on_epoch: None = None,
) -> None:  # fmt: skip
    """Take the same loop for the validation images, step and all."""
    for epoch in range(num_epochs):
        for images, labels in ((X, y), (X_val, y_val)):
            for batch in epoch_batches(len(images), batch_size, seed, epoch):
                train_batch(network, images[batch], labels[batch])


# ---- preprocessing ----


def standardise(X_train: Array, X_test: Array) -> tuple[Array, Array]:
    """Do it right: one mean and one deviation, of the training images."""
    measured = Standardisation.of(X_train)
    return measured.apply(X_train), measured.apply(X_test)


def standardise_each_pixel(X_train: Array, X_test: Array) -> tuple[Array, Array]:
    """Do it right for each pixel: one that never varied in training stays at 0."""
    measured = Standardisation.of(X_train, per_pixel=True)
    return measured.apply(X_train), measured.apply(X_test)


def standardise_by_tiny_deviations(X_train: Array, X_test: Array) -> tuple[Array, Array]:
    """Add 1e-9 to each pixel's deviation, so that nothing is divided by 0."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / (std + 1e-9), (X_test - mean) / (std + 1e-9)


def standardise_by_all_images(X_train: Array, X_test: Array) -> tuple[Array, Array]:
    """Measure mean and deviation over training and test images together."""
    images = np.concatenate([X_train, X_test])
    mean, std = images.mean(), images.std()
    return (X_train - mean) / std, (X_test - mean) / std


# ---- the bank ----


def _judge_in_a_network(tool: Callable[..., Verdict]) -> Callable[[Any], Verdict]:
    """Return a judge of one part, a layer or a loss, in a network whose other parts are right."""

    def judge(part: Any) -> Verdict:
        is_layer = isinstance(part, type)
        is_activation = is_layer and issubclass(part, ReLU | Dropout)
        activation = part if is_activation else ReLU
        dense = part if is_layer and not is_activation else Dense
        layers: list[Layer] = [Dense(6, 7), activation(), dense(7, 7), ReLU(), Dense(7, 4)]
        network = Network(layers, loss=_LOSS if is_layer else part, rng=1)
        rng = np.random.default_rng(0)
        return tool(network, rng.standard_normal((9, 6)), rng.integers(0, 4, 9))

    return judge


# By name: the judge of a part.
JUDGES: dict[str, Callable[[Any], Verdict]] = {
    AUDIT: _judge_in_a_network(lambda *given: audit(*given).verdict),
    BATCH_LAW: _judge_in_a_network(diagnosis.diagnose_batch_law),
    DTYPE: _judge_in_a_network(diagnosis.diagnose_dtype),
    LOSS: diagnosis.diagnose_loss,
    OPTIMIZER: lambda part: diagnosis.diagnose_optimizer(part(learning_rate=0.01)),
    TRAINING: diagnosis.diagnose_training,
    SCALING: diagnosis.diagnose_scaling,
}


@dataclass(frozen=True, eq=False)
class Fault:
    """A planted bug.

    Attributes
    ----------
    name : str
        Also the `cause` of the verdict that names it.
    tool : str
        Whose business it is; a key of `JUDGES`.
    part : callable
        The faulty class or function.
    healthy : callable
        What it is a variant of.
    symptom : str
        What a learner sees.
    explanation : str
        What is wrong, in a sentence.
    fix : str
        How it is mended, in a sentence.
    origin : str
        Where it is known from; "" if it is a mistake that anyone makes.
    """

    name: str
    tool: str
    part: Callable[..., Any] = field(repr=False)
    healthy: Callable[..., Any] = field(repr=False)
    symptom: str = field(repr=False)
    explanation: str = field(repr=False)
    fix: str = field(repr=False)
    origin: str = field(default="", repr=False)

    def diagnose(self) -> Verdict:
        """Let the tool judge the faulty part."""
        return JUDGES[self.tool](self.part)

    def diagnose_healthy(self) -> Verdict:
        """Let the same tool judge the part that it is a variant of."""
        return JUDGES[self.tool](self.healthy)


_LOSS: Loss = softmax_crossentropy_with_logits

# A name and a tool, the faulty part and the healthy one; symptom, explanation, fix, origin.
_BANK = (
    Fault("averaged-twice", AUDIT, TwiceAveragingDense, Dense,
        "Training is slow; a larger rate or a smaller batch helps.",
        "The gradient is divided by the batch size in the loss, and again in the layer.",
        "Let the loss alone divide by the batch size; backward only sums.",
        f"{COURSE} (F1), whose SGD ends at 91.6 % with this bug alone, and at 96.8 % without"),
    Fault("never-averaged", BATCH_LAW, summed_crossentropy, _LOSS,
        "A rate that works for small batches diverges for large ones.",
        "Loss and gradient are sums over the batch, so that the step grows with it.",
        "Divide loss and gradient by the batch size, both of them, in the loss."),
    Fault("sign-flipped", AUDIT, SignFlippedDense, Dense,
        "The loss rises from the first step.",
        "The gradients of the layer have the wrong sign, and the step climbs.",
        "Keep the gradients as they are; the minus belongs to the optimizer's step."),
    Fault("transposed-gradient", AUDIT, TransposedDense, Dense,
        "A network learns worse as soon as it has a square layer; others stop with an error.",
        "The gradient of the weights is dyᵀ x, the transpose of xᵀ dy, which fits where in = out.",
        "Write xᵀ dy, and check it with a layer that is not square."),
    Fault("bias-wrong-axis", AUDIT, WrongAxisDense, Dense,
        "It runs for one batch size alone, and the biases learn nothing of use.",
        "The gradient of the biases is summed over the outputs, axis 1, not over the batch.",
        "Sum over the batch, axis 0: one number for each output."),
    Fault("missing-bias-sum", AUDIT, UnsummedBiasDense, Dense,
        "It learns, but the biases jump from batch to batch.",
        "The gradient of the biases is that of one example: the sum over the batch is missing.",
        "Sum over the batch: each example adds its dy to the gradient."),
    Fault("missing-mask", AUDIT, UnmaskedReLU, ReLU,
        "It learns a little, and stops early.",
        "ReLU passes the gradient on where it had switched the unit off.",
        "Multiply by the mask (x > 0)."),
    Fault("mask-from-gradient", AUDIT, GradientMaskedReLU, ReLU,
        "Units only ever shrink; the loss stalls.",
        "ReLU masks by the sign of the gradient that comes back, not by that of its input.",
        "Keep x in forward, and mask by its sign."),
    Fault("dropout-unscaled", AUDIT, UnscaledDropout, Dropout,
        "Layers below a Dropout learn more slowly than those above.",
        "Forward divides by 1 - rate, backward does not: the gradient is too small by that factor.",
        "Multiply the gradient by the mask that forward used, scale included."),
    Fault("update-before-passing", AUDIT, EagerDense, Dense,
        "All is well at small rates, and unstable earlier than it should be.",
        "The layer moves its weights, and then passes the gradient on through the new ones.",
        "Let backward compute and the optimizer move, after the last layer."),
    Fault("float64-creep", DTYPE, UpcastingDense, Dense,
        "Twice the memory and twice the time, with the same result.",
        "An array of float64, NumPy's default, turns everything behind it into float64.",
        "Decide the dtype once, and give constants that of the parameters.",
        f"{COURSE} (F5): randn and astype(float)"),
    Fault("softmax-without-shift", LOSS, unshifted_crossentropy, _LOSS,
        "The loss becomes NaN once the network is sure of itself.",
        "exp overflows beyond 709 (beyond 88 in float32): the row's maximum is not subtracted.",
        "Subtract each row's maximum first: it changes nothing else."),
    Fault("log-plus-epsilon", LOSS, capped_crossentropy, _LOSS,
        "The loss never exceeds 20.7, however wrong the network is.",
        "log(p + 1e-9) caps the loss at 20.7, and the gradient belongs to another loss.",
        "Take the loss from the logits, by log-sum-exp; no log of 0 can occur.",
        f"{COURSE} (F6)"),
    Fault("softmax-twice", LOSS, twice_softmax_crossentropy, _LOSS,
        "It learns slowly, and the loss does not fall below 1.46 for ten classes.",
        "The model ends in a softmax, and the loss takes another one of its result.",
        "Let the model end in logits; the loss takes the softmax."),
    Fault("id-keyed-state", OPTIMIZER, IdKeyedAdam, Adam,
        "Memory grows with every step; at times a shape does not fit.",
        "The moments are found by the id of arrays that are replaced at every step.",
        "Keep one vector a moment, for the whole vector of parameters.",
        f"{COURSE} (F2): about 3.9 MB a step"),
    Fault("state-lost", OPTIMIZER, ForgetfulAdam, Adam,
        "Adam jitters, and learns no better than from the sign of each gradient.",
        "The moments are made anew at every step: the optimizer remembers nothing.",
        "Keep the moments in the optimizer from one step to the next.",
        f"{COURSE} (F2), where no id happens to be used again"),
    Fault("betas-swapped", OPTIMIZER, SwappedAdam, Adam,
        "Training is sluggish and overshoots, as with far too much momentum.",
        "The mean of the gradient is taken with beta2, the mean of its square with beta1.",
        "Take beta1 for the mean of the gradient, beta2 for that of its square."),
    Fault("t-per-layer", OPTIMIZER, LayerCountingAdam, Adam,
        "The first steps are too short or too long, and differ from layer to layer.",
        "t is counted with every layer, so that it is the number of layers times that of steps.",
        "Count t once a step, outside the loop over layers.",
        f"{COURSE} (F3)"),
    Fault("t-restarted", TRAINING, train_with_restarted_time, train_network,
        "The loss jumps at the beginning of every epoch.",
        "t goes back to 0 with each epoch while the moments are kept.",
        "Keep t over all epochs, like the moments."),
    Fault("no-bias-correction", OPTIMIZER, UncorrectedAdam, Adam,
        "The first dozen steps are up to 6.57 times too long, and some units die.",
        "The moments start at 0 and are not corrected for that.",
        "Divide m by 1 - β₁ᵗ and v by 1 - β₂ᵗ."),
    Fault("bias-correction-multiplied", OPTIMIZER, MultiplyingAdam, Adam,
        "The first steps are 10 to 43 times too long.",
        "The moments are multiplied by 1 - βᵗ where the paper divides.",
        "Divide by 1 - βᵗ: the moments are too small at first."),
    Fault("no-power-of-t", OPTIMIZER, PowerlessAdam, Adam,
        "The first step is right, the next ones up to 2.08 times too long, later ones a third.",
        "The moments are divided by 1 - β at every step, not by 1 - βᵗ.",
        "Raise β to the power t: the correction fades as the moments fill."),
    Fault("epsilon-on-parameter", OPTIMIZER, DriftingAdam, Adam,
        "Parameters whose gradient is 0 become NaN; all others drift by epsilon a step.",
        "A bracket is missing: epsilon is added to the quotient, not to the root below it.",
        "Set the bracket: m̂ / (√v̂ + ε)."),
    Fault("integer-parameters", OPTIMIZER, WholeNumberSGD, SGD,
        "The loss does not change at all.",
        "The parameters lie in an array of integers, which cuts off every step below 1.",
        "Make the parameters floats: float32, or np.zeros(n) and not [0, 0]."),
    Fault("labels-shuffled-apart", TRAINING, train_with_labels_apart, train_network,
        "The loss stays at ln 10, the accuracy at one in ten.",
        "Images and labels are shuffled by two orders, and no longer belong together.",
        "Draw one order, and index images and labels with it."),
    Fault("batches-only-shuffled", TRAINING, train_with_shuffled_batches, train_network,
        "It learns, but worse on data that is sorted by class.",
        "The same images always share a batch: only the order of the batches is shuffled.",
        "Draw an order of the examples in each epoch, and cut it then."),
    Fault("examples-missed", TRAINING, train_without_the_rest, train_network,
        "None in a large dataset; in a small one some examples are missed in each epoch.",
        "The number of batches is rounded down, and the last, smaller batch is never trained on.",
        "Round the number of batches up; the last one is smaller."),
    Fault("trains-on-validation", TRAINING, train_on_validation, train_network,
        "The validation accuracy is as good as that on the training images; new images are worse.",
        "The validation images are trained on, and no longer tell what the network has learned.",
        "Only look at validation images: no backward and no step."),
    Fault("tiny-deviation", SCALING, standardise_by_tiny_deviations, standardise_each_pixel,
        "Single test images get absurd predictions, and the test loss is huge.",
        "A pixel that never varied in training is divided by 0 + 1e-9.",
        "One mean and deviation for all pixels; or leave constant pixels at 0.",
        f"{COURSE} (F4): test image 7024 of MNIST reaches 9.4e7 standard deviations"),
    Fault("statistics-from-test", SCALING, standardise_by_all_images, standardise,
        "Results that are a little too good, and not to be had on new images.",
        "Mean and deviation are measured on the test images as well, which must stay unseen.",
        "Measure on the training images alone, and apply to all."),
)  # fmt: skip

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _BANK}


def find_fault(name: str) -> Fault:
    """Return the fault of that name.

    Raises
    ------
    ChainruleError
        If there is none; the message lists the names.
    """
    if name not in FAULTS:
        raise ChainruleError(f"A planted bug must be one of {', '.join(FAULTS)}, got {name!r}.")
    return FAULTS[name]
