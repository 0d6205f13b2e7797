"""Every public name, command, option, planted bug and lesson has its place in the book."""

import json
import re

import pytest
from built import DOCS

import chainrule
import chainrule.cli
from chainrule.lessons import LESSONS
from chainrule.proof.faults import FAULTS

COMMANDS = [command.__name__.rpartition(".")[2] for command in chainrule.cli.COMMANDS]


def test_every_command_has_a_how_to(capsys):
    with pytest.raises(SystemExit):
        chainrule.cli.main(["--help"])
    offered = re.findall(r"^    (\w+) ", capsys.readouterr().out, re.MULTILINE)
    assert set(offered) == set(COMMANDS)
    assert all((DOCS / "how-to" / f"{command}.md").exists() for command in offered)


def test_every_planted_bug_has_a_fix_and_two_sources():
    from generated import right_source, wrong_source

    for fault in FAULTS.values():
        assert fault.fix.endswith(".")
        assert fault.part.__name__ in wrong_source(fault)
        assert right_source(fault).strip()
        assert right_source(fault) != wrong_source(fault)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(capsys, pages, command):
    with pytest.raises(SystemExit):
        chainrule.cli.main([command, "--help"])
    options = set(re.findall(r"^  (--[\w-]+)", capsys.readouterr().out, re.MULTILINE))
    text = pages[f"how-to/{command}.html"].text
    assert [option for option in sorted(options) if f">{option}<" not in text] == []


def test_every_public_name_is_in_the_reference(pages):
    reference = [page for name, page in pages.items() if name.startswith("reference/")]
    found = set().union(*(page.anchors for page in reference))
    assert [name for name in chainrule.__all__ if f"chainrule.{name}" not in found] == []


def test_every_planted_bug_has_an_anchor_in_the_gallery(pages):
    assert [name for name in FAULTS if name not in pages["gallery.html"].anchors] == []


def test_the_gallery_names_the_lessons_that_know_a_bug(pages):
    known = {
        wrong.name
        for lesson in LESSONS
        for part in lesson.parts
        for wrong in part.wrong_answers
        if wrong.name in FAULTS
    }
    sections = re.split(r'<section id="', pages["gallery.html"].text)
    shown = {part.split('"', 1)[0] for part in sections if "<dt>Exercise" in part}
    assert shown == known


def test_every_lesson_offers_its_notebook(book, pages):
    for lesson in LESSONS:
        links = [
            attributes.get("href") for _, attributes in pages[f"lessons/{lesson.page}.html"].tags
        ]
        assert f"../notebooks/{lesson.page}.ipynb" in links
        notebook = json.loads((book / "notebooks" / f"{lesson.page}.ipynb").read_text())
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert cells
        assert all(cell["outputs"] == [] for cell in cells)


def test_every_lesson_has_a_page_for_the_teacher(pages):
    assert [one.page for one in LESSONS if f"teaching/{one.page}.html" not in pages] == []
