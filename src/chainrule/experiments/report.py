"""report.html: one self-contained page about a run folder, computed from what stands in it."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from chainrule import checks
from chainrule.checks import ChainruleError
from chainrule.experiments.metrics import METRICS, checked_metrics
from chainrule.experiments.run_folder import FIGURES, model_path
from chainrule.experiments.statistics import (
    Difference,
    FairAnswer,
    Run,
    Setting,
    better_run,
    fair_answer,
    finished,
)
from chainrule.experiments.words import data_name, evidence_of, listed, result_of, signed
from chainrule.layers import Dense
from chainrule.plots.charts import percent
from chainrule.plots.lines import line_styles
from chainrule.plots.paper import count_of
from chainrule.storage.files import replacing
from chainrule.storage.models import Model, load_model, parameters_sha256
from chainrule.terminal import command, pasted

DASH = "\u2013"


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
            f"{folder / METRICS} holds no run yet: go on with {command('resume', folder)} first."
        )
    page = _render(_context(folder, metrics))
    path = folder / "report.html"
    with replacing(path) as file:
        file.write(page.encode(errors="backslashreplace"))
    return path


def repeat_command(settings: Mapping[str, Any]) -> str:
    """Return the command line that asks for the same settings, each of them named."""
    rates = settings["learning_rates"]
    options: dict[str, Sequence[object]] = {
        "--optimizers": list(rates),
        "--learning-rate": [f"{name}={','.join(map(repr, rates[name]))}" for name in rates],
        "--batch-size": settings["batch_sizes"],
        "--seeds": _seeds(settings["seeds"]),
        "--hidden": settings["hidden"],
        "--epochs": [settings["epochs"]],
        "--split-seed": [settings["split_seed"]],
        "--threads": [settings["threads"]],
    }
    if settings["train_size"] is not None:
        options["--train-size"] = [settings["train_size"]]
    # The sign = keeps a name that begins with a dash from being taken for an option.
    words = [f"--data={settings['data']}"]
    if size := settings.get("size"):
        words += [f"--size={size[0]}x{size[1]}", *["--crop"] * settings["crop"]]
    for name, values in options.items():
        words += [name, *map(str, values)]
    # Not as it was called here: the page is read elsewhere, and is the same whoever writes it.
    return pasted("chainrule", "compare", *words)


def _seeds(seeds: Sequence[int]) -> list[str]:
    """Return "0..4" for seeds in a row, else each of them."""
    first, last = seeds[0], seeds[-1]
    in_a_row = list(seeds) == list(range(first, last + 1))
    return [f"{first}..{last}"] if in_a_row and len(seeds) > 2 else list(map(str, seeds))


def _context(folder: Path, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template is filled with."""
    runs, answer = metrics["runs"], fair_answer(metrics["runs"])
    models = _models(folder, runs)
    title = next((str(model.data.get("title", "")) for model in models.values()), "")
    names = {setting.optimizer: setting.name for setting in answer.settings}
    styles = line_styles(names)
    intervals = [difference for difference in answer.differences if len(difference.by_seed) > 1]
    return {
        "metrics": metrics,
        "result": result_of(metrics, title),
        "answer": answer,
        "data_name": data_name(metrics, title),
        "names": names,
        "colours": {name: style.colour for name, style in zip(names, styles, strict=True)},
        "chosen": [_setting_words(setting, answer) for setting in answer.chosen],
        "intervals": intervals,
        "place": _scale(intervals),
        "models": models,
        "network": _network_words(metrics, models),
        "preprocessing": next((model.preprocessing for model in models.values()), {}),
        "shown_lane": better_run(runs)["lane"] if answer.chosen else "",
        "pictures": _pictures(folder),
        "command": repeat_command(metrics["settings"]),
    }


def _models(folder: Path, runs: Sequence[Run]) -> dict[str, Model]:
    """Return the models that are there by lane; each must be the one of metrics.json."""
    models = {}
    for run in finished(runs):
        path = model_path(folder, run["lane"])
        if not path.exists():
            continue
        models[run["lane"]] = model = load_model(path)
        if parameters_sha256(model.network) != run["parameters_sha256"]:
            raise ChainruleError(
                f"{path} is not the model that metrics.json describes, for its parameters have "
                "another SHA-256: restore the file, or run the comparison again."
            )
    return models


def _setting_words(setting: Setting, answer: FairAnswer) -> str:
    several = len({other.batch_size for other in answer.settings}) > 1
    batches = f" with batches of {setting.batch_size}" if several else ""
    return f"{setting.learning_rate:g}{batches} for {setting.name}"


def _scale(differences: Sequence[Difference]) -> Callable[[float], float]:
    """Return what places a difference from left to right, in percent of the width.

    All differences lie on one scale, with their seeds, their intervals and zero.
    """
    values = [0.0]
    for difference in differences:
        values += [*difference.by_seed.values(), *(difference.interval or ())]
    low, span = min(values), (max(values) - min(values)) or 1.0
    return lambda value: round(4 + 92 * (value - low) / span, 2)


def _network_words(metrics: Mapping[str, Any], models: Mapping[str, Model]) -> str:
    """Return "784-256-128-64-10"; without any model the hidden sizes alone are known."""
    for model in models.values():
        dense = [layer for layer in model.network if isinstance(layer, Dense)]
        return "-".join(str(size) for size in [dense[0].n_in, *(layer.n_out for layer in dense)])
    return f"inputs-{'-'.join(map(str, metrics['settings']['hidden']))}-classes"


class Picture(NamedTuple):
    """A figure as the page holds it."""

    source: str
    alt: str
    width: int
    height: int


def _pictures(folder: Path) -> dict[str, Picture]:
    """Return the figures that are there, by name."""
    paths = sorted((folder / FIGURES).glob("[!.]*.png"))
    return {path.stem: _picture(path) for path in paths}


def _picture(path: Path) -> Picture:
    try:
        content = path.read_bytes()
        with checks.extra("PIL.Image").open(path, formats=["PNG"]) as image:
            (width, height), description = image.size, image.info.get("Description", "")
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises on damaged bytes
        raise ChainruleError(
            f"{path} is not a PNG file, or it is damaged: remove it, and write the report again."
        ) from error
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return Picture(source, description, width, height)


def _render(context: Mapping[str, Any]) -> str:
    jinja = checks.extra("jinja2")
    environment = jinja.Environment(
        autoescape=True, undefined=jinja.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        percent=_or_dash(percent),
        seconds=_or_dash("{:.1f}".format),
        signed=signed,
        evidence=evidence_of,
        listed=lambda words: listed([str(word) for word in words]),
        rate="{:g}".format,
        number="{:,}".format,
        count_of=count_of,
    )
    template = files(__package__).joinpath("report.html.jinja").read_text("utf-8")
    return str(environment.from_string(template).render(context))


def _or_dash(words: Callable[[float], str]) -> Callable[[float], str]:
    return lambda number: DASH if math.isnan(number) else words(number)
