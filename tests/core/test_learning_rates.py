"""Schedules at known points; each is a plain function of the step."""

import math
from functools import partial

import numpy as np
import pytest

from chainrule import (
    SGD,
    Adam,
    ChainruleError,
    constant_rate,
    cosine_rate,
    one_cycle_rate,
    step_rate,
)


def test_constant():
    assert {constant_rate(step, 0.1) for step in (0, 1, 10**6)} == {0.1}


def test_step_falls_once_in_every_steps():
    rates = [step_rate(step, 1.0, every=3, factor=0.5) for step in range(7)]
    assert rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]
    assert step_rate(3, 1.0, every=3) == pytest.approx(0.1)


def test_cosine_starts_at_initial_is_halfway_at_half_and_ends_at_final():
    rate = partial(cosine_rate, initial=0.5, total_steps=100, final=0.1)
    assert rate(0) == 0.5
    assert rate(50) == pytest.approx((0.5 + 0.1) / 2)
    # a third of the way cos(60°) = 1/2, so three quarters of the height remain
    assert cosine_rate(100, 0.4, 300) == pytest.approx(0.3)
    assert rate(100) == rate(1000) == pytest.approx(0.1)
    assert cosine_rate(100, 0.4, 100) == pytest.approx(0, abs=1e-16)


def test_one_cycle_against_the_numbers_of_pytorchs_formula():
    # max_lr=1, total_steps=20, pct_start=0.3: up over steps 0 to 0.3·20 - 1 = 5, down to step 19.
    # start 1/25 = 0.04, end 0.04/1e4 = 4e-6; between a and b: b + (a - b)/2 · (1 + cos(π share))
    rate = partial(one_cycle_rate, peak=1.0, total_steps=20)
    assert rate(0) == pytest.approx(0.04)
    # share 1/5: 1 - 0.48·(1 + cos 36°) = 1 - 0.48·1.809016994
    assert rate(1) == pytest.approx(0.131671843, rel=1e-8)
    assert rate(5) == pytest.approx(1.0)
    # share 7/14: half of 1 + 4e-6
    assert rate(12) == pytest.approx(0.500002)
    assert rate(19) == pytest.approx(4e-6)
    assert rate(25) == rate(19)


def test_one_cycle_rises_then_falls():
    rates = [one_cycle_rate(step, 0.1, 50) for step in range(50)]
    top = rates.index(max(rates))
    assert top == 0.3 * 50 - 1
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_a_function_gets_step_0_first_and_then_each_step_once():
    optimizer = SGD(lambda step: 2.0**-step)
    assert optimizer.rate == 1
    parameters, rates = np.zeros(1), []
    for _ in range(4):
        optimizer.update(parameters, np.ones(1))
        rates.append(optimizer.rate)
    assert rates == [1, 0.5, 0.25, 0.125]
    assert parameters == -sum(rates)


def test_a_schedule_moves_adam_as_its_rates_do():
    scheduled, by_hand = Adam(partial(cosine_rate, initial=0.1, total_steps=4)), Adam(0.1)
    mine, theirs = np.ones(3), np.ones(3)
    for step in range(4):
        by_hand.learning_rate = 0.05 * (1 + math.cos(math.pi * step / 4))
        gradients = np.array([1.0, -2.0, step])
        scheduled.update(mine, gradients)
        by_hand.update(theirs, gradients)
    np.testing.assert_allclose(mine, theirs, rtol=1e-14)


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf, "0.1", None, True, [0.1]])
def test_a_rate_that_is_no_number_from_0_up_is_an_error(rate):
    with pytest.raises(ChainruleError, match="learning_rate must be a number"):
        Adam(rate)


def test_a_function_that_gives_a_bad_rate_is_named_with_the_step():
    optimizer = SGD(lambda step: 0.1 - step)
    optimizer.update(np.ones(2), np.ones(2))
    with pytest.raises(ChainruleError, match=r"learning_rate at step 1 .* at least 0, got -0.9"):
        optimizer.update(np.ones(2), np.ones(2))


def test_a_schedule_without_its_arguments_is_shown_how_to_give_them():
    with pytest.raises(ChainruleError, match=r"function of the step alone.*partial\(cosine_rate"):
        SGD(cosine_rate)


def test_a_rate_of_0_moves_nothing(make_optimizer):
    optimizer, parameters = make_optimizer(), np.ones(3)
    optimizer.learning_rate = 0
    optimizer.update(parameters, np.ones(3))
    np.testing.assert_array_equal(parameters, 1)


def test_one_cycle_that_warms_up_all_the_way_ends_at_its_peak():
    rates = [one_cycle_rate(step, 1.0, 10, warmup=1.0) for step in range(10)]
    assert rates[-1] == pytest.approx(1.0)


def test_one_cycle_whose_rise_is_one_step_begins_at_its_peak():
    assert one_cycle_rate(0, 1.0, 10, warmup=0.1) == 1.0


def test_one_cycle_whose_rise_is_two_steps_begins_low():
    assert one_cycle_rate(0, 1.0, 20, warmup=0.1) == pytest.approx(1 / 25)
    assert one_cycle_rate(1, 1.0, 20, warmup=0.1) == pytest.approx(1.0)
