"""The IDX format, in which MNIST comes: a short header, then the numbers, big-endian."""

from __future__ import annotations

import io
import math
import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import ChainruleError

if TYPE_CHECKING:
    from pathlib import Path

Numbers: TypeAlias = NDArray[Any]  # of any of these types

ELEMENT_TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}

LIMIT = 2**30  # bytes of numbers; the largest set of the MNIST family, EMNIST, takes 0.6 of it

_CHUNK = 2**20
_GZIP_MAGIC = b"\x1f\x8b"
_DEFLATE_RATIO = 1032  # no deflate stream unpacks to more than this many times its size
_MOST_AXES = 64  # NumPy's own limit
_CUT_SHORT = "it was cut short, so replace it by a whole one."


def read_idx(source: Path | bytes, *, limit: int = LIMIT, name: str | None = None) -> Numbers:
    """Read an IDX file, plain or gzip, and accept nothing but exactly what its header declares.

    Parameters
    ----------
    source : Path or bytes
        The file, or what stands in it. Whether it is gzip is seen from its first two bytes.
    limit : int
        The largest declared size of the numbers, in bytes, that is accepted.
    name : str, optional
        What errors call the source; the path by default.

    Returns
    -------
    ndarray
        The numbers in this machine's byte order, in the declared shape.

    Raises
    ------
    ChainruleError
        If there is no such file, or it is not IDX, or it holds fewer or more bytes than it
        declares, or its gzip stream is damaged. Memory is taken only after the declared size was
        compared with `limit` and with what the file can hold.
    """
    import gzip
    import zlib

    name = name or ("the IDX bytes" if isinstance(source, bytes) else str(source))
    try:
        with opened(source) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            packed = stream.read(2) == _GZIP_MAGIC
            stream.seek(0)
            if not packed:
                return _read_array(stream, size, limit, name)
            with gzip.GzipFile(fileobj=stream) as unpacked:
                return _read_array(unpacked, size * _DEFLATE_RATIO, limit, name)  # type: ignore[arg-type]
    except FileNotFoundError:
        raise ChainruleError(f"{name}: expected an IDX file, but there is none.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise ChainruleError(
            f"{name}: expected an IDX file, plain or gzip, but it cannot be read to its end "
            f"({error}); replace it by a whole one."
        ) from error


def opened(source: Path | bytes) -> BinaryIO:
    """Return a stream of a file, or of what stands in it."""
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _read_array(stream: BinaryIO, at_most: int, limit: int, name: str) -> Numbers:
    """Read header and numbers from `stream`, which can hold `at_most` bytes."""
    dtype, shape = _read_header(stream, name)
    size = math.prod(shape) * dtype.itemsize
    declared = f"{name}: its header declares {size:,} bytes of numbers"
    extent = math.prod(length or 1 for length in shape) * dtype.itemsize  # 0 x 10^10 is too large
    if extent > limit:
        raise ChainruleError(
            f"{name}: expected at most {limit:,} bytes of numbers, but its header declares "
            f"{extent:,}; it is damaged or not the file that is wanted."
        )
    if size > at_most:
        raise ChainruleError(f"{declared}, more than it can hold; {_CUT_SHORT}")
    content = np.empty(size, np.uint8)
    filled = 0
    while chunk := stream.read(min(_CHUNK, size - filled)):
        content[filled : filled + len(chunk)] = np.frombuffer(chunk, np.uint8)
        filled += len(chunk)
    if filled < size:
        raise ChainruleError(f"{declared}, but only {filled:,} follow; {_CUT_SHORT}")
    if stream.read(1):  # at the end of a gzip stream this also compares the checksum
        raise ChainruleError(
            f"{declared}, but more follow; it is damaged, so replace it by a whole one."
        )
    return content.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream: BinaryIO, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    known = len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in ELEMENT_TYPES
    if not known or not 1 <= magic[3] <= _MOST_AXES:
        raise ChainruleError(
            f"{name}: expected an IDX file (two zero bytes, an element type, a number of axes), "
            f"but it begins with {magic!r}; it is damaged or another kind of file."
        )
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise ChainruleError(f"{name}: ends within the header of its {magic[3]} axes; {_CUT_SHORT}")
    return ELEMENT_TYPES[magic[2]], tuple(np.frombuffer(sizes, ">u4").tolist())


def write_idx(path: Path, array: Numbers) -> None:
    """Write `array` as an IDX file, whole or not at all.

    Parameters
    ----------
    path : Path
        Where to; a name that ends in ``.gz`` makes it gzip, without a time stamp, so that equal
        arrays give equal files.
    array : ndarray
        uint8, int8, int16, int32, float32 or float64, with one axis or more.

    Raises
    ------
    ChainruleError
        If IDX cannot hold the array.
    OSError
        If the folder is missing or cannot be written; whatever stood at `path` is still there.
    """
    import gzip

    header, numbers = _encoded(array)
    from chainrule.storage.files import replacing

    with replacing(path) as file:
        is_gzip = path.suffix == ".gz"
        with gzip.GzipFile("", "wb", 6, file, mtime=0) if is_gzip else nullcontext(file) as stream:
            stream.write(header)
            stream.write(numbers)


def idx_bytes(array: Numbers) -> bytes:
    """Return the bytes of the (uncompressed) IDX file that holds `array`."""
    return b"".join(_encoded(array))


def idx_sha256(array: Numbers) -> str:
    """Return the SHA-256, in hexadecimal, of ``idx_bytes(array)``, without making a copy of it."""
    import hashlib

    header, numbers = _encoded(array)
    digest = hashlib.sha256(header)
    digest.update(numbers)
    return digest.hexdigest()


def _encoded(array: Numbers) -> tuple[bytes, memoryview]:
    """Return the header and the numbers of the IDX file of `array`."""
    for code, dtype in ELEMENT_TYPES.items():
        if dtype == array.dtype.newbyteorder(">") and 1 <= array.ndim <= _MOST_AXES:
            header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            numbers = np.ascontiguousarray(array, dtype).reshape(-1)
            return header, numbers.view(np.uint8).data
    raise ChainruleError(
        "an IDX file holds uint8, int8, int16, int32, float32 or float64 in one axis or more, "
        f"got {array.dtype} in {array.ndim} axes; convert it with astype first."
    )
