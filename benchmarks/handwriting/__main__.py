"""How well pictures of handwriting are read, from the file to the answer.

    python -m benchmarks.handwriting --out runs/handwriting
    python -m benchmarks.handwriting --scenes grid ruled --count 100
    python -m benchmarks.handwriting --digits

Some of MNIST's test digits are put into scenes that are drawn here: sheets in uneven light, on
desks, with lines, in many inks; numbers; and pictures without a digit. Each picture is written to
an image file, and the model reads that file as `chainrule predict` does. "Wrong and sure" is wrong
(for pictures without a digit: any answer), more than 90 % sure, and without a word of doubt.

The aims: in every scene but the turned digits at least 95 % of what is read right on the plain
sheet; wrong and sure at most one point above the same model on the bare test images; never sure
where there is no digit. `--digits` reads scikit-learn's 1,797 images of 8x8 pixels, enlarged.

results.json, results.md and a sheet of examples for each scene end in --out, with the model:
unless --model names one, the first run trains `adam-seed0` of `chainrule compare`.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.handwriting import answers, report
from benchmarks.handwriting.scenes import SCENES, SMALL
from chainrule.checks import ChainruleError, whole_number
from chainrule.data.mnist import load_dataset
from chainrule.experiments.environment import environment
from chainrule.reading.classifier import ImageClassifier
from chainrule.reading.judge import doubt_of


def main():
    """Read the command line, read the pictures, and write the results after every scene."""
    options = parser().parse_args()
    whole_number("--count", options.count, at_least=3)
    options.out.mkdir(parents=True, exist_ok=True)
    model = options.model or trained_model(options.out)
    results = {"model": Path(model).name, "seed": options.seed, "environment": environment(1)}
    if options.digits:
        measured = small_digits()
        scenes = list(SMALL)
    else:
        measured = mnist_digits(model, options, results)
        scenes = ["plain", *(name for name in options.scenes or SCENES if name != "plain")]
    text = measure(model, measured, scenes, options, results)
    print(text, end="")
    return 0


def measure(model, digits, scenes, options, results):
    """Read every scene; return the table that was written."""
    name = "digits" if options.digits else "results"
    results["scenes"], details = {}, []
    found = answers.records(model, *digits, scenes, options=options, progress=progress)
    for scene, records in zip(scenes, found, strict=True):
        results["scenes"][scene] = scene_results(scene, records, results)
        details += [detail(record) for record in records]
        report.write_contact_sheets(options.out / "examples", scene, records)
        whole = json.dumps(results | {"answers": details}, indent=1)
        (options.out / f"{name}.json").write_text(whole + "\n")
    text = report.document(results)
    (options.out / f"{name}.md").write_text(text)
    return text


def mnist_digits(model, options, results):
    """Return the test digits that are drawn; tell the results how the model does on them bare."""
    classifier, dataset = ImageClassifier.load(model), load_dataset("auto")
    check(classifier, dataset)
    images, labels = answers.drawn_digits(dataset, options.seed, options.count)
    every = dataset.test_images, dataset.test_labels
    results["data"] = dataset.title
    results["bare"] = {
        f"all {len(every[1]):,}": answers.bare(classifier, *every),
        f"the {len(labels):,} drawn": answers.bare(classifier, images, labels),
    }
    return images, labels


def small_digits():
    """Return scikit-learn's digits, of 8x8 pixels from 0 to 16, and what they are."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images, digits.target


def parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.handwriting",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--model", metavar="FILE", help="default: adam-seed0 of chainrule compare")
    add("--scenes", nargs="+", metavar="NAME", choices=SCENES,
        help=f"of {', '.join(SCENES)} (default: all; plain is always read)")  # fmt: skip
    add("--digits", action="store_true", help="read scikit-learn's digits instead of scenes")
    add("--count", metavar="N", type=int, default=300, help="pictures a scene (default: 300)")
    add("--seed", metavar="N", type=int, default=0, help="draws digits and scenes (default: 0)")
    add("--out", metavar="DIR", type=Path, default=Path("runs/handwriting"),
        help="default: runs/handwriting")  # fmt: skip
    add("--keep", action="store_true", help="keep the pictures, in the folder pictures of --out")
    add("--jobs", metavar="N", type=int, default=2, help="processes (default: 2)")
    return parser


def trained_model(out):
    """Return the model that is measured by default; train it where it is not there yet."""
    run = out / "compare"
    model = run / "models" / "adam-seed0.npz"
    if not model.exists():
        say("training the model: chainrule compare")
        command = ["-m", "chainrule", "compare", "--optimizers", "adam", "--out", str(run)]
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return str(model)


def check(classifier, dataset):
    """Refuse a model that may have been trained on the digits that it is to read."""
    doubt = doubt_of(classifier, dataset)
    if doubt:
        raise ChainruleError(
            f"{classifier.path} cannot be measured on the test images of {dataset.title}, since "
            f"{doubt}: set CHAINRULE_DATA to the folder of its data, or leave out --model."
        )


def scene_results(name, records, results):
    """Return the counts of a scene with its aims."""
    found = report.counts(records)
    plain = found if name == "plain" else results["scenes"].get("plain")
    every = next(iter(results.get("bare", {}).values()), None)
    return found | {"aims": report.judged(name, found, plain, every)}


def detail(record):
    """Return what results.json keeps of a picture."""
    kept = {"scene": record.scene, "index": record.index, "truth": record.truth}
    return kept | asdict(record.answer) | {"milliseconds": round(record.milliseconds, 1)}


def progress(records, scene, count):
    """Count on stderr, on one line where there is a terminal."""
    from tqdm import tqdm

    bar = tqdm(records, scene, count, delay=2, leave=False, disable=None)
    found = []
    for record in bar:
        found.append(record)
        yield record
    line = report.counts(found)
    say(f"{scene:18} right {line['right']:3}, doubted {line['doubted']:3}, refused "
        f"{line['refused']:3}, wrong and sure {line['wrong_and_sure']:3} of {count}, "
        f"{line['milliseconds']:.0f} ms")  # fmt: skip


def say(line):
    """Tell progress on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("stopped: results.json keeps the scenes that were read")
        sys.exit(130)
    except ChainruleError as error:
        print(f"benchmarks.handwriting: error: {error}", file=sys.stderr)
        sys.exit(2)
