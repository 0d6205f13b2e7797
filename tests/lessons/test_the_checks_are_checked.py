"""docs/checks.md is what its command makes now, and every row of it says what it should."""

import signal

import pytest

pytest.importorskip("cosmic_ray", reason="mutants need cosmic-ray: install chainrule[test]")
pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")

import checked  # noqa: E402
from chainrule.lessons.judge import RIGHT  # noqa: E402

HEADS = list(checked.SECTIONS)


@pytest.fixture(scope="module")
def page():
    """Return the page as it is committed."""
    return checked.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head.splitlines()[0].removeprefix("## "))
def test_the_page_is_what_the_checks_do_now(page, head):
    if "cosmic-ray" in head and head not in page:
        pytest.skip("the page was made with another version of cosmic-ray, which knows others")
    assert checked.section(head) in page, "make it again: python tests/checked.py"


def test_the_page_is_whole_and_has_a_reason_for_all_that_passes(page):
    assert page.startswith(checked.HEAD)
    assert page.endswith(checked.END)
    assert "unexplained" not in page


def test_every_wrong_answer_and_every_answer_that_is_none_is_refused_on_the_page(page):
    for head in (checked.BANK, checked.NONE):
        rows = page[page.index(head) :].removeprefix(head).strip().partition("\n\n")[0]
        for row in rows.splitlines()[2:]:
            cells = [cell.strip(" *") for cell in row.split("|")]
            assert cells[3] == cells[4], row


def test_the_solution_itself_is_right_as_the_page_judges():
    for lesson, part in checked.PARTS:
        assert checked.judged(lesson, part, checked.own(lesson)[part.name]).status == RIGHT
        assert not checked.is_refused(lesson, part, lesson.source)
