"""Every word of the page stands in one file, which Python and the page read in the same way."""

import ast
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


# What the terminal says when the lab starts: whole files, and functions of others.
OF_THE_TERMINAL = {
    *("export.py", "behind.py"),
    *("check_dataset", "named", "networks_of_run", "networks_of_first_start"),
    *("check_event_loop", "listen"),
}
SENTENCE = re.compile(
    r"[A-Za-z]{2,}:? [a-z]{2,}[,:]? [a-z]{2,}|^[A-Z][a-z]{2,} [a-z]+|[a-z] [a-z]+\\.$"
)
CLASSES = re.compile(r"[a-z0-9-]+( [a-z0-9-]+)*")


def literals_of_python(path):
    """Yield what stands between quotes, but for docstrings and what the terminal says."""

    def walk(node):
        if isinstance(node, ast.FunctionDef) and node.name in OF_THE_TERMINAL:
            return
        for child in ast.iter_child_nodes(node):
            is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                yield child.value
            elif not is_docstring:
                yield from walk(child)

    yield from walk(ast.parse(path.read_text("utf-8")))


def literals_of_script(path):
    """Yield what stands between quotes, but for names of classes."""
    code = re.sub(r"(?m)(^|\s)//.*$", "", path.read_text("utf-8"))
    for text in re.findall(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', code):
        literal = re.sub(r"\$\{[^}]*\}", "x", "".join(text))
        if not CLASSES.fullmatch(literal):
            yield literal


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HERE).as_posix())
def test_no_sentence_stands_anywhere_else(path):
    if path.name in OF_THE_TERMINAL:
        return
    found = literals_of_python(path) if path.suffix == ".py" else literals_of_script(path)
    assert [text for text in found if SENTENCE.search(text)] == []


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


def test_python_and_the_page_write_numbers_alike(visit, monkeypatch):
    forms = ["", *FORMATS]
    in_page = visit("#/draw").evaluate(
        """async ([forms, numbers]) => {
            const { FORMATS } = await import("./static/words.js");
            const { count } = await import("./static/numbers.js");
            return forms.map((form) => numbers.map((n) => (form ? FORMATS[form](n) : count(n))));
        }""",
        [forms, NUMBERS],
    )
    for form, written in zip(forms, in_page, strict=True):
        monkeypatch.setitem(WORDS, "written", f"{{n:{form}}}" if form else "{n}")
        assert [sentence(said("written", n=n)) for n in NUMBERS] == written, form


def test_a_refusal_is_a_sentence_in_python_and_a_key_on_the_way():
    refusal = Refused("theme.label", theme=said("theme.dark"))
    assert str(refusal) == "Colours: Dark"
    sent = json.loads(json.dumps(refusal.said))
    assert sent == {"say": "theme.label", "theme": {"say": "theme.dark"}}
