"""A training that can be rewound to the bit, and continued another way.

A run is its start and, for each of its branches, the dated changes: the state at any step is a
function of these alone. So it is enough to keep some states on the way, and to train again what
lies between. A change that is dated s acts from the step after s steps on: up to there two branches
that differ in it are one.
"""

from __future__ import annotations

import math
import time
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from chainrule.checks import Array, Integers, TrainingDiverged
from chainrule.lab.words import Refused
from chainrule.layers import ReLU
from chainrule.network import Network, create_network
from chainrule.optimizers import create_optimizer
from chainrule.threads import one_thread
from chainrule.training import epoch_batches, loss_and_accuracy, train_batch

MEMORY = 64_000_000  # bytes of a run with all its branches
LIVE_MEMORY = MEMORY // 2  # of them, at most, for the networks that are trained
MOST_STEPS = 20_000
MOST_BRANCHES = 4
EVERY = 20  # steps between two looks at the validation images, and two states that are kept
SMALL = 50_000  # parameters of a network whose deaths are dated to the step, and not to a look
TURN_SECONDS = 0.15  # that a turn may take by the estimate below
SECONDS_OF_STEP, SECONDS_OF_PARAMETER = 3e-4, 7e-9  # of a batch of 64, measured
FOLLOWED = 60  # steps at most that are run again for a weight's life, and not jumped over
NEVER = 10**9

batches_of = lru_cache(maxsize=8)(epoch_batches)


class Lane(NamedTuple):
    """An optimizer and its first rate."""

    optimizer: str
    rate: float


class Change(NamedTuple):
    """What is another from a step on: the rate of a lane or, where `lane` is None, the batch."""

    step: int
    lane: int | None
    value: float


@dataclass(frozen=True)
class Start:
    """What all branches of a run have in common.

    Attributes
    ----------
    seed : int
        Draws the weights, which are the same for every lane, and the order of the images.
    hidden : tuple of int
    batch_size : int
    lanes : tuple of Lane
    """

    seed: int
    hidden: tuple[int, ...]
    batch_size: int
    lanes: tuple[Lane, ...]


@dataclass(frozen=True, eq=False)
class Examples:
    """What every run learns from, standardised, and what it is looked at with.

    Attributes
    ----------
    X, X_val : arrays, shape (n, pixels)
    y, y_val : integers, shape (n,)
    few : integers
        Rows of the validation images that are looked at often.
    rows : integers, shape (n,)
        Where the images of X stand among the dataset's training images.
    classes : int
    """

    X: Array
    y: Integers
    X_val: Array
    y_val: Integers
    few: Integers
    rows: Integers
    classes: int

    @cached_property
    def X_few(self) -> Array:
        """The validation images that are looked at often."""
        return self.X_val[self.few]


def first_difference(one: Sequence[Change], other: Sequence[Change]) -> int:
    """Return the step up to which two branches have the same states."""
    for a, b in zip(one, other, strict=False):
        if a != b:
            return min(a.step, b.step)
    rest = [*one[len(other) :], *other[len(one) :]]
    return rest[0].step if rest else NEVER


# ---- which batch a step has ----


class Stretch(NamedTuple):
    """Epochs of one batch size: the step and the epoch at which they begin."""

    step: int
    epoch: int
    batch_size: int


class Order:
    """The batches of a branch; another batch size holds from the next epoch on."""

    def __init__(self, seed: int, images: int, batch_size: int, changes: Sequence[Change]) -> None:
        self.seed, self.images = seed, images
        self.stretches = [Stretch(0, 0, batch_size)]
        for change in changes:
            if change.lane is None:
                last = self.stretches[-1]
                steps = self.steps_of(last)
                epochs = max(0, math.ceil((change.step - last.step) / steps))
                begun = Stretch(last.step + epochs * steps, last.epoch + epochs, int(change.value))
                self.stretches[len(self.stretches) - (epochs == 0) :] = [begun]

    def steps_of(self, stretch: Stretch) -> int:
        """Return the steps of one of its epochs."""
        return math.ceil(self.images / stretch.batch_size)

    def place(self, step: int) -> tuple[int, int, int]:
        """Return the batch size, the epoch, and the batch in it, that come after `step` steps."""
        at = bisect_right(self.stretches, step, key=lambda stretch: stretch.step) - 1
        stretch = self.stretches[at]
        epochs, batch = divmod(step - stretch.step, self.steps_of(stretch))
        return stretch.batch_size, stretch.epoch + epochs, batch

    def batch(self, step: int) -> Integers:
        """Return the indices of the examples of the step after `step` steps."""
        batch_size, epoch, batch = self.place(step)
        return batches_of(self.images, batch_size, self.seed, epoch)[batch]

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch is over after `step` steps."""
        return step > 0 and self.place(step)[2] == 0


# ---- what is kept of an optimizer's way ----


class State(NamedTuple):
    """All that decides how a training goes on."""

    parameters: Array
    moments: dict[str, Array]
    t: int

    @classmethod
    def of(cls, network: Network) -> State:
        """Return a copy of what is in a network now."""
        optimizer: Any = network.optimizer
        moments = {name: moment.copy() for name, moment in optimizer.state.items()}
        return cls(network.parameters.copy(), moments, optimizer.t)

    def put_into(self, network: Network) -> None:
        """Let a network be as it was."""
        optimizer: Any = network.optimizer
        network.parameters = self.parameters
        optimizer.state = {name: moment.copy() for name, moment in self.moments.items()}
        optimizer.t = self.t

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return self.parameters.nbytes * (1 + len(self.moments))


class Check(NamedTuple):
    """A look at validation images, after so many steps: all of them or the first few."""

    step: int
    loss: float
    accuracy: float
    is_whole: bool


class Turn(NamedTuple):
    """A unit fell silent for all validation images of a look, or woke, after so many steps."""

    step: int
    layer: int
    unit: int
    is_dead: bool


@dataclass(eq=False)
class Track:
    """One lane of a branch: what was seen on its way, and states to go back to.

    Attributes
    ----------
    losses, seconds : array of float
        Of each step: the loss of its batch before it, and the time since the start.
    checks : list of Check
    turns : list of Turn
    states : dict of int to State
        By the steps done; not all that there were.
    stopped : (int, str) or None
        After how many steps it was no longer finite, and the layer.
    """

    losses: array[float] = field(default_factory=lambda: array("d"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    checks: list[Check] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    states: dict[int, State] = field(default_factory=dict)
    stopped: tuple[int, str] | None = None

    @property
    def last(self) -> int:
        """The last step that there can be."""
        return self.stopped[0] if self.stopped else MOST_STEPS

    def up_to(self, step: int) -> Track:
        """Return what is known of the first `step` steps."""
        return Track(
            self.losses[:step],
            self.seconds[:step],
            [check for check in self.checks if check.step <= step],
            [turn for turn in self.turns if turn.step <= step],
            {at: state for at, state in self.states.items() if at <= step},
            self.stopped if self.stopped and self.stopped[0] < step else None,
        )

    def dead_at(self, step: int) -> dict[tuple[int, int], int]:
        """Return the units that are dead after `step` steps, each with the step of its death."""
        return _after({}, (turn for turn in self.turns if turn.step <= step))

    def nearest(self, step: int) -> int:
        """Return the last step, up to this one, whose state is kept."""
        return max(at for at in self.states if at <= step)


@dataclass(eq=False)
class Branch:
    """A way to go on: its changes, the order of its batches, and a track for each lane."""

    changes: tuple[Change, ...]
    order: Order
    tracks: list[Track]

    @property
    def reached(self) -> int:
        """How many steps there were."""
        return max(len(track.losses) for track in self.tracks)

    def rate(self, lane: int, step: int, first: float) -> float:
        """Return a lane's rate in the step after `step` steps."""
        changed = [one.value for one in self.changes if one.lane == lane and one.step <= step]
        return changed[-1] if changed else first


class Run:
    """A start with its branches; one network a lane moves among all the states.

    Parameters
    ----------
    start : Start
    examples : Examples

    Raises
    ------
    Refused
        If the networks alone would take most of the memory that a run may have.
    """

    def __init__(self, start: Start, examples: Examples) -> None:
        self.start, self.examples = start, examples
        sizes = (examples.X.shape[1], *start.hidden, examples.classes)
        self._refuse_too_large(sizes)
        self.networks = [
            create_network(lane.optimizer, rng=start.seed, sizes=sizes) for lane in start.lanes
        ]
        for network, lane in zip(self.networks, start.lanes, strict=True):
            network.optimizer = create_optimizer(lane.optimizer, lane.rate)
        self.positions = [0] * len(start.lanes)
        self.changes: tuple[Change, ...] = ()  # that brought the networks where they are
        self.branches = [self._branch((), [self._first_track(one) for one in self.networks])]

    def _refuse_too_large(self, sizes: Sequence[int]) -> None:
        parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
        vectors = (2 + len(create_optimizer(lane.optimizer).moments) for lane in self.start.lanes)
        self.live = 4 * parameters * sum(vectors)
        if self.live > LIVE_MEMORY:
            raise Refused("learn.too_large", mega=self.live / 1e6, most=LIVE_MEMORY / 1e6)
        self.is_small = parameters <= SMALL
        seconds = SECONDS_OF_STEP + parameters * SECONDS_OF_PARAMETER
        self.steps_in_turn = max(1, int(TURN_SECONDS / seconds / len(self.start.lanes)))

    def _branch(self, changes: tuple[Change, ...], tracks: list[Track]) -> Branch:
        start = self.start
        order = Order(start.seed, len(self.examples.X), start.batch_size, changes)
        return Branch(changes, order, tracks)

    def _first_track(self, network: Network) -> Track:
        track = Track(states={0: State.of(network)})
        with one_thread():
            self._look(network, track, 0, is_whole=False)
        return track

    def set_branches(self, wanted: Sequence[tuple[Change, ...]]) -> None:
        """Let there be these branches; of each, what is known already is kept."""
        before, self.branches = self.branches, []
        for changes in wanted:
            shared = [first_difference(changes, branch.changes) for branch in before]
            nearest = before[int(np.argmax(np.minimum(shared, [one.reached for one in before])))]
            step = first_difference(changes, nearest.changes)
            if step == NEVER:
                self.branches.append(nearest)
            else:
                tracks = [track.up_to(step) for track in nearest.tracks]
                self.branches.append(self._branch(changes, tracks))

    # ---- going to a step ----

    def go(self, branch: Branch, to: int, entry: int | None = None) -> list[list[dict[str, Any]]]:
        """Bring the networks towards a step of a branch, by no more steps than a turn has.

        Parameters
        ----------
        branch : Branch
        to : int
        entry : int, optional
            The place of a weight in the flat vector.

        Returns
        -------
        list of lists, one a lane
            What became of that weight in each of the steps done now.
        """
        followed = []
        with one_thread():
            for lane, track in enumerate(branch.tracks):
                self._enter(branch, lane, min(to, track.last), 0 if entry is None else FOLLOWED)
                rows: list[dict[str, Any]] = []
                for _ in range(self.steps_in_turn):
                    if self.positions[lane] >= min(to, track.last):
                        break
                    rows += self._step(branch, lane, entry)
                followed.append(rows)
        self.changes = branch.changes
        return followed

    def is_at(self, branch: Branch, step: int) -> bool:
        """Whether the networks are those of this step; one that diverged stays where it was."""
        return first_difference(branch.changes, self.changes) >= step and all(
            position == min(step, track.last)
            for position, track in zip(self.positions, branch.tracks, strict=True)
        )

    def at(self, branch: Branch) -> int:
        """Return the step that all networks have reached."""
        pairs = zip(self.positions, branch.tracks, strict=True)
        return min([at for at, track in pairs if at < track.last], default=max(self.positions))

    def _enter(self, branch: Branch, lane: int, goal: int, near: int) -> None:
        """Let the lane's network be at a state of the branch from which the goal is near.

        It stays where it is if that is on the way, and not more than `near` steps before the goal.
        """
        position, track = self.positions[lane], branch.tracks[lane]
        nearest = track.nearest(goal)
        is_on_the_way = position <= min(goal, first_difference(branch.changes, self.changes))
        if not (is_on_the_way and position >= min(nearest, goal - near)):
            track.states[nearest].put_into(self.networks[lane])
            self.positions[lane] = nearest

    def _step(self, branch: Branch, lane: int, entry: int | None) -> Iterator[dict[str, Any]]:
        network, track, step = self.networks[lane], branch.tracks[lane], self.positions[lane]
        before = None if entry is None else float(network.parameters[entry])
        started = time.perf_counter()
        try:
            loss = self._train(network, branch, lane, step)
        except TrainingDiverged as error:
            track.stopped = (step, error.layer)
            return
        seconds = time.perf_counter() - started
        self.positions[lane] = step + 1
        if len(track.losses) == step:
            track.losses.append(loss)
            track.seconds.append(seconds + (track.seconds[-1] if step else 0))
            self._keep(branch, lane, step + 1)
        if entry is not None and before is not None:
            yield {"step": step, "value": before} | _entry(network, entry)

    def _train(self, network: Network, branch: Branch, lane: int, step: int) -> float:
        optimizer: Any = network.optimizer
        optimizer.learning_rate = branch.rate(lane, step, self.start.lanes[lane].rate)
        batch = branch.order.batch(step)
        return train_batch(network, self.examples.X[batch], self.examples.y[batch])

    def trial(self, branch: Branch, lane: int) -> tuple[Network, float]:
        """Return a copy of a lane's network after its next step, and the loss before that."""
        network = self.networks[lane].copy()
        with one_thread():
            loss = self._train(network, branch, lane, self.positions[lane])
        return network, loss

    # ---- looking and keeping ----

    def _keep(self, branch: Branch, lane: int, step: int) -> None:
        network, track = self.networks[lane], branch.tracks[lane]
        ends_epoch = branch.order.ends_epoch(step)
        if step % EVERY and not ends_epoch:
            return
        silent = self._look(network, track, step, is_whole=ends_epoch)
        changed = sorted(silent ^ set(track.dead_at(step)))
        if changed and self.is_small:
            seen = max((one.step for one in track.checks if one.step < step), default=0)
            track.turns += self._dated(branch, lane, seen, step)
        else:
            track.turns += [
                Turn(step, layer, unit, (layer, unit) in silent) for layer, unit in changed
            ]
        if step % EVERY == 0:
            track.states[step] = State.of(network)
            self._thin_out()

    def _look(self, network: Network, track: Track, step: int, is_whole: bool) -> set[Any]:
        """Look at the validation images; return the units that are silent for the first few."""
        few, y = self.examples.X_few, self.examples.y_val[self.examples.few]
        with np.errstate(all="ignore"):
            outputs = network.activations(few)
            loss, _ = network.loss(outputs[-1], y)
        accuracy = float((outputs[-1].argmax(axis=1) == y).mean())
        track.checks.append(Check(step, loss, accuracy, False))
        if is_whole:
            whole = loss_and_accuracy(network, self.examples.X_val, self.examples.y_val)
            track.checks.append(Check(step, *whole, True))
        silent = _silent(network, outputs)
        if step == 0:
            track.turns += [Turn(0, layer, unit, True) for layer, unit in sorted(silent)]
        return silent

    def _dated(self, branch: Branch, lane: int, seen: int, step: int) -> list[Turn]:
        """Go through the steps since the look at `seen`; return when units fell silent or woke."""
        track, few = branch.tracks[lane], self.examples.X_few
        begin = track.nearest(seen)
        network = self.networks[lane].copy()
        track.states[begin].put_into(network)
        dead, turns = set(track.dead_at(seen)), []
        for at in range(begin, step):
            self._train(network, branch, lane, at)
            if at >= seen:
                with np.errstate(all="ignore"):
                    silent = _silent(network, network.activations(few))
                turns += [Turn(at + 1, *unit, unit in silent) for unit in sorted(silent ^ dead)]
                dead = silent
        return turns

    def dead(self, branch: Branch, lane: int) -> dict[tuple[int, int], int]:
        """Return the units of a lane that are dead now, each with the step of its death.

        Which they are is read off the weights; the step is the same whatever way one came here,
        for only the looks up to here and the steps since the last of them count.
        """
        track, step = branch.tracks[lane], self.positions[lane]
        with one_thread(), np.errstate(all="ignore"):
            network = self.networks[lane]
            silent = _silent(network, network.activations(self.examples.X_few))
            seen = max(one.step for one in track.checks if one.step <= step)
            since = track.dead_at(seen)
            if self.is_small and silent != set(since):
                since = _after(since, self._dated(branch, lane, seen, step))
        return {unit: since.get(unit, step) for unit in sorted(silent)}

    @property
    def nbytes(self) -> int:
        """How much memory networks, states and numbers of all branches take."""
        tracks = [track for branch in self.branches for track in branch.tracks]
        states = {id(state): state.nbytes for track in tracks for state in track.states.values()}
        return self.live + sum(states.values()) + sum(16 * len(track.losses) for track in tracks)

    def _thin_out(self) -> None:
        """Forget states where they are closest together, of these the oldest, down to the limit.

        The start and the newest state of each track are the last to go.
        """
        tracks = [track for branch in self.branches for track in branch.tracks]
        while self.nbytes > MEMORY:
            gaps = []
            for track in tracks:
                steps = sorted(track.states)
                three = zip(steps, steps[1:], steps[2:], strict=False)
                gaps += [(after - before, at, track) for before, at, after in three]
            if not gaps:
                return
            _, step, track = min(gaps, key=lambda gap: gap[:2])
            forgotten = track.states[step]
            for one in tracks:
                if one.states.get(step) is forgotten:
                    del one.states[step]


def _after(dead: dict[tuple[int, int], int], turns: Iterable[Turn]) -> dict[tuple[int, int], int]:
    """Return the dead units, each with the step of its death, after these turns."""
    dead = dict(dead)
    for turn in turns:
        dead.pop((turn.layer, turn.unit), None)
        if turn.is_dead:
            dead[turn.layer, turn.unit] = turn.step
    return dead


def _silent(network: Network, outputs: Sequence[Array]) -> set[tuple[int, int]]:
    """Return the layer and the number of each ReLU that lets no image of these through."""
    return {
        (index, int(unit))
        for index, (layer, output) in enumerate(zip(network, outputs, strict=True))
        if isinstance(layer, ReLU)
        for unit in np.flatnonzero(~(output > 0).any(axis=0))
    }


def _entry(network: Network, entry: int) -> dict[str, Any]:
    """Return what the step just done has made of one weight: its gradient, moments, and itself."""
    optimizer: Any = network.optimizer
    numbers = {name: float(moment[entry]) for name, moment in optimizer.state.items()}
    if "m" in numbers:
        numbers["m_hat"] = numbers["m"] / (1 - optimizer.beta1**optimizer.t)
        numbers["v_hat"] = numbers["v"] / (1 - optimizer.beta2**optimizer.t)
    return {
        "g": float(network.gradients[entry]),
        **numbers,
        "rate": optimizer.rate,
        "after": float(network.parameters[entry]),
    }
