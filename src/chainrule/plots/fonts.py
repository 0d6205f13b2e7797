"""Letters that our font lacks: drawn in an installed font that has them, or left out."""

from __future__ import annotations

import functools
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT = "DejaVu Sans"  # comes with matplotlib: the same picture on every machine
LEFT_OUT = "…"
_WEIGHTS = ("normal", "bold")  # what our figures are written in

Letters = frozenset[str]


def give_fonts(figure: Figure) -> None:
    """Let each text of a figure be drawn in fonts that have its letters.

    Our font comes first, then, where it lacks a letter, installed ones: matplotlib takes each
    letter from the first that has it.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        words = text.get_text()
        if lacking := _lacking(words):
            text.set(text=drawable(words), fontfamily=[FONT, *_fonts_with(lacking)[0]])


def drawable(words: str) -> str:
    """Return words without the letters that no font here has, which would be boxes."""
    nowhere = _fonts_with(_lacking(words))[1]
    letters = "".join(map(re.escape, sorted(nowhere)))
    return re.sub(f"[{letters}]+", LEFT_OUT, words) if letters else words


def class_labels(classes: Sequence[object]) -> list[str]:
    """Return the names of classes as they can be drawn; a number tells what else would look alike.

    It is the place of the class, counted from 0.
    """
    drawn = [drawable(str(name)) for name in classes]
    alike = {name for name, count in Counter(drawn).items() if count > 1}
    return [f"{i}: {name}" if name in alike else name for i, name in enumerate(drawn)]


def fitted(
    name: str, width: float, size: float, least: float, before: str = "", weight: str = "normal"
) -> tuple[str, float]:
    """Return the words `before` and a name, and the size of letters that makes both fit a width.

    Letters get smaller, down to the size `least`; a name that is still too wide loses its middle,
    for names often differ at their ends.
    """
    words = before + name
    size = min(size, max(least, size * width / max(_width(words, size, weight), 1)))
    kept = len(name)
    while kept > 2 and _width(words, size, weight) > width:
        kept -= 1
        words = f"{before}{name[: (kept + 1) // 2]}{LEFT_OUT}{name[len(name) - kept // 2 :]}"
    return words, size


def _width(words: str, size: float, weight: str) -> float:
    """Return how wide words are, in the unit of the size of their letters."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    family = [FONT, *_fonts_with(_lacking(words))[0]]
    properties = FontProperties(family=family, size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(words, properties, ismath=False)
    return float(width)


def give_folder() -> None:
    """Let matplotlib keep its list of fonts among the temporary files where there is no home.

    Versions before 3.11 cannot be imported without one, later ones remark on it.
    """
    home = os.path.expanduser("~")  # noqa: PTH111  Path's own raises where there is none
    if "MPLCONFIGDIR" not in os.environ and not os.path.isabs(home):  # noqa: PTH117
        import atexit
        import shutil
        import tempfile

        os.environ["MPLCONFIGDIR"] = folder = tempfile.mkdtemp(prefix="matplotlib-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


@contextmanager
def without_remarks() -> Iterator[None]:
    """Keep matplotlib from saying that an installed font has no bold letters."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _lacking(words: str) -> Letters:
    """Return the letters that our font lacks."""
    if words.isascii() and words.isprintable():
        return frozenset()
    return frozenset(words) - _letters_of_ours() - {"\n"}


@functools.cache
def _letters_of_ours() -> Letters:
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    return frozenset(map(chr, FT2Font(str(findfont(FONT))).get_charmap()))


@functools.cache
def _fonts_with(letters: Letters) -> tuple[tuple[str, ...], Letters]:
    """Return installed fonts with these letters, as few as may be, and the letters without one."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager

    if not letters:
        return (), letters
    _know_new_fonts()
    promised: dict[str, Letters] = {}
    for entry in fontManager.ttflist:
        if not entry.name.startswith("Last Resort"):  # it has a box for every letter there is
            found = _letters_in(entry.fname, getattr(entry, "index", 0), letters)
            promised[entry.name] = promised.get(entry.name, frozenset()) | found
    chosen: list[str] = []
    for family in sorted(promised, key=lambda family: (-len(promised[family]), family)):
        if not letters or not promised[family]:
            break
        for weight in _WEIGHTS:  # what matplotlib takes for the family, which has several files
            path: Any = findfont(FontProperties(family=[family], weight=weight))
            found = _letters_in(path, getattr(path, "face_index", 0), promised[family])
            promised[family] &= found
        if promised[family] & letters:
            chosen.append(family)
            letters -= promised[family]
    return tuple(chosen), letters


def _know_new_fonts() -> None:
    """Add the fonts that were installed since matplotlib made its list of them."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    for path in {*findSystemFonts()} - {entry.fname for entry in fontManager.ttflist}:
        with suppress(Exception):  # a font that it cannot read is none
            fontManager.addfont(path)


def _letters_in(path: Any, index: int, letters: Letters) -> Letters:
    """Return those of the letters that a font has; none if it cannot be opened."""
    from matplotlib.ft2font import FT2Font

    face: dict[str, Any] = (
        {"face_index": index} if index else {}
    )  # older versions know the first of a file alone
    try:
        font = FT2Font(str(path), **face)
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(letter for letter in letters if font.get_char_index(ord(letter)))
