"""Lesson 4: from momentum to Adam.

Write the state and the step of three optimizers; the docstrings give the laws and the shapes. The
check does one update for each row of `gradients`, and looks at the parameters after each. Where
it gives a rate a row, it sets `learning_rate` before each step; where it says optimizers = 2, two
optimizers with parameters of their own take turns; where it says moved = 0.5, somebody else adds
0.5 to the parameters before the last step. Keep the names of functions and arguments. Then ask, in
this folder:

    chainrule lesson check 4
"""

import numpy as np


class Momentum:
    """Gradient descent with a velocity.

    velocity   <- momentum * velocity + gradients
    parameters <- parameters - learning_rate * velocity

    The learning rate may change between two steps: it is no part of the velocity.
    """

    def __init__(self, learning_rate=0.1, momentum=0.9):
        """Keep the settings, and start with a velocity of 0: at the first step it gets a shape."""
        self.learning_rate = learning_rate
        self.momentum = momentum
        # solution
        self.velocity = 0.0
        # end

    def update(self, parameters, gradients):
        """Do one step.

        parameters  (n,)
        gradients   (n,), must stay as they are
        returns     (n,), the parameters after the step: a new array, or the same one moved
        """
        # solution
        self.velocity = self.momentum * self.velocity + gradients  # (n,)
        return parameters - self.learning_rate * self.velocity  # (n,)
        # end


class RMSProp:
    """Each gradient divided by the running root of its mean square.

    v          <- beta * v + (1 - beta) * gradients²
    parameters <- parameters - learning_rate * gradients / (√v + epsilon)

    Every parameter has a v of its own; all start at 0.
    """

    def __init__(self, learning_rate=0.001, beta=0.99, epsilon=1e-8):
        """Keep the settings, and start with a mean square of 0."""
        self.learning_rate = learning_rate
        self.beta = beta
        self.epsilon = epsilon
        # solution
        self.v = 0.0
        # end

    def update(self, parameters, gradients):
        """Do one step.

        parameters  (n,)
        gradients   (n,), must stay as they are
        returns     (n,), the parameters after the step: a new array, or the same one moved
        """
        # solution
        self.v = self.beta * self.v + (1 - self.beta) * gradients**2  # (n,)
        return parameters - self.learning_rate * gradients / (np.sqrt(self.v) + self.epsilon)
        # end


class Adam:
    """Momentum above, RMSProp below, and both corrected for their start at 0.

    t          <- t + 1, the count of steps, so that it is 1 in the first one
    m          <- beta1 * m + (1 - beta1) * gradients
    v          <- beta2 * v + (1 - beta2) * gradients²
    m_hat       = m / (1 - beta1**t)
    v_hat       = v / (1 - beta2**t)
    parameters <- parameters - learning_rate * m_hat / (√v_hat + epsilon)

    This is Algorithm 1 of Kingma and Ba (2015).
    """

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        """Keep the settings, and start with no step done and both moments at 0."""
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        # solution
        self.t = 0
        self.m = 0.0
        self.v = 0.0
        # end

    def update(self, parameters, gradients):
        """Do one step.

        parameters  (n,)
        gradients   (n,), must stay as they are
        returns     (n,), the parameters after the step: a new array, or the same one moved
        """
        # solution
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * gradients  # (n,)
        self.v = self.beta2 * self.v + (1 - self.beta2) * gradients**2  # (n,)
        m_hat = self.m / (1 - self.beta1**self.t)  # (n,)
        v_hat = self.v / (1 - self.beta2**self.t)  # (n,)
        return parameters - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
        # end
