"""Lesson 4: right answers that are written differently, and the numbers that its page states."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.lessons.judge import judge
from chainrule.lessons.lesson import find_lesson
from chainrule.lessons.momentum_to_adam import figures
from chainrule.proof.diagnosis import diagnose_optimizer
from chainrule.proof.faults import FAULTS

LESSON = find_lesson(4)
PARTS = {part.name: part for part in LESSON.parts}


def verdict(name, answer):
    return judge(PARTS[name], answer, getattr(LESSON.solution, name))


# ---- other right answers ----


class Settings:
    """Keep the settings under their names, as the template does."""

    def __init__(self, **settings):
        defaults = {"learning_rate": self.rate, **self.others}
        vars(self).update(defaults | settings)


class MomentumByLoop(Settings):
    rate, others = 0.1, {"momentum": 0.9}
    velocity = None

    def update(self, parameters, gradients):
        if self.velocity is None:
            self.velocity = [0.0] * len(parameters)
        moved = parameters.copy()
        for i in range(len(parameters)):
            self.velocity[i] = self.momentum * self.velocity[i] + gradients[i]
            moved[i] -= self.learning_rate * self.velocity[i]
        return moved


class MomentumInPlace(Settings):
    rate, others = 0.1, {"momentum": 0.9}
    velocity = None

    def update(self, parameters, gradients):
        if self.velocity is None:
            self.velocity = np.zeros_like(gradients)
        self.velocity *= self.momentum
        self.velocity += gradients
        parameters -= self.learning_rate * self.velocity
        return parameters


class MomentumFromHistory(Settings):
    """Remember every gradient, and add them up anew with einsum."""

    rate, others = 0.1, {"momentum": 0.9}

    def __init__(self, **settings):
        super().__init__(**settings)
        self.seen = []

    def update(self, parameters, gradients):
        self.seen.append(gradients.copy())
        powers = self.momentum ** np.arange(len(self.seen))[::-1]
        velocity = np.einsum("t,tn->n", powers, self.seen).astype(parameters.dtype)
        return parameters - self.learning_rate * velocity


class RMSPropByLoop(Settings):
    rate, others = 0.001, {"beta": 0.99, "epsilon": 1e-8}
    v = None

    def update(self, parameters, gradients):
        if self.v is None:
            self.v = [0.0] * len(parameters)
        moved = parameters.copy()
        for i, g in enumerate(gradients):
            self.v[i] = self.beta * self.v[i] + (1 - self.beta) * g * g
            moved[i] -= self.learning_rate * g / (math.sqrt(self.v[i]) + self.epsilon)
        return moved


class RMSPropInPlace(Settings):
    rate, others = 0.001, {"beta": 0.99, "epsilon": 1e-8}
    v = None

    def update(self, parameters, gradients):
        if self.v is None:
            self.v = np.zeros_like(gradients)
        self.v += (1 - self.beta) * (np.square(gradients) - self.v)
        root = np.sqrt(self.v)
        root += self.epsilon
        parameters -= self.learning_rate * (gradients / root)
        return parameters


class RMSPropFromHistory(Settings):
    rate, others = 0.001, {"beta": 0.99, "epsilon": 1e-8}

    def __init__(self, **settings):
        super().__init__(**settings)
        self.seen = []

    def update(self, parameters, gradients):
        self.seen.append(gradients.copy())
        weights = (1 - self.beta) * self.beta ** np.arange(len(self.seen))[::-1]
        v = np.einsum("t,tn,tn->n", weights, self.seen, self.seen).astype(parameters.dtype)
        return parameters - self.learning_rate * gradients / (v**0.5 + self.epsilon)


class AdamByLoop(Settings):
    rate, others = 0.001, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    t = 0

    def update(self, parameters, gradients):
        if self.t == 0:
            self.m, self.v = [0.0] * len(parameters), [0.0] * len(parameters)
        self.t = self.t + 1
        moved = parameters.copy()
        for i, g in enumerate(gradients):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g * g
            m_hat = self.m[i] / (1 - self.beta1**self.t)
            v_hat = self.v[i] / (1 - self.beta2**self.t)
            moved[i] -= self.learning_rate * m_hat / (math.sqrt(v_hat) + self.epsilon)
        return moved


class AdamInPlace(Settings):
    rate, others = 0.001, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}

    def __init__(self, **settings):
        super().__init__(**settings)
        self.state = {}

    def update(self, parameters, gradients):
        if not self.state:
            zeros = np.zeros_like(parameters)
            self.state = {"t": 0, "m": zeros, "v": zeros.copy()}
        self.state["t"] += 1
        m, v, t = self.state["m"], self.state["v"], self.state["t"]
        m += (1 - self.beta1) * (gradients - m)
        v += (1 - self.beta2) * (gradients * gradients - v)
        parameters -= (
            self.learning_rate
            * (m / (1 - self.beta1**t))
            / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon)
        )
        return parameters


class AdamByPaper(Settings):
    """The paper's faster order, with epsilon carried over as it must be."""

    rate, others = 0.001, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    t, m, v = 0, 0.0, 0.0

    def update(self, parameters, gradients):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * gradients
        self.v = self.beta2 * self.v + (1 - self.beta2) * gradients**2
        root = math.sqrt(1 - self.beta2**self.t)
        rate = self.learning_rate * root / (1 - self.beta1**self.t)
        return parameters - rate * self.m / (np.sqrt(self.v) + self.epsilon * root)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("Momentum", MomentumByLoop),
        ("Momentum", MomentumInPlace),
        ("Momentum", MomentumFromHistory),
        ("RMSProp", RMSPropByLoop),
        ("RMSProp", RMSPropInPlace),
        ("RMSProp", RMSPropFromHistory),
        ("Adam", AdamByLoop),
        ("Adam", AdamInPlace),
        ("Adam", AdamByPaper),
        ("RMSProp", chainrule.RMSProp),
        ("Adam", chainrule.Adam),
    ],
)
def test_a_right_answer_passes_however_it_is_written(name, answer):
    result = verdict(name, answer)
    assert result.status == "right", result


def test_what_a_class_holds_does_not_reach_the_next_case():
    class Shared(MomentumInPlace):
        states = {}  # noqa: RUF012  a learner's mistake

        def update(self, parameters, gradients):
            velocity = self.states.get("velocity", 0.0)
            self.states["velocity"] = self.momentum * velocity + gradients
            return parameters - self.learning_rate * self.states["velocity"]

    for _ in range(2):
        result = verdict("Momentum", Shared)
        assert (result.kind, result.mistake) == ("value", "shared-state")
        assert any("optimizers = 2" in line for line in result.lines)
    assert Shared.states == {}


def test_state_that_an_update_hangs_on_the_class_is_taken_off_again():
    class Hanging(MomentumInPlace):
        def update(self, parameters, gradients):
            Hanging.kept = self.momentum * getattr(Hanging, "kept", 0.0) + gradients
            return parameters - self.learning_rate * Hanging.kept

    assert verdict("Momentum", Hanging).mistake == "shared-state"
    assert not hasattr(Hanging, "kept")


def test_a_missing_return_is_said():
    class Silent(MomentumInPlace):
        def update(self, parameters, gradients):
            super().update(parameters, gradients)

    assert verdict("Momentum", Silent).lines[-1] == "positions is None: is a return missing?"


@pytest.mark.parametrize("name", PARTS)
def test_an_optimizer_that_moves_a_copy_of_its_own_is_wrong(name):
    class OwnCopy(getattr(LESSON.solution, name)):
        mine = None

        def update(self, parameters, gradients):
            if self.mine is None:
                self.mine = parameters.copy()
            self.mine = super().update(self.mine, gradients)
            return self.mine

    result = verdict(name, OwnCopy)
    assert (result.kind, result.mistake) == ("value", "own-copy")
    assert any("moved = 0.5" in line for line in result.lines)


def test_a_root_of_numpy_that_turns_the_parameters_into_float64_is_told_of_the_root():
    class Rooted(AdamByPaper):
        def update(self, parameters, gradients):
            moved = super().update(parameters, gradients)
            return moved * np.sqrt(1.0)  # a NumPy number of 64 bits

    result = verdict("Adam", Rooted)
    if result.status == "right":
        pytest.skip("this NumPy keeps float32")
    assert (result.kind, result.mistake) == ("dtype", "float64-creep")
    assert "math.sqrt" in result.hint


@pytest.mark.parametrize("name", PARTS)
def test_a_list_of_numbers_is_said_to_be_no_array(name):
    class Lists(getattr(LESSON.solution, name)):
        def update(self, parameters, gradients):
            return super().update(parameters, gradients).tolist()

    result = verdict(name, Lists)
    assert (result.kind, result.mistake) == ("error", "")
    assert "must return an array, not a list" in result.lines[-1]


@pytest.mark.parametrize("name", PARTS)
def test_gradients_that_are_changed_are_a_side_effect(name):
    class Changing(getattr(LESSON.solution, name)):
        def update(self, parameters, gradients):
            moved = super().update(parameters, gradients)
            gradients *= 2
            return moved

    result = verdict(name, Changing)
    assert result.kind == "side effect"
    assert result.mistake == "gradients-changed"


# ---- the solutions are the library's optimizers ----


@pytest.mark.parametrize(
    ("solution", "library"),
    [
        (LESSON.solution.Momentum(), chainrule.SGD(momentum=0.9)),
        (LESSON.solution.RMSProp(), chainrule.RMSProp()),
        (LESSON.solution.Adam(), chainrule.Adam()),
    ],
)
def test_the_solutions_step_as_the_library_does_with_its_defaults(solution, library):
    rng = np.random.default_rng(0)
    mine, theirs = np.ones(5), np.ones(5)
    for _ in range(50):
        gradients = rng.standard_normal(5)
        mine = solution.update(mine, gradients)
        theirs = library.update(theirs, gradients)
        np.testing.assert_allclose(mine, theirs, rtol=1e-13)


@pytest.mark.parametrize("name", PARTS)
def test_the_solutions_pass_the_diagnosis_of_the_library(name):
    optimizer = getattr(LESSON.solution, name)(learning_rate=0.01)
    assert diagnose_optimizer(optimizer).passed


@pytest.mark.parametrize("name", PARTS)
def test_the_solutions_train_a_network_in_float32(name):
    network = chainrule.create_network(sizes=(4, 6, 3))
    network.optimizer = getattr(LESSON.solution, name)(learning_rate=0.01)
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 4)), rng.integers(0, 3, 30)
    losses = [chainrule.train_batch(network, X, y) for _ in range(60)]
    assert losses[-1] < 0.9 * losses[0]
    moved = network.optimizer.update(network.parameters, network.gradients)
    assert moved.dtype == np.float32


# ---- what the page says ----


def steps_under_constant_gradient(adam, steps):
    optimizer, given, positions = adam(learning_rate=0.001), [], [np.zeros(4)]
    for _ in range(steps):
        given.append(positions[-1].copy())
        positions.append(optimizer.update(given[-1], np.ones(4)))
    return -np.diff(positions, axis=0)[:, -1] / 0.001


@pytest.mark.parametrize(
    ("name", "first", "peak", "at"),
    [
        ("no-bias-correction", 3.16, 6.57, 12),
        ("bias-correction-multiplied", 10.0, 43.15, 12),
        ("no-power-of-t", 1.0, 2.08, 12),
        ("id-keyed-state", 1.0, 3.08, 3_000),  # √10 = 3.16 in the limit
        ("t-per-layer", 0.58, 1.92, 47),
    ],
)
def test_the_fingerprint_of_a_wrong_adam_has_the_peak_that_is_stated(name, first, peak, at):
    lengths = steps_under_constant_gradient(FAULTS[name].part, 3_000)
    assert lengths[0] == pytest.approx(first, abs=0.005)
    assert lengths.max() == pytest.approx(peak, abs=0.005)
    assert lengths.argmax() + 1 == at


def test_the_fingerprint_of_the_solution_is_flat():
    lengths = steps_under_constant_gradient(LESSON.solution.Adam, 500)
    np.testing.assert_allclose(lengths, 1 / (1 + 1e-8), rtol=1e-9)


def test_rmsprop_begins_with_a_step_of_ten_rates():
    moved = LESSON.solution.RMSProp(0.001).update(np.zeros(3), np.array([2.0, -0.5, 0.0]))
    np.testing.assert_allclose(moved, [-0.01, 0.01, 0.0], rtol=1e-5)


def test_the_numbers_of_steps_that_the_page_states():
    assert round(math.log(0.01) / math.log(1 - 1 / 30)) == 136
    assert round(math.log(0.01) / math.log(1 - 1 / 3_000), -2) == 13_800
    assert 1 - 0.9**28 < 0.95 < 1 - 0.9**29
    assert 1 - 0.999**2_994 < 0.95 < 1 - 0.999**2_995


def test_the_fingerprint_names_each_peak_in_its_alt_text():
    lengths = {"right": np.ones(9), "wrong": np.array([1.0, 2.5, 2.0])}
    words = figures.fingerprint(lengths).get_label()
    assert "right: peak 1.00 at step 1" in words
    assert "wrong: peak 2.50 at step 2" in words


def test_a_frame_of_the_walks_states_each_rate_and_loss():
    def surface(points):
        return (points**2).sum(axis=-1)

    walks = {"SGD": np.array([[1.0, 1.0], [0.5, 0.0]]), "Adam": np.array([[1.0, 1.0], [0.0, 0.1]])}
    rates = {"SGD": 0.25, "Adam": 0.5}
    words = figures.paths(surface, walks, rates, np.zeros(2), 1, "Bowl").get_label()
    assert "SGD, rate 0.250: 0.25; Adam, rate 0.500: 0.01" in words


# ---- the teacher's page ----


def test_the_teachers_page_quotes_the_hints_as_they_are():
    page = Path(__file__).parents[2] / "docs" / "teaching" / f"{LESSON.page}.md"
    text = page.read_text(encoding="utf-8").replace("\\", "")
    quoted = re.findall(r"^\| .* \| `([\w-]+)` \| (.*) \|$", text, re.MULTILINE)
    hints = {(wrong.name, wrong.hint) for part in LESSON.parts for wrong in part.wrong_answers}
    assert len(quoted) >= 12
    assert set(quoted) <= hints
