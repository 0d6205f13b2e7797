"""A picture comes by button, drop or paste, from wherever people have it, and is read as 42."""

import base64
import io

import numpy as np
import pytest
from accessibility import found_by_axe
from photographs import as_file, photograph
from PIL import Image
from test_page_draws_what_python_reads import SEVEN, draw, shares
from test_page_explains_itself import UNEXPLAINED
from test_page_for_everybody import tab_to
from test_page_remembers import state_of
from test_pictures_are_read_as_predict_reads_them import given
from waiting import wait_for_rest, wait_until

from chainrule.lab.words import sentence

NOTHING = "\N{EN DASH}"  # where no answer is

# What a browser does with what is dropped or pasted; true where the page leaves it to the browser.
COMES = """([how, files, text, place]) => {
    const transfer = new DataTransfer();
    for (const [name, data] of files) {
        const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: "image/png" }));
    }
    for (const [type, data] of Object.entries(text)) transfer.setData(type, data);
    const target = document.querySelector(place);
    const options = { bubbles: true, cancelable: true };
    if (how === "paste") {
        const pasted = { ...options, clipboardData: transfer };
        return target.dispatchEvent(new ClipboardEvent("paste", pasted));
    }
    return ["dragover", "drop"].map((kind) =>
        target.dispatchEvent(new DragEvent(kind, { ...options, dataTransfer: transfer }))).at(-1);
}"""


@pytest.fixture(scope="module")
def files(lab):
    """Return the bytes of photographs of numbers, and of what is none, by name."""
    numbers = {"5.png": (5,), "42.png": (4, 2), "7.png": (7,)}
    drawn = {name: as_file(photograph(lab, *labels)) for name, labels in numbers.items()}
    return drawn | {"notes.heic": b"no picture"}


def comes(page, files, *names, how="drop", text=None, place="#screen"):
    """Let files or text come to the page; return whether the browser would act itself."""
    listed = [[name, base64.b64encode(files[name]).decode()] for name in names]
    return page.evaluate(COMES, [how, listed, text or {}, place])


def choose(page, name, content):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Picture").press("Enter")
    file = {"name": name, "mimeType": "image/png", "buffer": content}
    chooser.value.set_files(file)


def wait_for(page, text):
    """Wait until this is the answer, and the layers are those of it."""
    wait_until(page, "text => document.querySelector('.predicted')?.textContent === text", text)
    wait_for_rest(page)


@pytest.mark.parametrize("way", ["button", "drop", "paste"])
def test_a_picture_comes_by_button_drop_and_paste(visit, lab, files, way):
    page = visit("#/draw?digit=none")
    if way == "button":
        choose(page, "5.png", files["5.png"])
    else:
        assert not comes(page, files, "5.png", how=way, place="body")
    wait_for(page, "5")
    answer = given(lab, files["5.png"], "5.png")
    expected = answer["networks"]["adam-seed0"]
    np.testing.assert_allclose(
        shares(page), 100 * np.array(expected["probabilities"][0]), atol=0.06
    )
    stages = page.locator("[data-stage]").evaluate_all("all => all.map((one) => one.dataset.stage)")
    assert stages == ["given", "sheet", "light", "ink", "centred"]
    doubts = page.locator(".doubts li").all_inner_texts()
    assert doubts == [sentence(one) for one in (*answer["doubts"], *expected["doubts"])]
    said = "5.png is read as 5" + (", with doubt: it stands below the answer" if doubts else "")
    page.get_by_text(f"{said}.").wait_for()


def test_a_stage_shows_the_pixels_that_were_sent(visit, lab, files):
    page = visit("#/draw?digit=none")
    comes(page, files, "5.png")
    wait_for(page, "5")
    stage = given(lab, files["5.png"])["stages"][0]
    sent = np.frombuffer(base64.b64decode(stage["bytes"]), np.uint8).reshape(-1, 3)
    url = page.locator("[data-stage=given] canvas").evaluate("canvas => canvas.toDataURL()")
    shown = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
    assert (np.reshape(shown, (-1, 3)) == sent).all()


SHOWN = """wanted => [...document.querySelectorAll(".share")].every(
    (one, i) => Math.abs(parseFloat(one.textContent) - wanted[i]) < 0.06)"""


def test_of_two_digits_either_goes_through_the_layers(visit, lab, files):
    page = visit("#/draw?digit=none")
    comes(page, files, "42.png")
    wait_for(page, "42")
    answer = given(lab, files["42.png"])["networks"]["adam-seed0"]
    first, second = (100 * np.array(one) for one in answer["probabilities"])
    np.testing.assert_allclose(shares(page), first, atol=0.06)
    radios = page.get_by_role("radiogroup", name="Which of them").get_by_role("radio")
    assert radios.nth(1).get_attribute("aria-label").startswith("digit 2: 2, ")
    radios.first.focus()
    page.keyboard.press("ArrowRight")
    wait_until(page, "location.hash.includes('part=1')")
    wait_until(page, SHOWN, second.tolist())
    np.testing.assert_allclose(shares(page), second, atol=0.06)
    assert page.locator(".predicted").inner_text().replace("\n", "") == "42"
    assert page.evaluate("document.activeElement.value") == "1"
    page.get_by_role("link", name="Backwards").click()
    page.get_by_role("radio", name="my drawing").check(force=True)
    page.get_by_role("img", name="the drawing").wait_for()
    page.get_by_role("link", name="Draw").click()
    wait_for(page, "42")


def test_a_refused_picture_leaves_nothing_of_the_one_before(visit, lab, files):
    page = visit("#/draw?digit=none", refused=True)
    draw(page, [SEVEN])
    wait_until(page, "location.hash.includes('strokes')")
    wait_for_rest(page)
    before = shares(page)
    comes(page, files, "notes.heic")
    page.locator(".stages .alarm").wait_for()
    sentence = page.locator(".stages .alarm").inner_text()
    assert sentence.startswith("notes.heic is ")
    assert page.locator("#notice").inner_text() == sentence
    wait_for(page, NOTHING)
    assert page.locator("[data-stage]").count() == 0
    page.get_by_role("button", name="Undo").click()
    wait_until(page, "location.hash.includes('strokes')")
    wait_for_rest(page)
    assert shares(page) == before


def test_a_second_picture_takes_the_place_of_the_first_wherever_it_is_dropped(visit, files):
    page = visit("#/draw?digit=none")
    for name, place in (("5.png", "canvas.pad"), ("7.png", "canvas.pad"), ("42.png", "#help")):
        assert not comes(page, files, name, place=place), "the browser would open the file"
        wait_for(page, name.removesuffix(".png"))
    page.get_by_role("link", name="Mistakes").click()
    page.locator(".matrix").wait_for()
    assert not comes(page, files, "7.png", place="#screen")
    wait_for(page, "7")
    assert "#/draw" in page.url
    page.go_back()
    page.locator(".matrix").wait_for()


def test_the_same_file_may_be_chosen_again(visit, files):
    page = visit("#/draw?digit=none")
    choose(page, "5.png", files["5.png"])
    wait_for(page, "5")
    # A browser tells of a choice only where it differs from what the field holds.
    assert page.locator("input[type=file]").evaluate("field => field.files.length") == 0
    page.get_by_role("button", name="Clear").click()
    wait_for(page, NOTHING)
    choose(page, "5.png", files["5.png"])
    wait_for(page, "5")


def test_the_picture_that_came_last_stays(visit, files):
    page = visit("#/draw?digit=none")
    held = []

    def hold(route):
        held.append(route)

    page.route("**/api/picture?*name=5.png", hold)
    comes(page, files, "5.png")
    wait_until(page, "document.getElementById('notice').textContent === 'Reading 5.png …'")
    comes(page, files, "7.png")
    wait_until(page, "document.querySelector('.predicted').textContent === '7'")
    with page.expect_response("**/api/picture?*name=5.png"):
        held[0].continue_()
    page.wait_for_timeout(200)
    wait_for(page, "7")
    assert state_of(page) == {"picture": "2"}


def test_of_several_files_the_first_is_read_and_that_is_said(visit, files):
    page = visit("#/draw?digit=none")
    comes(page, files, "7.png", "5.png", "42.png")
    wait_for(page, "7")
    page.get_by_text("One picture at a time: of 3 files 7.png is read as 7").wait_for()


@pytest.mark.parametrize(
    ("how", "text", "what"),
    [
        ("drop", {"text/uri-list": "https://example.org/7.png"}, "dropped is an address"),
        ("drop", {"text/plain": "seven"}, "dropped is text"),
        ("paste", {"text/plain": "seven"}, "pasted is text"),
        ("paste", {}, "pasted is nothing"),
    ],
)
def test_what_is_no_picture_is_named(visit, files, how, text, what):
    page = visit("#/draw?digit=3")
    wait_for_rest(page)
    before = page.url
    comes(page, files, how=how, text=text)
    page.get_by_text(what).wait_for()
    assert page.url == before


def test_text_is_pasted_into_a_field_and_not_taken_for_a_picture(visit, files):
    page = visit("#/backwards?step=2&predict=off")
    page.get_by_text("Is it true?").wait_for()
    field = "input[type=number]"
    assert comes(page, files, how="paste", text={"text/plain": "0.1"}, place=field)
    assert comes(page, files, how="drop", text={"text/plain": "0.1"}, place=field)
    assert page.locator("#notice").inner_text() == ""


def test_a_file_that_is_gone_is_no_server_that_is(visit, files):
    page = visit("#/draw?digit=none")
    page.evaluate("() => { File.prototype.arrayBuffer = () => Promise.reject(new Error('gone')); }")
    comes(page, files, "5.png")
    page.get_by_text("5.png cannot be read: it was moved, changed, or is a folder").first.wait_for()


def test_a_file_that_is_too_large_is_not_sent(visit, files):
    page = visit("#/draw?digit=none")
    page.evaluate("Object.defineProperty(File.prototype, 'size', { get: () => 65e6 })")
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    comes(page, files, "5.png")
    page.get_by_text("5.png has 65,000,000 bytes, at most 64,000,000 are read").first.wait_for()
    assert not any("picture" in address for address in sent)


def test_a_reload_forgets_the_picture_and_says_so(visit, files):
    page = visit("#/draw?digit=none")
    comes(page, files, "5.png")
    wait_for(page, "5")
    assert state_of(page) == {"picture": "1"}
    page.reload()
    page.get_by_text("a reload forgets it: give it again").wait_for()
    wait_for(page, NOTHING)


def test_whoever_draws_on_a_picture_begins_anew(visit, files):
    page = visit("#/draw?digit=none")
    comes(page, files, "5.png")
    wait_for(page, "5")
    draw(page, [SEVEN])
    wait_until(page, "location.hash.includes('strokes')")
    assert "picture" not in page.url
    page.get_by_role("button", name="Undo").click()
    wait_for(page, "5")
    assert state_of(page) == {"picture": "1"}


def test_two_networks_each_say_what_they_read(visit, lab, files):
    page = visit("#/draw?digit=none&beside=sgd-seed0")
    comes(page, files, "42.png")
    wait_for(page, "42")
    said = given(lab, files["42.png"])["networks"]
    shown = page.locator(".predicted").evaluate_all("all => all.map((one) => one.textContent)")
    assert shown == [said[name]["text"] for name in ("adam-seed0", "sgd-seed0")]


def test_fed_raw_the_whole_picture_is_shrunk(visit, lab, files):
    page = visit("#/draw?digit=none&raw=1")
    with page.expect_request("**/api/forward") as asked:
        comes(page, files, "5.png")
    sent = asked.value.post_data_json["image"]
    np.testing.assert_allclose(sent, given(lab, files["5.png"])["raw"], atol=1e-12)


@pytest.mark.parametrize("name", ["5.png", "42.png", "notes.heic"])
def test_a_phone_has_room_and_everything_is_described(visit, files, name):
    page = visit("#/draw?digit=none", refused=True)
    page.set_viewport_size({"width": 360, "height": 640})
    comes(page, files, name)
    page.locator("[data-stage=given], .alarm").first.wait_for()
    wait_for_rest(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(UNEXPLAINED) == []
    assert found_by_axe(page) == []


def test_the_button_is_reached_by_keys_and_offers_a_camera(visit):
    page = visit("#/draw?digit=none")
    wait_for_rest(page)
    tab_to(page, "Picture")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    assert not chooser.value.is_multiple()
    file = page.locator("input[type=file]")
    assert file.get_attribute("accept") == "image/*"
    assert file.get_attribute("capture") is None
