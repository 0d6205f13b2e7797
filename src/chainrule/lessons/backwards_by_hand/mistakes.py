"""Lesson 2: wrong answers, each with the hint that it gets; one without shares the next one's."""

import numpy as np

from chainrule.proof.faults import FAULTS

# ---- relu_backward ----


def fault_of_relu(name):
    """Return the backward of a faulty ReLU layer as a function of arrays."""

    def answer(x, grad_y):
        layer = FAULTS[name].part()
        layer.forward(x)
        return layer.backward(grad_y)

    return answer


class ReluBackward:
    missing_mask = fault_of_relu("missing-mask")
    """The gradient passes through units that were switched off. Where x ≤ 0 the output did not
    move with x: the gradient there is 0."""

    mask_from_gradient = fault_of_relu("mask-from-gradient")
    """You mask where the gradient is negative. What counts is the sign of x, the input of
    forward: backward is not ReLU again."""

    def mask_alone(x, grad_y):
        """That is the local derivative alone. The chain rule multiplies it by what comes back,
        grad_y."""
        return np.where(x > 0, np.ones_like(x), np.zeros_like(x))

    def times_output(x, grad_y):
        """You multiply by the output, max(x, 0). The derivative is 1 where x > 0, however large
        x is."""
        return grad_y * np.maximum(x, 0)

    def passes_at_zero(x, grad_y):
        """At x = 0 exactly, the derivative is taken as 0: x > 0, not x >= 0."""
        return grad_y * (x >= 0)

    def mask_inverted(x, grad_y):
        """The mask is inverted: the gradient passes where x > 0."""
        return grad_y * (x <= 0)

    def float64_creep(x, grad_y):
        """astype(float) is float64, and turns a float32 gradient into float64: twice the memory
        and time. The mask of booleans multiplies as it is."""
        return grad_y * (x > 0).astype(float)

    def in_place(x, grad_y):
        """The values are right, but grad_y itself is changed, and someone else may still need it:
        multiply, which makes a new array."""
        grad_y[x <= 0] = 0
        return grad_y
