"""Lesson 2: backwards by hand.

Write the body of each function; the docstring gives the shapes. Keep the names of functions and
arguments. Then ask, in this folder:

    chainrule lesson check 2

What lesson 1 built is given below, complete.
"""

import numpy as np


def dense_forward(x, weights, biases):
    """Return x W + b: (batch, n_in) @ (n_in, n_out) + (n_out,)."""
    return x @ weights + biases


def relu_forward(x):
    """Return max(x, 0), entry by entry."""
    return np.maximum(x, 0)


def network_forward(x, weights, biases):
    """Return the outputs of Dense, ReLU, Dense, ReLU, ..., Dense: the last ones are the logits."""
    outputs = []
    for i in range(len(weights)):
        if i > 0:
            x = relu_forward(x)
            outputs.append(x)
        x = dense_forward(x, weights[i], biases[i])
        outputs.append(x)
    return outputs


def softmax(logits):
    """Return exp(logits), each row divided by its sum, without overflow."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def crossentropy(logits, labels):
    """Return the mean over the batch of log(sum of exp(row)) - row[label]."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return losses.mean()


# ---- yours ----


def numerical_gradient(function, x, step):
    """Return how fast function(x) grows with each entry of x: (f(x + h) - f(x - h)) / 2h.

    One entry moves at a time, by h = step, and the others stay where they are.

    function  takes an array of the shape of x, returns a number
    x         any shape, of floats or of whole numbers; is left as it was
    step      a number
    returns   the shape of x, floats
    """
    # solution
    point = np.array(x, dtype=float)  # a copy: whole numbers would cut the step off
    gradient = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        here = point[index]
        point[index] = here + step
        above = function(point)
        point[index] = here - step
        below = function(point)
        point[index] = here
        gradient[index] = (above - below) / (2 * step)
    return gradient
    # end


def dense_backward(x, weights, grad_y):
    """Return the three gradients of y = x W + b, given that of y. It sums, and never divides.

    x        (batch, n_in), what came into the layer
    weights  (n_in, n_out)
    grad_y   (batch, n_out)
    returns  grad_x (batch, n_in), grad_weights (n_in, n_out), grad_biases (n_out,)
    """
    # solution
    grad_x = grad_y @ weights.T  # (batch, n_out) @ (n_out, n_in)
    grad_weights = x.T @ grad_y  # (n_in, batch) @ (batch, n_out)
    grad_biases = grad_y.sum(axis=0)  # (n_out,)
    return grad_x, grad_weights, grad_biases
    # end


def relu_backward(x, grad_y):
    """Return the gradient of the input of y = max(x, 0); the derivative at x = 0 is taken as 0.

    x        any shape, what came into the layer
    grad_y   the shape of x
    returns  the shape of x, and the dtype of grad_y
    """
    # solution
    return grad_y * (x > 0)
    # end


def crossentropy_backward(logits, labels):
    """Return the gradient of the mean cross-entropy: (softmax - one-hot) / batch.

    The batch is averaged here, and nowhere else.

    logits   (batch, classes)
    labels   (batch,) integers
    returns  (batch, classes), each row sums to 0
    """
    # solution
    grad_logits = softmax(logits)
    grad_logits[np.arange(len(labels)), labels] -= 1
    return grad_logits / len(labels)
    # end


def network_backward(x, weights, biases, labels):
    """Return the gradients of the mean cross-entropy of a network of Dense, ReLU, ..., Dense.

    Call network_forward, then your own three functions, from the last layer to the first.

    x        (batch, features)
    weights  list of arrays, one a Dense layer
    biases   list of arrays, one a Dense layer
    labels   (batch,) integers
    returns  grad_weights, grad_biases: lists in the order and of the shapes of weights and biases
    """
    # solution
    inputs = [x, *network_forward(x, weights, biases)]  # of every layer; the logits come last
    grad_weights, grad_biases = [None] * len(weights), [None] * len(biases)
    grad = crossentropy_backward(inputs[-1], labels)
    for i in reversed(range(len(weights))):
        if i < len(weights) - 1:
            grad = relu_backward(inputs[2 * i + 1], grad)
        grad, grad_weights[i], grad_biases[i] = dense_backward(inputs[2 * i], weights[i], grad)
    return grad_weights, grad_biases
    # end
