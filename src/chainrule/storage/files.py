"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from chainrule.checks import ChainruleError

# What a file system answers that has no such thing: Lustre, NFS and SMB mounts, FUSE, buckets.
NOT_THERE = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
NO_LOCKS = NOT_THERE | {errno.ENOLCK}
HELD_BY_ANOTHER = {errno.EAGAIN, errno.EACCES}  # the second on SMB mounts


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

    An error inside the block leaves the old file as it was and removes the temporary one.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with part.open("xb") as file:  # an ordinary open gives the mode of the umask
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


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
