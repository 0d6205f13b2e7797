"""Each of the seven programmes is run once, for all tests of what it prints."""

import matplotlib as mpl
import pytest
from seven import run, source_of

mpl.use("agg")


@pytest.fixture(scope="session")
def told(tmp_path_factory):
    """Return a function: what a programme prints, and its variables, in the order of the files."""
    known = {}

    def of(name):
        if name not in known:
            known[name] = run(source_of(name), tmp_path_factory.mktemp(name))
        return known[name]

    return of
