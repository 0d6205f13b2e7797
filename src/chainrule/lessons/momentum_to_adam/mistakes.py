"""Lesson 4: wrong answers, each with the hint that it gets; one without shares the next one's.

A function takes the place of the method with its arguments, in the solution written law by law;
the classes of `AnyOptimizer` stand before any solution.
"""

from functools import partial
from inspect import isfunction, signature

import numpy as np

from chainrule.lessons.momentum_to_adam import solution
from chainrule.optimizers import SGD
from chainrule.proof import faults


def variant(base, answer):
    """Return `base` with the answer in place of the method with its arguments; a class as it is."""
    if not isfunction(answer):
        return answer
    (name,) = (
        name
        for name, method in vars(base).items()
        if isfunction(method) and signature(method) == signature(answer)
    )
    return type(base.__name__, (base,), {name: answer})


def running(beta, mean, value):
    """Return a running mean with one more value."""
    return beta * mean + (1 - beta) * value


class Sharing:
    """Keeps what an optimizer remembers in the class, for all of them."""

    state = ()

    def update(self, parameters, gradients):
        vars(self).update(self.state)
        moved = super().update(parameters, gradients)
        kept = vars(self).keys() & {"velocity", "t", "m", "v"}
        type(self).state = {name: getattr(self, name) for name in kept}
        return moved


class Changing:
    """Works the step out inside the array of the gradients."""

    def update(self, parameters, gradients):
        moved = super().update(parameters, gradients)
        gradients[...] = parameters - moved
        return moved


def clipping(clip):
    """Return what clips the gradients of any optimizer."""

    class Clipping:
        def update(self, parameters, gradients):
            return super().update(parameters, clip(gradients))

    return Clipping


class AnyOptimizer:
    gradients_clipped = clipping(lambda g: np.clip(g, -5, 5))
    clipped_at_1 = clipping(lambda g: np.clip(g, -1, 1))
    norm_clipped = clipping(lambda g: g * min(1, 5 / np.linalg.norm(g)))
    norm_clipped_at_1 = clipping(lambda g: g * min(1, 1 / np.linalg.norm(g)))
    """Large gradients are clipped. The law takes them as they are: clipping is another method, and
    hides what is wrong elsewhere."""

    class begun_anew:
        """After some steps the state is thrown away, as if training had just begun. It is kept for
        as long as the optimizer lives."""

        def update(self, parameters, gradients):
            self.steps = getattr(self, "steps", 0) + 1
            if self.steps % 5 == 0:
                vars(self).update(dict.fromkeys(vars(self).keys() & {"velocity", "t", "m", "v"}, 0))
            return super().update(parameters, gradients)

    class float64_creep:
        """Something float64 turns float32 parameters into float64: twice the memory and time. It is
        state from np.zeros (start from 0.0 or np.zeros_like(gradients)), or np.sqrt of a Python
        number: use math.sqrt."""

        def update(self, parameters, gradients):
            for name in vars(self).keys() & {"velocity", "m", "v"}:
                setattr(self, name, getattr(self, name) + np.zeros(len(parameters)))
            return super().update(parameters, gradients)

    class own_copy:
        """The optimizer moves parameters that it keeps for itself, and not those that it is given.
        Begin each step at the argument; keep only the state in self."""

        def update(self, parameters, gradients):
            self.mine = super().update(getattr(self, "mine", parameters.copy()), gradients)
            return self.mine.copy()


# ---- momentum ----


class MomentumByLaw(solution.Momentum):
    def new_velocity(self, gradients):
        return self.momentum * self.velocity + gradients

    def update(self, parameters, gradients):
        self.velocity = self.new_velocity(gradients)
        return parameters - self.learning_rate * self.velocity


class Momentum:
    def velocity_not_kept(self, parameters, gradients):
        """Each step sees its own gradients alone: this is plain SGD. The new velocity must be kept
        in self for the next step."""
        velocity = self.momentum * self.velocity + gradients
        return parameters - self.learning_rate * velocity

    def average_for_sum(self, gradients):
        """The velocity is an average: the gradients are multiplied by 1 - momentum. Here they are
        added whole, so that a steady slope gives steps 1 / (1 - momentum) as long."""
        return running(self.momentum, self.velocity, gradients)

    nesterov_instead = partial(SGD, momentum=0.9, nesterov=True)
    """This is Nesterov's form, which looks a step ahead: gradients + momentum * velocity. Here the
    step goes along the velocity itself."""

    def rate_in_velocity(self, parameters, gradients):
        """The learning rate is inside the velocity: all is well until the rate changes, and then
        old gradients still have the old rate. Multiply by it where you move."""
        self.velocity = self.momentum * self.velocity + self.learning_rate * gradients
        return parameters - self.velocity

    def rate_twice(self, gradients):
        """The learning rate is applied twice, in the velocity and in the step: keep the second."""
        return self.momentum * self.velocity + self.learning_rate * gradients

    def momentum_on_gradients(self, gradients):
        """Momentum multiplies the new gradients as well: it belongs to the old velocity alone. Look
        at the brackets."""
        return self.momentum * (self.velocity + gradients)

    def moved_before(self, parameters, gradients):
        """The step follows the old velocity and lags behind: make the new one first, then move."""
        moved = parameters - self.learning_rate * self.velocity
        self.velocity = self.momentum * self.velocity + gradients
        return moved

    def sign_flipped(self, parameters, gradients):
        """The step climbs: it must go against the gradients, with one minus; two cancel out."""
        self.velocity = self.momentum * self.velocity + gradients
        return parameters + self.learning_rate * self.velocity

    def velocity_is_gradients(self, gradients):
        """At the first step the velocity becomes the very array of the gradients, and the next
        batch overwrites it. Start from 0 or from a copy."""
        if np.ndim(self.velocity) == 0:
            return gradients
        return self.momentum * self.velocity + gradients

    def velocity_in_gradients(self, gradients):
        """The velocity and the gradients are one array, so that what is added to one is added to
        both. Start from 0 or from a copy."""
        if np.ndim(self.velocity) == 0:
            return gradients
        self.velocity *= self.momentum
        self.velocity += gradients
        return self.velocity

    class gradients_changed(Changing, solution.Momentum):
        """The step is right, but it is worked out inside the array of the gradients, which belongs
        to the network. Write the result into an array of its own."""

    class shared_state(Sharing, solution.Momentum):
        """Two optimizers share one state: it hangs on the class. Set it in __init__, on self, so
        that each has its own."""

    integer_parameters = partial(faults.WholeNumberSGD, momentum=0.9)
    """The parameters come back as whole numbers: an array of integers cuts off each step below 1.
    Keep them in floats."""


# ---- RMSProp ----


class RMSPropByLaw(solution.RMSProp):
    def new_v(self, gradients):
        return running(self.beta, self.v, gradients**2)

    def step(self, parameters, gradients, v):
        return parameters - self.learning_rate * gradients / (np.sqrt(v) + self.epsilon)

    def update(self, parameters, gradients):
        self.v = self.new_v(gradients)
        return self.step(parameters, gradients, self.v)


class RMSProp:
    def epsilon_in_root(self, parameters, gradients, v):
        """Epsilon stands inside the root: take the root first, then add epsilon."""
        return parameters - self.learning_rate * gradients / np.sqrt(v + self.epsilon)

    def no_root(self, parameters, gradients, v):
        """The gradients are divided by their mean square: its root is missing. Only the root has
        the unit of a gradient."""
        return parameters - self.learning_rate * gradients / (v + self.epsilon)

    def gradient_not_squared(self, gradients):
        """v averages the gradients, not their squares: it turns negative, and has no root. Square
        them first."""
        return running(self.beta, self.v, gradients)

    def betas_swapped(self, gradients):
        """beta and 1 - beta have changed places: the old mean keeps beta of itself, the new square
        comes in with the small rest."""
        return running(1 - self.beta, self.v, gradients**2)

    def sum_for_mean(self, gradients):
        """The squares are summed and never forgotten, so that steps only shrink: that is AdaGrad.
        Take the running mean."""
        return self.v + gradients**2

    def square_added_whole(self, gradients):
        """The new square is added whole: v grows to 1 / (1 - beta) times the mean square. Multiply
        it by 1 - beta."""
        return self.beta * self.v + gradients**2

    def mean_not_kept(self, gradients):
        """Every step forgets the mean square of the steps before: only the sign of a gradient is
        left. Keep it in self.v."""
        return (1 - self.beta) * gradients**2

    def mean_over_parameters(self, gradients):
        """The mean is taken over the parameters, so that all share one scale. It runs over the
        steps: each parameter has a v of its own."""
        return running(self.beta, self.v, np.mean(gradients**2))

    def no_epsilon(self, parameters, gradients, v):
        """Epsilon is missing: a parameter whose gradient has always been 0 is divided 0 by 0. Add
        it to the root."""
        return parameters - self.learning_rate * gradients / np.sqrt(v)

    def epsilon_on_parameter(self, parameters, gradients, v):
        """A bracket is missing: epsilon is added to the quotient and moves every parameter. It
        belongs below the line, (root + epsilon)."""
        return parameters - self.learning_rate * gradients / np.sqrt(v) + self.epsilon

    def moved_before(self, parameters, gradients):
        """The gradients are divided by the old v, which is 0 at first: a huge step. Make the new v
        first, then move."""
        before, self.v = self.v, self.new_v(gradients)
        return self.step(parameters, gradients, before)

    def bias_correction_here(self, parameters, gradients):
        """v is corrected for its start at 0, as in Adam: RMSProp as Hinton gave it does not."""
        self.t = getattr(self, "t", 0) + 1
        self.v = self.new_v(gradients)
        return self.step(parameters, gradients, self.v / (1 - self.beta**self.t))

    class gradients_changed(Changing, solution.RMSProp):
        """The step is right, but it is worked out inside the array of the gradients, which belongs
        to the network. Write the result into an array of its own."""

    class shared_state(Sharing, solution.RMSProp):
        """Two optimizers share one state: it hangs on the class. Set it in __init__, on self, so
        that each has its own."""


# ---- Adam ----


class AdamByLaw(solution.Adam):
    def new_moments(self, gradients):
        return running(self.beta1, self.m, gradients), running(self.beta2, self.v, gradients**2)

    def corrected(self, m, v):
        return m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)

    def step(self, parameters, m_hat, v_hat):
        return parameters - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)

    def update(self, parameters, gradients):
        self.t += 1
        self.m, self.v = self.new_moments(gradients)
        return self.step(parameters, *self.corrected(self.m, self.v))


class Adam:
    no_bias_correction = faults.UncorrectedAdam
    """The moments start at 0 and are not corrected for that: with the usual betas the first steps
    are up to 6.57 times too long. Divide m and v by 1 - beta**t."""

    bias_correction_multiplied = faults.MultiplyingAdam
    """The moments are multiplied by 1 - beta**t: they are too small already. Divide."""

    no_power_of_t = faults.PowerlessAdam
    """The correction does not fade: it is 1 - beta at every step. Is the power of t missing, or is
    t not counted?"""

    def times_t(self, m, v):
        """beta is multiplied by t: beta * t exceeds 1 at once. Raise it to the power, beta**t."""
        return m / (1 - self.beta1 * self.t), v / (1 - self.beta2 * self.t)

    def t_starts_at_0(self, m, v):
        """t is 0 in the first step, and 1 - beta**0 is 0. Count t before you use it."""
        t = self.t - 1
        return m / (1 - self.beta1**t), v / (1 - self.beta2**t)

    def t_stops(self, m, v):
        t = min(self.t, 4)
        return m / (1 - self.beta1**t), v / (1 - self.beta2**t)

    def t_stops_later(self, m, v):
        """t goes no further than some number of steps, and the correction stays where it was then:
        v is divided by too little for ever. Count every step."""
        t = min(self.t, 10)
        return m / (1 - self.beta1**t), v / (1 - self.beta2**t)

    t_per_layer = faults.LayerCountingAdam
    """t grows several times a step, as if it counted layers: the correction fades too soon. Count
    it once an update."""

    def t_per_number(self, parameters, gradients):
        """t grows with every number of the vector: each parameter gets another correction. Count it
        once an update, outside the loop."""
        self.m, self.v = self.new_moments(gradients)
        moved = parameters.copy()
        for i in range(len(parameters)):
            self.t += 1
            moved[i] = self.step(parameters[i], *self.corrected(self.m[i], self.v[i]))
        return moved

    id_keyed_state = faults.IdKeyedAdam
    """The moments are looked up by the id of the parameters, an array that is replaced at every
    step: they are never found again. Keep them in self."""

    class shared_state(Sharing, solution.Adam):
        """Two optimizers share one state: it hangs on the class. Set it in __init__, on self, so
        that each has its own."""

    def corrected_moments_kept(self, m, v):
        """The corrected moments are kept, and corrected again in the next step. m_hat and v_hat
        serve one step; self.m and self.v stay as they are."""
        self.m, self.v = m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)
        return self.m, self.v

    def only_m_corrected(self, m, v):
        """v is not corrected: it is far too small at first, and the steps too long. Divide it by 1
        - beta2**t."""
        return m / (1 - self.beta1**self.t), v

    def only_v_corrected(self, m, v):
        """m is not corrected: the first steps are too short. Divide it by 1 - beta1**t."""
        return m, v / (1 - self.beta2**self.t)

    def one_beta(self, m, v):
        """v is corrected with beta1, but it is averaged with beta2."""
        return m / (1 - self.beta1**self.t), v / (1 - self.beta1**self.t)

    def betas_swapped(self, gradients):
        """The betas have changed places: m, the mean of the gradient, forgets with beta1, and v
        with beta2."""
        return running(self.beta2, self.m, gradients), running(self.beta1, self.v, gradients**2)

    def moments_swapped(self, parameters, m_hat, v_hat):
        """m and v have changed places in the step: the mean goes above the line, the root of the
        mean square below."""
        return parameters - self.learning_rate * v_hat / (np.sqrt(m_hat) + self.epsilon)

    def gradient_not_squared(self, gradients):
        """v averages the gradients, not their squares: it turns negative, and has no root. Square
        them first."""
        return running(self.beta1, self.m, gradients), running(self.beta2, self.v, gradients)

    def square_of_mean(self, gradients):
        """v averages the square of m: it must average the square of the gradients."""
        m = running(self.beta1, self.m, gradients)
        return m, running(self.beta2, self.v, m**2)

    def velocity_for_mean(self, gradients):
        """m is a velocity: the gradients are added whole, and the steps are 1 / (1 - beta1) times
        too long. Here m is a mean: multiply them by 1 - beta1."""
        return self.beta1 * self.m + gradients, running(self.beta2, self.v, gradients**2)

    def no_root(self, parameters, m_hat, v_hat):
        """The step is divided by v_hat: its root is missing. Only the root has the unit of a
        gradient."""
        return parameters - self.learning_rate * m_hat / (v_hat + self.epsilon)

    def epsilon_in_root(self, parameters, m_hat, v_hat):
        """Epsilon stands inside the root: take the root first, then add epsilon."""
        return parameters - self.learning_rate * m_hat / np.sqrt(v_hat + self.epsilon)

    def epsilon_before_correction(self, parameters, m_hat, v_hat):
        """Epsilon is added to the root of v, before its correction. Algorithm 1 corrects v first,
        takes the root of v_hat, and adds epsilon to that."""
        root = (np.sqrt(self.v) + self.epsilon) / np.sqrt(1 - self.beta2**self.t)
        return parameters - self.learning_rate * m_hat / root

    def no_epsilon(self, parameters, m_hat, v_hat):
        """Epsilon is missing: a parameter whose gradient has always been 0 is divided 0 by 0. Add
        it to the root of v_hat."""
        return parameters - self.learning_rate * m_hat / np.sqrt(v_hat)

    epsilon_on_parameter = faults.DriftingAdam
    """A bracket is missing: epsilon is added to the quotient and moves every parameter. It belongs
    below the line, (root + epsilon)."""

    class gradients_changed(Changing, solution.Adam):
        """The step is right, but it is worked out inside the array of the gradients, which belongs
        to the network. Write the result into an array of its own."""
