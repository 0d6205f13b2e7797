"""A dataset written anew: as the four IDX files that MNIST has, or as the .npz file of Keras."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.checks import ChainruleError
from chainrule.data.dataset import MNIST, NPZ_MEMBERS, Dataset, in_idx_type
from chainrule.data.idx import Numbers, write_idx
from chainrule.storage.files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable


def write_dataset(dataset: Dataset, path: Path, say: Callable[[str], None]) -> None:
    """Write a dataset, whole or not at all.

    Parameters
    ----------
    dataset : Dataset
    path : Path
        Of an ``.npz`` file, else of a folder for the four IDX files. The ``.npz`` file keeps the
        names of the classes (``classes``) and how pictures are prepared (``pictures``) as well.
    say : callable
        Takes what is lost.

    Raises
    ------
    ChainruleError
        If there is something at `path` already, or it cannot be written.
    """
    if path.is_file() or (path.is_dir() and (any(path.iterdir()) or not path.name)):
        raise ChainruleError(f"{path} is there already: name a new file or folder.")
    if path.absolute().is_relative_to(Path(dataset.place).absolute()) and dataset.pictures:
        raise ChainruleError(
            f"{path} lies in {dataset.place}, and would become a part of it: name another place."
        )
    arrays = _arrays(dataset)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".npz":
            _write_npz(path, dataset, arrays)
        else:
            _write_folder(path, arrays)
            _tell_what_is_lost(dataset, say)
    except OSError as error:
        raise ChainruleError(
            f"{path} cannot be written ({error.strerror or error}): name another place."
        ) from error


def _arrays(dataset: Dataset) -> dict[str, Numbers]:
    """Return the arrays by the name of their IDX file, labels as they are in files."""
    names = range(len(dataset.classes)) if dataset.has_names else dataset.classes
    numbers = np.array(names, np.int64)
    labels = (dataset.train_labels, dataset.test_labels)
    train, test = (in_idx_type(numbers[positions]) for positions in labels)
    return dict(zip(MNIST, (dataset.train_images, train, dataset.test_images, test), strict=True))


def _write_npz(path: Path, dataset: Dataset, arrays: dict[str, Numbers]) -> None:
    members = dict(zip(NPZ_MEMBERS, arrays.values(), strict=True))
    if dataset.has_names:
        members["classes"] = np.array(dataset.classes)
    if dataset.pictures:
        members["pictures"] = np.array(json.dumps(dict(dataset.pictures)))
    with replacing(path) as file:
        np.savez_compressed(file, **members)  # type: ignore[arg-type]


def _write_folder(path: Path, arrays: dict[str, Numbers]) -> None:
    part = path.with_name(f".{os.urandom(4).hex()}.part")
    part.mkdir()
    try:
        for name, array in arrays.items():
            write_idx(part / name, array)
        if path.is_dir():
            path.rmdir()
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _tell_what_is_lost(dataset: Dataset, say: Callable[[str], None]) -> None:
    if dataset.has_names:
        names = ", ".join(f"{i} {name}" for i, name in enumerate(dataset.classes))
        say(f"IDX files have no place for names, an .npz file has: the labels stand for {names}.")
