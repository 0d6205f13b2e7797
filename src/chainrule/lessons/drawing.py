"""What the lessons' pictures share: a chart with title and legend, a board of squares, notes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias

from chainrule.plots.charts import charts
from chainrule.plots.lines import Legend, LineStyle
from chainrule.plots.paper import (
    Array,
    add_title,
    drawn_in_our_style,
    quiet_ticks,
    signed_colours,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Arguments = ParamSpec("Arguments")
Drawn: TypeAlias = "tuple[Figure, str]"  # and its alt text

SOLID, DASHED, DOTTED, CHAINED = (0, None), (0, (5, 1.6)), (0, (1.4, 1.2)), (0, (7, 1.4, 1.4, 1.4))


def picture(draw: Callable[Arguments, Drawn]) -> Callable[Arguments, Figure]:
    """Let a function that returns a figure and its alt text draw in our style, and join the two."""

    @functools.wraps(draw)
    def build(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        figure, words = drawn_in_our_style(draw)(*args, **kwargs)
        figure.set_label(words)
        return figure

    return build


def looks(
    names: Iterable[str], colours: Sequence[str], markers: Sequence[str], dashes: Sequence[Any]
) -> dict[str, LineStyle]:
    """Return how the curve of each name looks; there may be fewer names than looks."""
    of_each = zip(names, colours, markers, dashes, strict=False)
    return {name: LineStyle(*look) for name, *look in of_each}


def chart(
    title: str,
    lines: Mapping[str, LineStyle] | None = None,
    guesses: Sequence[str] = (),
    *,
    size: tuple[float, float],
    panels: int = 1,
) -> tuple[Figure, list[Axes]]:
    """Return a figure and axes side by side, with a title and below them a legend of the lines.

    The legend has its place besides the height, the second number of `size`, in inches.
    """
    legend = Legend(lines or {}, guesses)
    width, height = size
    figure, row = charts(None, width, height + legend.height(width) if lines else height, panels)
    add_title(figure, title)
    if lines:
        legend.add_to(figure)
    return figure, row


def plain_logs(axes: Axes) -> None:
    """Write 0.01 and 10,000 on logarithmic axes, not powers of ten."""
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_formatter("{x:,.6g}")
            axis.set_minor_formatter("")


def note(
    axes: Axes, words: str, point: tuple[float, float], offset: tuple[float, float], **look: Any
) -> None:
    """Write words beside a point, so many printer's points to the right and up."""
    axes.annotate(words, point, offset, textcoords="offset points", **look)


def squares(
    axes: Any, values: Array, low: float, high: float, colours: str = "",
    aspect: str = "equal", **bar: Any,
) -> Any:  # fmt: skip
    """Draw an array as squares, signed unless `colours` are named; return the axes of their bar."""
    span = {"cmap": colours or signed_colours(), "vmin": low, "vmax": high}
    board = axes.imshow(values, aspect=aspect, interpolation="nearest", **span)
    drawn = axes.figure.colorbar(board, **bar)
    drawn.outline.set_visible(False)
    quiet_ticks(drawn.ax)
    return drawn.ax
