"""Each lesson as a notebook: turned one-way by jupytext, offered for download on its page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jupytext
from docutils import nodes

FOLDER = "notebooks"
LESSON = re.compile(r"lessons/(\d[\w-]*)")
FOLDED = re.compile(
    r"^(`{3,}|:{3,})\{dropdown\} *(.*?)\n(?::.*\n)*(.*?)^\1 *$", re.DOTALL | re.MULTILINE
)
LINK_TO_PAGE = re.compile(r"\[([^\]]*)\]\([^)\s:]*\.md[^)]*\)")


def setup(app: Any) -> dict[str, Any]:
    """Write the notebooks once the pages are written, and link each from its page."""
    app.connect("doctree-resolved", offer)
    app.connect("build-finished", write_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def offer(app: Any, doctree: nodes.document, page: str) -> None:
    """Put a link to the notebook below the title of a lesson."""
    lesson = LESSON.fullmatch(page)
    title = next(iter(doctree.findall(nodes.title)), None)
    if app.builder.format != "html" or not lesson or title is None:
        return
    notebook = nodes.reference(
        "", "Download this lesson as a notebook", refuri=f"../{FOLDER}/{lesson[1]}.ipynb"
    )
    place = title.parent
    place.insert(place.index(title) + 1, nodes.paragraph("", "", notebook, classes=["notebook"]))


def write_notebooks(app: Any, error: Exception | None) -> None:
    """Write a notebook, without outputs, for each lesson."""
    if error or app.builder.format != "html":
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for page in sorted(app.env.found_docs):
        if lesson := LESSON.fullmatch(page):
            notebook = as_notebook(Path(app.env.doc2path(page)).read_text(encoding="utf-8"))
            jupytext.write(notebook, folder / f"{lesson[1]}.ipynb")


def as_notebook(markdown: str) -> Any:
    """Return a page as a notebook: answers stay folded, links to other pages become words."""
    notebook = jupytext.reads(markdown, fmt="md:myst")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            folded = FOLDED.sub(r"<details><summary>\2</summary>\n\n\3\n</details>", cell.source)
            cell.source = LINK_TO_PAGE.sub(r"\1", folded)
    return notebook
