"""What is no digit: faces, letters, text, noise."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.handwriting.camera import bytes_of, encoded
from benchmarks.handwriting.ink import cropped
from benchmarks.handwriting.paper import texture

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
    return encoded(Image.fromarray(bytes_of(pixels)), "PNG"), ".png"


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
    return _lines(shape, rng, int(rng.uniform(0.025, 0.06) * shape[0]))


def word(images, shape, height, rng):
    """Return the ink of a single printed word."""
    canvas, draw = _canvas((round(1.5 * height), shape[1]))
    text = WORDS[rng.integers(5, len(WORDS))]
    draw.text((2 * FINE, 0), text, 255, _font(rng, int(height * 0.7)))
    return cropped(_ink(canvas))


def _lines(shape, rng, size):
    rows, columns = (round(0.84 * length) for length in shape)
    canvas, draw = _canvas((rows, columns))
    font, row = _font(rng, size), 0
    while row < rows - 2 * size:
        text, length = "", columns * FINE * rng.uniform(0.75, 1)
        while draw.textlength(longer := text + WORDS[rng.integers(len(WORDS))], font) < length:
            text = longer + " "
        draw.text((0, row * FINE), text, 255, font)
        row += round(size * 1.5)
    return _ink(canvas)


# Strokes of block letters: pairs of x and y from 0 to 9; "~" begins a stroke that is bent.
BOWL = "~00 60 82 74 04"
ROUND = "~50 11 05 18 59 88 95 82 50"
LETTERS = {
    "A": "09 50 99|26 76", "B": f"00 09|{BOWL}|~04 80 86 89 09", "C": "~82 50 11 05 18 59 87",
    "D": "00 09|~00 60 92 97 69 09", "E": "80 00 09 89|04 64", "F": "80 00 09|04 64",
    "G": "~82 50 11 05 18 59 88 85|55 85", "H": "00 09|80 89|04 84", "I": "50 59|20 80|29 79",
    "J": "~70 77 59 28 17", "K": "00 09|80 04 89", "L": "00 09 79", "M": "09 00 55 90 99",
    "N": "09 00 89 80", "O": ROUND, "P": f"00 09|{BOWL}", "Q": f"{ROUND}|66 99",
    "R": f"00 09|{BOWL}|44 89", "S": "~82 50 11 33 64 87 59 17", "T": "00 90|50 59",
    "U": "~00 06 28 59 88 96 90", "V": "00 59 90", "W": "00 29 54 79 90", "X": "00 99|90 09",
    "Y": "00 54 90|54 59", "Z": "00 80 09 89",
}  # fmt: skip


def letter(images, shape, height, rng):
    """Return the ink of one of 26 letters, written by an unsteady hand."""
    strokes = LETTERS[list(LETTERS)[rng.integers(26)]].split("|")
    size = max(24, round(height))
    canvas, draw = _canvas((size, size))
    thick = max(2, round(rng.uniform(0.06, 0.1) * size * FINE))
    narrow, slant = rng.uniform(0.6, 0.8), rng.uniform(-0.1, 0.25)
    for stroke in strokes:
        points = np.array([(int(x), int(y)) for x, y in stroke.lstrip("~").split()]) / 9
        points += rng.uniform(-0.03, 0.03, points.shape)
        points = _rounded(points) if stroke[0] == "~" else points
        points[:, 0] = 0.15 + narrow * points[:, 0] + slant * (0.5 - points[:, 1]) * 0.6
        points = (0.08 + 0.84 * points).clip(0.05, 0.95) * size * FINE
        draw.line([tuple(point) for point in points], fill=255, width=thick, joint="curve")
        for x, y in points[[0, -1]]:
            radius = thick / 2
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return cropped(_ink(canvas))


def _rounded(points):
    """Cut the corners of a line three times, as Chaikin does; its ends stay."""
    for _ in range(3):
        cut = [points[:-1] * (1 - share) + points[1:] * share for share in (0.25, 0.75)]
        inner = np.stack(cut, axis=1).reshape(-1, 2)
        points = np.vstack([points[:1], inner[1:-1], points[-1:]])
    return points


def _canvas(shape):
    image = Image.new("L", (shape[1] * FINE, shape[0] * FINE))
    return image, ImageDraw.Draw(image)


def _ink(image):
    return np.asarray(image.reduce(FINE), np.float32) / 255


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
