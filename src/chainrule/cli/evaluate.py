"""``chainrule evaluate``: how good a model is on the test images of a dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli.shared import (
    DONE,
    MODEL_HELP,
    SOURCES,
    add_output_options,
    model_file,
    notice,
    show,
)
from chainrule.terminal import columns_of, padded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainrule.reading.classifier import ImageClassifier
    from chainrule.reading.judge import Judgement, PictureJudgement

MOST_UNREAD = 10  # files that are named
WIDEST_HEAD = 8  # letters of a class above a column of the matrix; longer names get a number


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
    parser.add_argument("--data", metavar="SOURCE", help=f"{SOURCES}; of a folder of pictures all "
        "are read, or those in test (default: what the model was trained on)")  # fmt: skip
    add_output_options(parser)


def _evaluate(options: argparse.Namespace) -> int:
    from chainrule.reading.classifier import ImageClassifier

    say = notice(options.quiet)
    options.model = model_file(options.model, say)
    classifier = ImageClassifier.load(options.model)
    if classifier.assumption:
        say(classifier.assumption)
    judgement = _judged(classifier, options, say)
    result = {"model": str(options.model), **judgement.as_json()}
    show(options, result, [*_head(judgement), "", *_tables(judgement)])
    return DONE


def _judged(
    classifier: ImageClassifier, options: argparse.Namespace, say: Callable[[str], None]
) -> Judgement | PictureJudgement:
    from chainrule.data.mnist import picture_folder
    from chainrule.experiments.run_folder import dataset_of_model
    from chainrule.reading.judge import judge, judge_folder

    is_own = options.data is None and classifier.is_of_own_data
    if not is_own and (folder := picture_folder(options.data or "auto")):
        return judge_folder(classifier, folder, say)
    return judge(classifier, dataset_of_model(classifier, options.data, say))


def _head(judgement: Judgement | PictureJudgement) -> list[str]:
    from chainrule.reading.judge import PictureJudgement

    if isinstance(judgement, PictureJudgement):
        return _head_of_pictures(judgement)
    count = f"{judgement.matrix.sum():,} test images of {judgement.dataset.title}"
    result = f"accuracy {judgement.accuracy:.2%}, loss {judgement.loss:.3f}"
    if judgement.doubt:
        first = [f"{count}: {result}", f"This is NOT a test accuracy: {judgement.doubt}."]
    else:
        first = [f"{count}: test {result}"]
        if judgement.trained_on:
            first.append(f"The model was trained on other images: {judgement.trained_on}.")
    return first


def _head_of_pictures(judgement: PictureJudgement) -> list[str]:
    lines = [
        f"{judgement.images:,} pictures of {judgement.title}: accuracy {judgement.accuracy:.2%}",
        f"This is NOT a test accuracy: {judgement.doubt}.",
        judgement.remark,
    ]
    if not judgement.unread:
        return lines
    reasons = list(judgement.unread.values())
    lines.append(f"Not read as one digit, and so counted as not right: {len(reasons):,}")
    lines += [f"  {why}" for why in reasons[:MOST_UNREAD]]
    return [*lines, "  …"] if len(reasons) > MOST_UNREAD else lines


def _tables(judgement: Judgement | PictureJudgement) -> list[str]:
    names = heads = [str(row["class"]) for row in judgement.classes]
    if max(map(columns_of, names)) > WIDEST_HEAD:
        heads = [str(i) for i in range(len(names))]
        names = [f"{i}: {name}" for i, name in enumerate(names)]
    return [*_class_lines(judgement, names), "", *_matrix_lines(judgement, names, heads)]


def _class_lines(judgement: Judgement | PictureJudgement, names: Sequence[str]) -> list[str]:
    width = max(12, 1 + max(map(columns_of, names)))
    lines = [f"{'class':<{width}}{'images':>8}{'precision':>11}{'recall':>9}"]
    for name, row in zip(names, judgement.classes, strict=True):
        precision, recall = (
            "-" if row[key] is None else f"{row[key]:.2%}" for key in ("precision", "recall")
        )
        lines.append(f"{padded(name, width)}{row['images']:>8,}{precision:>11}{recall:>9}")
    return lines


def _matrix_lines(
    judgement: Judgement | PictureJudgement, names: Sequence[str], heads: Sequence[str]
) -> list[str]:
    cells = [str(count) for count in judgement.matrix.ravel()]
    width = 1 + max(map(columns_of, [*heads, *cells]))
    first = max(width, 1 + max(map(columns_of, names)))
    lines = [
        "confusion matrix (rows: true class, columns: predicted class)",
        " " * first + "".join(" " * (width - columns_of(head)) + head for head in heads),
    ]
    for name, row in zip(names, judgement.matrix, strict=True):
        lines.append(padded(name, first) + "".join(f"{count:>{width}}" for count in row))
    return lines
