"""Which of Chainrule's own functions run while a learner's part does: that part is not theirs."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

HOUSE = f"{Path(__file__).parents[1]}{os.sep}"
# What calls the learner's code; a part's `lends` names what it hands over besides.
CALLERS = ("lessons/lesson.py", "lessons/judge.py", "lessons/borrowing.py", "/parts.py")


@contextmanager
def borrowing(seen: list[str], lent: Collection[str] = ()) -> Iterator[None]:
    """Write down the names of Chainrule's functions that are called meanwhile.

    Every frame counts, however it came about: by a call, an alias, a subclass, `map`. What runs
    because a module is imported does not.

    Parameters
    ----------
    seen : list of str
        Takes each name once, with its module.
    lent : collection of str
        The files, below Chainrule's folder, of which anything may be called.
    """
    allowed = (*CALLERS, *lent)

    def look(frame: FrameType, event: str, _: Any) -> None:
        path = frame.f_code.co_filename
        if event != "call" or not path.startswith(HOUSE):
            return
        if not path.replace(os.sep, "/").endswith(allowed) and not _is_importing(frame):
            name = f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}"
            if name not in seen:
                seen.append(name)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(HOUSE):
            return frame.f_globals["__name__"] != "__main__"  # the check's own process
        frame = frame.f_back
    return False


def words(name: str) -> str:
    """Return what is said of a part that has called that function."""
    whose = "the lesson's own solution" if ".solution." in name else "Chainrule's own"
    return f"It calls {name}, which is {whose}: this part is yours to write."
