"""The house: code lines by room, which only fall, and the floors, which its page shows."""

import re
import tomllib
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import chainrule
from lines import lines_of_code

ROOT = Path(__file__).parents[1]
HOUSE = Path(chainrule.__file__).parent
CORE = {"layers", "losses", "optimizers", "network", "training"}

# Code lines, hints of wrong answers included. A number falls with the code; it grows in the commit
# of the feature that needs it, with the reason beside it.
ROOMS = {
    "core": 468,
    "checks": 443,  # rows are told the epoch; bounded slices; finite in one pass; gathering
    "terminal": 97,  # streams of any encoding or none, and commands that can be pasted
    "compiled": 142,  # whether it is worth it, decided and tried
    "threads": 95,  # one_thread, and the limit of the estimators
    "storage": 450,  # file systems without locks, fsync or renaming; the columns of tables
    # classes with gaps, EMNIST, homes that are missing, a network that never answers; folders of
    # pictures: what is in them, their test part, and how they are scaled; converting; distortions
    # images that stay bytes
    "data": 2035,
    "plots": 1117,  # copies; names in any alphabet, of classes; backends; signed values
    "proof": 1485,
    # tables, classes with gaps; photographs: sheet, light, lines, digits, doubts; pictures as the
    # model file says, folders of them judged, the data that a model names; likeness to what was
    # learned from
    "reading": 1382,
    # distortions, early stopping, --size; races, moved data, processes ahead and how they end
    "experiments": 2248,
    # signed values in their own colours; what a part borrows, seconds of
    # computing; cases of all sizes against what is clipped, rounded or forgotten; a class: what
    # platforms hand over, the check of all of it, its page and table
    "lessons": 4551,
    # pictures behind the gate, other sizes and classes, a network behind the page; what is no
    # digit; one weight followed through the walk back: terms, sums, ways, curve, steps, questions;
    # Learn: runs that are rewound to the bit and branch, and whose dead are the same on every way
    "lab": 2597,
    "interop": 1210,  # threads, tables, dates as labels; L-BFGS, sparse tables, weights put in
    "cli": 1303,  # options of training; folders of pictures, data convert; a class
    "__init__": 132,
    "__main__": 2,
}
SLACK = 20  # below its number a room may be before the number has to fall


def rooms():
    """Count the code lines of each room."""
    counts = Counter()
    for path in HOUSE.rglob("*.py"):
        place = path.relative_to(HOUSE).with_suffix("").parts[0]
        text = path.read_text(encoding="utf-8")
        hints = path.name == "mistakes.py"
        counts["core" if place in CORE else place] += lines_of_code(text, hints)
    return counts


def test_every_room_stays_within_its_number():
    counts = rooms()
    assert set(counts) == set(ROOMS)
    assert {room: n for room, n in counts.items() if n > ROOMS[room]} == {}


def test_the_numbers_fall_with_the_code():
    counts = rooms()
    assert {room: counts[room] for room, n in ROOMS.items() if n - counts[room] > SLACK} == {}


@pytest.fixture(scope="module")
def page():
    """Return docs/design.md."""
    return (ROOT / "docs" / "design.md").read_text(encoding="utf-8")


def test_the_floors_on_the_page_are_those_that_import_linter_holds(page):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        one for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers"
    )
    held = [set(floor.split(" | ")) for floor in contract["layers"] if floor != "__main__"]
    picture = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1]
    shown = [set(line.split("  ")[0].split(" | ")) for line in picture.strip().splitlines()]
    assert shown == held


def test_the_walk_names_functions_that_there_are(page):
    stations = re.findall(r"`([\w.]+\.[\w.]+)`", re.split("^## ", page, flags=re.MULTILINE)[2])
    assert len(stations) >= 15
    for station in stations:
        module, _, name = station.rpartition(".")
        try:
            owner = import_module(f"chainrule.{module}")
        except ModuleNotFoundError:
            module, _, kind = module.rpartition(".")
            owner = getattr(import_module(f"chainrule.{module}"), kind)
        assert hasattr(owner, name), station
