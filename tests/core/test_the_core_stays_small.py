"""The core is five files, within 468 lines of code, on NumPy and the standard library alone."""

import ast
import sys
from pathlib import Path

import pytest

import chainrule
from lines import lines_of_code

HOUSE = Path(chainrule.__file__).parent
CORE = ["layers", "losses", "optimizers", "network", "training"]
PROOF = ["proof/audit", "proof/slopes", "proof/verdicts"]
ALLOWED = {f"chainrule.{name.replace('/', '.')}" for name in [*CORE, "checks", *PROOF]}
LINES_OF_CODE = 468
LINES_OF_THE_LOOP = 25


def source(name):
    return (HOUSE / f"{name}.py").read_text(encoding="utf-8")


def imported(tree):
    """Return the full names of all that is imported, inside functions as well."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names.update(whole if node.module == "chainrule" else {node.module})
    return names


def test_the_counter_counts_code_alone():
    text = (
        '"""Doc."""\n\n# comment\nx = (\n    1,\n)  # why\n\ndef f():\n    """Doc\n\n    it."""\n'
    )
    assert lines_of_code(text) == 4


def test_the_five_files_stay_within_their_budget():
    counts = {name: lines_of_code(source(name)) for name in CORE}
    assert sum(counts.values()) <= LINES_OF_CODE, counts


@pytest.mark.parametrize("name", [*CORE, "checks", *PROOF])
def test_imports_are_numpy_the_core_and_the_standard_library(name):
    for module in imported(ast.parse(source(name))):
        top = module.split(".")[0]
        assert top in {"numpy", *sys.stdlib_module_names} or module in ALLOWED, module


def test_nothing_is_imported_by_call():
    for name in CORE:
        assert "import_module" not in source(name)
        assert "__import__" not in source(name)


def test_the_loop_over_epochs_reads_at_a_glance():
    functions = [n for n in ast.parse(source("training")).body if isinstance(n, ast.FunctionDef)]
    (train_network,) = (n for n in functions if n.name == "train_network")
    (loop,) = (n for n in train_network.body if isinstance(n, ast.For))
    assert loop.target.id == "epoch"
    assert loop.body[-1].end_lineno - loop.body[0].lineno + 1 <= LINES_OF_THE_LOOP
