"""Lets the tests import the folder `benchmarks`, which is not part of the package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
