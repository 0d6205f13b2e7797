"""Times what a user waits for before anything happens: imports and help texts.

Run: python benchmarks/start_up.py
Whole processes, in turn, so that the machine's moods fall on all alike.
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "import numpy": [sys.executable, "-c", "import numpy"],
    "import chainrule": [sys.executable, "-c", "import chainrule"],
    "chainrule --help": [sys.executable, "-m", "chainrule", "--help"],
    "chainrule compare --help": [sys.executable, "-m", "chainrule", "compare", "--help"],
    "chainrule data status --help": [sys.executable, "-m", "chainrule", "data", "status", "--help"],
}
REPEATS = 15


def seconds_of(command):
    """Return how long a process takes from its start to its end."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


for command in COMMANDS.values():
    seconds_of(command)  # so that compiled files and the disk's cache are there
times = {name: [] for name in COMMANDS}
for _ in range(REPEATS):
    for name, command in COMMANDS.items():
        times[name].append(seconds_of(command))

base = statistics.median(times["import numpy"])
print(f"{'median of ' + str(REPEATS):<32}{'seconds':>9}{'ratio':>8}")
for name, measured in times.items():
    median = statistics.median(measured)
    print(f"{name:<32}{median:>9.3f}{median / base:>8.2f}")
