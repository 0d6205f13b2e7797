"""Files are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from chainrule.checks import ChainruleError


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[bool]:
    """Hold the lock of a file, which is made if need be; yield whether it is ours.

    Where the system has no such locks it always is.
    """
    with Path(path).open("ab") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            yield True
        except BlockingIOError:
            yield False
        else:
            yield True


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
