"""Lesson 3: SGD, really.

Write the body of each function; the docstring gives the shapes. Keep the names of functions and
arguments. Then ask, in this folder:

    chainrule lesson check 3
"""

import numpy as np


def epoch_batches(count, batch_size, rng):
    """Return the batches of one epoch: each of the indices 0 to count - 1 in exactly one of them.

    Every call draws a new order from rng. Every batch has batch_size indices; the last one has
    what is left, if that is less, and is never empty.

    count       how many examples there are
    batch_size  how many of them make a batch
    rng         numpy.random.Generator
    returns     list of integer arrays, each (batch_size,) or, the last one, shorter
    """
    # solution
    order = rng.permutation(count)  # (count,)
    return [order[first : first + batch_size] for first in range(0, count, batch_size)]
    # end


class SGD:
    """Stochastic gradient descent: a step against the gradient, as long as the rate says."""

    def __init__(self, learning_rate):
        """Keep the learning rate, a number, in self.learning_rate."""
        # solution
        self.learning_rate = learning_rate
        # end

    def update(self, parameters, gradients):
        """Do one step, and return the moved parameters.

        parameters  (n,), all parameters of a network in one vector; may be changed in place
        gradients   (n,), stay as they are
        returns     (n,), of the dtype of the parameters
        """
        # solution
        parameters -= self.learning_rate * gradients  # θ ← θ - α g
        return parameters
        # end


def train(network, X, y, num_epochs, batch_size, rng):
    """Train a network on mini-batches, and return the loss of each epoch.

    Every batch of every epoch is one step. The loss of an epoch is the mean over its images of
    the losses that the batches had before their steps.

    network.loss_and_gradients(X, y)   returns a batch's mean loss, a number, and gradients (n,)
    network.parameters                 (n,), may be assigned to
    network.optimizer.update(parameters, gradients)   returns the moved parameters (n,)

    X           (count, features)
    y           (count,) integers
    num_epochs  how often all images are gone through
    rng         numpy.random.Generator, for the order of every epoch
    returns     list of num_epochs numbers
    """
    # solution
    losses = []
    for _ in range(num_epochs):
        loss_sum = 0.0
        for batch in epoch_batches(len(X), batch_size, rng):
            loss, gradients = network.loss_and_gradients(X[batch], y[batch])
            network.parameters = network.optimizer.update(network.parameters, gradients)
            loss_sum += loss * len(batch)  # the batch's loss is a mean: back to a sum
        losses.append(loss_sum / len(X))
    return losses
    # end
