"""Signed values have one pair of colours, in the lab as in the figures, and nothing else has it."""

import colorsys
import re
from itertools import product

import pytest

from chainrule.lab.page import STATIC
from chainrule.plots import paper

CSS = (STATIC / "lab.css").read_text()
SIGNED = """async ([theme]) => {
    document.documentElement.dataset.theme = theme;
    const { signed } = await import("/static/pictures.js");
    const canvas = signed(document.createElement("canvas"), [-2, 0, 2], 3, 1);
    const { data } = canvas.getContext("2d").getImageData(0, 0, 3, 1);
    const style = getComputedStyle(document.documentElement);
    const hex = (at) => "#" + [...data.slice(4 * at, 4 * at + 3)].map((one) =>
        one.toString(16).padStart(2, "0")).join("");
    return [[hex(0), hex(1), hex(2)],
        ["--negative", "--zero", "--positive"].map((name) => style.getPropertyValue(name))];
}"""


def theme(start):
    block = CSS[CSS.index(start) :].partition("}")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


LIGHT, DARK = theme(":root {"), theme(':root[data-theme="dark"] {')
THEMES = {"light": LIGHT, "dark": LIGHT | DARK}


def channels(colour):
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def hue(colour):
    return 360 * colorsys.rgb_to_hsv(*channels(colour))[0]


def contrast(one, other):
    """Return the ratio of WCAG 2."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                  for c in channels(colour)]  # fmt: skip
        return 0.05 + 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return lighter / darker


def test_the_pages_pair_is_that_of_the_figures():
    assert LIGHT["negative"] == paper.NEGATIVE.lower()
    assert LIGHT["positive"] == paper.POSITIVE.lower()


def test_the_dark_theme_has_the_same_hues_and_is_the_same_by_choice_and_by_the_system():
    for name in ("negative", "positive"):
        assert hue(DARK[name]) == pytest.approx(hue(LIGHT[name]), abs=10)
    assert theme(':root[data-theme="auto"] {') == DARK


@pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)
def test_signed_values_are_seen_and_zero_is_quiet(colours):
    for sign, ground in product(("negative", "positive"), ("zero", "ground", "surface")):
        assert contrast(colours[sign], colours[ground]) >= 4.5, (sign, ground)
    assert contrast(colours["zero"], colours["ground"]) < 1.4


@pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)
def test_the_accent_is_that_of_no_optimizer_and_of_no_sign(colours):
    for other in (paper.BLUE, paper.VERMILLION, paper.NEGATIVE, paper.POSITIVE):
        assert abs(hue(colours["accent"]) - hue(other)) > 30, other
    assert contrast(colours["accent"], colours["on-accent"]) >= 4.5
    assert contrast(colours["accent"], colours["tint"]) >= 4.5


@pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("name", ["error", "alarm"])
def test_what_is_wrong_has_a_hue_of_its_own(colours, name):
    others = (paper.BLUE, paper.VERMILLION, paper.NEGATIVE, paper.POSITIVE, colours["accent"])
    for other in others:
        apart = abs(hue(colours[name]) - hue(other))
        assert min(apart, 360 - apart) > 30, other
    if name == "error":
        assert contrast(colours["error"], colours["text"]) >= 4.5, "its cells hold numbers"
    else:
        assert contrast(colours["alarm"], colours["ground"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_pictures_are_painted_in_that_pair(visit, theme):
    painted, wanted = visit("#/draw?digit=3").evaluate(SIGNED, [theme])
    assert painted == wanted
    assert wanted[0] == THEMES[theme]["negative"]
