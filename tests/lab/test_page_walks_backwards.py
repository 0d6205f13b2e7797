"""Every number of a card is the server's, which is the library's; one weight is followed."""

import base64
import re

import pytest
from waiting import wait_until

OPEN = "#/backwards?predict=off"
SMALL = {"width": 1366, "height": 640}  # what a laptop really shows of a page
SIXTEEN = ",".join(map(str, range(16)))
FIRST_PIXEL = (
    "document.querySelector('.array.out canvas').getContext('2d').getImageData(0, 0, 1, 1)"
)


def numbers(locator):
    """Return the exact numbers that stand in <data> elements."""
    return [float(value) for value in locator.evaluate_all("all => all.map((one) => one.value)")]


def step_to(page, step):
    page.locator(f".diagram [data-step='{step}']").click()
    page.locator(f".card[data-step='{step}']").wait_for()


def opened(visit, address, name="backward", **options):
    """Visit an address, and return the page with what its walk was answered."""
    page = visit("#/mistakes", **options)
    with page.expect_response(f"**/api/{name}") as caught:
        page.goto(page.url.partition("#")[0] + address)
    answer = caught.value.json()
    page.locator(".card .body").wait_for()
    return page, answer


@pytest.mark.parametrize("images", ["61", SIXTEEN])
def test_each_card_shows_the_numbers_of_the_answer_and_fits_the_screen(visit, images):
    page, answer = opened(visit, f"{OPEN}&images={images}")
    page.set_viewport_size(SMALL)
    line = page.locator("#help").bounding_box()["y"]
    for step, card in enumerate(answer["cards"], 1):
        step_to(page, step)
        tensors = [one for one in card.values() if isinstance(one, dict) and "norm" in one]
        page.locator(".firsts summary").click()
        firsts = numbers(page.locator(".card .first data"))
        assert firsts == [v for one in tensors if "units" not in one for v in one["values"][:8]]
        page.locator(".firsts summary").click()
        assert "[object" not in page.locator(".card").inner_text()
        box = page.locator(".card").bounding_box()
        assert box["y"] + box["height"] <= line, step
        assert page.locator(".diagram").bounding_box()["height"] <= 56
    step_to(page, len(answer["cards"]) + 1)
    page.get_by_role("button", name="10 steps").click()
    page.locator(".adam [data-number=v_hat]").first.wait_for()


def test_the_card_writes_the_product_of_the_weight_that_was_clicked(visit):
    page, answer = opened(visit, f"{OPEN}&images=61&step=5")
    box = page.locator("[data-array='dW₂'] canvas").bounding_box()
    with page.expect_response("**/api/follow") as caught:
        page.mouse.click(box["x"] + 2.5 * box["width"] / 16, box["y"] + 7.5 * box["height"] / 16)
    entry = caught.value.json()["entries"]["2"]
    assert entry["at"] == [7, 2]
    page.get_by_text("Here w is W₂[7, 2]").wait_for()
    assert page.locator(".law").first.inner_text() == "∂L/∂w = a₁[7] · dz₂[2]"
    kept, came = (answer["cards"][4][role]["values"] for role in ("kept", "in"))
    (term,) = entry["terms"]
    assert (term["a"], term["dz"]) == (kept[7], came[2])
    assert numbers(page.locator("[data-product] data")) == [kept[7], came[2], entry["slope"]]
    assert "weight=2.w.7.2" in page.url
    for name, at in (("a₁", 7), ("dz₂", 2)):
        lit = page.locator(f"[data-array='{name}'] .lit").evaluate(
            "one => [parseFloat(one.style.top), parseFloat(one.style.left)]"
        )
        assert max(lit) == pytest.approx(100 * at / 16, abs=0.01)


def test_a_weight_is_chosen_by_keys_and_its_value_is_told(visit):
    page, answer = opened(visit, f"{OPEN}&images=61&step=6&weight=2.w.7.2")
    weights = answer["cards"][5]["weights"]
    page.locator("[data-array='W₂']").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("W₂[7, 1] = ").wait_for()
    with page.expect_response("**/api/follow") as caught:
        page.keyboard.press("Enter")
    entry = caught.value.json()["entries"]["2"]
    assert entry["value"] == weights["values"][7 * 16 + 1]
    page.locator(".terms .picked").get_by_text("k = 1").wait_for()
    assert page.evaluate("document.activeElement.dataset.array") == "W₂"
    heading = page.get_by_role("heading", name="The number you follow: W₂[7, 1]")
    heading.wait_for()


def test_a_term_of_a_sum_opens_its_own(visit):
    page, answer = opened(visit, f"{OPEN}&images=61&step=6")
    terms = answer["followed"]["sums"]["2"]["terms"]
    with page.expect_response("**/api/sum") as caught:
        page.get_by_role("button", name=f"k = {terms[0]['unit']}", exact=True).click()
    inner = caught.value.json()
    assert inner["unit"] == terms[0]["unit"]
    page.get_by_text(f"da₂[{inner['unit']}] = Σₖ").wait_for()
    assert inner["total"] in numbers(page.locator(".terms .total data"))
    page.get_by_role("button", name="back to").click()
    page.get_by_text(f"da₁[{answer['followed']['sums']['2']['unit']}] = Σₖ").wait_for()


def test_a_batch_adds_one_term_for_each_image(visit):
    page, answer = opened(visit, f"{OPEN}&images={SIXTEEN}&step=5")
    entry = answer["followed"]["entries"]["2"]
    shown = numbers(page.locator(".terms .written data"))
    expected = [v for term in entry["terms"] for v in (term["a"], term["dz"], term["product"])]
    assert shown == [*expected, entry["rest"]["sum"], entry["slope"]]
    other = entry["terms"][1]["image"]
    with page.expect_response("**/api/follow"):
        page.get_by_role("button", name=f"image {other + 1}", exact=True).click()
    wait_until(page, f"location.hash.includes('row={other}')")
    page.locator(f".images button:nth-child({other + 1})[aria-pressed=true]").wait_for()


def test_the_loss_card_subtracts_class_by_class_and_divides_once(visit):
    page, answer = opened(visit, f"{OPEN}&images=61,62,63,64")
    loss, row = answer["cards"][0], answer["followed"]["row"]
    rows = [numbers(one.locator("data")) for one in page.locator(".loss-table tbody tr").all()]
    own = [loss[role]["values"][10 * row : 10 * row + 10]
           for role in ("probabilities", "one_hot", "difference", "out")]  # fmt: skip
    assert rows == own
    for p, y, difference, dz in zip(*rows, strict=True):
        assert difference == pytest.approx(p - y)
        assert dz == pytest.approx(difference / 4)
    assert "1/B" in page.locator(".loss-table").inner_text()
    for step in range(2, len(answer["cards"]) + 1):
        step_to(page, step)
        assert not re.search(r"1/B|/ B", page.locator(".card").inner_text())


def test_predict_first_shows_what_comes_in_and_hides_what_goes_out(visit):
    page, answer = opened(visit, "#/backwards?images=61&step=4")
    ask = answer["cards"][3]["ask"]
    assert page.locator("[data-array='da₂']").count() == 1
    assert page.locator("[data-array='dz₂']").count() == 0
    assert page.locator(".choices button").count() == len(ask["choices"])
    wrong = (ask["right"] + 1) % len(ask["choices"])
    page.locator(f"[data-choice='{wrong}']").click()
    page.locator("[data-array='dz₂']").wait_for()
    assert page.locator(".why.wrong strong").inner_text().startswith("✗ Not")
    j = ask["question"]["j"]
    assert f"z₂[{j}] = " in page.locator(".why").inner_text()
    page.keyboard.press("ArrowRight")
    page.locator(f"[data-choice='{answer['cards'][4]['ask']['right']}']").click()
    assert page.locator(".why.right strong").inner_text() == "✓ Right."


def test_it_starts_with_an_image_that_is_read_wrongly_and_finds_the_next(visit, lab):
    page = visit("#/backwards")
    network = lab.networks[page.locator(".about select").input_value()]
    wrong = [i for i, label in enumerate(lab.labels) if network.predicted[i] != label]
    page.get_by_role("img", name=f"test image {wrong[0]}", exact=True).wait_for()
    page.get_by_role("button", name="Next image that is wrong").click()
    wait_until(page, f"location.hash.includes('images={wrong[1]}')")


# ---- the curve and the end ----


def test_the_curve_is_the_answers_and_can_be_dragged(visit):
    page, answer = opened(visit, f"{OPEN}&images=61&h=1e-5", "curve")
    assert answer["relative_error"] < 1e-6
    shown = numbers(page.locator("[data-number] data"))
    assert shown == [answer["losses"][-1], answer["losses"][0],
                     *(answer[key] for key in ("slope", "gradient", "relative_error"))]  # fmt: skip
    page.get_by_text("agree to").wait_for()
    reading = page.locator(".reading").inner_text()
    page.locator(".plot input").focus()
    page.keyboard.press("End")
    assert page.locator(".reading").inner_text() != reading
    plot = page.locator(".plot svg").bounding_box()
    page.mouse.click(plot["x"] + plot["width"] / 2, plot["y"] + 20)
    assert page.locator(".reading").inner_text() == reading
    with page.expect_response("**/api/curve"):
        page.get_by_label("moved by").select_option("10")
    page.get_by_text("the loss bends on the way").wait_for()


def test_a_number_that_is_typed_follows_another_weight_at_once(visit):
    page, _ = opened(visit, f"{OPEN}&images=61")
    page.get_by_label("from unit").fill("3")
    with page.expect_request("**/api/follow") as caught:
        page.get_by_role("button", name="The next step").click()
    assert caught.value.post_data_json["at"][0] == 3
    page.locator(".card[data-step='2']").wait_for()


def test_both_optimizers_stay_while_one_is_changed(visit):
    page, answer = opened(visit, f"{OPEN}&images=61&step=9")
    with page.expect_response("**/api/steps"):
        page.get_by_role("button", name="One step").click()
    page.locator(".adam [data-number=m_hat]").wait_for()
    page.locator(".sgd [data-number=promised]").wait_for()
    before, *_ = numbers(page.locator(".sgd [data-number=loss_before] data"))
    assert before == answer["loss"]
    adam = page.locator(".adam .result").inner_text()
    page.locator(".sgd input").fill("0.001")
    page.keyboard.press("Enter")
    wait_until(page, "location.hash.includes('sgd=0.001')")
    assert page.locator(".adam .result").inner_text() == adam
    answers = []
    page.on("response", lambda one: answers.append(one.json()) if "steps" in one.url else None)
    page.get_by_role("button", name="10 steps").click()
    page.locator(".sgd .history tbody tr:nth-child(5)").wait_for()
    page.locator(".adam .history tbody tr:nth-child(5)").wait_for()
    by = {one["optimizer"]: one for one in answers}
    assert by["sgd"]["rate"] == 0.001
    for kind, own in by.items():
        shown = numbers(page.locator(f".{kind} [data-number=loss_after] data"))
        assert shown == [own["losses"][-1]]
        told = numbers(page.locator(f".{kind} .history data"))
        keys = ("g", "m", "v", "m_hat", "v_hat", "step") if kind == "adam" else ("g", "step")
        assert told == [one[key] for one in own["history"] for key in keys]


# ---- which images ----


def test_training_images_come_by_the_address(visit):
    page, answer = opened(visit, f"{OPEN}&images=3,17,29&of=training")
    assert answer["batch"] == 3
    page.get_by_role("img", name="training image 17", exact=True).wait_for()
    assert page.get_by_role("radio", name="3", exact=True).is_checked()


def test_the_label_of_a_drawing_is_what_the_network_answers_until_the_learner_says_another(visit):
    strokes = base64.urlsafe_b64encode(bytes([60, 50, 140, 50, 124, 90, 100, 160])).decode()
    page = visit(f"#/draw?strokes={strokes}")
    answer = page.locator(".predicted")
    wait_until(page, "document.querySelector('.predicted').textContent !== '–'")  # noqa: RUF001
    read = answer.inner_text()
    with page.expect_response("**/api/backward") as caught:
        page.get_by_role("link", name="Backwards").click()
    assert caught.value.request.post_data_json["labels"] == [int(read)]
    says = page.get_by_text("say if it is something else")
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


def test_a_card_prints_on_one_page_and_its_weight_on_a_second(visit):
    page, _ = opened(visit, f"{OPEN}&images={SIXTEEN}")
    for step in (1, 2, 8):
        step_to(page, step)
        assert len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))) == 2, step


def test_an_array_is_carried_to_the_next_card_unless_motion_is_unwanted(visit):
    moving = "() => document.getAnimations().length"
    for motion, count in (("no-preference", 1), ("reduce", 0)):
        page, _ = opened(visit, f"{OPEN}&images=61", reduced_motion=motion)
        page.keyboard.press("ArrowRight")
        page.locator(".card[data-step='2']").wait_for()
        assert min(page.evaluate(moving), 1) == count
