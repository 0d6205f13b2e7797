"""`chainrule` with nothing drawn and no report, as its peers leave it: the rest of its time.

Run: python -m benchmarks.undrawn compare --out FOLDER
"""

import sys

from chainrule import cli
from chainrule.experiments import compare

compare.draw = lambda folder, figures, say, drawn=(): set()
compare.write_report = lambda folder: None
sys.exit(cli.main())
