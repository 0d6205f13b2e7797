"""The form of Chainrule's files: an uncompressed .npz with a header, written whole, read exactly.

The member ``header`` is JSON as uint8: it says what the file is, and its version. Every other
member is one array. Reading never runs code and never allocates more than the file's size.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from chainrule.checks import Array, ChainruleError
from chainrule.storage.files import replacing

HEADER_LIMIT = 1_000_000  # bytes
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_archive(
    path: str | os.PathLike[str], header: dict[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write header and arrays: first a temporary file beside `path`, then `os.replace`.

    Raises
    ------
    ChainruleError
        If the header is not JSON.
    OSError
        If the file cannot be written, with path and size; an older one stays as it was.
    """
    text = np.frombuffer(_header_text(header), np.uint8)
    try:
        with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
            for name, array in {"header": text, **arrays}.items():
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
    except OSError as error:
        if error.errno not in FULL:
            raise
        size = len(text) + sum(array.nbytes for array in arrays.values())
        raise OSError(error.errno, f"{error.strerror}; {_room(path, size)}", str(path)) from error


@contextmanager
def opened_archive(path: str | os.PathLike[str], kind: str, version: int) -> Iterator[Archive]:
    """Open a file of a `kind`, such as "model", to be read.

    Raises
    ------
    ChainruleError
        If it is anything else, damaged, or of a newer version, and whatever is found wrong with
        it inside the block; the message names the file.
    OSError
        If the file cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                yield Archive(archive, file, kind, version)
        except ChainruleError as error:
            raise ChainruleError(
                f"{path} is not a {kind} file that can be read: {error}"
            ) from error
        except MemoryError:
            raise
        except Exception as error:  # zipfile and json raise a dozen types on damaged bytes
            raise ChainruleError(
                f"{path} is not a {kind} file, or it is damaged: {error or type(error).__name__}."
            ) from error


class Archive:
    """An open file.

    Attributes
    ----------
    header : dict
    size : int
        Of the file, in bytes.
    """

    def __init__(self, archive: zipfile.ZipFile, file: IO[bytes], kind: str, version: int) -> None:
        self.archive = archive
        self.size = os.fstat(file.fileno()).st_size
        self.header = self._read_header(kind, version)

    def check_members(self, names: Iterable[str]) -> None:
        """Check that these arrays are there, each of them once, and nothing else."""
        came = [info.filename for info in self.archive.infolist()]
        wanted = ["header", *names]
        if sorted(came) != sorted(f"{name}.npy" for name in wanted):
            raise ChainruleError(f"its members are {came}, its header asks for {wanted[1:]}.")

    def read(self, name: str, shape: tuple[int | None, ...], dtype: np.dtype[Any]) -> Any:
        """Return one array, which must have the given dtype and shape; None is any length."""
        info = self.archive.getinfo(f"{name}.npy")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise ChainruleError(f"member {name!r} is compressed.")
        lengths = [length for length in shape if length is not None]
        if len(lengths) == len(shape):
            limit = math.prod(lengths) * dtype.itemsize + HEADER_LIMIT
            if info.file_size > limit:
                raise ChainruleError(f"member {name!r} is larger than its shape {shape}.")
        content = io.BytesIO(self.archive.read(info))  # which checks the CRC-32
        if np.lib.format.read_magic(content) != (1, 0):
            raise ChainruleError(f"member {name!r} is not in the format npy 1.0.")
        came, fortran_order, came_dtype = np.lib.format.read_array_header_1_0(content)
        fits = len(came) == len(shape) and all(
            b in (None, a) for a, b in zip(came, shape, strict=True)
        )
        if not fits or came_dtype != dtype or fortran_order:
            raise ChainruleError(f"member {name!r} is {came} {came_dtype}, not {shape} {dtype}.")
        return np.frombuffer(content.read(), dtype).reshape(came)

    def _read_header(self, kind: str, version: int) -> dict[str, Any]:
        names = [info.filename for info in self.archive.infolist()]
        if names.count("header.npy") != 1:
            raise ChainruleError("it has no member 'header', or more than one.")
        size = self.archive.getinfo("header.npy").file_size
        if size > HEADER_LIMIT:
            raise ChainruleError(f"its header declares {size:,} bytes, more than {HEADER_LIMIT:,}.")
        header = json.loads(self.read("header", (None,), np.dtype(np.uint8)).tobytes())
        if not isinstance(header, dict) or header.get("format") != f"chainrule {kind}":
            raise ChainruleError(f"its header is not that of a Chainrule {kind}.")
        if header["version"] != version:
            raise ChainruleError(
                f"it has format version {header['version']}, this Chainrule reads {version}: "
                "upgrade Chainrule."
            )
        return header


def sha256_of(*arrays: Array) -> str:
    """Return the SHA-256 of arrays one behind the other, as little-endian bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()


def _header_text(header: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(header)
        if json.loads(text) != header:
            raise TypeError("tuples and keys that are no text would come back as others")
    except (TypeError, ValueError) as error:
        raise ChainruleError(
            f"What is stored in a file must be JSON (dict, list, text, numbers), got: {error}."
        ) from error
    if len(text) > HEADER_LIMIT:
        raise ChainruleError(
            f"What is stored in a file beside its arrays may take {HEADER_LIMIT:,} bytes, "
            f"got {len(text):,}."
        )
    return text.encode()


def _room(path: str | os.PathLike[str], size: int) -> str:
    """Say how many bytes are wanted and how many are free."""
    with suppress(OSError):
        return f"it needs {size:,} bytes, {shutil.disk_usage(Path(path).parent).free:,} are free"
    return f"it needs {size:,} bytes"
