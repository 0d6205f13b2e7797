"""Every example of docs/sklearn.md runs as it stands, with what its text says to install."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from test_scikit_learns_own_tests_pass import DIFFERING

PAGE = (Path(__file__).parents[3] / "docs" / "sklearn.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.S | re.M)
CODE, INSTALL = r"^```python\n(.*?)^```", r"pip install (-e '\.\[.*?)[\n`]"
ALONE = "-e '.[sklearn]'"
EXAMPLES = [
    (title, (re.findall(INSTALL, text) or [ALONE])[0], code)
    for title, text in SECTION.findall(PAGE)
    for code in re.findall(CODE, text, re.S | re.M)
]
PROGRAMME = """
import sys
import warnings

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, NotInstalled())
from sklearn.exceptions import ConvergenceWarning
warnings.simplefilter("error")
warnings.simplefilter("ignore", ConvergenceWarning)
exec(compile(open("example.py", encoding="utf-8").read(), "example.py", "exec"), {{}})
"""


def test_the_examples_are_there():
    assert [title for title, *_ in EXAMPLES] == [
        "A mixed table",
        "A pipeline",
        "Small tables: L-BFGS",
        "A grid search",
        "Validation curves",
        "Export",
        "A pipeline as ONNX",
    ]


def closure(install):
    """Return the distributions that a pip command brings, with all that they require."""
    extras = re.search(r"\[(.*?)\]", install)[1].split(",")
    waiting = [("chainrule", extra) for extra in ["", *extras]]
    waiting += [(name, "") for name in install.split()[2:]]
    found = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for line in metadata.requires(name) or []:
            one = Requirement(line)
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                waiting += [(one.name, wanted) for wanted in ["", *one.extras]]
    return {name.lower().replace("_", "-") for name, _ in found}


@pytest.mark.parametrize(("title", "install", "code"), EXAMPLES, ids=[one[0] for one in EXAMPLES])
def test_an_example(title, install, code, tmp_path):
    try:
        there = closure(install)
    except metadata.PackageNotFoundError as error:
        pytest.skip(f"{error.name} is not installed")
    missing = {
        module
        for module, names in metadata.packages_distributions().items()
        if not {name.lower().replace("_", "-") for name in names} & there
    }
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    programme = PROGRAMME.format(missing=missing - sys.stdlib_module_names)
    ran = subprocess.run(
        [sys.executable, "-c", programme], cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
    assert "False" not in ran.stdout


def test_the_tests_that_differ_are_those_of_the_page():
    listed = re.findall(r"^\| `(test_\S+)` \| ([\d.]+) \| (.*?) \|$", PAGE, re.M)
    assert listed == [
        (name, ".".join(map(str, since)), why) for name, (since, why) in DIFFERING.items()
    ]
