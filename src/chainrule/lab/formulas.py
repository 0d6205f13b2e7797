"""The rule of each kind of layer: in words, and as a formula in MathML."""

# ruff: noqa: RUF001  (the page shows × and − as a blackboard does)

from __future__ import annotations

import html
from dataclasses import dataclass

SIGNS = {
    "1/B": "<mfrac><mn>1</mn><mi>B</mi></mfrac>",
    "∑batch": "<munder><mo>∑</mo><mi>batch</mi></munder>",
    "xᵀ": "<msup><mi>x</mi><mi>T</mi></msup>",
    "Wᵀ": "<msup><mi>W</mi><mi>T</mi></msup>",
    "y²": "<msup><mi>y</mi><mn>2</mn></msup>",
    "{": "<mrow>",
    "}": "</mrow>",
}


@dataclass(frozen=True)
class Rule:
    """How the gradient goes back through one kind of layer.

    Attributes
    ----------
    words : str
    formula : tuple of str
        Lines as on a blackboard, their signs set apart by spaces.
    factor : str
        What dy is multiplied by, in one line; of a layer that works number by number.
    """

    words: str
    formula: tuple[str, ...]
    factor: str = ""

    @property
    def mathml(self) -> str:
        """The formula as the page shows it."""
        rows = ("".join(map(_sign, line.split())) for line in self.formula)
        table = "".join(f"<mtr><mtd>{row}</mtd></mtr>" for row in rows)
        return f'<math display="block"><mtable columnalign="left">{table}</mtable></math>'


def _sign(text: str) -> str:
    tag = "mn" if text.isdigit() else "mi" if text[0].isalpha() else "mo"
    return SIGNS.get(text) or f"<{tag}>{html.escape(text)}</{tag}>"


RULES = {
    "loss": Rule(
        "The gradient of the logits is what the network says minus what is true: each probability, "
        "less 1 at the right class. The mean over the batch is taken here, by dividing by B, and "
        "in no other step.",
        ("dz = 1/B { ( softmax ( z ) − one-hot ( labels ) ) }",),
    ),
    "Dense": Rule(
        "Each weight gets the input that it was multiplied by times the gradient of its output, "
        "summed over the batch. Each bias gets the sum of the gradient of its output. The input "
        "gets the gradient back through the same weights, turned around. Nothing is divided here.",
        ("dW = xᵀ · dy", "db = ∑batch dy", "dx = dy · Wᵀ"),
    ),
    "ReLU": Rule(
        "Where the input was above 0 the gradient passes as it is; where it was not, the unit was "
        "silent and the gradient is 0.",
        ("dx = dy ⊙ [ x > 0 ]",),
        "[x > 0]",
    ),
    "LeakyReLU": Rule(
        "Where the input was above 0 the gradient passes as it is; elsewhere it is multiplied by "
        "the small slope.",
        ("dx = dy ⊙ slope ( x )",),
        "(1 where x > 0, else slope)",
    ),
    "Sigmoid": Rule(
        "The gradient is multiplied by y (1 − y): the slope of the curve where the unit stood.",
        ("dx = dy ⊙ y ⊙ ( 1 − y )",),
        "y (1 − y)",
    ),
    "Tanh": Rule(
        "The gradient is multiplied by 1 − y²: the slope of the curve where the unit stood.",
        ("dx = dy ⊙ ( 1 − y² )",),
        "(1 − y²)",
    ),
    "Dropout": Rule(
        "Dropout works in training alone; here every unit is kept and the gradient passes as it "
        "is.",
        ("dx = dy",),
        "1",
    ),
}
