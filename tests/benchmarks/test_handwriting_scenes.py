"""The scenes of the handwriting benchmark: the same for all, and what they claim to be."""

import io

import numpy as np
import pytest
from benchmarks.handwriting import ink, light, paper
from benchmarks.handwriting.desk import laid, sheet_shape
from benchmarks.handwriting.nothing import LETTERS
from benchmarks.handwriting.scenes import EVERY, SCENES, SMALL, draw
from PIL import Image
from scipy import ndimage

from chainrule.reading.centring import centre

QUICK = [name for name in SCENES if name != "12-megapixels"]


def seven():
    """Return a digit in MNIST's form, drawn with a round pen."""
    rows, columns = np.indices((280, 280))
    bar = (np.abs(rows - 60) < 14) & (np.abs(columns - 140) < 60)
    stem = (np.abs(columns - 200 + (rows - 60) * 0.45) < 15) & (rows > 60) & (rows < 230)
    return np.rint(centre((bar | stem).astype(np.float32), True) * 255).astype(np.uint8)


def opened(file):
    content, suffix = file
    image = Image.open(io.BytesIO(content))
    assert {"PNG": ".png", "JPEG": ".jpg"}[image.format] == suffix
    return image


def digits_of(name):
    return [seven()] * EVERY[name].digits


@pytest.mark.parametrize("name", QUICK)
def test_a_scene_is_an_image_that_only_seed_and_index_change(name):
    first = draw(name, digits_of(name), 0, 0)
    opened(first).load()
    assert draw(name, digits_of(name), 0, 0) == first
    assert draw(name, digits_of(name), 0, 1) != first
    assert draw(name, digits_of(name), 1, 0) != first


@pytest.mark.parametrize("name", SMALL)
def test_a_digit_of_8x8_becomes_dark_ink_on_white(name):
    digit = np.zeros((8, 8))
    digit[1:7, 4] = 16
    pixels = np.asarray(opened(draw(name, [digit], 0, 0)))
    assert min(pixels.shape) >= 280
    assert (pixels[[0, -1]] == 255).all()
    assert pixels[len(pixels) // 2].min() < 20


def test_a_telephone_has_twelve_million_pixels():
    width, height = opened(draw("12-megapixels", [seven()], 0, 0)).size
    assert {width, height} == {3_000, 4_000}


@pytest.mark.parametrize("share", [0.7, 0.5, 0.35])
def test_light_falls_from_1_to_the_share(share):
    field = light.falling((90, 120), np.random.default_rng(0), to=share)
    assert field.max() == pytest.approx(1)
    assert field.min() == pytest.approx(share)


def test_a_hard_shadow_has_a_narrower_edge_than_a_soft_one():
    steepest = []
    for soft in (False, True):
        field = light.shadow((240, 320), np.random.default_rng(3), soft=soft)
        assert 0.4 < field.min() < 0.7
        steepest.append(max(np.abs(np.diff(field, axis=axis)).max() for axis in (0, 1)))
    assert steepest[0] > 5 * steepest[1]


@pytest.mark.parametrize("angle", [0, 7, -15])
def test_the_whole_sheet_lies_on_the_desk_turned_by_its_angle(angle):
    rng = np.random.default_rng(0)
    sheet = np.ones((*sheet_shape((300, 400), rng, angle), 3), np.float32)
    scene, corners = laid(sheet, np.zeros((300, 400, 3), np.float32), rng, angle)
    border = np.concatenate([scene[0], scene[-1], scene[:, 0], scene[:, -1]])
    assert border.max() == 0
    assert scene.mean() > 0.15
    rows, columns = corners[1] - corners[0]
    assert np.rad2deg(np.arctan2(rows, columns)) == pytest.approx(angle, abs=1.5)


def test_a_stroke_that_is_drawn_anew_is_the_same_digit():
    again = centre(ink.stroked(seven()), True)
    assert np.corrcoef(again.ravel(), seven().ravel())[0, 1] > 0.97


def test_a_pen_and_a_marker_change_the_width_of_a_stroke_and_no_more():
    plain, thin, thick = (
        ink.stroked(seven(), **how) for how in ({}, {"width": 1.0}, {"wider": 0.5})
    )
    assert thin.mean() < 0.7 * plain.mean()
    assert thick.mean() > 1.2 * plain.mean()
    for strokes in (plain, thin, thick):
        assert ndimage.label(strokes > 0.5)[1] == 1


def test_digits_of_a_number_stand_apart():
    together = ink.number([seven()] * 3, 60, np.random.default_rng(0))
    gaps = ndimage.label(~(together > 0.1).any(axis=0))[1]
    assert gaps == 2


def test_ink_is_whole_on_the_sheet_unless_it_is_cut():
    rng = np.random.default_rng(0)
    strokes = ink.scaled(ink.stroked(seven()), 0.3)
    for place in (ink.anywhere, ink.touching):
        sheet = place((120, 160), strokes, rng)
        assert sheet.sum() == pytest.approx(strokes.sum(), rel=1e-4)
    border = np.concatenate([sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]])
    assert border.max() > 0
    cut = ink.touching((120, 160), strokes, rng, cut=0.3)
    assert cut.sum() < 0.97 * strokes.sum()


@pytest.mark.parametrize("lines", [paper.ruled, paper.grid])
def test_lines_are_lighter_than_ink(lines):
    rng = np.random.default_rng(0)
    sheet = lines(paper.paper((200, 300), rng), 50, rng)
    assert 0.4 < sheet.min() < 0.7


def test_every_letter_is_there():
    assert "".join(LETTERS) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
