"""The figure: how long each peer takes for the course's job, as horizontal bars."""

from benchmarks.results import best
from benchmarks.tables import label_of, number
from chainrule.plots.paper import (
    BLUE,
    INK,
    QUIET,
    VERMILLION,
    add_title,
    clean_figure,
    drawn_in_our_style,
    quiet_ticks,
)

COLOURS = {"Adam": VERMILLION, "SGD": BLUE}  # ours in the colour of the optimizer, others grey
OTHERS, FLOOR = "#C9CED6", "white"


@drawn_in_our_style
def draw_training_times(lines):
    """Return a Figure of the row main, or None where it was not measured."""
    cases = {case: _bars(lines, case) for case in COLOURS}
    cases = {case: bars for case, bars in cases.items() if bars}
    if not cases:
        return None
    height = 1.3 + max(len(bars) for bars in cases.values()) * 0.42
    figure = clean_figure(None, 10, height)
    figure.set_layout_engine("constrained")
    work = next(iter(cases.values()))[0]["work"]
    title = f"Training the course's network: {work['images']:,} images, {work['epochs']} epochs"
    add_title(figure, title)
    panels = figure.subplots(1, len(cases), squeeze=False)[0]
    for axes, (case, bars) in zip(panels, cases.items(), strict=True):
        _draw_panel(axes, case, bars)
    figure.set_label(_alt_text(cases))
    return figure


def _bars(lines, case):
    """Return the line of each peer at its best number of threads, quickest first."""
    peers = {line["peer"] for line in lines if line["row"] == "main" and line["case"] == case}
    found = [best(lines, "main", case, peer) for peer in peers]
    return sorted(filter(None, found), key=lambda line: line["median"])


def _draw_panel(axes, case, bars):
    longest = max(line["max"] for line in bars)
    for place, line in enumerate(bars):
        ours, floor = line["peer"].startswith("chainrule"), line["peer"] == "floor"
        colour = COLOURS[case] if ours else FLOOR if floor else OTHERS
        edge = QUIET if floor else colour
        axes.barh(place, line["median"], 0.68, color=colour, edgecolor=edge, hatch="//" * floor)
        axes.plot([line["min"], line["max"]], [place, place], color=INK, linewidth=1)
        ratio = (
            f"  ({line['ratio']:.2f})" if "ratio" in line and line["peer"] != "chainrule" else ""
        )
        text = f"{number(line['median'])} s{ratio}"
        at = line["max"] + 0.02 * longest
        weight = "bold" if ours else "normal"
        axes.text(at, place, text, va="center", fontsize=9, fontweight=weight)
    names = [f"{label_of(line['peer'])}, {_threads(line)}" for line in bars]
    axes.set_yticks(range(len(bars)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.5 * longest)
    axes.set_xlabel("seconds (ratio to Chainrule)", fontsize=10)
    axes.set_title(case, loc="left", fontsize=11)
    quiet_ticks(axes, 9)


def _threads(line):
    return "1 thread" if line["threads"] == 1 else f"{line['threads']} threads"


def _alt_text(cases):
    """Return the figure in words."""
    sentences = []
    for case, bars in cases.items():
        times = ", ".join(f"{label_of(line['peer'])} {number(line['median'])} s" for line in bars)
        sentences.append(f"{case}, median seconds, quickest first: {times}.")
    return " ".join(["Horizontal bars of the time to train the course's network.", *sentences])
