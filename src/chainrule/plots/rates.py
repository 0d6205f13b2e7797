"""Accuracy against learning rate, with the runs that diverged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.checks import real_number
from chainrule.plots.charts import Accuracy, charts, check_shares, checked_groups, percent
from chainrule.plots.lines import Legend, LineStyle, line_styles
from chainrule.plots.paper import QUIET, Array, count_of, drawn_in_our_style, finished, mark_decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line: TypeAlias = dict[float, Array]  # an optimizer's accuracies by rate; NaN where it diverged
STRIP_ROW = 0.075  # height of a row of the strip for runs that diverged, as a share of the axes


@drawn_in_our_style
def accuracy_by_learning_rate(
    accuracies: Mapping[str, Mapping[float, Sequence[float | None]]],
    *,
    classes: int | None = None,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw validation accuracy against learning rate: a point a run, a line through the means.

    Parameters
    ----------
    accuracies : mapping
        ``{optimizer: {learning_rate: [accuracy, ...]}}`` with one accuracy from 0 to 1 for each
        seed. NaN or None stands for a run that diverged: a cross in a strip below the axis.
    classes : int, optional
        Number of classes. Draws the line of a uniform guess where the points come near it.
    title : str, optional
        Title instead of the usual one.
    figure : matplotlib.figure.Figure, optional
        Figure to draw on instead of a new one.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with its alt text.

    Raises
    ------
    ChainruleError
        If a group is empty, a rate is not above zero, or an accuracy is not from 0 to 1.
    """
    lines = _checked_rates(accuracies)
    by_rate = [shares for line in lines.values() for shares in line.values()]
    accuracy = Accuracy("Validation accuracy", by_rate, classes)
    results = [f"{label}: {_best_rate(line)}" for label, line in lines.items()]
    styles = line_styles(lines)
    legend = Legend(dict(zip(results, styles, strict=True)), accuracy.guesses)

    figure, (axes,) = charts(figure, 10, 4.6 + legend.height())
    _scale_rates(axes, sorted({rate for line in lines.values() for rate in line}))
    for line, style in zip(lines.values(), styles, strict=True):
        _draw_rates(axes, line, style)
    accuracy.scale(axes)
    _draw_diverged(axes, zip(lines.values(), styles, strict=True))
    legend.add_to(figure)
    diverged = _diverged(*by_rate)
    return finished(
        figure,
        title or "Validation accuracy by learning rate: each run, and the mean",
        "Validation accuracy against learning rate, the mean over the runs. "
        f"{'; '.join(results)}." + (f" {count_of(diverged, 'run')} diverged." if diverged else ""),
    )


def _checked_rates(accuracies: Any) -> dict[str, Line]:
    """Return the accuracies as arrays by optimizer and rate, with rising rates."""
    wanted = "{'Adam': {0.001: [accuracy, ...]}}"
    lines: dict[str, Line] = {}
    for label, by_rate in checked_groups(accuracies, wanted).items():
        line = {}
        for rate, shares in checked_groups(by_rate, wanted).items():
            rate = real_number(f"A learning rate of {label}", rate, above=0)
            line[rate] = np.array(list(shares), dtype=np.float64)  # None becomes NaN
            check_shares(line[rate], f"The accuracy of {label} at rate {rate:g}")
        lines[str(label)] = dict(sorted(line.items()))
    return lines


def _rate_text(rate: float) -> str:
    return np.format_float_positional(float(f"{rate:.3g}"), trim="-")


def _scale_rates(axes: Axes, rates: Sequence[float]) -> None:
    width = max(math.log10(rates[-1] / rates[0]), 0.5)
    margin = 10 ** (0.08 * width)
    axes.set(xscale="log", xlabel="Learning rate", xlim=(rates[0] / margin, rates[-1] * margin))
    mark_decades(axes.xaxis, width < 3, _rate_text)
    if (np.diff(np.log10(rates)) > 0.08 * width).all():  # else their marks would touch
        axes.set_xticks(rates)
        axes.set_xticks([], minor=True)


def _draw_rates(axes: Axes, line: Line, style: LineStyle) -> None:
    known = [shares[~np.isnan(shares)] for shares in line.values()]
    means = [100 * shares.mean() if shares.size else math.nan for shares in known]
    axes.plot(list(line), means, color=style.colour, linestyle=style.dash)
    point = style.line(linestyle="none", markeredgecolor="white", ms=7.5, mew=0.8)
    for rate, shares in line.items():
        axes.plot(np.full(len(shares), rate), 100 * shares, **point)


def _draw_diverged(axes: Axes, lines: Iterable[tuple[Line, LineStyle]]) -> None:
    """Mark runs that diverged in a strip of its own below the axis, one row an optimizer."""
    rows = [(line, style) for line, style in lines if _diverged(*line.values())]
    if not rows:
        return
    _reserve_strip(axes, STRIP_ROW * len(rows))
    in_strip = axes.get_xaxis_transform()  # x is a rate, y a share of the axes' height
    beside: dict[str, Any] = {"xycoords": in_strip, "xytext": (9, 0), "textcoords": "offset points"}
    for row, (line, style) in enumerate(reversed(rows)):
        y = STRIP_ROW * (row + 0.5)
        for rate, shares in line.items():
            if diverged := _diverged(shares):
                axes.plot(rate, y, transform=in_strip, **style.cross())
                text = count_of(diverged, "run")
                axes.annotate(text, (rate, y), va="center", fontsize=9, color=QUIET, **beside)


def _diverged(*shares: Array) -> int:
    return int(np.isnan(np.concatenate(shares)).sum())


def _reserve_strip(axes: Axes, share: float) -> None:
    """Lengthen the vertical axis downwards until the new part takes `share` of it."""
    scale = axes.yaxis.get_transform()
    lowest, highest = axes.get_ylim()
    marks = [mark for mark in axes.get_yticks() if lowest <= mark <= highest]
    words = axes.yaxis.get_major_formatter().format_ticks(marks)
    low, high = scale.transform(np.array([lowest, highest]))
    depth = (high - low) * share / (1 - share)
    middle, below = scale.inverted().transform(np.array([low - depth / 2, low - depth]))
    axes.axhspan(below, lowest, facecolor="#F3F4F6", linewidth=0)
    axes.set_ylim(below, highest)
    axes.set_yticks([*marks, middle], [*words, "diverged"])


def _best_rate(line: Line) -> str:
    means = {rate: shares.mean() for rate, shares in line.items() if not _diverged(shares)}
    if not means:
        return "a run diverged at every rate"
    best = max(means, key=means.__getitem__)
    runs = count_of(len(line[best]), "run")
    return f"best at {_rate_text(best)}, {percent(means[best])} ({runs})"
