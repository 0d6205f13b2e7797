"""Chainrule's own folder for data: what is kept there, set aside, and removed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.checks import extra
from chainrule.data.dataset import DAMAGED, MISSING, MNIST, FileReport, inspect
from chainrule.data.idx import Numbers, write_idx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Cleared:
    """The files that were removed from the cache, and the bytes that they took."""

    files: tuple[Path, ...]
    size: int


def cache_folder() -> Path:
    """Return the folder, in the user's cache folder, that holds MNIST once it was fetched."""
    from pathlib import Path

    return Path(extra("platformdirs").user_cache_dir("chainrule", appauthor=False), "mnist")


def sample_folder() -> Path:
    """Return the folder that holds the embedded sample once it was unpacked."""
    return cache_folder() / "sample"


def inspect_cache() -> tuple[FileReport, ...]:
    """Look at the four files of the cache: each is MNIST's, damaged or missing."""
    folder = cache_folder()
    if folder.is_dir():
        return inspect(folder, only_mnist=True)
    reason = (
        f"expected MNIST in the cache, but there is no folder {folder}; run: chainrule data fetch"
    )
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


def clear() -> Cleared:
    """Remove what Chainrule keeps in its cache folder, and folders that are empty then."""
    removed, size = [], 0
    folder = cache_folder()
    for place, suffix in ((sample_folder(), ".gz"), (folder, "")):
        for name in (f"{name}{suffix}" for name in MNIST):
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
