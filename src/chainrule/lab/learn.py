"""The answers of Learn: runs that go on a turn at a time, for as long as the page asks."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import asdict
from typing import Any

import numpy as np

from chainrule.checks import Array, TrainingDiverged
from chainrule.lab.answers import described, network_asked
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab
from chainrule.lab.pictures import rounded
from chainrule.lab.run import (
    MOST_BRANCHES,
    MOST_STEPS,
    Branch,
    Change,
    Lane,
    Run,
    Start,
    Track,
)
from chainrule.lab.runs import id_of
from chainrule.lab.words import Refused
from chainrule.layers import Dense
from chainrule.network import Network
from chainrule.optimizers import OPTIMIZERS
from chainrule.threads import one_thread

MOST_LANES = 3 * len(OPTIMIZERS)
MOST_CHANGES = 50
MOST_HIDDEN, MOST_UNITS, MOST_BATCH, LAST_SEED = 4, 256, 1_024, 999_999
RATES = (1e-7, 100.0)
MOST_POINTS = 4_000  # of a curve in one answer
UNITS_SHOWN = 64
ALONG = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, *range(3, 21))  # times the rate
BATCH_SHOWN = 64  # images of a batch that another screen takes
TAB = re.compile("[0-9a-f]{8}")

OPEN = ("tab", "seed", "hidden", "batch_size", "lanes", "branches")
TURN = ("run", "branch", "to", "have", "layer", "name", "at")
LOOK = ("run", "branch", "step", "parts", "image")
PARTS = ("units", "bars", "layers", "along")


# ---- opening a run ----


def open_run(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Open a run, or change its branches; say what there is of it."""
    tab = asked.value("tab")
    if not isinstance(tab, str) or not TAB.fullmatch(tab):
        raise Refused("learn.no_tab")
    lanes = asked.listed("lanes", range(1, MOST_LANES + 1))
    start = Start(
        asked.whole("seed", 0, LAST_SEED),
        tuple(asked.wholes("hidden", range(1, MOST_HIDDEN + 1), 1, MOST_UNITS)),
        asked.whole("batch_size", 1, MOST_BATCH),
        tuple(_lane(one) for one in lanes),
    )
    listed = asked.listed("branches", range(1, MOST_BRANCHES + 1))
    branches = [_changes(f"branches[{i}]", one, len(start.lanes)) for i, one in enumerate(listed)]
    if len(set(branches)) < len(branches):
        raise Refused("learn.twice")
    key = lab.runs.opened(tab, start)
    run = lab.runs.run(key)
    run.set_branches(branches)
    split = lab.runs.split
    return {
        "run": key,
        "start": asdict(start) | {"lanes": [list(lane) for lane in start.lanes]},
        "images": len(split.X_train),
        "validation": len(split.X_val),
        "few": len(lab.runs.examples.few),
        "chance": math.log(len(split.classes)),
        "sizes": [split.X_train.shape[1], *start.hidden, len(split.classes)],
        "layers": [i for i, layer in enumerate(run.networks[0]) if isinstance(layer, Dense)],
        "parameters": int(run.networks[0].parameters.size),
        "most_steps": MOST_STEPS,
        "steps_in_turn": run.steps_in_turn,
        "is_dated": run.is_small,
        "bytes": run.nbytes,
        "branches": [_described(branch) for branch in run.branches],
    }


def _lane(pair: Any) -> Lane:
    asked = Asked({"lane": pair}, ("lane",))
    name, rate = asked.listed("lane", (2,))
    of_lane = Asked({"optimizer": name, "rate": rate}, ("optimizer", "rate"))
    return Lane(of_lane.one_of("optimizer", OPTIMIZERS), of_lane.real("rate", *RATES))


def _changes(name: str, listed: Any, lanes: int) -> tuple[Change, ...]:
    changes = []
    for one in Asked({name: listed}, (name,)).listed(name, range(MOST_CHANGES + 1)):
        step, lane, value = Asked({name: one}, (name,)).listed(name, (3,))
        asked = Asked({"step": step, "lane": lane, "value": value}, ("step", "lane", "value"))
        step = asked.whole("step", 0, MOST_STEPS)
        if lane is None:
            changes.append(Change(step, None, asked.whole("value", 1, MOST_BATCH)))
        else:
            lane = asked.whole("lane", 0, lanes - 1)
            changes.append(Change(step, lane, asked.real("value", *RATES)))
    in_order = sorted(changes, key=lambda one: (one.step, -1 if one.lane is None else one.lane))
    if in_order != changes or len({one[:2] for one in changes}) < len(changes):
        raise Refused("learn.no_order")
    return tuple(changes)


def _described(branch: Branch) -> dict[str, Any]:
    return {
        "changes": [list(change) for change in branch.changes],
        "stretches": [list(stretch) for stretch in branch.order.stretches],
        "reached": branch.reached,
    }


def branch_asked(lab: Lab, asked: Asked) -> tuple[Run, Branch]:
    """Return the branch of an open run that a request names."""
    run = lab.runs.run(asked.value("run"))
    return run, run.branches[asked.whole("branch", 0, len(run.branches) - 1)]


# ---- a turn ----


def turn(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Go towards a step, as far as a turn goes; return what the page has not seen of the curves.

    Without a step to go to it is the curves alone.
    """
    run, branch = branch_asked(lab, asked)
    have = asked.whole("have", 0, MOST_STEPS)
    to = asked.whole("to", 0, MOST_STEPS) if "to" in asked else None
    entry = entry_asked(run.networks[0], asked) if "layer" in asked else None
    followed = [[]] * len(branch.tracks) if to is None else run.go(branch, to, entry)
    until = min(branch.reached, have + MOST_POINTS)
    lanes = [
        _curves(track, have, until) | {"followed": rows}
        for track, rows in zip(branch.tracks, followed, strict=True)
    ]
    return {
        "at": run.at(branch),
        "is_there": to is not None and run.is_at(branch, to),
        "reached": branch.reached,
        "until": until,
        "bytes": run.nbytes,
        "lanes": lanes,
    }


def _curves(track: Track, have: int, until: int) -> dict[str, Any]:
    """Return what there is of a lane's curves after the step `have`, up to `until`."""
    checks = [one for one in track.checks if (one.step > have or have == 0) and one.step <= until]
    return {
        "losses": rounded(np.array(track.losses[have:until]), 7).tolist(),
        "seconds": [round(one, 5) for one in track.seconds[have:until]],
        "checks": [[one.step, _finite(one.loss), one.accuracy, one.is_whole] for one in checks],
        "stopped": list(track.stopped) if track.stopped else None,
    }


def entry_asked(network: Network, asked: Asked) -> int:
    """Return the place in the flat vector of the weight that a request names."""
    dense = [i for i, layer in enumerate(network) if isinstance(layer, Dense)]
    layer = network[dense[asked.whole("layer", 0, len(dense) - 1)]]
    array = layer.parameters[asked.one_of("name", ("weights", "biases"))]
    at = asked.listed("at", (array.ndim,))
    for i, length in enumerate(array.shape):
        Asked({"at": at[i]}, ("at",)).whole("at", 0, length - 1)
    addresses = [one.__array_interface__["data"][0] for one in (array, network.parameters)]
    return (addresses[0] - addresses[1]) // array.itemsize + int(
        np.ravel_multi_index(tuple(at), array.shape)
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# ---- a look ----


@one_thread()
@np.errstate(all="ignore")  # a step before it diverges a number may be infinite
def look(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return what the networks are at a step, in the parts that are asked for."""
    run, branch = branch_asked(lab, asked)
    step = asked.whole("step", 0, MOST_STEPS)
    wanted = asked.listed("parts", range(len(PARTS) + 1))
    parts = [Asked({"parts": one}, ("parts",)).one_of("parts", PARTS) for one in wanted]
    pixels = run.examples.X.shape[1]
    image = asked.numbers("image", pixels, 0, 1) if "image" in asked else None
    run.go(branch, step)
    if not run.is_at(branch, step):
        return {"is_there": False, "lanes": []}
    key, batch = asked.value("run"), branch.order.batch(min(step, MOST_STEPS - 1))
    batch_size, epoch, number = branch.order.place(step)
    return {
        "is_there": True,
        "step": step,
        "epoch": epoch,
        "number": number,
        "batch_size": batch_size,
        "batch": run.examples.rows[batch[:BATCH_SHOWN]].tolist(),
        "lanes": [
            {"network": id_of(key, branch, lane, min(step, len(track.losses)))}
            | _looked(lab, run, branch, lane, parts, image)
            for lane, track in enumerate(branch.tracks)
        ],
    }


def _looked(
    lab: Lab, run: Run, branch: Branch, lane: int, parts: list[str], image: Array | None
) -> dict[str, Any]:
    network, step = run.networks[lane], run.positions[lane]
    rate = branch.rate(lane, step, run.start.lanes[lane].rate)
    dead = run.dead(branch, lane)
    answer: dict[str, Any] = {
        "rate": rate,
        "dead": [[layer, unit, since] for (layer, unit), since in dead.items()],
    }
    if "units" in parts:
        answer["units"] = _units(network)
    if "bars" in parts and image is not None:
        inputs = lab.runs.split.standardisation.apply(image[np.newaxis].astype(np.float32))
        answer["bars"] = [_finite(float(one)) for one in network.predict_proba(inputs)[0]]
    if {"layers", "along"} & set(parts) and not branch.tracks[lane].stopped:
        answer["next"] = _next(run, branch, lane, rate, is_along="along" in parts)
    return answer


def _units(network: Network) -> dict[str, Any]:
    """Return the weights into each unit of the first layer, a byte each: 128 is 0."""
    weights = network[0].parameters["weights"].T[:UNITS_SHOWN]
    weights = np.nan_to_num(weights, posinf=0, neginf=0)
    limit = float(np.abs(weights).max()) or 1.0
    pictures = np.rint(127 * weights / limit + 128).astype(np.uint8)
    return {
        "limit": limit,
        "count": len(weights),
        "bytes": base64.b64encode(pictures.tobytes()).decode(),
    }


def _next(run: Run, branch: Branch, lane: int, rate: float, is_along: bool) -> dict[str, Any]:
    """Return what the next step is about to do: by layer, and along its line."""
    before = run.networks[lane]
    try:
        after, loss = run.trial(branch, lane)
    except TrainingDiverged as error:
        return {"diverges": error.layer}
    move, gradients = after.parameters - before.parameters, after.gradients
    largest = float(np.abs(move).max())
    answer: dict[str, Any] = {
        "loss": loss,
        "largest": _finite(largest),
        "in_rates": _finite(largest / rate),
        "share": float((np.abs(move) > rate / 2).sum() / max(1, np.count_nonzero(gradients))),
        "layers": [
            _norms(old, new) for old, new in zip(before, after, strict=True) if old.parameters
        ],
    }
    if is_along:
        answer["along"] = _along(run, branch, lane, before, move)
    return answer


def _norms(old: Any, new: Any) -> dict[str, float | None]:
    """Return the norms of a layer: its parameters, their gradient, and how far they move."""

    def norm(arrays: Any) -> float | None:
        return _finite(float(np.linalg.norm(np.concatenate([one.ravel() for one in arrays]))))

    names = list(old.parameters)
    return {
        "parameters": norm(old.parameters.values()),
        "gradient": norm(new.gradients.values()),
        "update": norm([new.parameters[name] - old.parameters[name] for name in names]),
    }


def _along(run: Run, branch: Branch, lane: int, before: Network, move: Array) -> list[Any]:
    """Return the loss of the next batch after k times its step, for each k."""
    network, start = before.copy(), before.parameters.copy()
    batch = branch.order.batch(run.positions[lane])
    X, y = run.examples.X[batch], run.examples.y[batch]
    losses = []
    with np.errstate(all="ignore"):
        for k in ALONG:
            network.parameters = start + np.float32(k) * move
            losses.append([k, _finite(float(network.loss(network.forward(X), y)[0]))])
    return losses


# ---- for the other screens ----


def network(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Describe a network that is not among those of the lab: one of a run."""
    return described(network_asked(lab, asked))
