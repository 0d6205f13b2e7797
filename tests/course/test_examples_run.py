import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def output_of(example, folder):
    return subprocess.run(
        [sys.executable, str(EXAMPLES / example)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_an_own_layer_is_proved_and_learns(tmp_path):
    said = output_of("own_layer.py", tmp_path)
    assert float(re.search(r"largest error of a gradient: (\S+)", said).group(1)) < 1e-8
    accuracies = [float(share) for share in re.findall(r"accuracy ([\d.]+)%", said)]
    assert accuracies[-1] > accuracies[0]
    assert accuracies[-1] > 90


def test_an_own_optimizer_learns(tmp_path):
    accuracies = re.findall(r"accuracy ([\d.]+)%", output_of("own_optimizer.py", tmp_path))
    assert float(accuracies[-1]) > 80


def test_no_example_leaves_a_file(tmp_path):
    for example in ("own_layer.py", "own_optimizer.py"):
        output_of(example, tmp_path)
    assert not list(tmp_path.iterdir())
