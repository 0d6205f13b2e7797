"""A folder of pictures as a dataset: one subfolder a class, which is called as the subfolder is."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from chainrule.checks import ChainruleError, extra
from chainrule.data.dataset import (
    MNIST,
    MOST_CLASSES,
    Dataset,
    identify,
    in_idx_type,
    in_one_form,
    printable,
)
from chainrule.data.idx import LIMIT
from chainrule.data.pictures import SECONDS, SUFFIXES, Bytes, counted, read_scaled
from chainrule.terminal import is_terminal, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.data.dataset import ClassName
    from chainrule.terminal import Say

TEST_SHARE = 5  # every fifth picture of a class is set aside to test, as of the MNIST sample
FEWEST = 3  # pictures of a class: one to test, one to validate, one to train on

_TRAIN, _TEST = ("train", "training"), ("test", "testing")
_VALIDATION = ("val", "valid", "validation")
_OF_SYSTEMS = {"__macosx", "@eadir", "$recycle.bin", "lost+found", "__pycache__"}
_OF_SYSTEMS |= {"thumbs.db", "desktop.ini"}


class Picture(NamedTuple):
    """An image file, and what it shows as a position among the classes of its folder."""

    path: Path
    label: int


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder, before any of them is opened, in the order of their names.

    Attributes
    ----------
    folder : Path
    classes : tuple of str, or of int where every name is a decimal number
        Ascending.
    train, test : list of Picture
        Of the folders ``train`` and ``test``; of a folder that is not divided all are in `train`.
    is_divided : bool
    """

    folder: Path
    classes: tuple[ClassName, ...]
    train: list[Picture]
    test: list[Picture]
    is_divided: bool

    @property
    def to_judge(self) -> list[Picture]:
        """What a model of other images is judged on: the test pictures, or all undivided ones."""
        return self.test if self.is_divided else self.train


def holds_pictures(folder: Path, depth: int = 3) -> bool:
    """Whether an image file is in a folder, or so far below it."""
    try:
        entries = [entry for entry in os.scandir(folder) if _is_visible(entry.name)]
        return any(_is_picture(entry.name) and entry.is_file() for entry in entries) or any(
            depth > 0 and entry.is_dir() and holds_pictures(Path(entry.path), depth - 1)
            for entry in entries
        )
    except OSError:
        return False


def list_pictures(folder: Path, say: Say, *, classes_at_least: int = 2) -> Listing:
    """Find the pictures of a folder and their classes.

    Hidden files and what operating systems leave behind are passed over; `say` is told of all else
    that is no picture. Pictures in folders inside that of a class are of this class.

    Raises
    ------
    ChainruleError
        If there are fewer classes than asked for, or more than `MOST_CLASSES`, or a class without
        a picture; if two pictures beside each other have one name, or a link leaves the folder.
    """
    parts = _parts(folder)
    others: list[Path] = []
    train = _by_class(parts.train if parts else folder, folder, others)
    test = _by_class(parts.test, folder, others) if parts else {}
    _check_classes(parts.train if parts else folder, train, test, classes_at_least)
    others += parts.others if parts else []
    if others:
        many = f"{len(others):,} files and folders, such as " if len(others) > 1 else ""
        say(f"{folder}: left out as no picture of a class: {many}{others[0]}")
    meaning = _meaning(list(train))
    names = sorted(train, key=meaning.__getitem__)
    of_train, of_test = (
        [Picture(path, i) for i, name in enumerate(names) for path in part.get(name, [])]
        for part in (train, test)
    )
    classes = tuple(meaning[name] for name in names)
    return Listing(folder, classes, of_train, of_test, parts is not None)


def read_image_folder(folder: Path, size: tuple[int, int] | None, way: str, say: Say) -> Dataset:
    """Read the pictures of a folder as a dataset.

    Parameters
    ----------
    folder : Path
        With a subfolder for each class, or with two folders ``train`` and ``test`` that have them.
        Of pictures that are not divided so, a fifth of each class is set aside to test, always
        the same of the same names.
    size : (int, int) or None
        Height and width to scale to; None asks for pictures of one size.
    way : str
        ``"fit"`` or ``"crop"``, as in `read_scaled`.
    say : callable
        Takes what a user should know, progress too.

    Raises
    ------
    ChainruleError
        As `list_pictures`; if a class has too few pictures, or a picture cannot be read, or has
        another size than the first and there is no size to scale to.
    """
    return dataset_of(list_pictures(folder, say), size, way, say)


def dataset_of(listing: Listing, size: tuple[int, int] | None, way: str, say: Say) -> Dataset:
    """Read the pictures that were found as `read_image_folder` does."""
    folder, (train, test) = listing.folder, divided(listing)
    pictures = [*train, *test]
    images = _images(pictures, size, way, say)
    for sentence in _remarks(pictures, images, len(train)):
        say(f"{folder}: {sentence}")
    are_names = isinstance(listing.classes[0], str)
    values = np.array(range(len(listing.classes)) if are_names else listing.classes)
    labels = in_idx_type(values[[picture.label for picture in pictures]])
    parts = (part[half] for half in _halves(len(train)) for part in (images, labels))
    reports = [identify(name, folder, array) for name, array in zip(MNIST, parts, strict=True)]
    dataset = Dataset.of(reports, printable(folder.resolve().name), "path", str(folder))
    pictures_rule = {"rule": "scaled", "way": way}
    return replace(dataset, classes=listing.classes, pictures=pictures_rule)


class _Parts(NamedTuple):
    train: Path
    test: Path
    others: list[Path]


def _parts(folder: Path) -> _Parts | None:
    """Return the folders to train on and to test, if a folder is divided into such."""
    folders, _ = _entries(folder, folder)
    by_name = {one.name.lower(): one for one in folders}
    train, test = (
        next((by_name[name] for name in names if name in by_name), None)
        for names in (_TRAIN, _TEST)
    )
    if train and test:
        return _Parts(train, test, [one for one in folders if one not in (train, test)])
    if by_name and set(by_name) <= {*_TRAIN, *_TEST, *_VALIDATION}:
        names = ", ".join(one.name for one in folders)
        raise ChainruleError(
            f"{folder} is divided into {names}, but train and test are both needed: add or rename "
            "one of them, or name the folder that is to be divided."
        )
    return None


def _by_class(part: Path, root: Path, others: list[Path]) -> dict[str, list[Path]]:
    """Return the pictures by the name of their class; what is none is added to `others`."""
    folders, files = _entries(part, root)
    if not folders:
        raise ChainruleError(
            f"{part} has no subfolder: put the pictures of each class into one that is named "
            "after the class."
        )
    others += files
    found: dict[str, list[Path]] = {}
    for folder in folders:
        below = list(_files_below(folder, root))
        found.setdefault(printable(folder.name), []).extend(
            path for path in below if _is_picture(path.name)
        )
        others += [path for path in below if not _is_picture(path.name)]
    return found


def _files_below(folder: Path, root: Path) -> Iterator[Path]:
    folders, files = _entries(folder, root)
    stems: dict[str, Path] = {}
    for file in filter(lambda file: _is_picture(file.name), files):
        other = stems.setdefault(file.stem, file)
        if other != file:
            raise ChainruleError(
                f"{other} and {file.name} have one name: if they are one picture in two forms, "
                "remove one of them, else rename it."
            )
    yield from files
    for one in folders:
        yield from _files_below(one, root)


def _entries(folder: Path, root: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files in a folder, each in the order of their names."""
    folders: list[Path] = []
    files: list[Path] = []
    try:
        for entry in sorted(os.scandir(folder), key=lambda entry: in_one_form(entry.name)):
            if _is_visible(entry.name):
                path = Path(entry.path)
                if entry.is_symlink():
                    _check_link(path, root)
                (folders if entry.is_dir() else files).append(path)
    except OSError as error:
        raise ChainruleError(f"{folder} cannot be read: {error.strerror}.") from error
    return folders, files


def _check_link(path: Path, root: Path) -> None:
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(os.path.realpath(root)):
        raise ChainruleError(
            f"{path} is a link that leaves {root} (to {target}): put a copy in its place."
        )
    if not target.is_file():
        what = "a folder, whose pictures would count twice" if target.is_dir() else "nothing"
        raise ChainruleError(f"{path} is a link to {what}: remove it.")


def _check_classes(
    folder: Path,
    train: Mapping[str, list[Path]],
    test: Mapping[str, list[Path]],
    at_least: int,
) -> None:
    for name, paths in train.items():
        if not paths:
            raise ChainruleError(
                f"{folder}: the class {name} has no picture that can be read "
                f"({', '.join(sorted(SUFFIXES))}): remove its folder, or put pictures there."
            )
    if test and not any(test.values()):
        raise ChainruleError(f"{folder.parent} has no picture to test: put some into test.")
    if strangers := [name for name, paths in test.items() if paths and name not in train]:
        raise ChainruleError(
            f"{folder}: {strangers[0]} is a class to test, but there is no picture of it to train "
            "on: add some, or remove it."
        )
    if len(train) < at_least:
        (name,) = train
        raise ChainruleError(
            f"{folder} has one class alone, {name}, and a network learns to tell classes apart: "
            f"add a subfolder with pictures of another, or name {folder / name} if the classes "
            "are in there."
        )
    if len(train) > MOST_CLASSES:
        raise ChainruleError(
            f"{folder}: expected at most {MOST_CLASSES:,} classes, but it has {len(train):,} "
            "subfolders; are they classes?"
        )


def divided(listing: Listing) -> tuple[list[Picture], list[Picture]]:
    """Return the pictures to train on and to test, each in an order that mixes the classes."""
    draw = np.random.default_rng(0)
    train, test = listing.train, listing.test
    needed = FEWEST - 1 if listing.is_divided else FEWEST
    labels = np.array([picture.label for picture in train])
    chosen: set[int] = set()
    for label, name in enumerate(listing.classes):
        places = np.flatnonzero(labels == label)
        if len(places) < needed:
            raise ChainruleError(
                f"{listing.folder}: the class {name} has {len(places)} "
                f"picture{'s' * (len(places) > 1)} ({train[places[0]].path}), and at least "
                f"{needed} are needed{'' if listing.is_divided else ', one of them to test'}: "
                "add some, or remove its folder."
            )
        share = max(1, len(places) // TEST_SHARE)
        chosen.update(draw.choice(places, share, replace=False).tolist())
    if not listing.is_divided:
        test = [train[i] for i in sorted(chosen)]
        train = [picture for i, picture in enumerate(train) if i not in chosen]
    return _mixed(train, draw), _mixed(test, draw)


def _mixed(pictures: Sequence[Picture], draw: np.random.Generator) -> list[Picture]:
    return [pictures[i] for i in draw.permutation(len(pictures))]


def _halves(count: int) -> tuple[slice, slice]:
    return slice(None, count), slice(count, None)


def _images(pictures: Sequence[Picture], size: tuple[int, int] | None, way: str, say: Say) -> Bytes:
    """Return all pictures, shape (pictures, height, width)."""
    if size is not None:
        _check_bytes(len(pictures), *size)
    first = read_scaled(pictures[0].path, size, way)
    height, width = first.shape
    _check_bytes(len(pictures), height, width)
    images = np.empty((len(pictures), height, width), np.uint8)
    for i, picture in enumerate(with_progress(pictures, say)):
        image = read_scaled(picture.path, size, way)
        if image.shape != first.shape:
            raise ChainruleError(
                f"{picture.path} has {image.shape[0]}x{image.shape[1]} pixels (height x width), "
                f"{pictures[0].path} has {height}x{width}, and a network takes one size: scale "
                "them, as with --size 28x28."
            )
        images[i] = image
    return images


def _check_bytes(count: int, height: int, width: int) -> None:
    if (needed := count * height * width) > LIMIT:
        raise ChainruleError(
            f"{count:,} pictures of {height}x{width} pixels take {needed / 1e9:,.1f} GB, at most "
            f"{LIMIT / 1e9:.1f} are read: scale them down, as with --size 28x28."
        )


def with_progress(pictures: Sequence[Picture], say: Say) -> Iterator[Picture]:
    """Yield the pictures, and show how far it is where that takes more than a moment."""
    if say is tell and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb":
        yield from extra("tqdm").tqdm(pictures, unit=" pictures", delay=SECONDS[0], leave=False)
    else:
        yield from counted(pictures, say)


def _remarks(pictures: Sequence[Picture], images: Bytes, count: int) -> Iterator[str]:
    """Yield what speaks against a dataset: `count` pictures to train on, and then those to test."""
    first: dict[bytes, int] = {}
    doubles, contradictions, blanks = [], [], []
    for i, image in enumerate(images):
        j = first.setdefault(hashlib.blake2b(image, digest_size=16).digest(), i)
        if pictures[i].label != pictures[j].label:
            contradictions.append((i, j))
        if j < count <= i:
            doubles.append((i, j))
        if image.min() == image.max():
            blanks.append((i, i))
    for found, words in (
        (blanks, "one grey throughout: is anything on them?"),
        (contradictions, "also in another class, pixel for pixel: a network cannot learn both."),
        (doubles, "to test and also among those to train on, pixel for pixel: the test accuracy "
         "flatters."),
    ):  # fmt: skip
        if found:
            i, j = found[0]
            such = str(pictures[i].path) + (f" and {pictures[j].path}" if i != j else "")
            many = f"{len(found):,} pictures are" if len(found) > 1 else "1 picture is"
            yield f"{many} {words} Such as {such}."


def _meaning(names: Sequence[str]) -> dict[str, ClassName]:
    """Return what each name of a folder says: a number where all are different numbers."""
    numbers: dict[str, ClassName] = {
        name: int(name) for name in names if name.isascii() and name.isdecimal() and len(name) < 10
    }
    return numbers if len(set(numbers.values())) == len(names) else {name: name for name in names}


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in _OF_SYSTEMS


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122  ".png" has none
