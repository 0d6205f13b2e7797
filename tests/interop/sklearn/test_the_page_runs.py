"""Every example of docs/sklearn.md runs as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "sklearn.md"
EXAMPLES = re.findall(r"^## (.*?)\n.*?^```python\n(.*?)^```", PAGE.read_text(), re.S | re.M)


def test_the_four_examples_are_there():
    assert [title for title, _ in EXAMPLES] == [
        "A pipeline",
        "A grid search",
        "Validation curves",
        "Export",
    ]


@pytest.mark.parametrize(("title", "code"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_example(title, code, tmp_path, monkeypatch, capsys):
    if "matplotlib" in code:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, title, "exec"), {"__name__": "example"})
    assert capsys.readouterr().out
