"""Each way to be wrong gets its own words, and nothing that is not proved is passed."""

import numpy as np
import pytest

from chainrule import (
    ChainruleError,
    Dense,
    Dropout,
    Layer,
    Network,
    ReLU,
    Tanh,
    audit,
    softmax_crossentropy_with_logits,
)


class Broken(Dense):
    """A Dense layer whose gradients are changed by a function, `change(name, gradient)`."""

    def __init__(self, n_in, n_out, change):
        super().__init__(n_in, n_out)
        self.change = change

    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        for name, gradient in self.gradients.items():
            gradient[...] = self.change(name, gradient)
        return self.change("input", grad_x)


def only(name, change):
    return lambda which, gradient: change(gradient) if which == name else gradient


def one_entry(gradient):
    changed = gradient.copy()
    changed.reshape(-1)[5] *= 1 + 1e-4
    return changed


CHANGES = {
    "averaged twice": (lambda g: g / 6, "averaged-twice", "1/6 of the numerical gradient: is the"),
    "never averaged": (lambda g: 6 * g, "never-averaged", "6 times the numerical gradient"),
    "sign": (lambda g: -g, "sign-flipped", "opposite sign"),
    "constant": (lambda g: 2 * g, "constant-factor", "is 2 times the numerical gradient"),
    "small factor": (lambda g: g * (1 + 1e-5), "constant-factor", "1.00001 times"),
    "zero": (lambda g: 0 * g, "zero-gradient", "is zero, the numerical gradient is not"),
    "one entry": (one_entry, "differs", "differs at entry (1, 1): analytic"),
    "turned": (lambda g: g.T, "transposed-gradient", "transpose"),
    "NaN": (lambda g: g + np.nan, "not-finite", "holds NaN or infinity"),
    "one NaN": (lambda g: np.where(g == g.max(), np.nan, g), "not-finite", "NaN"),
    "infinity": (lambda g: g / 0.0, "not-finite", "holds NaN or infinity"),
}


@pytest.fixture
def batch():
    rng = np.random.default_rng(3)
    return rng.standard_normal((6, 3)), rng.integers(0, 3, 6)


@pytest.mark.parametrize("method", ["entries", "projections"])
@pytest.mark.parametrize("case", CHANGES)
def test_one_wrong_array_is_found_named_and_explained(case, method, batch):
    change, cause, words = CHANGES[case]
    layer = Broken(4, 4, only("weights", change))
    network = Network([Dense(3, 4), ReLU(), layer, Tanh(), Dense(4, 3)], rng=1)
    with np.errstate(all="ignore"):
        found = audit(network, *batch, method=method)
    assert not found.passed
    wrong = [row for row in found.rows if not row.passed]
    assert [(row.layer[:7], row.name, row.cause) for row in wrong] == [
        ("layer 2", "weights", cause)
    ]
    assert words in wrong[0].verdict
    assert words in found.verdict.sentence
    assert "layer 2, Broken(4, 4)" in found.verdict.sentence
    assert words in str(found)


def test_the_first_fault_counted_from_the_loss_is_blamed_for_what_follows(batch):
    layer = Broken(4, 4, only("input", lambda g: g * np.linspace(1, 2, 4)))
    network = Network([Dense(3, 4), ReLU(), layer, Tanh(), Dense(4, 3)], rng=1)
    found = audit(network, *batch)
    assert found.verdict.cause == "differs"
    assert "gradient of the input of layer 2, Broken(4, 4), differs at entry" in str(found)
    causes = {(row.layer[:7], row.name): row.cause for row in found.rows}
    assert causes["layer 2", "weights"] == causes["layer 4", "biases"] == ""
    assert causes["layer 0", "weights"] == causes["the net", "input"] == "fault-above"


def test_two_faults_are_both_named(batch):
    first = Broken(3, 4, only("biases", lambda g: -g))
    second = Broken(4, 3, only("weights", lambda g: g / 6))
    found = audit(Network([first, Tanh(), second], rng=1), *batch)
    assert {row.cause for row in found.rows} == {"", "sign-flipped", "averaged-twice"}
    assert found.verdict.cause == "averaged-twice"


def test_a_loss_that_averages_twice_is_blamed_not_the_layers(batch):
    def loss(logits, labels):
        value, gradient = softmax_crossentropy_with_logits(logits, labels)
        return value, gradient / len(logits)

    found = audit(Network([Dense(3, 4), Tanh(), Dense(4, 3)], loss=loss, rng=1), *batch)
    assert found.verdict.cause == "averaged-twice"
    assert "logits, which the loss returns, is 1/6" in found.verdict.sentence
    assert all(row.cause == "averaged-twice" for row in found.rows)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_examples_are_repeated_so_that_a_wrong_mean_shows(count, batch):
    X, y = batch
    for factor, cause in ((1 / 7, "averaged-twice"), (1 / 2, "constant-factor")):
        layer = Broken(3, 3, lambda name, g, by=factor: g if name == "input" else g * by)
        found = audit(Network([layer], rng=1), X[:count], y[:count])
        assert found.examples == 7
        assert found.verdict.cause == cause


def test_a_first_layer_that_adds_up_the_gradient_of_its_input_is_told_so(batch):
    found = audit(Network([AddingToInput(), Dense(3, 3)], rng=1), *batch)
    assert found.verdict.cause == "gradients-add-up"
    assert "layer 0, AddingToInput()" in found.verdict.sentence


class LastBias(Dense):
    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        self.gradients["biases"][...] = grad_y[-1]
        return grad_x


def test_row_and_verdict_name_the_same_cause(batch):
    X, y = batch
    network = Network([Dense(3, 4), Tanh(), LastBias(4, 4), Tanh(), Dense(4, 3)], rng=1)
    found = audit(network, X[:1], y[:1])
    assert found.verdict.cause == "missing-bias-sum"
    assert [row.cause for row in found.rows if not row.passed] == ["missing-bias-sum"]


def test_a_local_error_is_shown_and_not_called_a_factor(batch):
    def slightly(gradient):
        changed = gradient.copy()
        changed.reshape(-1)[5] *= 1 + 5e-6
        return changed

    layer = Broken(4, 4, only("weights", slightly))
    found = audit(Network([Dense(3, 4), ReLU(), layer, Tanh(), Dense(4, 3)], rng=1), *batch)
    assert found.verdict.cause == "differs"
    assert (
        "differs at entry (1, 1): analytic 1.30030962, numeric 1.30030311, difference 6.5e-06"
        in (found.verdict.sentence)
    )


class RoundedDense(Dense):
    def backward(self, grad_y):
        x, grad_y = self.x.astype(np.float32), grad_y.astype(np.float32)
        self.gradients["weights"][...] = x.T @ grad_y
        self.gradients["biases"][...] = grad_y.sum(axis=0)
        return (grad_y @ self.weights.T.astype(np.float32)).astype(np.float64)


def test_gradients_rounded_to_float32_are_called_that(batch):
    layers = [Dense(3, 20), Tanh(), RoundedDense(20, 20), Tanh(), Dense(20, 3)]
    found = audit(Network(layers, rng=0), *batch)
    assert found.verdict.cause == "rounded-to-float32"
    assert "looks rounded to float32" in found.verdict.sentence
    assert "layer 2, RoundedDense(20, 20)" in found.verdict.sentence


@pytest.mark.parametrize("method", ["entries", "projections"])
def test_an_array_that_moves_nothing_is_no_arithmetic_error(method):
    class Step(Layer):
        def forward(self, x, training=False):
            return np.round(x)

    X = np.random.default_rng(0).standard_normal((8, 8))
    network = Network([Dense(8, 6), Step(), Dense(6, 3)], rng=0)
    found = audit(network, X, np.arange(8) % 3, method=method)
    assert found.verdict.cause == "no-influence"


# ---- while training ----


class UnmaskedDropout(Dropout):
    def backward(self, grad_y):
        return grad_y * self.mask.max()


class UnscaledDropout(Dropout):
    def backward(self, grad_y):
        return grad_y * (self.mask > 0)


@pytest.mark.parametrize(
    ("layer", "cause", "words"),
    [
        (UnscaledDropout, "dropout-unscaled", "is 0.75 times the numerical gradient: forward"),
        (UnmaskedDropout, "missing-mask", "passes where the unit was switched off"),
        (Dropout, "", ""),
    ],
)
def test_dropout_is_judged_as_it_trains(layer, cause, words):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((16, 6)), rng.integers(0, 4, 16)
    network = Network([Dense(6, 8), Tanh(), layer(0.25), Dense(8, 4)], rng=0)
    found = audit(network, X, y)
    row = found.rows[-1]
    assert (row.layer, row.name) == (f"layer 2, {layer.__name__}(0.25)", "input, training")
    assert row.checked == row.size == 16 * 8
    assert found.verdict.cause == row.cause == cause
    assert found.passed == (not cause)
    if cause:
        assert found.verdict.sentence.startswith("While training: The gradient of the input of")
        assert words in found.verdict.sentence


# ---- layers and losses that break the rules ----


class AddingToInput(Tanh):
    kept = 0

    def backward(self, grad_y):
        self.kept = self.kept + super().backward(grad_y)
        return self.kept


class DrawingBackward(Tanh):
    def backward(self, grad_y):
        return super().backward(grad_y) * np.random.default_rng().random()


class InPlace(Tanh):
    def forward(self, x, training=False):
        self.y = np.tanh(x, out=x)
        return self.y


class InPlaceBackward(Tanh):
    def backward(self, grad_y):
        grad_y *= 1 - self.y**2
        return grad_y


class ReturnsNothing(Tanh):
    def forward(self, x, training=False):
        super().forward(x)


class StoppingForward(Tanh):
    def forward(self, x, training=False):
        raise IndexError("lost")


class AlwaysDropping(Dropout):
    def forward(self, x, training=False):
        return super().forward(x, training=True)


class Adding(Dense):
    def backward(self, grad_y):
        self.gradients["biases"] += grad_y.sum(axis=0)
        self.gradients["weights"][...] = self.x.T @ grad_y
        return grad_y @ self.weights.T


class Silent(Tanh):
    def backward(self, grad_y):
        super().backward(grad_y)


class Stopping(Tanh):
    def backward(self, grad_y):
        raise KeyError("lost")


class Misshapen(Dense):
    def backward(self, grad_y):
        return super().backward(grad_y)[:, :1]


class Noisy(Layer):
    def forward(self, x, training=False):
        return x + np.random.default_rng().standard_normal()


class Single(Layer):
    def forward(self, x, training=False):
        return x.astype(np.float32)


class Whole(Dense):
    def forward(self, x, training=False):
        super().forward(x)
        return x @ np.trunc(self.weights) + self.biases


class Updating(Dense):
    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        self.weights -= 0.1 * self.gradients["weights"]
        return grad_x


class UpdatingFirst(Dense):
    def backward(self, grad_y):
        super().backward(grad_y)
        self.weights -= 0.1 * self.gradients["weights"]
        return grad_y @ self.weights.T


class Unused(Layer):
    def __init__(self):
        self.parameters["scale"] = np.ones(4)


class Rebinding(Dense):
    def backward(self, grad_y):
        grad_x = super().backward(grad_y)
        self.gradients["weights"] = self.gradients["weights"] * 1
        return grad_x


@pytest.mark.parametrize(
    ("layer", "cause", "words"),
    [
        (
            Adding(4, 4),
            "gradients-add-up",
            "Adding(4, 4), adds the gradient of its biases",
        ),
        (AddingToInput(), "gradients-add-up", "AddingToInput(), adds the gradient of its input"),
        (
            DrawingBackward(),
            "random-backward",
            "DrawingBackward(), gives another gradient",
        ),
        (InPlace(), "writes-into-argument", "forward of layer 2, InPlace(), writes into its input"),
        (
            InPlaceBackward(),
            "writes-into-argument",
            "layer 2, InPlaceBackward(), writes",
        ),
        (
            ReturnsNothing(),
            "returns-no-array",
            "layer 2, ReturnsNothing(), returns None",
        ),
        (StoppingForward(), "forward-stops", "layer 2, StoppingForward(), stops: IndexError: lost"),
        (
            AlwaysDropping(0.5),
            "random-forward",
            "AlwaysDropping(0.5), gives another output",
        ),
        (Silent(), "no-input-gradient", "layer 2, Silent(), must return the gradient of its input"),
        (Stopping(), "backward-stops", "layer 2, Stopping(), stops: KeyError"),
        (Misshapen(4, 4), "no-input-gradient", "got shape (6, 1)"),
        (Noisy(), "random-forward", "layer 2, Noisy(), gives another output"),
        (Single(), "casts-inside", "layer 2, Single() gives float32"),
        (Whole(4, 4), "no-influence", "cut off to whole numbers"),
        (Updating(4, 4), "update-in-backward", "layers compute, optimizers move"),
        (UpdatingFirst(4, 4), "update-before-passing", "before the gradient has passed on"),
        (Unused(), "nothing-proved", "zero, analytically and numerically"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else "",
)
def test_a_layer_that_breaks_the_rules_is_told_so(layer, cause, words, batch):
    found = audit(Network([Dense(3, 4), Tanh(), layer, Dense(4, 3)], rng=1), *batch)
    assert not found.passed
    assert found.verdict.cause == cause
    assert words in found.verdict.sentence


def test_a_gradient_bound_to_another_array_is_an_error(batch):
    network = Network([Dense(3, 4), Rebinding(4, 3)], rng=1)
    with pytest.raises(ChainruleError, match="has bound gradients"):
        audit(network, *batch)


def _returns_one(outputs, y):
    return 1.0


def _returns_no_gradient(outputs, y):
    return 1.0, None


def _writes(outputs, y):
    outputs *= 2
    return softmax_crossentropy_with_logits(outputs, y)


def _draws(outputs, y):
    value, gradient = softmax_crossentropy_with_logits(outputs, y)
    return value * np.random.default_rng().random(), gradient


@pytest.mark.parametrize(
    ("loss", "cause"),
    [
        (_returns_one, "loss-stops"),
        (_returns_no_gradient, "no-logits-gradient"),
        (_writes, "writes-into-argument"),
        (_draws, "random-forward"),
    ],
)
def test_a_loss_that_breaks_the_rules_is_told_so(loss, cause, batch):
    found = audit(Network([Dense(3, 4), Tanh(), Dense(4, 3)], loss=loss, rng=1), *batch)
    assert found.verdict.cause == cause
    assert found.verdict.sentence.startswith("The loss ")


# ---- what nobody could check ----


@pytest.mark.parametrize("method", ["entries", "projections"])
def test_dead_units_prove_nothing(method, batch):
    network = Network([Dense(3, 4), ReLU(), Dense(4, 3)], rng=1)
    network[0].biases = np.full(4, -100)
    found = audit(network, *batch, method=method)
    causes = {(row.layer[:7], row.name): row.cause for row in found.rows}
    assert not found.passed
    assert causes["layer 0", "weights"] == "nothing-proved"
    assert causes["layer 2", "weights"] == "nothing-proved"
    assert causes["layer 2", "biases"] == ""


@pytest.mark.parametrize("method", ["entries", "projections"])
def test_an_array_beside_kinks_everywhere_is_not_passed(method, batch):
    network = Network([Dense(3, 4), ReLU(), Dense(4, 3)], rng=1)
    found = audit(network, np.zeros((6, 3)), batch[1], method=method)
    row = next(row for row in found.rows if row.layer[:7] == "layer 0" and row.name == "biases")
    assert row.checked == 0
    assert row.skipped > 0
    assert row.cause in ("nobody-checked", "nothing-proved")
    assert not found.passed


def test_a_loss_that_is_not_finite_is_not_compared(batch):
    network = Network([Dense(3, 4), Tanh(), Dense(4, 3)], rng=1)
    for value in (np.inf, np.nan):
        network[2].weights = np.full((4, 3), value)
        found = audit(network, *batch)
        assert not found.passed
        assert found.verdict.cause == "not-finite"
        assert "The loss is nan: nothing can be compared." in found.verdict.sentence
        assert "is that of layer 2, Dense(4, 3)." in found.verdict.sentence


class Constant(Layer):
    """Its output does not depend on its input."""

    def __init__(self):
        self.parameters["scale"] = np.linspace(1, 2, 4)

    def forward(self, x, training=False):
        self.shape = x.shape
        return np.tile(self.parameters["scale"], (len(x), 1))

    def backward(self, grad_y):
        self.gradients["scale"][...] = grad_y.sum(axis=0)
        return np.zeros(self.shape)


class Keep(Layer):
    def forward(self, x, training=False):
        self.x = x
        return x


class AddKept(Layer):
    """Adds what a layer below has kept, and does not pass the gradient on to it."""

    def __init__(self, below):
        self.below = below

    def forward(self, x, training=False):
        return x + self.below.x


def test_a_fault_is_named_before_what_proves_nothing(batch):
    keep = Keep()
    network = Network([Constant(), keep, Tanh(), AddKept(keep), Dense(4, 3)], rng=1)
    found = audit(network, *batch)
    assert [row.cause for row in found.rows] == ["differs", "", "", "nothing-proved"]
    assert found.verdict.cause == "differs"
    assert "the scale of layer 0" in found.verdict.sentence
