"""Every word of the page stands in one file, which Python and the page read in the same way."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the lab's packages are not installed")

from chainrule import lab
from chainrule.lab.words import FORMATS, WORDS, Refused, said, sentence

HERE = Path(lab.__file__).parent
FILES = [*HERE.glob("**/*.py"), *HERE.glob("static/**/*.js")]
SOURCES = "\n".join(path.read_text("utf-8") for path in FILES)
PLURALS = {"one", "other"}


def keys(words, above=""):
    for name, text in words.items():
        if isinstance(text, str) or set(text) == PLURALS:
            yield above + name
        else:
            yield from keys(text, f"{above}{name}.")


def is_used(key):
    """Say whether a key, or the beginning of one that is put together, stands in a source."""
    parts = key.split(".")
    starts = [re.escape(".".join(parts[:n])) for n in range(1, len(parts))]
    return f'"{key}"' in SOURCES or any(
        re.search(rf'[`"]{start}\.\$?\{{', SOURCES) for start in starts
    )


@pytest.mark.parametrize("key", list(keys(WORDS)))
def test_no_words_are_left_over(key):
    assert is_used(key)


def test_every_key_that_is_said_has_words():
    asked = set(re.findall(r'\b(?:say|said|Refused)\(\s*"([a-zA-Z0-9_.]+)"', SOURCES))
    assert asked
    assert asked <= set(keys(WORDS))


NUMBERS = [
    0,
    1,
    -1,
    0.5,
    -0.25,
    12,
    1234,
    -1234,
    12345.678,
    999999.4,
    1e6,
    1.5e-4,
    9.9994e-5,
    -3e-12,
    2e15,
    0.00012345,
]


@pytest.mark.parametrize("form", ["", *(f":{form}" for form in FORMATS)])
def test_python_and_the_page_write_numbers_alike(visit, form, monkeypatch):
    page = visit("#/draw")
    monkeypatch.setitem(WORDS, "written", f"{{n{form}}}")
    in_page = page.evaluate(
        """async ([form, numbers]) => {
            const { FORMATS } = await import("./static/words.js");
            const { count } = await import("./static/numbers.js");
            return numbers.map((n) => (form ? FORMATS[form](n) : count(n)));
        }""",
        [form[1:], NUMBERS],
    )
    assert [sentence(said("written", n=n)) for n in NUMBERS] == in_page


def test_a_refusal_is_a_sentence_in_python_and_a_key_on_the_way():
    refusal = Refused("theme.label", theme=said("theme.dark"))
    assert str(refusal) == "Colours: Dark"
    sent = json.loads(json.dumps(refusal.said))
    assert sent == {"say": "theme.label", "theme": {"say": "theme.dark"}}
