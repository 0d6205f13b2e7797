"""Every picture that Chainrule draws: a builder takes data and returns a matplotlib Figure.

No builder needs a screen or pyplot, and matplotlib is imported when the first one is called.
All of them take `figure`, the figure to draw on: it is cleared first, and keeps its size unless
that is matplotlib's default. Every figure carries an alt text, which `alt_text` reads.
"""

from chainrule.plots.boards import distorted, first_layer, mistakes, predictions, samples
from chainrule.plots.curves import curves_with_bands, training_comparison
from chainrule.plots.matrix import confusion
from chainrule.plots.paper import alt_text, save_figure
from chainrule.plots.rates import accuracy_by_learning_rate

__all__ = [
    "accuracy_by_learning_rate",
    "alt_text",
    "confusion",
    "curves_with_bands",
    "distorted",
    "first_layer",
    "mistakes",
    "predictions",
    "samples",
    "save_figure",
    "training_comparison",
]
