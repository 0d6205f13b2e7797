"""Lesson 4: its pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.lessons.drawing import Drawn, chart, picture
from chainrule.plots import paper
from chainrule.plots.lines import GUESS_LINE, OPTIMIZER_STYLES, LineStyle, line_styles
from chainrule.plots.paper import FAINT, INK, QUIET, Array, count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIGHT = OPTIMIZER_STYLES["adam"]
WRONG = (
    LineStyle("#000000", "X", (0, (4, 1, 1, 1))),
    LineStyle("#7B3FA0", "v", (0, (7, 1.6))),
    LineStyle("#8A8F98", "s", (0, (2, 1.4))),
    LineStyle("#A89200", "P", (0, (5, 1.2, 1.2, 1.2))),
    LineStyle("#8C4A2F", "^", (0, (3, 1, 1, 1, 1, 1))),
)
LOWEST = 1e-8  # of a loss on a logarithmic axis


@picture
def fingerprint(lengths: Mapping[str, Array]) -> Drawn:
    """Draw how long the steps of Adams are under a constant gradient.

    Parameters
    ----------
    lengths : mapping of str to array, shape (steps,)
        Length over rate, for the right Adam first and then at most five wrong ones.
    """
    named = {f"{name}: peak {values.max():.2f}": values for name, values in lengths.items()}
    styles = dict(zip(named, (RIGHT, *WRONG), strict=False))
    title = "Under a constant gradient, each step of a right Adam is as long as its rate"
    figure, (axes,) = chart(title, styles, size=(10, 4.8))
    for values, style in zip(named.values(), styles.values(), strict=True):
        marked = np.unique(np.geomspace(1, len(values), 12).astype(int)) - 1
        look = style.line(markevery=marked.tolist(), zorder=3 if style is RIGHT else 2)
        axes.plot(range(1, len(values) + 1), values, **look)
    axes.set(xscale="log", xlabel="Step", yscale="log", ylabel="Length of the step / learning rate")
    marks = [0.5, 1, 2, 5, 10, 20, 50]
    axes.set_yticks(marks, [f"{mark:g}" for mark in marks])
    axes.set_yticks([], minor=True)
    peaks = "; ".join(f"{name} at step {v.argmax() + 1}" for name, v in named.items())
    return figure, (
        "Length of the step over the learning rate, against the step, under a constant gradient. "
        f"{peaks}."
    )


@picture
def moments(record: Mapping[str, Array], steps: int) -> Drawn:
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
    t = range(1, steps + 1)
    figure = paper.clean_figure(None, 10, 7.6)
    figure.set_layout_engine("constrained")
    paper.add_title(figure, f"One weight over its first {count_of(steps, 'step')} with Adam")
    panels = mean, square, step = figure.subplots(3, 1, sharex=True)
    dots: dict[str, Any] = {"color": QUIET, "linestyle": "none", "marker": "o", "ms": 3.2}
    dashed: dict[str, Any] = {"color": INK, "linestyle": (0, (4, 1.6))}
    solid: dict[str, Any] = {"color": RIGHT.colour, "linewidth": 2}
    mean.axhline(0, **GUESS_LINE)
    mean.plot(t, shown["g"], label="g, the gradient", **dots)
    mean.plot(t, shown["m"], label="m, its mean", **dashed)
    mean.plot(t, shown["m_hat"], label="m̂, corrected", **solid)
    squares = np.where(shown["g"] == 0, np.nan, shown["g"] ** 2)
    square.plot(t, squares, label="g², its square", **dots)
    square.plot(t, shown["v"], label="v, the mean of g²", **dashed)
    square.plot(t, shown["v_hat"], label="v̂, corrected", **solid)
    lowest = min(float(shown["v"].min()), float(np.nanmedian(squares)))
    square.set(yscale="log", ylim=(lowest / 10, None))
    uncorrected = shown["m"] / np.sqrt(shown["v"])
    step.axhline(0, **GUESS_LINE)
    step.plot(t, uncorrected, label="m / √v", **dashed)
    step.plot(t, shown["step"], label="m̂ / (√v̂ + ε)", **solid)
    step.set_xlabel("Step")
    names = ("Gradient", "Gradient squared", "Step / learning rate")
    for axes, name in zip(panels, names, strict=True):
        axes.grid(color=FAINT, linewidth=0.8)
        paper.quiet_ticks(axes)
        axes.set_ylabel(name)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.align_ylabels(panels)
    last = {name: float(values[-1]) for name, values in shown.items()}
    return figure, (
        f"Gradient, mean and mean square of one weight over {count_of(steps, 'step')}. At the "
        f"last one m is {last['m']:.2g} and corrected {last['m_hat']:.2g}; v is {last['v']:.2g} "
        f"and corrected {last['v_hat']:.2g}. The longest step is {np.abs(shown['step']).max():.2f} "
        f"times the rate; without correction it would be {np.abs(uncorrected).max():.2f} times."
    )


@picture
def loss_by_rate(
    rates: Array, losses: Mapping[str, Mapping[str, Array]], best: Mapping[str, Mapping[str, float]]
) -> Drawn:
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
    styles = dict(zip(names, line_styles(names), strict=True))
    title = "Each optimizer has a best rate of its own on each surface (ringed)"
    figure, panels = chart(title, styles, size=(11, 3.9), panels=len(losses))
    for axes, (surface, by_name) in zip(panels, losses.items(), strict=True):
        for name, style in styles.items():
            values = by_name[name]
            ended = np.where(np.isfinite(values), np.clip(values, LOWEST, None), np.nan)
            axes.plot(rates, ended, **style.line(ms=4))
            at = int(np.argmin(np.abs(rates - best[surface][name])))
            ring: dict[str, Any] = {"ms": 13, "mew": 1.6, "color": style.colour}
            axes.plot(rates[at], ended[at], "o", fillstyle="none", **ring)
        axes.set(xscale="log", xlabel="Learning rate", yscale="log", ylim=(LOWEST / 3, 1e3))
        axes.set_title(surface, fontsize=11)
    panels[0].set_ylabel("Loss after the last step")
    words = (
        f"{surface}: " + ", ".join(f"{name} {rate:.3g}" for name, rate in chosen.items())
        for surface, chosen in best.items()
    )
    return figure, f"Final loss against learning rate. Best rates: {'; '.join(words)}."


@picture
def paths(
    surface: Callable[[Array], Any],
    walks: Mapping[str, Array],
    rates: Mapping[str, float],
    lowest: Array,
    step: int,
    title: str,
) -> Drawn:
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
    labels = [
        f"{name}, rate {rates[name]:.3f}: {float(surface(walk[step])):.2g}"
        for name, walk in walks.items()
    ]
    styles = dict(zip(labels, line_styles(walks), strict=True))
    figure, (axes,) = chart(f"{title}: the loss after step {step}", styles, size=(8, 4.9))
    _draw_heights(axes, surface, np.concatenate(list(walks.values())))
    axes.plot(*lowest, marker="*", ms=13, color=INK, linestyle="none", zorder=1)
    for walk, style in zip(walks.values(), styles.values(), strict=True):
        axes.plot(*walk[: step + 1].T, color=style.colour, linestyle=style.dash, linewidth=1.6)
        axes.plot(*walk[step], **style.line(ms=9, markeredgecolor="white"))
    axes.set(xlabel="First parameter", ylabel="Second parameter")
    words = f"{title} from above. The loss after {count_of(step, 'step')}:"
    return figure, f"{words} {'; '.join(labels)}."


def _draw_heights(axes: Axes, surface: Callable[[Array], Any], points: Array) -> None:
    """Draw contour lines of the surface where the points lie."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.08 * (high - low) + 0.1
    x, y = (np.linspace(a, b, 121) for a, b in zip(low - room, high + room, strict=True))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    levels = np.geomspace(0.03, float(surface(grid).max()), 12)
    axes.grid(visible=False)
    axes.contour(x, y, surface(grid), levels=levels, colors="#C4CAD2", linewidths=0.9)
