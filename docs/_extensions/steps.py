"""The seven programmes of examples/steps: each beside the one before it, and what it prints."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from html import escape
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

FOLDER = Path(__file__).parents[2] / "examples" / "steps"
NAMES = [path.stem for path in sorted(FOLDER.glob("*.py"))]
KEPT = 2  # lines that are shown around a change; further ones are folded


def programme(name: str) -> Iterator[str]:
    """Yield the Markdown of a programme: whole if it is the first, else beside the one before."""
    place = NAMES.index(name)
    yield f"{{download}}`{name}.py <../examples/steps/{name}.py>`"
    if place == 0:
        yield from ("", "```python", (FOLDER / f"{name}.py").read_text("utf-8").rstrip(), "```")
    else:
        yield from ("", "````{raw} html", *compared(NAMES[place - 1], name), "````")


def printed(name: str) -> Iterator[str]:
    """Yield the Markdown of what a programme prints."""
    yield from ("```text", (FOLDER / "printed" / f"{name}.txt").read_text("utf-8").rstrip(), "```")


def compared(earlier: str, later: str) -> Iterator[str]:
    """Yield the HTML of two programmes side by side; without room, of what goes and what comes."""
    old, new = ((FOLDER / f"{one}.py").read_text("utf-8") for one in (earlier, later))
    blocks = difflib.SequenceMatcher(
        lambda line: not line.strip(), *map(str.splitlines, (old, new))
    )
    left, right = coloured(old), coloured(new)
    yield f'<section class="beside highlight" aria-label="{later}.py beside {earlier}.py">'
    yield f'<p class="names"><span>{escape(earlier)}.py</span><span>{escape(later)}.py</span></p>'
    for kind, a, b, c, d in blocks.get_opcodes():
        if kind == "equal":
            yield from unchanged(right[c:d], first=c == 0, last=d == len(right))
        else:
            yield '<div class="pair changed">'
            yield side("goes", left[a:b])
            yield side("comes", right[c:d])
            yield "</div>"
    yield "</section>"


def coloured(source: str) -> list[str]:
    """Return the lines of a programme as HTML, each complete in itself."""
    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n").split("\n")


def unchanged(lines: list[str], first: bool, last: bool) -> Iterator[str]:
    """Yield lines that stay, all but those next to a change folded."""
    before, after = (0 if first else KEPT), (0 if last else KEPT)
    folded = lines[before : len(lines) - after]
    if len(folded) < 4:
        yield pair(lines)
        return
    yield from filter(None, [pair(lines[:before])])
    yield f"<details><summary>{len(folded)} lines stay</summary>{pair(folded)}</details>"
    yield from filter(None, [pair(lines[len(lines) - after :])])


def pair(lines: list[str]) -> str:
    """Return lines that stand on both sides; only one of them is read aloud."""
    if not lines:
        return ""
    copy = side("stays copy", lines).replace("<div", '<div aria-hidden="true"', 1)
    return f'<div class="pair">{copy}{side("stays", lines)}</div>'


def side(kind: str, lines: list[str]) -> str:
    """Return the lines of one side."""
    word = {"goes": "<del>", "comes": "<ins>"}.get(kind, "<span>")
    end = word.replace("<", "</")
    inside = "".join(f"{word}<code>{line or ' '}</code>{end}" for line in lines)
    return f'<div class="{kind}">{inside}</div>'
