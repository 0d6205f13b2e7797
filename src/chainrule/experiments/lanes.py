"""A lane trains one network, and judges it."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.checks import TrainingDiverged
from chainrule.compiled import compiled_where_worth_it
from chainrule.data.distort import examples_of
from chainrule.data.split import Split
from chainrule.experiments.keeping import Keep, Keeper
from chainrule.experiments.settings import Lane
from chainrule.experiments.stopping import Parent, StopSignals
from chainrule.network import Network, create_network
from chainrule.reading.evaluation import confusion_matrix
from chainrule.storage.models import parameters_sha256
from chainrule.training import History, loss_and_accuracy, train_network

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them
Report = Callable[[str, int, float, float], None]  # lane, epochs done, loss, validation accuracy


@dataclass(frozen=True)
class Result:
    """A lane's network after training, and its entry in metrics.json.

    Where the lane diverged there is no network, but `best`, that of the epoch with the best
    validation accuracy, if an epoch had ended.
    """

    lane: Lane
    network: Network | None
    record: dict[str, Any]
    best: Network | None = None


def run_lane(
    lane: Lane,
    split: Split,
    *,
    hidden: Sequence[int],
    epochs: int,
    threads: int,
    early_stopping: int | None = None,
    distort: float = 0.0,
    report: Report | None = None,
    network: Network | None = None,
    keep: Keep | None = None,
    parent: Parent | None = None,
) -> Result:
    """Train and judge one lane with `threads` BLAS threads.

    For one seed every lane starts from the same weights and sees the same batches in the same
    order, distorted alike by `distort`, whatever its optimizer, rate, process or neighbours. A
    `network` that is given, with its optimizer, is trained in place of the course's. With
    `early_stopping` it ends once so many epochs in a row have brought no better validation
    accuracy, and the network is that of the best epoch, whether it ended early or not. With `keep`
    it leaves checkpoints, goes on from the one that is there, and ends on a signal between two
    steps, on a second one at once. `parent` is the process that a worker of its own works for: it
    stops when that asks, and ends with it.
    """
    from threadpoolctl import threadpool_limits

    if network is None:
        sizes = (split.X_train.shape[1], *hidden, len(split.classes))
        network = create_network(lane.optimizer, rng=lane.seed, sizes=sizes)
        network.optimizer = lane.make_optimizer(lane.learning_rate)
    stopped = kept_epoch = None
    _let_malloc_reuse_memory()
    with threadpool_limits(threads), StopSignals(parent) as stop:
        steps = math.ceil(len(split.X_train) / lane.batch_size)
        own = {"early_stopping": early_stopping, "distort": distort}
        identity = _identity(lane, split, epochs) | own
        X_val, y_val = (split.X_val, split.y_val) if len(split.y_val) else (None, None)
        keeper = Keeper(lane.name, network, keep, stop, identity, steps, early_stopping)

        def on_epoch(epoch: int, history: History) -> bool:
            if report is not None:
                report(lane.name, epoch + 1, history["loss"][-1], history["val_accuracy"][-1])
            return keeper.on_epoch(epoch, history)

        last = keeper.start[0] if keeper.is_over else epochs
        to_come = steps * (last - keeper.start[0]) - keeper.start[1]
        try:
            with compiled_where_worth_it(network.optimizer, network.parameters, to_come):
                train_network(
                    network,
                    examples_of(split, seed=lane.seed, strength=distort),
                    split.y_train,
                    X_val,
                    y_val,
                    last,
                    lane.batch_size,
                    seed=lane.seed,
                    start=keeper.start,
                    history=keeper.history,
                    on_epoch=on_epoch,
                    progress=keeper.progress,
                )
        except TrainingDiverged as divergence:
            stopped = divergence
        if stopped is None:
            keeper.keep_end()  # until the run folder has the result
            kept_epoch = keeper.take_best()
        record = _record(lane, hidden, network, split, keeper, stopped, kept_epoch)
        stop.end()  # a signal that came since the last step
    end = {key: record[key] for key in ("test_accuracy", "kept_epoch")}
    keeper.close("diverged" if stopped else "finished", **end)
    if stopped:
        return Result(lane, None, record, keeper.best())
    return Result(lane, network, record)


def _let_malloc_reuse_memory() -> None:
    """Undo, for this process, what Dask sets for its workers and whatever is started beside them.

    glibc learns to keep what one step frees for the next, but not where MALLOC_TRIM_THRESHOLD_ is
    set: then every array above 128 KiB comes from the system, page by page, and goes back to it,
    which takes ten times as long as the step. The numbers are those at which it ends learning.
    """
    if "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # another system, another malloc
    mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
    mallopt(M_TRIM_THRESHOLD, 64 * 2**20)


def _identity(lane: Lane, split: Split, epochs: int) -> dict[str, Any]:
    """Return what tells one training from another, beside its layers and its optimizer."""
    images = next(iter(split.sha256.values()), "")
    data = {"images": images, "train": len(split.X_train), "split_seed": split.split_seed}
    return {**vars(lane), "epochs": epochs, **data}


def _record(
    lane: Lane,
    hidden: Sequence[int],
    network: Network,
    split: Split,
    keeper: Keeper,
    stopped: TrainingDiverged | None,
    kept_epoch: int | None,
) -> dict[str, Any]:
    """Return the lane's entry in metrics.json."""
    history = keeper.history
    judged = (kept_epoch or len(history["loss"])) - 1
    test_loss, test_accuracy, matrix = math.nan, math.nan, None
    if stopped is None:
        test_loss, test_accuracy = loss_and_accuracy(network, split.X_test, split.y_test)
        predicted = network.predict(split.X_test)
        matrix = confusion_matrix(split.y_test, predicted, len(split.classes)).tolist()
    return {
        "lane": lane.name,
        "optimizer": lane.optimizer,
        "learning_rate": lane.learning_rate,
        "batch_size": lane.batch_size,
        "hidden": list(hidden),
        "seed": lane.seed,
        "status": "diverged" if stopped else "finished",
        "stopped": stopped and _stopped(stopped, keeper.at.best_epoch),
        "test_accuracy": test_accuracy,
        "test_loss": test_loss,
        "val_accuracy": math.nan if stopped else history["val_accuracy"][judged],
        "kept_epoch": kept_epoch,
        "train_seconds": history["seconds"][-1] if history["seconds"] else math.nan,
        "parameters_sha256": parameters_sha256(network),
        "history": dict(history),
        "confusion_matrix": matrix,
    }


def _stopped(divergence: TrainingDiverged, best: int | None) -> dict[str, Any]:
    """Return where a lane diverged, and its best epoch before, counted from 1, or None."""
    return {
        "step": divergence.step,
        "layer": divergence.layer,
        "learning_rate": divergence.learning_rate,
        "best_epoch": None if best is None else best + 1,
    }
