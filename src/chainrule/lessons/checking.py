"""The check of a lesson: the learner's code runs in a child process, with limits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from chainrule.checks import ChainruleError, whole_number
from chainrule.lessons.judge import NOT_REACHED, NOT_STARTED, RIGHT, WRONG, PartResult
from chainrule.lessons.lesson import Lesson, find_lesson
from chainrule.terminal import command

SECONDS = 4.0  # of computing, for the whole file
PATIENCE = 20.0  # seconds of waiting: the machine may be busy, or the code asleep
CPU_IS_LIMITED = hasattr(signal, "SIGXCPU")  # by the child itself; not under Windows
MOST_PRINTED = 20  # lines of what the learner's code printed
FOLDER = "chainrule-lessons"
MARKS = {RIGHT: "ok", WRONG: "NO", NOT_STARTED: "--", NOT_REACHED: "--"}


@dataclass(frozen=True)
class LessonResult:
    """What the check of a lesson found; ``print`` shows it.

    Attributes
    ----------
    lesson : Lesson
    path : Path
        The learner's file.
    parts : tuple of PartResult
    stopped : str
        Why the file could not be read to its end, or "".
    printed : str
        What the learner's code printed.
    hints : dict of str to str
        The hint that was asked for, by the name of the part.
    """

    lesson: Lesson
    path: Path
    parts: tuple[PartResult, ...]
    stopped: str = ""
    traceback: str = field(default="", repr=False)
    printed: str = field(default="", repr=False)
    hints: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def right(self) -> int:
        """How many parts are right."""
        return sum(part.status == RIGHT for part in self.parts)

    @property
    def passed(self) -> bool:
        """Whether every part is right."""
        return self.right == len(self.parts)

    @property
    def is_wrong(self) -> bool:
        """Whether anything is wrong; what has not been started is not."""
        return bool(self.stopped) or any(part.status == WRONG for part in self.parts)

    @property
    def _first_wrong(self) -> str:
        return next((part.name for part in self.parts if part.status == WRONG), "")

    def as_json(self) -> dict[str, Any]:
        """Return what a programme needs, without tracebacks."""
        parts = [asdict(part) for part in self.parts]
        for part in parts:
            del part["traceback"]
        return {
            "lesson": self.lesson.number,
            "title": self.lesson.title,
            "file": str(self.path),
            "passed": self.passed,
            "right": self.right,
            "stopped": self.stopped or None,
            "parts": parts,
        }

    def lines(self, traceback: bool = False) -> list[str]:
        """Return the result in words."""
        lines = [f"Lesson {self.lesson.number}: {self.lesson.title} ({self.path.name})", ""]
        if self.stopped:
            lines += [f"NO  {self.stopped}", *(self.traceback.splitlines() if traceback else ())]
        for part in self.parts:
            if not self.stopped:
                lines += self._part_lines(part, traceback)
        if self.printed.strip():
            printed = self.printed.rstrip().splitlines()
            lines += ["", "Your code printed:", *(f"    {one}" for one in printed[:MOST_PRINTED])]
            if len(printed) > MOST_PRINTED:
                lines.append(f"    ... {len(printed) - MOST_PRINTED} more lines")
        return [*lines, *([""] if lines[-1] else []), self._closing()]

    def _part_lines(self, part: PartResult, traceback: bool) -> list[str]:
        words = "" if part.status in (RIGHT, WRONG) else f": {part.status}"
        lines = [f"{MARKS[part.status]}  {part.name}{words}"]
        lines += [f"      {line}" for line in part.lines]
        earlier = self._first_wrong
        if part.status == WRONG and part.kind != "missing" and earlier != part.name:
            lines += ["", f"      If it uses {earlier}, mend that first."]
        if part.hint:
            lines += ["", *_wrapped(f"{part.mistake}: {part.hint}")]
        if traceback and part.traceback:
            lines += ["", *(f"      {line}" for line in part.traceback.splitlines())]
        if part.name in self.hints:
            lines += ["", *_wrapped(f"hint: {self.hints[part.name]}")]
        return [*lines, ""] if len(lines) > 1 else lines

    def _closing(self) -> str:
        count = len(self.parts)
        if self.passed:
            return f"All {count} parts are right."
        unexplained = [p.name for p in self.parts if p.status == WRONG and not p.hint]
        ask = ""
        if unexplained and not self.hints:
            ask = f" A hint: {check_command(self.lesson, self.path.parent, '--hint', 1)}"
        return f"{self.right} of {count} parts are right.{ask}"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return str(self)  # what a notebook shows


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, 90, initial_indent=" " * 6, subsequent_indent=" " * 6)


def check(
    lesson: int, folder: str | os.PathLike[str] | None = None, *, hint: int = 0
) -> LessonResult:
    """Check what a learner wrote for a lesson; the answer comes within five seconds of computing.

    Parameters
    ----------
    lesson : int
        Its number.
    folder : path, optional
        The learner's folder; by default this one, or ``chainrule-lessons`` in it.
    hint : int
        1, 2 or 3 adds a hint to each part that is wrong or not started, 3 says the most.

    Returns
    -------
    LessonResult

    Raises
    ------
    ChainruleError
        If there is no such lesson, or no file for it.
    """
    found = find_lesson(lesson)
    if whole_number("hint", hint) > 3:
        raise ChainruleError(f"hint must be 1, 2 or 3, got {hint!r}.")
    return check_file(found, learners_folder(folder, found.file_name) / found.file_name, hint)


def learners_folder(folder: str | os.PathLike[str] | None, file_name: str) -> Path:
    """Return the folder that holds a file of the lessons."""
    places = [Path(folder)] if folder is not None else [Path(), Path(FOLDER)]
    for place in places:
        if (place / file_name).is_file():
            return place
    where = " or ".join(str(place.absolute()) for place in places)
    raise ChainruleError(
        f"There is no {file_name} in {where}: write the learner's folder with "
        f"{command('lesson', 'start')}, or name it with --dir."
    )


def check_command(lesson: Lesson, folder: Path, *more: object) -> str:
    """Return the command that checks a lesson in a learner's folder, called from here."""
    where = [] if folder in (Path(), Path(FOLDER)) else ["--dir", folder]
    return command("lesson", "check", lesson.number, *where, *more)


def result_without_run(
    lesson: Lesson, status: str = NOT_REACHED, stopped: str = ""
) -> LessonResult:
    """Return the result of a file that was not run: every part has that status."""
    parts = tuple(PartResult(part.name, status) for part in lesson.parts)
    return LessonResult(lesson, Path(lesson.file_name), parts, stopped)


def check_file(
    lesson: Lesson,
    path: Path,
    hint: int = 0,
    *,
    start_in: Path | None = None,
    patience: float | None = None,
) -> LessonResult:
    """Check a learner's file; its code starts in the folder `start_in`, by default in this one."""
    said: list[dict[str, Any]] = [{"stopped": f"{path.name} is not there."}]
    printed, time_up = "", 0.0
    if path.is_file():
        said, printed, time_up = _run(lesson, path.absolute(), start_in, patience or PATIENCE)
    results, stopped = {}, {}
    for message in said:
        if "part" in message:  # what it is, unless its result follows
            name, kind = message["part"], "time" if time_up else "error"
            results[name] = PartResult(name, WRONG, kind, (_why(time_up, "It", printed),))
        elif "result" in message:
            result = message["result"]
            results[result["name"]] = PartResult(**{**result, "lines": tuple(result["lines"])})
        else:
            stopped = message
    if not (stopped or results):
        stopped = {"stopped": _why(time_up, path.name, printed)}
    parts = [results.get(part.name, PartResult(part.name, NOT_REACHED)) for part in lesson.parts]
    hints = {
        part.name: part.hints[hint - 1]
        for part, result in zip(lesson.parts, parts, strict=True)
        if hint and result.status in (WRONG, NOT_STARTED)
    }
    return LessonResult(lesson, path, tuple(parts), **stopped, printed=printed, hints=hints)


def _why(time_up: float, subject: str, printed: str) -> str:
    if time_up:
        return f"{subject} did not end within {time_up:g} s: is there a loop that never ends?"
    last = printed.strip().splitlines()[-1:]
    return f"{subject} ended the process{': ' + last[0] if last else ''}."


def _messages(said: str) -> Iterator[dict[str, Any]]:
    for line in said.splitlines():
        with suppress(ValueError):  # a line that was cut short
            yield json.loads(line)


def _run(
    lesson: Lesson, path: Path, start_in: Path | None, patience: float
) -> tuple[list[dict[str, Any]], str, float]:
    """Run the child; return what it reported and printed, and the seconds that were not enough."""
    # -P: no file of the learner's folder takes the place of a library.
    command = [sys.executable, "-P", "-m", "chainrule.lessons.child", str(lesson.number), str(path)]
    command += [str(SECONDS)]
    settings = {
        **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",  # a learner may print any sign, whatever the terminal's are
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, _python_path())),  # from any folder
    }
    # Files, not pipes: a process that the learner's code has started cannot keep them open.
    with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=report,
            stderr=printed,
            env={**os.environ, **settings},
            cwd=start_in,
            start_new_session=True,
        )
        try:
            limit = patience if CPU_IS_LIMITED else SECONDS
            child.wait(limit)
            time_up = SECONDS if CPU_IS_LIMITED and child.returncode == -signal.SIGXCPU else 0.0
        except subprocess.TimeoutExpired:
            time_up = limit
        finally:
            _end(child)
        said, words = (_read(file) for file in (report, printed))
    return list(_messages(said)), words, time_up


def _python_path() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(1_000_000).decode("utf-8", "replace")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and what it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()
