"""Chainrule's own folder for data: what is kept there, set aside, and removed."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.checks import ChainruleError, extra
from chainrule.data.dataset import DAMAGED, MISSING, MNIST, FileReport, inspect
from chainrule.data.idx import Numbers, write_idx
from chainrule.terminal import command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

UNANSWERED = "unanswered.json"
REST = 3600.0  # seconds for which "auto" leaves alone what did not answer


@dataclass(frozen=True)
class Cleared:
    """The files that were removed from the cache, and the bytes that they took."""

    files: tuple[Path, ...]
    size: int


def cache_folder() -> Path:
    """Return the folder, in the user's cache folder, that holds MNIST once it was fetched."""
    from pathlib import Path

    find = extra("platformdirs").user_cache_dir
    with suppress(RuntimeError):  # newer versions raise where older ones return ~/.cache
        if (folder := Path(find("chainrule", appauthor=False))).is_absolute():
            return folder / "mnist"
    return _folder_without_home() / "mnist"


def _folder_without_home() -> Path:
    """Return a folder of the user's own among the temporary files.

    There is no home in a container that runs under any number for a user.

    Raises
    ------
    ChainruleError
        If it cannot be made, or somebody else may write into it.
    """
    import tempfile
    from pathlib import Path

    user, name = os.getuid(), f"chainrule-{os.getuid()}"
    with suppress(OSError):
        folder = Path(tempfile.gettempdir()).absolute() / name
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o022:
            return folder
    raise ChainruleError(
        "expected a home for the cache, but this user has none, and no folder of the user's own "
        f"can be had among the temporary files either ({name}); set XDG_CACHE_HOME to a folder "
        "that can be written."
    )


def sample_folder() -> Path:
    """Return the folder that holds the embedded sample once it was unpacked."""
    return cache_folder() / "sample"


def inspect_cache() -> tuple[FileReport, ...]:
    """Look at the four files of the cache: each is MNIST's, damaged or missing."""
    folder = cache_folder()
    if folder.is_dir():
        return inspect(folder, only_mnist=True)
    run = command("data", "fetch")
    reason = f"expected MNIST in the cache, but there is no folder {folder}; run: {run}"
    return tuple(FileReport(name, folder / name, MISSING, reason) for name in MNIST)


def keep(folder: Path, arrays: Mapping[str, Numbers]) -> None:
    """Write IDX files, each whole or not at all, into `folder`; OSError if that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        write_idx(folder / name, array)


def set_aside(reports: Sequence[FileReport], notice: Callable[[str], None]) -> None:
    """Rename damaged files to ``*.damaged``, so that what is fetched anew can take their place."""
    for report in reports:
        if report.verdict == DAMAGED:
            notice(f"{report.reason} It is set aside as {report.path.name}.damaged.")
            with suppress(OSError):  # another process was quicker, or nothing can be written here
                report.path.replace(report.path.with_name(f"{report.path.name}.damaged"))


def resting() -> dict[str, float]:
    """Return the mirrors that are left alone by now, and when each was asked in vain.

    Times are those of `time.time`; one that lies ahead of it is of a clock that was wrong.
    """
    import json
    import time

    try:
        kept = json.loads((cache_folder() / UNANSWERED).read_text("utf-8"))
        return {one: when for one, when in kept.items() if 0 <= time.time() - when < REST}
    except (OSError, ValueError, AttributeError, TypeError):  # not there, or not ours
        return {}


def rest(silent: Sequence[str]) -> None:
    """Note that mirrors were asked in vain just now, where anything can be kept."""
    import json
    import time

    from chainrule.storage.files import replacing

    if silent:
        kept = resting() | dict.fromkeys(silent, time.time())
        with suppress(OSError):
            cache_folder().mkdir(parents=True, exist_ok=True)
            with replacing(cache_folder() / UNANSWERED) as file:
                file.write(json.dumps(kept).encode())


def wake() -> None:
    """Forget what did not answer: the network has."""
    with suppress(OSError):
        (cache_folder() / UNANSWERED).unlink()


def clear() -> Cleared:
    """Remove what Chainrule keeps in its cache folder, and folders that are empty then."""
    removed, size = [], 0
    folder = cache_folder()
    for place, suffix in ((sample_folder(), ".gz"), (folder, "")):
        for name in (*(f"{name}{suffix}" for name in MNIST), UNANSWERED):
            # a .part is what a write that was killed left behind
            for pattern in (name, f"{name}.damaged", f".{name}.*.part"):
                for path in place.glob(pattern):
                    with suppress(FileNotFoundError):  # another process was quicker
                        length = path.stat().st_size
                        path.unlink()
                        size += length
                        removed.append(path)
        with suppress(OSError):
            place.rmdir()
    with suppress(OSError):
        folder.parent.rmdir()
    return Cleared(tuple(removed), size)
