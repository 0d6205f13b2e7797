"""Whatever takes the focus says what it is: in a line to the eye, by description to the ear."""

import pytest
from waiting import wait_for_rest, wait_until

PLACES = (
    "#/draw?digit=3&unit=0.3",
    "#/draw?strokes=PDx4MrQ8oGSMjGSg",
    "#/backwards?step=3",
    "#/backwards?images=1,2,3,4&step=2&predict=off",
    "#/backwards?images=drawing&digit=2",
    "#/mistakes",
)
LINE = "document.getElementById('help').textContent"
UNEXPLAINED = """() => [...document.querySelectorAll("a, button, input, select, [tabindex='0']")]
    .filter((one) => !document.getElementById(one.getAttribute("aria-describedby"))?.textContent)
    .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("place", PLACES)
def test_everything_that_takes_the_focus_is_described(visit, place):
    page = visit(place)
    wait_for_rest(page)
    assert page.evaluate(UNEXPLAINED) == []


def test_what_two_networks_show_is_described(visit, lab):
    first, second = lab.networks
    page = visit(f"#/mistakes?network={first}&beside={second}&view=broken&image=0")
    page.locator(".tally").wait_for()
    assert page.evaluate(UNEXPLAINED) == []


def test_the_line_at_the_bottom_follows_focus_and_pointer(visit):
    page = visit("#/draw?digit=3")
    assert "Point at anything" in page.evaluate(LINE)
    page.get_by_role("button", name="Undo").focus()
    assert "last stroke" in page.evaluate(LINE)
    page.get_by_role("button", name="Clear").hover()
    wait_until(page, f"{LINE}.includes('Empties the pad')")
    page.locator(".units").first.focus()
    page.keyboard.press("ArrowRight")
    assert "Unit 1 gives" in page.evaluate(LINE)


def test_nothing_is_styled_inline(visit, lab_server):
    page = visit("#/backwards?step=2&predict=off")
    source = page.request.get(f"{lab_server}/").text()
    assert "style=" not in source
    assert "<script type" in source
    assert source.count("<script") == 1
