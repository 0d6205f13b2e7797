"""What a class has handed in: folders and archives as learners and their platforms leave them.

Nothing is unpacked to disk, no link is followed, and what is not used is said, with the reason.
"""

from __future__ import annotations

import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from chainrule.checks import ChainruleError
from chainrule.lessons.lesson import LESSONS

MOST_BYTES = 2**20  # of a file that a learner has written
MOST_ARCHIVE = 2**26  # bytes of an archive
MOST_FILES, MOST_IN_ALL = 20_000, 2**28  # of a class, and their bytes
MOST_BESIDE = 50  # other files of one learner
MOST_VERSIONS = 4  # of one lesson by one learner
NO_LESSON = f"is called {LESSONS[0].file_name}, or like it"
DEEPEST = 8  # folders and archives in each other
SKIPPED = {"__MACOSX", "__pycache__", "node_modules", "venv", "env", "site-packages"}

_LESSON = re.compile(
    rf"lesson[ _-]?([1-{len(LESSONS)}])(?!\d)(?:_(?:{'|'.join(one.folder for one in LESSONS)}))?"
    r"[^/]*\.py$",
    re.IGNORECASE,
)
# Moodle: "Ada Lovelace_12345_assignsubmission_file_", as a folder or before the file's name.
_MOODLE = re.compile(r"^(.+?)_(\d+)_assignsubmission_\w+?_?(?=$|lesson|/)", re.IGNORECASE)
# Canvas: "lovelaceada_12345_67890_lesson1....py", with LATE after the name.
_CANVAS = re.compile(r"^([^_/]+?)(?:_LATE)?_(\d+)_(\d+)_(?=\S)", re.IGNORECASE)
# Google Classroom: "Ada Lovelace - lesson1....py".
_CLASSROOM = re.compile(r"^(.+?) ?- ?(?=lesson)", re.IGNORECASE)

Names: TypeAlias = tuple[str, ...]  # of folders and archives from the class's folder down


@dataclass(frozen=True)
class HandedIn:
    """One file: where it lay, and what is in it."""

    place: str
    text: bytes


@dataclass
class Learner:
    """What one learner has handed in.

    Attributes
    ----------
    name : str
        As it is shown: of the folder or archive, or as the platform has written it.
    versions : dict of int to list of HandedIn
        The files of each lesson, by its number: more than one where they were handed in twice.
    beside : dict of str to bytes
        Other Python files, which a lesson's file may import.
    """

    name: str
    versions: dict[int, list[HandedIn]] = field(default_factory=dict)
    beside: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Unused:
    """A file that was not looked at, and why."""

    place: str
    why: str


def shown(name: str) -> str:
    """Return a name as it can be printed: composed, and without signs that steer a terminal."""
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Co")).strip()


def handed_in(folder: Path) -> tuple[list[Learner], list[Unused]]:
    """Return the learners of a class by name, and what could not be used.

    A learner is a folder or an archive in the class's folder, however deep the files lie in it; or
    what Moodle, Canvas or Google Classroom write into a file's name. A folder or archive that
    holds all the others stands for the class.

    Raises
    ------
    ChainruleError
        If the folder is not there, or nothing of a lesson is in it.
    """
    if not folder.exists():
        raise ChainruleError(
            f"There is no {folder}: name the folder with what the class handed in."
        )
    unused: list[Unused] = []
    everything = list(_walk(folder, unused))
    files = _below_the_class(everything)
    learners: dict[tuple[str, ...], Learner] = {}
    for names, text in files:
        key = _whose(names)
        match = _LESSON.search(names[-1])
        place = shown("/".join(names))
        if key is None:
            if match:
                unused.append(Unused(place, "whose is it? Put each learner's files into a folder."))
            continue
        learner = learners.setdefault(key, Learner(key[0]))
        if match:
            learner.versions.setdefault(int(match[1]), []).append(HandedIn(place, text))
        elif len(learner.beside) < MOST_BESIDE:
            learner.beside.setdefault(names[-1], text)
    _merge(learners)
    found = [learner for learner in learners.values() if learner.versions]
    if not found:
        raise ChainruleError(
            f"There is nothing of a lesson in {folder}: a learner's file is called "
            f"{LESSONS[0].file_name}, in a folder or an archive of the learner's name."
        )
    for learner in learners.values():
        if learner.versions:
            _limit_versions(learner, unused)
        else:
            unused.append(Unused(shown(learner.name), f"none of its files {NO_LESSON}"))
    seen = {names[0] for names, _ in everything} | {one.place.partition("/")[0] for one in unused}
    unused += [
        Unused(shown(path.name), "nothing of a lesson is in it")
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if path.is_dir() and path.name not in seen | SKIPPED and path.name[0] != "."
    ]
    _tell_apart(learners)
    return sorted(found, key=lambda one: one.name.casefold()), unused


def _merge(learners: dict[tuple[str, ...], Learner]) -> None:
    """Make one of those of one name who handed in different lessons.

    Moodle gives a learner another number in each assignment.
    """
    first: dict[str, Learner] = {}
    for key, learner in list(learners.items()):
        one = first.setdefault(key[0], learner)
        if one is not learner and not one.versions.keys() & learner.versions.keys():
            one.versions |= learner.versions
            one.beside = {**learner.beside, **one.beside}
            del learners[key]


def _limit_versions(learner: Learner, unused: list[Unused]) -> None:
    for versions in learner.versions.values():
        versions.sort(key=lambda one: one.place)
        unused += [
            Unused(one.place, f"more than {MOST_VERSIONS} files of one lesson")
            for one in versions[MOST_VERSIONS:]
        ]
        del versions[MOST_VERSIONS:]


def _tell_apart(learners: dict[tuple[str, ...], Learner]) -> None:
    """Give learners of one name another one each: with the platform's number, or counted."""
    by_name: dict[str, list[tuple[tuple[str, ...], Learner]]] = {}
    for key, learner in learners.items():
        learner.name = shown(learner.name) or "without a name"
        by_name.setdefault(learner.name.casefold(), []).append((key, learner))
    for same in by_name.values():
        for number, (key, learner) in enumerate(same, 1):
            if len(same) > 1:
                learner.name += f" ({key[1] if len(key) > 1 and key[1] else number})"


# ---- whose a file is ----


def _whose(names: Names) -> tuple[str, ...] | None:
    """Return whose file it is, as (name, number or ""), or None where nothing says so."""
    for name in names:
        for pattern in (_MOODLE, _CANVAS):
            if match := pattern.match(name):
                return match[1], match[2]
    if len(names) > 1:
        return _without_ending(names[0]), ""
    match = _CLASSROOM.match(names[0])
    return (match[1], "") if match else None


def _without_ending(name: str) -> str:
    return name[: -len(".zip")] if name.lower().endswith(".zip") else name


def _below_the_class(files: Sequence[tuple[Names, bytes]]) -> list[tuple[Names, bytes]]:
    """Leave out the folders around all, as long as several folders or files of learners follow."""
    files = list(files)
    while True:
        lessons = [names for names, _ in files if _LESSON.search(names[-1])]
        first = {names[0] for names in lessons}
        if len(first) != 1 or any(len(names) == 1 for names in lessons):
            return files
        if any(pattern.match(next(iter(first))) for pattern in (_MOODLE, _CANVAS)):
            return files
        inside = {names[1] for names in lessons if len(names) > 2}
        marked = [names for names in lessons if _whose(names[1:]) is not None]
        if not (len(inside) > 1 or (len(marked) == len(lessons) and len(inside) != 1)):
            return files
        files = [(names[1:], text) for names, text in files if len(names) > 1]


# ---- what lies there ----


def _walk(folder: Path, unused: list[Unused]) -> Iterator[tuple[Names, bytes]]:
    """Yield every Python file below a folder or in an archive, as (names, text)."""
    count = size = 0
    source = _archive((folder.name,), folder.read_bytes(), unused) if folder.is_file() else None
    for names, text in source or _folder((), folder, unused):
        count, size = count + 1, size + len(text)
        if count > MOST_FILES or size > MOST_IN_ALL:
            most = f"{MOST_FILES:,} files or {MOST_IN_ALL / 2**20:g} MB"
            why = f"a class has at most {most}: this file and the rest are left out"
            unused.append(Unused(shown("/".join(names)), why))
            return
        yield names, text


def _folder(names: Names, folder: Path, unused: list[Unused]) -> Iterator[tuple[Names, bytes]]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        unused.append(Unused(shown("/".join(names)), f"it cannot be read: {error.strerror}"))
        return
    for path in entries:
        below = (*names, path.name)
        if path.name.startswith(".") or path.name in SKIPPED:
            continue
        try:
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode) and len(below) <= DEEPEST:
                yield from _folder(below, path, unused)
            elif stat.S_ISREG(mode) and _is_wanted(below, path.lstat().st_size, unused):
                yield from _file(below, path.read_bytes(), unused)
            elif not stat.S_ISREG(mode):
                kind = "a link: none is followed" if stat.S_ISLNK(mode) else "no plain file"
                unused.append(Unused(shown("/".join(below)), kind))
        except OSError as error:
            unused.append(Unused(shown("/".join(below)), f"it cannot be read: {error.strerror}"))


def _is_wanted(names: Names, size: int, unused: list[Unused]) -> bool:
    """Return whether a file is worth reading; say why a file that seems to be meant is not."""
    name = names[-1].lower()
    limit = MOST_ARCHIVE if name.endswith(".zip") else MOST_BYTES
    place = shown("/".join(names))
    if name.endswith((".rar", ".7z", ".gz", ".tgz", ".tar", ".xz", ".bz2")):
        unused.append(Unused(place, "an archive of another kind: unpack it, or ask for a .zip"))
    elif name.endswith((".ipynb", ".py.txt")) or re.search(r"lesson.?\d.*\.(txt|docx?|pdf)$", name):
        unused.append(Unused(place, "no Python file: its name has to end in .py"))
    elif name.endswith((".py", ".zip")):
        if size <= limit:
            return True
        unused.append(Unused(place, f"it is larger than {limit / 2**20:g} MB"))
    return False


def _file(names: Names, data: bytes, unused: list[Unused]) -> Iterator[tuple[Names, bytes]]:
    if names[-1].lower().endswith(".zip"):
        yield from _archive(names, data, unused)
    else:
        yield names, data


def _archive(names: Names, data: bytes, unused: list[Unused]) -> Iterator[tuple[Names, bytes]]:
    place = shown("/".join(names))
    if len(names) > DEEPEST:
        unused.append(Unused(place, "archives that lie too deep in each other"))
        return
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for info in archive.infolist()[:MOST_FILES]:
                yield from _member(names, archive, info, unused)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        unused.append(Unused(place, f"the archive cannot be read: {error}"))


def _member(
    names: Names, archive: zipfile.ZipFile, info: zipfile.ZipInfo, unused: list[Unused]
) -> Iterator[tuple[Names, bytes]]:
    parts = PurePosixPath(_name_of(info).replace("\\", "/")).parts
    inside = tuple(part for part in parts if part not in ("/", "..", "."))
    hidden = any(part.startswith(".") or part in SKIPPED for part in inside)
    if info.is_dir() or hidden or not inside:
        return
    below = (*names, *inside)
    if stat.S_ISLNK(info.external_attr >> 16):
        unused.append(Unused(shown("/".join(below)), "a link: none is followed"))
    elif _is_wanted(below, info.file_size, unused):
        limit = MOST_ARCHIVE if below[-1].lower().endswith(".zip") else MOST_BYTES
        try:
            with archive.open(info) as file:
                data = file.read(limit + 1)  # whatever size the archive claims
        except (RuntimeError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            unused.append(Unused(shown("/".join(below)), f"it cannot be unpacked: {error}"))
            return
        if len(data) > limit:
            unused.append(Unused(shown("/".join(below)), f"it is larger than {limit / 2**20:g} MB"))
        else:
            yield from _file(below, data, unused)


def _name_of(info: zipfile.ZipInfo) -> str:
    """Return a member's name; many programmes write UTF-8 without saying so."""
    if not info.flag_bits & 0x800:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename
