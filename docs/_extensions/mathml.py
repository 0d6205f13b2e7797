"""Formulas as MathML: pages show them without a script, and so without another host."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)


def setup(app: Any) -> dict[str, Any]:
    """Offer the renderer that ``html_math_renderer = "mathml"`` names."""
    app.add_html_math_renderer("mathml", (show_inline, None), (show_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def show_inline(writer: Any, node: nodes.math) -> None:
    """Write a formula in a line."""
    writer.body.append(convert(node, as_block=False))
    raise nodes.SkipNode


def show_block(writer: Any, node: nodes.math_block) -> None:
    """Write a formula on lines of its own, which scrolls by itself where it is wide."""
    writer.body.append(writer.starttag(node, "div", CLASS="math-block"))
    writer.body.append(convert(node, as_block=True))
    if node.get("number"):
        writer.body.append(f'<span class="eqno">({node["number"]})</span>')
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def convert(node: nodes.Element, as_block: bool) -> str:
    """Return the MathML of a formula; if there is none, warn and show the formula as it is."""
    formula = re.sub(r"\\dots\b", r"\\ldots", node.astext())
    try:
        mathml: str = tex2mathml(formula, as_block=as_block)
    except MathError as error:
        logger.warning("no MathML for %r: %s", formula, error, location=node)
        return f"<code>{escape(formula)}</code>"
    return mathml
