"""Rows of softmax sum to 1, and only the differences of the logits count."""

import math

import numpy as np
from drawn import FLOATS, deterministic
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from chainrule import softmax, softmax_crossentropy_with_logits

SHAPES = st_numpy.array_shapes(min_dims=2, max_dims=2, max_side=30)


@st.composite
def logits(draw):
    """Draw logits to ±1e4, subnormal ones and zeros of both signs among them."""
    dtype = draw(st.sampled_from(FLOATS))
    width = np.finfo(dtype).bits
    return draw(st_numpy.arrays(dtype, SHAPES, elements=st.floats(-1e4, 1e4, width=width)))


@deterministic(150)
@given(logits())
def test_rows_sum_to_1(z):
    probabilities = softmax(z)
    assert probabilities.dtype == z.dtype
    assert probabilities.shape == z.shape
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    for row in probabilities.tolist():
        assert abs(math.fsum(row) - 1) <= 8 * np.finfo(z.dtype).eps


@deterministic(150)
@given(logits(), st.data())
def test_the_gradient_of_the_loss_sums_to_0_in_each_row(z, data):
    y = data.draw(st_numpy.arrays(int, len(z), elements=st.integers(0, z.shape[1] - 1)))
    loss, gradient = softmax_crossentropy_with_logits(z, y)
    assert 0 <= loss <= 2e4 + math.log(z.shape[1]) + 1
    for row in gradient.tolist():
        assert abs(math.fsum(row)) <= 8 * np.finfo(z.dtype).eps / len(z)


@st.composite
def logits_and_shifts(draw):
    """Draw eighths, and a whole number for each row, so that their sums are exact in float32."""
    z = draw(st_numpy.arrays(np.int64, SHAPES, elements=st.integers(-80_000, 80_000))) / 8
    shifts = draw(st_numpy.arrays(np.int64, (len(z), 1), elements=st.integers(-10_000, 10_000)))
    dtype = draw(st.sampled_from(FLOATS))
    return z.astype(dtype), shifts.astype(dtype)


@deterministic(150)
@given(logits_and_shifts())
def test_a_shift_of_a_row_changes_no_bit(pair):
    z, shifts = pair
    np.testing.assert_array_equal(softmax(z + shifts), softmax(z))
    y = z.argmin(axis=1)
    came, expected = (softmax_crossentropy_with_logits(logits, y) for logits in (z + shifts, z))
    assert came[0] == expected[0]
    np.testing.assert_array_equal(came[1], expected[1])
