"""Lesson 4: its pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.plots.charts import charts
from chainrule.plots.lines import GUESS_LINE, OPTIMIZER_STYLES, Legend, LineStyle, line_styles
from chainrule.plots.paper import (
    FAINT,
    INK,
    QUIET,
    Array,
    add_title,
    clean_figure,
    count_of,
    drawn_in_our_style,
    quiet_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT = OPTIMIZER_STYLES["adam"]
WRONG = (
    LineStyle("#000000", "X", (0, (4, 1, 1, 1))),
    LineStyle("#7B3FA0", "v", (0, (7, 1.6))),
    LineStyle("#8A8F98", "s", (0, (2, 1.4))),
    LineStyle("#A89200", "P", (0, (5, 1.2, 1.2, 1.2))),
    LineStyle("#8C4A2F", "^", (0, (3, 1, 1, 1, 1, 1))),
)
LOWEST = 1e-8  # of a loss on a logarithmic axis


@drawn_in_our_style
def fingerprint(lengths: Mapping[str, Array]) -> Figure:
    """Draw how long the steps of Adams are under a constant gradient.

    Parameters
    ----------
    lengths : mapping of str to array, shape (steps,)
        Length over rate, for the right Adam first and then at most five wrong ones.
    """
    named = {f"{name}: peak {values.max():.2f}": values for name, values in lengths.items()}
    styles = dict(zip(named, (RIGHT, *WRONG), strict=False))
    legend = Legend(styles)
    figure, (axes,) = charts(None, 10, 4.8 + legend.height())
    for name, values in named.items():
        steps = np.arange(1, len(values) + 1)
        marked = np.unique(np.geomspace(1, len(values), 12).astype(int)) - 1
        look = styles[name].line(
            markevery=marked.tolist(), zorder=3 if styles[name] is RIGHT else 2
        )
        axes.plot(steps, values, **look)
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("Step")
    axes.set_ylabel("Length of the step / learning rate")
    marks = [0.5, 1, 2, 5, 10, 20, 50]
    axes.set_yticks(marks, [f"{mark:g}" for mark in marks])
    axes.set_yticks([], minor=True)
    legend.add_to(figure)
    add_title(figure, "Under a constant gradient, each step of a right Adam is as long as its rate")
    figure.set_label(
        "Length of the step over the learning rate, against the step, under a constant gradient. "
        + "; ".join(f"{name} at step {v.argmax() + 1}" for name, v in named.items())
        + "."
    )
    return figure


@drawn_in_our_style
def moments(record: Mapping[str, Array], steps: int) -> Figure:
    """Draw what Adam holds for one weight over its first steps: three panels.

    Parameters
    ----------
    record : mapping of str to array, shape (all steps,)
        "g", "m", "v", "m_hat", "v_hat" of the weight, and "step", how far it was moved over the
        rate.
    steps : int
        How many to draw.
    """
    shown = {name: values[:steps] for name, values in record.items()}
    t = np.arange(1, steps + 1)
    figure = clean_figure(None, 10, 7.6)
    figure.set_layout_engine("constrained")
    panels = figure.subplots(3, 1, sharex=True)
    dots: dict[str, Any] = {"color": QUIET, "linestyle": "none", "marker": "o", "ms": 3.2}
    dashed: dict[str, Any] = {"color": INK, "linestyle": (0, (4, 1.6))}
    solid: dict[str, Any] = {"color": RIGHT.colour, "linewidth": 2}
    for axes in panels:
        axes.grid(color=FAINT, linewidth=0.8)
        quiet_ticks(axes)
    mean, square, step = panels
    mean.axhline(0, **GUESS_LINE)
    mean.plot(t, shown["g"], label="g, the gradient", **dots)
    mean.plot(t, shown["m"], label="m, its mean", **dashed)
    mean.plot(t, shown["m_hat"], label="m̂, corrected", **solid)
    mean.set_ylabel("Gradient")
    squares = np.where(shown["g"] == 0, np.nan, shown["g"] ** 2)
    square.plot(t, squares, label="g², its square", **dots)
    square.plot(t, shown["v"], label="v, the mean of g²", **dashed)
    square.plot(t, shown["v_hat"], label="v̂, corrected", **solid)
    lowest = min(float(shown["v"].min()), float(np.median(squares[np.isfinite(squares)])))
    square.set(yscale="log", ylim=(lowest / 10, None))
    square.set_ylabel("Gradient squared")
    step.axhline(0, **GUESS_LINE)
    step.plot(t, shown["m"] / np.sqrt(shown["v"]), label="m / √v", **dashed)
    step.plot(t, shown["step"], label="m̂ / (√v̂ + ε)", **solid)
    step.set_ylabel("Step / learning rate")
    step.set_xlabel("Step")
    for axes in panels:
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.align_ylabels(panels)
    add_title(figure, f"One weight over its first {count_of(steps, 'step')} with Adam")
    figure.set_label(_moments_words(shown, steps))
    return figure


def _moments_words(shown: Mapping[str, Array], steps: int) -> str:
    last = {name: float(values[-1]) for name, values in shown.items()}
    longest = float(np.abs(shown["step"]).max())
    without = float(np.abs(shown["m"] / np.sqrt(shown["v"])).max())
    return (
        f"Gradient, mean and mean square of one weight over {count_of(steps, 'step')}. At the "
        f"last one m is {last['m']:.2g} and corrected {last['m_hat']:.2g}; v is {last['v']:.2g} "
        f"and corrected {last['v_hat']:.2g}. The longest step is {longest:.2f} times the rate; "
        f"without correction it would be {without:.2f} times."
    )


@drawn_in_our_style
def loss_by_rate(
    rates: Array, losses: Mapping[str, Mapping[str, Array]], best: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Draw the final loss against the rate, one panel a surface, one line an optimizer.

    Parameters
    ----------
    rates : array, shape (rates,)
    losses : mapping
        ``{surface: {optimizer: final losses (rates,)}}``, not finite where it diverged.
    best : mapping
        ``{surface: {optimizer: the rate that was chosen}}``.
    """
    names = list(next(iter(losses.values())))
    legend = Legend(dict(zip(names, line_styles(names), strict=True)))
    figure, panels = charts(None, 11, 3.9 + legend.height(), len(losses))
    for axes, (surface, by_name) in zip(panels, losses.items(), strict=True):
        for (name, values), style in zip(by_name.items(), line_styles(names), strict=True):
            ended = np.where(np.isfinite(values), np.clip(values, LOWEST, None), np.nan)
            axes.plot(rates, ended, **style.line(ms=4))
            at = int(np.argmin(np.abs(rates - best[surface][name])))
            ring: dict[str, Any] = {"marker": "o", "ms": 13, "mew": 1.6, "color": style.colour}
            axes.plot(rates[at], ended[at], fillstyle="none", **ring)
        axes.set(xscale="log", yscale="log", ylim=(LOWEST / 3, 1e3))
        axes.set_xlabel("Learning rate")
        axes.set_title(surface, fontsize=11)
    panels[0].set_ylabel("Loss after the last step")
    legend.add_to(figure)
    add_title(figure, "Each optimizer has a best rate of its own on each surface (ringed)")
    words = (
        f"{surface}: " + ", ".join(f"{name} {rate:.3g}" for name, rate in chosen.items())
        for surface, chosen in best.items()
    )
    figure.set_label("Final loss against learning rate. Best rates: " + "; ".join(words) + ".")
    return figure


@drawn_in_our_style
def paths(
    surface: Callable[[Array], Any],
    walks: Mapping[str, Array],
    rates: Mapping[str, float],
    lowest: Array,
    step: int,
    title: str,
) -> Figure:
    """Draw how far the optimizers have come on a surface, seen from above.

    Parameters
    ----------
    surface : callable
        ``surface(points)`` gives the heights (...,) of points (..., 2).
    walks : mapping of str to array, shape (steps + 1, 2)
        The positions of each optimizer, the start first.
    rates : mapping of str to float
    lowest : array, shape (2,)
        Where the surface is lowest: a star.
    step : int
        The last one to draw.
    title : str
        Of the surface.
    """
    heights = {name: float(surface(walk[step])) for name, walk in walks.items()}
    labels = {name: f"{name}, rate {rates[name]:.3f}: {heights[name]:.2g}" for name in walks}
    styles = dict(zip(walks, line_styles(walks), strict=True))
    legend = Legend({labels[name]: style for name, style in styles.items()})
    figure, (axes,) = charts(None, 8, 4.9 + legend.height(8))
    _draw_heights(axes, surface, np.concatenate(list(walks.values())))
    axes.plot(*lowest, marker="*", ms=13, color=INK, linestyle="none", zorder=1)
    for name, walk in walks.items():
        style, walked = styles[name], walk[: step + 1]
        axes.plot(*walked.T, color=style.colour, linestyle=style.dash, linewidth=1.6)
        axes.plot(*walked[-1], **style.line(ms=9, markeredgecolor="white"))
    axes.set_xlabel("First parameter")
    axes.set_ylabel("Second parameter")
    legend.add_to(figure)
    add_title(figure, f"{title}: the loss after step {step}")
    figure.set_label(
        f"{title} from above. The loss after {count_of(step, 'step')}: "
        + "; ".join(labels.values())
        + "."
    )
    return figure


def _draw_heights(axes: Axes, surface: Callable[[Array], Any], points: Array) -> None:
    """Draw contour lines of the surface where the points lie."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.08 * (high - low) + 0.1
    x, y = (np.linspace(a, b, 121) for a, b in zip(low - room, high + room, strict=True))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    levels = np.geomspace(0.03, float(surface(grid).max()), 12)
    axes.grid(visible=False)
    axes.contour(x, y, surface(grid), levels=levels, colors="#C4CAD2", linewidths=0.9)
