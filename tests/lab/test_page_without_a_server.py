"""The static copy shows the three screens from any file server, in a folder of its own."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from test_page_draws_what_python_reads import SEVEN, draw, inked, shares, strokes_of
from waiting import wait_for_rest


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def copy(lab, tmp_path_factory):
    """Return the address of a static copy, in a folder below the server's."""
    from chainrule.lab.export import export

    above = tmp_path_factory.mktemp("files")
    export(lab, above / "lab")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(above)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/lab"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_drawing_is_fed_raw_and_says_so(visit, copy, lab):
    page = visit("#/draw?digit=none", base=copy)
    draw(page, [SEVEN])
    wait_for_rest(page)
    page.locator(".told", has_text="Without a server the drawing is only shrunk").wait_for()
    raw = inked(strokes_of(page.url)).reshape(28, 4, 28, 4).mean(axis=(1, 3)) / 255
    network = next(iter(lab.networks.values()))
    expected = network.classifier.probabilities(raw[np.newaxis].astype(np.float32))[0]
    np.testing.assert_allclose(shares(page), 100 * expected, atol=0.2)


def test_a_unit_of_a_stored_digit_adds_up(visit, copy):
    page = visit("#/draw?unit=0.5", base=copy)
    page.locator(".unit h2").wait_for()
    total, bias, z, _ = (
        float(value)
        for value in page.locator(".sum data").evaluate_all("all => all.map((one) => one.value)")
    )
    assert total + bias == pytest.approx(z)


def test_the_walk_has_its_cards_and_the_tools_say_what_they_need(visit, copy):
    page = visit("#/backwards?predict=off", base=copy)
    page.locator(".diagram button").first.wait_for()
    page.keyboard.press("ArrowRight")
    page.locator("[data-array='dW₃']").wait_for()
    assert page.locator(".law").first.inner_text().startswith("∂L/∂w = a₂[")
    assert "chainrule lab" in page.locator(".curve").inner_text()
    page.locator("[data-step='9']").click()
    assert page.get_by_role("button", name="One step").is_disabled()


def test_the_mistakes_are_there_and_those_of_two_networks_both_ways(visit, copy, lab):
    first, second = lab.networks
    page = visit("#/mistakes", base=copy)
    page.locator("[data-image]").first.wait_for()
    told = []
    for a, b in ((first, second), (second, first)):
        page = visit(f"#/mistakes?network={a}&beside={b}&view=fixed", base=copy)
        page.locator(".tally").wait_for()
        told.append([int(n) for n in page.locator(".tally dd").all_inner_texts() if n.isdigit()])
    assert told[0][-3:-1] == told[1][-3:-1][::-1]
