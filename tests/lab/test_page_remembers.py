"""The address is the state: a reload, or a colleague, sees the same."""

from urllib.parse import parse_qs, urlsplit

import pytest
from waiting import wait_for_rest, wait_until


def state_of(page):
    query = urlsplit(page.url).fragment.partition("?")[2]
    return {name: values[0] for name, values in parse_qs(query).items()}


def reload(page, wanted):
    page.reload()
    page.locator(wanted).first.wait_for()
    wait_for_rest(page)


def test_a_walk_is_where_it_was(visit):
    page = visit("#/backwards?images=0,1,2,3")
    page.get_by_role("button", name="Later images").click()
    wait_until(page, "location.hash.includes('images=4,5,6,7')")
    wait_for_rest(page)
    page.keyboard.press("ArrowRight")
    page.locator("[data-choice='1']").click()
    page.locator(".card .array.out").first.wait_for()
    page.get_by_label("from unit").fill("5")
    page.keyboard.press("Enter")
    wait_until(page, "location.hash.includes('weight=2.w.5.')")
    page.get_by_label("moved by").select_option("1e-2")
    page.get_by_text("loss at w + 0.01").wait_for()
    before = page.locator("#screen").inner_text()
    reload(page, ".card .array.out")
    page.get_by_text("loss at w + 0.01").wait_for()
    state = state_of(page)
    weight = state.pop("weight")
    assert weight.startswith("2.w.5.")
    assert state == {"images": "4,5,6,7", "step": "2", "opened": "2.1", "h": "1e-2"}
    assert page.locator("#screen").inner_text() == before


def test_each_question_stands_until_it_is_answered(visit):
    page = visit("#/backwards?step=3")
    page.locator(".choices button").first.click()
    page.locator(".card .array.out").first.wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(".choices button").first.wait_for()
    page.keyboard.press("ArrowLeft")
    page.locator(".card .array.out").first.wait_for()


def test_a_chosen_box_keeps_the_focus_and_the_arrows_go_on(visit):
    page = visit("#/backwards?predict=off")
    page.locator("[data-step='2']").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Step 2 of").wait_for()
    assert page.evaluate("document.activeElement.dataset.step") == "2"
    page.keyboard.press("ArrowRight")
    page.get_by_text("Step 3 of").wait_for()


def test_the_last_step_does_not_lose_the_focus(visit):
    page = visit("#/backwards?predict=off")
    page.get_by_text("Step 1 of 9").wait_for()
    page.get_by_role("button", name="The next step").focus()
    for step in range(2, 10):
        page.keyboard.press("Enter")
        page.get_by_text(f"Step {step} of 9").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("ArrowLeft")
    page.get_by_text("Step 8 of").wait_for()


def test_an_open_unit_and_two_networks_come_back(visit, lab):
    first, second = lab.networks
    page = visit(f"#/draw?network={first}&digit=1&beside={second}")
    page.locator(".units").nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".unit h2").wait_for()
    reload(page, ".unit h2")
    assert page.locator(".unit h2").inner_text().startswith("Unit 1 of hidden 1")
    assert page.locator(".answer").count() == 2


def test_the_way_back_of_the_browser_leads_back(visit):
    page = visit("#/draw?digit=1")
    page.get_by_role("link", name="Mistakes").click()
    page.locator(".confusion").wait_for()
    page.go_back()
    page.locator("canvas.pad").wait_for()
    assert state_of(page) == {"digit": "1"}


def test_to_skip_the_head_leaves_the_address_alone(visit):
    page = visit("#/backwards?step=1")
    page.locator(".diagram button").first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "screen"
    assert state_of(page) == {"step": "1"}


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_follows_the_system_until_one_is_chosen(visit, system):
    page = visit(color_scheme=system)
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    assert page.evaluate(scheme) == system
    page.locator(".theme").click()
    assert page.evaluate(scheme) == "light"
    page.locator(".theme").click()
    assert page.evaluate(scheme) == "dark"
    page.reload()
    page.locator("h1").wait_for()
    assert page.evaluate(scheme) == "dark"


DAMAGED = {
    "#/draw?digit=99999": "digit=99999",
    "#/draw?digit=x&unit=9.9": "digit=x and unit=9.9",
    "#/draw?network=none": "network=none",
    "#/draw?strokes=PDx4MrQ8oGSMjGSg9999_v7_": "The drawing in the address is damaged",
    "#/backwards?images=99999&step=99": "images=99999 and step=99",
    "#/backwards?weight=4.w.0.0": "weight=4.w.0.0",
    "#/mistakes?cell=77&view=none": "cell=77 and view=none",
    "#/learn?changes=,20-0-0.5&branch=2": "branch=2",
}


@pytest.mark.parametrize("address", DAMAGED)
def test_what_of_an_address_names_nothing_is_named(visit, address):
    page = visit(address)
    page.locator("#notice", has_text=DAMAGED[address]).wait_for()
    page.locator("canvas").first.wait_for()


def test_a_whole_address_is_no_damaged_one(visit, lab):
    first, second = lab.networks
    for address in (
        f"#/draw?network={second}&beside={first}&digit=3&unit={first}.2.9",
        "#/draw?strokes=PDx4MrQ8oGSMjGSg",
        "#/backwards?images=16,3,16&of=training&row=2&step=6&weight=2.b.3&h=1e-5&sgd=0.1",
        "#/mistakes?cell=4.9",
        "#/learn?changes=,20-0-0.5&branch=1",
    ):
        page = visit(address)
        wait_for_rest(page)
        assert page.locator("#notice").inner_text() == "", address


MISTYPED = (
    "#/nowhere",
    "#/draw?digit=99999999",
    "#/draw?digit=x",
    "#/draw?strokes=%25%25",
    "#/draw?unit=9.9",
    "#/draw?network=none&beside=none",
    "#/backwards?step=99&images=-3",
    "#/backwards?step=-1&images=1,,2&of=x&row=99",
    "#/backwards?weight=2.w.99.0&row=9&opened=x",
    "#/mistakes?cell=77&image=x&view=none",
)


@pytest.mark.parametrize("address", MISTYPED)
def test_a_mistyped_address_still_shows_a_screen(visit, address):
    page = visit(address)
    wait_for_rest(page)
    page.locator("canvas").first.wait_for()


def test_mistakes_that_come_late_are_those_last_asked_for_or_none(visit):
    page = visit("#/draw?digit=none")
    held = []
    page.route("**/api/confusion?*", lambda route: held.append(route))

    def ask(address):
        page.evaluate("address => { location.hash = address; }", address)

    ask("#/mistakes?cell=4.4")
    wait_until(page, "document.querySelector('#screen.mistakes')")
    ask("#/mistakes?cell=3.3")
    wait_until(page, "document.querySelector('[data-screen=mistakes]').href.includes('3.3')")
    held.pop().continue_()
    wait_for_rest(page)
    assert page.locator(".matrix [aria-pressed=true]").get_attribute("data-cell") == "3.3"

    page.reload()
    wait_until(page, "document.querySelector('#screen.mistakes')")
    page.get_by_role("link", name="Backwards").click()
    with page.expect_response("**/api/confusion?*"):
        held.pop().continue_()
    page.locator(".card .body").wait_for()  # and visit finds no error
