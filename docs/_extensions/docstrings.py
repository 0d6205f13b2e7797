"""What a docstring means in the book: `name` is a link if it can be, formulas keep their lines."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref

import chainrule

BAR = re.compile(r"``.*?``|`.*?`|[|]")  # the first two are code, which keeps its bars


def setup(app: Any) -> dict[str, Any]:
    """Add the role of single backticks, and what keeps formulas apart."""
    app.add_role("name", name_role)
    app.connect("autodoc-process-docstring", keep_formulas_apart, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def name_role(
    role: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Any,
    options: Any = None,
    content: Any = (),
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Return code; for a public name, with a link to its place in the reference.

    `forward` and `predict` are methods as well, which a docstring mostly means.
    """
    code = nodes.literal(rawtext, text, classes=["py"])
    if text not in chainrule.__all__ or hasattr(chainrule.Network, text):
        return [code], []
    link = pending_xref(
        rawtext, code, refdomain="py", reftype="obj", reftarget=f"chainrule.{text}",
        refdoc=inliner.document.settings.env.docname, refwarn=True, refexplicit=False,
    )  # fmt: skip
    return [link], []


def keep_formulas_apart(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Make each paragraph of formulas, one a line, a block that keeps its lines; |x| is a size."""
    kept: list[str] = []
    plain = [BAR.sub(lambda found: r"\|" if found[0] == "|" else found[0], line) for line in lines]
    for blank, paragraph in groupby(plain, key=lambda line: not line.strip()):
        part = list(paragraph)
        formulas = len(part) > 1 and all("←" in line or " = " in line for line in part)
        kept += [f"| {line}" for line in part] if formulas and not blank else part
    lines[:] = kept
