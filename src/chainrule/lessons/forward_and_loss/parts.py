"""Lesson 1: the cases, hints and wrong answers of its parts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.layers import glorot_normal, lecun_normal
from chainrule.lessons.forward_and_loss import solution
from chainrule.lessons.lesson import Case, Part, Rng, WrongAnswer
from chainrule.losses import softmax
from chainrule.proof import faults

right: Any = solution  # a learner's file has no types

# ---- dense_forward ----


def _dense_cases(rng: np.random.Generator) -> list[Case]:
    def case(batch: int, n_in: int, n_out: int, dtype: Any = np.float64) -> Case:
        return {
            "x": rng.standard_normal((batch, n_in)).astype(dtype),
            "weights": rng.standard_normal((n_in, n_out)).astype(dtype),
            "biases": rng.standard_normal(n_out).astype(dtype),
        }

    return [case(2, 3, 2), case(1, 4, 3), case(3, 3, 3), case(4, 2, 3, np.float32)]


def _upcasting_dense(x: Any, weights: Any, biases: Any) -> Any:
    layer = faults.UpcastingDense(*weights.shape)
    layer.parameters.update(weights=weights, biases=biases)
    return layer.forward(x)


DENSE_FORWARD = Part(
    name="dense_forward",
    cases=_dense_cases,
    outputs=("y",),
    hints=(
        "Which of the two shapes (batch, n_in) and (n_in, n_out) must come first, so that their "
        "inner sizes meet?",
        "Multiply the matrices with @; NumPy adds (n_out,) to each row of (batch, n_out).",
        "return x @ weights + biases",
    ),
    wrong_answers=(
        WrongAnswer(
            "no-biases",
            lambda x, weights, biases: x @ weights,
            "The biases are missing: add them to each row of the product.",
        ),
        WrongAnswer(
            "transposed-weights",
            lambda x, weights, biases: x @ weights.T + biases,
            "The weights are transposed: they are (n_in, n_out) and come as they are behind x. A "
            "square layer would take it without a word.",
        ),
        WrongAnswer(
            "weights-first",
            lambda x, weights, biases: weights @ x + biases,
            "The factors are swapped: on paper it is often W x, but here an example is a row, so "
            "that x comes first.",
        ),
        WrongAnswer(
            "entry-by-entry",
            lambda x, weights, biases: x * weights + biases,
            "* multiplies entry by entry; the product of two matrices, with its sum over n_in, "
            "is @.",
        ),
        WrongAnswer(
            "biases-as-a-column",
            lambda x, weights, biases: x @ weights + biases[:, np.newaxis],
            "The biases stand as a column, one for each example. There is one for each output: "
            "(n_out,) as it is goes along the rows.",
        ),
        WrongAnswer(
            "relu-in-the-dense-layer",
            lambda x, weights, biases: np.maximum(x @ weights + biases, 0),
            "Negative outputs are cut off. ReLU is a layer of its own, and the logits must be free "
            "to be negative.",
        ),
        WrongAnswer(
            "first-example-alone",
            lambda x, weights, biases: x[:1] @ weights + biases,
            "One row comes back for the whole batch: every example has its own row of outputs.",
        ),
        WrongAnswer(
            "float64-creep",
            _upcasting_dense,
            "float32 comes in and float64 goes out: somewhere an array of NumPy's default type is "
            "made. Give it dtype=x.dtype, or do without it.",
        ),
    ),
    keeps_dtype=True,
)

# ---- relu_forward ----


def _relu_cases(rng: np.random.Generator) -> list[Case]:
    simple = np.array([[1.5, -2.0, 0.0], [-0.5, 8.0, 0.01]])
    arrays = (
        simple,
        rng.standard_normal((1, 5)),
        2 * rng.standard_normal(4),
        rng.standard_normal((3, 2, 2)),
        rng.standard_normal((3, 4)).astype(np.float32),
    )
    return [{"x": array} for array in arrays]


def _relu_in_place(x: Any) -> Any:
    x[x < 0] = 0
    return x


def _builtin_max(x: Any) -> Any:
    return max(x, 0)


RELU_FORWARD = Part(
    name="relu_forward",
    cases=_relu_cases,
    outputs=("y",),
    hints=(
        "What becomes of a negative entry, and what of a positive one?",
        "np.maximum compares two things entry by entry; np.where chooses entry by entry.",
        "return np.maximum(x, 0)",
    ),
    wrong_answers=(
        WrongAnswer(
            "relu-in-place",
            _relu_in_place,
            "The values are right, but the argument has been overwritten: it is the output of the "
            "layer before, which the backward pass still needs. Make a new array.",
        ),
        WrongAnswer(
            "np-max-for-maximum",
            lambda x: np.max(x, 0),
            "np.max(x, 0) is the largest entry along axis 0. np.maximum(x, 0) compares each entry "
            "with 0.",
        ),
        WrongAnswer(
            "builtin-max",
            _builtin_max,
            "max, if and while want one answer for the whole array, and an array has many: compare "
            "entry by entry with np.maximum.",
        ),
        WrongAnswer(
            "minimum-for-maximum",
            lambda x: np.minimum(x, 0),
            "The wrong half is kept: negative entries must become 0, positive ones stay.",
        ),
        WrongAnswer(
            "absolute-value",
            lambda x: np.abs(x),
            "Negative entries have changed their sign: they must become 0.",
        ),
        WrongAnswer(
            "mask-alone",
            lambda x: x > 0,
            "That tells where x is positive, but not what x is there: choose between x and 0.",
        ),
        WrongAnswer(
            "derivative-of-relu",
            lambda x: np.where(x > 0, 1.0, 0.0).astype(x.dtype),
            "1 where x is positive: that is the derivative of ReLU, which comes in lesson 2.",
        ),
        WrongAnswer(
            "leaky",
            lambda x: np.where(x > 0, x, 0.01 * x),
            "Negative entries are made small, not 0: that is the leaky ReLU.",
        ),
        WrongAnswer(
            "float64-creep",
            lambda x: np.maximum(x, np.zeros(x.shape)),
            "float32 comes in and float64 goes out: an array of zeros is float64 unless told "
            "otherwise. The plain number 0 changes no type.",
        ),
    ),
    keeps_dtype=True,
)

# ---- he_normal ----


def _he_cases(rng: np.random.Generator) -> list[Case]:
    shapes = ((3, 2), (8, 3), (1, 4))
    return [{"rng": Rng(seed), "n_in": a, "n_out": b} for seed, (a, b) in enumerate(shapes, 1)]


def _scaled(scale: Callable[[int, int], float]) -> Callable[..., Any]:
    """Return an initialiser that multiplies standard normal numbers by ``scale(n_in, n_out)``."""
    return lambda rng, n_in, n_out: rng.standard_normal((n_in, n_out)) * scale(n_in, n_out)


HE_NORMAL = Part(
    name="he_normal",
    cases=_he_cases,
    outputs=("weights",),
    hints=(
        "standard_normal has variance 1. By what must you multiply it, so that the variance is "
        "2 / n_in?",
        "Multiplying by c multiplies the variance by c²: c is the standard deviation, the root of "
        "the variance.",
        "return rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)",
    ),
    wrong_answers=(
        WrongAnswer(
            "xavier-for-he",
            glorot_normal,
            "2 / (n_in + n_out) is Xavier's variance, made for tanh. He's is 2 / n_in: ReLU "
            "switches half of the inputs off.",
        ),
        WrongAnswer(
            "variance-for-deviation",
            _scaled(lambda n_in, n_out: 2 / n_in),
            "The numbers are multiplied by the variance. Multiply by the standard deviation, its "
            "root.",
        ),
        WrongAnswer(
            "half-the-variance",
            lecun_normal,
            "The 2 is missing: 1 / n_in would do without ReLU, which halves what comes in.",
        ),
        WrongAnswer(
            "n-out-for-n-in",
            _scaled(lambda n_in, n_out: np.sqrt(2 / n_out)),
            "A unit adds up n_in products, so the variance is 2 / n_in, not 2 / n_out.",
        ),
        WrongAnswer(
            "not-scaled",
            _scaled(lambda n_in, n_out: 1),
            "These are standard normal numbers, of variance 1: multiply them by the standard "
            "deviation that is asked for.",
        ),
        WrongAnswer(
            "root-of-two-alone",
            _scaled(lambda n_in, n_out: np.sqrt(2) / n_in),
            "The root is taken of the 2 alone: it is the root of the whole fraction 2 / n_in.",
        ),
        WrongAnswer(
            "divided-by-deviation",
            _scaled(lambda n_in, n_out: np.sqrt(n_in / 2)),
            "The numbers are divided by the standard deviation: multiply.",
        ),
        WrongAnswer(
            "fixed-scale",
            _scaled(lambda n_in, n_out: 0.01),
            "0.01 is the same for every layer: the deviation must depend on n_in.",
        ),
        WrongAnswer(
            "shape-swapped",
            lambda rng, n_in, n_out: rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in),
            "Rows and columns are swapped: the shape is (n_in, n_out), so that x @ weights fits.",
        ),
        WrongAnswer(
            "uniform-for-normal",
            lambda rng, n_in, n_out: rng.random((n_in, n_out)) * np.sqrt(2 / n_in),
            "rng.random draws evenly from 0 to 1, and never a negative number: draw with "
            "rng.standard_normal.",
        ),
        WrongAnswer(
            "own-generator",
            lambda rng, n_in, n_out: right.he_normal(np.random.default_rng(0), n_in, n_out),
            "The numbers do not come from the rng that is handed over: who calls decides about "
            "chance.",
        ),
    ),
)

# ---- network_forward ----


def _network_cases(rng: np.random.Generator) -> list[Case]:
    def case(batch: int, *sizes: int) -> Case:
        return {
            "x": rng.standard_normal((batch, sizes[0])),
            "weights": [rng.standard_normal(shape) for shape in pairwise(sizes)],
            "biases": [rng.standard_normal(n_out) for n_out in sizes[1:]],
        }

    return [case(2, 3, 4, 2), case(3, 2, 2), case(1, 4, 5, 3, 2), case(4, 3, 3, 3, 3)]


def _as_one_output(forward: Callable[..., Any], case: Case) -> tuple[Any, ...]:
    """Call the network's forward: a tuple of arrays is as good as a list of them."""
    return (forward(**case),)


def _network(name: str) -> Callable[..., Any]:
    """Return the network's forward with the mistake of that name."""

    def forward(x: Any, weights: Any, biases: Any) -> Any:
        relu = _relu_in_place if name == "relu-in-place" else right.relu_forward
        outputs, first = [x] if name == "input-in-the-list" else [], x
        for i in range(len(weights)):
            if (i > 0 or name == "relu-before-the-first") and name != "no-relu":
                x = relu(x)
                if name != "relu-outputs-missing":
                    outputs.append(x)
            if name == "always-the-input":
                x = first
            x = x @ weights[i] + biases[i]
            outputs.append(x)
        if name == "relu-after-the-last":
            outputs.append(relu(x))
        return outputs

    return forward


def _relu_on_logits(x: Any, weights: Any, biases: Any) -> Any:
    *outputs, logits = right.network_forward(x, weights, biases)
    return [*outputs, right.relu_forward(logits)]


def _softmax_in_network(x: Any, weights: Any, biases: Any) -> Any:
    *outputs, logits = right.network_forward(x, weights, biases)
    return [*outputs, softmax(logits)]


def _dense_and_relu_as_one(x: Any, weights: Any, biases: Any) -> Any:
    outputs = right.network_forward(x, weights, biases)
    return [*outputs[1::2], outputs[-1]]


NETWORK_FORWARD = Part(
    name="network_forward",
    cases=_network_cases,
    outputs=("outputs",),
    run=_as_one_output,
    hints=(
        "How many outputs are there for two Dense layers, and between which of them does a ReLU "
        "stand?",
        "Start the list with the first Dense; each further layer adds the ReLU of the last entry, "
        "and then the Dense of that.",
        "outputs.append(relu_forward(outputs[-1])); "
        "outputs.append(dense_forward(outputs[-1], weights[i], biases[i]))",
    ),
    wrong_answers=(
        WrongAnswer(
            "relu-after-the-last",
            _network("relu-after-the-last"),
            "There is a ReLU behind the last Dense as well. ReLUs stand between Dense layers: the "
            "logits must be free to be negative.",
        ),
        WrongAnswer(
            "relu-on-the-logits",
            _relu_on_logits,
            "The last output has gone through a ReLU. Logits are what the last Dense gives, "
            "negative ones too.",
        ),
        WrongAnswer(
            "relu-outputs-missing",
            _network("relu-outputs-missing"),
            "The outputs of the ReLUs are missing in the list: each is a layer of its own.",
        ),
        WrongAnswer(
            "dense-and-relu-as-one",
            _dense_and_relu_as_one,
            "The list holds what comes after each ReLU alone. Dense and ReLU are two layers, with "
            "one output each.",
        ),
        WrongAnswer(
            "no-relu",
            _network("no-relu"),
            "The ReLUs are missing: Dense layers one upon the other are no more than one Dense "
            "layer.",
        ),
        WrongAnswer(
            "relu-before-the-first",
            _network("relu-before-the-first"),
            "The input goes through a ReLU. The first layer is a Dense, and takes x as it is.",
        ),
        WrongAnswer(
            "relu-in-place",
            _network("relu-in-place"),
            "A ReLU has overwritten the output of the Dense before it, so that both entries of the "
            "list are one array: ReLU must make a new one.",
        ),
        WrongAnswer(
            "input-in-the-list",
            _network("input-in-the-list"),
            "The list begins with x. It holds the outputs of layers, and x is none.",
        ),
        WrongAnswer(
            "always-the-input",
            _network("always-the-input"),
            "Each Dense is given x. It must be given what the layer before it has made.",
        ),
        WrongAnswer(
            "logits-alone",
            lambda x, weights, biases: right.network_forward(x, weights, biases)[-1],
            "The logits alone come back. The backward pass needs the outputs of all layers: "
            "collect them in a list.",
        ),
        WrongAnswer(
            "softmax-in-the-network",
            _softmax_in_network,
            "The last output is a softmax. The network ends with logits; the loss takes the "
            "softmax, once.",
        ),
    ),
)

# ---- softmax ----


def _softmax_cases(rng: np.random.Generator) -> list[Case]:
    arrays = (
        rng.standard_normal((2, 3)),
        2 * rng.standard_normal((1, 4)),
        rng.standard_normal((3, 3)),
        np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1002.0, -1001.0]]),
        np.array([[0.0, -2000.0], [3000.0, 3001.0], [-5.0, 5.0]]),
        np.array([[90.0, 89.0, -90.0, 0.0]], dtype=np.float32),
    )
    return [{"logits": array} for array in arrays]


def _without_shift(logits: Any) -> Any:
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _shifted(shift: Any, sum_of: Any) -> Callable[[Any], Any]:
    """Return a softmax with its own shift and its own sum."""

    def answer(logits: Any) -> Any:
        exponentials = np.exp(logits - shift(logits))
        return exponentials / sum_of(exponentials)

    return answer


def _largest(logits: Any) -> Any:
    return logits.max(axis=1, keepdims=True)


def _row_sums(exponentials: Any) -> Any:
    return exponentials.sum(axis=1, keepdims=True)


def _shift_in_place(logits: Any) -> Any:
    logits -= _largest(logits)
    return _without_shift(logits)


SOFTMAX = Part(
    name="softmax",
    cases=_softmax_cases,
    outputs=("probabilities",),
    hints=(
        "Does a row of probabilities change if you subtract the same number from all of its "
        "logits? Which number makes the largest exponent 0?",
        "Subtract logits.max(axis=1, keepdims=True), take exp, divide by the sum of the row; "
        "keepdims keeps (batch, 1).",
        "exponentials = np.exp(logits - logits.max(axis=1, keepdims=True)); "
        "return exponentials / exponentials.sum(axis=1, keepdims=True)",
    ),
    wrong_answers=(
        WrongAnswer(
            "softmax-without-shift",
            _without_shift,
            "Right for small logits, but exp overflows beyond 709, and beyond 88 in float32: "
            "subtract the row's maximum first.",
        ),
        WrongAnswer(
            "wrong-axis",
            _shifted(lambda z: z.max(axis=0), lambda e: e.sum(axis=0)),
            "The columns sum to 1, not the rows. A row is one example: maximum and sum go along "
            "axis=1.",
        ),
        WrongAnswer(
            "sum-over-the-wrong-axis",
            _shifted(_largest, lambda e: e.sum(axis=0)),
            "The columns sum to 1, not the rows: the sum goes along axis=1.",
        ),
        WrongAnswer(
            "sum-over-all",
            _shifted(_largest, lambda e: e.sum()),
            "All entries together sum to 1. Each row is a distribution of its own: sum along "
            "axis=1.",
        ),
        WrongAnswer(
            "keepdims-missing-in-the-sum",
            _shifted(_largest, lambda e: e.sum(axis=1)),
            "A sum of shape (batch,) lines up with the columns. keepdims=True keeps it (batch, 1), "
            "one for each row.",
        ),
        WrongAnswer(
            "keepdims-missing-in-the-maximum",
            _shifted(lambda z: z.max(axis=1), _row_sums),
            "A maximum of shape (batch,) lines up with the columns. keepdims=True keeps it "
            "(batch, 1), one for each row.",
        ),
        WrongAnswer(
            "keepdims-missing",
            _shifted(lambda z: z.max(axis=1), lambda e: e.sum(axis=1)),
            "Maximum and sum of shape (batch,) line up with the columns. keepdims=True keeps them "
            "(batch, 1), one for each row.",
        ),
        WrongAnswer(
            "one-maximum-for-all",
            _shifted(lambda z: z.max(), _row_sums),
            "One maximum is subtracted from all rows, and a row far below it becomes 0 / 0. Each "
            "row has its own maximum.",
        ),
        WrongAnswer(
            "minimum-subtracted",
            _shifted(lambda z: z.min(axis=1, keepdims=True), _row_sums),
            "With the minimum subtracted, the largest exponent grows. Subtract the maximum: then "
            "it is 0.",
        ),
        WrongAnswer(
            "softmax-twice",
            lambda logits: softmax(softmax(logits)),
            "The softmax is taken twice, and the second one makes the probabilities almost equal.",
        ),
        WrongAnswer(
            "sign-lost",
            lambda logits: softmax(-logits),
            "The largest logit gets the smallest probability: look for a sign.",
        ),
        WrongAnswer(
            "log-softmax",
            lambda logits: (
                logits
                - np.log(np.exp(logits - _largest(logits)).sum(1, keepdims=True))
                - _largest(logits)
            ),
            "These are logarithms of probabilities: take exp.",
        ),
        WrongAnswer(
            "sigmoid-for-softmax",
            lambda logits: 1 / (1 + np.exp(-logits)),
            "That is the sigmoid of each logit. A softmax weighs the classes of a row against each "
            "other, and they sum to 1.",
        ),
        WrongAnswer(
            "shift-in-place",
            _shift_in_place,
            "The values are right, but -= has changed the caller's logits: give the difference a "
            "name of its own.",
        ),
    ),
)

# ---- crossentropy ----


def _crossentropy_cases(rng: np.random.Generator) -> list[Case]:
    pairs = (
        (rng.standard_normal((2, 3)), [2, 0]),
        (2 * rng.standard_normal((1, 4)), [1]),
        (np.zeros((3, 10)), [0, 3, 9]),
        (rng.standard_normal((3, 3)), [1, 1, 2]),
        (np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1002.0, -1001.0]]), [0, 2]),
        (np.array([[-200.0, 0.0, 2.0], [0.0, 40.0, 1.0]]), [0, 0]),
        (np.array([[0.0, 2000.0], [3000.0, 0.0], [5.0, -5.0]]), [0, 1, 0]),
        (np.array([[120.0, 0.0, -120.0]], dtype=np.float32), [2]),
    )
    return [{"logits": logits, "labels": np.array(labels)} for logits, labels in pairs]


def _loss_of(fault: Any) -> Callable[[Any, Any], Any]:
    """Return the loss without its gradient."""
    return lambda logits, labels: fault(logits, labels)[0]


def _losses(logits: Any, labels: Any) -> Any:
    """Return the right loss of each example, shape (batch,)."""
    rows = zip(logits, labels, strict=True)
    return np.array([right.crossentropy(row[None], np.array([label])) for row, label in rows])


def _of_probabilities(loss: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a loss of the right probabilities: ``loss(probabilities, labels)``."""
    return lambda logits, labels: loss(softmax(logits), labels)


def _log_sum_exp_without_shift(logits: Any, labels: Any) -> Any:
    return (np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]).mean()


def _maximum_not_added_back(logits: Any, labels: Any) -> Any:
    sums = np.exp(logits - _largest(logits)).sum(axis=1)
    return (np.log(sums) - logits[np.arange(len(labels)), labels]).mean()


def _shift_logits_in_place(logits: Any, labels: Any) -> Any:
    logits -= _largest(logits)
    return _log_sum_exp_without_shift(logits, labels)


CROSSENTROPY = Part(
    name="crossentropy",
    cases=_crossentropy_cases,
    outputs=("loss",),
    hints=(
        "For one row: which part of log(sum of exp(row)) - row[label] can overflow, and what may "
        "you subtract from all logits of the row?",
        "With shifted = logits - the row's maximum, the loss of a row is "
        "log(sum of exp(shifted)) - shifted[label]; shifted[np.arange(batch), labels] picks one "
        "entry from each row.",
        "losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]; "
        "return losses.mean()",
    ),
    wrong_answers=(
        WrongAnswer(
            "softmax-without-shift",
            _loss_of(faults.unshifted_crossentropy),
            "Right for small logits, but exp overflows beyond 709, and beyond 88 in float32: "
            "subtract the row's maximum first.",
        ),
        WrongAnswer(
            "log-plus-epsilon",
            _loss_of(faults.capped_crossentropy),
            "log(p + 1e-9) caps the loss at 20.7, however wrong the network is. Stay with the "
            "logits: no log of a probability is needed.",
        ),
        WrongAnswer(
            "log-of-a-softmax",
            _of_probabilities(lambda p, labels: -np.log(p[np.arange(len(labels)), labels]).mean()),
            "A probability that is too small becomes 0, and log(0) is -infinity. Do not take the "
            "log of a softmax: log and exp cancel in shifted[label].",
        ),
        WrongAnswer(
            "softmax-twice",
            _loss_of(faults.twice_softmax_crossentropy),
            "The softmax is taken twice: the loss gets logits, and its log-sum-exp is the softmax "
            "already.",
        ),
        WrongAnswer(
            "never-averaged",
            _loss_of(faults.summed_crossentropy),
            "The losses are summed over the batch: take their mean, or the loss grows with the "
            "batch.",
        ),
        WrongAnswer(
            "one-loss-an-example",
            _losses,
            "That is the loss of each example: take the mean over the batch.",
        ),
        WrongAnswer(
            "averaged-over-classes",
            lambda logits, labels: _losses(logits, labels).mean() / logits.shape[1],
            "The mean runs over batch times classes: only one entry of each row counts, so divide "
            "by the batch alone.",
        ),
        WrongAnswer(
            "sign-lost",
            lambda logits, labels: -_losses(logits, labels).mean(),
            "The sign is wrong: the log of a probability is negative, and the loss is minus that.",
        ),
        WrongAnswer(
            "every-row-with-every-label",
            lambda logits, labels: np.mean(
                [_losses(logits, np.full(len(labels), label)).mean() for label in labels]
            ),
            "[:, labels] takes all labels from every row. [np.arange(batch), labels] takes one "
            "entry from each row.",
        ),
        WrongAnswer(
            "largest-for-label",
            lambda logits, labels: _losses(logits, logits.argmax(axis=1)).mean(),
            "The largest probability of the row is taken: it must be that of the label.",
        ),
        WrongAnswer(
            "maximum-not-added-back",
            _maximum_not_added_back,
            "The maximum is subtracted in one term alone: take shifted[label], not logits[label].",
        ),
        WrongAnswer(
            "no-log",
            _of_probabilities(lambda p, labels: (1 - p[np.arange(len(labels)), labels]).mean()),
            "That is how much probability is missing. The loss is minus the log of the "
            "probability.",
        ),
        WrongAnswer(
            "shift-in-place",
            _shift_logits_in_place,
            "The value is right, but -= has changed the caller's logits: give the difference a "
            "name of its own.",
        ),
    ),
)

PARTS = (DENSE_FORWARD, RELU_FORWARD, HE_NORMAL, NETWORK_FORWARD, SOFTMAX, CROSSENTROPY)
