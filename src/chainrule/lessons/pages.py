"""What the lessons' pages show: digits to learn from, pictures with words, flipbooks."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

from chainrule.checks import ChainruleError
from chainrule.plots import alt_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.data.split import Split

DPI = 110


def digits(train_size: int = 3_000) -> Split:
    """Return MNIST, or without it the embedded sample, split and standardised; say which it is.

    Parameters
    ----------
    train_size : int
        Images to train on, at most 3,500: as many as the sample has.

    Returns
    -------
    Split
        ``X_train, y_train, X_val, y_val, X_test, y_test``, and ``title``, which names the data.
    """
    from chainrule.data.mnist import load_dataset
    from chainrule.data.split import split_dataset

    split = split_dataset(load_dataset("auto", notice=None), train_size)
    sizes = f"{len(split.X_train):,} to train, {len(split.X_val):,} to validate"
    print(f"{split.title}: {sizes}, {len(split.X_test):,} to test")
    return split


class Picture:
    """A figure as a page shows it: with its alt text.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Of a builder: it carries its alt text as its label.
    caption : str
        What to look at, in a sentence; may be empty.
    """

    def __init__(self, figure: Figure, caption: str = "") -> None:
        words = alt_text(figure)
        if not words:
            raise ChainruleError(
                "A picture needs an alt text: figure.set_label('what it shows, with its numbers')."
            )
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
        data = base64.b64encode(file.getvalue()).decode()
        below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        self.caption, self.words = caption, words
        self.html = (
            f'<figure><img alt="{html.escape(words)}" src="data:image/png;base64,{data}" '
            f'style="max-width: 100%; height: auto">{below}</figure>'
        )

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"Picture: {self.words}"


class Flipbook:
    """Pictures to leaf through, by buttons or the arrow keys; without scripts all are shown.

    Parameters
    ----------
    title : str
        What the frames show together.
    frames : sequence of Picture
        Each with its caption.
    """

    def __init__(self, title: str, frames: Sequence[Picture]) -> None:
        self.title, self.frames = title, tuple(frames)

    def _repr_html_(self) -> str:
        script = resources.files("chainrule.lessons") / "flipbook.js"
        frames = "".join(f'<div class="frame">{frame.html}</div>' for frame in self.frames)
        return (
            f'<div class="flipbook" role="group" tabindex="0" aria-label="{html.escape(self.title)}'
            f', {len(self.frames)} frames: leaf with the arrow keys">'
            f"<p><strong>{html.escape(self.title)}</strong></p>{frames}"
            '<p class="stepper" hidden><button type="button" data-step="-1">← back</button> '
            '<output aria-live="polite"></output> '
            '<button type="button" data-step="1">next →</button></p></div>'
            f"<script>{script.read_text(encoding='utf-8')}</script>"
        )

    def __repr__(self) -> str:
        return f"Flipbook of {len(self.frames)} frames: {self.title}"
