"""Without scikit-learn or safetensors, the message says which extra to install."""

import subprocess
import sys

import pytest

PROGRAMME = """
import sys
sys.modules[{package!r}] = None
import chainrule
try:
    {statement}
except chainrule.checks.ChainruleError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("package", "extra", "statement"),
    [
        ("sklearn", "sklearn", "import chainrule.interop.sklearn"),
        (
            "safetensors",
            "safetensors",
            "from chainrule.interop.safetensors import export_safetensors as export; "
            "export(chainrule.Network([chainrule.Dense(2, 2)]), 'it')",
        ),
    ],
)
def test_the_message(package, extra, statement, tmp_path):
    programme = PROGRAMME.format(package=package, statement=statement)
    ran = subprocess.run(
        [sys.executable, "-c", programme], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert f"pip install 'chainrule[{extra}]'" in ran.stdout


def test_the_core_loads_neither(tmp_path):
    programme = "import sys, chainrule; print({'sklearn', 'scipy', 'safetensors'} & {*sys.modules})"
    ran = subprocess.run(
        [sys.executable, "-c", programme], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert ran.stdout.strip() == "set()"
