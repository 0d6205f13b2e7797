"""The built book, and a browser to look at it."""

import os
import sys
from pathlib import Path

import pytest
from built import DOCS, Page, run_sphinx

sys.path.insert(0, str(DOCS / "_extensions"))


@pytest.fixture(scope="session")
def book():
    """Return the folder of the built book; where there is none in it yet, build it."""
    if not os.environ.get("CHAINRULE_BOOK"):
        pytest.skip("CHAINRULE_BOOK names no folder for the book, such as docs/_build/html")
    folder = Path(os.environ["CHAINRULE_BOOK"]).resolve()
    if not (folder / "index.html").exists():
        run_sphinx("-b", "html", DOCS, folder)
    return folder


@pytest.fixture(scope="session")
def pages(book):
    """Return every page of the book, by its place in it."""
    found = sorted(book.rglob("*.html"))
    return {path.relative_to(book).as_posix(): Page(path) for path in found}
