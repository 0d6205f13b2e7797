"""``chainrule evaluate``: how good a model is on the test images of a dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli.shared import (
    DATA_HELP,
    DONE,
    MODEL_HELP,
    add_output_options,
    model_file,
    notice,
    show,
)

if TYPE_CHECKING:
    from chainrule.reading.judge import Judgement


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help="judge a model on the test images of a dataset",
        description="Judge a model on the test images of a dataset: accuracy, loss, precision and "
        "recall of each class, confusion matrix. Where the model may have been trained on these "
        "images, the accuracy is not called a test accuracy.",
    )
    parser.set_defaults(run=_evaluate)
    parser.add_argument("model", metavar="MODEL", type=Path, help=MODEL_HELP)
    parser.add_argument("--data", metavar="SOURCE", default="auto", help=DATA_HELP)
    add_output_options(parser)


def _evaluate(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import load_dataset
    from chainrule.reading.classifier import ImageClassifier
    from chainrule.reading.judge import judge

    say = notice(options.quiet)
    options.model = model_file(options.model, say)
    classifier = ImageClassifier.load(options.model)
    if classifier.assumption:
        say(classifier.assumption)
    judgement = judge(classifier, load_dataset(options.data, notice=say))
    show(options, {"model": str(options.model), **judgement.as_json()}, _lines(judgement))
    return DONE


def _lines(judgement: Judgement) -> list[str]:
    count = f"{judgement.matrix.sum():,} test images of {judgement.dataset.title}"
    result = f"accuracy {judgement.accuracy:.2%}, loss {judgement.loss:.3f}"
    if judgement.doubt:
        first = [f"{count}: {result}", f"This is NOT a test accuracy: {judgement.doubt}."]
    else:
        first = [f"{count}: test {result}"]
        if judgement.trained_on:
            first.append(f"The model was trained on other images: {judgement.trained_on}.")
    return [*first, "", *_class_lines(judgement), "", *_matrix_lines(judgement)]


def _class_lines(judgement: Judgement) -> list[str]:
    lines = [f"{'class':<12}{'images':>8}{'precision':>11}{'recall':>9}"]
    for row in judgement.classes:
        precision, recall = (
            "-" if row[key] is None else f"{row[key]:.2%}" for key in ("precision", "recall")
        )
        lines.append(f"{row['class']!s:<12}{row['images']:>8,}{precision:>11}{recall:>9}")
    return lines


def _matrix_lines(judgement: Judgement) -> list[str]:
    names = [str(row["class"]) for row in judgement.classes]
    cells = [str(count) for count in judgement.matrix.ravel()]
    width = 1 + max(map(len, [*names, *cells]))
    lines = [
        "confusion matrix (rows: true class, columns: predicted class)",
        " " * width + "".join(f"{name:>{width}}" for name in names),
    ]
    for name, row in zip(names, judgement.matrix, strict=True):
        lines.append(f"{name:<{width}}" + "".join(f"{count:>{width}}" for count in row))
    return lines
