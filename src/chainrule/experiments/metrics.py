"""metrics.json: how it is written, and read back whole or not at all."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.checks import ChainruleError
from chainrule.experiments.settings import EitherSettings, Settings, TrainingSettings
from chainrule.storage.files import replacing
from chainrule.training import KEYS

METRICS = "metrics.json"
SCHEMA = 1


class _Kind(NamedTuple):
    words: str
    fits: Callable[[Any], bool]


def _number(words: str, *types: type, lowest: float, highest: float) -> _Kind:
    return _Kind(words, lambda value: type(value) in types and lowest <= value <= highest)


def _or_null(words: str, kind: _Kind) -> _Kind:
    return _Kind(words, lambda value: value is None or kind.fits(value))


_LARGEST = sys.float_info.max
_TEXT = _Kind("text", lambda value: isinstance(value, str))
_COUNT = _number("a whole number from 0 up", int, lowest=0, highest=_LARGEST)
_COUNT_OR_NULL = _or_null("a whole number from 0 up, or null", _COUNT)
_NUMBER = _number("a number", int, float, lowest=-_LARGEST, highest=_LARGEST)
_NUMBER_OR_NULL = _or_null("a number or null", _NUMBER)
_SHARE = _number("a number from 0 to 1", int, float, lowest=0, highest=1)
_YES_OR_NO = _Kind("true or false", lambda value: isinstance(value, bool))
_SIDES = _Kind(
    "height and width",
    lambda value: isinstance(value, list) and len(value) == 2 and all(map(_COUNT.fits, value)),
)
_EVERY_KEY = ""
_RUN = {
    "lane": _TEXT,
    "optimizer": _TEXT,
    "learning_rate": _NUMBER,
    "batch_size": _COUNT,
    "seed": _COUNT,
    "status": _TEXT,
    "test_loss": _NUMBER_OR_NULL,
    "train_seconds": _NUMBER_OR_NULL,
    "parameters_sha256": _TEXT,
    "history": {"loss": [_NUMBER_OR_NULL]},
}
_OF_STATUS: dict[str, dict[str, Any]] = {
    "finished": {
        "test_accuracy": _SHARE,
        "val_accuracy": _or_null("a number from 0 to 1, or null", _SHARE),
        "train_seconds": _NUMBER,
        "history": {"val_loss": [_NUMBER_OR_NULL]},
    },
    "diverged": {"stopped": {"step": _COUNT, "layer": _TEXT}},
}
_WHOLE = {
    "data": {
        "source": _TEXT,
        "sha256": {_EVERY_KEY: _TEXT},
        "train": _COUNT,
        "validation": _COUNT,
        "test": _COUNT,
    },
    "settings": {},
    "environment": {"threads": _COUNT},
    "runs": [_RUN],
}

# What going on needs besides.
_ENVIRONMENT = {"threads": _COUNT, "numpy": _TEXT, "blas": _TEXT, "cpu": _TEXT}
_HISTORY = {"history": {key: [_NUMBER_OR_NULL] for key in KEYS}}
_GONE_ON: dict[str, dict[str, Any]] = {
    "finished": {**_HISTORY, "test_loss": _NUMBER, "confusion_matrix": [[_COUNT]]},
    "diverged": {
        **_HISTORY,
        "stopped": {"learning_rate": _NUMBER, "best_epoch": _COUNT_OR_NULL},
    },
}

# By the annotation of a setting.
_OF_TYPE = {
    "str": _TEXT,
    "int": _COUNT,
    "int | None": _COUNT_OR_NULL,
    "float": _NUMBER,
    "float | None": _NUMBER_OR_NULL,
    "str | None": _or_null("text or null", _TEXT),
    "bool": _YES_OR_NO,
    "list[int]": [_COUNT],
    "Sequence[int] | None": _or_null("height and width, or null", _SIDES),
    "dict[str, list[float]]": {_EVERY_KEY: [_NUMBER]},
}


_SETTINGS: dict[str, type[EitherSettings]] = {"compare": Settings, "train": TrainingSettings}


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics.json into a run folder, whole or not at all."""
    text = json.dumps(as_json(metrics), allow_nan=False, indent=1)
    with replacing(folder / METRICS) as file:
        file.write(text.encode())


def as_json(value: Any) -> Any:
    """Return `value` with None in place of every number that is not finite: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def checked_metrics(
    folder: Path, kind: str | None = "compare", *, to_go_on: bool = False
) -> dict[str, Any]:
    """Return what stands in the metrics.json of a run folder, once it is known to be whole.

    Parameters
    ----------
    folder : Path
    kind : str, optional
        The command that wrote it, compare or train; None takes either.
    to_go_on : bool
        Whether it must also hold what a run needs to go on.

    Raises
    ------
    ChainruleError
        If there is none, or it lacks something or holds something else.
    """
    path = Path(folder) / METRICS
    try:
        metrics: dict[str, Any] = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except (FileNotFoundError, NotADirectoryError):
        raise ChainruleError(
            f"{folder} is not a run folder, for it holds no metrics.json: name a folder that "
            "'chainrule compare' or 'chainrule train' has written."
        ) from None
    except OSError as error:
        raise ChainruleError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"it is not JSON ({error})") from error
    _check_version(path, metrics)
    _check(path, metrics, _WHOLE, "metrics")
    came = kind_of(metrics)
    if kind not in (None, came):
        raise ChainruleError(f"{folder} was written by 'chainrule {came}', not by {kind}.")
    _check_settings(path, metrics["settings"], _SETTINGS[came])
    for i, run in enumerate(metrics["runs"]):
        _check_run(path, run, f"metrics.runs[{i}]")
        if to_go_on:
            _check(path, run, _GONE_ON[run["status"]], f"metrics.runs[{i}]")
    if to_go_on:
        _check(path, metrics["environment"], _ENVIRONMENT, "metrics.environment")
    return metrics


def kind_of(metrics: Mapping[str, Any]) -> str:
    """Return which command has written metrics.json: train or compare."""
    return "train" if "schedule" in metrics["settings"] else "compare"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _damaged(path: Path, reason: str) -> ChainruleError:
    return ChainruleError(
        f"{path} is not that of a comparison, or it is damaged: {reason}; restore the file, or run "
        "the comparison again."
    )


def _check_version(path: Path, metrics: Any) -> None:
    schema = metrics.get("schema") if isinstance(metrics, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        raise ChainruleError(
            f"{path} has schema {schema}, and this Chainrule reads {SCHEMA}: upgrade Chainrule."
        )
    if schema != SCHEMA:
        raise _damaged(path, f"its schema must be {SCHEMA}, got {schema!r}")


def _check_settings(path: Path, settings: dict[str, Any], kind: type[EitherSettings]) -> None:
    """Check the settings, once what an older Chainrule did not know has its default."""
    for field in fields(kind):
        if field.default is not MISSING:
            settings.setdefault(field.name, field.default)
    wanted = {field.name: _OF_TYPE[str(field.type)] for field in fields(kind)}
    _check(path, settings, wanted, "metrics.settings")


def _check_run(path: Path, run: dict[str, Any], where: str) -> None:
    if run["status"] not in _OF_STATUS:
        raise _damaged(path, f"{where}.status must be finished or diverged, got {run['status']!r}")
    _check(path, run, _OF_STATUS[run["status"]], where)
    run.setdefault("kept_epoch", None)  # as an older Chainrule wrote it
    epochs = len(run["history"].get("val_loss", []))
    kept = _number("an epoch of the history, or null", int, lowest=1, highest=epochs)
    _check(path, run["kept_epoch"], _or_null(kept.words, kept), f"{where}.kept_epoch")
    if run["status"] == "finished" and not run["history"]["val_loss"]:
        raise _damaged(path, f"{where}.history.val_loss must hold an epoch, got none")
    if Path(run["lane"]).name != run["lane"]:  # it names files
        raise _damaged(path, f"{where}.lane must be a plain name, got {run['lane']!r}")


def _check(path: Path, value: Any, wanted: Any, where: str) -> None:
    """Raise an error that says where `value` is not what is wanted."""
    if isinstance(wanted, _Kind):
        if not wanted.fits(value):
            raise _damaged(path, f"{where} must be {wanted.words}, got {value!r:.60}")
        return
    if not isinstance(value, type(wanted)):
        word = "an object" if isinstance(wanted, dict) else "a list"
        raise _damaged(path, f"{where} must be {word}, got {value!r:.60}")
    if isinstance(wanted, list):
        for i, item in enumerate(value):
            _check(path, item, wanted[0], f"{where}[{i}]")
        return
    for key in value if _EVERY_KEY in wanted else wanted:
        if key not in value:
            raise _damaged(path, f"{where} must hold {key!r}, got {', '.join(value) or 'nothing'}")
        _check(path, value[key], wanted.get(_EVERY_KEY) or wanted[key], f"{where}.{key}")
