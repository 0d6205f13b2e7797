"""How lines of code are counted."""

import ast
import io
import tokenize


def docstrings(tree):
    """Return the lines on which docstrings stand."""
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            lines.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def lines_of_code(text, hints=False):
    """Count lines that hold a token; docstrings are left out, but for those that are hints."""
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in nothing and token.string:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines if hints else lines - docstrings(ast.parse(text)))
