"""``chainrule predict``: what a model takes the picture in an image file for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import ChainruleError
from chainrule.cli.shared import DONE, add_output_options, is_same_file, notice, show

if TYPE_CHECKING:
    from chainrule.reading.answer import Reading
    from chainrule.reading.classifier import ImageClassifier


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "predict",
        help="let a model classify the picture in an image file",
        description="Let a model classify the picture in an image file, of any size up to "
        "4096x4096, grey or colour, dark on light or light on dark. It is brought into MNIST's "
        "form first: the ink 20 pixels long, its centre of mass in the middle of 28x28.",
    )
    parser.set_defaults(run=_predict)
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path, help="a model file (.npz)")
    add("image", metavar="IMAGE", type=Path, help="PNG, JPEG, GIF, BMP, PPM, TIFF or WebP")
    add("--raw", action="store_true",
        help="take the picture as it is, in the model's size, light ink on black")  # fmt: skip
    add("--save-prepared", metavar="PNG", type=Path,
        help="write the picture as the model gets it")  # fmt: skip
    add_output_options(parser)


def _predict(options: argparse.Namespace) -> int:
    from chainrule.reading.answer import read, save_picture
    from chainrule.reading.classifier import ImageClassifier

    classifier = ImageClassifier.load(options.model)
    reading = read(classifier, options.image, raw=options.raw)
    if options.save_prepared is not None:
        read_ones = (options.image, options.model)
        if any(is_same_file(options.save_prepared, path) for path in read_ones):
            raise ChainruleError(
                f"--save-prepared {options.save_prepared} would replace what is read: "
                "name another file."
            )
        save_picture(options.save_prepared, reading.picture)
    say = notice(options.quiet)
    for sentence in _remarks(classifier, reading):
        say(sentence)
    show(options, _as_json(options, classifier, reading), _lines(options, classifier, reading))
    return DONE


def _polarity(reading: Reading) -> str | None:
    if reading.steps is None:
        return None
    return "light ink on dark" if reading.steps.light_on_dark else "dark ink on light"


def _remarks(classifier: ImageClassifier, reading: Reading) -> list[str]:
    """Return what was assumed, and what should make the reader doubt."""
    remarks = [classifier.assumption] if classifier.assumption else []
    if reading.steps is not None:
        remarks.append(f"Read as {_polarity(reading)} ground, centred by MNIST's rule.")
        if reading.steps.is_lopsided:
            remarks.append(
                "The ink is so lopsided that its centre of mass is not in the middle: is there "
                "anything beside the digit?"
            )
        if not classifier.knows_mnist:
            remarks.append(
                f"The model was not trained on MNIST ({classifier.trained_on}): "
                "if its images are not centred by this rule, add --raw."
            )
    return remarks


def _as_json(
    options: argparse.Namespace, classifier: ImageClassifier, reading: Reading
) -> dict[str, Any]:
    return {
        "model": str(options.model),
        "image": str(options.image),
        "class": classifier.classes[reading.best],
        "probability": float(reading.probabilities[reading.best]),
        "probabilities": [
            {"class": name, "probability": float(probability)}
            for name, probability in zip(classifier.classes, reading.probabilities, strict=True)
        ],
        "read_as": _polarity(reading),
        "prepared": None if options.save_prepared is None else str(options.save_prepared),
    }


def _lines(options: argparse.Namespace, classifier: ImageClassifier, reading: Reading) -> list[str]:
    best = reading.best
    lines = [f"{options.image}: {classifier.classes[best]} ({reading.probabilities[best]:.2%})", ""]
    for name, probability in zip(classifier.classes, reading.probabilities, strict=True):
        bar = "#" * round(40 * float(probability))
        lines.append(f"{name!s:<12}{probability:>8.2%}  {bar}".rstrip())
    if options.save_prepared is not None:
        lines += ["", f"prepared picture: {options.save_prepared}"]
    return lines
