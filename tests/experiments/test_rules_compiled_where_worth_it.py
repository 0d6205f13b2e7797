"""A training runs compiled rules where they save time, and to the same bits wherever it runs."""

import sys
from threading import Event, Thread

import numpy as np
import pytest

from chainrule import SGD, Adam, AdamW, RMSProp, compiled
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset
from chainrule.experiments.lanes import run_lane
from chainrule.experiments.settings import Lane

COURSE, STEPS = 242_762, 313  # parameters, and steps of an epoch of 20,000 images
HOW = {"hidden": [6], "epochs": 2, "threads": 1}


@pytest.fixture
def split(stripes):
    return split_dataset(load_dataset(stripes), train_size=100)


@pytest.fixture
def worth_it(monkeypatch):
    """Let it be worth it, however little there is to do."""
    pytest.importorskip("numba")
    monkeypatch.setattr(compiled, "COST", 0)


def lane_of(optimizer):
    return Lane(f"{optimizer}-seed0", optimizer, 0.01, 16, 0)


def bits(split, optimizer="adam"):
    return run_lane(lane_of(optimizer), split, **HOW).record["parameters_sha256"]


def test_it_is_decided_by_the_rule_the_parameters_and_the_steps_to_come():
    def epochs_from(kind, parameters):
        worth = [compiled.is_worth_it(kind, parameters, n * STEPS) for n in range(200)]
        assert worth == sorted(worth)  # once it is, it stays so
        return worth.index(True) if any(worth) else None

    assert epochs_from(Adam, COURSE) == epochs_from(AdamW, COURSE) < 10
    assert epochs_from(Adam, COURSE) < epochs_from(RMSProp, COURSE) < 20  # as `compare` trains
    assert epochs_from(SGD, COURSE) > 100
    assert epochs_from(Adam, 5_000) is None  # as an estimator's
    assert not compiled.is_worth_it(type("OfALearner", (), {}), COURSE, 10**9)


@pytest.mark.parametrize("optimizer", ["adam", "nesterov", "rmsprop"])
def test_a_lane_has_the_same_bits_with_and_without(optimizer, split, worth_it, monkeypatch):
    asked = []
    ask = compiled._ask
    monkeypatch.setattr(compiled, "_ask", lambda who: [asked.append(who), ask(who)])
    fast = bits(split, optimizer)
    assert len(asked) == 1
    monkeypatch.setattr(compiled, "COST", np.inf)
    assert bits(split, optimizer) == fast
    assert len(asked) == 1


def test_without_numba_or_with_one_that_fails_a_lane_goes_on(split, monkeypatch):
    expected = bits(split)
    monkeypatch.setattr(compiled, "COST", 0)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "numba", None)
        assert bits(split) == expected
    numba = pytest.importorskip("numba")
    with monkeypatch.context() as broken:
        broken.setattr(compiled, "_loop", lambda rule, moments: 1 / 0)
        assert bits(split) == expected
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert compiled.working_numba() is None


def test_a_block_leaves_the_rules_as_they_were(worth_it):
    plain, parameters = Adam.rule, np.zeros(3, np.float32)
    with compiled.compiled_where_worth_it(Adam(), parameters, 1):
        assert Adam.rule is not plain
    assert Adam.rule is plain
    compiled.compile_rules()  # by the user, for the whole process
    try:
        with compiled.compiled_where_worth_it(Adam(), parameters, 1):
            pass
        assert Adam.rule is not plain
    finally:
        compiled.restore_rules()
    assert Adam.rule is plain


def test_blocks_of_threads_may_overlap(worth_it):
    plain, parameters = Adam.rule, np.zeros(3, np.float32)
    begun, may_end = Event(), Event()

    def lane():
        with compiled.compiled_where_worth_it(Adam(), parameters, 1):
            begun.set()
            may_end.wait(60)

    other = Thread(target=lane)
    with compiled.compiled_where_worth_it(Adam(), parameters, 1):
        other.start()
        assert begun.wait(60)
    assert Adam.rule is not plain  # the other's block goes on
    may_end.set()
    other.join()
    assert Adam.rule is plain
