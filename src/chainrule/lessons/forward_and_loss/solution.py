"""Lesson 1: forward and loss.

Write the body of each function; the docstring gives the shapes. Keep the names of functions and
arguments. Then ask, in this folder:

    chainrule lesson check 1
"""

import numpy as np


def dense_forward(x, weights, biases):
    """Return the output of a fully connected layer, x W + b.

    float32 in, float32 out.

    x        (batch, n_in)
    weights  (n_in, n_out)
    biases   (n_out,)
    returns  (batch, n_out)
    """
    # solution
    return x @ weights + biases  # (batch, n_in) @ (n_in, n_out) + (n_out,)
    # end


def relu_forward(x):
    """Return max(x, 0), entry by entry, in a new array.

    float32 in, float32 out.

    x        any shape
    returns  the shape of x
    """
    # solution
    return np.maximum(x, 0)
    # end


def he_normal(rng, n_in, n_out):
    """Draw weights from a normal distribution of mean 0 and variance 2 / n_in.

    Draw all of them with one call of rng.standard_normal, so that the check can compare.

    rng      numpy.random.Generator
    returns  (n_in, n_out)
    """
    # solution
    return rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)
    # end


def network_forward(x, weights, biases):
    """Return the outputs of Dense, ReLU, Dense, ReLU, ..., Dense: the last ones are the logits.

    Use your dense_forward and relu_forward.

    x        (batch, features)
    weights  list of arrays, one a Dense layer
    biases   list of arrays, one a Dense layer
    returns  list of arrays: the output of every layer in order, ReLUs included
    """
    # solution
    outputs = [dense_forward(x, weights[0], biases[0])]
    for i in range(1, len(weights)):
        outputs.append(relu_forward(outputs[-1]))
        outputs.append(dense_forward(outputs[-1], weights[i], biases[i]))
    return outputs
    # end


def softmax(logits):
    """Return exp(logits), each row divided by its sum; no overflow for logits of any size.

    logits   (batch, classes)
    returns  (batch, classes), each row sums to 1
    """
    # solution
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))  # (batch, 1) is subtracted
    return exponentials / exponentials.sum(axis=1, keepdims=True)
    # end


def crossentropy(logits, labels):
    """Return the mean over the batch of log(sum of exp(row)) - row[label].

    Exact for logits of any size: subtract the row's maximum first, and take no log of a softmax.

    logits   (batch, classes)
    labels   (batch,) integers
    returns  a number
    """
    # solution
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return losses.mean()  # of (batch,)
    # end
