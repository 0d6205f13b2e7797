"""The course's driver code, unchanged, and our own programme of the same calls."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COURSE = ROOT.parent / "shared" / "course.md"
PICTURES = ["samples", "confusion", "confusion", "training_comparison", "predictions"]


def run(folder, *command, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def saved_pictures(folder):
    names = sorted(path.stem for path in (folder / "figures").iterdir())
    assert [name[:2] for name in names] == ["01", "02", "03", "04", "05"]
    return [name[3:] for name in names]


def driver_of(course):
    """Return the driver code: what stands in the document's code but for its definitions."""
    _, _, driver = course.partition("Let's load and preprocess the data:")
    blocks = re.findall(r"```python\n(.*?)```", driver, re.DOTALL)
    without_definitions = (re.sub(r"^def .*?(?=^\S|\Z)", "", b, flags=re.S | re.M) for b in blocks)
    return "\n".join(without_definitions)


def test_our_own_programme_ends_with_both_accuracies_and_five_pictures(mnist_folder, tmp_path):
    said = run(tmp_path, str(ROOT / "examples" / "course.py"), "1", MPLBACKEND="agg")
    accuracies = [float(share) for share in re.findall(r"Test accuracy: ([\d.]+)%", said)]
    assert len(accuracies) == 2
    assert min(accuracies) > 90
    assert saved_pictures(tmp_path) == PICTURES


RECORDING_BACKEND = """
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
from matplotlib.backend_bases import FigureManagerBase
import matplotlib._pylab_helpers as helpers

class FigureManager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block=None):
        for manager in helpers.Gcf.get_all_fig_managers():
            manager.canvas.draw()
            print("SHOWN", manager.canvas.figure.get_label())
            helpers.Gcf.destroy(manager)

FigureCanvas.manager_class = FigureManager
"""


def test_with_a_screen_the_pictures_are_shown_and_no_file_is_written(mnist_folder, tmp_path):
    (tmp_path / "screen.py").write_text(RECORDING_BACKEND)
    said = run(
        tmp_path,
        str(ROOT / "examples" / "course.py"),
        "1",
        MPLBACKEND="module://screen",
        PYTHONPATH=str(tmp_path),
    )
    assert said.count("SHOWN") == 5
    assert not (tmp_path / "figures").exists()


@pytest.mark.long
@pytest.mark.skipif(not COURSE.exists(), reason="the course document is not beside the checkout")
def test_the_driver_code_of_the_course_runs_unchanged(mnist_folder, tmp_path):
    programme = tmp_path / "driver.py"
    imports = "from chainrule import *\nimport numpy as np\nnp.random.seed(0)\n"
    programme.write_text(imports + driver_of(COURSE.read_text()))
    said = run(tmp_path, str(programme), MPLBACKEND="agg")
    adam, sgd = (
        float(re.search(rf"{name} accuracy: ([\d.]+)%", said).group(1)) for name in ("Adam", "SGD")
    )
    # The driver draws its images from NumPy's global generator, seeded above. The course's own
    # gradient (89.6 %) falls through these floors.
    assert adam > 96.0
    assert sgd > 96.0
    assert saved_pictures(tmp_path) == PICTURES
