"""The figure shows each peer once, and says in words what it shows."""

import pytest
from benchmarks.figure import draw_training_times
from benchmarks.results import summarise

pytest.importorskip("matplotlib")


def test_the_figure_carries_its_numbers_as_alt_text(tmp_path):
    work = {"images": 20_000, "epochs": 20}
    records = [
        {"row": "main", "case": case, "peer": peer, "threads": threads, "unit": "s", "seed": 0}
        | {"value": value, "work": work}
        for case in ("Adam", "SGD")
        for peer, threads, value in (("chainrule", 1, 8.0), ("chainrule", 2, 6.0), ("jax", 1, 9.0))
    ]
    figure = draw_training_times(summarise(records))
    assert [len(axes.patches) for axes in figure.axes] == [2, 2]
    assert "Chainrule 6 s, JAX, epoch in one scan 9 s" in figure.get_label()


def test_without_the_main_row_there_is_no_figure():
    assert draw_training_times([]) is None
