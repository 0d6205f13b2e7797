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


def hints(source: str, bank: str) -> dict[str, str]:
    """Return the hint of each name that the class `bank` of a source defines.

    It is the docstring of a function or class, or the string below an assignment; what has none
    shares that of the next one. Read from the source, as ``python -OO`` drops docstrings.
    """
    (body,) = (
        node.body
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == bank
    )
    found: dict[str, str] = {}
    waiting: list[str] = []
    for node in body:
        hint = None
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                waiting.append(name)
                hint = ast.get_docstring(node)
            case ast.Assign(targets=[ast.Name(id=name)]):
                waiting.append(name)
            case ast.Expr(value=ast.Constant(value=str(text))):
                hint = text
        if hint:
            found |= dict.fromkeys(waiting, " ".join(hint.split()))
            waiting = []
    return found
