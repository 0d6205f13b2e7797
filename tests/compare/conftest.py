import pytest

from chainrule import cli


@pytest.fixture
def working_folder(tmp_path, monkeypatch):
    """Stand in an empty folder, without CHAINRULE_DATA."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    return tmp_path


def words(stripes, *arguments):
    """Return a command line that compares on the stripes, two epochs, one lane at a time."""
    return ["compare", "--data", str(stripes), "--epochs", "2", "--jobs", "1", *arguments]


@pytest.fixture
def compare(working_folder, stripes):
    """Return a function that runs ``chainrule compare`` on the stripes; it returns the status."""
    return lambda *arguments: cli.main(words(stripes, *arguments))


@pytest.fixture(scope="module")
def compared(tmp_path_factory, stripes):
    """Return a function that runs ``chainrule compare`` as well, and returns its run folder."""

    def run(*arguments):
        folder = tmp_path_factory.mktemp("compared") / "out"
        assert cli.main([*words(stripes, *arguments), "--out", str(folder)]) == 0
        return folder

    return run
