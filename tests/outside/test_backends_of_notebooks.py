"""A command draws its files whatever MPLBACKEND says; pictures to be shown are shown or saved."""

import pytest

MISSING = "module://ipympl.backend_nbagg"  # what a notebook with ipympl hands to its programmes
DRAWS = (
    "from chainrule import History, plot_training_comparison as plot\n"
    "history = History()\n"
    "history.append(1, 0.5, 1, 0.5, 0.1, 1, 1)\n"
    "plot(history, history)"
)


@pytest.mark.parametrize("backend", [MISSING, "no-such-backend", "module://no.such.module"])
def test_a_training_needs_no_backend(run, small, tmp_path, backend):
    ended = run("train", *small, "--out", tmp_path / "run", MPLBACKEND=backend)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "run" / "figures" / "confusion.png").exists()


@pytest.mark.parametrize("backend", [MISSING, "no-such-backend", "module://no.such.module"])
def test_the_courses_pictures_are_saved_and_a_sentence_says_why(run, tmp_path, backend):
    ended = run(start=("-c", DRAWS), folder=tmp_path, MPLBACKEND=backend)
    assert ended.returncode == 0, ended.stderr
    saved, _, reason = ended.stdout.partition(" (")
    assert saved == "Saved figures/01-training_comparison.png"
    assert "it cannot be shown: " in reason
    assert backend.removeprefix("module://").partition(".")[0] in reason
    assert ended.stdout.count("\n") == 1
    assert (tmp_path / "figures" / "01-training_comparison.png").exists()


def test_a_backend_for_a_screen_that_is_not_there_saves(run, tmp_path):
    (tmp_path / "matplotlibrc").write_text("backend: tkagg\n")
    ended = run(start=("-c", DRAWS), folder=tmp_path, MPLBACKEND="", DISPLAY="")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("Saved figures/01-training_comparison.png")


def test_a_programme_that_a_notebook_starts_is_not_in_the_notebook(run, tmp_path):
    pytest.importorskip("matplotlib_inline")
    backend = "module://matplotlib_inline.backend_inline"
    ended = run(start=("-c", DRAWS), folder=tmp_path, MPLBACKEND=backend)
    assert ended.stdout == "Saved figures/01-training_comparison.png\n"
