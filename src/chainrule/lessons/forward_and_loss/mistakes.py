"""Lesson 1: wrong answers, each with the hint that it gets; one without shares the next one's."""

import numpy as np

from chainrule.layers import glorot_normal, lecun_normal
from chainrule.lessons.forward_and_loss import solution as right
from chainrule.proof.faults import FAULTS

# ---- dense_forward ----


class DenseForward:
    def no_biases(x, weights, biases):
        """The biases are missing: add them to each row of the product."""
        return x @ weights

    def transposed_weights(x, weights, biases):
        """The weights are transposed: they are (n_in, n_out) and come as they are behind x. A
        square layer would take it without a word."""
        return x @ weights.T + biases

    def weights_first(x, weights, biases):
        """The factors are swapped: on paper it is often W x, but here an example is a row, so that
        x comes first."""
        return weights @ x + biases

    def entry_by_entry(x, weights, biases):
        """* multiplies entry by entry; the product of two matrices, with its sum over n_in, is
        @."""
        return x * weights + biases

    def biases_as_a_column(x, weights, biases):
        """The biases stand as a column, one for each example. There is one for each output:
        (n_out,) as it is goes along the rows."""
        return x @ weights + biases[:, np.newaxis]

    def relu_in_the_dense_layer(x, weights, biases):
        """Negative outputs are cut off. ReLU is a layer of its own, and the logits must be free to
        be negative."""
        return np.maximum(x @ weights + biases, 0)

    def first_example_alone(x, weights, biases):
        """One row comes back for the whole batch: every example has its own row of outputs."""
        return x[:1] @ weights + biases

    def float64_creep(x, weights, biases):
        """float32 comes in and float64 goes out: somewhere an array of NumPy's default type is
        made. Give it dtype=x.dtype, or do without it."""
        return (x @ weights + biases) * np.ones(len(biases))


# ---- relu_forward ----


class ReluForward:
    def relu_in_place(x):
        """The values are right, but the argument has been overwritten: it is the output of the
        layer before, which the backward pass still needs. Make a new array."""
        x[x < 0] = 0
        return x

    def np_max_for_maximum(x):
        """np.max(x, 0) is the largest entry along axis 0. np.maximum(x, 0) compares each entry with
        0."""
        return np.max(x, 0)

    def builtin_max(x):
        """max, if and while want one answer for the whole array, and an array has many: compare
        entry by entry with np.maximum."""
        return max(x, 0)

    def minimum_for_maximum(x):
        """The wrong half is kept: negative entries must become 0, positive ones stay."""
        return np.minimum(x, 0)

    def absolute_value(x):
        """Negative entries have changed their sign: they must become 0."""
        return np.abs(x)

    def mask_alone(x):
        """That tells where x is positive, but not what x is there: choose between x and 0."""
        return x > 0

    def derivative_of_relu(x):
        """1 where x is positive: that is the derivative of ReLU, which comes in lesson 2."""
        return np.where(x > 0, 1.0, 0.0).astype(x.dtype)

    def leaky(x):
        """Negative entries are made small, not 0: that is the leaky ReLU."""
        return np.where(x > 0, x, 0.01 * x)

    def capped(x):
        """Large entries are cut off at 6: ReLU has no upper end. Keep what is positive as it is."""
        return np.clip(x, 0, 6)

    def float64_creep(x):
        """float32 comes in and float64 goes out: an array of zeros is float64 unless told
        otherwise. The plain number 0 changes no type."""
        return np.maximum(x, np.zeros(x.shape))


# ---- he_normal ----


def scaled(scale):
    """Return a he_normal that multiplies standard normal numbers by ``scale(n_in, n_out)``."""
    return lambda rng, n_in, n_out: rng.standard_normal((n_in, n_out)) * scale(n_in, n_out)


class HeNormal:
    xavier_for_he = glorot_normal
    """2 / (n_in + n_out) is Xavier's variance, made for tanh. He's is 2 / n_in: ReLU switches half
    of the inputs off."""

    variance_for_deviation = scaled(lambda n_in, n_out: 2 / n_in)
    """The numbers are multiplied by the variance. Multiply by the standard deviation, its root."""

    half_the_variance = lecun_normal
    """The 2 is missing: 1 / n_in would do without ReLU, which halves what comes in."""

    n_out_for_n_in = scaled(lambda n_in, n_out: np.sqrt(2 / n_out))
    """A unit adds up n_in products, so the variance is 2 / n_in, not 2 / n_out."""

    not_scaled = scaled(lambda n_in, n_out: 1)
    """These are standard normal numbers, of variance 1: multiply them by the standard deviation
    that is asked for."""

    root_of_two_alone = scaled(lambda n_in, n_out: np.sqrt(2) / n_in)
    """The root is taken of the 2 alone: it is the root of the whole fraction 2 / n_in."""

    divided_by_deviation = scaled(lambda n_in, n_out: np.sqrt(n_in / 2))
    """The numbers are divided by the standard deviation: multiply."""

    fixed_scale = scaled(lambda n_in, n_out: 0.01)
    """0.01 is the same for every layer: the deviation must depend on n_in."""

    def shape_swapped(rng, n_in, n_out):
        """Rows and columns are swapped: the shape is (n_in, n_out), so that x @ weights fits."""
        return rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in)

    def uniform_for_normal(rng, n_in, n_out):
        """rng.random draws evenly from 0 to 1, and never a negative number: draw with
        rng.standard_normal."""
        return rng.random((n_in, n_out)) * np.sqrt(2 / n_in)

    def own_generator(rng, n_in, n_out):
        """The numbers do not come from the rng that is handed over: who calls decides about
        chance."""
        return right.he_normal(np.random.default_rng(0), n_in, n_out)


# ---- network_forward ----


def network_but(change):
    """Return a network_forward that returns ``change(the right outputs)``."""
    return lambda x, weights, biases: change(right.network_forward(x, weights, biases))


class NetworkForward:
    relu_after_the_last = network_but(lambda found: [*found, right.relu_forward(found[-1])])
    """There is a ReLU behind the last Dense as well. ReLUs stand between Dense layers: the logits
    must be free to be negative."""

    relu_on_the_logits = network_but(lambda found: [*found[:-1], right.relu_forward(found[-1])])
    """The last output has gone through a ReLU. Logits are what the last Dense gives, negative ones
    too."""

    relu_outputs_missing = network_but(lambda found: found[::2])
    """The outputs of the ReLUs are missing in the list: each is a layer of its own."""

    dense_and_relu_as_one = network_but(lambda found: [*found[1::2], found[-1]])
    """The list holds what comes after each ReLU alone. Dense and ReLU are two layers, with one
    output each."""

    def no_relu(x, weights, biases):
        """The ReLUs are missing: Dense layers one upon the other are no more than one Dense
        layer."""
        return [x := x @ W + b for W, b in zip(weights, biases, strict=True)]

    def relu_before_the_first(x, weights, biases):
        """The input goes through a ReLU. The first layer is a Dense, and takes x as it is."""
        x = right.relu_forward(x)
        return [x, *right.network_forward(x, weights, biases)]

    @network_but
    def relu_in_place(found):
        """A ReLU has overwritten the output of the Dense before it, so that both entries of the
        list are one array: ReLU must make a new one."""
        found[:-1:2] = found[1::2]
        return found

    def input_in_the_list(x, weights, biases):
        """The list begins with x. It holds the outputs of layers, and x is none."""
        return [x, *right.network_forward(x, weights, biases)]

    def always_the_input(x, weights, biases):
        """Each Dense is given x. It must be given what the layer before it has made."""
        dense = [x @ W + b for W, b in zip(weights, biases, strict=True)]
        return [y for logits in dense for y in (logits, right.relu_forward(logits))][:-1]

    logits_alone = network_but(lambda found: found[-1])
    """The logits alone come back. The backward pass needs the outputs of all layers: collect them
    in a list."""

    softmax_in_the_network = network_but(lambda found: [*found[:-1], right.softmax(found[-1])])
    """The last output is a softmax. The network ends with logits; the loss takes the softmax,
    once."""


# ---- softmax ----


def row_maximum(logits):
    return logits.max(axis=1, keepdims=True)


def row_sum(exponentials):
    return exponentials.sum(axis=1, keepdims=True)


def softmax_with(shift, total):
    """Return a softmax that subtracts ``shift(z)`` and divides by ``total(exponentials)``."""

    def answer(logits):
        exponentials = np.exp(logits - shift(logits))
        return exponentials / total(exponentials)

    return answer


class Softmax:
    softmax_without_shift = softmax_with(lambda z: 0, row_sum)
    """Right for small logits, but exp overflows beyond 709, and beyond 88 in float32: subtract the
    row's maximum first."""

    wrong_axis = softmax_with(lambda z: z.max(axis=0), lambda e: e.sum(axis=0))
    """The columns sum to 1, not the rows. A row is one example: maximum and sum go along axis=1."""

    sum_over_the_wrong_axis = softmax_with(row_maximum, lambda e: e.sum(axis=0))
    """The columns sum to 1, not the rows: the sum goes along axis=1."""

    sum_over_all = softmax_with(row_maximum, lambda e: e.sum())
    """All entries together sum to 1. Each row is a distribution of its own: sum along axis=1."""

    keepdims_missing_in_the_sum = softmax_with(row_maximum, lambda e: e.sum(axis=1))
    """A sum of shape (batch,) lines up with the columns. keepdims=True keeps it (batch, 1), one for
    each row."""

    keepdims_missing_in_the_maximum = softmax_with(lambda z: z.max(axis=1), row_sum)
    """A maximum of shape (batch,) lines up with the columns. keepdims=True keeps it (batch, 1), one
    for each row."""

    keepdims_missing = softmax_with(lambda z: z.max(axis=1), lambda e: e.sum(axis=1))
    """Maximum and sum of shape (batch,) line up with the columns. keepdims=True keeps them (batch,
    1), one for each row."""

    one_maximum_for_all = softmax_with(lambda z: z.max(), row_sum)
    """One maximum is subtracted from all rows, and a row far below it becomes 0 / 0. Each row has
    its own maximum."""

    minimum_subtracted = softmax_with(lambda z: z.min(axis=1, keepdims=True), row_sum)
    """With the minimum subtracted, the largest exponent grows. Subtract the maximum: then it is
    0."""

    def epsilon_added(logits):
        return right.softmax(logits) + 1e-9

    def larger_epsilon_added(logits):
        """Something small, such as 1e-9, is added to each probability: the rows no longer sum to 1,
        and what is nearly 0 is wrong by far. With the maximum subtracted nothing needs it."""
        return right.softmax(logits) + 1e-8

    epsilon_in_the_sum = softmax_with(row_maximum, lambda e: row_sum(e) + 1e-9)
    larger_epsilon_in_the_sum = softmax_with(row_maximum, lambda e: row_sum(e) + 1e-8)
    """Something small, such as 1e-9, is added to the sum. The sum is at least 1 once the maximum is
    subtracted: divide by it as it is."""

    def softmax_twice(logits):
        """The softmax is taken twice, and the second one makes the probabilities almost equal."""
        return right.softmax(right.softmax(logits))

    def sign_lost(logits):
        """The largest logit gets the smallest probability: look for a sign."""
        return right.softmax(-logits)

    def log_softmax(logits):
        """These are logarithms of probabilities: take exp."""
        shifted = logits - row_maximum(logits)
        return shifted - np.log(row_sum(np.exp(shifted)))

    def sigmoid_for_softmax(logits):
        """That is the sigmoid of each logit. A softmax weighs the classes of a row against each
        other, and they sum to 1."""
        return 1 / (1 + np.exp(-logits))

    def shift_in_place(logits):
        """The values are right, but -= has changed the caller's logits: give the difference a name
        of its own."""
        logits -= row_maximum(logits)
        return right.softmax(logits)


# ---- crossentropy ----


def fault_of_loss(name):
    """Return a faulty loss without its gradient."""
    return lambda logits, labels: FAULTS[name].part(logits, labels)[0]


def of_labels(array, labels):
    return array[np.arange(len(labels)), labels]


def losses(logits, labels):
    """Return the right loss of each example, shape (batch,)."""
    shifted = logits - row_maximum(logits)
    return np.log(np.exp(shifted).sum(axis=1)) - of_labels(shifted, labels)


class Crossentropy:
    softmax_without_shift = fault_of_loss("softmax-without-shift")
    """Right for small logits, but exp overflows beyond 709, and beyond 88 in float32: subtract the
    row's maximum first."""

    log_plus_epsilon = fault_of_loss("log-plus-epsilon")
    """log(p + 1e-9) caps the loss at 20.7, however wrong the network is. Stay with the logits: no
    log of a probability is needed."""

    def log_of_a_softmax(logits, labels):
        """A probability that is too small becomes 0, and log(0) is -infinity. Do not take the log
        of a softmax: log and exp cancel in shifted[label]."""
        return -np.log(of_labels(right.softmax(logits), labels)).mean()

    softmax_twice = fault_of_loss("softmax-twice")
    """The softmax is taken twice: the loss gets logits, and its log-sum-exp is the softmax
    already."""

    never_averaged = fault_of_loss("never-averaged")
    """The losses are summed over the batch: take their mean, or the loss grows with the batch."""

    one_loss_an_example = losses
    """That is the loss of each example: take the mean over the batch."""

    def averaged_over_classes(logits, labels):
        """The mean runs over batch times classes: only one entry of each row counts, so divide by
        the batch alone."""
        return losses(logits, labels).sum() / logits.size

    def sign_lost(logits, labels):
        """The sign is wrong: the log of a probability is negative, and the loss is minus that."""
        return -right.crossentropy(logits, labels)

    def every_row_with_every_label(logits, labels):
        """[:, labels] takes all labels from every row. [np.arange(batch), labels] takes one entry
        from each row."""
        return np.mean([right.crossentropy(logits, np.full(len(labels), one)) for one in labels])

    def largest_for_label(logits, labels):
        """The largest probability of the row is taken: it must be that of the label."""
        return right.crossentropy(logits, logits.argmax(axis=1))

    def maximum_not_added_back(logits, labels):
        """The maximum is subtracted in one term alone: take shifted[label], not logits[label]."""
        sums = np.exp(logits - row_maximum(logits)).sum(axis=1)
        return (np.log(sums) - of_labels(logits, labels)).mean()

    def no_log(logits, labels):
        """That is how much probability is missing. The loss is minus the log of the probability."""
        return (1 - of_labels(right.softmax(logits), labels)).mean()

    def shift_in_place(logits, labels):
        """The value is right, but -= has changed the caller's logits: give the difference a name of
        its own."""
        logits -= row_maximum(logits)
        return right.crossentropy(logits, labels)
