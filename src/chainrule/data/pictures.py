"""A picture from any image file: grey, upright, and looked at before it is decoded."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import Array, ChainruleError, extra

if TYPE_CHECKING:
    from pathlib import Path

Bytes: TypeAlias = NDArray[np.uint8]
Decoded = TypeVar("Decoded")
Item = TypeVar("Item")
# An open file is closed, and sentences call it what str() does.
Source: TypeAlias = str | os.PathLike[str] | IO[bytes]

SECONDS = 2, 10  # before the first word of progress, and from one to the next
MOST_PIXELS = 100_000_000  # twice what a telephone takes; more is a mistake, or a bomb
LARGEST_FILE = 1_000_000_000  # bytes: more than so many pixels of 8 bytes and their frame take
# Pillow reads more, and runs other programmes for some of them; these it decodes itself.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# Pictures in the frame of a film: AVIF by any newer Pillow, HEIC by pi-heif where it is installed.
FRAMED = ("AVIF", "HEIF")
# How the names of image files end, in lower case, whether or not they can be read.
SUFFIXES = frozenset(
    [
        ".apng",
        ".avif",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pfm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    ]
)
LONGEST_START = 1000  # bytes that tell what a file is, whatever its name says
STRANGERS = [
    (  # the first: it is none where it can be read
        rb".{4}ftyp(hei|hev|mif1|msf1)",
        "a HEIC picture, as telephones take them",
        "save it as JPEG (an iPhone takes JPEG after Settings, Camera, Formats, Most Compatible), "
        "or install what reads it, with pip install 'chainrule[heic]'",
    ),
    (rb".{4}ftypavi", "an AVIF picture", "save it as PNG or JPEG, or install a newer Pillow"),
    (rb".{4}ftyp(qt|iso|mp4|m4v|3g)", "a film", "save one picture of it as PNG"),
    (rb"%PDF-", "a PDF document", "save the page as PNG"),
    (rb"(\xef\xbb\xbf)?\s*(<[?!].*)?<svg", "an SVG drawing", "save it as PNG, 1000 pixels wide"),
    (rb"\s*<(!doctype )?html", "a web page", "save the picture that it shows, not the page"),
]


def read_picture(path: Source) -> Array:
    """Read an image file, of one channel or colour, of 1 to 32 bits, with a palette or alpha.

    Parameters
    ----------
    path : str, path or open binary file
        BMP, GIF, JPEG, PNG, PPM, TIFF or WebP, and AVIF and HEIC where Pillow and pi-heif can;
        of several pictures the first.

    Returns
    -------
    ndarray of float32, shape (height, width)
        From 0 (black) to 1 (white): upright as EXIF says, transparent parts on white.

    Raises
    ------
    ChainruleError
        If it is no image that can be read, or has more than 100 megapixels, which is looked at
        before anything is decoded.
    """
    return _read(path, _grey)


def read_photograph(path: Source, side: int) -> Array:
    """Read an image file in colour, scaled down to a longer side of `side` to twice that.

    Parameters
    ----------
    path : str or path
        As for `read_picture`.
    side : int
        A smaller picture stays as it is.

    Returns
    -------
    ndarray of float32, shape (height, width, 3)
        Red, green and blue from 0 to 1: upright as EXIF says, transparent parts black or white,
        whichever differs more from the rest.
    """
    return _read(path, lambda image: _colours(image, side))


def read_scaled(path: Source, shape: tuple[int, int] | None = None, way: str = "fit") -> Bytes:
    """Read an image file in grey, in a size that all pictures of a dataset have.

    This alone prepares pictures of one's own, those in training and those to be told later.

    Parameters
    ----------
    path : str or path
        As for `read_picture`.
    shape : (int, int), optional
        Height and width to scale to; a picture of this size stays as it is, as all do without it.
    way : str
        ``"fit"``: the whole picture, what remains of the shape filled with the grey of its border.
        ``"crop"``: the shape filled, what is too long cut off at both ends.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        From 0 (black) to 255 (white), upright as EXIF says; transparent ground is black or white,
        whichever differs more from what is drawn on it.
    """
    return _read(path, lambda image: _scaled(image, shape, way))


def check_picture(path: Source) -> None:
    """Look at an image file without decoding it; errors as in `read_picture`."""
    _read(path, lambda image: None)


def pictures_in(folder: Path) -> list[Path]:
    """Return the image files in a folder, sorted by name, without those in its subfolders.

    Raises
    ------
    ChainruleError
        If there is none, or the folder cannot be read.
    """
    known = SUFFIXES
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in known]
        found = sorted(path for path in paths if path.name[0] != "." and path.is_file())
    except OSError as error:
        raise ChainruleError(f"{folder} cannot be read: {error.strerror}.") from error
    if not found:
        raise ChainruleError(
            f"There is no picture in {folder}: name a folder that holds some itself, not in "
            f"subfolders, with names that end in {', '.join(sorted(known))}."
        )
    return found


def counted(pictures: Sequence[Item], say: Callable[[str], None]) -> Iterator[Item]:
    """Yield pictures that are read one by one, and say from time to time how far it is."""
    due = time.monotonic() + SECONDS[0]
    for done, picture in enumerate(pictures):
        if time.monotonic() > due:
            say(f"{done:,} of {len(pictures):,} pictures read")
            due = time.monotonic() + SECONDS[1]
        yield picture


def _read(path: Source, decode: Callable[[Any], Decoded]) -> Decoded:
    pillow = extra("PIL.Image")
    file = _opened(path)
    with file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what is judged here, or can still be read
        try:
            start = file.read(LONGEST_START)
            formats = _formats(pillow, start)
            with pillow.open(file, formats=formats) as image:
                _check_size(path, *image.size)
                return decode(image)
        except ChainruleError:
            raise
        except pillow.DecompressionBombError as error:
            raise ChainruleError(
                f"{path} declares far more than the {MOST_PIXELS:,} pixels that are read: "
                "scale it down."
            ) from error
        except pillow.UnidentifiedImageError as error:
            raise ChainruleError(f"{path} {_what_it_is(start, formats)}.") from error
        except Exception as error:  # decoders raise a dozen types on damaged bytes
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise ChainruleError(
                f"{path} is damaged, or an image of an unusual kind ({reason}): "
                "save it anew, as PNG."
            ) from error


def _formats(pillow: Any, start: bytes) -> Sequence[str]:
    """Return what a file that starts like this may be, in Pillow's words."""
    if start[4:8] != b"ftyp":
        return FORMATS
    with suppress(ImportError):
        import_module("pi_heif").register_heif_opener()
    pillow.init()
    return [name for name in FRAMED if name in pillow.OPEN]


def _what_it_is(start: bytes, formats: Sequence[str]) -> str:
    """Say what came instead of an image, and what to do with it."""
    expected = f"expected {', '.join(FORMATS)}"
    for pattern, what, remedy in STRANGERS["HEIF" in formats :]:
        if re.match(pattern, start, re.DOTALL | re.IGNORECASE):
            return f"is {what}, {expected}: {remedy}"
    return f"is not an image that can be read: {expected}"


def _opened(path: Source) -> IO[bytes]:
    from pathlib import Path

    if not isinstance(path, str | os.PathLike):
        return path
    path = Path(path)
    try:
        if not path.is_file():
            raise ChainruleError(f"There is no image file {path}: correct the path.")
        size = path.stat().st_size
        if not size or size > LARGEST_FILE:
            raise ChainruleError(
                f"{path} has {size:,} bytes, an image file has from 1 to {LARGEST_FILE:,}: "
                "name another, or scale it down."
            )
        return path.open("rb")
    except OSError as error:
        raise ChainruleError(f"{path} cannot be opened: {error.strerror}.") from error


def _check_size(path: object, width: int, height: int) -> None:
    if not 1 <= width * height <= MOST_PIXELS:
        raise ChainruleError(
            f"{path} is {width}x{height} pixels, at most {MOST_PIXELS:,} are read: "
            "crop it, or scale it down."
        )


def _colours(image: Any, side: int) -> Array:
    """Decode an image of any mode in colour, not much larger than `side`."""
    image.draft("RGB", (2 * side, 2 * side))  # a JPEG file is decoded smaller at once
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.repeat(_deep_grey(image)[:, :, np.newaxis], 3, axis=2)
    upright = extra("PIL.ImageOps").exif_transpose(image)
    factor = max(upright.size) // side
    if factor > 1:
        upright = upright.reduce(factor)
    if upright.has_transparency_data:
        upright = _on_a_ground(upright.convert("RGBA"))
    return np.asarray(upright.convert("RGB"), np.float32) / np.float32(255)


def _scaled(image: Any, shape: tuple[int, int] | None, way: str) -> Bytes:
    """Decode an image of any mode in grey, and bring it to this height and width."""
    if shape is not None:
        image.draft("L", (2 * max(shape), 2 * max(shape)))  # a JPEG file is decoded smaller at once
    upright = extra("PIL.ImageOps").exif_transpose(image)
    if upright.mode in ("I", "F") or upright.mode.startswith("I;16"):
        deep = np.rint(_deep_grey(upright) * 255).astype(np.uint8)
        upright = extra("PIL.Image").fromarray(deep)
    elif upright.has_transparency_data:
        upright = _on_a_ground(upright.convert("RGBA"))
    grey = upright.convert("L")
    if shape is None or grey.size == shape[::-1]:
        return np.asarray(grey)
    return _cropped(grey, *shape) if way == "crop" else _fitted(grey, *shape)


def _fitted(grey: Any, height: int, width: int) -> Bytes:
    """Return the whole picture in the middle of a ground that has the grey of its border."""
    pillow = extra("PIL.Image")
    factor = min(width / grey.width, height / grey.height)
    size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
    pixels = np.asarray(grey)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    whole = pillow.new("L", (width, height), int(np.median(border)))
    place = ((width - size[0]) // 2, (height - size[1]) // 2)
    whole.paste(grey.resize(size, pillow.Resampling.BILINEAR), place)
    return np.asarray(whole)


def _cropped(grey: Any, height: int, width: int) -> Bytes:
    """Return as much of the middle of a picture as has the form asked for."""
    bilinear = extra("PIL.Image").Resampling.BILINEAR
    return np.asarray(extra("PIL.ImageOps").fit(grey, (width, height), bilinear))


def _on_a_ground(image: Any) -> Any:
    """Put what is drawn on transparent ground on black or white, whichever it differs more from."""
    pixels = np.asarray(image, np.float64)
    drawn = (pixels[..., :3].mean(axis=2) * pixels[..., 3]).sum() / max(pixels[..., 3].sum(), 1)
    ground = extra("PIL.Image").new("RGBA", image.size, "white" if drawn < 128 else "black")
    ground.alpha_composite(image)
    return ground


def _grey(image: Any) -> Array:
    """Decode an image of any mode."""
    upright = extra("PIL.ImageOps").exif_transpose(image)
    if upright.mode in ("I", "F") or upright.mode.startswith("I;16"):
        return _deep_grey(upright)
    if upright.has_transparency_data:
        white = extra("PIL.Image").new("RGBA", upright.size, "white")
        white.alpha_composite(upright.convert("RGBA"))
        upright = white
    return np.asarray(upright.convert("L"), np.float32) / np.float32(255)


def _deep_grey(image: Any) -> Array:
    """Return grey of more than 8 bits, whose white is the first usual one that nothing exceeds."""
    values = np.asarray(image)
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError("its pixels are not all finite and from 0 up")
    whites = {"I": (65_535,), "F": (1, 255, 65_535)}.get(image.mode, (65_535,))
    most = values.max()
    white = next((white for white in whites if most <= white), most)
    grey = np.asarray(values / np.float32(white), np.float32)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[values == transparent] = 1
    return grey
