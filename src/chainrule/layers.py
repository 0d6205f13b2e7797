"""A layer turns its input into its output, and the gradient of its output into that of its input.

`forward` and its derivative `backward` stand one above the other. In each layer `grad_y` is the
gradient of the loss with respect to the output `y`, and has its shape; `backward` writes the
gradients of the parameters into `gradients` and returns the gradient of the input. It sums over
the batch and never divides: the batch mean belongs to the loss alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from chainrule import checks
from chainrule.checks import Array, Initializer, InPlace, Kept, Seed


class Layer:
    """The identity, and the interface of every layer.

    A layer of your own overrides `forward` and `backward`. What it learns stands in
    `parameters`, a dict of arrays by name; its `backward` writes the gradients in place:
    ``self.gradients[name][...] = ...``. See ``examples/own_layer.py``.

    Attributes
    ----------
    parameters, gradients : dict of str to array
        Empty for a layer that learns nothing. A `Network` replaces each entry by a view into
        its flat vectors and makes the entries of `gradients`.
    needs_input_gradient : bool
        A `Network` clears it on its first layer, which may then return None from `backward`.
    in_network : bool
        Whether a `Network` owns this layer.
    arguments : tuple of str
        The names of the constructor's arguments that are stored with a model and shown by repr.
    """

    needs_input_gradient = True
    in_network = False
    arguments: tuple[str, ...] = ()
    parameters: cached_property[dict[str, Array]] = cached_property(lambda layer: {})
    gradients: cached_property[dict[str, Array]] = cached_property(lambda layer: {})
    __getstate__ = checks.state_of_a_copy  # in no network, and without what forward keeps

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the output for the input `x`, both of shape (batch, features).

        `training` switches Dropout and nothing else.
        """
        return x

    def backward(self, grad_y: Array) -> Array | None:
        """Return the gradient of the input, given the gradient of the output."""
        return grad_y

    def initialise(self, rng: np.random.Generator) -> None:
        """Draw what starts at random; a `Network` calls this once, layer after layer."""

    def __repr__(self) -> str:
        values = (repr(getattr(self, name)) for name in self.arguments)
        return f"{type(self).__name__}({', '.join(values)})"


def he_normal(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Draw (n_in, n_out) from N(0, 2 / n_in), made for ReLU (He et al. 2015, equation 10)."""
    return rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)


def he_uniform(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Draw (n_in, n_out) from U(-a, a), a = √(6 / n_in): the variance of `he_normal`."""
    return rng.uniform(-1, 1, (n_in, n_out)) * np.sqrt(6 / n_in)


def glorot_normal(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Draw (n_in, n_out) from N(0, 2 / (n_in + n_out)) (Glorot and Bengio 2010, equation 12)."""
    return rng.standard_normal((n_in, n_out)) * np.sqrt(2 / (n_in + n_out))


def glorot_uniform(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Draw (n_in, n_out) from U(-a, a), a = √(6 / (n_in + n_out)) (ibid., equation 16)."""
    return rng.uniform(-1, 1, (n_in, n_out)) * np.sqrt(6 / (n_in + n_out))


def lecun_normal(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Draw (n_in, n_out) from N(0, 1 / n_in) (LeCun et al. 1998, "Efficient BackProp", §4.6)."""
    return rng.standard_normal((n_in, n_out)) * np.sqrt(1 / n_in)


class Dense(Layer):
    """The fully connected layer y = x W + b.

    Parameters
    ----------
    n_in, n_out : int
        Features that come in and go out; `weights` is (n_in, n_out), `biases` is (n_out,).
    initializer : callable
        ``initializer(rng, n_in, n_out)`` draws the weights; biases start at zero.
    rng : int or numpy.random.Generator, optional
        With it the weights are drawn at once (float32). Without it the `Network` draws them.
    """

    arguments = ("n_in", "n_out")
    weights = InPlace("parameters")
    biases = InPlace("parameters")
    x = Kept()

    def __init__(
        self, n_in: int, n_out: int, initializer: Initializer = he_normal, rng: Seed | None = None
    ) -> None:
        self.n_in = checks.whole_number("n_in", n_in, at_least=1)
        self.n_out = checks.whole_number("n_out", n_out, at_least=1)
        self.initializer = initializer
        for arrays in (self.parameters, self.gradients):
            arrays["weights"] = np.zeros((n_in, n_out), np.float32)
            arrays["biases"] = np.zeros(n_out, np.float32)
        self.drawn = False
        if rng is not None:
            self.initialise(checks.generator(rng))

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x W + b, shape (batch, n_out), for x of shape (batch, n_in)."""
        self.x = checks.batch(self, x, weights := self.weights)
        y = self.x @ weights  # (batch, in) @ (in, out)
        return np.add(y, self.biases, out=y)  # (batch, out) + (out,)

    def backward(self, grad_y: Array) -> Array | None:
        """Write dW = xᵀ dy and db = Σ dy; return dx = dy Wᵀ, shape (batch, n_in)."""
        checks.output_gradient(self, grad_y, (len(self.x), self.n_out))
        _product(self.x.T, grad_y, out=self.gradients["weights"])  # (in, batch) @ (batch, out)
        grad_y.sum(axis=0, out=self.gradients["biases"])
        # (batch, out) @ (out, in)
        return _product(grad_y, self.weights.T) if self.needs_input_gradient else None

    def initialise(self, rng: np.random.Generator) -> None:
        """Draw the weights, unless they have been drawn or set already."""
        if not (self.drawn or self.weights.any()):
            self.weights = self.initializer(rng, self.n_in, self.n_out)
        self.drawn = True


def _product(a: Array, b: Array, out: Array | None = None) -> Array:
    """Return a @ b; a column by a row, as of one example, NumPy multiplies in half the time."""
    return np.matmul(a, b, out=out) if len(b) > 1 else np.multiply(a, b, out=out)


class ReLU(Layer):
    """The rectified linear unit y = max(x, 0); its derivative at 0 is taken as 0."""

    x = Kept()

    def forward(self, x: Array, training: bool = False) -> Array:
        self.x = x
        return np.maximum(x, np.zeros(x.shape[1:], x.dtype))  # twice as fast as the number 0

    def backward(self, grad_y: Array) -> Array:
        checks.output_gradient(self, grad_y, self.x.shape)
        return grad_y * (self.x > 0)


class LeakyReLU(Layer):
    """y = x where x > 0, else slope · x (Maas, Hannun and Ng 2013)."""

    arguments = ("slope",)
    x = Kept()

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = checks.real_number("slope", slope)

    def forward(self, x: Array, training: bool = False) -> Array:
        self.x = x
        return np.where(x > 0, x, self.slope * x)

    def backward(self, grad_y: Array) -> Array:
        checks.output_gradient(self, grad_y, self.x.shape)
        return np.where(self.x > 0, grad_y, self.slope * grad_y)


class Sigmoid(Layer):
    """The logistic function y = 1 / (1 + e⁻ˣ), whose derivative is y (1 - y)."""

    y = Kept()

    def forward(self, x: Array, training: bool = False) -> Array:
        self.y = np.exp(-np.logaddexp(0, -x))  # no overflow for any x
        return self.y

    def backward(self, grad_y: Array) -> Array:
        checks.output_gradient(self, grad_y, self.y.shape)
        return grad_y * self.y * (1 - self.y)


class Tanh(Layer):
    """The hyperbolic tangent y = tanh x, whose derivative is 1 - y²."""

    y = Kept()

    def forward(self, x: Array, training: bool = False) -> Array:
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad_y: Array) -> Array:
        checks.output_gradient(self, grad_y, self.y.shape)
        return grad_y * (1 - self.y * self.y)


class Dropout(Layer):
    """While training, set a share `rate` of the inputs to 0 and divide the others by 1 - rate.

    So the expected output is the input, and prediction needs no correction ("inverted" form of
    Srivastava et al. 2014).
    """

    arguments = ("rate",)
    mask = Kept()

    def __init__(self, rate: float = 0.5, rng: Seed | None = None) -> None:
        self.rate = checks.real_number("rate", rate, at_least=0, below=1)
        self.rng: Any = None if rng is None else checks.generator(rng)

    def forward(self, x: Array, training: bool = False) -> Array:
        if not training:
            self.mask = np.ones_like(x)
            return x
        kept = checks.generator_of(self).random(x.shape, dtype=np.float32) >= self.rate
        self.mask = kept.astype(x.dtype) / (1 - self.rate)
        return x * self.mask

    def backward(self, grad_y: Array) -> Array:
        checks.output_gradient(self, grad_y, self.mask.shape)
        return grad_y * self.mask

    def initialise(self, rng: np.random.Generator) -> None:
        """Take a child generator, so that the draws of the weights stay as they are without it."""
        if self.rng is None:
            self.rng = rng.spawn(1)[0]
