"""The runs of a server, the newest few, and the networks that other screens take out of them."""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from functools import cached_property
from typing import Any

from chainrule.data.dataset import Dataset
from chainrule.data.preprocess import stratified_subset
from chainrule.data.split import Split, drawn_rows, split_dataset, trainable
from chainrule.lab.run import Branch, Examples, Run, Start
from chainrule.lab.words import Refused, said, sentence
from chainrule.reading.classifier import ImageClassifier
from chainrule.storage.models import Model

IMAGES = 20_000  # to train on, as in the course
FEW = 1_000  # validation images that are looked at often
MOST_RUNS = 8
NETWORK = re.compile("run-([0-9a-f]{16})-([0-9a-f]{8})-([0-9]{1,2})-([0-9]{1,5})")


class Runs:
    """The runs of a server, the newest few; all learn from the same images.

    Parameters
    ----------
    dataset : Dataset
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.runs: OrderedDict[str, Run] = OrderedDict()

    @cached_property
    def split(self) -> Split:
        """The images to train on, as ``chainrule compare`` draws them."""
        return split_dataset(self.dataset, min(IMAGES, trainable(self.dataset)))

    @cached_property
    def examples(self) -> Examples:
        """The same, as a run takes them."""
        split = self.split
        _, rows = drawn_rows(self.dataset, len(split.X_train))
        few = stratified_subset(split.y_val, min(FEW, len(split.y_val)))
        own = (split.X_train, split.y_train, split.X_val, split.y_val)
        return Examples(*own, few, rows, len(split.classes))

    def opened(self, tab: str, start: Start) -> str:
        """Return the key of a tab's run, made now if it is not there."""
        number = zlib.crc32(repr(start).encode())
        key = f"{tab}{number:08x}"
        if key not in self.runs:
            self.runs[key] = Run(start, self.examples)
        self.runs.move_to_end(key)
        while len(self.runs) > MOST_RUNS:
            self.runs.popitem(last=False)
        return key

    def run(self, key: Any) -> Run:
        """Return a run that is open."""
        if not isinstance(key, str) or key not in self.runs:
            raise Refused("learn.forgotten", most=MOST_RUNS)
        self.runs.move_to_end(key)
        return self.runs[key]

    def taken(self, id: str) -> tuple[str, ImageClassifier]:
        """Return title and classifier of the network that a lane has at a step, by `id_of`."""
        key, mark, *numbers = NETWORK.fullmatch(id).groups()  # type: ignore[union-attr]
        (lane, step), run = map(int, numbers), self.run(key)
        for branch in run.branches:
            is_named = mark_of(branch, step) == mark and lane < len(branch.tracks)
            if is_named and step <= len(branch.tracks[lane].losses):
                while not run.is_at(branch, step):
                    run.go(branch, step)
                return self._classifier(run, branch, lane, step)
        raise Refused("learn.forgotten", most=MOST_RUNS)

    def _classifier(
        self, run: Run, branch: Branch, lane: int, step: int
    ) -> tuple[str, ImageClassifier]:
        split, network = self.split, run.networks[lane].copy()
        network.optimizer = None
        optimizer, first = run.start.lanes[lane]
        rate = branch.rate(lane, step, first)
        title = sentence(said("learn.title", optimizer=optimizer, rate=f"{rate:g}", step=step))
        model = Model(
            network,
            preprocessing=split.preprocessing,
            training={"optimizer": optimizer, "learning_rate": rate, "seed": run.start.seed},
            classes=list(split.classes),
            data={**split.facts, "split_seed": split.split_seed},
        )
        return title, ImageClassifier.of(model, title)


def is_of_run(id: Any) -> bool:
    """Whether an id is one of a run's network, by its form."""
    return isinstance(id, str) and NETWORK.fullmatch(id) is not None


def id_of(key: str, branch: Branch, lane: int, step: int) -> str:
    """Return what the other screens call the network of a lane at a step."""
    return f"run-{key}-{mark_of(branch, step)}-{lane}-{step}"


def mark_of(branch: Branch, step: int) -> str:
    """Tell branches apart up to a step, by what has happened, not by their place."""
    happened = [tuple(change) for change in branch.changes if change.step < step]
    return f"{zlib.crc32(repr(happened).encode()):08x}"
