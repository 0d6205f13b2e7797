"""``chainrule evaluate``: how good a model is on the test images of a dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli.shared import DONE, SOURCES, add_output_options, notice, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainrule.reading.classifier import ImageClassifier
    from chainrule.reading.judge import Judgement, PictureJudgement

MOST_UNREAD = 10  # files that are named


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
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model file (.npz)")
    parser.add_argument("--data", metavar="SOURCE", help=f"{SOURCES}; of a folder of pictures all "
        "are read, or those in test (default: the data that the model was trained on)")  # fmt: skip
    add_output_options(parser)


def _evaluate(options: argparse.Namespace) -> int:
    from chainrule.reading.classifier import ImageClassifier

    say = notice(options.quiet)
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
    from chainrule.data.mnist import load_dataset, picture_folder
    from chainrule.experiments.run_folder import place_of_data
    from chainrule.reading.judge import judge, judge_folder, own_dataset

    if options.data is None and classifier.is_of_own_data:
        return judge(classifier, own_dataset(classifier, [place_of_data(options.model)], say))
    source = options.data or "auto"
    if folder := picture_folder(source):
        return judge_folder(classifier, folder, say)
    return judge(classifier, load_dataset(source, notice=say))


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
    count = len(judgement.unread)
    lines.append(
        f"{count:,} of them, counted as not right, {'were' if count > 1 else 'was'} not read:"
    )
    lines += [f"  {why}" for why in list(judgement.unread.values())[:MOST_UNREAD]]
    return [*lines, "  …"] if count > MOST_UNREAD else lines


def _tables(judgement: Judgement | PictureJudgement) -> list[str]:
    return [*_class_lines(judgement), "", *_matrix_lines(judgement)]


def _class_lines(judgement: Judgement | PictureJudgement) -> list[str]:
    lines = [f"{'class':<12}{'images':>8}{'precision':>11}{'recall':>9}"]
    for row in judgement.classes:
        precision, recall = (
            "-" if row[key] is None else f"{row[key]:.2%}" for key in ("precision", "recall")
        )
        lines.append(f"{row['class']!s:<12}{row['images']:>8,}{precision:>11}{recall:>9}")
    return lines


def _matrix_lines(judgement: Judgement | PictureJudgement) -> list[str]:
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
