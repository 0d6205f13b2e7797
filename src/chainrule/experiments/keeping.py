"""What a lane leaves on disk while it trains, and how it goes on from there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chainrule.checks import ChainruleError, Integers
from chainrule.experiments.record import TensorBoard, add_to_record
from chainrule.experiments.stopping import StopSignals
from chainrule.network import Network
from chainrule.storage.models import Checkpoint, load_checkpoint, save_checkpoint
from chainrule.training import History

CHECKPOINTS = "checkpoints"
SECONDS_BETWEEN = 5  # from one checkpoint to the next, where none was asked for by steps


@dataclass(frozen=True)
class Keep:
    """Where and how often a lane is kept.

    Attributes
    ----------
    folder : Path
        Of the run.
    every : int or None
        Steps from one checkpoint to the next; None keeps one at the end of an epoch,
        at most every five seconds.
    tensorboard : bool
        Write TensorBoard's files beside the record.
    """

    folder: Path
    every: int | None = None
    tensorboard: bool = False

    def path(self, lane: str) -> Path:
        """Return where the lane's checkpoint lies."""
        return self.folder / CHECKPOINTS / f"{lane}.npz"

    @property
    def checkpoints(self) -> list[Path]:
        """The checkpoints that are there."""
        return sorted((self.folder / CHECKPOINTS).glob("*.npz"))

    def clean(self) -> None:
        """Remove the temporary files that a killed process has left in the run's folder."""
        for part in self.folder.rglob(".*.????????.part"):
            part.unlink(missing_ok=True)

    def forget(self, lane: str) -> None:
        """Remove the checkpoint of a lane that has ended.

        The folder stays, though it may be empty: another lane may be about to write there.
        """
        self.path(lane).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove the folder of the checkpoints if none is left, once no lane runs any more."""
        with suppress(OSError):
            (self.folder / CHECKPOINTS).rmdir()


class Keeper:
    """Keeps one lane: its checkpoint, its record and the best network so far.

    Its `progress` and `on_epoch` are what `train_network` takes by these names, and `start` and
    `history` are where it begins: at the lane's checkpoint, if there is one.

    Parameters
    ----------
    lane : str
    network : Network
        Made anew; put where the checkpoint says.
    keep : Keep or None
        None keeps nothing on disk.
    stop : StopSignals
        Asked between two steps.
    run : dict
        What tells this training from others; a checkpoint of another one is refused.
    steps : int
        Of an epoch.
    patience : int, optional
        Epochs in a row that may bring no better validation accuracy before training ends.
    """

    def __init__(
        self,
        lane: str,
        network: Network,
        keep: Keep | None,
        stop: StopSignals,
        run: dict[str, Any],
        steps: int,
        patience: int | None = None,
    ) -> None:
        self.lane, self.network, self.keep, self.stop = lane, network, keep, stop
        self.patience = patience
        self.run, self.steps, self.every = run, steps, keep and keep.every
        self.at = Checkpoint((0, 0), History())
        self.board: TensorBoard | None = None
        self._saved, self._saved_at = time.monotonic(), (0, 0)
        if keep is None:
            return
        path = keep.path(lane)
        if path.exists():
            self.at = load_checkpoint(path, network)
            self._check_run(path)
            self._saved_at = epoch, batch = self.at.start
            self._note("resumed", epoch=epoch, batch=batch)
        if keep.tensorboard:
            self.board = TensorBoard(keep.folder, lane, self.at.start[0])

    @property
    def start(self) -> tuple[int, int]:
        """The epoch and the batch at which training begins."""
        return self.at.start

    @property
    def history(self) -> History:
        """What training has seen; it grows."""
        return self.at.history

    @property
    def is_over(self) -> bool:
        """Whether patience has run out: a pure function of the history, however often resumed."""
        epochs, best = self.at.start[0], self.at.best_epoch
        return self.patience is not None and best is not None and epochs - 1 - best >= self.patience

    def take_best(self) -> int | None:
        """Leave the network as it was after its best epoch, if there is patience; return which.

        Epochs are counted from 1. Without patience the network stays that of the last, and the
        answer is None.
        """
        if self.patience is None or self.at.best is None or self.at.best_epoch is None:
            return None
        self.network.parameters = self.at.best
        return self.at.best_epoch + 1

    def best(self) -> Network | None:
        """Return the network after the epoch with the best validation, if one has ended."""
        if self.at.best is None:
            return None
        network = self.network.copy()
        network.parameters = self.at.best
        return network

    def progress(self, batches: list[Integers]) -> Iterator[Integers]:
        """Hand out the batches; between two of them keep what is due, and stop if asked to."""
        epoch, first = self.at.start
        trained, started = self.history.seconds, time.perf_counter()
        for i, batch in enumerate(batches, first + 1):
            yield batch  # and when the next one is asked for, the step has been done
            self.stop.heed_parent()
            if i == first + len(batches):
                return  # the epoch's end comes next, and is kept
            if self._is_due() or self.stop.number:
                self._keep_within_epoch((epoch, i), trained + time.perf_counter() - started)
                self.stop.end()

    def on_epoch(self, epoch: int, history: History) -> bool:
        """Keep the end of an epoch, stop if asked to, and say whether patience has run out."""
        accuracies, best, best_epoch = history["val_accuracy"], self.at.best, self.at.best_epoch
        if best_epoch is None or accuracies[epoch] > accuracies[best_epoch]:
            best, best_epoch = self.network.parameters.copy(), epoch
        self.at = Checkpoint((epoch + 1, 0), history, best_epoch, best)
        self._note("epoch", epoch=epoch + 1, **{key: values[-1] for key, values in history.items()})
        if self.board:
            self.board.add(epoch, history)
        is_late = time.monotonic() - self._saved > SECONDS_BETWEEN
        if self._is_due() or (is_late and not self.every) or self.stop.number:
            self._save(self.at.start)
            self.stop.end()  # only what is kept may end: a signal that comes now waits for a step
        return self.is_over

    def _check_run(self, path: Path) -> None:
        """Check that the checkpoint is of this very training, where it says of which it is."""
        for name, came in self.at.run.items():
            if name in self.run and came != self.run[name]:
                raise ChainruleError(
                    f"{path} is of another training: its {name} is {came}, and not "
                    f"{self.run[name]}; put the right file there, or remove it to begin anew."
                )
        epoch, batch = self.at.start
        optimizer: Any = self.network.optimizer
        adds_up = (
            all(len(values) == epoch for values in self.history.values()),
            bool(batch) == bool(self.history.sums[2]),
            optimizer.t == epoch * self.steps + batch and batch < self.steps,
            epoch <= self.run["epochs"],
            self.at.best_epoch is None or self.at.best_epoch < epoch,
        )
        if not all(adds_up):
            raise ChainruleError(
                f"{path} does not add up: its start, history, steps and best epoch tell of "
                "different trainings; put the right file there, or remove it to begin anew."
            )

    def keep_end(self) -> None:
        """Keep the end of the training, unless it is kept already."""
        if self._saved_at != self.at.start:
            self._save(self.at.start)

    def close(self, event: str, **details: Any) -> None:
        """Note how the lane has ended."""
        self._note(event, **details)
        if self.board:
            self.board.close()

    def _note(self, event: str, **details: Any) -> None:
        if self.keep:
            add_to_record(self.keep.folder, event, lane=self.lane, **details)

    def _is_due(self) -> bool:
        optimizer: Any = self.network.optimizer
        return self.every is not None and optimizer.t % self.every == 0

    def _keep_within_epoch(self, start: tuple[int, int], seconds: float) -> None:
        """Save, and take the time that it takes out of the epoch's."""
        began, trained = time.perf_counter(), self.history.seconds
        self.history.seconds = seconds
        self._save(start)
        self.history.seconds = trained - (time.perf_counter() - began)

    def _save(self, start: tuple[int, int]) -> None:
        if self.keep is None:
            return
        path = self.keep.path(self.lane)
        path.parent.mkdir(exist_ok=True)
        save_checkpoint(path, self.network, replace(self.at, start=start, run=self.run))
        self._saved, self._saved_at = time.monotonic(), start
