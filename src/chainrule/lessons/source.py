"""Template and solution are cut from one source, so that they cannot drift apart.

In ``solution.py`` of a lesson the lines between ``# solution`` and ``# end`` are what the learner
writes; the template has ``raise NotImplementedError`` in their place.
"""

from __future__ import annotations

import ast
import re
from types import CodeType

# Indentation, the solution's lines, and the mark that ends them.
_SOLUTION = re.compile(r"^( +)# solution\n(.*?)^\1# end\n", re.DOTALL | re.MULTILINE)
TO_DO = "raise NotImplementedError  # your code takes the place of this line"


def template(source: str) -> str:
    """Return the source with a mark of work to do in place of every solution."""
    return _SOLUTION.sub(rf"\1{TO_DO}\n", source)


def solution(source: str) -> str:
    """Return the source with its solutions, and without their marks."""
    return _SOLUTION.sub(r"\2", source)


def solution_of(source: str, name: str) -> str:
    """Return the function or class `name` of the source, docstring and marks left out."""
    text = solution(source)
    (node,) = (
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name
    )
    lines = text.splitlines()
    hidden = set()
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(part):
            docstring = part.body[0]
            hidden |= set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    kept = (n for n in range(node.lineno, (node.end_lineno or 0) + 1) if n not in hidden)
    return "\n".join(lines[n - 1] for n in kept)


def code_of(text: str) -> dict[str, bytes]:
    """Return the compiled code of each function of a source, by its qualified name."""
    found, waiting = {}, [compile(text, "<template>", "exec")]
    while waiting:
        code = waiting.pop()
        found[code.co_qualname] = code.co_code
        waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
    return found
