"""What pages take from the programme itself, so that it cannot drift.

A line ``% generated: WHAT`` in a page is replaced by Markdown: ``gallery`` (the planted bugs),
``options of chainrule ...`` (of a command), ``optimizers`` (the table of their names), ``lessons``
(their list), ``pages of lessons`` (their table of contents), ``programme ...`` (of examples/steps,
beside the one before), ``printed by ...`` (what it prints).
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from textwrap import dedent
from types import FunctionType
from typing import Any

import steps

import chainrule
from chainrule import losses, softmax_crossentropy_with_logits
from chainrule.cli import COMMANDS
from chainrule.data.preprocess import Standardisation
from chainrule.lessons import LESSONS
from chainrule.optimizers import Optimizer
from chainrule.proof import faults
from chainrule.proof.faults import FAULTS, Fault, standardise_each_pixel
from chainrule.training import epoch_batches

PLACE = re.compile(r"^% generated: (.+)$", re.MULTILINE)

# The sections of the gallery, by the module of the part that a bug is a variant of.
SECTIONS = {
    "chainrule.layers": "Layers",
    "chainrule.losses": "Losses",
    "chainrule.optimizers": "Optimizers",
    "chainrule.training": "Training",
    "chainrule.proof.faults": "Preprocessing",
}

# What is right, where it is not the methods or the function that a bug is a variant of.
RIGHT = {
    "never-averaged": [softmax_crossentropy_with_logits, losses._mean_over_batch],
    "t-per-layer": [Optimizer.update],
    "t-restarted": [Optimizer.update],
    "labels-shuffled-apart": [epoch_batches],
    "batches-only-shuffled": [epoch_batches],
    "examples-missed": [epoch_batches],
    "tiny-deviation": [standardise_each_pixel, Standardisation.apply],
}


def setup(app: Any) -> dict[str, Any]:
    """Fill the places of each page as it is read."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fill(app: Any, page: str, source: list[str]) -> None:
    """Replace each place in a page by its Markdown."""
    docs = Path(app.srcdir)
    source[0] = PLACE.sub(lambda place: markdown(place[1], docs, page), source[0])


def markdown(what: str, docs: Path, page: str) -> str:
    """Return the Markdown that a place asks for."""
    if what == "gallery":
        return "\n".join(_gallery(docs))
    if what == "optimizers":
        return "\n".join(_optimizers())
    if what == "lessons":
        return "\n".join(_lessons(docs / Path(page).parent))
    if what == "pages of lessons":
        return "\n".join(_pages_of_lessons(docs / Path(page).parent))
    if what.startswith("programme "):
        return "\n".join(steps.programme(what.removeprefix("programme ")))
    if what.startswith("printed by "):
        return "\n".join(steps.printed(what.removeprefix("printed by ")))
    if what.startswith("options of chainrule "):
        return "\n".join(_options(what.removeprefix("options of chainrule ").split()))
    raise ValueError(f"nothing generates {what!r}")


# ---- the gallery ----


def _gallery(docs: Path) -> Iterator[str]:
    sections: dict[str, list[Fault]] = {title: [] for title in SECTIONS.values()}
    for fault in FAULTS.values():
        sections[SECTIONS[fault.healthy.__module__]].append(fault)
    for title, members in sections.items():
        yield f"## {title}\n"
        for fault in members:
            yield from _exhibit(fault, docs)


def _exhibit(fault: Fault, docs: Path) -> Iterator[str]:
    verdict = fault.diagnose()
    facts = {
        "Symptom": _plain(fault.symptom),
        "Cause": _plain(fault.explanation),
        "Caught by": f"{_plain(fault.tool)}: “{_plain(verdict.sentence)}”",
        "Fix": _plain(fault.fix),
        "Stood in": _plain(fault.origin) or "no one place: a mistake that anyone makes",
    }
    if exercises := list(_exercises(fault.name, docs)):
        facts["Exercise"] = "; ".join(exercises)
    yield f"### {fault.name}\n"
    yield from ("{.facts}", *(f"{name}\n: {text}\n" for name, text in facts.items()))
    yield from ("`````{tab-set}", "````{tab-item} Wrong")
    yield from ("```python", wrong_source(fault), "```", "````", "````{tab-item} Right")
    yield from ("```python", right_source(fault), "```", "````", "`````\n")
    yield from ("```sh", f"chainrule check --planted {fault.name}", "```\n")


def _exercises(name: str, docs: Path) -> Iterator[str]:
    """Yield where a lesson knows the bug as a wrong answer."""
    for one in LESSONS:
        parts = [p.name for p in one.parts if any(w.name == name for w in p.wrong_answers)]
        if parts:
            title = f"lesson {one.number}"
            if (docs / "lessons" / f"{one.page}.md").exists():
                title = f"[{title}](lessons/{one.page}.md)"
            yield f"{title}, {', '.join(f'`{part}`' for part in parts)}"


def wrong_source(fault: Fault) -> str:
    """Return the source of the faulty part, with the helpers that it leans on."""
    part = fault.part
    if isinstance(part, type):
        own = set(vars(part))
        bases = part.__mro__[1 : part.__mro__.index(fault.healthy)]
        inherited = [
            inspect.getsource(method)
            for base in bases
            for name, method in vars(base).items()
            if isinstance(method, FunctionType) and name not in own
        ]
        return "\n".join([inspect.getsource(part), *inherited]).rstrip()
    helpers = [vars(faults)[name] for name in part.__code__.co_names if name.startswith("_")]
    return _sources([part, *helpers])


def right_source(fault: Fault) -> str:
    """Return the source of what the fault is a variant of: of a class, the methods in question."""
    right = fault.healthy
    if fault.name in RIGHT or not isinstance(right, type):
        return _sources(RIGHT.get(fault.name, [right]))
    lines: list[str] = []
    owner: type | None = None
    for name, wrong in vars(fault.part).items():
        found = next((one for one in right.__mro__ if name in vars(one)), None)
        if not isinstance(wrong, FunctionType) or found is None:
            continue
        if found is not owner:
            owner = found
            lines += [_class_line(found)]
        lines += [inspect.getsource(vars(found)[name])]
    return "\n".join(lines).rstrip()


def _class_line(owner: type) -> str:
    source = inspect.getsource(owner).splitlines()
    return next(line for line in source if line.startswith("class ")) + "\n"


def _sources(functions: Sequence[Callable[..., Any]]) -> str:
    return "\n\n\n".join(map(_without_long_docstring, functions))


def _without_long_docstring(function: Callable[..., Any]) -> str:
    """Return the source, of the docstring no more than the first line."""
    source = dedent(inspect.getsource(function)).rstrip()
    first = ast.parse(source).body[0].body[0]
    lines = source.splitlines()
    if first.end_lineno > first.lineno:
        summary = lines[first.lineno - 1]
        lines[first.lineno - 1 : first.end_lineno] = [f'{summary}"""']
    owner = function.__qualname__.rpartition(".")[0]
    return "\n".join([*([f"# of {owner}"] if owner else []), *lines])


# ---- the lessons ----


def _lessons(folder: Path) -> Iterator[str]:
    """Yield the list of the lessons, each with what is to be written."""
    for one in LESSONS:
        is_there = (folder / f"{one.page}.md").exists()
        title = f"[{one.title}]({one.page}.md)" if is_there else one.title
        yield f"{one.number}. **{title}**, {one.minutes} minutes. You write"
        yield f"   {', '.join(f'`{part.name}`' for part in one.parts)}."
    yield ""
    yield from _pages_of_lessons(folder, ":hidden:\n")


def _pages_of_lessons(folder: Path, option: str = "") -> Iterator[str]:
    """Yield a table of contents of the lessons' pages in a folder: of those that there are."""
    yield f"```{{toctree}}\n{option}:maxdepth: 1\n"
    for one in LESSONS:
        if (folder / f"{one.page}.md").exists():
            yield f"{one.number}. {one.title} <{one.page}>"
    yield "```\n"


# ---- the options of a command ----


def _options(words: list[str]) -> Iterator[str]:
    parser = argparse.ArgumentParser(prog="chainrule")
    commands = parser.add_subparsers()
    for command in COMMANDS:
        command.add_parser(commands)
    for word in words:
        actions = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
        parser = actions.choices[word]
    yield f"```{{program}} chainrule {' '.join(words)}\n```\n"
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            yield f"```{{option}} {_signature(action)}\n{_plain(str(action.help))}\n```\n"


def _signature(action: argparse.Action) -> str:
    """Return an option as ``--help`` shows it."""
    choices = f"{{{','.join(map(str, action.choices))}}}" if action.choices else ""
    value = str(action.metavar or choices or action.dest.upper())
    forms = {"+": f"{value} [{value} ...]", "*": f"[{value} ...]", "?": f"[{value}]", 0: ""}
    value = forms.get(action.nargs, value)
    return " ".join([*action.option_strings[:1], value]).strip()


# ---- the optimizers ----


def _optimizers() -> Iterator[str]:
    yield "| name | made by | default rate |\n| --- | --- | --- |"
    for name, (constructor, rate) in chainrule.OPTIMIZERS.items():
        made_by = constructor.func if isinstance(constructor, partial) else constructor
        given = constructor.keywords if isinstance(constructor, partial) else {}
        arguments = ", ".join(f"{key}={value!r}" for key, value in given.items())
        yield f"| `{name}` | `{made_by.__name__}({arguments})` | {rate} |"
    yield ""


def _plain(text: str) -> str:
    """Return text whose signs mean nothing in Markdown."""
    return re.sub(r"([\\`*_\[\]<>$|{}])", r"\\\1", text)
