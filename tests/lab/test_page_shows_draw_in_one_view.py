"""On Draw nothing has to be scrolled to on a laptop, and nothing moves while one draws."""

import base64
import math
from types import SimpleNamespace

import pytest
from test_page_draws_what_python_reads import SEVEN, TEN, draw, resting
from waiting import wait_for_rest, wait_until

from chainrule import cli
from chainrule.lab.words import said, sentence

LAPTOPS = [(1366, 640), (1440, 780)]
PARTS = (".pad", ".stages", ".told", ".answer", ".label", ".columns", "#top", "#help")
STROKES = base64.urlsafe_b64encode(bytes([60, 50, 140, 50, 124, 90, 100, 160])).decode()


@pytest.fixture(scope="module")
def course(lab_run, served, tmp_path_factory):
    """Return the address of a lab with a network of the course's sizes, hardly trained."""
    home = tmp_path_factory.mktemp("lab-course")
    words = ["--data", lab_run.source, "--out", str(home / "run"), "--optimizers", "adam"]
    words += ["--epochs", "1", "--train-size", "300", "--threads", "1", "--jobs", "1", "--quiet"]
    assert cli.main(["compare", *words]) == 0
    return served(SimpleNamespace(path=home / "run", source=lab_run.source, home=home))


@pytest.fixture
def opened(visit, lab_server, course):
    """Return a function that opens Draw on networks of either size."""
    bases = {"784-16-16-10": lab_server, "784-256-128-64-10": course}

    def open_one(network, address, size):
        page = visit(address, base=bases[network])
        page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        wait_until(page, "performance.getEntriesByName('rest').length > 0")
        return page

    return open_one


def boxes(page, parts=PARTS):
    return {part: page.locator(part).first.bounding_box() for part in parts}


@pytest.mark.parametrize("network", ["784-16-16-10", "784-256-128-64-10"])
@pytest.mark.parametrize("size", LAPTOPS)
def test_all_of_draw_is_in_one_view_and_nothing_moves_with_a_stroke(opened, network, size):
    page = opened(network, f"#/draw?strokes={STROKES}&label=5", size)
    before = boxes(page)
    line = before["#help"]["y"]
    assert line + before["#help"]["height"] <= size[1]
    for part, box in before.items():
        if part != "#help":
            assert 0 <= box["x"] <= box["x"] + box["width"] <= size[0], part
            assert 0 <= box["y"] <= box["y"] + box["height"] <= line, part
    rows = page.locator(".stages figure").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().top)"
    )
    assert len(rows) == 4
    assert len(set(rows)) == 1
    assert before[".answer"]["x"] >= before[".pad"]["x"] + before[".pad"]["width"]

    pad = before[".pad"]
    page.mouse.move(pad["x"] + 0.7 * pad["width"], pad["y"] + 0.8 * pad["height"])
    page.mouse.down()
    page.mouse.move(pad["x"] + 0.9 * pad["width"], pad["y"] + 0.9 * pad["height"], steps=4)
    wait_until(page, "performance.getEntriesByName('stroke').length > 0")
    assert boxes(page) == before, "while the pen is down"
    with resting(page):
        page.mouse.up()
    assert boxes(page) == before, "when it is lifted"
    with resting(page):
        page.get_by_role("button", name="Clear").click()
    assert boxes(page) == before, "with nothing on the pad"


def test_the_answer_is_beside_the_pad_or_on_a_phone_a_strip_above_it(opened):
    page = opened("784-16-16-10", "#/draw?digit=3", (700, 900))
    wide = boxes(page, (".pad", ".answer"))
    assert wide[".answer"]["x"] > wide[".pad"]["x"] + wide[".pad"]["width"]
    page.set_viewport_size({"width": 360, "height": 640})
    narrow = boxes(page, (".pad", ".answer", "#help"))
    assert narrow[".answer"]["y"] + narrow[".answer"]["height"] <= narrow[".pad"]["y"]
    bottom = narrow[".pad"]["y"] + narrow[".pad"]["height"]
    assert bottom < narrow["#help"]["y"] + 10, "one draws without scrolling"
    assert page.locator(".bars .fill").count() == 10
    assert page.locator(".share").first.inner_text().endswith("%")


def test_input_and_softmax_belong_to_the_chain_whose_boxes_say_what_they_are(visit):
    page = visit("#/draw?digit=3")
    wait_for_rest(page)
    names = page.locator(".layer .name").all_inner_texts()
    assert names == ["input · 784 pixels", "hidden 1 · 16 units", "hidden 2 · 16 units",
                     "output · 10 units", "softmax · 10 shares"]  # fmt: skip
    symbols = page.locator(".layer .symbol").all_inner_texts()
    assert symbols == ["z₁", "a₁ = ReLU(z₁)", "z₂", "a₂ = ReLU(z₂)", "z₃", "p"]
    assert page.locator(".columns > .arrow").count() == 4
    assert page.locator(".draw .place").all_inner_texts() == ["1", "2", "4", "3"]
    painted = "one => [...one.getContext('2d').getImageData(0, 0, 10, 1).data].join()"
    empty = visit("#/draw?digit=none").locator(".softmax canvas").evaluate(painted)
    assert page.locator(".softmax canvas").evaluate(painted) != empty


def test_the_learner_says_what_it_is_and_takes_it_so_to_backwards(visit):
    page = visit(f"#/draw?strokes={STROKES}")
    wait_until(page, "document.querySelector('.predicted').textContent !== '\u2013'")
    wait_for_rest(page)
    read = page.locator(".predicted").inner_text()
    other = "5" if read != "5" else "6"
    label, verdict = page.get_by_label("It is"), page.locator(".verdict")
    assert (label.input_value(), verdict.inner_text()) == ("", "")
    label.select_option(read)
    page.get_by_text(sentence(said("draw.right"))).wait_for()
    assert page.locator(".answer.right .predicted").count() == 1
    label.select_option(other)
    page.get_by_text(f"wrong: it is a {other}").wait_for()
    struck = page.locator(".answer.wrong .predicted")
    assert "line-through" in struck.evaluate("one => getComputedStyle(one).textDecoration")
    with page.expect_response("**/api/backward") as caught:
        page.get_by_role("button", name="Take it to Backwards").click()
    assert caught.value.request.post_data_json["labels"] == [int(other)]
    page.go_back()
    page.get_by_text(f"wrong: it is a {other}").wait_for()
    draw(page, [[(0.05, 0.9), (0.1, 0.95)]])
    wait_until(page, "!location.hash.includes('label')")
    wait_for_rest(page)
    assert label.input_value() == ""


def test_a_stored_digit_has_its_label_and_is_the_batch_of_backwards(visit, lab):
    page = visit("#/draw?digit=3")
    wait_for_rest(page)
    assert page.get_by_label("It is").is_disabled()
    assert page.get_by_label("It is").input_value() == str(lab.labels[3])
    page.get_by_role("button", name="Take it to Backwards").click()
    wait_until(page, "location.hash.includes('from=3')")


def circle(centre, radius, count=24):
    return [(centre[0] + radius * math.cos(i), centre[1] + radius * math.sin(i))
            for i in (2 * math.pi * k / count for k in range(count + 1))]  # fmt: skip


SCRIBBLE = [(0.2, 0.2), (0.8, 0.8), (0.2, 0.7), (0.8, 0.3), (0.3, 0.9), (0.7, 0.15), (0.15, 0.5),
            (0.85, 0.55), (0.3, 0.3), (0.6, 0.85), (0.75, 0.2), (0.2, 0.85)]  # fmt: skip


W = [(0.15, 0.15), (0.3, 0.85), (0.5, 0.4), (0.7, 0.85), (0.85, 0.15)]
SHOWN = {
    "dot": ([[(0.5, 0.5), (0.51, 0.5)]], "patch"),
    "two digits": (TEN, "several"),
    "scribble": ([SCRIBBLE], "scribble"),
    "letter": ([W], "unlike"),
    "zero": ([circle((0.5, 0.5), 0.3)], None),
    "seven": ([SEVEN], None),
}


def test_where_softmax_has_to_choose_among_what_is_no_digit_one_sentence_says_so(visit):
    page = visit("#/draw?digit=none")
    for name, (strokes, kind) in SHOWN.items():
        with resting(page):
            page.get_by_role("button", name="Clear").click()
        for stroke in strokes:
            with resting(page):
                draw(page, [stroke])
        told = page.locator(".doubts li").all_inner_texts()
        if kind is None:
            assert [one for one in told if "not sure" not in one] == [], name
        else:
            assert told == [sentence(said(f"draw.doubt.{kind}", classes=10, parts=2))], name
            assert "softmax must choose" in told[0]
