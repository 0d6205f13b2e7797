"""What the page shows side by side are the two programmes, whole: nothing folded is lost."""

import re
from html import unescape
from itertools import pairwise

import pytest
from steps import NAMES, compared, source

LINES = re.compile(r"<(del|ins|span)><code>(.*?)</code></\1>")


def lines_of(html, *words):
    coloured = (line for word, line in LINES.findall(html) if word in words)
    return [unescape(re.sub(r"<[^>]*>", "", line)).rstrip() for line in coloured]


@pytest.mark.parametrize(("earlier", "later"), [*pairwise(NAMES)])
def test_on_the_left_is_the_earlier_programme_and_on_the_right_the_later(earlier, later):
    html = "\n".join(compared(earlier, later))
    alone = re.sub(r'<div class="copy".*?</div>', "", html)  # what stays, once
    assert lines_of(alone, "span", "del") == source(earlier).splitlines()
    assert lines_of(alone, "span", "ins") == source(later).splitlines()
    assert html.count("<details>") >= 1 or earlier == NAMES[0]
