import math

import numpy as np
import pytest
from figure_cases import EMPTY, NAN, RATES, history

from chainrule import plots


def visible(axes):
    """Return whether every point that was drawn lies within the axes."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for line in axes.lines:
        x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
        if line.get_transform() != axes.transData:
            continue
        known = np.isfinite(x) & np.isfinite(y)
        if not ((x[known] >= left) & (x[known] <= right)).all():
            return False
        if not ((y[known] >= low) & (y[known] <= high)).all():
            return False
    return True


def heights(axes, *values):
    """Return where values lie, as a share of the height of the axes."""
    points = axes.transData.transform([(1, value) for value in values])
    return axes.transAxes.inverted().transform(points)[:, 1]


@pytest.mark.parametrize("lowest", [0.9, 0.6, 0.1, 0.0])
@pytest.mark.parametrize("highest", [0.97, 1.0])
def test_every_accuracy_is_on_the_axis(lowest, highest):
    run = {"loss": [1.0, 0.1, 0.01], "val_accuracy": [lowest, 0.5 * (lowest + highest), highest]}
    figure = plots.training_comparison([run, run], ["Adam", "SGD"], classes=10)
    assert all(visible(axes) for axes in figure.axes)
    assert figure.axes[1].get_ylim()[1] < 101


def test_a_usual_comparison_does_not_start_at_zero():
    figure = plots.training_comparison([history(0.97), history(0.965)], ["Adam", "SGD"])
    low, high = heights(figure.axes[1], 96.5, 97.0)
    assert high - low > 0.05


def test_97_and_98_are_apart_although_one_run_only_guesses():
    runs = [history(0.98, 20, 0.97), {"loss": [2.3] * 20, "val_accuracy": [0.1] * 20}]
    figure = plots.training_comparison(runs, ["Adam", "SGD"], classes=10)
    low, high = heights(figure.axes[1], 97, 98)
    assert high - low > 0.05
    assert "stretched" in figure.axes[1].get_ylabel()


def test_axes_name_quantity_and_unit():
    left, right = plots.training_comparison([history(0.97)], ["Adam"]).axes
    assert left.get_ylabel() == "Training loss (nats per image)"
    assert right.get_ylabel() == "Validation accuracy (%)"
    assert left.get_xlabel() == right.get_xlabel() == "Epoch"


@pytest.mark.parametrize("epochs", [1, 2, 7, 20, 100, 999])
def test_epochs_are_whole_and_begin_with_1(epochs):
    axes = plots.training_comparison([history(0.97, epochs)], ["Adam"]).axes[0]
    marks = axes.get_xticks()
    assert marks[0] == 1
    assert marks[-1] <= epochs
    assert len(marks) <= 10
    assert all(mark == int(mark) for mark in marks)


def test_loss_is_logarithmic_only_where_it_spans_much():
    small = {"loss": [0.3, 0.2], "val_accuracy": [0.9, 0.9]}
    zero = {"loss": [0.3, 0.0], "val_accuracy": [0.9, 0.9]}
    scales = [
        plots.training_comparison([run], ["Adam"]).axes[0].get_yscale()
        for run in (history(0.97), small, zero)
    ]
    assert scales == ["log", "linear", "linear"]


def test_guess_lines_are_drawn_where_curves_come_near_them():
    slow = {"loss": [2.31, 2.25], "val_accuracy": [0.11, 0.15]}
    left, right = plots.training_comparison([slow], ["SGD"], classes=10).axes
    assert left.lines[-1].get_ydata() == pytest.approx([math.log(10)] * 2)
    assert right.lines[-1].get_ydata() == pytest.approx([10, 10])
    for run, classes in ((slow, None), (history(0.97), 10)):
        panels = plots.training_comparison([run], ["SGD"], classes=classes).axes
        assert [len(axes.lines) for axes in panels] == [1, 1]


def test_nan_is_a_gap_with_a_cross_where_the_run_ended():
    run = {"loss": [0.5, 0.4, NAN, NAN], "val_accuracy": [0.8, 0.85, 0.1, 0.1]}
    figure = plots.training_comparison([history(0.97), run], ["Adam", "SGD"])
    (cross,) = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert (*cross.get_xdata(), *cross.get_ydata()) == (2, 0.4)
    assert "SGD: ends at 85.00% after epoch 2" in [
        text.get_text() for text in figure.legends[0].texts
    ]


def test_infinite_loss_and_none_count_as_missing():
    for value in (math.inf, -math.inf, None):
        run = {"loss": [0.5, value], "val_accuracy": [0.8, 0.1]}
        figure = plots.training_comparison([run], ["SGD"])
        assert "ends at 80.00% after epoch 1" in plots.alt_text(figure)


def test_a_run_that_finished_beside_an_empty_one_has_no_cross():
    figure = plots.training_comparison([history(0.97), EMPTY], ["Adam", "SGD"])
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "x"]


def test_band_goes_from_the_lowest_to_the_highest_around_the_mean():
    runs = [{"val_accuracy": [0.8, 0.9]}, {"val_accuracy": [0.6, 0.96]}, {"val_accuracy": [0.76]}]
    (axes,) = plots.curves_with_bands({"SGD": runs}).axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [72, 93])
    (band,) = axes.collections
    (path,) = band.get_paths()
    edges = {(x, y) for x, y in path.vertices.round(6).tolist()}
    assert {(1, 60), (1, 80), (2, 90), (2, 96)} <= edges


@pytest.mark.parametrize("quantity", ["loss", "val_loss", "accuracy", "val_accuracy"])
def test_bands_of_every_quantity_hide_nothing(quantity):
    figure = plots.curves_with_bands(
        {"Adam": [history(0.97), history(0.9)], "SGD": [history(0.95, 3)]}, quantity=quantity
    )
    assert visible(figure.axes[0])


def test_points_and_means_by_learning_rate():
    (axes,) = plots.accuracy_by_learning_rate({"Adam": {0.01: [0.9, 0.8], 0.001: [0.7, NAN]}}).axes
    assert axes.get_xscale() == "log"
    mean, *points = [line for line in axes.lines if line.get_marker() != "x"]
    np.testing.assert_allclose(mean.get_xdata(), [0.001, 0.01])
    np.testing.assert_allclose(mean.get_ydata(), [70, 85])
    np.testing.assert_allclose(points[1].get_ydata(), [90, 80])
    assert visible(axes)


def test_diverged_runs_lie_in_their_strip_and_no_point_does():
    (axes,) = plots.accuracy_by_learning_rate(RATES, classes=10).axes
    (cross,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert cross.get_xdata() == [1.0]
    (strip,) = axes.patches
    assert strip.get_y() == axes.get_ylim()[0]
    assert strip.get_y() + strip.get_height() < 10  # the lowest accuracy, in per cent
    assert "1 run diverged" in plots.alt_text(axes.figure)


def test_a_rate_where_a_seed_diverged_is_not_the_best():
    rates = {"SGD": {0.05: [NAN, 0.99], 0.1: [0.96, 0.95], 0.5: [0.99, NAN]}}
    assert "best at 0.1, 95.50% (2 runs)" in plots.alt_text(plots.accuracy_by_learning_rate(rates))
