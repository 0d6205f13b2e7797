"""The sources of the book, how Sphinx is run on them, and a page that was built."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


class Page(HTMLParser):
    """What matters of a page: its anchors, and each tag with its attributes."""

    def __init__(self, path):
        super().__init__()
        self.path, self.anchors, self.tags = path, {"", "top"}, []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        self.anchors.update(found[name] for name in ("id", "name") if found.get(name))


def run_sphinx(*arguments):
    """Run Sphinx as CI does; fail with its words if it warns."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed: the extra [docs] is needed")
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", *arguments]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
