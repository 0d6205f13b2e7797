"""The words of the page as Python reads them: the server sends keys and numbers, no sentences."""

# ruff: noqa: RUF001  (the page shows × and − as a blackboard does)

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chainrule.checks import ChainruleError

WORDS = json.loads(
    Path(__file__).with_name("static").joinpath("words", "en.json").read_text("utf-8")
)
PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def said(key: str, **values: Any) -> dict[str, Any]:
    """Return what the page is to say: the key of a text, and the values that stand in it."""
    return {"say": key, **values}


def library(words: str) -> dict[str, Any]:
    """Return a sentence of the library's own, which goes as it is."""
    return said("library", words=words)


def sentence(what: dict[str, Any]) -> str:
    """Return what `said` stands for, in English, as ``words.js`` writes it.

    Raises
    ------
    KeyError
        If there are no words for it, or a value is missing.
    """
    text = WORDS
    for name in what["say"].split("."):
        text = text[name]
    if not isinstance(text, str):
        text = text["one" if what["n"] == 1 else "other"]
    return PLACE.sub(lambda place: _written(what[place[1]], place[2]), text)


def _written(value: Any, form: str | None) -> str:
    if form:
        return FORMATS[form](value)
    if isinstance(value, dict):
        return sentence(value)
    return count(value) if isinstance(value, int | float) else str(value)


def count(value: float) -> str:
    """Return a count with its thousands apart; of a fraction, three decimals."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")
    return text.replace("-", "−") if value else "0"


def short(value: float, digits: int = 4) -> str:
    """Return a number in four significant digits, as ``numbers.js`` writes it."""
    if value == 0:
        return "0"
    rounded = f"{value:.{digits - 1}e}"
    mantissa, exponent = rounded.split("e")
    if 1e-4 <= abs(value) < 1e6:
        text = f"{float(rounded):.{max(digits - 1 - int(exponent), 0)}f}"
    else:
        text = f"{mantissa} × 10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return text.replace("-", "−")


def fixed2(value: float) -> str:
    """Return a number with two decimals."""
    return f"{value:.2f}".replace("-", "−")


def percent(share: float, digits: int = 1) -> str:
    """Return a share of 1 in percent."""
    return f"{100 * share:.{digits}f}%".replace("-", "−")


FORMATS: dict[str, Callable[[Any], str]] = {
    "count": count,
    "fixed2": fixed2,
    "short": short,
    "short3": lambda value: short(value, 3),
    "short6": lambda value: short(value, 6),
    "percent": percent,
    "percent2": lambda value: percent(value, 2),
}


class Refused(ChainruleError):
    """Why a request is refused: `said` for the page, a sentence for whoever reads the error."""

    def __init__(self, key: str, **values: Any) -> None:
        self.said = said(key, **values)
        super().__init__(sentence(self.said))
