"""The result of a comparison in words, which claim no more than its runs allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.data.dataset import MNIST
from chainrule.experiments.settings import HAVE_MOMENTUM
from chainrule.experiments.statistics import Difference, FairAnswer, fair_answer
from chainrule.plots.charts import percent
from chainrule.plots.lines import OPTIMIZER_NAMES
from chainrule.plots.paper import count_of

MINUS = "\u2212"
WHY_BELOW = (
    "they are harder to read than the images as they are, so that accuracy in training lies "
    "below that in validation"
)


class Finding(NamedTuple):
    """The result of a comparison in one sentence: what it claims, and what speaks for it."""

    claim: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.claim}: {self.evidence}."


def result_of(metrics: Mapping[str, Any], title: str = "") -> Finding:
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
    Finding
    """
    answer = fair_answer(metrics["runs"])
    on = f"On {data_name(metrics, title)}"
    if not answer.chosen:
        return Finding(
            f"{on}, every run diverged", "there is no network to compare; try smaller rates"
        )
    if not answer.differences:
        claim, evidence = _of_one(answer)
    elif any(len(difference.by_seed) > 1 for difference in answer.differences):
        claim, evidence = _of_pairs(answer)
    else:
        claim, evidence = _without_pairs(answer)
    return Finding(f"{on}, {claim}", "; ".join([evidence, *_not_counted(answer)]))


def data_name(metrics: Mapping[str, Any], title: str = "") -> str:
    """Return what a sentence calls the data: MNIST only where all four checksums are MNIST's."""
    data, asked = metrics["data"], metrics["settings"]["data"]
    if data["source"] == "sample":
        return "the embedded sample of MNIST images"
    if data["sha256"] == {name: known.sha256 for name, known in MNIST.items()}:
        return "MNIST"
    name = title or Path(asked).name.removesuffix(".npz")
    return f"“{name}”" if name.strip(".") and name != "auto" else "a dataset other than MNIST"


def kept_words(run: Mapping[str, Any], epochs: int) -> str:
    """Say which epoch's network a run with early stopping kept; without, there is nothing to say.

    Parameters
    ----------
    run : mapping
        An entry of "runs" in metrics.json.
    epochs : int
        As many as were asked for.
    """
    if run["kept_epoch"] is None:
        return ""
    done = len(run["history"]["loss"])
    early = f"stopped early, after epoch {done} of {epochs}"
    end = early if done < epochs else f"went on to the last epoch, {epochs}"
    return f"{end}; the network is that of epoch {run['kept_epoch']}, the best on validation"


def momentum_words(settings: Mapping[str, Any]) -> str:
    """Say which optimizers of a comparison take the momentum that was asked for, if one was."""
    if settings["momentum"] is None:
        return ""
    names: dict[bool, list[str]] = {True: [], False: []}
    for name in settings["learning_rates"]:
        names[name in HAVE_MOMENTUM].append(OPTIMIZER_NAMES.get(name, name))
    others = names[False] and f"; {listed(names[False])} without, for there is none to set"
    return f"{settings['momentum']:g} for {listed(names[True])}{others or ''}"


def listed(words: Sequence[str], last: str = " and ") -> str:
    """Return "a", "a and b", "a, b and c"."""
    return last.join(filter(None, [", ".join(words[:-1]), words[-1]]))


def signed(difference: float) -> str:
    """Return a difference of two shares in percentage points, with its sign."""
    return f"{MINUS if difference < 0 else '+' if difference > 0 else ''}{_points(difference)}"


def evidence_of(difference: Difference) -> str:
    """Say how far the first optimizer is ahead of the second, and how sure that is."""
    first, second = difference.first.name, difference.second.name
    seeds, mean = len(difference.by_seed), difference.mean
    if not seeds:
        return f"no seed finished with both {first} and {second}"
    if seeds == 1:
        return f"{first} and {second} share one finished seed, which tells nothing of others"
    above = f"{_points(mean)} points {'above' if mean > 0 else 'below'} that"
    if difference.interval is None:
        return (
            f"with each of {seeds} seeds the test accuracy of {first} is "
            f"{above if mean else 'equal to that'} of {second}, and "
            "differences without any spread give no interval to judge by"
        )
    low, high = map(signed, difference.interval)
    words = (
        f"over {seeds} seeds the test accuracy of {first} is on average {above} of {second} "
        f"(95% t-interval of the difference: {low} to {high} points"
    )
    return f"{words})" if difference.sign else f"{words}, which includes zero)"


def _points(difference: float) -> str:
    """Return a difference of two shares in percentage points, never rounded to nothing."""
    points = abs(100 * difference)
    return f"{points:.2f}" if points >= 0.005 or not points else f"{points:.1g}"


def _of_one(answer: FairAnswer) -> tuple[str, str]:
    """Return claim and evidence where one optimizer has a result."""
    (setting,) = answer.chosen
    shares = [run["test_accuracy"] for run in setting.finished]
    claim = f"{setting.name} reached {percent(setting.mean('test_accuracy'))} test accuracy"
    tried = sum(other.optimizer == setting.optimizer for other in answer.settings)
    chosen = f", the best of {tried} settings on validation" if tried > 1 else ""
    at = f"at learning rate {setting.learning_rate:g}{chosen}"
    if len(shares) == 1:
        return claim, f"{at}, in one run, which says nothing of other seeds"
    reach = f"between {percent(min(shares))} and {percent(max(shares))}"
    return claim, f"the mean of {len(shares)} seeds {at}, {reach}"


def _of_pairs(answer: FairAnswer) -> tuple[str, str]:
    """Return claim and evidence where two optimizers share two finished seeds or more."""
    found = answer.differences
    optimizers = {setting.optimizer for setting in answer.settings}
    at = f"at the rate{'s' if len(answer.settings) > len(optimizers) else ''} given to each"
    evidence = evidence_of(found[0]) if len(found) == 1 else _evidence_of_several(found)
    return f"{at}, {_claim(found)}", evidence


def _claim(found: Sequence[Difference]) -> str:
    first = found[0].first.name
    if len(found) == 1 and not found[0].sign:
        return f"these runs do not tell whether {first} or {found[0].second.name} is better"
    worse, better, alike = (
        [difference.second.name for difference in found if difference.sign == sign]
        for sign in (1, -1, 0)
    )
    parts = []
    if worse:
        parts.append(f"{first} is better than {listed(worse)}")
    if better:
        parts.append(f"{listed(better)} {'is' if len(better) == 1 else 'are'} better than {first}")
    if alike:
        parts.append(f"these runs do not tell {first} from {listed(alike, last=' or ')}")
    return listed(parts)


def _evidence_of_several(differences: Sequence[Difference]) -> str:
    """Return the differences of the first from each other optimizer, each with its interval."""
    parts = []
    for difference in differences:
        against = f"against {difference.second.name}"
        if not difference.by_seed:
            parts.append(f"unknown {against}, for no seed finished with both")
            continue
        mean, seeds = signed(difference.mean), count_of(len(difference.by_seed), "seed")
        interval = " to ".join(map(signed, difference.interval or ())) or "no interval"
        parts.append(f"{mean} points {against} ({interval}, {seeds})")
    return (
        f"in test accuracy {differences[0].first.name}'s mean difference is {listed(parts)}, "
        "with t-intervals that hold together with 95%"
    )


def _without_pairs(answer: FairAnswer) -> tuple[str, str]:
    """Return claim and evidence where no two optimizers share two finished seeds."""
    names = listed([setting.name for setting in answer.chosen], last=" or ")
    which = f"whether {names} is better" if len(answer.chosen) == 2 else f"which of {names} is best"
    seeds = {run["seed"] for setting in answer.chosen for run in setting.finished}
    if len(seeds) > 1:
        return (
            f"these runs do not tell {which}",
            "only the same seed makes a fair pair, and fewer than two seeds finished with both "
            "optimizers of any pair",
        )
    results = listed(
        [f"{percent(one.mean('test_accuracy'))} for {one.name}" for one in answer.chosen]
    )
    return (
        f"one seed does not tell {which}",
        f"with seed {seeds.pop()} the test accuracy is {results}, and one run of each does not "
        "show how far another seed would move these numbers",
    )


def _not_counted(answer: FairAnswer) -> Iterator[str]:
    for setting in answer.chosen:
        if count := len(setting.diverged):
            of = f"{count} of {count_of(len(setting.runs), 'run')} of {setting.name}"
            yield f"{of} diverged and {'is' if count == 1 else 'are'} not counted"
    for setting in answer.only_diverged:
        yield f"every run of {setting.name} diverged"
