import pytest
from figure_cases import ALL, EMPTY, history
from matplotlib.backends.backend_agg import FigureCanvasAgg

from chainrule import plots

MEANING = {
    "SGD": ("#0072B2", "o"),
    "momentum": ("#E69F00", "s"),
    "RMSProp": ("#009E73", "^"),
    "Adam": ("#D55E00", "D"),
}


def curves(figure, panel=0):
    return [line for line in figure.axes[panel].lines if line.get_marker() not in ("None", "x")]


@pytest.mark.parametrize("order", [1, -1])
def test_colour_and_marker_follow_the_name_not_the_order(order):
    names = list(MEANING)[::order]
    figure = plots.training_comparison([history(0.97)] * 4, names)
    for panel in (0, 1):
        looks = [(line.get_color(), line.get_marker()) for line in curves(figure, panel)]
        assert looks == [MEANING[name] for name in names]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("adam-lr0.0005-b64-seed3", "Adam"),
        ("ADAM", "Adam"),
        ("sgd-seed0", "SGD"),
        ("SGD with momentum", "momentum"),
        ("rmsprop, rate 0.001", "RMSProp"),
    ],
)
def test_lane_names_and_free_labels_are_understood(label, name):
    (line,) = curves(plots.training_comparison([history(0.97)], [label]))
    assert (line.get_color(), line.get_marker()) == MEANING[name]


def test_adamw_and_adamax_are_not_adam():
    for label in ("AdamW", "adamax"):
        (line,) = curves(plots.training_comparison([history(0.97)], [label]))
        assert line.get_color() != MEANING["Adam"][0]


def test_colour_marker_and_dash_each_tell_every_rule_apart():
    lines = curves(plots.training_comparison([history(0.97)] * len(ALL), ALL))
    assert len({line.get_color() for line in lines}) == len(ALL)
    assert len({line.get_marker() for line in lines}) == len(ALL)
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == len(ALL)


def test_seeds_share_colour_and_marker_and_differ_in_fill():
    labels = [f"{name}-seed{seed}" for name in ("adam", "sgd") for seed in range(3)]
    lines = curves(plots.training_comparison([history(0.97)] * 6, labels))
    assert [line.get_color() for line in lines] == ["#D55E00"] * 3 + ["#0072B2"] * 3
    assert [line.get_marker() for line in lines] == ["D"] * 3 + ["o"] * 3
    assert len({line.get_fillstyle() for line in lines[:3]}) == 3


def test_legend_shows_the_styles_of_the_curves():
    figure = plots.training_comparison([history(0.97), EMPTY], ["Adam", "SGD"])
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.texts]
    shown = dict(zip(texts, legend.get_lines(), strict=True))
    assert shown["Adam: ends at 96.99%"].get_color() == "#D55E00"
    assert shown["SGD: no epoch finished"].get_color() == "#0072B2"


def test_legend_reads_row_by_row():
    labels = [f"{name}-seed{seed}" for name in ("adam", "sgd") for seed in range(3)]
    figure = plots.training_comparison([history(0.97)] * 6, labels)
    FigureCanvasAgg(figure).draw()
    boxes = [(text.get_window_extent(), text.get_text()) for text in figure.legends[0].texts]
    in_reading_order = sorted(boxes, key=lambda entry: (-round(entry[0].y0), entry[0].x0))
    assert [text.split(":")[0] for _, text in in_reading_order] == labels


def test_bands_and_rates_use_the_same_colours():
    bands = plots.curves_with_bands({"SGD": [history(0.9)], "Adam": [history(0.97)]})
    rates = plots.accuracy_by_learning_rate({"SGD": {0.1: [0.9]}, "Adam": {0.1: [0.97]}})
    for figure in (bands, rates):
        colours = list(dict.fromkeys(line.get_color() for line in figure.axes[0].lines))
        assert colours == ["#0072B2", "#D55E00"]
