"""Every number of a card is the server's, which is the library's; the tools say what they found."""

import base64

import pytest
from waiting import wait_until


def numbers(locator):
    """Return the exact numbers that stand in <data> elements."""
    return [float(value) for value in locator.evaluate_all("all => all.map((one) => one.value)")]


@pytest.mark.parametrize("batch", ["1", "4", "16"])
def test_each_card_shows_the_numbers_of_the_answer(visit, batch):
    with_answers = []
    page = visit(f"#/backwards?batch={batch}&ask=0&step=0")
    page.on(
        "response",
        lambda r: with_answers.append(r.json()) if r.url.endswith("/api/backward") else None,
    )
    page.reload()
    page.locator(".chain .box").first.wait_for()
    page.wait_for_load_state("networkidle")
    (answer,) = with_answers
    assert answer["batch"] == int(batch)
    switch = page.get_by_label("Predict first")
    if switch.is_checked():
        switch.uncheck(force=True)
    for step, card in enumerate(answer["cards"], 1):
        page.keyboard.press("ArrowLeft")
        page.get_by_text(f"Step {step} of {len(answer['cards'])}").wait_for()
        page.locator(".card h2", has_text=card["title"]).wait_for()
        tensors = [card["incoming"], *card["kept"], *card["outgoing"]]
        tensors = [tensor for tensor in tensors if tensor]
        norms = numbers(page.locator(".card .norm data"))
        firsts = numbers(page.locator(".card .first data"))
        assert norms == [tensor["norm"] for tensor in tensors]
        assert firsts == [value for tensor in tensors for value in tensor["first"]]
        assert page.locator(".card math").count() >= 1
        assert "[object" not in page.locator(".card").inner_text()
    page.keyboard.press("ArrowRight")
    page.get_by_text(f"Step {len(answer['cards']) - 1} of").wait_for()


def test_predict_first_asks_before_the_card_opens(visit):
    page = visit("#/backwards?step=0")
    page.locator(".chain .box").first.wait_for()
    page.keyboard.press("ArrowLeft")
    page.locator(".choices button").first.wait_for()
    assert page.locator(".card .norm").count() == 0
    page.locator(".choices button").first.click()
    page.locator(".card .norm").first.wait_for()
    assert page.locator(".why").count() == 1


def test_nudge_agrees_with_backpropagation(visit):
    page = visit("#/backwards?step=1")
    with page.expect_response("**/api/nudge") as caught:
        page.get_by_role("button", name="Nudge").click()
    answer = caught.value.json()
    assert answer["relative_error"] < 1e-5
    page.locator("[data-number]").first.wait_for()
    shown = numbers(page.locator(".tool data"))
    for key in ("loss_plus", "loss_minus", "slope", "gradient"):
        assert answer[key] in shown, key


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_one_step_shows_the_loss_before_and_after(visit, optimizer):
    page = visit("#/backwards?step=1")
    page.get_by_text("Is the slope true?").wait_for()
    page.get_by_role("radio", name=optimizer).check(force=True)
    with page.expect_response("**/api/step") as caught:
        page.get_by_role("button", name="Take one step").click()
    answer = caught.value.json()
    assert answer["loss_after"] < answer["loss_before"]
    page.locator("[data-number]").first.wait_for()
    shown = numbers(page.locator(".tool data"))
    assert answer["loss_before"] in shown
    assert answer["loss_after"] in shown
    wanted = ("m", "v", "m_hat", "v_hat") if optimizer == "Adam" else ()
    for key in wanted:
        assert answer["weight"][key] in shown, key


def test_a_button_takes_its_first_click_after_any_field_was_typed_into(visit):
    page = visit("#/backwards?step=1&layer=0")
    for field, value, name in [
        ("row", "400", "nudge"),
        ("column", "3", "nudge"),
        ("row", "401", "step"),
        ("rate", "0.01", "step"),
    ]:
        page.get_by_label(field, exact=True).fill(value)
        button = page.get_by_role("button", name={"nudge": "Nudge", "step": "Take one step"}[name])
        with page.expect_request(f"**/api/{name}") as caught:
            button.click()
        sent = caught.value.post_data_json
        assert float(value) in (*sent["at"], sent.get("rate")), field


def test_a_result_stands_until_what_it_was_computed_for_is_chosen_anew(visit):
    page = visit("#/backwards?step=1&layer=0")
    page.get_by_role("button", name="Nudge").click()
    page.locator("[data-number=slope]").wait_for()
    page.get_by_role("button", name="Take one step").click()
    page.locator("[data-number=loss_after]").wait_for()
    page.get_by_role("radio", name="Adam").check(force=True)
    assert page.locator("[data-number=slope]").count() == 1
    assert page.locator("[data-number=loss_after]").count() == 0
    page.get_by_role("button", name="Take one step").click()
    page.locator("[data-number=m_hat]").wait_for()
    page.get_by_label("by h =").select_option("1e-3")
    assert page.locator("[data-number=slope]").count() == 0
    assert page.locator("[data-number=m_hat]").count() == 1
    page.get_by_label("row", exact=True).fill("5")
    page.keyboard.press("Enter")
    page.get_by_text("w after").wait_for(state="detached")


def test_the_label_of_a_drawing_is_what_the_network_answers_until_the_learner_says_another(visit):
    strokes = base64.urlsafe_b64encode(bytes([60, 50, 140, 50, 124, 90, 100, 160])).decode()
    page = visit(f"#/draw?strokes={strokes}")
    answer = page.locator(".predicted")
    wait_until(page, "document.querySelector('.predicted').textContent !== '\u2013'")
    read = answer.inner_text()
    page.get_by_role("link", name="Backwards").click()
    with page.expect_response("**/api/backward") as caught:
        page.get_by_role("radio", name="my drawing").check(force=True)
    assert caught.value.request.post_data_json["labels"] == [int(read)]
    says = page.get_by_text("say here if it is something else")
    says.wait_for()
    label = page.get_by_label("It is a")
    assert label.input_value() == read
    other = "5" if read != "5" else "6"
    with page.expect_response("**/api/backward") as caught:
        label.select_option(other)
    assert caught.value.request.post_data_json["labels"] == [int(other)]
    says.wait_for(state="detached")
    page.get_by_role("link", name="Draw").click()
    page.get_by_role("button", name="Stored 3").click()
    wait_until(page, "location.hash.includes('digit=')")
    assert "label" not in page.url, "the label of one drawing is no label of the next"


def test_a_disabled_main_button_does_not_look_enabled(visit):
    page = visit("#/backwards?predict=off")
    back = page.get_by_role("button", name="Back through the chain")
    page.get_by_text("Forward is done.").wait_for()
    ground = "one => getComputedStyle(one).backgroundColor"
    enabled = back.evaluate(ground)
    back.evaluate("one => { one.disabled = true; }")
    assert back.evaluate(ground) != enabled
