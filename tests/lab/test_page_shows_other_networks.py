"""All screens show networks of other sizes and classes, whose data the run folder names."""

import threading
from functools import partial
from http.server import ThreadingHTTPServer

import numpy as np
import pytest
from test_page_draws_what_python_reads import draw, strokes_of
from test_page_explains_itself import UNEXPLAINED
from test_page_without_a_server import Quiet
from test_pictures_are_read_as_predict_reads_them import lab_of
from waiting import wait_for_rest, wait_until

LINE = [(0.3, 0.4), (0.7, 0.6)]
SCREENS = (
    "draw?digit=0&unit=0.1",
    "draw?digit=none&beside=sgd-seed0",
    "backwards?step=1",
    "backwards?images=0,1,2,3&step=4&predict=off",
    "mistakes?image=0&cell=1.1",
    "mistakes?beside=sgd-seed0&view=fixed",
)


@pytest.fixture(scope="module")
def labs(stripes_run, shapes_run):
    return {"stripes": lab_of(stripes_run), "shapes": lab_of(shapes_run)}


@pytest.fixture(scope="module")
def addresses(served, stripes_run, shapes_run):
    return {"stripes": served(stripes_run), "shapes": served(shapes_run)}


@pytest.fixture(params=["stripes", "shapes"])
def kind(request):
    return request.param


@pytest.fixture
def other(visit, addresses, kind):
    """Return a function that opens the lab of the other networks."""
    return partial(visit, base=addresses[kind])


def size_of(canvas):
    return canvas.evaluate("canvas => [canvas.height, canvas.width]")


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_is_whole_and_fits_a_phone(other, screen):
    page = other(f"#/{screen}")
    page.set_viewport_size({"width": 360, "height": 740})
    page.locator("#screen canvas").first.wait_for()
    wait_for_rest(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(UNEXPLAINED) == []
    assert page.locator("#notice").inner_text() == ""


def test_the_bars_are_the_most_probable_classes_by_name(other, labs, kind):
    page = other("#/draw?digit=2")
    page.locator("[data-stage=stored]").wait_for()
    wait_for_rest(page)
    lab = labs[kind]
    network = next(iter(lab.networks.values()))
    expected = network.probabilities[2]
    names = page.locator(".bars .digit").all_inner_texts()
    shown = [float(text.rstrip(" %")) for text in page.locator(".share").all_inner_texts()]
    classes = [str(name) for name in lab.dataset.classes]
    assert len(names) == min(len(classes), 10)
    by_name = dict(zip(classes, 100 * expected, strict=True))
    np.testing.assert_allclose(shown, [by_name[name] for name in names], atol=0.051)
    assert page.locator(".predicted").inner_text() == classes[int(expected.argmax())]
    if kind == "shapes":
        assert shown == sorted(shown, reverse=True)
        rest = 100 * np.sort(expected)[:-10].sum()
        assert f"The other 2 have {rest:.1f}% together." in page.locator(".answer").inner_text()


def test_pictures_and_strips_have_the_datas_size(other, labs, kind):
    page = other("#/draw?digit=1&unit=0.1")
    page.locator(".unit h2").wait_for()
    shape = list(labs[kind].image_shape)
    assert size_of(page.locator("[data-stage=stored] canvas")) == shape
    assert size_of(page.locator(".product canvas").first) == shape
    page.goto(page.url.replace("#/draw", "#/backwards"))
    page.get_by_role("img", name="test image").first.wait_for()
    assert size_of(page.get_by_role("img", name="test image").first) == shape
    page.goto(page.url.partition("#")[0] + "#/mistakes?cell=0.0")
    page.locator("[data-image] canvas").first.wait_for()
    assert size_of(page.locator("[data-image] canvas").first) == shape
    count = len(labs[kind].dataset.classes)
    assert page.locator("[data-cell]").count() == count**2


def test_a_drawing_comes_in_the_form_of_the_training_images(other, labs, kind):
    page = other("#/draw?digit=none")
    with page.expect_request("**/api/forward") as asked:
        draw(page, [LINE])
        wait_until(page, "location.hash.includes('strokes')")
    image = np.reshape(asked.value.post_data_json["image"], labs[kind].image_shape)
    ground = image[0, 0]
    assert ground == (1 if kind == "shapes" else 0)
    inked = abs(image - ground) > 0.5
    assert 0 < inked.mean() < 0.5
    height, width = labs[kind].image_shape
    (points,) = strokes_of(page.url)
    (x0, y0), (x1, y1) = points[0], points[-1]
    side = 112 // max(height, width)  # pixels of the pad for one of the image
    assert abs(y0 / 2 / (height * side) - 0.4) < 0.02
    assert abs(x1 / 2 / (width * side) - 0.7) < 0.02
    assert x0 < x1 < 2 * width * side
    assert y1 < 2 * height * side


def test_the_forward_pass_of_the_page_is_that_of_numpy(other, labs, kind, addresses):
    page = other("#/draw")
    lab = labs[kind]
    images = lab.images[:20] / np.float32(255)
    for name, network in lab.networks.items():
        came = page.evaluate(
            """async ([name, images]) => {
                const { forward } = await import("/static/forward.js");
                const weights = await (await fetch(`/api/weights?network=${name}`)).json();
                return images.map((image) => Array.from(forward(weights, image).probabilities));
            }""",
            [name, images.tolist()],
        )
        np.testing.assert_allclose(came, network.probabilities[:20], atol=1e-5)


def test_a_key_takes_the_class_of_that_number_or_in_that_place(other, labs, kind):
    page = other("#/draw?digit=none")
    wait_for_rest(page)
    page.locator("canvas.pad").focus()
    page.keyboard.press("2")
    wait_until(page, "/digit=[0-9]/.test(location.hash)")
    (index,) = [i for i, label in enumerate(labs[kind].labels) if label == 2][:1]
    assert f"digit={index}" in page.url
    page.keyboard.press("9")
    if kind == "shapes":
        wait_until(page, f"!location.hash.endsWith('digit={index}')")
    else:
        page.wait_for_timeout(300)
        assert page.url.endswith(f"digit={index}")


def test_names_of_classes_stand_where_digits_do(visit, addresses):
    page = visit("#/backwards", base=addresses["shapes"])
    page.get_by_text("The first image is labelled shape of number").wait_for()
    page.get_by_role("radio", name="my drawing").check(force=True)
    assert page.get_by_label("It is a").locator("option").count() == 12
    page = visit("#/mistakes?cell=3.3", base=addresses["shapes"])
    page.get_by_role("heading", name="“shape of number 11”, read rightly").wait_for()
    page = visit("#/draw", base=addresses["shapes"])
    assert page.get_by_role("button", name="Stored shape of number").count() == 12
    assert page.locator("h1").inner_text() == "Draw, or give a picture. Watch the network read it."


def test_a_click_in_a_hidden_layers_slopes_chooses_that_weight(visit, addresses):
    page = visit("#/backwards?step=2&predict=off", base=addresses["stripes"])
    canvas = page.locator("[data-array='dW₂'] canvas")
    canvas.wait_for()
    box = canvas.bounding_box()  # of 12 x 3
    canvas.click(position={"x": 0.5 * box["width"], "y": (7.5 / 12) * box["height"]})
    wait_until(page, "location.hash.includes('weight=2.w.7.1')")


@pytest.fixture(scope="module")
def copies(labs, tmp_path_factory):
    """Return the addresses of static copies."""
    from chainrule.lab.export import export

    above = tmp_path_factory.mktemp("copies")
    for name, lab in labs.items():
        export(lab, above / name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(above)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {name: f"http://127.0.0.1:{server.server_port}/{name}" for name in labs}
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_static_copy_draws_and_shows_the_mistakes(visit, copies, labs, kind):
    page = visit("#/draw?digit=none", base=copies[kind])
    draw(page, [LINE])
    page.locator(".told", has_text="Without a server the drawing is only shrunk").wait_for()
    height, width = labs[kind].image_shape
    assert size_of(page.locator("[data-stage=raw] canvas")) == [height, width]
    corner = "canvas => canvas.getContext('2d').getImageData(0, 0, 1, 1).data[0]"
    assert page.locator("[data-stage=raw] canvas").evaluate(corner) == 255, "the ground"
    names = [str(name) for name in labs[kind].dataset.classes]
    wait_until(page, "n => n.includes(document.querySelector('.predicted').textContent)", names)
    page = visit("#/mistakes?cell=1.1", base=copies[kind])
    page.locator("[data-image]").first.wait_for()


def test_a_static_copy_reads_no_pictures_and_says_so(visit, copies, kind):
    page = visit("#/draw", base=copies[kind])
    wait_for_rest(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Picture").click()
    chooser.value.set_files({"name": "a.png", "mimeType": "image/png", "buffer": b"x"})
    page.get_by_text("A picture is read by the lab itself").wait_for()
