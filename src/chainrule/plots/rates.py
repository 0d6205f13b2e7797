"""Accuracy against learning rate, with the runs that diverged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checks import real_number
from chainrule.plots.charts import (
    accuracy_guess,
    chance_of,
    charts,
    check_shares,
    checked_groups,
    finite,
    guess_words,
    percent,
    scale_accuracy,
)
from chainrule.plots.lines import Legend, LineStyle, line_styles
from chainrule.plots.paper import QUIET, Array, add_title, count_of, drawn_in_our_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    values = finite(shares for by_rate in lines.values() for shares in by_rate.values())
    guess = accuracy_guess(values, chance_of(classes))
    styles = line_styles(lines)
    results = [f"{label}: {_best_rate(by_rate)}" for label, by_rate in lines.items()]
    legend = Legend(dict(zip(results, styles, strict=True)), guess_words(None, guess))

    figure, (axes,) = charts(figure, 10, 4.6 + legend.height())
    _scale_rates(axes, sorted({rate for by_rate in lines.values() for rate in by_rate}))
    for by_rate, style in zip(lines.values(), styles, strict=True):
        _draw_rates(axes, by_rate, style)
    scale_accuracy(axes, values, "Validation accuracy", guess)
    _draw_diverged(axes, list(zip(lines.values(), styles, strict=True)))
    legend.add_to(figure)
    add_title(figure, title or "Validation accuracy by learning rate: each run, and the mean")
    diverged = sum(_diverged(shares) for line in lines.values() for shares in line.values())
    figure.set_label(
        "Validation accuracy against learning rate, the mean over the runs. "
        f"{'; '.join(results)}." + (f" {count_of(diverged, 'run')} diverged." if diverged else "")
    )
    return figure


def _checked_rates(accuracies: Any) -> dict[str, dict[float, Array]]:
    """Return the accuracies as arrays by optimizer and rate, with rising rates."""
    wanted = "{'Adam': {0.001: [accuracy, ...]}}"
    lines: dict[str, dict[float, Array]] = {}
    for label, by_rate in checked_groups(accuracies, wanted).items():
        line = {}
        for rate, shares in checked_groups(by_rate, wanted).items():
            rate = real_number(f"A learning rate of {label}", rate, above=0)
            known = [math.nan if share is None else share for share in shares]
            line[rate] = np.array(known, dtype=np.float64)
            check_shares(line[rate], f"The accuracy of {label} at rate {rate:g}")
        lines[str(label)] = dict(sorted(line.items()))
    return lines


def _rate_text(rate: float) -> str:
    return np.format_float_positional(float(f"{rate:.3g}"), trim="-")


def _scale_rates(axes: Axes, rates: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_xlabel("Learning rate")
    width = max(math.log10(rates[-1] / rates[0]), 0.5)
    margin = 10 ** (0.08 * width)
    axes.set_xlim(rates[0] / margin, rates[-1] * margin)
    if (np.diff(np.log10(rates)) > 0.08 * width).all():  # else their marks would touch
        axes.set_xticks(rates)
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0) if width < 3 else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: _rate_text(rate)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_rates(axes: Axes, by_rate: Mapping[float, Array], style: LineStyle) -> None:
    means = [_mean_of_finished(shares) for shares in by_rate.values()]
    axes.plot(list(by_rate), 100 * np.array(means), color=style.colour, linestyle=style.dash)
    point = style.line(linestyle="none", markeredgecolor="white", ms=7.5, mew=0.8)
    for rate, shares in by_rate.items():
        axes.plot(np.full(len(shares), rate), 100 * shares, **point)


def _mean_of_finished(shares: Array) -> float:
    finished = finite([shares])
    return float(finished.mean()) if finished.size else math.nan


def _draw_diverged(axes: Axes, lines: Sequence[tuple[Mapping[float, Array], LineStyle]]) -> None:
    """Mark runs that diverged in a strip of its own below the axis, one row an optimizer."""
    rows = [
        (style, {rate: count for rate, shares in by_rate.items() if (count := _diverged(shares))})
        for by_rate, style in lines
    ]
    rows = [(style, counts) for style, counts in rows if counts]
    if not rows:
        return
    _reserve_strip(axes, STRIP_ROW * len(rows))
    in_strip = axes.get_xaxis_transform()  # x is a rate, y a share of the axes' height
    beside: dict[str, Any] = {"xycoords": in_strip, "xytext": (9, 0), "textcoords": "offset points"}
    for row, (style, counts) in enumerate(reversed(rows)):
        y = STRIP_ROW * (row + 0.5)
        for rate, count in counts.items():
            axes.plot(rate, y, transform=in_strip, **style.cross())
            text = count_of(count, "run")
            axes.annotate(text, (rate, y), va="center", fontsize=9, color=QUIET, **beside)


def _diverged(shares: Array) -> int:
    return int(np.isnan(shares).sum())


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


def _best_rate(by_rate: Mapping[float, Array]) -> str:
    means = {
        rate: float(shares.mean()) for rate, shares in by_rate.items() if not _diverged(shares)
    }
    if not means:
        return "a run diverged at every rate"
    best = max(means, key=means.__getitem__)
    runs = count_of(len(by_rate[best]), "run")
    return f"best at {_rate_text(best)}, {percent(means[best])} ({runs})"
