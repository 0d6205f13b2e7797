import os
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from figure_cases import CASES, counts, history
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from chainrule import plots
from chainrule.checks import ChainruleError


def run(code, tmp_path):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")
    }
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_loads_no_matplotlib(tmp_path):
    code = "import sys, chainrule.plots; print('matplotlib' in sys.modules, 'PIL' in sys.modules)"
    result = run(code, tmp_path)
    assert (result.stdout, result.stderr) == ("False False\n", "")


def test_drawing_and_saving_never_imports_pyplot(tmp_path):
    code = """
import sys
from chainrule import plots
figure = plots.training_comparison([{"loss": [1, 0.1], "val_accuracy": [0.8, 0.9]}], ["Adam"])
plots.save_figure(figure, "a.png")
plots.save_figure(plots.confusion([[5, 1], [0, 4]]), "b.png")
plots.save_figure(plots.first_layer([[0.1], [-0.2], [0.3], [0.0]], (2, 2)), "c.png")
print("matplotlib.pyplot" in sys.modules)
"""
    result = run(code, tmp_path)
    assert (result.stdout, result.stderr) == ("False\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png", "c.png"]


def test_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ChainruleError, match=r"pip install 'chainrule\[mnist\]'"):
        plots.confusion(counts())


@pytest.mark.parametrize("case", CASES)
def test_a_given_figure_is_drawn_on_and_returned(case):
    figure = Figure()
    assert CASES[case](figure=figure) is figure
    assert tuple(figure.get_size_inches()) == tuple(CASES[case]().get_size_inches())


def test_a_given_figure_keeps_a_size_of_its_own():
    figure = plots.confusion(counts(), figure=Figure(figsize=(7, 7)))
    assert tuple(figure.get_size_inches()) == (7, 7)


def test_one_figure_can_be_drawn_on_again_and_again(tmp_path):
    figure = Figure(figsize=(10, 6))
    for case in ("ten classes", "first layer", "predictions", "comparison", "no mistake"):
        CASES[case](figure=figure)
        again = plots.save_figure(figure, tmp_path / "again.png").read_bytes()
        fresh = CASES[case](figure=Figure(figsize=(10, 6)))
        assert plots.save_figure(fresh, tmp_path / "fresh.png").read_bytes() == again


def test_the_users_style_neither_shows_nor_changes(tmp_path):
    def picture(name):
        figure = plots.training_comparison([history(0.97)], ["Adam"])
        return plots.save_figure(figure, tmp_path / name).read_bytes()

    usual = picture("usual.png")
    with matplotlib.style.context("dark_background"):
        matplotlib.rcParams.update({"font.family": "serif", "savefig.bbox": "tight"})
        before = dict(matplotlib.rcParams)
        assert picture("dark.png") == usual
        assert dict(matplotlib.rcParams) == before


def test_a_pyplot_figure_shown_under_a_dark_style_stays_readable():
    with matplotlib.style.context("dark_background"):
        matplotlib.rcParams["font.family"] = "serif"
        figure = plots.training_comparison([history(0.97)], ["Adam"], figure=Figure())
        FigureCanvasAgg(figure).draw()
        for axes in figure.axes:
            for label in (*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label):
                assert label.get_fontfamily() == ["DejaVu Sans"]
                assert np.mean(matplotlib.colors.to_rgb(label.get_color())) < 0.3
        assert figure.get_facecolor() == (1, 1, 1, 1)


def test_signs_of_formulas_in_names_are_written_as_they_are(tmp_path):
    figure = plots.confusion([[1, 0], [0, 1]], classes=["$x_1$", r"$\frac$"], title="a $ and a $")
    plots.save_figure(figure, tmp_path / "names.png")
