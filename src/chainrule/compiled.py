"""Numba: the rules of the optimizers, compiled into one pass over the vectors (extra ``[fast]``).

Nothing needs it, and no formula is written twice: the source of each rule in
`chainrule.optimizers` is read as it stands. In its compiled form every expression without an array
in it is a constant of the step, worked out by Python, and the rest runs number by number. NumPy
makes a pass over memory for each operation of the rule; this makes one for all of them. The
operations and their order are the same, and so are the results, to the bit.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from threading import Lock
from types import CodeType
from typing import Any, TypeAlias

import numpy as np

from chainrule.checks import Array, extra
from chainrule.optimizers import SGD, Adam, Optimizer, RMSProp

Rule: TypeAlias = Callable[..., Any]

RULES: dict[type[Optimizer], Rule] = {kind: vars(kind)["rule"] for kind in (SGD, RMSProp, Adam)}
BLOCK = Optimizer.block_size

# What a compiled rule saves, for each parameter and step, and what it costs a process to load Numba
# and compile: seconds on one thread. docs/performance.md has the measurements.
SAVED = {SGD: 0.05e-9, RMSProp: 1.0e-9, Adam: 1.4e-9}
COST = 0.5

_LOCK = Lock()
_ASKING: set[object] = set()  # who wants the rules compiled


def compile_rules() -> None:
    """Let every optimizer of this process run its rule compiled; the first steps compile it.

    Raises
    ------
    ChainruleError
        If Numba is not installed.
    """
    extra("numba", "fast")
    _ask(compile_rules)


def restore_rules() -> None:
    """Let every optimizer run its rule in NumPy again."""
    _let_go(compile_rules)


def is_worth_it(kind: type[Optimizer], parameters: int, steps: int) -> bool:
    """Whether a compiled rule saves more time than it costs, over so many steps to come."""
    saved = sum(seconds for one, seconds in SAVED.items() if issubclass(kind, one))
    return saved * parameters * steps > COST


@contextmanager
def compiled_where_worth_it(optimizer: Any, parameters: Array, steps: int) -> Iterator[None]:
    """Let rules run compiled within the block, if that saves time; the bits are the same.

    Without Numba, or with one that does not work here, the block runs as it is. Blocks may
    overlap, in threads as well.
    """
    worth = is_worth_it(type(optimizer), parameters.size, steps)
    if not (worth and compiles(optimizer, parameters.dtype)):
        yield
        return
    _ask(optimizer)
    try:
        yield
    finally:
        _let_go(optimizer)


def working_numba() -> Any:
    """Return Numba, or None where it is missing, does not fit this NumPy or may not compile."""
    try:
        import numba
    except Exception:  # one that does not fit fails in several ways
        return None
    # Switched off it would go through the numbers in Python, for minutes.
    return None if getattr(numba.config, "DISABLE_JIT", False) else numba


def compiles(optimizer: Optimizer, dtype: np.dtype[Any]) -> bool:
    """Try a step of a fresh optimizer, which compiles its rule: all that can fail does so here."""
    if working_numba() is None:
        return False
    fresh = replace(optimizer)  # type: ignore[type-var]
    kind = next(kind for kind in RULES if isinstance(fresh, kind))
    moments = [np.zeros(1, dtype) for _ in fresh.moments]
    fresh.t = 1
    try:
        _compiled(RULES[kind])(fresh, np.zeros(1, dtype), np.zeros(1, dtype), 0.1, *moments)
    except Exception:  # no compiler for this processor, no source to read
        return False
    return True


def _ask(who: object) -> None:
    with _LOCK:
        _ASKING.add(who)
        for kind, rule in RULES.items():
            kind.rule = _compiled(rule)
        Optimizer.block_size = 2**62  # one pass needs no blocks


def _let_go(who: object) -> None:
    with _LOCK:
        _ASKING.discard(who)
        if _ASKING:
            return
        for kind, rule in RULES.items():
            kind.rule = rule
        Optimizer.block_size = BLOCK


def _compiled(rule: Rule) -> Rule:
    def run(self: Optimizer, theta: Array, g: Array, rate: float, *moments: Array) -> None:
        loop, constants = _loop(rule, len(moments))
        number = theta.dtype.type
        names = {"self": self, "rate": rate}
        values = tuple(number(eval(one, rule.__globals__, names)) for one in constants)
        loop(theta, g, *moments, values)

    return run


@cache
def _loop(rule: Rule, moments: int) -> tuple[Rule, tuple[CodeType, ...]]:
    """Return the compiled loop of a rule with so many moments, and the code of its constants."""
    numba = extra("numba", "fast")
    function = ast.parse(textwrap.dedent(inspect.getsource(rule))).body[0]
    assert isinstance(function, ast.FunctionDef)
    names = [argument.arg for argument in function.args.args]
    arrays, absent = ["theta", "g", *names[4 : 4 + moments]], names[4 + moments :]
    reader = _Reader({*arrays}, dict.fromkeys(absent, ast.Constant(None)))
    body = [line for statement in function.body for line in reader.lines(statement)]
    text = "\n".join(
        [
            f"def loop({', '.join(f'{name}_all' for name in arrays)}, constants):",
            f"    for i in range({arrays[0]}_all.size):",
            *(f"        {name} = {name}_all[i]" for name in arrays),
            *(f"        {line}" for one in body for line in ast.unparse(one).splitlines()),
            *(f"        {name}_all[i] = {name}" for name in arrays if name != "g"),
        ]
    )
    namespace: dict[str, Any] = dict(rule.__globals__)
    exec(compile(text, f"<compiled {rule.__qualname__}>", "exec"), namespace)
    # NumPy's way to divide by 0, without which the loop is not vectorised.
    return numba.njit(error_model="numpy")(namespace["loop"]), tuple(reader.constants)


class _Reader(ast.NodeTransformer):
    """Takes out of a rule what is the same for every number of the vectors."""

    def __init__(self, arrays: set[str], known: dict[str, ast.expr]) -> None:
        self.arrays = arrays  # names that change from number to number
        self.known = known  # names that stand for a constant expression
        self.constants: list[CodeType] = []

    def lines(self, statement: ast.stmt) -> list[ast.stmt]:
        """Return what is left of a statement in the loop."""
        if isinstance(statement, ast.If):
            # Only "moment is not None" is asked for: it is known here.
            test = self._with_known(statement.test)
            is_there = bool(self._changes(test)) or eval(_code(test))
            chosen = statement.body if is_there else statement.orelse
            return [line for one in chosen for line in self.lines(one)]
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, self._with_known(statement.value)
            if not self._changes(value):
                self.known[name] = value
                return []
            self.arrays.add(name)
        return [self.visit(statement)]

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            known = self._with_known(node)
            if not self._changes(known):
                return self._constant(known)
        if isinstance(node, ast.Call):
            node.args = [self.visit(argument) for argument in node.args]
            return node
        return super().generic_visit(node)

    def _constant(self, expression: ast.expr) -> ast.expr:
        self.constants.append(_code(expression))
        return ast.parse(f"constants[{len(self.constants) - 1}]", mode="eval").body

    def _with_known(self, node: Any) -> Any:
        """Return a copy in which the names of constants are replaced by what they stand for."""
        known = self.known

        class Fill(ast.NodeTransformer):
            def visit_Name(self, name: ast.Name) -> ast.expr:
                return copy.deepcopy(known.get(name.id, name))

        return Fill().visit(copy.deepcopy(node))

    def _changes(self, node: ast.AST) -> bool:
        return any(isinstance(one, ast.Name) and one.id in self.arrays for one in ast.walk(node))


def _code(expression: ast.expr) -> CodeType:
    return compile(ast.fix_missing_locations(ast.Expression(expression)), "<constant>", "eval")
