"""How a curve looks: colour, marker and dash by optimizer, and the legend that explains them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.plots.paper import BLUE, QUIET, VERMILLION

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class LineStyle(NamedTuple):
    """Colour, marker and dash of one curve: each of the three is enough to tell it apart.

    Attributes
    ----------
    colour : str
        Of line and marker.
    marker : str
        One of matplotlib's markers.
    dash : tuple
        Offset and lengths of the dashes; None for a solid line.
    fill : str
        Which part of the marker is filled: tells several runs of one optimizer apart.
    """

    colour: str
    marker: str
    dash: tuple[float, tuple[float, ...] | None]
    fill: Any = "full"

    def line(self, **other: Any) -> dict[str, Any]:
        """Return the keywords that give this look to `Axes.plot`."""
        look = {"color": self.colour, "marker": self.marker, "linestyle": self.dash}
        return {**look, "fillstyle": self.fill, "markerfacecoloralt": "white", **other}

    def cross(self) -> dict[str, Any]:
        """Return the keywords for the cross where a run ends early or has diverged."""
        return {"color": self.colour, "marker": "x", "ms": 10, "mew": 2.4, "linestyle": "none"}


# The colours of Okabe and Ito, told apart with any colour vision; their meaning never changes.
OPTIMIZER_STYLES = {
    "sgd": LineStyle(BLUE, "o", (0, (5, 1.6))),
    "momentum": LineStyle("#E69F00", "s", (0, (7, 1.4, 1.4, 1.4))),
    "nesterov": LineStyle("#56B4E9", "v", (0, (3, 1.2, 1, 1.2, 1, 1.2))),
    "rmsprop": LineStyle("#009E73", "^", (0, (1.4, 1.2))),
    "adam": LineStyle(VERMILLION, "D", (0, None)),
    "adamw": LineStyle("#CC79A7", "P", (0, (9, 1.8))),
}
OTHER_STYLES = (
    LineStyle("#000000", "X", (0, (4, 1, 1, 1))),
    LineStyle("#8A8F98", "*", (0, (2, 2))),
    LineStyle("#A89200", "h", (0, (8, 2, 2, 2))),
)
WRITTEN = ("SGD", "momentum", "Nesterov", "RMSProp", "Adam", "AdamW")
OPTIMIZER_NAMES = {name.lower(): name for name in WRITTEN}
# "SGD with Nesterov momentum" holds three names: the most specific one counts.
MOST_SPECIFIC_FIRST = ("nesterov", "momentum", "rmsprop", "adamw", "adam", "sgd")
FILLS = ("full", "none", "left", "top", "right", "bottom")
GUESS_LINE: dict[str, Any] = {"color": QUIET, "linewidth": 1.1, "linestyle": (0, (1, 2))}


def optimizer_in(label: str) -> str | None:
    """Return the optimizer that a label such as "Adam" or "sgd-lr0.05-seed1" names."""
    words = re.findall("[a-z]+", label.lower())
    return next((name for name in MOST_SPECIFIC_FIRST if name in words), None)


def line_styles(labels: Iterable[str]) -> list[LineStyle]:
    """Return one style a label: by optimizer, or one of `OTHER_STYLES`; repeats change the fill."""
    seen: Counter[str | None] = Counter()
    styles = []
    for label in labels:
        optimizer = optimizer_in(label)
        looks = (OPTIMIZER_STYLES[optimizer],) if optimizer else OTHER_STYLES
        repeat, which = divmod(seen[optimizer], len(looks))
        seen[optimizer] += 1
        styles.append(looks[which]._replace(fill=FILLS[repeat % len(FILLS)]))
    return styles


class Legend:
    """The legend below the axes, where it hides nothing, in rows from left to right.

    Parameters
    ----------
    entries : mapping of str to LineStyle
        What the lines mean.
    guesses : collection of str
        Words for the lines of a uniform guess, if any is drawn.
    """

    def __init__(self, entries: Mapping[str, LineStyle], guesses: Collection[str] = ()) -> None:
        self.lines = {label: style.line() for label, style in entries.items()}
        if guesses:
            self.lines[f"uniform guess: {', '.join(guesses)}"] = GUESS_LINE

    def columns(self, width: float) -> int:
        """Return how many columns fit into `width` inches, with rows as even as possible."""
        labels = list(self.lines)
        for columns in range(len(labels), 1, -1):
            letters = sum(max(map(len, labels[first::columns])) for first in range(columns))
            if 6.5 * letters + 68 * columns <= 72 * width - 20:  # points; 68 for sample and gap
                return math.ceil(len(labels) / math.ceil(len(labels) / columns))
        return 1

    def height(self, width: float = 10) -> float:
        """Return the height in inches that it needs in a figure of this width."""
        return 0.3 + 0.23 * math.ceil(len(self.lines) / self.columns(width))

    def add_to(self, figure: Figure) -> None:
        """Draw it on the figure."""
        from matplotlib.lines import Line2D

        columns = self.columns(figure.get_size_inches()[0])
        handles = [Line2D([], [], label=label, **look) for label, look in self.lines.items()]
        # matplotlib fills column by column
        by_column = [handle for first in range(columns) for handle in handles[first::columns]]
        figure.legend(handles=by_column, loc="outside lower center", ncols=columns)
