"""What holds no digit: faces, text, noise, staples."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.handwriting.camera import bytes_of, encoded
from benchmarks.handwriting.paper import mixed, texture

FINE = 4  # drawn so much larger, so that edges are smooth
TEXT = """the a of and hand paper light ink window under table when river stone bread with letter
from morning house garden they said often about every little turned bird winter answer road"""
WORDS = TEXT.split()


def noise(images, rng):
    """Return the file of a picture of noise: of single pixels, of clouds, of salt and pepper."""
    shape = _shape(rng)
    kind = rng.integers(4)
    if kind == 0:
        pixels = rng.random((*shape, 3), np.float32)
    elif kind == 1:
        pixels = 0.5 + 0.2 * texture(shape, rng, (6, 12, 25)[rng.integers(3)])
    elif kind == 2:
        pixels = 0.5 + 0.15 * rng.standard_normal(shape, np.float32)
    else:
        pixels = (rng.random(shape) > rng.uniform(0.002, 0.1)).astype(np.float32)
    return encoded(bytes_of(pixels), "PNG"), ".png"


def _shape(rng):
    return tuple(int(side) for side in rng.integers(240, 480, 2))


def face(images, shape, height, rng):
    """Return the ink of a face of a few strokes."""
    size = int(max(height, 60) * rng.uniform(1, 1.5))
    canvas, draw = _canvas((size, size))
    side, width = size * FINE, max(2, int(size * FINE * rng.uniform(0.02, 0.04)))

    def near(*places):
        return [place * side + rng.uniform(-0.02, 0.02) * side for place in places]

    draw.ellipse(near(0.08, 0.08, 0.92, 0.92), outline=255, width=width)
    for middle in (0.34, 0.66):
        wide = rng.uniform(0.03, 0.07)
        eye = near(middle - wide, 0.38 - wide, middle + wide, 0.38 + wide)
        draw.ellipse(eye, outline=255, fill=255 if rng.random() < 0.5 else None, width=width)
    if rng.random() < 0.6:
        draw.line(near(0.5, 0.45) + near(0.46, 0.6), fill=255, width=width)
    start, end = ((20, 160), (200, 340))[int(rng.random() < 0.25)]
    draw.arc(near(0.28, 0.5, 0.72, 0.78), start, end, fill=255, width=width)
    return _ink(canvas)


def page(images, shape, height, rng):
    """Return the ink of a printed page."""
    return _lines(shape, rng, int(rng.uniform(0.025, 0.06) * shape[0]), shape[0])


def word(images, shape, height, rng):
    """Return the ink of a single printed word."""
    canvas, draw = _canvas((round(1.5 * height), shape[1]))
    text = WORDS[rng.integers(5, len(WORDS))]
    draw.text((2 * FINE, 0), text, 255, _font(rng, int(height * 0.7)))
    return _cropped(_ink(canvas))


def _lines(shape, rng, size, bottom):
    rows, columns = (round(0.86 * length) for length in shape)
    canvas, draw = _canvas((rows, columns))
    font, row = _font(rng, size), 0
    while row < rows - 2 * size:
        text = ""
        while draw.textlength(text, font) < columns * FINE * rng.uniform(0.75, 0.9):
            text += WORDS[rng.integers(len(WORDS))] + " "
        draw.text((0, row * FINE), text, 255, font)
        row += round(size * 1.5)
    return _ink(canvas)


def _canvas(shape):
    image = Image.new("L", (shape[1] * FINE, shape[0] * FINE))
    return image, ImageDraw.Draw(image)


def _ink(image):
    return np.asarray(image.reduce(FINE), np.float32) / 255


def _cropped(ink):
    rows, columns = (np.flatnonzero((ink > 0.05).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@lru_cache
def _fonts():
    """Return the files of Pillow's own font (None) and of those that come with matplotlib."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return [None, *(folder / f"DejaVu{name}.ttf" for name in ("Sans", "Serif", "SansMono"))]


def _font(rng, size):
    file = _fonts()[rng.integers(len(_fonts()))]
    size = max(8, size) * FINE
    return ImageFont.load_default(size) if file is None else ImageFont.truetype(file, size)


def stapled(sheet, rng):
    """Return a sheet with what offices leave on it: a staple, two holes, or both."""
    kind = rng.integers(3)
    if kind != 1:
        sheet = _with_staple(sheet, rng)
    return _with_holes(sheet, rng) if kind else sheet


def _with_staple(sheet, rng):
    unit = min(sheet.shape[:2])
    length, thick = rng.uniform(0.05, 0.08) * unit, max(1.5, 0.005 * unit)
    row, column = rng.uniform(0.05, 0.09, 2) * unit
    across, along = _along(sheet.shape[:2], row, column, rng.uniform(20, 70))
    wire = np.clip(thick / 2 + 0.5 - np.abs(across), 0, 1) * (np.abs(along) < length / 2)
    below = np.clip(thick / 2 + 0.5 - np.abs(across - thick), 0, 1) * (np.abs(along) < length / 2)
    sheet = mixed(sheet, 0.6 * below, (0.2, 0.2, 0.2))
    return mixed(sheet, wire, (0.62, 0.62, 0.64))


def _along(shape, row, column, angle):
    rows, columns = np.indices(shape, np.float32)
    turn = np.deg2rad(angle)
    rows, columns = rows - row, columns - column
    across = rows * np.cos(turn) - columns * np.sin(turn)
    return across, rows * np.sin(turn) + columns * np.cos(turn)


def _with_holes(sheet, rng):
    height, width = sheet.shape[:2]
    radius = 0.014 * max(height, width)
    rows, columns = np.indices(sheet.shape[:2], np.float32)
    dark = rng.uniform(0.08, 0.35)
    for share in (0.37, 0.63):
        distance = np.hypot(rows - share * height, columns - 0.045 * width)
        sheet = mixed(sheet, np.clip(radius + 0.5 - distance, 0, 1), (dark,) * 3)
    return sheet
