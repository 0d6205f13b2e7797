"""The seven programmes of examples/steps: each beside the one before it, and what it prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

FOLDER = Path(__file__).parents[2] / "examples" / "steps"
NAMES = [path.stem for path in sorted(FOLDER.glob("*.py"))]
FEWEST = 5  # lines that are folded where they stay

Line = tuple[str, str]  # its text, and the same in HTML
Block = tuple[str, list[Line], list[Line]]  # stays or changed; the lines on either side


def programme(name: str) -> Iterator[str]:
    """Yield the Markdown of a programme: whole if it is the first, else beside the one before."""
    place = NAMES.index(name)
    yield f"{{download}}`{name}.py <../examples/steps/{name}.py>`"
    if place == 0:
        yield from ("", "```python", source(name).rstrip(), "```")
    else:
        yield from ("", "````{raw} html", *compared(NAMES[place - 1], name), "````")


def printed(name: str) -> Iterator[str]:
    """Yield the Markdown of what a programme prints."""
    yield from ("```text", (FOLDER / "printed" / f"{name}.txt").read_text("utf-8").rstrip(), "```")


def source(name: str) -> str:
    """Return the text of a programme."""
    return (FOLDER / f"{name}.py").read_text("utf-8")


def compared(earlier: str, later: str) -> Iterator[str]:
    """Yield the HTML of two programmes side by side; without room, of what goes and what comes."""
    yield f'<section class="beside highlight" aria-label="{later}.py beside {earlier}.py">'
    yield f'<p class="names"><span>{earlier}.py</span><span>{later}.py</span></p>'
    for kind, left, right in joined(blocks(paragraphs(earlier), paragraphs(later))):
        if kind == "changed":
            yield f'<div class="pair">{side("del", left)}{side("ins", right)}</div>'
        elif len(right) < FEWEST:
            yield pair(right)
        else:
            summary = f"<summary>{len(right)} lines stay</summary>"
            yield f"<details>{summary}{pair(right)}</details>"
    yield "</section>"


def paragraphs(name: str) -> dict[str, list[Line]]:
    """Return what stands between two blank lines: functions by name, and what is around them."""
    text = source(name)
    coloured = highlight(text, PythonLexer(), HtmlFormatter(nowrap=True))
    lines = list(zip(text.splitlines(), coloured.splitlines(), strict=True))
    found: dict[str, list[Line]] = {}
    for part in text.split("\n\n\n"):
        function = re.search(r"^def (\w+)", part, re.MULTILINE)
        place = part[0] if part[0] in "#R" else "end" if found else "top"
        length = part.count("\n") + 3  # with the blank lines after it
        found[function[1] if function else place] = lines[:length]
        del lines[:length]
    return found


def blocks(old: dict[str, list[Line]], new: dict[str, list[Line]]) -> Iterator[Block]:
    """Yield what stays and what changes, function by function, then line by line."""
    for kind, a, b, c, d in SequenceMatcher(None, list(old), list(new)).get_opcodes():
        if kind != "equal":
            yield "changed", [*chain(*list(old.values())[a:b])], [*chain(*list(new.values())[c:d])]
            continue
        for name in list(new)[c:d]:
            left, right = old[name], new[name]
            for one, e, f, g, h in SequenceMatcher(None, left, right).get_opcodes():
                yield "stays" if one == "equal" else "changed", left[e:f], right[g:h]


def joined(parts: Iterator[Block]) -> Iterator[Block]:
    """Yield neighbours that stay as one; a function that changes stands alone."""
    last: Block | None = None
    for kind, left, right in parts:
        if last and last[0] == kind == "stays":
            last = kind, last[1] + left, last[2] + right
            continue
        if last:
            yield last
        last = kind, left, right
    if last:
        yield last


def pair(lines: list[Line]) -> str:
    """Return lines that stay, on both sides; only those on the right are read aloud."""
    copy = side("span", lines).replace("<div", '<div class="copy" aria-hidden="true"', 1)
    return f'<div class="pair">{copy}{side("span", lines)}</div>'


def side(word: str, lines: list[Line]) -> str:
    """Return the lines of one side, each in an element of this name."""
    inside = (f"<{word}><code>{html or ' '}</code></{word}>" for _, html in lines)
    return f"<div>{''.join(inside)}</div>"
