"""A process that measures one job: JSON comes in on stdin and goes out on stdout.

Started by `benchmarks.processes`, with the number of threads in its environment.
"""

import json
import os
import sys

from benchmarks.measure import MEASURES


def main():
    """Measure, and print the result as the only thing on stdout."""
    job = json.load(sys.stdin)
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)  # what libraries print goes to stderr
        json.dump(MEASURES[job["measure"]](job), answer)


if __name__ == "__main__":
    main()
