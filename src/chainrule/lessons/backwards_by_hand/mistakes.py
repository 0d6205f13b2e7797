"""Lesson 2: wrong answers, each with the hint that it gets; one without shares the next one's."""

import numpy as np

from chainrule.lessons.backwards_by_hand import solution as right
from chainrule.proof.faults import FAULTS

# ---- numerical_gradient ----


def differences(
    quotient=lambda here, above, below, h: (above - below) / (2 * h),
    point_of=lambda x: np.array(x, dtype=float),
    gradient_of=lambda x: np.zeros(x.shape),
    restores=True,
):
    """Return a numerical_gradient that ends in ``quotient(f(x), f(x + h), f(x - h), h)``.

    Its point and its gradient may be made in another way, and entries may stay moved.
    """

    def answer(function, x, step):
        point, gradient = point_of(x), gradient_of(x)
        here = function(point)
        for index in np.ndindex(x.shape):
            kept = point[index]
            point[index] = kept + step
            above = function(point)
            point[index] = kept - step
            gradient[index] = quotient(here, above, function(point), step)
            if restores:
                point[index] = kept
        return gradient

    return answer


class NumericalGradient:
    one_sided_difference = differences(lambda here, above, below, h: (above - here) / h)
    one_sided_from_below = differences(lambda here, above, below, h: (here - below) / h)
    """That is the difference to one side, whose error is as large as h: go a step up and a step
    down from x, and divide by the 2h between them."""

    divided_by_one_step = differences(lambda here, above, below, h: (above - below) / h)
    """Twice what is right: between x - h and x + h lie two steps, so divide by 2h."""

    bracket_missing = differences(lambda here, above, below, h: (above - below) / 2 * h)
    """Python reads / 2 * step from left to right, and multiplies by the step: write / (2 *
    step)."""

    not_divided = differences(lambda here, above, below, h: above - below)
    """That is how far the function moves, not how fast: divide by the way, 2h."""

    sign_flipped = differences(lambda here, above, below, h: (below - above) / (2 * h))
    """The sign is flipped: the value at x + h comes first, that at x - h is taken off."""

    sign_lost = differences(lambda here, above, below, h: abs(above - below) / (2 * h))
    """The sign is lost: where the function falls the slope is negative. Take the difference as it
    is, without abs."""

    not_restored = differences(restores=False)
    not_restored_in_place = differences(point_of=lambda x: x, restores=False)
    """An entry stays where it was moved to, so that the next one is measured at another point: put
    the old value back before you go on."""

    def restored_by_adding(function, x, step):
        """x + h - 2h + h is not always x: rounding leaves the argument changed in its last digit.
        Keep the old value, or work on a copy."""
        if x.dtype.kind == "f":
            x[...] = x + step - 2 * step + step  # as += h, -= 2h, += h leave it
        return right.numerical_gradient(function, x, step)

    integer_x = differences(point_of=np.copy)
    integer_x_and_gradient = differences(point_of=np.copy, gradient_of=np.zeros_like)
    """An array of whole numbers cuts off what you add to it: make a copy of floats, np.array(x,
    dtype=float)."""

    def integer_gradient(function, x, step):
        """np.zeros_like(x) has the dtype of x, so whole numbers cut the gradient off: use
        np.zeros(x.shape)."""
        return right.numerical_gradient(function, x, step).astype(x.dtype)

    def all_at_once(function, x, step):
        """All entries move together, which gives the sum of the gradient: move one entry, and leave
        the others where they are."""
        return np.full(x.shape, (function(x + step) - function(x - step)) / (2 * step))

    def whole_rows(function, x, step):
        """With two axes x[i] is a whole row, and all of it moves: loop over np.ndindex(x.shape),
        which gives the index of one entry."""
        gradient = np.zeros(x.shape)
        for i in range(len(x)):
            moved = np.zeros(x.shape)
            moved[i] = step
            gradient[i] = (function(x + moved) - function(x - moved)) / (2 * step)
        return gradient

    def own_step(function, x, step):
        """The step is an argument: use it in place of a number of your own."""
        return right.numerical_gradient(function, x, 1e-5)

    def relative_step(function, x, step):
        """Your step grows with the entry. That is a good habit, but not what is asked: the step is
        the same for each entry here."""
        gradient = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            h = step * max(1, abs(x[index]))
            gradient[index] = right.numerical_gradient(function, x, h)[index]
        return gradient


# ---- dense_backward ----


def dense_but(change):
    """Return a dense_backward whose three right gradients are changed by `change`."""

    def answer(x, weights, grad_y):
        return change(*right.dense_backward(x, weights, grad_y), x, weights, grad_y)

    return answer


def moving_first(rate):
    """Return a dense_backward that moves the weights before it passes the gradient on."""

    def answer(x, weights, grad_y):
        weights -= rate * (x.T @ grad_y)
        return right.dense_backward(x, weights, grad_y)

    return answer


class DenseBackward:
    averaged_twice = dense_but(lambda dx, dW, db, x, W, dy: (dx, dW / len(x), db / len(x)))
    weights_averaged = dense_but(lambda dx, dW, db, x, W, dy: (dx, dW / len(x), db))
    all_averaged = dense_but(lambda dx, dW, db, x, W, dy: (dx / len(x), dW / len(x), db / len(x)))
    """Your dW is 1/B of the numerical one: the loss has already divided by the batch. A layer sums,
    and never divides."""

    biases_averaged = dense_but(lambda dx, dW, db, x, W, dy: (dx, dW, db / len(x)))
    """The gradient of the biases is a mean over the batch where it must be a sum: the loss has
    divided already."""

    gradients_clipped = dense_but(lambda *found: tuple(np.clip(g, -5, 5) for g in found[:3]))
    clipped_at_1 = dense_but(lambda *found: tuple(np.clip(g, -1, 1) for g in found[:3]))
    """Large gradients are cut off. Clipping is a choice of training, not a part of the derivative:
    return them as they are."""

    sign_flipped = dense_but(lambda dx, dW, db, x, W, dy: (dx, -dW, -db))
    """The gradients have the wrong sign. They point uphill; it is the optimizer that subtracts
    them."""

    transposed_gradient = dense_but(lambda dx, dW, db, x, W, dy: (dx, dW.T, db))
    """Your dW is the transpose, dyᵀ x: it must be (n_in, n_out) as the weights are, xᵀ dy. In a
    square layer nothing would stop you."""

    x_not_transposed = dense_but(lambda dx, dW, db, x, W, dy: (dx, x @ dy, db))
    """x @ grad_y fits only where batch = n_in: the sum must run over the batch, so x is
    transposed."""

    no_transpose = dense_but(lambda dx, dW, db, x, W, dy: (dy @ W, dW, db))
    """Backwards the weights lead from n_out to n_in: dx = dy Wᵀ. Without the transpose it fits only
    where the layer is square."""

    bias_wrong_axis = dense_but(lambda dx, dW, db, x, W, dy: (dx, dW, dy.sum(axis=1)))
    """The biases' gradient is summed over the outputs, axis 1: one number an example. Sum over the
    batch, axis 0: one number an output."""

    missing_bias_sum = dense_but(lambda dx, dW, db, x, W, dy: (dx, dW, dy[0]))
    biases_not_summed = dense_but(lambda dx, dW, db, x, W, dy: (dx, dW, dy))
    """Each example pulls at the same biases: sum their rows, np.sum over axis 0, which leaves
    (n_out,)."""

    wrong_order = dense_but(lambda dx, dW, db, x, W, dy: (dW, db, dx))
    """The order is grad_x, grad_weights, grad_biases."""

    update_before_passing = moving_first(0.1)
    update_before_passing_0_01 = moving_first(0.01)
    update_before_passing_1 = moving_first(1.0)
    """The weights have moved before the gradient was passed on through them: grad_x needs those
    that forward used. And moving is the optimizer's work."""

    def update_in_backward(x, weights, grad_y):
        """The gradients are right, but the weights have moved: layers compute, optimizers move."""
        gradients = right.dense_backward(x, weights, grad_y)
        weights -= 0.1 * gradients[1]
        return gradients


# ---- relu_backward ----


class ReluBackward:
    def missing_mask(x, grad_y):
        """The gradient passes through units that were switched off. Where x ≤ 0 the output did not
        move with x: the gradient there is 0."""
        return grad_y

    def mask_from_gradient(x, grad_y):
        """You mask where the gradient is negative. What counts is the sign of x, the input of
        forward: backward is not ReLU again."""
        return grad_y * (grad_y > 0)

    def mask_alone(x, grad_y):
        """That is the local derivative alone. The chain rule multiplies it by what comes back,
        grad_y."""
        return np.where(x > 0, np.ones_like(x), np.zeros_like(x))

    def times_output(x, grad_y):
        """You multiply by the output, max(x, 0). The derivative is 1 where x > 0, however large x
        is."""
        return grad_y * np.maximum(x, 0)

    def passes_at_zero(x, grad_y):
        """At x = 0 exactly, the derivative is taken as 0: x > 0, not x >= 0."""
        return grad_y * (x >= 0)

    def mask_inverted(x, grad_y):
        """The mask is inverted: the gradient passes where x > 0."""
        return grad_y * (x <= 0)

    def float64_creep(x, grad_y):
        """astype(float) is float64, and turns a float32 gradient into float64: twice the memory and
        time. The mask of booleans multiplies as it is."""
        return grad_y * (x > 0).astype(float)

    def in_place(x, grad_y):
        """The values are right, but grad_y itself is changed, and someone else may still need it:
        multiply, which makes a new array."""
        grad_y[x <= 0] = 0
        return grad_y


# ---- crossentropy_backward ----


def one_hot(logits, labels):
    return np.eye(logits.shape[1])[labels]


def gradient_by(formula):
    """Return a crossentropy_backward that is ``formula(softmax, one-hot rows)``."""
    return lambda logits, labels: formula(right.softmax(logits), one_hot(logits, labels))


class CrossentropyBackward:
    no_one_hot = gradient_by(lambda p, hot: p / len(p))
    """The labels do not occur: subtract 1 from each row's entry of its label. Each row of the
    gradient must sum to 0."""

    never_averaged = gradient_by(lambda p, hot: p - hot)
    """Your gradient is B times the numerical one: the loss is a mean over the batch, and this is
    the one place that divides by it."""

    averaged_over_classes = gradient_by(lambda p, hot: (p - hot) / p.size)
    """You divide by batch times classes: the loss is a mean over the examples alone."""

    averaged_twice = gradient_by(lambda p, hot: (p - hot) / len(p) ** 2)
    """The batch is divided twice, so that your gradient is 1/B of the numerical one."""

    sign_flipped = gradient_by(lambda p, hot: (hot - p) / len(p))
    """The sign is flipped: softmax minus one-hot. A larger logit of the label lowers the loss, so
    its gradient is negative."""

    def whole_columns(logits, labels):
        """p[:, labels] takes those columns in every row. Pair each row with its own label:
        p[np.arange(len(labels)), labels]."""
        p = right.softmax(logits)
        p[:, labels] -= 1
        return p / len(labels)

    def label_subtracted(logits, labels):
        """You subtract the number of the class. Subtract 1 at the place of the class: its one-hot
        row."""
        return (right.softmax(logits) - labels[:, np.newaxis]) / len(labels)

    def logits_not_softmax(logits, labels):
        """The softmax is missing: the gradient is softmax(logits) minus one-hot."""
        return (logits - one_hot(logits, labels)) / len(labels)

    derivative_twice = gradient_by(lambda p, hot: (p - hot) * p * (1 - p) / len(p))
    """p (1 - p) is there already: softmax minus one-hot is the whole derivative, softmax and
    logarithm together."""

    def softmax_wrong_axis(logits, labels):
        """Your softmax sums over the batch: each row of the logits is one example, and its
        probabilities sum to 1 along axis 1. softmax is given above."""
        return (right.softmax(logits.T).T - one_hot(logits, labels)) / len(labels)

    def softmax_twice(logits, labels):
        """The softmax is taken twice: the logits come in as they are, and go through softmax
        once."""
        return right.crossentropy_backward(right.softmax(logits), labels)

    def softmax_without_shift(logits, labels):
        """exp overflows for logits beyond 709: call softmax, given above, which subtracts the row's
        maximum first."""
        return FAULTS["softmax-without-shift"].part(logits, labels)[1]


# ---- network_backward ----


def network(
    dense=right.dense_backward,
    relu=right.relu_backward,
    loss=right.crossentropy_backward,
    came_in=lambda i: 2 * i,
    masks_logits=False,
):
    """Return a network_backward with some of its parts exchanged."""

    def answer(x, weights, biases, labels):
        inputs = [x, *right.network_forward(x, weights, biases)]
        grad_weights, grad_biases = [None] * len(weights), [None] * len(weights)
        grad = loss(inputs[-1], labels)
        for i in reversed(range(len(weights))):
            if masks_logits or i < len(weights) - 1:
                grad = relu(inputs[2 * i + 1], grad)
            grad, grad_weights[i], grad_biases[i] = dense(inputs[came_in(i)], weights[i], grad)
        return grad_weights, grad_biases

    return answer


class NetworkBackward:
    def reversed_lists(x, weights, biases, labels):
        """You walk backwards, and so your lists begin with the last layer: give them back in the
        order of weights."""
        grad_weights, grad_biases = right.network_backward(x, weights, biases, labels)
        return grad_weights[::-1], grad_biases[::-1]

    def wrong_order(x, weights, biases, labels):
        """First the list of the weights' gradients, then that of the biases'."""
        return right.network_backward(x, weights, biases, labels)[::-1]

    missing_mask = network(relu=ReluBackward.missing_mask)
    """The ReLUs are left out on the way back: between two Dense layers the gradient passes
    relu_backward."""

    mask_from_gradient = network(relu=ReluBackward.mask_from_gradient)
    """relu_backward needs what came into the ReLU, the output of the Dense before it; you mask by
    the gradient."""

    relu_on_logits = network(masks_logits=True)
    """No ReLU follows the last Dense layer: the gradient of the logits goes into it unmasked."""

    input_before_relu = network(came_in=lambda i: max(0, 2 * i - 1))
    """Each Dense layer was given the output of the ReLU before it, not that ReLU's input."""

    def gradient_not_passed(x, weights, biases, labels):
        """Every layer is given the gradient of the logits: hand on what dense_backward returns
        first, grad_x, to the layer before it."""
        inputs = [x, *right.network_forward(x, weights, biases)]
        grad = right.crossentropy_backward(inputs[-1], labels)
        found = [
            right.dense_backward(x, W, grad) for x, W in zip(inputs[::2], weights, strict=True)
        ]
        return [dW for _, dW, _ in found], [db for _, _, db in found]

    averaged_twice = network(dense=DenseBackward.averaged_twice)
    """Your gradients are 1/B of the numerical ones: crossentropy_backward has divided by the batch,
    and no one else does."""

    never_averaged = network(loss=CrossentropyBackward.never_averaged)
    """Your gradients are B times the numerical ones: start with the gradient of the mean,
    crossentropy_backward."""

    sign_flipped = network(loss=CrossentropyBackward.sign_flipped)
    """All signs are flipped. The optimizer subtracts; a gradient points uphill."""

    missing_bias_sum = network(dense=DenseBackward.missing_bias_sum)
    """The biases' gradients are those of the first example alone: sum over the batch."""

    update_before_passing = network(dense=DenseBackward.update_before_passing)
    """A layer's weights move before the gradient has passed through them: first all gradients, then
    the optimizer's step."""

    def update_in_backward(x, weights, biases, labels):
        """The gradients are right, but the parameters have moved: layers compute, optimizers
        move."""
        gradients = right.network_backward(x, weights, biases, labels)
        for parameters, found in zip((weights, biases), gradients, strict=True):
            for parameter, gradient in zip(parameters, found, strict=True):
                parameter -= 0.1 * gradient
        return gradients
