import math

import pytest
from hand_made import run_of

from chainrule import ChainruleError
from chainrule.experiments.statistics import better_run, fair_answer, t_interval

# Student's t for 95 % and 97.5 %, as printed in tables: quantiles 0.975 and 0.9875.
T_1, T_2, T_4 = 12.7062047, 4.3026527, 2.7764451
T_2_FOR_TWO_INTERVALS = 6.2053468


def test_the_interval_is_students():
    values = [1.0, 2.0, 3.0, 4.0, 5.0]  # mean 3, variance 10 / 4
    half = T_4 * math.sqrt(2.5) / math.sqrt(5)
    assert t_interval(values) == pytest.approx((3 - half, 3 + half))


def test_two_values_give_a_wide_interval():
    half = T_1 * math.sqrt(0.5) / math.sqrt(2)  # of 0 and 1: variance 1 / 2
    assert t_interval([0.0, 1.0]) == pytest.approx((0.5 - half, 0.5 + half))


def test_one_value_gives_none():
    with pytest.raises(ChainruleError, match="at least two values, got 1"):
        t_interval([0.5])


def test_the_rate_is_chosen_on_validation_not_on_test():
    runs = [
        run_of("adam", 0, test=0.99, val=0.90, rate=0.001),
        run_of("adam", 0, test=0.95, val=0.92, rate=0.003),
    ]
    (chosen,) = fair_answer(runs).chosen
    assert chosen.learning_rate == 0.003


def test_the_batch_size_is_chosen_on_validation_too():
    runs = [
        run_of("adam", 0, test=0.99, val=0.90, batch=32),
        run_of("adam", 0, test=0.95, val=0.92, batch=128),
    ]
    assert fair_answer(runs).chosen[0].batch_size == 128


def test_the_mean_over_the_seeds_chooses_not_the_luckiest_run():
    runs = [
        run_of("sgd", 0, test=0.9, val=0.99, rate=1),
        run_of("sgd", 1, test=0.9, val=0.80, rate=1),
        run_of("sgd", 0, test=0.9, val=0.91, rate=2),
        run_of("sgd", 1, test=0.9, val=0.91, rate=2),
    ]
    assert fair_answer(runs).chosen[0].learning_rate == 2


def test_a_rate_that_diverged_for_a_seed_gives_way():
    runs = [
        run_of("sgd", 0, test=0.9, val=0.99, rate=1),
        run_of("sgd", 1, test=None, rate=1, diverged=True),
        run_of("sgd", 0, test=0.9, val=0.80, rate=2),
        run_of("sgd", 1, test=0.9, val=0.80, rate=2),
    ]
    assert fair_answer(runs).chosen[0].learning_rate == 2


def test_the_first_optimizer_is_the_better_one_on_validation():
    runs = [run_of("adam", 0, test=0.99, val=0.90), run_of("sgd", 0, test=0.95, val=0.92)]
    assert [setting.optimizer for setting in fair_answer(runs).chosen] == ["sgd", "adam"]


def test_runs_are_paired_by_seed_in_whatever_order_they_stand():
    adam = [run_of("adam", seed, test, val=0.95) for seed, test in ((0, 0.9), (1, 0.8), (2, 0.7))]
    sgd = [run_of("sgd", seed, test) for seed, test in ((2, 0.69), (0, 0.88), (1, 0.77))]
    (difference,) = fair_answer([*adam, *sgd]).differences
    assert difference.by_seed == pytest.approx({0: 0.02, 1: 0.03, 2: 0.01})
    half = T_2 * 0.01 / math.sqrt(3)
    assert difference.interval == pytest.approx((0.02 - half, 0.02 + half))
    assert difference.sign == 0  # 0.02 - 0.0248 lies below zero


def test_a_seed_without_its_pair_is_left_out():
    runs = [run_of("adam", seed, 0.9 + seed / 100, val=0.95) for seed in range(3)]
    runs += [run_of("sgd", seed, 0.8) for seed in (0, 1)]
    runs += [run_of("sgd", 2, None, diverged=True)]
    (difference,) = fair_answer(runs).differences
    assert set(difference.by_seed) == {0, 1}


@pytest.mark.parametrize(("sgd", "sign"), [(0.80, 1), (0.99, -1), (0.911, 0)])
def test_the_sign_follows_the_interval(sgd, sign):
    adam = [0.90, 0.91, 0.92]
    runs = [run_of("adam", seed, test, val=0.95) for seed, test in enumerate(adam)]
    runs += [run_of("sgd", seed, sgd + seed / 1000) for seed in range(3)]
    assert fair_answer(runs).differences[0].sign == sign


def test_differences_without_spread_give_no_interval():
    runs = [run_of("adam", seed, 0.1 * seed + 0.02, val=0.95) for seed in range(3)]
    runs += [run_of("sgd", seed, 0.1 * seed) for seed in range(3)]  # not equal in binary
    (difference,) = fair_answer(runs).differences
    assert difference.interval is None
    assert difference.sign == 0


def test_two_intervals_hold_together():
    runs = [run_of("adam", seed, test, val=0.95) for seed, test in enumerate((0.9, 0.91, 0.92))]
    runs += [run_of(name, seed, 0.9) for name in ("sgd", "momentum") for seed in range(3)]
    for difference in fair_answer(runs).differences:
        assert difference.level == pytest.approx(0.975)
        half = T_2_FOR_TWO_INTERVALS * 0.01 / math.sqrt(3)
        assert difference.interval == pytest.approx((0.01 - half, 0.01 + half))


def test_the_run_that_is_shown_has_the_highest_validation_accuracy():
    runs = [
        run_of("adam", 0, test=0.99, val=0.90),
        run_of("adam", 1, test=0.91, val=0.93),
        run_of("sgd", 0, test=None, diverged=True),
    ]
    assert better_run(runs) is runs[1]
