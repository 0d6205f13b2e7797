"""Each answer of docs/steps.md is right: its change is made to the programme, which then runs."""

import re
import textwrap
from pathlib import Path

import pytest
from printed_numbers import agree
from seven import FOLDER, IN_FLOAT32, NAMES, WITH_IMAGES, run, source_of

PAGE = (Path(__file__).parents[2] / "docs" / "steps.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^## \d\. ", PAGE.partition("\n## The names")[0], flags=re.MULTILINE)[1:]
ANSWER = re.compile(
    r"\{dropdown\} Answer\n```diff\n(.*?)```\n```text\n(.*?)```\n(.*?)````", re.DOTALL
)


def answers():
    for name, section in zip(NAMES, SECTIONS, strict=True):
        for number, found in enumerate(ANSWER.finditer(section), 1):
            yield pytest.param(name, *found.groups()[:2], id=f"{name}-{number}")


def changed(source, difference):
    """Return a programme after a change: each line that goes stands in it once."""
    lines, place = source.splitlines(), None
    for line in difference.splitlines():
        if line[0] == "-":
            (place,) = [i for i, one in enumerate(lines) if one == line[1:]]
            del lines[place]
        else:
            lines.insert(place, line[1:])
            place += 1
    return "\n".join(lines) + "\n"


def shorter(source, expected):
    """Leave out the rules and sizes of batches that an answer says nothing of."""
    if rule := re.match(r"(\w+), rate", expected):
        rate = re.search(rf"\b{rule[1]}: [\d.]+", source)[0]
        return re.sub(r"^RULES = \{.*\}", f"RULES = {{{rate}}}", source, flags=re.MULTILINE)
    return source.replace("(len(X), 64)", "(64,)") if "batches of 64" in expected else source


@pytest.mark.parametrize(("name", "difference", "expected"), [*answers()])
def test_the_answer_is_what_the_changed_programme_prints(
    request, tmp_path, name, difference, expected
):
    if name in WITH_IMAGES:
        request.getfixturevalue("mnist_folder")
    said = run(shorter(changed(source_of(name), difference), expected), tmp_path)[0].splitlines()
    for line in textwrap.dedent(expected).splitlines():
        place = next(
            (i for i, one in enumerate(said) if agree(line, one, name in IN_FLOAT32)), None
        )
        assert place is not None, (line, said)
        del said[: place + 1]  # in this order


def test_each_programme_has_a_picture_its_output_and_a_question():
    for name, section in zip(NAMES, SECTIONS, strict=True):
        assert f"% generated: programme {name}\n" in section
        assert f"% generated: printed by {name}\n" in section
        assert f"images/steps/{name}.png" in section
        assert ANSWER.search(section)
        assert section.count("{dropdown} Answer") == len(
            re.findall(r"^\*\*", section, re.MULTILINE)
        )


def test_the_numbers_in_the_prose_stand_in_what_the_programmes_print():
    """Numbers with four decimals: those of an answer beside those of the programme as it is."""
    for name, section in zip(NAMES, SECTIONS, strict=True):
        printed = (FOLDER / "printed" / f"{name}.txt").read_text(encoding="utf-8")
        for *_, expected, words in (found.groups() for found in ANSWER.finditer(section)):
            named = re.findall(r"\b\d\.\d{4}\b", words)
            assert [one for one in named if one not in printed + expected] == []
