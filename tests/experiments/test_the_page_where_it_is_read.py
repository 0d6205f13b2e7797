"""The report in a real browser: on paper, on a phone, in the dark."""

import pytest


@pytest.fixture(scope="module")
def report(compared):
    return compared() / "report.html"


@pytest.fixture
def opened(browser, report):
    """Return a function that opens the report in a window of its own."""
    contexts = []

    def open_page(**how):
        contexts.append(browser.new_context(**how))
        page = contexts[-1].new_page()
        page.goto(report.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_the_report_of_two_networks_prints_on_six_pages(opened):
    paper = opened().pdf(format="A4")
    assert paper.count(b"/Type /Page\n") == 6


def test_on_paper_a_unit_of_the_first_layer_is_larger_than_a_word(opened):
    page = opened(viewport={"width": 680, "height": 1000})  # what is left between A4's margins
    page.emulate_media(media="print")
    width = page.locator("figure:has-text('first layer looks') img").first.bounding_box()["width"]
    assert width > 500


def test_a_table_that_goes_on_says_so_on_a_phone_and_only_there(opened):
    def words(page):
        hint = "getComputedStyle(document.querySelector('.scroll'), '::before').content"
        return page.evaluate(hint)

    assert "goes on to the right" in words(opened(viewport={"width": 360, "height": 640}))
    assert words(opened(viewport={"width": 1024, "height": 780})) == "none"


def test_in_the_dark_no_curve_lies_on_white(opened):
    def brightest(page, name):
        picture = page.locator(f"figure:has-text('{name}') .paper").first
        return page.evaluate(
            """async ([bytes]) => {
                const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
                const canvas = new OffscreenCanvas(image.width, image.height);
                const context = canvas.getContext("2d");
                context.drawImage(image, 0, 0);
                const { data } = context.getImageData(0, 0, image.width, image.height);
                const light = [];
                for (let i = 0; i < data.length; i += 4) light.push(data[i + 1]);
                light.sort((a, b) => a - b);
                return light[Math.floor(light.length / 2)];
            }""",
            [list(picture.screenshot())],
        )

    light, dark = opened(color_scheme="light"), opened(color_scheme="dark")
    assert brightest(light, "epoch by epoch") > 250
    assert brightest(dark, "epoch by epoch") < 50
    assert brightest(dark, "takes for what") < 160


def test_signed_values_are_never_in_the_colours_of_optimizers():
    from chainrule.plots.lines import OPTIMIZER_STYLES
    from chainrule.plots.paper import NEGATIVE, POSITIVE, signed_colours

    below, above = (signed_colours()(end) for end in (0.0, 1.0))
    assert [tuple(round(255 * part) for part in colour[:3]) for colour in (below, above)] == [
        tuple(bytes.fromhex(colour[1:])) for colour in (NEGATIVE, POSITIVE)
    ]
    assert not {NEGATIVE, POSITIVE} & {style.colour for style in OPTIMIZER_STYLES.values()}
