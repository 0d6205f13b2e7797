"""A learner's folder: one plain file a lesson."""

from __future__ import annotations

from pathlib import Path

from chainrule.checks import ChainruleError
from chainrule.lessons.lesson import LESSONS
from chainrule.storage.files import replacing


def start(folder: Path) -> list[Path]:
    """Write the template of every lesson into a folder; return what was written.

    A file that is there already holds the learner's work, and stays as it is.
    """
    if folder.exists() and not folder.is_dir():
        raise ChainruleError(f"{folder} is a file: name a folder for the lessons.")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for lesson in LESSONS:
        path = folder / lesson.file_name
        if not path.exists():
            with replacing(path) as file:
                file.write(lesson.template.encode())
            written.append(path)
    return written
