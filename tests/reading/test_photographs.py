"""From a photograph to digits in MNIST's form: what is not ink changes nothing."""

from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from chainrule.checks import ChainruleError
from chainrule.data.idx import read_idx
from chainrule.data.pictures import read_photograph
from chainrule.reading.centring import centre
from chainrule.reading.digits import doubts_of, find_digits
from chainrule.reading.photograph import WORKING_SIDE, strokes

PAPER, INK = 0.9, 0.15
# Lines through points (column, row) of a box of side 1.
FOUR = [[(0.35, 0), (0.15, 0.6), (0.85, 0.6)], [(0.7, 0.25), (0.6, 1)]]
TWO = [[(0.2, 0.2), (0.5, 0), (0.8, 0.25), (0.2, 1), (0.85, 0.95)]]


def ink(*places, shape=(480, 640), width=14):
    """Return the ink, from 0 to 1, of digits: each is (its lines, left, top, height)."""
    image = Image.new("L", shape[::-1], 0)
    draw = ImageDraw.Draw(image)
    for lines, left, top, height in places:
        for points in lines:
            drawn = [(left + height * x, top + height * y) for x, y in points]
            draw.line(drawn, fill=255, width=width, joint="curve")
    return np.asarray(image, np.float32) / 255


def written(on, drawn=None):
    """Write on a ground: a grey, or an array of greys."""
    drawn = ink((FOUR, 240, 150, 160)) if drawn is None else drawn
    return on * (1 - drawn * (1 - INK / PAPER))


def found(grey, light_on_dark=None):
    """Return the digits of a grey picture as a camera takes it: with a little noise."""
    noise = np.random.default_rng(0).normal(0, 0.01, grey.shape)
    picture = np.repeat((grey + noise).clip(0, 1).astype(np.float32)[:, :, np.newaxis], 3, axis=2)
    result = strokes(picture, light_on_dark)
    return find_digits(result.ink, result.noise)


def prepared(grey):
    """Return the digit of a picture that holds one, in MNIST's form."""
    (digit,) = found(grey).inks
    return centre(np.pad(digit, 2), light_on_dark=True)


def likeness(one, other):
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def likeness_nearby(one, other):
    """Return the likeness where the centre of mass may be rounded to the next pixel."""
    moves = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
    return max(likeness(np.roll(one, move, (0, 1)), other) for move in moves)


@pytest.fixture(scope="module")
def four():
    """Return the four as it comes from a plain sheet."""
    return prepared(written(PAPER))


def test_a_plain_sheet_gives_what_was_drawn(four):
    drawn = centre(ink((FOUR, 240, 150, 160)), light_on_dark=True)
    assert likeness(four, drawn) > 0.95


@pytest.mark.parametrize("width", [14, 22])
def test_a_digit_that_fills_its_picture_is_read(width):
    drawn = ink((FOUR, 240, 150, 160), width=width)
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    tight = written(PAPER, drawn)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert likeness_nearby(prepared(tight), prepared(written(PAPER, drawn))) > 0.9


def test_a_long_stroke_that_reaches_no_border_is_no_line_of_the_paper():
    drawn = ink(([[(0.5, 0), (0.5, 1)]], 40, 8, 84), shape=(100, 160), width=3)
    (digit,) = found(written(PAPER, drawn)).inks
    assert digit.shape[0] > 80


@pytest.mark.parametrize("least", [0.7, 0.5, 0.35])
def test_light_that_falls_off_is_divided_out(four, least):
    light = np.linspace(1, least, 640) * np.ones((480, 1))
    assert likeness(prepared(written(PAPER * light)), four) > 0.95


def test_a_hard_shadow_is_no_ink(four):
    rows, columns = np.indices((480, 640))
    shadow = np.where(columns + 0.4 * rows > 430, 0.6, 1)
    assert likeness(prepared(written(PAPER * shadow)), four) > 0.9


def test_a_lit_corner_beside_a_hard_shadow_is_no_light_ink():
    rows, columns = np.indices((480, 640))
    shadow = np.where(columns + rows > 900, 1, 0.5)
    small = ink((FOUR, 240, 150, 50), width=5)
    plain = prepared(written(PAPER, small))
    assert likeness_nearby(prepared(written(PAPER * shadow, small)), plain) > 0.9


def test_little_ink_in_light_that_falls_off_is_found():
    light = np.linspace(1, 0.35, 640) * np.ones((480, 1))
    assert len(found(written(PAPER * light, ink((FOUR, 300, 200, 26), width=3))).inks) == 1


@pytest.mark.parametrize("degrees", [0, 7, 15])
def test_a_sheet_on_a_dark_desk_is_found_and_righted(four, degrees):
    sheet = Image.fromarray((255 * written(PAPER)).astype(np.uint8))
    turned = sheet.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=40)
    desk = Image.new("L", (turned.width + 160, turned.height + 160), 40)
    desk.paste(turned, (80, 80))
    assert likeness(prepared(np.asarray(desk) / 255), four) > 0.85


@pytest.mark.parametrize(
    ("desk", "place"),
    [((slice(-200, None), slice(None)), (240, 40)), ((slice(None), slice(-270, None)), (120, 150))],
)
def test_a_dark_desk_along_one_side_is_no_ink(four, desk, place):
    grain = gaussian_filter(np.random.default_rng(0).standard_normal((480, 640)), (60, 1.2))
    ground = np.full((480, 640), PAPER)
    ground[desk] = (0.2 * (1 + 0.4 * grain / grain.std())).clip(0.02, 1)[desk]
    assert likeness_nearby(prepared(written(ground, ink((FOUR, *place, 160)))), four) > 0.9


def test_a_note_that_is_darker_than_its_desk_is_found_and_righted(four):
    note = Image.fromarray((255 * written(0.6)).astype(np.uint8))
    turned = note.rotate(8, Image.Resampling.BICUBIC, expand=True, fillcolor=235)
    desk = Image.new("L", (turned.width + 160, turned.height + 160), 235)
    desk.paste(turned, (80, 80))
    assert likeness_nearby(prepared(np.asarray(desk) / 255), four) > 0.85


def test_a_shadow_with_a_soft_edge_is_no_ink_beside_a_stroke():
    rows, columns = np.indices((480, 640))
    away = np.hypot((rows - 480) / 0.8, columns - 500)
    hand = 1 - 0.55 / (1 + np.exp((away - 170) / 8))
    small = ink((FOUR, 240, 120, 70), width=6)
    assert (
        likeness_nearby(prepared(written(PAPER * hand, small)), prepared(written(PAPER, small)))
        > 0.9
    )


def test_a_ring_of_light_ink_is_no_sheet():
    rows, columns = np.indices((480, 400))
    away = (((rows - 240) / 1.3) ** 4 + (columns - 200.0) ** 4) ** 0.25
    (digit,) = found(((away > 80) & (away < 110)).astype(float)).inks
    assert digit[len(digit) // 2, digit.shape[1] // 2] == 0
    assert digit.shape[0] > 200


@pytest.mark.parametrize("thickness", [3, 9, 15])
@pytest.mark.parametrize("slope", [0, 0.03])
def test_thick_and_tilted_lines_of_the_paper_are_no_ink(four, thickness, slope):
    rows, columns = np.indices((480, 640))
    ground = np.where((rows + slope * columns) % 150 < thickness, 0.6, PAPER)
    assert likeness_nearby(prepared(written(ground)), four) > 0.85


@pytest.mark.parametrize("paper", ["ruled", "grid"])
def test_the_lines_of_the_paper_are_no_ink_where_they_cross_the_digit_too(four, paper):
    ground = np.full((480, 640), PAPER)
    for start in (20, 21):
        ground[start::40] = 0.7
        if paper == "grid":
            ground[:, start::40] = 0.7
    assert likeness(prepared(written(ground)), four) > 0.9


def test_chalk_on_a_board_is_read_as_ink_on_paper_is(four):
    assert likeness(prepared(0.15 + 0.7 * ink((FOUR, 240, 150, 160))), four) > 0.95


def test_chalk_on_a_smeared_board_is_read():
    rng = np.random.default_rng(0)
    smears = gaussian_filter(rng.standard_normal((480, 640)), (12, 60))
    board = 0.18 * (1 + 0.2 * smears / smears.std())
    chalk = ink((FOUR, 240, 150, 90), width=9)
    plain = prepared(written(PAPER, chalk))
    assert likeness_nearby(prepared(board + chalk * (0.8 - board)), plain) > 0.9


@pytest.mark.parametrize("grey", [0, 255])
def test_transparent_ground_takes_ink_of_either_kind(four, tmp_path, grey):
    alpha = (255 * ink((FOUR, 240, 150, 160))).astype(np.uint8)
    picture = Image.merge("LA", [Image.new("L", (640, 480), grey), Image.fromarray(alpha)])
    picture.save(tmp_path / "it.png")
    read = read_photograph(tmp_path / "it.png", WORKING_SIDE)
    assert likeness(prepared(read.mean(axis=2)), four) > 0.95


def test_a_photograph_of_many_pixels_gives_the_same_digit(four):
    large = Image.fromarray((255 * written(PAPER)).astype(np.uint8)).resize((2560, 1920))
    assert likeness(prepared(np.asarray(large) / 255), four) > 0.95


def test_digits_in_a_row_are_taken_apart_from_left_to_right(four):
    digits = found(written(PAPER, ink((TWO, 330, 155, 150), (FOUR, 180, 150, 160))))
    assert len(digits.inks) == 2
    assert digits.doubts == ()
    first, second = (centre(np.pad(one, 2), light_on_dark=True) for one in digits.inks)
    assert likeness(first, four) > 0.95 > likeness(second, four)
    assert digits.boxes[0][1].start < digits.boxes[1][1].start


def test_a_digit_broken_by_a_pen_that_skipped_is_one(four):
    drawn = ink((FOUR, 240, 150, 160))
    drawn[262:269] = 0
    assert likeness(prepared(written(PAPER, drawn)), four) > 0.9


def test_specks_are_no_digits(four):
    drawn = ink((FOUR, 240, 150, 160))
    for row, column in np.random.default_rng(1).integers(20, 460, (12, 2)):
        drawn[row : row + 4, column : column + 4] = 1
    drawn[140:320, 230:400] = ink((FOUR, 240, 150, 160))[140:320, 230:400]
    assert likeness(prepared(written(PAPER, drawn)), four) > 0.95


def test_a_hole_in_the_paper_is_no_digit_beside_one():
    rows, columns = np.indices((480, 640))
    hole = np.hypot(rows - 230, columns - 30) < 13
    digits = found(written(PAPER, np.maximum(ink((FOUR, 240, 150, 40), width=4), hole)))
    assert len(digits.inks) == 1
    assert digits.boxes[0][1].start > 200
    assert digits.doubts == ()


@pytest.mark.parametrize("grey", [0.1, 0.5, PAPER])
def test_a_blank_sheet_is_refused(grey):
    with pytest.raises(ChainruleError, match="The picture is empty"):
        found(np.full((480, 640), grey))


def test_noise_is_refused():
    noise = np.random.default_rng(0).normal(0.5, 0.2, (300, 400))
    with pytest.raises(ChainruleError, match="The picture is empty"):
        found(noise.clip(0, 1))


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        (ink((FOUR, 540, 150, 160)), "reaches the border"),
        (ink((TWO, 400, 150, 150), (FOUR, 550, 150, 160)), "reaches the border"),
        (
            ink((TWO, 200, 150, 160), (FOUR, 320, 150, 160), ([[(0, 0), (1, 0)]], 280, 246, 70)),
            "wider than it is high",
        ),
        (ink(([[(0, 0), (1, 0.5)]], 240, 150, 160)), "lies across"),
        (ink(([[(0, 0), (0.5, 1)]], 30, 30, 40), width=3), "a staple"),
        (ink((FOUR, 60, 60, 160), (TWO, 400, 280, 160)), "large pieces of ink"),
        (0.12 * ink((FOUR, 240, 150, 160)), "faint"),
        (ink((FOUR, 300, 200, 14), width=3), "tiny"),
        (np.pad(np.ones((160, 150)), ((160, 160), (245, 245))), "solid patch"),
    ],
)
def test_what_may_be_no_digit_is_doubted(drawn, words):
    assert any(words in sentence for sentence in found(written(PAPER, drawn)).doubts)


def test_a_face_is_doubted():
    image = Image.new("L", (640, 480), 0)
    draw = ImageDraw.Draw(image)
    draw.ellipse((200, 120, 420, 380), outline=255, width=10)
    draw.ellipse((260, 200, 290, 230), fill=255)
    draw.ellipse((330, 200, 360, 230), fill=255)
    draw.arc((260, 240, 360, 330), 20, 160, fill=255, width=10)
    doubts = found(written(PAPER, np.asarray(image) / 255)).doubts
    assert any("a drawing" in sentence for sentence in doubts)


def test_a_page_of_text_is_doubted():
    rows = range(60, 400, 60)
    lines = [(TWO if place % 3 else FOUR, 60 + 34 * place, row, 26)
             for row in rows for place in range(14)]  # fmt: skip
    assert found(written(PAPER, ink(*lines, width=4))).doubts


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 5), (3, 40), (8, 8), (28, 28), (1, 3000), (5000, 20)]
)
def test_any_shape_is_read_or_refused_in_a_sentence(shape):
    rng = np.random.default_rng(0)
    half = np.where(np.arange(shape[1]) < shape[1] // 2, 0.1, PAPER) * np.ones(shape)
    for grey in (rng.random(shape), (rng.random(shape) < 0.9) * PAPER, half):
        with suppress(ChainruleError):
            assert found(grey).inks


def test_a_model_that_is_not_sure_is_doubted():
    assert doubts_of(np.array([[0.9, 0.1], [0.2, 0.8]])) == ()
    (sentence,) = doubts_of(np.array([[0.9, 0.1], [0.4, 0.6]]))
    assert "not sure" in sentence
    assert "60%" in sentence


def test_digits_of_mnist_come_out_of_a_photograph_as_they_are(mnist_folder):
    images = read_idx(mnist_folder / "t10k-images-idx3-ubyte.gz")[:20]
    light = np.linspace(1, 0.35, 400)[:, np.newaxis] * np.ones(500)
    for image in images:
        digit = Image.fromarray(image).resize((168, 168), Image.Resampling.BICUBIC)
        drawn = np.pad(np.asarray(digit) / 255, ((110, 122), (150, 182)))
        ground = PAPER * light
        ground[15::40] *= 0.8
        assert likeness_nearby(prepared(written(ground, drawn)), centre(image)) > 0.85


def block(height, width):
    """Return a sheet of 300x300 pixels with a black rectangle in its middle."""
    sheet = np.ones((300, 300), np.float32)
    top, left = 150 - height // 2, 150 - width // 2
    sheet[top : top + height, left : left + width] = 0
    return sheet


@pytest.mark.parametrize("shape", [(100, 100), (200, 60), (200, 100), (120, 60), (60, 60)])
def test_a_patch_of_ink_is_no_board_and_no_digit_without_a_doubt(shape):
    assert any("solid patch" in doubt for doubt in found(block(*shape)).doubts)


def test_a_bold_one_is_no_patch():
    assert found(block(200, 40)).doubts == ()
