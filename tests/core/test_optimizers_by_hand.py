"""Each rule against numbers worked out by hand, in plain Python floats.

The first parameter is 1.0; the gradient at each step is written down, whatever the parameter is.
"""

import math

import numpy as np
import pytest

from chainrule import SGD, Adam, AdamW, RMSProp


def path(optimizer, gradients, start=1.0):
    """Return the parameter after each step."""
    parameters, after = np.array([start]), []
    for gradient in gradients:
        assert optimizer.update(parameters, np.array([gradient])) is parameters
        after.append(float(parameters[0]))
    assert optimizer.t == len(gradients)
    return after


def assert_path(optimizer, gradients, expected):
    assert path(optimizer, gradients) == pytest.approx(expected, rel=1e-14)


def test_sgd():
    assert_path(
        SGD(0.1),
        [0.5, -0.2, 0.1],
        [
            1 - 0.1 * 0.5,  # 0.95
            0.95 + 0.1 * 0.2,  # 0.97
            0.97 - 0.1 * 0.1,  # 0.96
        ],
    )


def test_sgd_with_momentum():
    # v = 0.5;  0.9·0.5 - 0.2 = 0.25;  0.9·0.25 + 0.1 = 0.325
    assert_path(
        SGD(0.1, momentum=0.9),
        [0.5, -0.2, 0.1],
        [
            1 - 0.1 * 0.5,  # 0.95
            0.95 - 0.1 * 0.25,  # 0.925
            0.925 - 0.1 * 0.325,  # 0.8925
        ],
    )


def test_sgd_with_nesterov_momentum():
    # v as above; the step follows g + 0.9 v = 0.95;  -0.2 + 0.225 = 0.025;  0.1 + 0.2925 = 0.3925
    assert_path(
        SGD(0.1, momentum=0.9, nesterov=True),
        [0.5, -0.2, 0.1],
        [
            1 - 0.1 * 0.95,  # 0.905
            0.905 - 0.1 * 0.025,  # 0.9025
            0.9025 - 0.1 * 0.3925,  # 0.86325
        ],
    )


def test_sgd_with_weight_decay_and_momentum():
    # g + 0.1 θ = 0.5 + 0.1 = 0.6;  -0.2 + 0.1·0.94 = -0.106.  v = 0.6;  0.5·0.6 - 0.106 = 0.194
    assert_path(
        SGD(0.1, momentum=0.5, weight_decay=0.1),
        [0.5, -0.2],
        [
            1 - 0.1 * 0.6,  # 0.94
            0.94 - 0.1 * 0.194,  # 0.9206
        ],
    )


def test_rmsprop():
    # v = 0.25·0.4² = 0.04;  0.75·0.04 + 0.25·0.2² = 0.04;  again 0.04.  √v + ε = 0.2 + 0.05
    assert_path(
        RMSProp(0.1, beta=0.75, epsilon=0.05),
        [0.4, 0.2, -0.2],
        [
            1 - 0.1 * 0.4 / 0.25,  # 0.84
            0.84 - 0.1 * 0.2 / 0.25,  # 0.76
            0.76 + 0.1 * 0.2 / 0.25,  # 0.84
        ],
    )


def test_rmsprop_with_weight_decay():
    # g + 0.2 θ = 0.2 + 0.2 = 0.4, so v = 0.25·0.4² = 0.04
    assert_path(
        RMSProp(0.1, beta=0.75, epsilon=0.05, weight_decay=0.2), [0.2], [1 - 0.1 * 0.4 / 0.25]
    )


def test_adam():
    # β₁ = 0.5:  m = 0.5·0.4 = 0.2;  0.5·0.2 - 0.5·0.4 = -0.1;  0.5·(-0.1) + 0.5·0.2 = 0.05
    # β₂ = 0.75: v = 0.25·0.16 = 0.04;  0.03 + 0.25·0.16 = 0.07;  0.0525 + 0.25·0.04 = 0.0625
    # m̂ = 0.2/0.5 = 0.4;  -0.1/0.75 = -0.4/3;  0.05/0.875 = 0.4/7
    # v̂ = 0.04/0.25 = 0.16;  0.07/0.4375 = 0.16;  0.0625/(37/64) = 4/37
    first = 1 - 0.1 * 0.4 / (0.4 + 0.1)  # 0.92
    second = first + 0.1 * (0.4 / 3) / (0.4 + 0.1)  # 0.94666...
    third = second - 0.1 * (0.4 / 7) / (2 / math.sqrt(37) + 0.1)
    assert first == pytest.approx(0.92)
    assert_path(
        Adam(0.1, beta1=0.5, beta2=0.75, epsilon=0.1), [0.4, -0.4, 0.2], [first, second, third]
    )


def test_adam_adds_weight_decay_to_the_gradient():
    # g + 0.2 θ = 0.2 + 0.2 = 0.4, and then as the first step above
    optimizer = Adam(0.1, beta1=0.5, beta2=0.75, epsilon=0.1, weight_decay=0.2)
    assert_path(optimizer, [0.2], [1 - 0.1 * 0.4 / 0.5])


def test_adamw_decays_apart_from_the_gradient():
    # (1 - 0.1·0.2) θ = 0.98 first, then Adam's step for g = 0.4, then for g = -0.4, as above
    first = 0.98 * 1 - 0.1 * 0.4 / 0.5  # 0.9
    second = 0.98 * first + 0.1 * (0.4 / 3) / 0.5
    optimizer = AdamW(0.1, beta1=0.5, beta2=0.75, epsilon=0.1, weight_decay=0.2)
    assert_path(optimizer, [0.4, -0.4], [first, second])


@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_fifty_steps_with_the_default_settings_against_the_algorithm(kind):
    gradients = [math.sin(3 * step) + 0.1 for step in range(50)]
    theta, m, v, expected = 1.0, 0.0, 0.0, []
    for t, g in enumerate(gradients, start=1):
        theta -= 0.001 * 0.01 * theta if kind is AdamW else 0.0
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        theta -= 0.001 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        expected.append(theta)
    assert path(kind(), gradients) == pytest.approx(expected, rel=1e-12)


def test_the_default_settings_are_those_of_the_papers():
    adam, adamw, rmsprop, sgd = Adam(), AdamW(), RMSProp(), SGD()
    assert (adam.learning_rate, adam.beta1, adam.beta2, adam.epsilon) == (1e-3, 0.9, 0.999, 1e-8)
    assert (adam.weight_decay, adamw.weight_decay) == (0, 0.01)
    assert (rmsprop.learning_rate, rmsprop.beta, rmsprop.epsilon) == (1e-3, 0.99, 1e-8)
    assert (sgd.learning_rate, sgd.momentum, sgd.nesterov, sgd.weight_decay) == (0.1, 0, False, 0)
