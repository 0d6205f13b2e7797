"""The scenes: each makes an image file of digits, as people photograph, scan and draw them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from zlib import crc32

import numpy as np
from PIL import Image

from benchmarks.handwriting import clutter, ink, light, nothing, paper
from benchmarks.handwriting.camera import bytes_of, encoded, photograph
from benchmarks.handwriting.desk import closer, laid, sheet_shape


@dataclass(frozen=True)
class Scene:
    """One kind of picture.

    Attributes
    ----------
    draw : callable
        Takes pictures of digits and a generator; returns an image file: bytes and suffix.
    digits : int
        How many stand in a picture.
    turned : bool
        Whether the digit is turned, so that a network may well misread it.
    reported : bool
        Whether the scene is reported alone: nothing is aimed at.
    most : int or None
        Pictures at most, where each takes long.
    """

    draw: Callable
    digits: int = 1
    turned: bool = False
    reported: bool = False
    most: int | None = None


def draw(name, images, seed, index):
    """Return the file of a scene: the same for the same digits, seed and index."""
    return EVERY[name].draw(images, np.random.default_rng([seed, crc32(name.encode()), index]))


def digits(images, shape, height, rng, **how):
    """Return the ink of the digits."""
    return ink.number(images, height, rng, **how)


def no_ink(images, shape, height, rng):
    """Return the ink of nothing."""
    return np.zeros((2, 2), np.float32)


def camera_shape(rng):
    """Return the height and width of a photograph as it is sent on."""
    short = int(rng.integers(480, 640))
    sides = (short, short * 4 // 3)
    return sides if rng.random() < 0.5 else sides[::-1]


def larger_shape(rng):
    return (1_500, 2_000) if rng.random() < 0.5 else (2_000, 1_500)


def sheet_of(
    images, rng, shape, *, write=digits, ground=paper.paper, lines=None, pen=paper.pen,
    place=ink.anywhere, heights=(0.05, 0.4), extra=None,
):  # fmt: skip
    """Return a sheet that was written on, and the height of its digits.

    Parameters
    ----------
    images : list of array
    rng : numpy.random.Generator
    shape : (int, int)
    write, ground, lines, pen, place, extra : callable
        Make the ink, the paper, its lines, the strokes, find the place, and add what is no ink.
    heights : (float, float)
        The least and the greatest height of a digit, of that of the sheet.
    """
    least, greatest = (share * shape[0] for share in heights)
    greatest = min(greatest, 0.75 * shape[1] / max(1, len(images)))
    height = least * (greatest / least) ** rng.random()
    sheet = ground(shape, rng)
    if lines:
        sheet = lines(sheet, height, rng)
    sheet = pen(sheet, place(shape, write(images, shape, height, rng), rng), rng)
    return (extra(sheet, rng) if extra else sheet), height


def on_sheet(
    images, rng, *, shape=camera_shape, lit=light.even, blur=0.0, quality=None, larger=1, **written
):
    """Photograph a sheet that fills the picture; `blur` is a share of the digit's height."""
    sheet, height = sheet_of(images, rng, shape(rng), **written)
    scene = sheet * lit(sheet.shape[:2], rng)[..., None]
    return photograph(scene, rng, blur=blur * height, quality=quality, larger=larger)


def on_desk(images, rng, *, desk, angle=0.0, close=False, **written):
    """Photograph a sheet and the desk around it, or from closer, so that the sheet is cut."""
    shape = camera_shape(rng)
    angle = angle * rng.choice([-1, 1]) + rng.uniform(-1, 1)
    written = {"heights": (0.08, 0.45)} | written
    sheet, _ = sheet_of(images, rng, sheet_shape(shape, rng, angle), **written)
    scene, corners = laid(sheet, desk(shape, rng), rng, angle)
    scene = closer(scene, corners, rng) if close else scene
    return photograph(scene * light.falling(scene.shape[:2], rng, to=0.85)[..., None], rng)


def transparent(images, rng, *, light_ink):
    """Draw with a programme: ink on nothing, which has any colour where it is not seen."""
    shape = tuple(int(side) for side in rng.integers(200, 500, 2))
    height = min(shape) * rng.uniform(0.3, 0.6)
    alpha = ink.anywhere(shape, ink.number(images, height, rng), rng)
    colour = rng.uniform(0.85, 1, 3) if light_ink else rng.uniform(0, 0.3, 3)
    hidden = (colour, np.zeros(3), np.ones(3))[rng.integers(3)]
    pixels = np.where(alpha[..., None] > 0, colour, hidden)
    return encoded(Image.fromarray(bytes_of(np.dstack([pixels, alpha]))), "PNG"), ".png"


def tiny(images, rng):
    """Return a picture of 40 pixels, as one that was cut out of another."""
    shape = (40, int(rng.integers(36, 56)))
    heights = (0.45, 0.7)
    sheet, _ = sheet_of(images, rng, shape, heights=heights)
    pixels = sheet + 0.01 * rng.standard_normal(sheet.shape)
    return encoded(Image.fromarray(bytes_of(pixels)), "PNG"), ".png"


def turned(angle, images, shape, height, rng):
    return ink.number(images, height, rng, angle=angle * rng.choice([-1, 1]))


def enlarged(images, rng, *, margin):
    """Return a digit of 8x8 pixels from 0 to 16 as a picture of 280x280, dark on white."""
    grey = Image.fromarray(np.rint(images[0] / 16 * 255).astype(np.uint8))
    dark = 255 - np.asarray(grey.resize((280, 280), Image.BICUBIC))
    dark = np.pad(dark, round(margin * 280), constant_values=255)
    return encoded(Image.fromarray(dark), "PNG"), ".png"


def _writing(**how):
    return partial(digits, **how)


DIGITS = {
    "plain": Scene(on_sheet),
    "light70": Scene(partial(on_sheet, lit=partial(light.falling, to=0.7))),
    "light50": Scene(partial(on_sheet, lit=partial(light.falling, to=0.5))),
    "light35": Scene(partial(on_sheet, lit=partial(light.falling, to=0.35))),
    "hard-shadow": Scene(partial(on_sheet, lit=partial(light.shadow, soft=False))),
    "soft-shadow": Scene(partial(on_sheet, lit=partial(light.shadow, soft=True))),
    "dark-desk": Scene(partial(on_desk, desk=paper.dark_desk)),
    "dark-desk-7": Scene(partial(on_desk, desk=paper.dark_desk, angle=7)),
    "dark-desk-15": Scene(partial(on_desk, desk=paper.dark_desk, angle=15)),
    "dark-desk-close": Scene(partial(on_desk, desk=paper.dark_desk, close=True)),
    "light-desk": Scene(partial(on_desk, desk=paper.light_desk)),
    "next-sheet": Scene(partial(on_sheet, extra=clutter.next_sheet)),
    "ruled": Scene(partial(on_sheet, lines=paper.ruled)),
    "grid": Scene(partial(on_sheet, lines=paper.grid)),
    "yellow": Scene(partial(on_sheet, ground=paper.yellow)),
    "pink": Scene(partial(on_sheet, ground=paper.pink)),
    "pencil": Scene(partial(on_sheet, pen=paper.pencil, write=_writing(wider=-0.4))),
    "marker": Scene(partial(on_sheet, pen=paper.marker, write=_writing(wider=0.5))),
    "ballpoint": Scene(partial(on_sheet, pen=paper.ballpoint, write=_writing(wider=-0.4))),
    "thin-pen": Scene(partial(on_sheet, write=_writing(width=1.1)), reported=True),
    "chalk": Scene(partial(on_sheet, ground=paper.board, pen=paper.chalk)),
    "transparent-dark": Scene(partial(transparent, light_ink=False)),
    "transparent-light": Scene(partial(transparent, light_ink=True)),
    "blur": Scene(partial(on_sheet, blur=0.05)),
    "jpeg30": Scene(partial(on_sheet, quality=30)),
    "turned10": Scene(partial(on_sheet, write=partial(turned, 10)), turned=True),
    "turned20": Scene(partial(on_sheet, write=partial(turned, 20)), turned=True),
    "tiny": Scene(tiny),
    "12-megapixels": Scene(partial(on_sheet, shape=larger_shape, larger=2), most=30),
    "staples": Scene(partial(on_sheet, extra=clutter.stapled)),
    "touching": Scene(partial(on_sheet, place=ink.touching), reported=True),
    "cut": Scene(partial(on_sheet, place=partial(ink.touching, cut=0.15)), reported=True),
    "two-digits": Scene(on_sheet, digits=2),
    "three-digits": Scene(on_sheet, digits=3),
}
NO_DIGITS = {
    "blank": Scene(partial(on_sheet, write=no_ink), digits=0),
    "blank-desk": Scene(partial(on_desk, desk=paper.dark_desk, write=no_ink), digits=0),
    "noise": Scene(nothing.noise, digits=0),
    "face": Scene(partial(on_sheet, write=nothing.face), digits=0),
    "text": Scene(partial(on_sheet, write=nothing.page), digits=0),
    "word": Scene(partial(on_sheet, write=nothing.word), digits=0, reported=True),
    "letters": Scene(partial(on_sheet, write=nothing.letter), digits=0, reported=True),
    "only-staples": Scene(partial(on_sheet, write=no_ink, extra=clutter.stapled), digits=0),
}
SCENES = DIGITS | NO_DIGITS
SMALL = {  # of scikit-learn's digits
    "8x8": Scene(partial(enlarged, margin=0), reported=True),
    "8x8-margin": Scene(partial(enlarged, margin=0.25), reported=True),
}
EVERY = SCENES | SMALL
