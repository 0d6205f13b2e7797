"""``chainrule predict``: what a model takes the pictures in image files for."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import Array, ChainruleError
from chainrule.cli.shared import (
    DONE,
    MODEL_HELP,
    WRONG_INPUT,
    add_output_options,
    complain,
    is_same_file,
    model_file,
    notice,
    show,
)
from chainrule.terminal import Say, is_terminal

if TYPE_CHECKING:
    from chainrule.reading.answer import Reading
    from chainrule.reading.classifier import ImageClassifier

COLUMNS = ("file", "text", "probability", "doubts")


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "predict",
        usage="%(prog)s [OPTION ...] [MODEL] PICTURE [PICTURE ...]",
        help="let a model read the pictures in image files",
        description="Let a model read the pictures in image files: photographs, scans or "
        "drawings of one digit or several in a row, of at most 100 megapixels, in any ink on any "
        "ground. Each digit is brought into MNIST's form first: the ink 20 pixels long, its "
        "centre of mass in the middle of 28x28. Several pictures have a line each, and the exit "
        "status is 2 if one of them could not be read.",
    )
    parser.set_defaults(run=_predict)
    add = parser.add_argument
    add("paths", metavar="[MODEL] PICTURE", type=Path, nargs="+",
        help=f"{MODEL_HELP}; without one a network trained on distorted MNIST reads, which takes a "
        "minute the first time. Then PNG, JPEG, GIF, BMP, PPM, TIFF or WebP; a pattern such as "
        "'*.png'; or a folder: the pictures in it, sorted by name")  # fmt: skip
    ground = parser.add_mutually_exclusive_group()
    ground.add_argument("--dark-on-light", dest="light_on_dark", action="store_false", default=None,
        help="the ink is darker than its ground (default: the picture decides)")  # fmt: skip
    ground.add_argument("--light-on-dark", dest="light_on_dark", action="store_true", default=None,
        help="the ink is lighter than its ground, as chalk is")  # fmt: skip
    ground.add_argument("--raw", action="store_true",
        help="take the picture as it is, in the model's size, light ink on black")  # fmt: skip
    add("--save-prepared", metavar="PNG", type=Path,
        help="of one picture: write every stage of it, up to what the model gets")  # fmt: skip
    add("--csv", action="store_true",
        help=f"print a table, a row a picture: {', '.join(COLUMNS)}")  # fmt: skip
    add_output_options(parser)


def _predict(options: argparse.Namespace) -> int:
    if options.csv and options.json:
        raise ChainruleError("--csv and --json are two forms of one result: give one of them.")
    say = notice(options.quiet)
    has_model = _names_a_model(options.paths)
    names = options.paths[has_model:]
    pictures = [path for name in names for path in _named(name)]
    is_one = pictures == names and len(pictures) == 1 and not options.csv
    if options.save_prepared is not None and not is_one:
        raise ChainruleError(
            "--save-prepared is for one picture that is named alone, without --csv, and this "
            f"names {len(pictures):,}: name the one to look at."
        )
    classifier = _model(options.paths[0], say) if has_model else _reader(pictures, options, say)
    options.model = Path(classifier.path)
    if is_one:
        return _show_one(options, classifier, pictures[0], say)
    return _show_several(options, classifier, pictures, say)


def _names_a_model(paths: Sequence[Path]) -> bool:
    """Whether the first path is that of a model, not of a picture."""
    from chainrule.data.image_folder import holds_pictures
    from chainrule.data.pictures import SUFFIXES
    from chainrule.experiments.metrics import METRICS

    first = paths[0]
    is_one = first.suffix.lower() == ".npz" or (first / METRICS).exists()
    if len(paths) > 1:
        if first.is_dir():
            return is_one or not holds_pictures(first, depth=0)
        return is_one or not (first.suffix.lower() in SUFFIXES or has_magic(str(first)))
    if is_one:
        raise ChainruleError(f"{first} is a model: name the picture that it is to read after it.")
    return False


def _model(path: Path, say: Say) -> ImageClassifier:
    from chainrule.reading.classifier import ImageClassifier

    return ImageClassifier.load(model_file(path, say))


def _reader(pictures: Sequence[Path], options: argparse.Namespace, say: Say) -> ImageClassifier:
    """Return the model that is there without being named."""
    from chainrule.data.mnist import load_dataset
    from chainrule.experiments.ready_made import reader

    _check_there_is_one(pictures)  # before a network is trained for a minute
    return reader(load_dataset(notice=say), say, progress=not options.quiet)


def _check_there_is_one(pictures: Sequence[Path]) -> None:
    """Check that one of these files at least is a picture."""
    from chainrule.data.pictures import check_picture

    problems = []
    for path in pictures:
        try:
            return check_picture(path)
        except ChainruleError as error:
            problems.append(error)
    raise problems[0]


def _named(name: Path) -> list[Path]:
    """Return the pictures that an argument stands for."""
    from chainrule.data.pictures import pictures_in

    found = [name]
    if has_magic(str(name)) and not os.path.lexists(name):  # quoted, or left alone by Windows
        found = [Path(path) for path in sorted(glob(str(name)))]  # noqa: PTH207  absolute ones too
        if not found:
            raise ChainruleError(f"No file matches {name}: correct the pattern, or name a folder.")
    return [path for one in found for path in (pictures_in(one) if one.is_dir() else [one])]


def _read(options: argparse.Namespace, classifier: ImageClassifier, path: Path) -> Reading:
    from chainrule.reading.answer import read

    return read(classifier, path, raw=options.raw, light_on_dark=options.light_on_dark)


def _remarks(classifier: ImageClassifier, reading: Reading) -> list[str]:
    """Return what was assumed."""
    remarks = [one for one in (classifier.assumption, reading.remark) if one]
    if reading.strokes is not None and not classifier.knows_mnist:
        remarks.append(
            f"The model was not trained on MNIST ({classifier.trained_on}): "
            "if its images are not centred by this rule, add --raw."
        )
    return remarks


def _polarity(reading: Reading) -> str | None:
    if reading.strokes is None:
        return None
    return "light ink on dark" if reading.strokes.light_on_dark else "dark ink on light"


# ---- several pictures ----


def _show_several(
    options: argparse.Namespace, classifier: ImageClassifier, pictures: list[Path], say: Say
) -> int:
    """Read pictures, and show each as it comes; return the exit status."""
    from chainrule.data.pictures import counted

    entries, refusals, said = [], 0, set()
    if options.csv:
        _print_row(COLUMNS)
    lines_show_it = is_terminal(sys.stdout) and not options.json
    for path in counted(pictures, notice(quiet=True) if lines_show_it else say):
        result = _attempt(options, classifier, path)
        if isinstance(result, ChainruleError):
            refusals += 1
            complain(str(result))
        else:
            remarks = _remarks(classifier, result)
            doubts = [f"{path}: {doubt}" for doubt in result.doubts]
            for sentence in (*(one for one in remarks if one not in said), *doubts):
                say(sentence)
            said.update(remarks)
        if options.csv:
            _print_row(_row(path, result))
        elif options.json:
            entries.append(_entry(options, path, result))
        elif not isinstance(result, ChainruleError) and not options.quiet:
            print(_line(path, result), flush=True)
    if options.json:
        show(options, entries, [])
    if refusals:
        say(f"{refusals:,} of {len(pictures):,} pictures could not be read.")
    return WRONG_INPUT if refusals else DONE


def _attempt(
    options: argparse.Namespace, classifier: ImageClassifier, path: Path
) -> Reading | ChainruleError:
    """Return what a picture is read as, or why it cannot be read."""
    try:
        return _read(options, classifier, path)
    except ChainruleError as error:
        if str(path) in str(error):
            return error
        raise  # it speaks of the model or of what is installed: no other picture would be read


def _line(path: Path, reading: Reading) -> str:
    doubt = ", doubtful" if reading.doubts else ""
    return f"{path}: {reading.text} ({reading.probability:.2%}){doubt}"


def _row(path: Path, result: Reading | ChainruleError) -> list[object]:
    """Return a row of the table; of a picture that could not be read the reason is the doubt."""
    if isinstance(result, ChainruleError):
        return [path, "", "", result]
    return [path, result.text, result.probability, " ".join(result.doubts)]


def _print_row(row: Sequence[object]) -> None:
    csv.writer(sys.stdout, lineterminator="\n").writerow(row)


def _entry(
    options: argparse.Namespace, path: Path, result: Reading | ChainruleError
) -> dict[str, Any]:
    """Return a picture's entry in the list; where it could not be read it holds the error alone."""
    if isinstance(result, ChainruleError):
        return {"model": str(options.model), "image": str(path), "error": str(result)}
    return _as_json(options, path, result)


# ---- one picture ----


def _show_one(
    options: argparse.Namespace, classifier: ImageClassifier, path: Path, say: Say
) -> int:
    """Read a picture, and show all that there is to know of it; return the exit status."""
    from chainrule.reading.answer import save_picture, stages

    reading = _read(options, classifier, path)
    if options.save_prepared is not None:
        if any(is_same_file(options.save_prepared, one) for one in (path, options.model)):
            raise ChainruleError(
                f"--save-prepared {options.save_prepared} would replace what is read: "
                "name another file."
            )
        save_picture(options.save_prepared, stages(reading))
    if reading.strokes is not None:
        say(f"Read as {_polarity(reading)} ground, centred by MNIST's rule.")
    for sentence in (*_remarks(classifier, reading), *reading.doubts):
        say(sentence)
    show(options, _as_json(options, path, reading), _lines(options, path, reading))
    return DONE


def _as_json(options: argparse.Namespace, path: Path, reading: Reading) -> dict[str, Any]:
    """Return the answer; `class` and its probabilities are null where there are several digits."""
    digits = [_digit(reading, place) for place in range(len(reading.best))]
    alone = digits[0] if len(digits) == 1 else dict.fromkeys(digits[0])
    return {
        "model": str(options.model),
        "image": str(path),
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


def _lines(options: argparse.Namespace, path: Path, reading: Reading) -> list[str]:
    best = list(zip(reading.best, reading.probabilities, strict=True))
    lines = []
    if len(best) == 1:
        lines.append(f"{path}: {reading.text} ({reading.probability:.2%})")
    else:
        each = " ".join(f"{reading.classes[one]} ({rest[one]:.1%})" for one, rest in best)
        lines.append(f"{path}: {reading.text}: {each}")
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
