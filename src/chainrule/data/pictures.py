"""A picture from any image file: grey, upright, and looked at before it is decoded."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cache
from typing import IO, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import Array, ChainruleError, extra

Bytes: TypeAlias = NDArray[np.uint8]
Pixels = TypeVar("Pixels", Array, Bytes)
# An open file is closed, and sentences call it what str() does.
Source: TypeAlias = str | os.PathLike[str] | IO[bytes]

MOST_PIXELS = 100_000_000  # twice what a telephone takes; more is a mistake, or a bomb
LARGEST_FILE = 1_000_000_000  # bytes: more than so many pixels of 8 bytes and their frame take
# Pillow reads more, and runs other programmes for some of them; these it decodes itself.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


def read_picture(path: Source) -> Array:
    """Read an image file, of one channel or colour, of 1 to 32 bits, with a palette or alpha.

    Parameters
    ----------
    path : str, path or open binary file
        BMP, GIF, JPEG, PNG, PPM, TIFF or WebP; of several pictures the first.

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


@cache
def suffixes() -> frozenset[str]:
    """Return how the names of the files end that can be read, in lower case."""
    known = extra("PIL.Image").registered_extensions()
    return frozenset(suffix for suffix, kind in known.items() if kind in FORMATS)


def _read(path: Source, decode: Callable[[Any], Pixels]) -> Pixels:
    pillow = extra("PIL.Image")
    file = _opened(path)
    with file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what is judged here, or can still be read
        try:
            with pillow.open(file, formats=FORMATS) as image:
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
            raise ChainruleError(
                f"{path} is not an image that can be read: expected {', '.join(FORMATS)}."
            ) from error
        except Exception as error:  # decoders raise a dozen types on damaged bytes
            raise ChainruleError(
                f"{path} is damaged, or an image of an unusual kind "
                f"({str(error).rstrip('.') or type(error).__name__}): save it anew, as PNG."
            ) from error


def _opened(path: Source) -> IO[bytes]:
    from pathlib import Path

    if not isinstance(path, str | os.PathLike):
        return path
    path = Path(path)
    if not path.is_file():
        raise ChainruleError(f"There is no image file {path}: correct the path.")
    size = path.stat().st_size
    if not size or size > LARGEST_FILE:
        raise ChainruleError(
            f"{path} has {size:,} bytes, an image file has from 1 to {LARGEST_FILE:,}: "
            "name another, or scale it down."
        )
    try:
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
