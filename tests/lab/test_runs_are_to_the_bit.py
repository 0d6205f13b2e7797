"""A run of Learn has the loop's own bits, at every step that is gone back to, in every branch."""

import math

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the lab's packages are not installed")

from chainrule import create_network, train_batch, train_network
from chainrule.lab import run as module
from chainrule.lab.run import (
    MOST_STEPS,
    Change,
    Examples,
    Lane,
    Order,
    Run,
    Start,
    first_difference,
)
from chainrule.lab.words import Refused
from chainrule.optimizers import OPTIMIZERS, create_optimizer
from chainrule.threads import one_thread
from chainrule.training import epoch_batches

IMAGES, BATCH = 2_200, 64
EPOCH = math.ceil(IMAGES / BATCH)  # 35 steps
LANES = tuple(Lane(name, rate) for name, (_, rate) in OPTIMIZERS.items())
SIZES = (30, 16, 16, 4)


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((IMAGES + 200, 30)).astype(np.float32)
    y = (X @ rng.standard_normal((30, 4))).argmax(axis=1)
    few = np.arange(100)
    return Examples(X[:-200], y[:-200], X[-200:], y[-200:], few, np.arange(IMAGES), 4)


def run_of(examples, lanes=LANES, batch_size=BATCH, seed=3):
    return Run(Start(seed, (16, 16), batch_size, lanes), examples)


def go(run, step, branch=0, entry=None):
    """Go to a step in as many turns as it takes; return the rows of the last."""
    rows = run.go(run.branches[branch], step, entry)
    while not run.is_at(run.branches[branch], step):
        rows = run.go(run.branches[branch], step, entry)
    return rows


def bits(network):
    """Return parameters and moments, byte for byte, and the count of steps."""
    moments = network.optimizer.state
    return (
        network.parameters.tobytes(),
        {name: moment.tobytes() for name, moment in moments.items()},
        network.optimizer.t,
    )


def all_bits(run):
    return [bits(network) for network in run.networks]


def network_of(lane, seed=3):
    network = create_network(lane.optimizer, rng=seed, sizes=SIZES)
    network.optimizer = create_optimizer(lane.optimizer, lane.rate)
    return network


def trained(examples, lane, steps, changes=(), batch_size=BATCH, seed=3):
    """Train as a reader of training.py would, with the changes at their steps."""
    network, done, epoch = network_of(lane, seed), 0, 0
    with one_thread():
        while True:
            for change in changes:
                if change.lane is None and change.step <= done:
                    batch_size = int(change.value)
            for batch in epoch_batches(len(examples.X), batch_size, seed, epoch):
                if done == steps:
                    return network
                for change in changes:
                    if change.lane is not None and change.step <= done:
                        network.optimizer.learning_rate = change.value
                train_batch(network, examples.X[batch], examples.y[batch])
                done += 1
            epoch += 1


@pytest.fixture(scope="module")
def run(examples):
    """Return a run of all six optimizers over 700 steps, with its bits there."""
    run = run_of(examples)
    for step in (*range(25, 700, 25), 700):
        go(run, step)
    return run


@pytest.mark.parametrize("lane", range(len(LANES)))
def test_700_steps_of_turns_have_the_bits_of_train_network(run, examples, lane):
    go(run, 700)
    network = network_of(LANES[lane])
    with one_thread():
        history = train_network(
            network, examples.X, examples.y, examples.X_val, examples.y_val, 700 // EPOCH, BATCH,
            seed=3, on_epoch=None,
        )  # fmt: skip
    assert bits(run.networks[lane]) == bits(network)
    checks = [one for one in run.branches[0].tracks[lane].checks if one.is_whole]
    assert [one.step for one in checks] == list(range(EPOCH, 701, EPOCH))
    assert [one.loss for one in checks] == history["val_loss"]
    assert [one.accuracy for one in checks] == history["val_accuracy"]


@pytest.mark.parametrize("step", [0, 1, 20, 333, 59])
def test_a_step_gone_back_to_has_the_bits_that_it_had(run, examples, step):
    go(run, step)
    assert all_bits(run) == [bits(trained(examples, lane, step)) for lane in LANES]


def test_going_on_from_where_one_went_back_to_sees_the_same_numbers(run):
    go(run, 700)
    before = all_bits(run)
    track = run.branches[0].tracks[4]
    losses, checks = list(track.losses), list(track.checks)
    go(run, 411)
    go(run, 700)
    assert all_bits(run) == before
    assert (list(track.losses), track.checks) == (losses, checks)


CHANGES = (Change(333, 0, 0.5), Change(333, 4, 0.00005), Change(340, None, 100))


def test_a_branch_has_the_bits_of_a_training_with_these_changes(examples):
    run = run_of(examples)
    go(run, 400)
    before = all_bits(run)
    run.set_branches([(), CHANGES])
    for step, branch in ((402, 1), (400, 0), (340, 1), (333, 0), (402, 1)):
        go(run, step, branch)
        wanted = CHANGES if branch else ()
        assert all_bits(run) == [
            bits(trained(examples, lane, step, [c for c in wanted if c.lane in (None, i)]))
            for i, lane in enumerate(LANES)
        ]
    go(run, 400)
    assert all_bits(run) == before
    first, second = (branch.tracks[0] for branch in run.branches)
    assert first.losses[:334] == second.losses[:334]  # the loss of a step stands before it
    assert first.losses[334] != second.losses[334]


def test_a_branch_of_a_branch_and_one_that_grows_keep_what_is_known(examples):
    run = run_of(examples, LANES[:1])
    first, second = (Change(50, 0, 0.01),), (Change(50, 0, 0.01), Change(80, 0, 0.02))
    run.set_branches([first])
    go(run, 100)
    known = list(run.branches[0].tracks[0].losses)
    run.set_branches([first, second])
    assert [branch.reached for branch in run.branches] == [100, 80]
    assert list(run.branches[1].tracks[0].losses) == known[:80]
    run.set_branches([second])
    go(run, 100)
    assert all_bits(run) == [bits(trained(examples, LANES[0], 100, second))]


def test_the_rate_counts_at_once_and_the_batch_size_from_the_next_epoch():
    order = Order(0, IMAGES, 64, [Change(10, None, 100), Change(EPOCH, None, 50)])
    assert [order.place(step)[0] for step in (0, 10, EPOCH - 1, EPOCH)] == [64, 64, 64, 50]
    order = Order(0, IMAGES, 64, [Change(10, None, 100), Change(EPOCH + 1, None, 50)])
    assert order.place(EPOCH) == (100, 1, 0)
    assert order.place(EPOCH + 22) == (50, 2, 0)
    assert len(order.batch(EPOCH + 22 + 43)) == 50
    assert order.ends_epoch(EPOCH + 22)
    assert not order.ends_epoch(EPOCH + 23)


def test_branches_are_one_up_to_the_first_change_that_differs():
    a, b, c = Change(5, 0, 1.0), Change(9, 0, 1.0), Change(9, 0, 2.0)
    assert first_difference([a, b], [a, c]) == 9
    assert first_difference([a], [a, c]) == 9
    assert first_difference([a], [b]) == 5
    assert first_difference([a, b], [a, b]) > MOST_STEPS


def test_divergence_ends_a_lane_with_step_and_layer_and_the_others_go_on(examples):
    lanes = (Lane("sgd", 100.0), Lane("sgd", 0.05))
    run = run_of(examples, lanes)
    go(run, 60)
    wild, tame = run.branches[0].tracks
    step, layer = wild.stopped
    assert step == len(wild.losses) < 20
    assert "layer" in layer
    assert len(tame.losses) == 60
    with pytest.raises(ArithmeticError) as caught:
        trained(examples, lanes[0], step + 1)
    assert (caught.value.step, caught.value.layer) == (step + 1, layer)
    go(run, step - 1)
    assert all_bits(run) == [bits(trained(examples, lane, step - 1)) for lane in lanes]
    run.set_branches([(), (Change(1, 0, 0.05),)])
    go(run, 60, 1)
    assert run.branches[1].tracks[0].stopped is None
    assert run.branches[0].tracks[0].stopped == (step, layer)


def test_states_are_thinned_out_within_the_memory_and_every_step_is_still_to_the_bit(
    examples, monkeypatch
):
    lanes = (Lane("adam", 0.001), Lane("sgd", 0.05))
    run = run_of(examples, lanes)
    monkeypatch.setattr(module, "MEMORY", run.nbytes + 12 * 3 * run.networks[0].parameters.nbytes)
    go(run, 600)
    run.set_branches([(), (Change(500, 0, 0.0001),)])
    go(run, 700, 1)
    assert run.nbytes <= module.MEMORY
    steps = sorted(run.branches[0].tracks[0].states)
    assert steps[0] == 0
    assert 4 < len(steps) < 25
    assert max(np.diff(steps)) <= 4 * min(np.diff(steps)[:-1])
    go(run, 333)
    assert all_bits(run) == [bits(trained(examples, lane, 333)) for lane in lanes]


def test_a_run_whose_networks_are_too_large_is_refused(examples, monkeypatch):
    monkeypatch.setattr(module, "LIVE_MEMORY", 10_000)
    with pytest.raises(Refused, match="fewer optimizers"):
        run_of(examples)


def silent_after(examples, lane, step):
    """Return the ReLU units that let none of the validation images through."""
    network = trained(examples, lane, step)
    outputs = network.activations(examples.X_few)
    return {(i, j) for i in (1, 3) for j in np.flatnonzero((outputs[i] <= 0).all(axis=0))}


def test_the_step_of_a_units_death_is_the_first_at_which_it_is_silent(examples):
    lane = Lane("sgd", 1.5)
    run = run_of(examples, (lane,))
    go(run, 60)
    turns = run.branches[0].tracks[0].turns
    assert any(turn.is_dead and turn.step % 20 for turn in turns), "no unit dies in this test"
    for step in (0, 5, 20, 33, 47, 60):
        dead = set(run.branches[0].tracks[0].dead_at(step))
        # Between two looks at which nothing has changed nothing is noted.
        assert dead == silent_after(examples, lane, step), step


@pytest.mark.parametrize("is_small", [True, False])
def test_the_dead_units_of_a_step_are_the_same_whatever_way_one_came(
    examples, is_small, monkeypatch
):
    monkeypatch.setattr(module, "SMALL", module.SMALL if is_small else 0)
    lane = Lane("sgd", 1.5)

    def dead_at(run, step):
        go(run, step)
        return run.dead(run.branches[0], 0)

    gone = run_of(examples, (lane,))
    go(gone, 60)
    steps = (1, 2, 3, 5, 12, 19, 20, 33, 36, 47)
    found = {step: dead_at(run_of(examples, (lane,)), step) for step in steps}
    assert any(found.values()), "no unit dies in this test"
    for step in reversed(steps):
        assert dead_at(gone, step) == found[step], step
        assert set(found[step]) == silent_after(examples, lane, step)
        for unit, since in found[step].items():
            assert since <= step
            if is_small and since:
                assert unit in silent_after(examples, lane, since)
                assert unit not in silent_after(examples, lane, since - 1)


def test_a_followed_weight_has_the_numbers_of_each_step(examples):
    lanes = (Lane("adam", 0.001), Lane("sgd", 0.05), Lane("momentum", 0.005))
    run = run_of(examples, lanes)
    go(run, 50)
    run.go(run.branches[0], 40)
    rows = run.go(run.branches[0], 50, entry=77)
    go(run, 50)
    go(run, 0)
    again = run.go(run.branches[0], 50, entry=77)  # over the states that are kept at 20 and 40
    assert [[row["step"] for row in of_lane] for of_lane in again] == [list(range(50))] * 3
    assert [of_lane[40:] for of_lane in again] == rows
    for lane, followed in zip(lanes, rows, strict=True):
        assert [row["step"] for row in followed] == list(range(40, 50))
        before, after = (trained(examples, lane, step) for step in (46, 47))
        row = followed[6]
        assert row["value"] == before.parameters[77]
        assert row["after"] == after.parameters[77] == followed[7]["value"]
        assert row["g"] == after.gradients[77]
        for name, moment in after.optimizer.state.items():
            assert row[name] == moment[77]
    assert rows[0][6]["m_hat"] == pytest.approx(rows[0][6]["m"] / (1 - 0.9**47))
