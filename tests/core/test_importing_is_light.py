"""`import chainrule` loads NumPy and no other third-party package."""

import json
import subprocess
import sys

import pytest

PROGRAMME = """
import json, sys
before = set(sys.modules)
import chainrule
from importlib.metadata import packages_distributions
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(loaded & set(packages_distributions()))))
"""


def output_of(programme):
    done = subprocess.run(
        [sys.executable, "-c", programme], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


def test_numpy_and_nothing_else():
    assert set(json.loads(output_of(PROGRAMME))) <= {"chainrule", "numpy"}


def test_what_needs_more_is_not_loaded_before_its_first_use():
    loaded = output_of("import chainrule, sys; print(*sys.modules)").split()
    for module in ("storage", "evaluation", "plots", "data", "cli"):
        assert f"chainrule.{module}" not in loaded


def test_the_names_of_the_core_are_public():
    import chainrule

    for name in chainrule.__all__:
        if name not in chainrule._IMPORTED_ON_FIRST_USE:
            assert hasattr(chainrule, name)
    assert set(chainrule._IMPORTED_ON_FIRST_USE) <= set(chainrule.__all__) <= set(dir(chainrule))


def test_another_name_is_an_attribute_error():
    import chainrule

    with pytest.raises(AttributeError, match="no attribute 'Conv2D'"):
        _ = chainrule.Conv2D


def test_storage_is_imported_on_first_use():
    import chainrule
    from chainrule.storage import models as storage

    assert chainrule.save_model is storage.save_model
