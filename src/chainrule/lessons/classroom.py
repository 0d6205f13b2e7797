"""What a class has solved, and where it is stuck: every file that was handed in, checked here."""

from __future__ import annotations

import csv
import io
import os
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chainrule.checks import ChainruleError
from chainrule.lessons import source
from chainrule.lessons.checking import LessonResult, check_file, result_without_run
from chainrule.lessons.handins import HandedIn, Learner, Unused, handed_in, shown
from chainrule.lessons.judge import NOT_STARTED, WRONG
from chainrule.lessons.lesson import LESSONS, Lesson

PATIENCE = 60.0  # seconds of waiting for a file: on a busy machine four of computing take long


@dataclass(frozen=True)
class Checked:
    """One lesson of one learner: of several files the one with the most parts right."""

    lesson: Lesson
    result: LessonResult | None  # None: nothing was handed in
    place: str = ""
    others: tuple[str, ...] = ()  # places of the files that are not the best one


@dataclass(frozen=True)
class CheckedLearner:
    """A learner and the five lessons."""

    name: str
    lessons: tuple[Checked, ...]


@dataclass(frozen=True)
class Stumble:
    """Where learners are stuck: a part, and what is wrong with it."""

    lesson: int
    part: str
    mistake: str  # its name in the bank, or the kind of what is wrong
    hint: str
    learners: tuple[str, ...]


@dataclass(frozen=True)
class Class:
    """A whole class."""

    title: str
    learners: tuple[CheckedLearner, ...]
    unused: tuple[Unused, ...]

    def stumbles(self) -> list[Stumble]:
        """Return where the class is stuck, the most frequent first."""
        who: dict[tuple[int, str, str, str], list[str]] = {}
        for learner in self.learners:
            for one in learner.lessons:
                for key in _stuck(one):
                    who.setdefault(key, []).append(learner.name)
        ranked = sorted(who.items(), key=lambda item: (-len(item[1]), item[0]))
        return [Stumble(*key, tuple(names)) for key, names in ranked]

    def counts(self, lesson: Lesson) -> dict[str, Counter[str]]:
        """Return of each part how many learners have which status."""
        found: dict[str, Counter[str]] = {part.name: Counter() for part in lesson.parts}
        for learner in self.learners:
            result = learner.lessons[lesson.number - 1].result
            for part in result.parts if result else ():
                found[part.name][part.status] += 1
        return found


def _stuck(one: Checked) -> list[tuple[int, str, str, str]]:
    if one.result is None:
        return []
    number = one.lesson.number
    if one.result.stopped:
        return [(number, "the file", "cannot be run", one.result.stopped)]
    return [
        (number, part.name, part.mistake or f"{part.kind}, not recognised", part.hint)
        for part in one.result.parts
        if part.status == WRONG
    ]


def check_class(
    folder: Path, say: Callable[[str], None] = lambda words: None, jobs: int | None = None
) -> Class:
    """Check everything that a class has handed in, each file as ``lesson check`` does.

    Parameters
    ----------
    folder : Path
        With a folder or archive for each learner; see `handed_in`.
    say : callable
        Takes the progress, a sentence for each learner.
    jobs : int, optional
        How many files run at once; by default as many as there are cores.
    """
    learners, unused = handed_in(folder)
    _try_out()
    pool = ThreadPoolExecutor(jobs or os.cpu_count())  # each check waits for a process of its own
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as room:
            waiting = [
                [
                    pool.submit(_check_lesson, lesson, learner, Path(room) / f"{number}")
                    for lesson in LESSONS
                ]
                for number, learner in enumerate(learners)
            ]
            checked = []
            for learner, lessons in zip(learners, waiting, strict=True):
                found = tuple(lesson.result() for lesson in lessons)
                checked.append(CheckedLearner(learner.name, found))
                say(f"{len(checked)} of {len(learners)} learners: {learner.name}")
    finally:
        pool.shutdown(cancel_futures=True)
    return Class(shown(folder.resolve().stem) or "class", tuple(checked), tuple(unused))


def _try_out() -> None:
    """Check a right answer first: where that does not pass, no answer of a class would."""
    lesson = LESSONS[0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as room:
        path = Path(room) / lesson.file_name
        path.write_text(source.solution(lesson.source), encoding="utf-8")
        result = check_file(lesson, path, start_in=Path(room), patience=PATIENCE)
    if not result.passed:
        raise ChainruleError(f"The check does not work here: a right file gives\n{result}")


def _check_lesson(lesson: Lesson, learner: Learner, room: Path) -> Checked:
    """Check one lesson of a learner; of several files the best one counts, then the last."""
    versions = learner.versions.get(lesson.number, [])
    if not versions:
        return Checked(lesson, None)
    results = [
        (_check_text(lesson, one, learner, room / f"{lesson.number}-{number}"), one.place)
        for number, one in enumerate(versions)
    ]
    best = max(range(len(results)), key=lambda i: (results[i][0].right, i))
    others = tuple(place for i, (_, place) in enumerate(results) if i != best)
    return Checked(lesson, *results[best], others)


def _check_text(lesson: Lesson, one: HandedIn, learner: Learner, room: Path) -> LessonResult:
    """Check one file in a room of its own, beside the learner's other files."""
    if _lines(one.text) == _lines(lesson.template.encode()):
        return result_without_run(lesson, NOT_STARTED)
    try:
        room.mkdir(parents=True)
        for name, text in learner.beside.items():
            with suppress(OSError, ValueError):  # a name that this system does not allow
                (room / name).write_bytes(text)
        for number, versions in learner.versions.items():
            (room / LESSONS[number - 1].file_name).write_bytes(versions[-1].text)
        path = room / lesson.file_name
        path.write_bytes(one.text)
        return check_file(lesson, path, start_in=room, patience=PATIENCE)
    except Exception as error:  # one file must not end the check of a class
        words = f"It could not be checked: {type(error).__name__}: {error}"
        return result_without_run(lesson, stopped=words)


def _lines(text: bytes) -> list[bytes]:
    return [line.rstrip() for line in text.removeprefix(b"\xef\xbb\xbf").strip().splitlines()]


# ---- the table ----

COLUMNS = ("learner", "lesson", "part", "status", "kind", "mistake", "file")


def rows(found: Class) -> list[Sequence[object]]:
    """Return a row for each learner and part."""
    table: list[Sequence[object]] = []
    for learner in found.learners:
        for one in learner.lessons:
            name, number, place = learner.name, one.lesson.number, one.place
            if one.result is None:
                blank = ("not handed in", "", "", "")
                table += [(name, number, part.name, *blank) for part in one.lesson.parts]
                continue
            stopped = "stopped" if one.result.stopped else ""
            table += [
                (name, number, p.name, p.status, p.kind or stopped, p.mistake, place)
                for p in one.result.parts
            ]
    return table


def as_csv(found: Class) -> bytes:
    """Return the table as UTF-8 with a mark, as spreadsheets expect it.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(cell) for cell in row] for row in rows(found))
    return file.getvalue().encode("utf-8-sig")


def _harmless(cell: object) -> str:
    text = str(cell)
    plain = unicodedata.normalize("NFKC", text)  # full-width signs begin formulas as well
    return f"'{text}" if plain.startswith(("=", "+", "-", "@", "\t", "\r")) else text
