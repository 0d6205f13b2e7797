"""The rule of each kind of layer: in words, and as a formula in MathML."""

# ruff: noqa: RUF001  (the page shows × and − as a blackboard does)

from __future__ import annotations


def _row(*parts: str) -> str:
    return f"<mtr><mtd>{''.join(parts)}</mtd></mtr>"


def _name(text: str) -> str:
    return f"<mi>{text}</mi>"


def _sign(text: str) -> str:
    return f"<mo>{text}</mo>"


def _transposed(text: str) -> str:
    return f"<msup>{_name(text)}<mi>T</mi></msup>"


def _formula(*rows: str) -> str:
    return f'<math display="block"><mtable columnalign="left">{"".join(rows)}</mtable></math>'


def _elementwise(*factor: str) -> str:
    return _formula(_row(_name("dx"), _sign("="), _name("dy"), _sign("⊙"), *factor))


_EQUALS, _TIMES = _sign("="), _sign("·")

LOSS = _formula(
    _row(
        _name("dz"),
        _EQUALS,
        "<mfrac><mn>1</mn><mi>B</mi></mfrac>",
        "<mrow>",
        _sign("("),
        "<mi>softmax</mi>",
        _sign("("),
        _name("z"),
        _sign(")"),
        _sign("−"),
        "<mi>one-hot</mi>",
        _sign("("),
        _name("labels"),
        _sign(")"),
        _sign(")"),
        "</mrow>",
    )
)
DENSE = _formula(
    _row(_name("dW"), _EQUALS, _transposed("x"), _TIMES, _name("dy")),
    _row(
        _name("db"),
        _EQUALS,
        "<munder><mo>∑</mo><mi>batch</mi></munder>",
        _name("dy"),
    ),
    _row(_name("dx"), _EQUALS, _name("dy"), _TIMES, _transposed("W")),
)

LOSS_WORDS = (
    "The gradient of the logits is what the network says minus what is true: each probability, "
    "less 1 at the right class. The mean over the batch is taken here, by dividing by B, and in "
    "no other step."
)
DENSE_WORDS = (
    "Each weight gets the input that it was multiplied by times the gradient of its output, summed "
    "over the batch. Each bias gets the sum of the gradient of its output. The input gets the "
    "gradient back through the same weights, turned around. Nothing is divided here."
)

# By kind: the rule in words, and the formula.
OTHERS: dict[str, tuple[str, str]] = {
    "ReLU": (
        "Where the input was above 0 the gradient passes as it is; where it was not, the unit was "
        "silent and the gradient is 0.",
        _elementwise(_sign("["), _name("x"), _sign("&gt;"), "<mn>0</mn>", _sign("]")),
    ),
    "LeakyReLU": (
        "Where the input was above 0 the gradient passes as it is; elsewhere it is multiplied by "
        "the small slope.",
        _elementwise("<mi>slope</mi>", _sign("("), _name("x"), _sign(")")),
    ),
    "Sigmoid": (
        "The gradient is multiplied by y (1 − y): the slope of the curve where the unit stood.",
        _elementwise(
            _name("y"),
            _sign("⊙"),
            *(_sign("("), "<mn>1</mn>", _sign("−"), _name("y"), _sign(")")),
        ),
    ),
    "Tanh": (
        "The gradient is multiplied by 1 − y²: the slope of the curve where the unit stood.",
        _elementwise(
            *(_sign("("), "<mn>1</mn>", _sign("−"), "<msup><mi>y</mi><mn>2</mn></msup>"),
            _sign(")"),
        ),
    ),
    "Dropout": (
        "Dropout works in training alone; here every unit is kept and the gradient passes as it "
        "is.",
        _formula(_row(_name("dx"), _EQUALS, _name("dy"))),
    ),
}

# What dy is multiplied by, in one line.
FACTORS = {
    "ReLU": "[x > 0]",
    "LeakyReLU": "(1 where x > 0, else slope)",
    "Sigmoid": "y (1 − y)",
    "Tanh": "(1 − y²)",
    "Dropout": "1",
}
