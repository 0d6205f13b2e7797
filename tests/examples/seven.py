"""The seven programmes of examples/steps: how they are read, changed, run and watched.

``PYTHONPATH=tests python tests/examples/seven.py`` writes shapes.txt anew, to be read before it is
committed.
"""

import ast
import difflib
import io
import os
import re
import sys
import tokenize
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np

from chainrule.data import load_mnist, preprocess_mnist
from lines import docstrings

FOLDER = Path(__file__).parents[2] / "examples" / "steps"
NAMES = [
    "1_neuron",
    "2_layer",
    "3_backpropagation",
    "4_digits",
    "5_sgd",
    "6_adam",
    "7_comparison",
]
WITH_IMAGES, IN_FLOAT32 = NAMES[3:], NAMES[4:]


@cache
def digits():
    """Return the images as the programmes get them, and what is said while they do: read once."""
    said = io.StringIO()
    with redirect_stdout(said):
        arrays = preprocess_mnist(*load_mnist())
    return arrays, said.getvalue()


def digits_again():
    arrays, said = digits()
    print(said, end="")
    return arrays


def source_of(name):
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def code_of(source):
    """Return the lines of code: without docstrings, blank lines and comments."""
    left_out = docstrings(ast.parse(source))
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return [text.rstrip() for n, text in enumerate(lines, 1) if n not in left_out and text.strip()]


def changed_lines(earlier, later):
    """Return how many lines of code are added and removed from one programme to the next."""
    compared = difflib.ndiff(code_of(source_of(earlier)), code_of(source_of(later)))
    return sum(line[0] in "+-" for line in compared)


def run(source, folder, name="a step", watch=None):
    """Run a programme in a folder; return what it prints, and its variables."""
    variables, said = {"__name__": "__main__"}, io.StringIO()
    code = compile(source, name, "exec")
    with (
        patch("chainrule.data.load_mnist", lambda: ()),
        patch("chainrule.data.preprocess_mnist", digits_again),
        redirect_stdout(said),
        np.errstate(all="ignore"),
    ):
        before, here = sys.gettrace(), Path.cwd()
        try:
            os.chdir(folder)
            sys.settrace(watch)
            exec(code, variables)
        finally:
            sys.settrace(before)
            os.chdir(here)
    return said.getvalue(), variables


# ---- what arrays look like while a programme runs ----


def short(source):
    """Return a programme that takes fewer images, the last batch smaller, and draws nothing."""
    return source.replace("[:20_000]", "[:672]").partition("\nlooks = ")[0]


HIDDEN = ("<listcomp>", "<dictcomp>", "<genexpr>", "<lambda>")
CALLS = 3  # of each function; the loops inside them are watched to the end
CLAIM = re.compile(r"#\s*(\([^()]*\)(?:(?: [-@+*/]| and) \([^()]*\))*)")


class Watch:
    """Looks at every array after every line, and at the shape that the line's comment claims.

    Attributes
    ----------
    seen : dict
        For each function and variable the shapes and dtypes that it had.
    claims : int
        How many comments with shapes came true.
    wrong : list of str
        Those that did not.
    """

    def __init__(self, source, name):
        self.name, self.lines, self.statements = name, source.splitlines(), {}
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Assign | ast.Expr | ast.Return):
                self.statements[node.lineno] = node
        self.seen, self.claims, self.wrong, self.calls = {}, set(), [], {}

    def __call__(self, frame, event, argument):
        function = frame.f_code.co_name
        if frame.f_code.co_filename != self.name or function in HIDDEN:
            return None
        self.calls[function] = self.calls.get(function, 0) + 1
        if self.calls[function] > CALLS:
            return None
        last, sizes = {}, {}  # what each name stands for, until a loop begins anew
        line = 0

        def each_line(frame, event, argument):
            nonlocal line
            if event in ("line", "return"):
                self.look(frame, function)
                if last:
                    self.compare(frame, last, argument if event == "return" else None, sizes)
                if frame.f_lineno <= line:
                    sizes.clear()
                line = frame.f_lineno
                last.clear()
                if event == "line":
                    last.update(self.claim_of(frame))
            return each_line

        return each_line

    def table(self):
        """Return a line for each array, or list of arrays: its shapes, and its types."""
        for name in sorted(self.seen):
            shapes = sorted({shape for shape, _ in self.seen[name]})
            types = sorted({str(dtype) for _, dtype in self.seen[name]})
            words = [str(shape).replace(" ", "") for shape in shapes] + types
            yield f"{name}: {' '.join(words)}"

    def look(self, frame, function):
        for name, value in frame.f_locals.items():
            if name.startswith("__"):
                continue
            parts = list(value.values()) if isinstance(value, dict) else value
            for one in parts if isinstance(parts, list | tuple) else [value]:
                if isinstance(one, np.ndarray):
                    self.seen.setdefault(f"{function}.{name}", set()).add((one.shape, one.dtype))

    def claim_of(self, frame):
        """Return the shapes that the coming line's comment names, and those that go into it."""
        number = frame.f_lineno
        found, statement = CLAIM.search(self.lines[number - 1]), self.statements.get(number)
        if not found or not statement:
            return {}
        named = [tuple(re.findall(r"\w+", one)) for one in re.findall(r"\(.*?\)", found[1])]
        operators = re.findall(r"\) ([-@+*/]|and) \(", found[1])
        inputs = []
        if operators and "and" not in operators:
            leaves = list(leaves_of(value_of(statement)))
            assert len(leaves) == len(named), self.lines[number - 1]
            inputs = [
                eval(ast.unparse(leaf), frame.f_globals, frame.f_locals).shape for leaf in leaves
            ]
        return {
            "number": number,
            "named": named,
            "operators": operators,
            "inputs": inputs,
            "statement": statement,
        }

    def compare(self, frame, claim, returned, sizes):
        named, made = claim["named"], claim["inputs"]
        for value in results_of(claim["statement"], frame, returned):
            for one in value.values() if isinstance(value, dict) else [value]:
                made = [*made, one.shape]
        if claim["inputs"]:
            named = [*named, result_of(named, claim["operators"])]
        elif "and" not in claim["operators"]:
            named = named * len(made)
        fits = len(named) == len(made)
        for names, shape in zip(named, made, strict=False):
            fits = fits and len(names) == len(shape)
            for name, size in zip(names, shape, strict=False):
                fits = fits and sizes.setdefault(name, size) == size
                fits = fits and (not name.isdigit() or int(name) == size)
        if fits:
            self.claims.add(claim["number"])
        else:
            self.wrong.append(f"{self.lines[claim['number'] - 1].strip()}: {made}")


def value_of(statement):
    value = statement.value
    inside = isinstance(value, ast.Call) and isinstance(statement, ast.Expr)
    return value.args[-1] if inside else value


def leaves_of(node):
    """Yield what the operators of an expression stand between."""
    if isinstance(node, ast.BinOp):
        yield from leaves_of(node.left)
        yield from leaves_of(node.right)
    else:
        yield node


def result_of(named, operators):
    """Return the shape that the named shapes give: a product of matrices, or the larger one."""
    shape = named[0]
    for operator, other in zip(operators, named[1:], strict=True):
        if operator == "@":
            assert shape[-1] == other[0], named
            shape = shape[:-1] + other[1:]
    return shape


def results_of(statement, frame, returned):
    """Return what a line has made: what it assigned, appended, inserted or returned."""
    if isinstance(statement, ast.Return):
        return [returned]
    if isinstance(statement, ast.Expr):  # a.append(...), dW.insert(0, ...)
        grown = eval(ast.unparse(statement.value.func.value), frame.f_globals, frame.f_locals)
        return [grown[-1 if statement.value.func.attr == "append" else 0]]
    target = statement.targets[0]
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    return [eval(ast.unparse(one), frame.f_globals, frame.f_locals) for one in targets]


def write_shapes():
    """Write what the arrays of the programmes look like."""
    parts = []
    for name in NAMES:
        source = short(source_of(name))
        watch = Watch(source, name)
        run(source, ".", name, watch)
        if rows := list(watch.table()):
            parts.append("\n".join([f"# {name}.py", *rows, ""]))
    (Path(__file__).parent / "shapes.txt").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    write_shapes()
