"""Learn in a browser: it starts still, plays, goes back, branches, comes again by its address."""

import pytest
from waiting import wait_until

pytest.importorskip("starlette", reason="the lab's packages are not installed")

SHOWN = """(step) => document.querySelector(".stage[aria-busy=false]") &&
    document.querySelector(".where").textContent.startsWith(`Step ${step} `)"""
CELLS = """[...document.querySelectorAll(".runners td:is(.loss, .accuracy, .move)")].map(
    (one) => one.textContent)"""


def settled(page, step):
    """Wait until nothing is computed any more and this step is shown; return the table's cells."""
    wait_until(page, SHOWN, step)
    return page.evaluate(CELLS)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def page(visit):
    page = visit("#/learn?digit=7")
    page.get_by_text("Nothing is learned yet").wait_for()
    return page


def test_it_starts_still_and_says_what_the_first_step_will_do(page):
    words = page.locator(".now").inner_text()
    assert "ln 10 = 2.30" in words
    assert "1.00 rates with Adam" in words
    settled(page, 0)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(500)
    assert asked == []


def test_a_step_is_gone_back_to_and_a_change_there_is_a_branch(page, visit):
    press(page, "10 steps")
    tenth = settled(page, 10)
    press(page, "10 steps")
    twentieth = settled(page, 20)
    page.locator(".timeline").fill("10")
    assert settled(page, 10) == tenth
    page.get_by_label("Rate of SGD", exact=True).fill("0.5")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="step 10: SGD at 0.5").wait_for()
    press(page, "10 steps")
    there = settled(page, 20)
    assert there[:2] != twentieth[:2]
    assert there[3:] == twentieth[3:], "Adam goes the same way in both"
    branch = page.get_by_role("group", name="Branch")
    branch.get_by_role("radio", name="1").check(force=True)
    assert settled(page, 20) == twentieth
    branch.get_by_role("radio", name="2").check(force=True)
    assert settled(page, 20) == there
    address = page.evaluate("location.hash")
    assert "changes=,10-0-0.5" in address
    page.reload()
    assert settled(page, 20) == there
    assert settled(visit(address), 20) == there, "in another tab"


def test_space_plays_and_a_hidden_tab_pauses(page):
    page.locator("#screen").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    wait_until(page, "!document.querySelector('.where').textContent.startsWith('Step 0 ')")
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { get: () => true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.get_by_role("button", name="Play").wait_for()
    wait_until(page, "document.querySelector('.stage[aria-busy=false]')")
    before = page.locator(".where").inner_text()
    page.wait_for_timeout(300)
    assert page.locator(".where").inner_text() == before


def test_a_click_on_a_pixel_opens_its_weights_life(page):
    press(page, "10 steps")
    settled(page, 10)
    page.locator(".first-layer").first.click(position={"x": 5, "y": 5})
    wait_until(page, "document.querySelectorAll('.life tr:not([hidden])').length === 10")
    assert "lens=life" in page.evaluate("location.hash")
    assert page.locator(".law").first.inner_text() == "θ ← θ − α g"  # noqa: RUF001


def test_the_rates_begin_a_run_with_three_of_each(page):
    page.get_by_role("radio", name="The rates").check(force=True)
    press(page, "Run each at three rates")
    wait_until(page, "document.querySelectorAll('.runners tbody tr').length === 6")
    page.go_back()
    wait_until(page, "document.querySelectorAll('.runners tbody tr').length === 2")


def test_a_lanes_weights_go_to_the_other_screens_and_stand_in_their_address(page):
    press(page, "10 steps")
    settled(page, 10)
    page.get_by_role("link", name="draw on it").last.click()
    page.locator(".predicted").first.wait_for()
    page.reload()
    page.locator(".predicted").first.wait_for()
    title = page.locator(".about select").evaluate("one => one.selectedOptions[0].textContent")
    assert title == "run of adam at 0.0005, step 10"
    page.get_by_role("link", name="Learn").click()
    settled(page, 10)


def test_a_run_that_the_server_forgot_is_computed_again(visit):
    page = visit("#/learn", refused=True)
    settled(page, 0)
    press(page, "10 steps")
    before = settled(page, 10)
    page.evaluate(
        """async () => {
            const api = await import("./static/api.js");
            for (let seed = 1; seed < 9; seed += 1) {
                await api.learn({ tab: "00000000", seed, hidden: [4], batch_size: 64,
                    lanes: [["sgd", 0.1]], branches: [[]] });
            }
        }"""
    )
    press(page, "1 step")
    page.get_by_text("computed again").wait_for()
    settled(page, 11)
    page.locator(".timeline").fill("10")
    assert settled(page, 10) == before


def test_an_address_that_names_no_run_says_so(visit):
    page = visit("#/learn?run=0_16_64_lion-1&moment=3")
    page.get_by_text("which names nothing here").wait_for()
    settled(page, 3)


def test_a_run_that_is_refused_gives_way_to_the_first(visit):
    lanes = "_".join(f"adam-0.{n}" for n in range(1, 10))
    page = visit(f"#/learn?run=0_256-256-256-256_64_{lanes}&moment=3", refused=True)
    wait_until(page, "!location.hash.includes('run=')")
    settled(page, 0)


def test_a_weights_life_is_replayed_for_an_address_and_validation_says_its_step(visit):
    page = visit("#/learn?moment=40&lens=life")
    settled(page, 40)
    wait_until(page, "document.querySelectorAll('.life tr:not([hidden])').length === 10")
    assert page.locator(".rule-now").first.inner_text().count("Step 40: ") == 1
    looked = page.locator(".runners .accuracy").last
    assert looked.inner_text().endswith("%")
    press(page, "1 step")
    settled(page, 41)
    assert looked.inner_text().endswith("% at 40")
    page.locator(".timeline").fill("3")
    settled(page, 3)
    wait_until(page, "location.hash.includes('moment=3')")
    page.evaluate("location.hash = location.hash.replace('moment=3', 'moment=20')")
    settled(page, 20)
    assert page.locator(".timeline").input_value() == "20", "the line goes where the address goes"


def test_what_an_address_names_wrongly_is_said(visit):
    page = visit("#/learn?run=garbage")
    for wrong in ("run=garbage", "moment=abc", "moment=-5", "changes=5-0-x"):
        page.evaluate("(wrong) => { location.hash = `#/learn?${wrong}`; }", wrong)
        page.get_by_text(f"{wrong}, which names nothing here").wait_for()
        settled(page, 0)


def test_a_rate_and_a_seed_out_of_bounds_say_the_bounds_and_go_back(page):
    settled(page, 0)
    rate = page.get_by_label("Rate of SGD", exact=True)
    for wrong in ("-1", "0", "1000000000", ""):
        rate.fill(wrong)
        page.keyboard.press("Enter")
        assert rate.input_value() == "0.05"
        assert "from 0.000001 to 100" in page.locator("#notice").inner_text()
        page.evaluate("document.getElementById('notice').replaceChildren()")
    page.get_by_text("Another network, other optimizers").click()
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("-3")
    page.keyboard.press("Enter")
    assert seed.input_value() == "0"
    assert "A seed is" in page.locator("#notice").inner_text()


def test_the_way_to_a_far_step_is_ended_where_it_is(visit):
    page = visit("#/learn?moment=20000")
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped where it was").wait_for()
    step = int(page.evaluate("document.querySelector('.timeline').value"))
    assert 0 < step < 20_000
    settled(page, f"{step:,}".replace(",", "\N{THIN SPACE}"))
    assert f"moment={step}" in page.evaluate("location.hash")


def test_space_plays_where_it_has_no_other_meaning(page):
    for place in (".timeline", ".beside [type=radio]", "nav a"):
        page.locator(place).first.focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Pause").wait_for()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Play").wait_for()


def test_with_many_rates_the_shortest_and_the_longest_first_step_are_named(visit):
    page = visit("#/learn?run=0_16-16_64_sgd-0.005_sgd-0.5_adam-0.00005_adam-0.005&lens=rates")
    words = page.locator(".now")
    page.get_by_text("Nothing is learned yet").wait_for()
    settled(page, 0)
    assert "(SGD, rate 0.0" in words.inner_text()
    assert "1.00 rates (Adam, rate 0.0" in words.inner_text()
    assert page.locator(".ranking .best").count() == 0, "no rate is the best of a tie"
    field = page.get_by_label("Rate of Adam", exact=True).first
    assert field.input_value() == "0.00005"
    assert field.evaluate("one => one.scrollWidth <= one.clientWidth")
