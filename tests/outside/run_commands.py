"""The command as a process of its own, on a system that lacks something."""

import os
import subprocess
import sys

COMMAND = """
import sys
from chainrule.cli import main
sys.exit(main(sys.argv[1:]))
"""


def started(*words, cwd, before="", **variables):
    """Start the command in a working folder, once the code `before` has run."""
    kept = {name: value for name, value in os.environ.items() if name != "CHAINRULE_DATA"}
    return subprocess.Popen(
        [sys.executable, "-c", before + COMMAND, *map(str, words)],
        cwd=cwd,
        env=kept | {name: str(value) for name, value in variables.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    """Wait for the end; return the status and what was said on stderr."""
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def is_one_sentence(errors):
    """Whether nothing was said but what is wrong."""
    return errors.startswith("chainrule: error: ") and errors.count("\n") == 1
