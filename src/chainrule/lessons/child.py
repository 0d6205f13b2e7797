"""The process in which a learner's code runs: ``python -m ...child LESSON FILE SECONDS``.

It writes a line of JSON for each part before it is judged, and one after. What the learner's code
prints goes to stderr.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

MEMORY = 3 * 2**30  # bytes of address space; NumPy alone takes a sixth of it
WRITTEN = 2**24  # bytes in a file, what is printed included


def main() -> None:
    """Judge the learner's file, part after part."""
    number, path, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(**words: Any) -> None:
        print(json.dumps(words), file=report, flush=True)

    from chainrule.lessons.judge import WRONG, PartResult, error_words, judge
    from chainrule.lessons.lesson import find_lesson

    lesson = find_lesson(number)
    solution, parts = lesson.solution, lesson.parts
    _limit(math.ceil(time.process_time() + seconds))
    sys.path.append(str(path.parent))  # last: a file there takes the place of no library
    learners: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        code = compile(path.read_bytes(), str(path), "exec")
        exec(code, learners)
    except BaseException as error:  # SystemExit as well
        words = error_words(error, path.name)
        say(stopped=words, traceback="".join(traceback.format_exception(error)))
        return
    for part in parts:
        say(part=part.name)
        if part.name in learners:
            result = judge(part, learners[part.name], getattr(solution, part.name), lesson)
        else:
            words = f"{part.name} is not in the file: was it renamed?"
            result = PartResult(part.name, WRONG, "missing", (words,))
        say(result=asdict(result))


def _limit(seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: who waits limits the time, nobody the memory
        return
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_FSIZE: WRITTEN,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        _, most = resource.getrlimit(kind)
        if most == resource.RLIM_INFINITY or most > limit:
            resource.setrlimit(kind, (limit, most))


if __name__ == "__main__":
    main()
