"""``chainrule predict``: what a model takes the picture in an image file for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import Array, ChainruleError
from chainrule.cli.shared import DONE, add_output_options, is_same_file, notice, show

if TYPE_CHECKING:
    from chainrule.reading.answer import Reading
    from chainrule.reading.classifier import ImageClassifier


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "predict",
        help="let a model read the picture in an image file",
        description="Let a model read the picture in an image file: a photograph, a scan or a "
        "drawing of one digit or several in a row, of at most 100 megapixels, in any ink on any "
        "ground. Each digit is brought into MNIST's form first: the ink 20 pixels long, its "
        "centre of mass in the middle of 28x28.",
    )
    parser.set_defaults(run=_predict)
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path, help="a model file (.npz)")
    add("image", metavar="IMAGE", type=Path, help="PNG, JPEG, GIF, BMP, PPM, TIFF or WebP")
    ground = parser.add_mutually_exclusive_group()
    ground.add_argument("--dark-on-light", dest="light_on_dark", action="store_false", default=None,
        help="the ink is darker than its ground (default: the picture decides)")  # fmt: skip
    ground.add_argument("--light-on-dark", dest="light_on_dark", action="store_true", default=None,
        help="the ink is lighter than its ground, as chalk is")  # fmt: skip
    ground.add_argument("--raw", action="store_true",
        help="take the picture as it is, in the model's size, light ink on black")  # fmt: skip
    add("--save-prepared", metavar="PNG", type=Path,
        help="write a picture of every stage, up to what the model gets")  # fmt: skip
    add_output_options(parser)


def _predict(options: argparse.Namespace) -> int:
    from chainrule.reading.answer import read, save_picture, stages
    from chainrule.reading.classifier import ImageClassifier

    classifier = ImageClassifier.load(options.model)
    reading = read(classifier, options.image, raw=options.raw, light_on_dark=options.light_on_dark)
    if options.save_prepared is not None:
        read_ones = (options.image, options.model)
        if any(is_same_file(options.save_prepared, path) for path in read_ones):
            raise ChainruleError(
                f"--save-prepared {options.save_prepared} would replace what is read: "
                "name another file."
            )
        save_picture(options.save_prepared, stages(reading))
    say = notice(options.quiet)
    for sentence in _remarks(classifier, reading):
        say(sentence)
    show(options, _as_json(options, reading), _lines(options, reading))
    return DONE


def _polarity(reading: Reading) -> str | None:
    if reading.strokes is None:
        return None
    return "light ink on dark" if reading.strokes.light_on_dark else "dark ink on light"


def _remarks(classifier: ImageClassifier, reading: Reading) -> list[str]:
    """Return what was assumed, and what should make the reader doubt."""
    remarks = [classifier.assumption] if classifier.assumption else []
    if reading.remark:
        remarks.append(reading.remark)
    if reading.strokes is not None:
        remarks.append(f"Read as {_polarity(reading)} ground, centred by MNIST's rule.")
        if not classifier.knows_mnist:
            remarks.append(
                f"The model was not trained on MNIST ({classifier.trained_on}): "
                "if its images are not centred by this rule, add --raw."
            )
    return [*remarks, *reading.doubts]


def _as_json(options: argparse.Namespace, reading: Reading) -> dict[str, Any]:
    """Return the answer; `class` and its probabilities are null where there are several digits."""
    digits = [_digit(reading, place) for place in range(len(reading.best))]
    alone = digits[0] if len(digits) == 1 else dict.fromkeys(digits[0])
    return {
        "model": str(options.model),
        "image": str(options.image),
        "text": reading.text,
        **alone,
        "digits": digits,
        "doubts": list(reading.doubts),
        "read_as": _polarity(reading),
        "prepared": None if options.save_prepared is None else str(options.save_prepared),
    }


def _digit(reading: Reading, place: int) -> dict[str, Any]:
    best, probabilities = reading.best[place], reading.probabilities[place]
    return {
        "class": reading.classes[best],
        "probability": float(probabilities[best]),
        "probabilities": [
            {"class": name, "probability": float(probability)}
            for name, probability in zip(reading.classes, probabilities, strict=True)
        ],
    }


def _lines(options: argparse.Namespace, reading: Reading) -> list[str]:
    best = list(zip(reading.best, reading.probabilities, strict=True))
    lines = []
    if len(best) == 1:
        lines.append(f"{options.image}: {reading.text} ({reading.probability:.2%})")
    else:
        each = " ".join(f"{reading.classes[one]} ({rest[one]:.1%})" for one, rest in best)
        lines.append(f"{options.image}: {reading.text}: {each}")
    for probabilities in reading.probabilities:
        lines += ["", *_bars(reading.classes, probabilities)]
    if options.save_prepared is not None:
        lines += ["", f"prepared picture: {options.save_prepared}"]
    return lines


def _bars(classes: list[Any], probabilities: Array) -> list[str]:
    from chainrule.terminal import columns_of, padded

    names = [str(name) for name in classes]
    width = max(12, 1 + max(map(columns_of, names)))
    lines = []
    for name, probability in zip(names, probabilities, strict=True):
        bar = "#" * round(40 * float(probability))
        lines.append(f"{padded(name, width)}{probability:>8.2%}  {bar}".rstrip())
    return lines
