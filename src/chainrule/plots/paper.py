"""What all figures share: our style, a clean figure, the title, the alt text, the file."""

from __future__ import annotations

import functools
import os
import sys
import textwrap
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

from numpy.typing import NDArray

from chainrule.checks import ChainruleError, extra, real_number
from chainrule.plots.fonts import FONT, give_folder, give_fonts, without_remarks
from chainrule.storage.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

give_folder()  # before matplotlib is imported, wherever that may be

Array: TypeAlias = NDArray[Any]
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

INK, QUIET, FAINT = "#24292F", "#6B7280", "#E5E7EB"
BLUE, VERMILLION = "#0072B2", "#D55E00"
NEGATIVE, ZERO, POSITIVE = "#762A83", "#F7F7F7", "#1B7837"  # signed values, here and in the lab
STYLE = {
    "font.family": FONT,
    "font.size": 11,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "axes.edgecolor": "#B6BCC4",
    "axes.labelcolor": INK,
    "axes.labelpad": 6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "legend.frameon": False,
    "legend.handlelength": 3.2,  # long enough to show a dash pattern
    "figure.constrained_layout.h_pad": 0.1,
    "figure.constrained_layout.w_pad": 0.1,
}


def import_matplotlib(module: str = "matplotlib") -> Any:
    """Return a module of matplotlib, also where MPLBACKEND asks for a backend that is not there.

    A notebook hands its own to what it starts; a file needs none.
    """
    if "matplotlib" not in sys.modules and (asked := os.environ.pop("MPLBACKEND", "")):
        try:
            with suppress(ValueError):
                extra("matplotlib").rcParams["backend"] = asked
        finally:
            os.environ["MPLBACKEND"] = asked
    return extra(module)


def drawn_in_our_style(build: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let `build` run under `STYLE`, whatever style the user has chosen, and put that back."""

    @functools.wraps(build)
    def styled(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        style = import_matplotlib("matplotlib.style").context(["default", STYLE])
        with style, without_remarks():
            return build(*args, **kwargs)

    return styled


def clean_figure(figure: Figure | None, width: float, height: float) -> Figure:
    """Return an empty white figure of this size in inches; a given one may keep its own."""
    import matplotlib
    from matplotlib.figure import Figure

    if figure is None:
        return Figure(figsize=(width, height), facecolor="white")
    if not isinstance(figure, Figure):
        raise ChainruleError(
            f"figure must be a matplotlib Figure, got {type(figure).__name__}; "
            "leave it out to get a new one."
        )
    figure.clear()
    figure.set_layout_engine("none")
    figure.set_facecolor("white")
    if tuple(figure.get_size_inches()) == tuple(matplotlib.rcParamsDefault["figure.figsize"]):
        figure.set_size_inches(width, height)
    return figure


def signed_colours() -> Any:
    """Return the colours of signed values: purple below zero, green above."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [NEGATIVE, ZERO, POSITIVE])


def quiet_ticks(axes: Axes, size: float = 10) -> None:
    """Leave the labels of the ticks and take their lines away."""
    axes.tick_params(which="both", length=0, pad=5, labelsize=size, labelcolor=INK)


def mark_decades(axis: Axis, fine: bool, words: Callable[[float], str]) -> None:
    """Mark 1, 2 and 5 of each decade of a log axis where that is `fine`, or else 1 alone."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0) if fine else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axis.set_minor_formatter(NullFormatter())


def wrapped(title: str, width: float) -> list[str]:
    """Return the lines of a title in a figure `width` inches wide."""
    letters = (width - 0.4) * 72 / 8.8  # a letter of the title is about 8.8 points wide
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in title)
    letters /= 1 + wide / (2 * max(len(title), 1))  # Chinese ones take half as much again
    return textwrap.wrap(title, max(20, int(letters)))


def add_title(figure: Figure, title: str, y: float | None = None) -> None:
    """Write the title at the upper left; without `y` the layout engine makes room for it."""
    width = figure.get_size_inches()[0]
    words, x = "\n".join(wrapped(title, width)), 0.15 / width
    figure.suptitle(words, x=x, y=y, ha="left", va="top", fontsize=13, fontweight="bold")


def finished(figure: Figure, title: str, alt_text: str, y: float | None = None) -> Figure:
    """Return the figure with its title, as `add_title` writes it, and its alt text."""
    add_title(figure, title, y)
    give_fonts(figure)
    figure.set_label(alt_text)
    return figure


def add_colour_scale(figure: Figure, picture: Any, label: str, **place: Any) -> None:
    """Draw the scale of a picture's colours, where the keywords of `Figure.colorbar` say."""
    bar = figure.colorbar(picture, label=label, **place)
    bar.outline.set_visible(False)
    quiet_ticks(bar.ax)


def count_of(number: int, word: str) -> str:
    """Return "1 run", "1,000 runs"."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def alt_text(figure: Figure) -> str:
    """Return the words that stand for the figure where it cannot be seen.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        A figure made by one of the builders.

    Returns
    -------
    str
        One or two sentences with the figure's main numbers; empty for a figure from elsewhere.
    """
    return str(figure.get_label())


@drawn_in_our_style
def save_figure(figure: Figure, path: str | os.PathLike[str], *, dpi: float = 150) -> Path:
    """Write the figure as a PNG file: the whole file or none, and the same bytes every time.

    The alt text goes into the file's metadata as "Description".

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to write.
    path : str or os.PathLike
        Where to; an existing file is replaced, the folder must exist.
    dpi : float
        Pixels per inch; most figures are 10 inches wide.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    ChainruleError
        If the file cannot be written.
    """
    path = Path(path)
    dpi = real_number("dpi", dpi, above=0)
    # None leaves out the version of matplotlib, which would change the bytes.
    metadata = {"Description": alt_text(figure), "Software": None}
    try:
        with replacing(path) as file:
            figure.savefig(file, format="png", dpi=dpi, metadata=metadata)
    except OSError as error:
        raise ChainruleError(
            f"The picture cannot be written to {path} ({error.strerror or error}); "
            "name a file in a folder that exists and can be written to."
        ) from error
    return path
