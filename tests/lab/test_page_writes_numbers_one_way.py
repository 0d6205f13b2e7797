"""Counts have their thousands and their singular, and a minus is no hyphen, in all that is said."""

import re

import pytest
from waiting import wait_for_rest

WRONG = re.compile(r"(^|[ (=])-[0-9]|\b1 (images|rows|columns|weights)\b|\b[0-9]{4,} images")
SAID = """() => [document.body.innerText,
    ...[...document.querySelectorAll("[aria-label], [data-help]")]
        .flatMap((one) => [one.getAttribute("aria-label"), one.dataset.help])].filter(Boolean)"""


@pytest.mark.parametrize(
    "place",
    [
        "#/draw?strokes=PDx4MrQ8oGSMjGSg&unit=0.3",
        "#/backwards?predict=off&step=1",
        "#/backwards?predict=off&step=2",
        "#/backwards?predict=off&step=8",
        "#/backwards?predict=off&step=3&images=0,1,2,3",
        "#/backwards?step=4",
        "#/mistakes",
    ],
)
def test_all_that_is_said_is_written_one_way(visit, place):
    page = visit(place)
    wait_for_rest(page)
    found = [WRONG.search(text) for text in page.evaluate(SAID)]
    assert [one.string[one.start() :][:40] for one in found if one] == []


def test_a_cell_says_the_number_that_stands_in_it(visit):
    page = visit("#/mistakes")
    page.locator(".confusion").wait_for()
    cells = page.locator(".confusion button")
    texts = cells.all_inner_texts()
    labels = cells.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    assert len(texts) == 100
    for text, label in zip(texts, labels, strict=True):
        assert label.startswith(f"{text} image{'' if text == '1' else 's'} of "), label
