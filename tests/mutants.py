"""Draw mutants of the core at random, and count how many its own tests kill.

Run by hand, in about ten minutes on two cores: ``pip install cosmic-ray``, then

    python tests/mutants.py --count 300 --seed 0

Each mutant is one small change to one of the five files, made by cosmic-ray; it is killed if
``pytest tests/core`` fails. Changes to annotations alone are not drawn: they are never evaluated.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome

ROOT = Path(__file__).parents[1]
CORE = [
    Path("src/chainrule") / f"{name}.py"
    for name in ("layers", "losses", "optimizers", "network", "training")
]
CONFIG = """
[cosmic-ray]
module-path = "src/chainrule"
timeout = 60.0
excluded-modules = []
test-command = "{python} -m pytest -x -q -p no:cacheprovider tests/core"
distributor.name = "local"
"""


def annotations(path):
    """Return the places of all annotations of a file, as ((line, column), (line, column))."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = [getattr(node, name, None) for node in nodes for name in ("annotation", "returns")]
    return [
        ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
        for node in found
        if node is not None
    ]


def draw(count, seed):
    """Return `count` mutants that change what is evaluated, and how many there are in all."""
    with use_db(":memory:", WorkDB.Mode.create) as session:
        init(CORE, session, {})
        items = session.work_items
    places = {path: annotations(path) for path in CORE}

    def is_evaluated(item):
        mutation = item.mutations[0]
        start = tuple(mutation.start_pos)
        return not any(first <= start < last for first, last in places[mutation.module_path])

    evaluated = sorted(filter(is_evaluated, items), key=lambda item: repr(item.mutations))
    return random.Random(seed).sample(evaluated, count), len(evaluated)


def start(folder, items):
    """Start to judge mutants in a copy of the project."""
    ignored = shutil.ignore_patterns(".*", "runs", "__pycache__")
    shutil.copytree(ROOT, folder, ignore=ignored)
    (folder / "mutants.toml").write_text(CONFIG.format(python=sys.executable), encoding="utf-8")
    with use_db(folder / "mutants.sqlite", WorkDB.Mode.create) as session:
        session.add_work_items(items)
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "cosmic_ray.cli", "exec", "mutants.toml", "mutants.sqlite"]
    return subprocess.Popen(command, cwd=folder, env=environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    os.chdir(ROOT)
    drawn, count = draw(options.count, options.seed)
    print(f"{len(drawn)} of {count} mutants, seed {options.seed}", flush=True)

    with tempfile.TemporaryDirectory() as workshop:
        folders = [Path(workshop) / str(job) for job in range(options.jobs)]
        running = [start(folder, drawn[job :: options.jobs]) for job, folder in enumerate(folders)]
        for process in running:
            process.wait()
        results = []
        for folder in folders:
            with use_db(folder / "mutants.sqlite", WorkDB.Mode.open) as session:
                results += [result for _, result in session.results]

    survived = [one for one in results if one.test_outcome == TestOutcome.SURVIVED]
    for one in survived:
        print(f"\n{one.diff}")
    killed = len(results) - len(survived)
    print(f"\n{killed} of {len(results)} killed, {killed / len(results):.1%}")


if __name__ == "__main__":
    main()
