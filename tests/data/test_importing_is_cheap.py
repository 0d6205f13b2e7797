"""Importing chainrule.data adds nothing to chainrule that takes time."""

import subprocess
import sys

PROGRAMME = """
import sys
import chainrule
before = set(sys.modules)
import chainrule.data
print(*sorted(set(sys.modules) - before))
"""

HEAVY = {"concurrent", "gzip", "hashlib", "http", "multiprocessing", "pathlib", "socket", "ssl"}
HEAVY |= {"subprocess", "tempfile", "urllib", "zipfile"}


def test_nothing_heavy_is_loaded():
    command = [sys.executable, "-c", PROGRAMME]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    roots = {name.partition(".")[0] for name in loaded}
    assert "chainrule.data.mnist" in loaded
    assert not roots & HEAVY
    assert roots - {"chainrule", "numpy"} <= set(sys.stdlib_module_names)
