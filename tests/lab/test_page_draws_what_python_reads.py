"""What is drawn in a real browser reaches the network pixel by pixel, and its answer the screen."""

import base64
import io
import json
import math
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from waiting import wait_for_rest, wait_until

from chainrule.lab.words import library, sentence
from chainrule.reading.centring import centring

SIDE, RADIUS = 112, 4.5
SEVEN = [(0.3, 0.25), (0.7, 0.25), (0.62, 0.45), (0.5, 0.8)]
TEN = [[(0.25, 0.3), (0.25, 0.7)], [(0.6, 0.3), (0.8, 0.5), (0.6, 0.7), (0.45, 0.5), (0.6, 0.3)]]


def inked(strokes):
    """Return the 112 x 112 pixels of strokes in half pixels: round lines of one thickness."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    pixels = np.zeros((SIDE, SIDE))
    for stroke in strokes:
        for i, point in enumerate(stroke):
            (x0, y0), (x1, y1) = (np.array(p) / 2 for p in (stroke[max(i - 1, 0)], point))
            length = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = ((columns - x0) * (x1 - x0) + (rows - y0) * (y1 - y0)) / (length or math.inf)
            along = np.clip(along, 0, 1)
            distance = np.hypot(columns - x0 - along * (x1 - x0), rows - y0 - along * (y1 - y0))
            ink = np.floor(255 * np.clip(RADIUS + 0.5 - distance, 0, 1) + 0.5)
            pixels = np.maximum(pixels, ink)
    return pixels.astype(int)


def strokes_of(address):
    """Return the strokes that stand in the address."""
    (text,) = parse_qs(urlsplit(address).fragment.partition("?")[2])["strokes"]
    numbers = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    strokes, at = [[]], 0
    while at < len(numbers):
        if numbers[at] == 255:
            strokes.append([])
            at += 1
        else:
            strokes[-1].append((numbers[at], numbers[at + 1]))
            at += 2
    return strokes


def draw(page, strokes):
    box = page.locator("canvas.pad").bounding_box()
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=8)
        page.mouse.up()


@contextmanager
def resting(page):
    """Wait until the picture that comes within this has its answer on the page."""
    page.evaluate("performance.clearMeasures()")
    yield
    wait_until(page, "performance.getEntriesByName('rest').length > 0")


# The answer to the last stroke has come: what is said while one draws is the page's own.
AT_REST = """() => {
    const last = (name) => performance.getEntriesByName(name).at(-1)?.startTime ?? -1;
    return last("stroke") >= 0 && last("rest") > last("stroke");
}"""


def shares(page):
    """Return the ten percentages on screen."""
    return [float(text.rstrip(" %")) for text in page.locator(".share").all_inner_texts()[:10]]


@pytest.mark.parametrize("strokes", [[SEVEN], TEN], ids=["seven", "two strokes"])
def test_strokes_end_as_the_pixels_and_probabilities_of_python(visit, lab, strokes):
    page = visit("#/draw?digit=none")
    asked = {}
    page.on("request", lambda r: asked.update({urlsplit(r.url).path: r.post_data}))
    draw(page, strokes)
    wait_until(page, "location.hash.includes('strokes')")
    expected = inked(strokes_of(page.url))
    with resting(page):  # the whole picture once more: each stroke was asked for alone
        page.reload()
    pixels = np.array(json.loads(asked["/api/centre"])["pixels"]).reshape(SIDE, SIDE)
    assert abs(pixels - expected).max() <= 1  # a half may round to either side
    assert (pixels != expected).mean() < 0.001
    image = np.array(json.loads(asked["/api/forward"])["image"])
    by_python = centring(pixels / 255, light_on_dark=True).centred
    np.testing.assert_allclose(image, by_python.ravel(), atol=1e-7)

    network = next(iter(lab.networks.values()))
    probabilities = network.classifier.probabilities(image.reshape(1, 28, 28).astype(np.float32))[0]
    np.testing.assert_allclose(shares(page), 100 * probabilities, atol=0.051)


ONE = [(0.2, 0.45), (0.6, 0.2), (0.6, 0.85)]


@pytest.mark.parametrize(
    ("strokes", "is_said"),
    [
        ([ONE], True),
        ([[(0.2, 0.2), *ONE[1:]]], False),  # a 7
        ([ONE[:2], ONE[1:]], False),  # two strokes are no such 1
        ([[*ONE, (0.8, 0.85)]], False),  # a 2
        ([[(0.5, 0.3), *ONE[1:]]], False),  # a flag is short
    ],
)
def test_a_one_that_mnist_has_not_is_named_where_it_is_taken_for_something_else(
    visit, strokes, is_said
):
    page = visit("#/draw?digit=none")
    answers = iter([0.9, 0.1])

    def answer(route):
        body = route.fetch().json()
        first = next(answers, 0.1)
        body["probabilities"] = [0, 1 - first, 0, 0, 0, 0, 0, first, 0, 0]
        body["predicted"] = 7 if first > 0.5 else 1
        route.fulfill(json=body)

    page.route("**/api/forward", answer)
    with resting(page):
        draw(page, strokes)
    page.locator(".predicted", has_text="7").wait_for()
    words = page.get_by_text("MNIST has no such 1")
    assert words.count() == is_said
    draw(page, [[(0.05, 0.95), (0.06, 0.95)]])
    page.locator(".predicted", has_text="1").wait_for()
    assert words.count() == 0


EDGE = [(2, 2), (221, 2), (221, 221), (2, 221), (2, 2)]
FULL = [(x, y) for row in range(0, 224, 10) for x, y in ((0, row), (223, row), (223, row + 4))]


@pytest.mark.parametrize("stroke", [EDGE, FULL], ids=["along the edge", "all of the pad"])
def test_ink_at_the_border_is_ink_and_no_ground(visit, stroke):
    text = base64.urlsafe_b64encode(bytes(min(at, 223) for point in stroke for at in point))
    page = visit(f"#/draw?strokes={text.decode().rstrip('=')}")
    page.locator("[data-stage=centred]").wait_for()
    wait_for_rest(page)
    assert sum(shares(page)) == pytest.approx(100, abs=0.5)
    assert page.locator("#notice").inner_text() == ""


def test_a_refused_picture_leaves_nothing_of_an_earlier_one_and_the_next_answer_ends_it(visit):
    page = visit("#/draw?digit=3&unit=0.1", refused=True)
    page.locator(".unit h2").wait_for()
    refusal = {"status": 400, "json": {"error": library("This is refused.")}}
    page.route("**/api/centre", lambda route: route.fulfill(**refusal))
    draw(page, [SEVEN])
    page.locator("#notice", has_text="This is refused.").wait_for()
    page.locator(".stages .alarm", has_text="This is refused.").wait_for()
    assert page.locator(".stages figure").count() == 0
    assert page.locator(".predicted").inner_text() == "\u2013"
    assert set(page.locator(".share").all_inner_texts()) == {"\u2013"}
    assert page.locator(".unit h2").count() == 0
    page.unroute("**/api/centre")
    draw(page, [[(0.3, 0.3), (0.3, 0.5)]])
    page.locator("[data-stage=centred]").wait_for()
    page.locator(".unit h2").wait_for()
    assert page.locator("#notice").inner_text() == ""


def test_fed_raw_the_drawing_is_only_shrunk(visit):
    page = visit("#/draw?digit=none&raw=1")
    asked = {}
    page.on("request", lambda r: asked.update({urlsplit(r.url).path: r.post_data}))
    draw(page, [SEVEN])
    while "/api/forward" not in asked:
        page.wait_for_timeout(20)
    pixels = np.array(json.loads(asked["/api/centre"])["pixels"]).reshape(28, 4, 28, 4)
    image = np.array(json.loads(asked["/api/forward"])["image"]).reshape(28, 28)
    np.testing.assert_allclose(image, pixels.mean(axis=(1, 3)) / 255, atol=1e-12)


def test_the_forward_pass_of_the_page_is_that_of_numpy(visit, lab, lab_server):
    page = visit()
    images = lab.dataset.test_images[:200].reshape(200, -1) / np.float32(255)
    for name, network in lab.networks.items():
        came = page.evaluate(
            """async ([name, images]) => {
                const { forward } = await import("/static/forward.js");
                const weights = await (await fetch(`/api/weights?network=${name}`)).json();
                return images.map((image) => Array.from(forward(weights, image).probabilities));
            }""",
            [name, images.tolist()],
        )
        expected = network.classifier.probabilities(images.reshape(-1, 28, 28))
        np.testing.assert_allclose(came, expected, atol=1e-5)


def test_the_bars_move_while_the_pen_does(visit):
    page = visit("#/draw?digit=none")
    box = page.locator("canvas.pad").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=10)
    wait_until(page, "performance.getEntriesByName('stroke').length > 0")
    assert "strokes" not in page.url, "the pen still rests on the pad"
    assert sum(shares(page)) == pytest.approx(100, abs=0.5)
    page.mouse.up()


def test_undo_and_clear_and_the_reload(visit):
    page = visit("#/draw?digit=none")
    draw(page, TEN)
    wait_until(page, "location.hash.includes('strokes')")
    wait_until(page, AT_REST)
    two = page.url
    before = shares(page)
    page.reload()
    wait_until(page, "performance.getEntriesByName('rest').length > 0")
    assert page.url == two
    assert shares(page) == before
    draw(page, [SEVEN])
    wait_until(page, "two => location.href !== two", two)
    page.get_by_role("button", name="Undo").click()
    wait_until(page, "two => location.href === two", two)
    page.get_by_role("button", name="Clear").click()
    wait_until(page, "location.hash.includes('digit=none')")


def test_touch_draws_and_does_not_scroll(visit):
    page = visit("#/draw?digit=none", has_touch=True, is_mobile=True)
    pad = page.locator("canvas.pad")
    assert pad.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"


def test_a_key_shows_a_stored_digit_and_its_answer(visit, lab):
    page = visit("#/draw?digit=none")
    (index,) = [i for i, label in enumerate(lab.labels) if label == 6][:1]
    page.locator("canvas.pad").focus()
    with page.expect_response("**/api/forward") as caught:
        page.keyboard.press("6")
    wait_until(page, f"location.hash.includes('digit={index}')")
    wait_for_rest(page)
    probabilities = caught.value.json()["probabilities"]
    np.testing.assert_allclose(shares(page), 100 * np.array(probabilities), atol=0.051)
    network = next(iter(lab.networks.values()))
    np.testing.assert_allclose(probabilities, network.probabilities[index], atol=1e-6)


def test_every_part_of_a_stroke_is_answered_and_timed(visit):
    page = visit("#/draw?digit=none")
    wait_for_rest(page)
    box = page.locator("canvas.pad").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    for angle in np.linspace(0, 2 * np.pi, 60):
        across, down = 0.5 + 0.25 * np.sin(angle), 0.5 - 0.3 * np.cos(angle)
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
    page.mouse.up()
    wait_for_rest(page)
    took = page.evaluate("performance.getEntriesByName('stroke').map((one) => one.duration)")
    assert len(took) > 5
    assert min(took) > 0


def test_the_four_pictures_are_those_of_the_answer(visit):
    page = visit("#/draw?digit=none")
    with page.expect_response("**/api/forward"):
        draw(page, [SEVEN])
    with page.expect_response("**/api/centre") as caught:
        page.reload()
    stages = caught.value.json()["stages"]
    page.locator("[data-stage=centred]").wait_for()
    wait_for_rest(page)
    for stage in stages:
        figure = page.locator(f"[data-stage={stage['name']}]")
        width, height, red = figure.locator("canvas").evaluate(
            """(canvas) => {
                const { width, height } = canvas;
                const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                return [width, height, [...data].filter((_, i) => i % 4 === 0)];
            }"""
        )
        assert (width, height) == (stage["width"], stage["height"])
        ink = np.array(stage["pixels"]) / 255
        np.testing.assert_allclose(red, 255 + ink * (0x24 - 255), atol=1)
        assert sentence(stage["words"]) in figure.inner_text()


def test_a_unit_shows_the_numbers_of_the_answer(visit):
    page = visit("#/draw?digit=3")
    wait_for_rest(page)
    strip = page.locator(".units").first
    with page.expect_response("**/api/unit") as caught:
        strip.click(position={"x": 5, "y": 5})
    answer = caught.value.json()
    page.locator(".unit h2").wait_for()
    shown = page.locator(".sum data").evaluate_all("all => all.map((one) => Number(one.value))")
    assert shown == [answer[name] for name in ("sum", "bias", "z", "relu")]
    assert page.locator(".product canvas").count() == 3


@pytest.mark.parametrize("size", [(1440, 780), (1366, 640), (1024, 700), (360, 640)])
def test_the_panel_of_a_unit_opens_where_it_is_seen(visit, size):
    page = visit("#/draw?digit=3", reduced_motion="reduce")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    wait_for_rest(page)
    page.locator(".units").first.click(position={"x": 5, "y": 5})
    page.locator(".unit h2").wait_for()
    page.wait_for_timeout(100)
    help_line = page.locator("#help").bounding_box()["y"]
    wanted = [".unit h2", ".unit .product canvas >> nth=0"] + [".unit .sum"] * (size[0] > 1000)
    for part in wanted:
        box = page.locator(part).bounding_box()
        assert 0 <= box["y"] <= help_line - box["height"], part


def test_a_stored_digit_has_no_seams_between_its_pixels_on_any_screen(visit):
    page = visit("#/draw?digit=3", device_scale_factor=1.25)
    wait_for_rest(page)
    seen = Image.open(io.BytesIO(page.locator("canvas.pad").screenshot())).convert("L")
    width, height = seen.size
    middle = seen.crop((width // 6, height // 6, 5 * width // 6, 5 * height // 6))
    held = page.locator(".stages canvas").evaluate(
        """(one) => [...one.getContext("2d").getImageData(0, 0, 28, 28).data]"""
    )
    tones = Image.fromarray(np.array(held, np.uint8).reshape(28, 28, 4)).convert("L")
    assert set(np.unique(middle)) <= set(np.unique(tones))


def test_by_keys_a_line_is_drawn_where_the_cursor_goes(visit):
    page = visit("#/draw?digit=none")
    page.locator("canvas.pad").focus()
    for key in ("ArrowUp", "ArrowUp", "Space", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    wait_until(page, "location.hash.includes('strokes')")
    wait_for_rest(page)
    assert strokes_of(page.url) == [[(112, 96), (112, 104), (112, 112)]]
    page.keyboard.press("Delete")
    wait_until(page, "location.hash.includes('digit=none')")


def test_a_finger_draws_as_a_mouse_does(visit):
    page = visit("#/draw?digit=none", has_touch=True)
    box = page.locator("canvas.pad").bounding_box()
    devtools = page.context.new_cdp_session(page)
    before = page.evaluate("scrollY")
    for kind, down in [("touchStart", 0.2), ("touchMove", 0.5), ("touchMove", 0.8)]:
        point = {"x": box["x"] + 0.5 * box["width"], "y": box["y"] + down * box["height"]}
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    wait_until(page, "location.hash.includes('strokes')")
    ((first, *_, last),) = strokes_of(page.url)
    assert last[1] - first[1] > 100
    assert page.evaluate("scrollY") == before


def test_a_server_that_does_not_answer_for_seconds_is_named_until_it_does(visit):
    page = visit("#/draw?digit=none")
    held = []
    page.route("**/api/centre", lambda route: held.append(route))
    draw(page, [SEVEN])
    page.locator("#notice", has_text="has not answered for some seconds").wait_for()
    for route in held:
        route.continue_()
    page.locator("[data-stage=centred]").wait_for()
    wait_until(page, "document.getElementById('notice').textContent === ''")
