"""Every screen by keys alone, on a phone, in both themes, and over a server that comes and goes."""

import signal

import pytest
from accessibility import found_by_axe
from lab_client import address_of, start
from waiting import wait_for_rest, wait_until

SCREENS = (
    "draw?digit=3&unit=0.3",
    "draw?strokes=PDx4MrQ8oGSMjGSg",
    "draw?digit=none&beside=sgd-seed0",
    "backwards",
    "backwards?step=2",
    "backwards?step=2&predict=off&images=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
    "backwards?step=3&predict=off",
    "backwards?step=4&opened=4.0",
    "backwards?step=8&predict=off",
    "backwards?step=9",
    "backwards?images=drawing&digit=2",
    "learn",
    "learn?lens=along&moment=21",
    "learn?lens=life&moment=21",
    "learn?lens=layers&moment=21&changes=,20-b-32_20-0-0.5&branch=1",
    "learn?lens=rates&moment=21&run=0_16-16_64_sgd-0.05_sgd-0.5_adam-0.0005",
    "mistakes?image=0",
    "mistakes?beside=sgd-seed0&view=fixed",
)


@pytest.mark.parametrize("screen", SCREENS)
def test_it_fits_360_pixels_and_axe_finds_nothing_serious_in_both_themes(visit, screen):
    page = visit(f"#/{screen}")
    wait_for_rest(page)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1440, "height": 900})
    if "step=9" in screen:
        page.get_by_role("button", name="2 steps").click()
        page.locator(".adam [data-number]").first.wait_for()
    assert found_by_axe(page) == []


def focused(page):
    return page.evaluate(
        "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent)"
        ".trim()"
    )


def tab_to(page, name):
    for _ in range(200):
        page.keyboard.press("Tab")
        if focused(page).startswith(name):
            return
    raise AssertionError(f"{name} is not reached by Tab")


def test_a_tour_of_all_screens_by_keys_alone(visit):
    page = visit("#/draw?digit=none")
    tab_to(page, "Drawing pad")
    for key in ("Space", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    wait_until(page, "location.hash.includes('strokes')")
    page.keyboard.press("4")
    wait_until(page, "/digit=[0-9]/.test(location.hash)")
    tab_to(page, "Units of layer 1 of")
    page.keyboard.press("Enter")
    page.locator(".unit h2").wait_for()
    page.reload()
    tab_to(page, "Backwards")
    page.keyboard.press("Enter")
    page.locator(".choices button").first.wait_for()
    tab_to(page, "below 0")
    page.keyboard.press("Enter")
    page.locator(".why").wait_for()
    page.keyboard.press("ArrowRight")
    tab_to(page, "dW₂")
    page.keyboard.press("Enter")
    page.locator("[data-choice='0']").wait_for()
    page.reload()
    page.locator(".diagram button").first.wait_for()
    tab_to(page, "Mistakes")
    page.keyboard.press("Enter")
    page.locator(".matrix").wait_for()


def test_single_keys_count_on_the_pad_alone(visit):
    page = visit("#/draw?digit=none")
    wait_for_rest(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("4")
    page.evaluate("document.title")  # what the key had asked for would be known by now
    assert asked == []
    page.locator("canvas.pad").focus()
    page.keyboard.press("4")
    wait_until(page, "/digit=[0-9]/.test(location.hash)")


def test_the_names_of_strips_tell_layers_and_networks_apart(visit, lab):
    first, second = lab.networks
    page = visit(f"#/draw?network={first}&beside={second}&digit=3")
    page.locator(".units").first.wait_for()
    strips = page.locator(".units")
    names = strips.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    assert len(set(names)) == len(names) == 10


@pytest.mark.parametrize(("width", "moves"), [(360, True), (1440, False)])
def test_a_chosen_cell_shows_its_images_where_they_are_seen(visit, width, moves):
    page = visit("#/mistakes", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 780})
    page.locator("[data-image]").first.wait_for()
    cell = page.locator(".confusion .some").nth(5)
    cell.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    with page.expect_response("**/api/cell*"):
        cell.click()
    picture = page.locator("[data-image]").first
    page.get_by_role("heading", name="taken for").wait_for()
    page.wait_for_timeout(100)
    assert (page.evaluate("scrollY") != before) == moves
    box, line = picture.bounding_box(), page.locator("#help").bounding_box()["y"]
    assert 0 <= box["y"] <= line - box["height"]


def test_the_rows_and_columns_of_the_matrix_say_what_they_are(visit):
    page = visit("#/mistakes")
    page.locator(".confusion").wait_for()
    across, down, corner = (
        page.locator(part).bounding_box() for part in (".axis.across", ".axis.down", ".confusion")
    )
    assert across["y"] + across["height"] <= corner["y"] + 1
    assert down["x"] + down["width"] <= corner["x"] + 1


@pytest.mark.parametrize("width", [360, 1024, 1440])
def test_every_number_of_the_matrix_fits_its_cell(visit, width):
    page = visit("#/mistakes")
    page.set_viewport_size({"width": width, "height": 780})
    page.locator(".confusion").wait_for()
    sizes = page.locator(".confusion button").evaluate_all(
        """all => all.map((one) => {
            const text = document.createRange();
            text.selectNodeContents(one);
            return [text.getClientRects().length, one.scrollWidth - one.clientWidth];
        })"""
    )
    assert {tuple(size) for size in sizes} == {(1, 0)}


def test_a_second_guess_is_told_with_the_chosen_image(visit):
    page = visit("#/mistakes")
    page.locator("[data-image]").first.wait_for()
    with page.expect_response("**/api/cell*") as caught:
        page.locator("[data-cell='4.4']").click()
    images = caught.value.json()["images"]
    page.locator(".gallery p", has_text="the least sure first").wait_for()
    page.locator("[data-image]").first.click()
    page.get_by_text(
        f"Its second guess is a{'n' * (images[0]['second'] == 8)} {images[0]['second']}"
    ).wait_for()


def test_in_forced_colours_what_has_a_meaning_keeps_it(visit):
    page = visit("#/mistakes", forced_colors="active")
    page.locator(".confusion").wait_for()
    colour = "all => [...new Set(all.map((one) => getComputedStyle(one).backgroundColor))]"
    assert len(page.locator(".confusion button").evaluate_all(colour)) > 3
    page = visit("#/draw?digit=3", forced_colors="active")
    page.locator(".share").first.wait_for()
    assert len(page.locator(".best .track, .best .fill").evaluate_all(colour)) == 2
    page = visit("#/backwards?step=6&predict=off&images=61", forced_colors="active")
    page.locator(".signed-bar").first.wait_for()
    assert len(page.locator(".signed-bar i").evaluate_all(colour)) == 2
    assert len(page.locator(".diagram button").evaluate_all(colour)) > 1


def test_help_stays_when_a_finger_is_lifted(visit):
    page = visit("#/draw?digit=3")
    line = "document.getElementById('help').textContent"
    happen = """([selector, kind, pointerType]) => document.querySelector(selector).dispatchEvent(
        new PointerEvent(kind, { pointerType, bubbles: kind === "pointerover" }))"""
    for pointer, stays in (("touch", True), ("mouse", False)):
        page.evaluate(happen, [".tools button", "pointerover", pointer])
        assert "last stroke" in page.evaluate(line)
        page.evaluate(happen, ["html", "pointerleave", pointer])
        assert ("last stroke" in page.evaluate(line)) == stays


def test_an_image_of_a_cell_opens_in_the_other_screens(visit):
    page = visit("#/mistakes")
    page.locator("[data-image]").first.wait_for()
    page.locator("[data-image]").first.click()
    page.get_by_text("Draw", exact=True).last.click()
    wait_until(page, "location.hash.startsWith('#/draw')")


def test_two_networks_show_what_one_fixed_and_the_other_broke(visit, lab):
    first, second = lab.networks
    page = visit(f"#/mistakes?network={first}&beside={second}&view=fixed")
    page.locator(".tally").wait_for()
    assert page.locator("[data-image]").count() > 0


def test_a_server_that_goes_and_comes_back_is_survived(visit, lab_run):
    def stop(process):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    process = start(lab_run, "--port", "18790")
    base = address_of(process)
    try:
        page = visit("#/draw?digit=0", base=base)
        wait_for_rest(page)
        stop(process)
        page.locator("canvas.pad").focus()
        page.keyboard.press("3")
        page.get_by_text("The server does not answer").wait_for()
        process = start(lab_run, "--port", "18790")
        assert address_of(process) == base
        page.get_by_text("answers again").or_(page.get_by_text("started anew")).first.wait_for()
        page.keyboard.press("5")
        wait_until(page, "/digit=[1-9]/.test(location.hash)")
    finally:
        stop(process)
