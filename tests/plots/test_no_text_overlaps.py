"""Text is drawn whole, within the figure, and clear of other text."""

import itertools

import pytest
from figure_cases import CASES
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def boxes(figure):
    """Return (text, box in pixels) of all text that is drawn."""
    FigureCanvasAgg(figure).draw()
    found = {}
    for artist in figure.findobj(Text):
        box = artist.get_window_extent()
        if artist.get_visible() and artist.get_text().strip() and box.width:
            found[artist.get_text(), *box.extents.round(1)] = (artist.get_text(), box)
    return list(found.values())


def ticks_outside(figure):
    """Return the labels of ticks that lie beyond the ends of their axis, which are not drawn."""
    outside = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high or not axes.axison:
                    outside |= {tick.label1, tick.label2}
    return outside


@pytest.mark.parametrize("case", CASES)
def test_text_is_whole_and_apart(case):
    figure = CASES[case]()
    FigureCanvasAgg(figure).draw()
    for label in ticks_outside(figure):
        label.set_visible(False)
    drawn = boxes(figure)
    assert drawn
    frame = figure.bbox
    for text, box in drawn:
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= frame.x1 + 1, text
        assert box.y1 <= frame.y1 + 1, text
    for (text, box), (other, other_box) in itertools.combinations(drawn, 2):
        across = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
        down = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
        assert across <= 1 or down <= 2, f"{text!r} and {other!r}"


@pytest.mark.parametrize("case", CASES)
def test_text_is_large_enough_to_read(case):
    figure = CASES[case]()
    scale = 10 / figure.get_size_inches()[0]  # shown at the width of a page
    least = 5.5 if "classes" in case else 7
    for artist in figure.findobj(Text):
        if artist.get_text().strip() and artist.get_visible():
            assert artist.get_fontsize() * min(scale, 1) >= least, artist.get_text()
