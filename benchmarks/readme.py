"""README's quoted numbers, run again: ``python -m benchmarks.readme``.

Every command of README that is followed by an indented quote, and every row of its table of
results, is run in an empty folder; what README quotes has to stand in the output. Times are left
out. Another machine or BLAS gives other bits, so a difference elsewhere is no fault.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```sh\n(.*?)^```$\n(.*?)(?=^```|^## |\Z)", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| `(chainrule .*?)`.*?\| (.*?) \| (.*?) \|$", re.MULTILINE)


def quotes(readme: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of README with the lines that its output has to hold."""
    for commands, text in BLOCK.findall(readme):
        lines = [" ".join(line.split()) for line in re.findall(r"^ {4}(.*)$", text, re.MULTILINE)]
        if lines:
            timed = lines[0].endswith(" seconds")
            command = commands.splitlines()[-1].split("&&")[-1].partition("#")[0].strip()
            yield command, [line.rpartition(" ")[0] if timed else line for line in lines]
    for command, *cells in ROW.findall(readme):
        yield command, [" ".join(re.findall(r"[\d.]+", cell)) for cell in cells]


def output_of(command: str, folder: Path) -> str:
    """Run a command of README in a folder; return what it prints, in words."""
    words = [sys.executable, "-m", *command.removeprefix(".venv/bin/").split()]
    print(f"$ {command}", file=sys.stderr)
    ran = subprocess.run(words, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return " ".join(ran.stdout.split())


def main() -> int:
    """Compare every quote; return how many commands print something else."""
    wrong = 0
    for command, lines in quotes((ROOT / "README.md").read_text(encoding="utf-8")):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "examples").symlink_to(ROOT / "examples")
            printed = output_of(command, Path(folder))
        plain = printed.replace("%", "")
        missing = [line for line in lines if line not in printed and line not in plain]
        wrong += bool(missing)
        print(f"{'no ' if missing else 'ok '} {command}")
        for line in missing:
            print(f"     README says {line!r}, the output does not")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
