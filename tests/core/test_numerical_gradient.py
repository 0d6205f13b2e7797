"""The numerical gradient is itself right: it is what the other proofs stand on."""

import numpy as np
import pytest

from chainrule import ChainruleError, numerical_gradient


def test_a_quadratic_has_no_error_but_rounding():
    x = np.array([[1.0, -3.0], [0.0, 10.0]])
    gradient = numerical_gradient(lambda x: float((x * x).sum() / 2), x)
    np.testing.assert_allclose(gradient, x, rtol=1e-9, atol=1e-9)


def test_the_step_grows_with_the_entry():
    gradient = numerical_gradient(lambda x: float(x[0] ** 3), np.array([1e6]))
    np.testing.assert_allclose(gradient, 3e12, rtol=1e-9)


def test_the_sine_to_ten_digits():
    x = np.linspace(-3, 3, 7)
    gradient = numerical_gradient(lambda x: float(np.sin(x).sum()), x)
    np.testing.assert_allclose(gradient, np.cos(x), atol=2e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
def test_the_point_is_not_changed_and_the_result_is_float64(dtype):
    x = np.ones(3, dtype)
    x.flags.writeable = False
    assert numerical_gradient(lambda x: float(x.sum()), x).dtype == np.float64
    np.testing.assert_array_equal(x, 1)


@pytest.mark.parametrize("step", [0, -1e-5, float("nan")])
def test_a_step_that_is_not_above_0_is_an_error(step):
    with pytest.raises(ChainruleError, match="step must be a number above 0"):
        numerical_gradient(lambda x: 0.0, np.ones(1), step)
