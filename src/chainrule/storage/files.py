"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from chainrule.checks import ChainruleError

# What a file system answers that has no such thing: Lustre, NFS and SMB mounts, FUSE, buckets.
NOT_THERE = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
NO_LOCKS = NOT_THERE | {errno.ENOLCK}
HELD_BY_ANOTHER = {errno.EAGAIN, errno.EACCES}  # the second on SMB mounts
NO_RENAMING = NOT_THERE | {errno.EPERM, errno.EEXIST, errno.EBUSY, errno.EXDEV}

LONGEST = 40  # characters of a file's name that go into that of its temporary file


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[bool]:
    """Hold the lock of a file that is there for nothing else; yield whether it is ours.

    The file is made if need be, and its last holder removes it. Where the system has no such
    locks it always is ours.
    """
    path = Path(path)
    file, is_ours = _opened_and_locked(path)
    with file:
        try:
            yield is_ours
        finally:
            if is_ours:
                with suppress(OSError):
                    path.unlink()  # before it is let go: nobody else holds it yet


def _opened_and_locked(path: Path) -> tuple[IO[bytes], bool]:
    while True:
        file = path.open("ab")
        is_ours = _lock(file, path)
        if not is_ours or _is_at(file, path):
            return file, is_ours
        file.close()  # its last holder removed it meanwhile: it keeps nobody out any more


def _lock(file: IO[bytes], path: Path) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in HELD_BY_ANOTHER:
            return False
        if error.errno not in NO_LOCKS:
            raise OSError(error.errno, error.strerror, str(path)) from error
    return True


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` that takes its place once it is written and synced.

    An error inside the block leaves the old file as it was and removes the temporary one; if it
    is the operating system's, it names `path`. Where the system cannot rename over a file, the
    old one is written over, and should that fail, the temporary one stays.
    """
    path = Path(path)
    if not path.name:  # "." and "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    part = path.with_name(f".{path.name[:LONGEST]}.{os.urandom(4).hex()}.part")
    try:
        with part.open("xb") as file:  # an ordinary open gives the mode of the umask
            yield file
            _sync(file)
        is_in_place = _renamed(part, path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(part)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    if not is_in_place:
        with part.open("rb") as whole, path.open("wb") as file:
            shutil.copyfileobj(whole, file)
            _sync(file)
        part.unlink()


def _sync(file: IO[bytes]) -> None:
    """See to it that what was written is on the disk, where the system can say so."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in NOT_THERE:
            raise


def _renamed(part: Path, path: Path) -> bool:
    """Let a file take the place of another; return whether the system can do that."""
    try:
        part.replace(path)
    except OSError as error:
        if error.errno not in NO_RENAMING or path.is_symlink():  # that may lead anywhere
            raise
        return False
    return True


def write_whole(path: str | os.PathLike[str], content: bytes, what: str) -> None:
    """Write a file of the kind `what`, such as "ONNX"; an older one is replaced.

    Raises
    ------
    ChainruleError
        If it cannot be written.
    """
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise ChainruleError(
            f"The {what} file cannot be written to {path} ({error.strerror or error}): "
            "name a file in a folder that exists."
        ) from error
